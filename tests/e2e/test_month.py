"""A real robsond over the first of December: one month opens, the position stays as it is.

The tape begins two minutes before the boundary and waits for the position. The process is killed
before, at and after it; tape time goes on for two seconds while it is dead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import shapes
from tests.e2e.harness import Robsond, arm, running, until
from tests.e2e.test_commands import robson

BOUNDARY_MS = int(datetime(2025, 12, 1, tzinfo=UTC).timestamp()) * 1000
LATER_MS = BOUNDARY_MS - 15 * 60_000 - shapes.START_NS // 10**6
"""From where the tapes begin to the last quarter of an hour of November."""
BEGINS_MS = BOUNDARY_MS - 120_000


def later(path: Path) -> Path:
    """The same tape, so much later; the tape itself goes on two minutes before the boundary."""
    head, *rows = path.read_text().splitlines()
    moved = (row.partition(",") for row in rows)
    path.write_text(
        "\n".join([head, *(f"{int(at) + LATER_MS},{rest}" for at, _, rest in moved), ""])
    )
    return path


def trades(place: Path) -> Path:
    """A price each second, from two minutes before the boundary to long after it."""
    path = place / "BTCUSDT-trades.csv"
    rows = (f"{BEGINS_MS + second * 1000},{60_000 + 30 * (second > 30)}" for second in range(1_800))
    path.write_text("\n".join(["trade_time_ms,price", *rows, ""]))
    return path


@pytest.fixture
def robsond(place: Path) -> Iterator[Robsond]:
    past = later(shapes.write_past(place))
    options = ("--tape", f"BTCUSDT={trades(place)}", "--history", f"BTCUSDT={past}", "--hold")
    with running(place / "s", *options, "--speed", "20", "--dead-for", "2") as one:
        yield one


def now_ms(robsond: Robsond) -> int:
    _, told = robson(robsond.place, "risk")
    return int(datetime.fromisoformat(told["as_of"]).timestamp() * 1000)


def reaches(robsond: Robsond, second: int) -> None:
    """Wait until so many seconds after the boundary."""
    until(lambda: now_ms(robsond) >= BOUNDARY_MS + second * 1000, f"{second} s past the boundary")


def kinds(robsond: Robsond, kind: str) -> list[dict[str, Any]]:
    return [row.payload for row in robsond.rows() if row.kind == kind]


@pytest.mark.parametrize("kills_at", [(), (-40,), (0,), (40,), (-20, 20)], ids=str)
def test_one_month_is_opened(
    robsond: Robsond, kills_at: tuple[int, ...], record_property: Any
) -> None:
    client = robsond.start()
    position = arm(client)
    robsond.protected(client, position)
    before = robsond.position(client, position)
    for second in kills_at:
        reaches(robsond, second)
        robsond.kill()
        client = robsond.start()
    reaches(robsond, 60)

    _, told = robson(robsond.place, "risk")
    after = robsond.position(client, position)
    assert after.state == before.state
    assert after.stop_loss == before.stop_loss
    assert after.insurance.client_id == before.insurance.client_id, "the same stop rests"
    assert robsond.stop().code == 0
    months = kinds(robsond, "month_opened.v1")
    assert [month["month"] for month in months] == ["2025-11", "2025-12"]
    (carried,) = kinds(robsond, "position_carried.v1")
    assert (carried["position"], carried["month"]) == (position, "2025-12")
    base = Decimal(months[1]["capital_base"])
    assert abs(told["risk"]["capital_base"] - base) < Decimal("0.00000001")
    assert told["risk"]["consumed"] == 0
    assert told["risk"]["month_resets_at"].startswith("2026-01-01")
    assert robsond.tally().fills == 1, "the entry alone was traded"
    record_property("happened", f"month opened once, killed at: {kills_at}")

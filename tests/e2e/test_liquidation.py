"""A real robsond whose short the exchange liquidates: its level in the status, then its end.

Two quiet minutes, then a jump to a price beyond the liquidation at which the debt can still be
bought back.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.e2e import shapes
from tests.e2e.harness import arm, running

QUIET_MINUTES = 2
BEYOND = 138_000


def test_a_short_shows_its_level_and_closes_by_the_liquidation(
    place: Path, record_property: Any
) -> None:
    tape = shapes.write_jump(place, to=BEYOND, after=QUIET_MINUTES, minutes=30)
    options = ("--tape", str(tape), "--history", str(shapes.write_past(place)), "--hold")
    with running(place / "s", *options, "--speed", "20") as robsond:
        client = robsond.start()
        short = arm(client, side="short")
        held = robsond.reaches(
            client, short, "held, with its level read", lambda p: bool(p.margin.level)
        )
        ended = robsond.settles(client, short)
        tally = robsond.tally()
        rows = robsond.rows()

    assert Decimal(held.margin.level) > 2
    assert (held.margin.asset, held.margin.band) == ("BTC", "safe")
    assert ended.exit_reason == "liquidation"
    assert not ended.margin.level, "nothing is owed"
    assert sum(row.name == "exit_filled" for row in rows) == 1
    tally.is_clean(Decimal("0.001"))
    record_property("happened", "liquidated: a real robsond")

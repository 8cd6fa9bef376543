"""``live --observe`` beside a venue: everything is read and decided, and no order is ever sent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.e2e import test_commands as commands
from tests.e2e.harness import arm, refused, running, until
from tests.e2e.venues import beside_a_venue

READS = {"question", "token", "time", "market", "stream"}
GATE, FOREIGN = 7, 76


def robson(place: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Type a command; before a change it says what sort of daemon this is."""
    return commands.robson(place, *arguments, note="it observes, and sends no order")


def orders(rows: list[dict[str, Any]]) -> list[str]:
    """Roles of every request that would change something."""
    return [row["role"] for row in rows if row["role"] not in READS]


def rejection(place: Path, position: str) -> dict[str, Any] | None:
    """Why the position's signal was not taken, as status shows it."""
    _, told = robson(place, "status", "--state", "cancelled")
    found = [each["last_rejection"] for each in told["positions"] if each["id"] == position]
    return found[0] if found else None


def test_it_decides_everything_and_sends_nothing(place: Path, record_property: Any) -> None:
    """A signal that would have entered; then a position of somebody else, which stays as it is."""
    with (
        beside_a_venue(place) as (venue, trader),
        running(place / "w", "--observe", **trader.env) as robsond,
    ):
        venue.standing(rights={"enableMargin": False, "enableSpotAndMarginTrading": False})
        client = robsond.start()
        code, told = robson(robsond.place, "arm", "BTCUSDT", "--strategy", "now", "--dry-run")
        denied = [each["code"] for each in told["preview"]["denials"]]
        assert (code, denied, told["daemon"]["observes"]) == (GATE, ["observing"], True)
        planned = told["preview"]["plan"]

        code, told = robson(robsond.place, "arm", "BTCUSDT", "--strategy", "now")
        assert code == 0
        position = told["position"]["id"]
        found = until(lambda: rejection(robsond.place, position), "the signal is refused")
        assert found["code"] == "observing"
        assert "it would buy" in found["message"]
        assert planned["sizing"]["with_costs"]["quantity"] > 0
        _, told = robson(robsond.place, "doctor")
        checks = {each["name"]: each for each in told["checks"]}
        assert "no order is sent" in checks["Config"]["means"]
        assert (checks["Key"]["answer"], "may only read" in checks["Key"]["said"]) == ("pass", True)
        assert orders(venue.log()) == []

        venue.standing()
        holder = trader.start()
        held = trader.protected(holder, arm(holder))
        trader.kill()
        before = orders(venue.log())
        assert sorted(before) == ["entry", "insurance"], "what another daemon has sent"
        code, told = robson(robsond.place, "reconcile", "--apply")
        rows = {each["row"] for pair in told["pairs"] for each in pair["differences"]}
        assert rows == {"R21", "R22"}
        assert not any(each["follows"] for pair in told["pairs"] for each in pair["differences"]), (
            "shown, not followed"
        )
        (seen,) = [order for pair in told["pairs"] for order in pair["exchange"]["orders"]]
        assert seen["stop_price"] == Decimal(held.insurance.stop_price)
        _, told = robson(robsond.place, "status")
        frozen = {each["code"] for each in told["daemon"]["degraded"]}
        assert frozen == {"foreign_order", "untracked_exposure"}
        assert robson(robsond.place, "panic", "--confirm")[0] == 0
        client.close()
        ended = robsond.stop()
        assert ended.code == 0
        assert "OBSERVE, sends no order" in ended.out
        assert orders(venue.log()) == before
        kinds = {row.name for row in robsond.rows()}
        hot = refused(robsond.place, **trader.env)
        assert hot.code == FOREIGN
        assert "belongs to profile observe" in hot.err
    assert not [kind for kind in kinds if kind.startswith(("order_", "entry_", "exit_", "insur"))]
    record_property("happened", f"observe: {len(before)} orders of another daemon seen, 0 sent")

"""Commands of `robson` against a running robsond: disarm, panic, explain, and what they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import shapes
from tests.e2e.harness import (
    BOUND_S,
    ROOT,
    Robsond,
    arm,
    environment,
    folder,
    running,
    state,
)

WRONG_STATE, NOT_FOUND, DUPLICATE, NO_DAEMON = 6, 5, 7, 3


@pytest.fixture
def robsond() -> Iterator[Robsond]:
    """One whose tape waits for the first position and then runs as the clock does."""
    with folder() as made:
        past, tape = shapes.write_past(made), shapes.write_path(made, shapes.still(60))
        options = ("--tape", str(tape), "--history", str(past), "--hold")
        with running(made / "s", *options, "--speed", "20") as one:
            yield one


def robson(place: Path, *arguments: str, note: str = "") -> tuple[int, dict[str, Any]]:
    """Run a command; its exit code and its one document. ``note``: what it may say beside it."""
    ran = subprocess.run(
        [sys.executable, "-m", "robson.cli.main", "--state-dir", str(place), "--json", *arguments],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert ran.stderr == "" or (note and note in ran.stderr)
    return ran.returncode, json.loads(ran.stdout, parse_float=Decimal)


def test_disarm(robsond: Robsond, record_property: Any) -> None:
    client = robsond.start()
    position = arm(client, strategy="all-in")

    code, told = robson(robsond.place, "disarm", position[-6:])
    again, noop = robson(robsond.place, "disarm", position[-6:])

    assert (code, again) == (0, 0)
    assert told["position"]["state"] == noop["position"]["state"] == "cancelled"
    assert robsond.stop().code == 0
    assert robsond.tally().trades() == []
    record_property("happened", "command: disarm while armed, twice")


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_disarm_never_closes(robsond: Robsond, force: tuple[str, ...]) -> None:
    client = robsond.start()
    position = arm(client)
    robsond.protected(client, position)

    code, said = robson(robsond.place, "disarm", "BTCUSDT", *force)

    assert code == said["exit"] == WRONG_STATE
    assert "robson panic" in said["error"]["message"]
    assert robsond.protected(client, position)
    assert robsond.tally().trades() == ["entry", "stop"]


def test_panic_while_armed(robsond: Robsond, record_property: Any) -> None:
    client = robsond.start()
    position = arm(client, strategy="all-in")

    code, told = robson(robsond.place, "panic", "--confirm")

    assert code == 0
    assert told["done"] is True
    assert state(robsond.position(client, position)) == "cancelled"
    assert robsond.stop().code == 0
    assert robsond.tally().trades() == []
    record_property("happened", "command: panic while armed")


@pytest.mark.parametrize("side", ["long", "short"])
def test_panic_while_active(robsond: Robsond, side: str, record_property: Any) -> None:
    client = robsond.start()
    position = arm(client, side=side)
    robsond.protected(client, position)

    code, told = robson(robsond.place, "panic", "--confirm")
    again, nothing = robson(robsond.place, "panic", "--confirm")

    assert (code, again) == (0, 0)
    assert told["done"] is True
    ended = robsond.position(client, position)
    assert (state(ended), ended.settled, ended.trigger.reason) == ("closed", True, "user_panic")
    assert nothing["steps"] == []
    assert robsond.stop().code == 0
    tally = robsond.tally()
    tally.is_clean()
    assert tally.trades() == ["entry", "stop", "cancel stop", "exit"]
    record_property("happened", f"command: panic while active, {side}")


def test_panic_asks_and_can_only_be_looked_at(robsond: Robsond) -> None:
    client = robsond.start()
    position = arm(client)
    robsond.protected(client, position)

    looked, planned = robson(robsond.place, "panic", "--dry-run")
    unasked, refused = robson(robsond.place, "panic")

    assert looked == 0
    assert planned["dry_run"] is True
    assert unasked == refused["exit"] == 2
    assert robsond.protected(client, position)


def test_arm_refuses_a_second_one_and_repeats_the_first(robsond: Robsond) -> None:
    robsond.start()
    asked = ("arm", "BTCUSDT", "--strategy", "now", "--idempotency-key")

    first = robson(robsond.place, *asked, "k1")
    same = robson(robsond.place, *asked, "k1")
    other = robson(robsond.place, *asked, "k2")

    assert (first[0], same[0]) == (0, 0)
    assert first[1]["position"]["id"] == same[1]["position"]["id"]
    assert other[0] == other[1]["exit"] == DUPLICATE
    told = other[1]["error"]
    assert told["message"] == "another position is open for this symbol", "nothing of its wallet"
    assert other[1]["daemon"]["profile"] == "sim"


def test_nobody_there(robsond: Robsond) -> None:
    """A socket that was left behind by a kill is no daemon."""
    robsond.start()
    robsond.kill()
    assert (robsond.place / "robsond.sock").exists()

    code, said = robson(robsond.place, "--daemon-url", robsond.door, "status")

    assert code == said["exit"] == NO_DAEMON


@pytest.mark.parametrize("side", ["long", "short"])
def test_explained_sizing_multiplies_out(robsond: Robsond, side: str, record_property: Any) -> None:
    """Every term of the size is there; together they give the quantity, by hand."""
    client = robsond.start()
    position = arm(client, side=side)
    robsond.protected(client, position)

    code, told = robson(robsond.place, "explain", position)
    unknown, _ = robson(robsond.place, "explain", "ZZZZZZ")

    assert (code, unknown) == (0, NOT_FOUND)
    (decided,) = [row for row in told["rows"] if row["kind"].startswith("sizing_decided.")]
    (asked,) = [row for row in told["rows"] if row["kind"] == "entry_requested.v1"]
    plan = decided["payload"]["plan"]
    quantity = by_hand(plan, 1 if side == "long" else -1)
    assert quantity == Decimal(asked["payload"]["order"]["quantity"])
    assert quantity == Decimal(plan["sizing"]["quantity"])
    record_property("note", f"explain: the size of a {side} multiplies out to {quantity}")


def by_hand(plan: dict[str, Any], sign: int) -> Decimal:
    """Size = money at risk / loss of one unit, from the terms alone."""
    terms = {name: number(text) for name, text in plan["sizing"].items()}
    stops = {name: number(text) for name, text in plan["stops"].items()}
    capital, entry, stop = terms["capital"], stops["entry_ref"], stops["stop"]
    slip, gap = Decimal("0.0005"), Decimal("0.0010")
    assert terms["entry_fill"] == entry * (1 + sign * slip)
    assert terms["adverse_fill"] == stop - sign * stop * gap
    assert terms["span_term"] == sign * (entry - stop)
    assert terms["fee_term"] == terms["fee"] * (terms["entry_fill"] + terms["adverse_fill"])
    assert terms["gap_term"] == stop * gap
    assert terms["slip_term"] == entry * slip
    names = ("span_term", "fee_term", "gap_term", "slip_term", "interest_unit")
    assert terms["loss_unit"] == sum(terms[name] for name in names)
    assert terms["cap_risk"] == capital * terms["risk_pct"] / 100
    risk = (terms["cap_risk"] / terms["loss_unit"]).quantize(Decimal("1e-12"), ROUND_DOWN)
    assert terms["qty_risk"] == risk
    assert plan["sizing"]["binding"] == "risk"
    quantity = risk.quantize(Decimal("0.00001"), ROUND_DOWN)
    assert terms["planned_risk"] == quantity * terms["loss_unit"] <= terms["cap_risk"]
    return quantity


def number(text: object) -> Decimal:
    """A decimal, or zero for a word."""
    try:
        return Decimal(str(text))
    except ArithmeticError:
        return Decimal(0)

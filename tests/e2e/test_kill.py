"""Ends real robsonds with SIGKILL at chosen points, starts them again, and asks the exchange.

The market goes on while nobody runs. Whatever the moment: one entry at most, every fill known to
the last digit, nothing left at the exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed
from tests.e2e import shapes
from tests.e2e.harness import (
    KILLED,
    STEP,
    Robsond,
    Row,
    arm,
    dying,
    folder,
    running,
    state,
)

DEAD_S = 20
# In at 60,000, over the first rung (the exchange stop follows), back through the raised stop.
LIFE = [60_000, 60_001, 60_000, 60_300, 60_800, 60_700, 60_700, 60_400, 60_100, 60_000, 60_000]

POINTS = [
    ("commit.before:position_armed", 1),
    ("commit.before:entry_requested", 1),
    ("commit.after:entry_requested", 1),
    ("entry.sent", 1),
    ("entry.accepted", 1),
    ("entry.answered", 1),
    ("commit.before:entry_filled", 1),
    ("commit.after:entry_filled", 1),
    ("insurance.sent", 1),
    ("insurance.accepted", 1),
    ("insurance.answered", 1),
    ("commit.after:insurance_placed", 1),
    ("commit.before:stop_raised", 1),
    ("commit.after:stop_raised", 1),
    ("cancel.accepted", 1),  # the first cancel replaces the exchange stop
    ("cancel.answered", 1),
    ("insurance.accepted", 2),
    ("cancel.sent", 2),  # the second one lets go for the exit
    ("cancel.accepted", 2),
    ("cancel.answered", 2),
    ("commit.before:exit_requested", 1),
    ("exit.sent", 1),
    ("exit.accepted", 1),
    ("exit.answered", 1),
    ("commit.after:exit_filled", 1),
    ("commit.before:position_closed", 1),
    ("commit.after:position_closed", 1),
]
NEVER_ENTERED = {
    "commit.before:entry_requested",
    "commit.after:entry_requested",
    "entry.sent",
}


PAST_THE_STOP = [*shapes.still(3), 59_600, *shapes.still(30, 59_330)]
PAST_BOTH_STOPS = [*shapes.still(3), 59_600, 59_200, *shapes.still(30, 59_200)]
THERE_AND_BACK = [*shapes.still(3), 59_600, 59_330, 59_600, *shapes.still(30)]
UP_AND_BACK = [*shapes.still(3), 60_300, 60_700, 60_400, *shapes.still(30, 60_400)]
UNSELLABLE = Decimal("0.00008")  # below 5 USDT
S = 1_000_000_000
SETTLE_NS = 17_250_000_000  # 2 s receive window, 10 s matching, 0.25 s clock, 5 s margin


@pytest.fixture
def place() -> Iterator[Path]:
    with folder() as made:
        yield made


def robsond_on(place: Path, prices: list[int], *more: str) -> Any:
    """A robsond whose tape waits for the first position, and that begins in ``place/s``."""
    past, tape = shapes.write_past(place), shapes.write_path(place, prices)
    options = ("--tape", str(tape), "--history", str(past), "--hold", "--speed", "max")
    return running(place / "s", *options, *(more or ("--dead-for", str(DEAD_S))))


def arm_and_die(robsond: Robsond, point: str, number: int, side: str) -> str | None:
    """Arm a robsond that dies at a point; the position's id, if it lived to say it."""
    client = robsond.start(*dying(point, number))
    try:
        position = arm(client, side=side)
    except CallFailed:
        position = None
    assert robsond.ended().code == KILLED, f"{point} was not reached {number} times"
    return position


def go_on(robsond: Robsond, side: str, *program: str) -> str:
    """Start again, ask once more with the same key as a person would, and wait for the end."""
    client = robsond.start(*program)
    position = arm(client, side=side)
    assert state(robsond.settles(client, position)) in ("closed", "cancelled")
    return position


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize(("point", "number"), POINTS, ids=[f"{p}-{n}" for p, n in POINTS])
def test_death_costs_nothing(
    place: Path, point: str, number: int, side: str, record_property: Any
) -> None:
    with robsond_on(place, shapes.mirrored(LIFE, side)) as robsond:
        told = arm_and_die(robsond, point, number, side)
        before = robsond.rows()
        position = go_on(robsond, side)
        robsond.kill()
        tally = robsond.tally()

    tally.is_clean()
    assert told in (None, position)
    assert tally.entries == {position: 0 if point in NEVER_ENTERED else 1}
    assert bool(tally.fills) == (point not in NEVER_ENTERED)
    assert tally.rows[: len(before)] == before, "what was durable is still there"
    record_property("note", f"kill -9 at {point} x{number}: {side}, {tally.fills} fills")


@pytest.mark.parametrize("side", ["long", "short"])
def test_processes_that_live_for_a_few_commits_get_there(
    place: Path, side: str, record_property: Any
) -> None:
    """Every process dies after two to four commits, and the next goes on from there."""
    with robsond_on(place, shapes.mirrored(LIFE, side), "--dead-for", "1") as robsond:
        deaths = 0
        while not (position := lives_on(robsond, side, deaths)):
            deaths += 1
            assert deaths < 60, "no process gets any further"
        robsond.kill()
        tally = robsond.tally()

    tally.is_clean()
    assert tally.entries == {position: 1}
    assert tally.fills == 2
    assert deaths > 8
    record_property("note", f"kill -9 after every few commits: {side}, {deaths} deaths")


def lives_on(robsond: Robsond, side: str, deaths: int) -> str | None:
    """One process of many (the first lives until the entry is known); its position at the end."""
    client = robsond.start_or_die(*dying("commit.after", 2 + deaths % 3 if deaths else 6))
    if client is not None:
        try:
            position = arm(client, side=side)
            robsond.settles(client, position)
        except CallFailed:
            pass
        else:
            return position
    assert robsond.ended().code == KILLED
    return None


# --- what the market does meanwhile --------------------------------------------------------------


def lives_again(
    place: Path,
    prices: list[int],
    side: str,
    dead_s: int,
    point: str,
    *,
    number: int = 1,
    dust: Decimal = STEP,
) -> tuple[list[Row], Any]:
    """Die once, start again while the market has gone on; rows of the second process, and all."""
    path = shapes.mirrored(prices, side)
    with robsond_on(place, path, "--dead-for", str(dead_s)) as robsond:
        arm_and_die(robsond, point, number, side)
        go_on(robsond, side)
        robsond.kill()
        tally = robsond.tally()
    tally.is_clean(dust)
    return [row for row in tally.rows if row.epoch == 2], tally


def named(rows: list[Row], name: str) -> list[Row]:
    return [row for row in rows if row.name == name]


def exits(tally: Any) -> list[Any]:
    """Market exits in the exchange's request log."""
    return [
        request
        for request in tally.requests
        if request.request == "PlaceOrder" and request.target.startswith("rbx")
    ]


@pytest.mark.parametrize("side", ["long", "short"])
def test_price_past_the_stop_while_dead_is_left_at_once(
    place: Path, side: str, record_property: Any
) -> None:
    rows, tally = lives_again(place, PAST_THE_STOP, side, 600, "commit.after:insurance_placed")

    (triggered,) = named(rows, "exit_triggered")
    assert triggered.payload["reason"] == "stop_loss"
    (exit_,) = exits(tally)
    took_s = (exit_.at_ns - rows[0].at_ns) / S
    assert rows[0].name == "startup"
    assert rows[0].at_ns >= shapes.START_NS + 600 * S, "the market went on"
    assert 0 < took_s <= 5
    record_property("note", f"past the stop while dead: {side} left {took_s:.2f} s after the start")


@pytest.mark.parametrize("side", ["long", "short"])
def test_exchange_stop_protects_while_dead(place: Path, side: str, record_property: Any) -> None:
    # A short's exchange stop buys for a day of interest: what that leaves is too little to sell.
    rows, tally = lives_again(
        place, PAST_BOTH_STOPS, side, 600, "commit.after:insurance_placed", dust=UNSELLABLE
    )

    assert [row.payload["reason"] for row in named(rows, "exit_triggered")] == ["insurance_stop"]
    (filled,) = named(rows, "insurance_filled")
    assert filled.payload["fills"][0]["at_ns"] < rows[0].at_ns, "it filled while nobody ran"
    assert exits(tally) == []
    assert named(rows, "pnl_settled")
    record_property("note", f"exchange stop executed while dead: {side}")


@pytest.mark.parametrize("side", ["long", "short"])
def test_price_that_crossed_the_stop_and_came_back_is_forgiven(
    place: Path, side: str, record_property: Any
) -> None:
    rows, _ = lives_again(place, THERE_AND_BACK, side, 600, "commit.after:insurance_placed")

    assert [row.payload["reason"] for row in named(rows, "exit_triggered")] == ["tape_end"]
    record_property("note", f"crossed the stop while dead, and came back: {side} kept")


@pytest.mark.parametrize("side", ["long", "short"])
def test_rung_passed_while_dead_raises_the_stop(
    place: Path, side: str, record_property: Any
) -> None:
    rows, _ = lives_again(place, UP_AND_BACK, side, 600, "commit.after:insurance_placed")

    (raised,) = named(rows, "stop_raised")
    assert raised.payload["rung"] == 1
    assert raised.at_ns - rows[0].at_ns <= 5 * S
    record_property("note", f"rung passed while dead: {side} raised")


# --- an exit that may be under way ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "number"), [("exit.sent", 1), ("cancel.accepted", 2), ("cancel.answered", 2)]
)
@pytest.mark.parametrize("side", ["long", "short"])
def test_exit_that_may_be_under_way_is_repeated_only_behind_a_fence(
    place: Path, side: str, point: str, number: int, record_property: Any
) -> None:
    """A long's second sale would find nothing to sell; a short's waits for the proof of absence."""
    rows, tally = lives_again(place, LIFE, side, 2, point, number=number)

    (exit_,) = exits(tally)
    (unknown,) = named(rows, "order_unknown") or named(rows, "order_sending")[:1]
    signed = [row for row in tally.rows if row.name == "order_sending" and is_exit(row)]
    waited_ns = exit_.at_ns - signed[0].payload["timestamp_ms"] * 1_000_000
    assert unknown is not None
    if side == "short":
        assert waited_ns >= SETTLE_NS
    else:
        assert waited_ns < SETTLE_NS
    record_property("note", f"{point}, {side}: the exit came {waited_ns / S:.2f} s after the first")


def is_exit(row: Row) -> bool:
    return str(row.payload["client_id"]).startswith("rbx")


# --- what was promised ---------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["cancel.sent", "cancel.accepted", "exit.accepted"])
@pytest.mark.parametrize("side", ["long", "short"])
def test_panic_that_was_answered_is_not_forgotten(
    place: Path, side: str, point: str, record_property: Any
) -> None:
    with robsond_on(place, shapes.still(60), "--dead-for", "1") as robsond:
        client = robsond.start(*dying(point), options=(*robsond.options, "--speed", "1"))
        position = arm(client, side=side)
        robsond.protected(client, position)
        answer = next(iter(client.panic(timeout_s=30)))
        assert robsond.ended().code == KILLED
        go_on(robsond, side)
        robsond.kill()
        tally = robsond.tally()

    assert [step.decided for step in answer.steps] == [True]
    assert [row.payload["reason"] for row in named(tally.rows, "exit_triggered")] == ["user_panic"]
    tally.is_clean()
    assert tally.fills == 2
    record_property("note", f"panic answered, then kill -9 at {point}: {side} left")

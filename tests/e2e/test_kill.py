"""Ends real robsonds with SIGKILL at chosen points, starts them again, and asks the exchange.

The market goes on while nobody runs. Whatever the moment: one entry at most, every fill known to
the last digit, nothing left at the exchange.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed
from tests.e2e import shapes
from tests.e2e.harness import KILLED, WATCHING, Robsond, arm, dying
from tests.e2e.lives import LIFE, arm_and_die, go_on, named, robsond_on

SIDES = ("long", "short")
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
BOTH = {("entry.sent", 1), ("exit.sent", 1), ("cancel.answered", 2)}
NEVER_ENTERED = {
    "commit.before:entry_requested",
    "commit.after:entry_requested",
    "entry.sent",
}


# Each point on one side, turn by turn; where something is under way, on both.
DEATHS = [
    (point, number, side)
    for place, (point, number) in enumerate(POINTS)
    for side in SIDES
    if side == SIDES[place % 2] or point.endswith(".accepted") or (point, number) in BOTH
]


@pytest.mark.proves("P9")
@pytest.mark.parametrize(("point", "number", "side"), DEATHS, ids=str)
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
    record_property("happened", f"kill -9: {point} x{number}, {side}")


@pytest.mark.long
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


# --- what was promised ---------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["cancel.sent", "cancel.accepted", "exit.accepted"])
@pytest.mark.parametrize("side", ["long", "short"])
def test_panic_that_was_answered_is_not_forgotten(
    place: Path, side: str, point: str, record_property: Any
) -> None:
    """It is written down before its cancel leaves: also where the death outruns the answer."""
    decided = [True]
    with robsond_on(place, shapes.still(60), "--dead-for", "1") as robsond:
        client = robsond.start(*dying(point), options=(*robsond.options, "--speed", "1"))
        position = arm(client, side=side)
        robsond.protected(client, position)
        with suppress(CallFailed):
            decided = [step.decided for step in next(iter(client.panic(timeout_s=30))).steps]
        assert robsond.ended().code == KILLED
        go_on(robsond, side)
        robsond.kill()
        tally = robsond.tally()

    assert decided == [True]
    assert [row.payload["reason"] for row in named(tally.rows, "exit_triggered")] == ["user_panic"]
    tally.is_clean()
    assert tally.fills == 2
    record_property("happened", f"panic answered, then kill -9: {point}, {side}")


# --- what makes it so ----------------------------------------------------------------------------


@pytest.mark.proves("I-01", "P3")
@pytest.mark.parametrize("side", SIDES)
def test_every_order_is_durable_before_it_leaves(
    place: Path, side: str, record_property: Any
) -> None:
    with robsond_on(place, shapes.mirrored(LIFE, side)) as robsond:
        client = robsond.start(*WATCHING)
        robsond.settles(client, arm(client, side=side))
        robsond.kill()

    notes = [line.split() for line in (place / "s" / "orders").read_text().splitlines()]
    assert [client_id[:3] for client_id, _ in notes] == ["rbe", "rbs", "rbs", "rbx"]
    assert {written for _, written in notes} == {"yes"}
    for client_id, _ in notes:
        record_property("happened", f"order found durable as it left: {client_id}")


def test_tape_goes_on_without_its_clock(place: Path, record_property: Any) -> None:
    """Where the tape stood is also in the journal and in the exchange's books."""
    with robsond_on(place, LIFE) as robsond:
        arm_and_die(robsond, "commit.after:stop_raised", 1, "long")
        (place / "s" / "exchange" / "tape.clock").unlink()
        position = go_on(robsond, "long")
        robsond.kill()
        tally = robsond.tally()

    tally.is_clean()
    assert tally.entries == {position: 1}
    record_property("happened", "kill -9: and the tape's clock file lost")

"""Ends real robsonds with SIGKILL at chosen points, starts them again, and asks the exchange's books.

The market goes on while nobody runs. Whatever the moment: one entry at most, every fill known to
the last digit, nothing left at the exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed
from tests.e2e import shapes
from tests.e2e.harness import (
    BOUND_S,
    KILLED,
    Robsond,
    Row,
    Tally,
    arm,
    dying,
    folder,
    running,
    state,
    until,
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
    "commit.before:position_armed",
    "commit.before:entry_requested",
    "commit.after:entry_requested",
    "entry.sent",
}


@pytest.fixture
def place() -> Iterator[Path]:
    with folder() as made:
        yield made


def robsond_on(place: Path, prices: list[int], *more: str) -> Any:
    """A robsond whose tape waits for the first position, and that begins in ``place/s``."""
    past, tape = shapes.write_past(place), shapes.write_path(place, prices)
    options = ("--tape", str(tape), "--history", str(past), "--hold", "--speed", "max")
    return running(place / "s", *options, "--dead-for", str(DEAD_S), *more)


def arm_and_die(robsond: Robsond, point: str, number: int, side: str) -> str | None:
    """Arm a robsond that dies at a point; the position's id, if it lived to say it."""
    client = robsond.start(*dying(point, number))
    try:
        position = arm(client, side=side)
    except CallFailed:
        position = None
    assert robsond.ended().code == KILLED, f"{point} was not reached {number} times"
    return position


def go_on(robsond: Robsond, side: str) -> str:
    """Start again, ask once more with the same key as a person would, and wait for the end."""
    client = robsond.start()
    position = arm(client, side=side)
    ended = robsond.settles(client, position)
    assert state(ended) in ("closed", "cancelled")
    stopped = robsond.stop()
    assert stopped.code == 0, stopped
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
        tally = robsond.tally()

    assert told in (None, position)
    tally.is_clean()
    expected = 0 if point in NEVER_ENTERED - {"commit.before:position_armed"} else 1
    assert tally.entries == {position: expected}
    assert tally.rows[: len(before)] == before, "what was durable is still there"
    assert bool(tally.fills) == bool(expected)
    record_property("note", f"kill: {point} x{number}: {side}")

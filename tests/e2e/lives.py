"""Lives that are cut short: how a robsond is armed, dies at a point, and goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robson.api.client import CallFailed
from tests.e2e import shapes
from tests.e2e.evidence import Row
from tests.e2e.harness import KILLED, Robsond, arm, dying, running, state

DEAD_S = 20
# In at 60,000, over the first rung (the exchange stop follows), back through the raised stop.
LIFE = [60_000, 60_001, 60_000, 60_300, 60_800, 60_700, 60_700, 60_400, 60_100, 60_000, 60_000]


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


def named(rows: list[Row], name: str) -> list[Row]:
    """Rows of one kind."""
    return [row for row in rows if row.name == name]

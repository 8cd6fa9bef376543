"""One tape, any speed, any load: the same events byte for byte, also over a death in the middle."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest

from robson.api.client import CallFailed
from tests.e2e import shapes
from tests.e2e.harness import Row, Tally, arm, dying, folder, pacing, running

# Forty minutes of trades at uneven times: in, over the first rung, back through the raised stop.
PATH = [60_000, 60_250, 60_750, 60_500, 60_250, 59_900, 60_000]
STEPS, STEP_MS = 120, 4_000
LEAST_EVENTS = 25


@contextmanager
def tape_for(side: str) -> Iterator[tuple[str, ...]]:
    with folder() as made:
        past, path = shapes.write_past(made), shapes.mirrored(PATH, side)
        played = shapes.write_noise(made, path, seed=7, steps=STEPS, step_ms=STEP_MS)
        yield ("--tape", str(played), "--history", str(past))


@contextmanager
def busy_machine() -> Iterator[None]:
    """Two processes that do nothing, as fast as they can."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def sha256(rows: list[Row]) -> str:
    """The events without who asked for them; stamps of wall time are no part of a payload."""
    told = [
        (row.kind, {name: value for name, value in row.payload.items() if name != "actor"})
        for row in rows
    ]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def life(tape: tuple[str, ...], speed: str, *program: str, side: str, actor: str) -> list[Row]:
    """One whole run; the rows it leaves."""
    with (
        folder() as made,
        running(made / "s", *tape, "--hold", "--speed", speed, fresh=True) as robsond,
    ):
        robsond.actor = actor
        client = robsond.start(*program)
        robsond.settles(client, arm(client, side=side))
        robsond.plays_to_the_end(client)
        assert robsond.stop().code == 0
        robsond.tally().is_clean()
        return robsond.rows()


RUNS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "speed 60000": ("60000", (), False),
    "speed max": ("max", (), False),
    "speed max, beside two busy loops": ("max", (), True),
    "speed 6000, looking every 1 ms": ("6000", pacing(0.001), False),
    "speed 6000, looking every 2 s": ("6000", pacing(2), False),
}
SHORT = ("speed 60000", "speed max, beside two busy loops")


@pytest.mark.parametrize("side", ["long", "short"])
def test_speed_and_load_change_nothing(side: str, record_property: Any) -> None:
    found: dict[str, str] = {}
    for name in RUNS if side == "long" else SHORT:
        speed, program, busy = RUNS[name]
        load: AbstractContextManager[None] = busy_machine() if busy else nullcontext()
        with load, tape_for(side) as tape:
            rows = life(tape, speed, *program, side=side, actor=name)
        assert len(rows) >= LEAST_EVENTS
        assert {row.name for row in rows} >= {"entry_filled", "insurance_placed", "pnl_settled"}
        found[name] = sha256(rows)

    (same,) = set(found.values())
    record_property("note", f"same events in {len(found)} runs: {side}, {len(rows)}, sha256 {same}")


@pytest.mark.parametrize("point", ["insurance.accepted", "exit.accepted"])
def test_death_changes_nothing_twice(point: str, record_property: Any) -> None:
    """Killed at the same point, two runs go on the same way."""
    with tape_for("long") as tape:
        found = {speed: after_death(tape, speed, point) for speed in ("60000", "max")}

    (same,) = {sha256(rows) for rows in found.values()}
    assert max(row.epoch for row in found["max"]) == 2
    record_property("note", f"same events over a death at {point}: sha256 {same}")


def after_death(tape: tuple[str, ...], speed: str, point: str) -> list[Row]:
    options = (*tape, "--hold", "--speed", speed, "--dead-for", "7")
    with folder() as made, running(made / "s", *options, fresh=True) as robsond:
        client = robsond.start(*dying(point))
        try:
            position = arm(client)
            robsond.settles(client, position)
        except CallFailed:
            robsond.ended()
        client = robsond.start()
        robsond.settles(client, position)
        robsond.plays_to_the_end(client)
        assert robsond.stop().code == 0
        tally: Tally = robsond.tally()
        tally.is_clean()
        assert tally.entries == {position: 1}
        return tally.rows

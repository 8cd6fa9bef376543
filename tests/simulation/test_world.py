"""Worlds until 2,000 positions were active: nothing violated, all reached, no law silent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robson.engine.invariants import RULES
from robson.sim.checks import WORLD_RULES
from robson.sim.courses import RACES, RACES_OUT_OF_REACH, RECOVERY, RECOVERY_OUT_OF_REACH
from robson.sim.crew import cores, outcomes
from robson.sim.plans import plan_of
from robson.sim.reach import ALL_OUT_OF_REACH, JUDGED_FROM, OUT_OF_REACH, ROWS, TABLES
from robson.sim.runs import LIVES, Total, add_up, live

SEEDS = range(1, 10_001)
UNPROTECTED_P99_S = 3
REGRESSIONS = Path(__file__).parent / "seeds.txt"
ONE_NODE = (
    *(f"S{number}" for number in (1, 2, *range(4, 15), 16)),
    *("L1", "L2", "L5", "L6", "L7"),
)
"""The invariants of the reliability design that one node can be asked for."""


@pytest.mark.timeout(1200)
def test_2000_active_positions_hold_every_law(
    record_property: Callable[[str, object], None],
) -> None:
    total = Total(SEEDS[0], None)
    add_up(outcomes(SEEDS, LIVES, cores()), total, until=JUDGED_FROM)

    assert total.violations == []
    assert total.filled >= JUDGED_FROM
    assert total.missing == []
    assert min(total.evaluated.values()) > 0
    assert sorted(total.bare_s)[len(total.bare_s) * 99 // 100] <= UNPROTECTED_P99_S
    struck = sum(total.reach.counts["faults"].values())
    record_property(
        "note",
        f"worlds: {total.seeds} seeds, {total.armed} positions, {total.filled} active,"
        f" {total.events} events, {struck} faults, {sum(total.evaluated.values())} evaluations,"
        " 0 violations",
    )


def test_seeds_that_once_found_something_hold_every_law() -> None:
    lines = [line.split() for line in REGRESSIONS.read_text().splitlines() if line[:1].isdigit()]
    found = {}
    for seed, lives, mix, *_why in lines:
        assert mix in ("usual", "mixed")
        outcome = live(plan_of(int(seed), int(lives), usual=mix == "usual"))
        found[seed, lives, mix] = [str(each) for each in outcome.violations]

    assert len(found) == len(lines) >= 5
    assert {key: each for key, each in found.items() if each} == {}


def test_who_lives_a_world_changes_nothing() -> None:
    """One process or three: the same worlds in the same order, stopped at the same one."""
    alone, crew = (
        add_up(outcomes(range(1, 31), 1, jobs), Total(1, 30, 1), until=8) for jobs in (1, 3)
    )

    assert alone.trace == crew.trace
    assert alone.filled == crew.filled >= 8
    assert alone.seeds == crew.seeds < 30
    assert alone.evaluated == crew.evaluated


def test_every_invariant_of_one_node_is_a_rule() -> None:
    assert not set(ONE_NODE) - (RULES | WORLD_RULES).keys()


def test_every_row_of_the_table_is_reached_or_excused() -> None:
    """T1 to T30: one of both, never none, and the reasons say something."""
    reached = {row.id.split()[0] for row in ROWS}

    assert reached | OUT_OF_REACH.keys() == {f"T{number}" for number in range(1, 31)}
    assert not reached & OUT_OF_REACH.keys()
    assert all(len(reason.split()) > 4 for reason in ALL_OUT_OF_REACH.values())
    assert all(TABLES.values())


def test_every_race_and_every_row_of_recovery_is_reached_or_excused() -> None:
    """A to M and R1 to R25: one of both, never none."""
    letters, numbers = set("ABCDEFGHIJKLM"), {f"R{number}" for number in range(1, 26)}

    assert set(RACES) | RACES_OUT_OF_REACH.keys() == letters
    assert set(RECOVERY) | RECOVERY_OUT_OF_REACH.keys() == numbers
    assert not set(RACES) & RACES_OUT_OF_REACH.keys()
    assert not set(RECOVERY) & RECOVERY_OUT_OF_REACH.keys()

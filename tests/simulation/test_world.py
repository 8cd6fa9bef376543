"""Two hundred worlds: nothing is violated, everything is reached, and no law stays silent."""

from __future__ import annotations

from collections.abc import Callable

from robson.sim.reach import ENFORCED_FROM, OUT_OF_REACH, ROWS, TABLES
from robson.sim.runs import POSITIONS, run

SEEDS = range(1, 201)
UNPROTECTED_P99_S = 3


def test_200_worlds_hold_every_law(record_property: Callable[[str, object], None]) -> None:
    total = run(SEEDS, first=SEEDS[0], last=SEEDS[-1], positions=POSITIONS)

    assert total.violations == []
    assert total.seeds == len(SEEDS) >= ENFORCED_FROM
    assert total.missing == []
    assert min(total.evaluated.values()) > 0
    assert sorted(total.bare_s)[len(total.bare_s) * 99 // 100] <= UNPROTECTED_P99_S
    struck = sum(total.reach.counts["faults"].values())
    record_property(
        "note",
        f"worlds: {total.seeds} seeds, {total.armed} positions, {total.filled} filled,"
        f" {total.events} events, {struck} faults, {sum(total.evaluated.values())} evaluations,"
        " 0 violations",
    )


def test_every_row_of_the_table_is_reached_or_excused() -> None:
    """T1 to T30: one of both, never none, and the reasons say something."""
    reached = {row.id.split()[0] for row in ROWS}

    assert reached | OUT_OF_REACH.keys() == {f"T{number}" for number in range(1, 31)}
    assert not reached & OUT_OF_REACH.keys()
    assert all(len(reason.split()) > 4 for reason in OUT_OF_REACH.values())
    assert all(TABLES.values())

"""Worlds with faults and deaths, loaded from a snapshot and the rows after it: nothing differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from robson.daemon.roster import Folded, Roster
from robson.daemon.snapshots import Kept, Texts, packed, unpacked
from robson.domain.instrument import Instrument
from robson.domain.lifecycle import MachineLaw
from robson.engine.invariants import Audit
from robson.sim.plans import plan_of
from robson.sim.runs import Reaching, live
from robson.sim.world import World
from robson.store.memory import MemoryJournal

SEEDS = range(1, 8)
MORE = range(8, 400)
"""The first of these in which an entry is filled in part is tried as well."""
CUTS = 12
"""Rows of each world after which a snapshot is taken, at least."""


def rows_of(seed: int) -> tuple[list[tuple[int, str, str]], Instrument]:
    lived: list[World] = []

    def observed(world: World, _checks: Reaching) -> Reaching:
        lived.append(world)
        return Reaching(world)

    live(plan_of(seed, 3), observed=observed)
    return lived[0].journal.rows.rows, lived[0].instrument


def worlds() -> Iterator[tuple[int, list[tuple[int, str, str]], Instrument]]:
    """Seeds with their rows."""
    for seed in SEEDS:
        yield seed, *rows_of(seed)
    for seed in MORE:
        rows, rules = rows_of(seed)
        if partly_filled(rows):
            yield seed, rows, rules
            return


def partly_filled(rows: list[tuple[int, str, str]]) -> list[int]:
    """Places behind which an entry is filled in part."""
    return [n for n, row in enumerate(rows, 1) if row[1].startswith("entry_partly_filled")]


def cuts_of(rows: list[tuple[int, str, str]]) -> list[int]:
    """Spread over a world, and wherever an entry has been filled in part."""
    spread = range(1, len(rows) + 1, max(1, len(rows) // CUTS))
    return sorted({*spread, *partly_filled(rows)})


def loaded(
    rows: list[tuple[int, str, str]], rules: Instrument, kept: Kept | None = None
) -> tuple[Roster, Audit]:
    audit = Audit({str(rules.symbol): rules})
    roster = Roster(MemoryJournal(list(rows)), MachineLaw, witness=audit.witness)
    if kept is None:
        roster.load()
    else:
        audit.memory.recall(kept.notes, kept.folded.views)
        assert roster.load(kept.folded) == len(rows) - kept.folded.seq
    return roster, audit


def outcome(roster: Roster, audit: Audit) -> tuple[Folded, Any]:
    return roster.folded(), (audit.memory.noted(), audit.memory.views, roster.live())


def test_snapshot_and_tail_are_the_whole(record_property: Any) -> None:
    tried, carried, partly = 0, 0, 0
    seeds = 0
    for seed, rows, rules in worlds():
        seeds += 1
        whole = outcome(*loaded(rows, rules))
        for cut in cuts_of(rows):
            roster, audit = loaded(rows[:cut], rules)
            folded, notes = roster.folded(), audit.memory.noted()
            kept = unpacked(packed(folded, notes, Texts()), Texts())
            assert (kept.folded, kept.notes) == (folded, notes), f"seed {seed}, row {cut}"
            assert outcome(*loaded(rows, rules, kept)) == whole, f"seed {seed}, row {cut}"
            tried += 1
            carried += bool(roster.live())
            partly += any(view.entry_open for view in roster.views.values())
    assert carried > 0
    assert partly > 0
    told = f"{tried} in {seeds} worlds, {carried} with a position live, {partly} partly filled"
    record_property("note", f"snapshots: {told}; with the rows after them equal to the whole")


def test_a_wrong_snapshot_would_show() -> None:
    """The comparison can fail: a snapshot that lacks a row of a position gives another end."""
    rows, rules = rows_of(SEEDS[0])
    whole = outcome(*loaded(rows, rules))
    roster, audit = loaded(rows, rules)
    folded = roster.folded()
    bent = attrs.evolve(folded.views[-1], version=folded.views[-1].version + 1)
    wrong = attrs.evolve(folded, views=(*folded.views[:-1], bent))
    kept = Kept(folded=wrong, views=(), notes=audit.memory.noted())
    assert outcome(*loaded(rows, rules, kept)) != whole

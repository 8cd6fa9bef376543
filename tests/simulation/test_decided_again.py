"""Journals of whole worlds, with faults and deaths, decided again: every decision is equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from robson.domain.ports import Recorded
from robson.sim.again import World as Knowledge
from robson.sim.again import read
from robson.sim.plans import plan_of
from robson.sim.runs import Reaching, live
from robson.sim.world import World
from robson.store.codec import decode
from robson.store.examine import Told

SEEDS = (*range(1, 19), 143, 249)
"""In the last two a trigger was taken by a process that died before it had written it down."""


def told_by(world: World) -> Iterator[Told]:
    for seq, (epoch, kind, payload) in enumerate(world.journal.rows.rows, 1):
        row = Recorded(seq=seq, epoch=epoch, event=decode(kind, payload))
        yield Told(recorded=row, kind=kind, payload=payload)


def test_journals_of_worlds_are_decided_as_they_were(record_property: Any) -> None:
    made: Counter[str] = Counter()
    for seed in SEEDS:
        lived: list[World] = []

        def observed(world: World, _checks: Reaching, kept: list[World] = lived) -> Reaching:
            kept.append(world)
            return Reaching(world)

        live(plan_of(seed, 3), observed=observed)
        (world,) = lived
        instrument = world.instrument
        knowledge = Knowledge(lambda _symbol, rules=instrument: rules, world.settings)
        outcome = read(told_by(world), knowledge, verify=True)
        assert outcome.difference is None, f"seed {seed}: {outcome.difference}"
        made += outcome.made
    assert len(made) >= 9
    record_property("note", f"replay: {made.total()} decisions of {len(SEEDS)} worlds, all equal")

"""Beside a real exchange the audit folds the journal again, a few rows at an event."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from robson.daemon.audited import AT_ONCE, Auditor
from robson.domain import events as e
from robson.domain.lifecycle import TableLaw
from robson.domain.ports import Recorded
from robson.domain.position import Position
from robson.sim.lives import Lives
from robson.sim.plans import plan_of


class Counted:
    """A journal that counts the rows that are read of it."""

    def __init__(self, rows: list[Recorded]) -> None:
        self.rows = rows
        self.written = self.given = 0

    def read(self, after_seq: int = 0) -> Iterator[Recorded]:
        """What is written of it by now."""
        for row in self.rows[: self.written]:
            if row.seq > after_seq:
                self.given += 1
                yield row


def fed(auditor: Auditor, journal: Counted) -> list[int]:
    """Every row as a roster witnesses it; how many were read back at each."""
    positions: dict[str, Position] = {}
    read = []
    for row in journal.rows:
        event: Any = row.event
        journal.written += 1
        if isinstance(event, e.PositionArmed):
            positions[event.position] = Position.born(event, TableLaw())
        elif (name := getattr(event, "position", None)) is not None:
            positions[name].apply(event)
        named = getattr(event, "position", None)
        before = journal.given
        auditor.witness(row, positions[named].view if named else None)
        read.append(journal.given - before)
    return read


def two_settled() -> Lives:
    """The first world in which something happens after a position was settled."""
    for seed in itertools.count(1):
        lives = Lives(plan_of(seed, 3))
        lives.run()
        rows = [type(row.event) for row in lives.world.journal.read()]
        if rows.count(e.PnlSettled) > 1:
            return lives
    raise AssertionError


def test_a_settled_position_is_read_back_a_few_rows_at_a_time(record_property: Any) -> None:
    world = two_settled().world
    journal = Counted(list(world.journal.read()))
    auditor = Auditor(None, {world.symbol: world.instrument}, world.clock, journal)  # type: ignore[arg-type]
    auditor.follow((0, 0))
    read = fed(auditor, journal)

    assert 0 < max(read) <= AT_ONCE + 1, "nobody waits for more"
    assert sum(read) > AT_ONCE
    assert auditor.report()["checked"]["S16"] > 0
    assert not any("S16" in found["rule"] for found in auditor.report()["violated"])
    record_property("happened", f"read back {sum(read)} rows, at most {max(read)} at an event")

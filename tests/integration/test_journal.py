"""The journal: one contract for the file and for the one in memory; then what death does to it.

Everything acknowledged is there after any death, and no transaction is there in part.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Protocol

import attrs
import pytest

from robson.domain import events as e
from robson.domain.ports import Recorded
from robson.store.journal import SqliteJournal
from robson.store.memory import MemoryJournal
from tests.integration.every_event import EVERY
from tests.integration.journals import ROOT, months, opened


@attrs.frozen
class Unwritable:
    """No event: nothing can write it."""

    KIND = "unwritable.v1"
    at_ns: int = 0
    thing: Any = attrs.field(factory={1, 2}.__iter__)


# --- one contract --------------------------------------------------------------------------------


class AnyJournal(Protocol):
    epoch: int

    def append(self, events: Sequence[e.Event]) -> tuple[Recorded, ...]: ...

    def read(self, after_seq: int = 0) -> Iterable[Recorded]: ...


class FileBound:
    """A journal in a directory; reopening is what a restart does."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: list[SqliteJournal] = []

    def first(self) -> AnyJournal:
        self._open.append(opened(self._directory))
        return self._open[-1]

    def again(self, _before: AnyJournal) -> AnyJournal:
        self.close()
        return self.first()

    def close(self) -> None:
        while self._open:
            self._open.pop().close()


class InMemory:
    """The same of the journal in memory."""

    def first(self) -> AnyJournal:
        return MemoryJournal(epoch=1)

    def again(self, before: AnyJournal) -> AnyJournal:
        assert isinstance(before, MemoryJournal)
        return before.reopened()

    def close(self) -> None:
        """Nothing to let go of."""


Store = FileBound | InMemory


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = FileBound(tmp_path) if request.param == "file" else InMemory()
    yield made
    made.close()


def test_rows_are_numbered_without_a_gap(store: Store) -> None:
    journal = store.first()

    first, second = journal.append(months(3)), journal.append(months(2, 4))

    assert [row.seq for row in (*first, *second)] == [1, 2, 3, 4, 5]
    assert {row.epoch for row in (*first, *second)} == {journal.epoch} == {1}
    assert [row.event for row in (*first, *second)] == [*months(5)]


def test_what_was_appended_is_read_in_order(store: Store) -> None:
    journal = store.first()
    told = (*journal.append(EVERY), *journal.append(()))

    assert tuple(journal.read()) == told
    assert tuple(journal.read(after_seq=7)) == told[7:]
    assert tuple(journal.read(after_seq=len(told))) == ()
    assert tuple(row.event for row in told) == EVERY


def test_every_start_takes_the_next_epoch(store: Store) -> None:
    journal = store.first()
    journal.append(months(1))
    for epoch in range(2, 6):
        journal = store.again(journal)
        assert journal.epoch == epoch
        journal.append(months(1, epoch))

    rows = [*journal.read()]
    assert [row.epoch for row in rows] == [row.seq for row in rows] == [1, 2, 3, 4, 5]


def test_a_start_that_writes_nothing_takes_one_too(store: Store) -> None:
    journal = store.first()
    for _ in range(3):
        journal = store.again(journal)
    assert journal.epoch == 4


def test_all_of_it_or_nothing(store: Store) -> None:
    """One event that cannot be written takes those before it back."""
    journal = store.first()
    kept = journal.append(months(1))

    with pytest.raises(TypeError):
        journal.append((*months(1, 2), Unwritable()))  # type: ignore[arg-type]

    again = store.again(journal)
    assert tuple(again.read()) == kept
    assert [row.seq for row in again.append(months(1, 2))] == [2]


# --- death ---------------------------------------------------------------------------------------

WRITER = """
import itertools, os, signal, sys
from pathlib import Path
from robson.store.journal import SqliteJournal
from tests.integration.journals import months, opened
journal = opened(Path(sys.argv[1]))
dies_inside = int(sys.argv[2])
if dies_inside:
    insert, count = SqliteJournal._insert, itertools.count(1)
    def inserting(self, *args):
        digest = insert(self, *args)
        if next(count) == dies_inside:
            os.kill(os.getpid(), signal.SIGKILL)
        return digest
    SqliteJournal._insert = inserting
first = journal.seq + 1
while True:
    rows = journal.append(months(3, first))
    first += 3
    print(rows[-1].seq, flush=True)
"""


def written(directory: Path, *, dies_inside: int = 0) -> subprocess.Popen[str]:
    """A process that appends three rows at a time, and says the last number after each commit."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory), str(dies_inside)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_kill_between_commits_loses_nothing_acknowledged(
    tmp_path: Path, record_property: Any
) -> None:
    chance, kept = Random(3), 0
    for death in range(1, 6):
        with written(tmp_path) as process:
            assert process.stdout is not None
            for _ in range(chance.randint(1, 60)):
                acknowledged = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            late = process.stdout.read().split()
        with closing(opened(tmp_path)) as journal:
            rows = [*journal.read()]
            assert journal.epoch == 2 * death
        last = int(late[-1]) if late and late[-1].isdigit() else acknowledged
        assert len(rows) >= last > kept
        assert len(rows) % 3 == 0, "a transaction is there whole"
        assert [row.event for row in rows] == [*months(len(rows))]
        kept = len(rows)
    record_property("note", f"journal: {death} kill -9 while writing, {kept} rows, none lost")


@pytest.mark.parametrize("row", [1, 2, 3, 4])
def test_kill_inside_a_transaction_leaves_none_of_it(tmp_path: Path, row: int) -> None:
    with written(tmp_path, dies_inside=row) as process:
        said, _ = process.communicate(timeout=30)

    with closing(opened(tmp_path)) as journal:
        rows = [*journal.read()]
    assert process.returncode == -signal.SIGKILL
    assert len(rows) == (0 if row <= 3 else 3) == len(said.split()) * 3

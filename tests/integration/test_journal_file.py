"""The journal's file among others: a failing disk, readers beside the writer, one process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from robson.domain.errors import JournalCorrupt, JournalLocked, StoreError
from robson.domain.identity import PositionId
from robson.store.journal import SqliteJournal
from robson.store.lock import LOCK_NAME, JournalLock
from robson.store.reader import JournalReader
from tests.integration import every_event as some
from tests.integration.every_event import EVERY
from tests.integration.journals import IDENTITY, months, opened

# --- a disk that fails ---------------------------------------------------------------------------


class FailingConnection:
    """A connection whose next COMMIT fails as SQLite's would."""

    def __init__(self, inner: sqlite3.Connection, name: str) -> None:
        self._inner = inner
        self._name = name

    def execute(self, statement: str, *values: Any) -> Any:
        if statement == "COMMIT":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = self._name
            raise error
        return self._inner.execute(statement, *values)

    def close(self) -> None:
        self._inner.close()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("SQLITE_IOERR_FSYNC", StoreError),
        ("SQLITE_IOERR_WRITE", StoreError),
        ("SQLITE_FULL", StoreError),
        ("SQLITE_READONLY", StoreError),
        ("SQLITE_CORRUPT", JournalCorrupt),
        ("SQLITE_NOTADB", JournalCorrupt),
    ],
)
def test_failed_commit_is_not_believed(
    tmp_path: Path, name: str, error: type[StoreError], record_property: Any
) -> None:
    journal = opened(tmp_path)
    journal.append(months(1))
    journal._db = FailingConnection(journal._db, name)  # type: ignore[assignment]

    with pytest.raises(error, match=name) as failed:
        journal.append(months(1, 2))

    assert type(failed.value) is error
    assert journal.seq == 1
    journal.close()
    with closing(opened(tmp_path)) as again:
        assert [row.event for row in again.read()] == [*months(1)]
    record_property("note", "journal: failing commits are told as what they are")


def test_disk_that_is_really_full(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.append(months(1))
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="SQLITE_FULL"):
            journal.append(EVERY)
    with closing(opened(tmp_path)) as again:
        assert len([*again.read()]) == 1


def test_outsider_who_holds_the_database_costs_little_time(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.append(months(1))
        with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as outsider:
            outsider.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            with pytest.raises(StoreError, match="SQLITE_BUSY"):
                journal.append(months(1, 2))
            assert time.monotonic() - began < 5
            outsider.execute("ROLLBACK")
        assert [row.seq for row in journal.append(months(1, 2))] == [2]


def test_what_is_acknowledged_survives_the_power(tmp_path: Path) -> None:
    """A log that is synced now and then loses acknowledged rows with the power, not with a kill."""
    with closing(opened(tmp_path)) as journal:
        journal.append(months(1))
        assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
        assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# --- readers -------------------------------------------------------------------------------------


def test_readers_see_what_is_durable_and_disturb_nobody(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.append(EVERY)
        reader = JournalReader(tmp_path, "main")
        journal._db.execute("BEGIN IMMEDIATE")
        journal._insert(journal._rows(months(1))[0])
        seen = reader.rows(None, 0, 1_000)
        journal._db.execute("ROLLBACK")
        journal.append(months(1))
        assert (tmp_path / "journal.db-wal").stat().st_size > 0, "no reader takes the log away"

        assert [row.kind for row in seen] == [event.KIND for event in EVERY]
        assert [row.seq for row in reader.rows(None, 5, 3)] == [6, 7, 8]
        mine = reader.rows(some.POSITION, 0, 1_000)
        assert {row.position for row in mine} == {some.POSITION}
        assert len(mine) == sum(hasattr(event, "position") for event in EVERY)
        assert reader.rows(PositionId.of(1), 0, 10) == []
        assert JournalReader(tmp_path, "other").rows(None, 0, 10) == []


# --- one process ---------------------------------------------------------------------------------


def test_lock_is_held_by_one(tmp_path: Path) -> None:
    first = JournalLock(tmp_path)
    with pytest.raises(JournalLocked, match=f"process {os.getpid()}"):
        JournalLock(tmp_path)
    first.release()
    JournalLock(tmp_path).release()
    assert (tmp_path / LOCK_NAME).exists(), "the file stays, or two could each hold one"


def test_lock_is_not_inherited(tmp_path: Path) -> None:
    first = JournalLock(tmp_path)
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
    try:
        first.release()
        JournalLock(tmp_path).release()
    finally:
        child.communicate()


def test_lock_that_was_replaced_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody removes the file between its opening and its locking."""
    import fcntl

    flock: Callable[..., Any] = fcntl.flock

    def swapping(fd: int, how: int) -> None:
        flock(fd, how)
        (tmp_path / LOCK_NAME).unlink()
        (tmp_path / LOCK_NAME).touch()

    monkeypatch.setattr(fcntl, "flock", swapping)
    with pytest.raises(JournalLocked, match="replaced"):
        JournalLock(tmp_path)


# --- a start that is refused ---------------------------------------------------------------------


def held(directory: Path) -> SqliteJournal:
    """Read and verified, and not taken yet."""
    return SqliteJournal(directory, IDENTITY, wall_ns=lambda: 0, new_id=lambda: "new", begins=False)


def test_a_journal_that_is_not_begun_is_as_it_was(tmp_path: Path, record_property: Any) -> None:
    with closing(held(tmp_path)) as journal:
        assert (journal.epoch, journal.pairs()) == (1, [])
    assert list(tmp_path.iterdir()) == [], "one that was made is taken away"

    with closing(opened(tmp_path)) as journal:
        journal.append(months(3))
    before = (tmp_path / "journal.db").read_bytes()
    for _ in range(3):
        with closing(held(tmp_path)) as journal:
            assert journal.epoch == 2
            assert len(list(journal.read())) == 3
    assert (tmp_path / "journal.db").read_bytes() == before
    with closing(held(tmp_path)) as journal:
        journal.begin()
        journal.append(months(1, first=4))
    with closing(opened(tmp_path)) as journal:
        assert journal.epoch == 3
        assert len(list(journal.read())) == 4
    record_property("happened", "three refused starts left no trace")

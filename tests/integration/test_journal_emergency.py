"""The journal when its database fails: rows go to the last resort, and come home at the next start.

Whether a commit that failed had reached the disk after all, nobody can say; both are tried.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from robson.domain.errors import JournalCorrupt, StoreError
from robson.domain.events import Event
from robson.store.emergency import FILE_NAME, SIZE, EmergencyFile
from robson.store.examine import back_up, examine
from robson.store.journal import SqliteJournal
from tests.integration.every_event import EVERY
from tests.integration.journals import IDENTITY, months


def opened(directory: Path, *, begins: bool = True) -> SqliteJournal:
    """A journal with its last resort, as the daemon opens it."""
    ticks = itertools.count(1)
    return SqliteJournal(
        directory,
        IDENTITY,
        wall_ns=lambda: next(ticks),
        new_id=lambda: "j" * 32,
        emergency=EmergencyFile(directory),
        begins=begins,
    )


class FailingOnce:
    """A connection whose next COMMIT fails, before or after it has done its work."""

    def __init__(self, inner: sqlite3.Connection, *, reached: bool) -> None:
        self._inner = inner
        self._reached = reached
        self.failed = 0

    def execute(self, statement: str, *values: Any) -> Any:
        if statement == "COMMIT" and not self.failed:
            self.failed = 1
            if self._reached:
                self._inner.execute("COMMIT")
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise error
        return self._inner.execute(statement, *values)

    def close(self) -> None:
        self._inner.close()


def events_of(journal: SqliteJournal) -> list[Event]:
    return [row.event for row in journal.read()]


@pytest.mark.parametrize("commit", ["was lost", "had reached the disk"])
def test_rows_of_the_last_resort_come_home(
    tmp_path: Path, commit: str, record_property: Any
) -> None:
    journal = opened(tmp_path)
    journal.append(EVERY)
    journal._db = FailingOnce(journal._db, reached=commit != "was lost")  # type: ignore[assignment]

    first = journal.append(months(2))
    second = journal.append(months(1, 3))

    assert [row.seq for row in (*first, *second)] == [n + len(EVERY) for n in (1, 2, 3)]
    assert "SQLITE_IOERR_FSYNC" in str(journal.failed)
    assert events_of(journal) == [*EVERY, *months(3)]
    journal.close()

    with closing(opened(tmp_path)) as again:
        assert events_of(again) == [*EVERY, *months(3)]
        assert again.failed is None
        again.append(months(1, 4))
        assert set((tmp_path / FILE_NAME).read_bytes()) == {0}
    found = examine(tmp_path / "journal.db")
    assert (found.rows, found.epoch) == (len(EVERY) + 4, 2)
    record_property("happened", "journal: rows came home from the emergency file")


def test_database_that_failed_is_not_written_again(tmp_path: Path) -> None:
    """A later commit could succeed on top of one that was lost."""
    journal = opened(tmp_path)
    journal._db = FailingOnce(journal._db, reached=False)  # type: ignore[assignment]
    for number in range(1, 6):
        journal.append(months(1, number))
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        assert db.execute("SELECT count(*) FROM journal").fetchone() == (0,)
    journal.close()
    with closing(opened(tmp_path)) as again:
        assert events_of(again) == [*months(5)]


def test_process_dies_while_rows_come_home(tmp_path: Path) -> None:
    """The rows are in the database, and the emergency file has not been emptied yet."""
    journal = opened(tmp_path)
    journal._db = FailingOnce(journal._db, reached=False)  # type: ignore[assignment]
    journal.append(months(3))
    journal.close()
    waiting = (tmp_path / FILE_NAME).read_bytes()
    assert examine(tmp_path / "journal.db").waiting == 3
    opened(tmp_path).close()
    assert examine(tmp_path / "journal.db").waiting == 0
    (tmp_path / FILE_NAME).write_bytes(waiting)
    with closing(opened(tmp_path)) as again:
        assert events_of(again) == [*months(3)]


def waiting_file(directory: Path) -> bytes:
    journal = opened(directory)
    journal._db = FailingOnce(journal._db, reached=False)  # type: ignore[assignment]
    journal.append(months(2))
    journal.append(months(1, 3))
    journal.close()
    return (directory / FILE_NAME).read_bytes()


def test_torn_line_was_never_acknowledged(tmp_path: Path) -> None:
    data = waiting_file(tmp_path)
    end = len(data.rstrip(b"\0"))
    cuts = 0
    for cut in range(1, end, 41):
        (tmp_path / FILE_NAME).write_bytes(data[:cut].ljust(SIZE, b"\0"))
        kept = sum(1 for row in EmergencyFile(tmp_path).read())
        assert kept in (0, 2, 3)
        cuts += 1
    assert cuts > 10


def test_emergency_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    data = waiting_file(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(data.replace(b'"month\\":', b'"manth\\":', 1))
    with pytest.raises(JournalCorrupt, match="line 1"):
        opened(tmp_path)


def test_emergency_file_of_another_time_is_refused(tmp_path: Path) -> None:
    """An older copy was put in the journal's place."""
    opened(tmp_path).close()
    back_up(tmp_path, tmp_path / "copy")
    with closing(opened(tmp_path)) as journal:
        journal.append(EVERY)
    waiting_file(tmp_path)
    (tmp_path / "copy").replace(tmp_path / "journal.db")
    with pytest.raises(JournalCorrupt, match=r"journal\.emergency: row \d+ does not follow row 0"):
        opened(tmp_path)


def test_emergency_file_of_another_branch_is_refused(tmp_path: Path) -> None:
    """Its rows have the numbers of rows that are there, and say something else."""
    opened(tmp_path).close()
    other = tmp_path / "other"
    other.mkdir()
    (other / "journal.db").write_bytes((tmp_path / "journal.db").read_bytes())
    with closing(opened(tmp_path)) as journal:
        journal.append(months(5, 7))
    (tmp_path / FILE_NAME).write_bytes(waiting_file(other))
    with pytest.raises(JournalCorrupt, match=r"journal\.emergency: row 1 does not follow row 5"):
        opened(tmp_path)


def test_emergency_row_that_is_not_what_its_hash_says_is_refused(tmp_path: Path) -> None:
    """Its line was made anew around it."""
    waiting_file(tmp_path)
    rows = [list(row) for row in EmergencyFile(tmp_path).read()]
    rows[-1][8] = rows[-1][8].replace("2025-11", "2025-12")
    text = json.dumps(rows, separators=(",", ":")).encode()
    line = hashlib.sha256(text).hexdigest().encode() + b" " + text + b"\n"
    (tmp_path / FILE_NAME).write_bytes(line.ljust(SIZE, b"\0"))
    with pytest.raises(JournalCorrupt, match=r"journal\.emergency: row 3 does not follow row 2"):
        opened(tmp_path)


def test_start_that_cannot_write_keeps_what_waits(tmp_path: Path) -> None:
    """Emptied before the rows are durable elsewhere, the file would take them with it."""
    waiting = waiting_file(tmp_path)
    journal = opened(tmp_path, begins=False)
    journal._db = FailingOnce(journal._db, reached=False)  # type: ignore[assignment]
    with pytest.raises(StoreError, match="SQLITE_IOERR_FSYNC"):
        journal.begin()
    journal.close()
    assert (tmp_path / FILE_NAME).read_bytes() == waiting
    with closing(opened(tmp_path)) as again:
        assert events_of(again) == [*months(3)]


def test_no_room_is_left_anywhere(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal._db = FailingOnce(journal._db, reached=False)  # type: ignore[assignment]
    written = 0
    said = ""
    while not said:
        try:
            written += len(journal.append(EVERY[4:6]))
        except StoreError as error:
            said = str(error)
    journal.close()
    assert "SQLITE_IOERR_FSYNC" in said
    assert "journal.emergency is full" in said
    assert written > 300
    with closing(opened(tmp_path)) as again:
        assert len(events_of(again)) == written


def test_database_that_is_really_full(tmp_path: Path, record_property: Any) -> None:
    journal = opened(tmp_path)
    journal.append(months(1))
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    journal.append(EVERY)
    assert "SQLITE_FULL" in str(journal.failed)
    journal.close()
    with closing(opened(tmp_path)) as again:
        assert events_of(again) == [*months(1), *EVERY]
    assert examine(tmp_path / "journal.db").rows == 1 + len(EVERY)  # orders and fills, too
    record_property("note", "journal: a full database loses no row")


def test_a_row_that_may_not_be_written_is_no_failure_of_the_disk(tmp_path: Path) -> None:
    asked = [event for event in EVERY if event.KIND.startswith("entry_requested")]
    with closing(opened(tmp_path)) as journal:
        journal.append(asked)
        with pytest.raises(StoreError, match="CONSTRAINT"):
            journal.append(asked)
        assert journal.failed is None
        journal.append(months(1))

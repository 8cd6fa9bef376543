"""Looks at a whole journal without opening it for writing: beside a running daemon, or a dead one.

Also copies it, by SQLite's own backup only, so that a copy is one instant of the journal.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs

from robson.domain.errors import Refused, StoreError
from robson.domain.ports import Recorded
from robson.store.codec import decode
from robson.store.emergency import FILE_NAME as EMERGENCY
from robson.store.emergency import rows_in
from robson.store.journal import BUSY_MS, FILE_NAME
from robson.store.trust import (
    check_chain,
    check_owner,
    check_pages,
    check_projections,
    check_tables,
    read_meta,
    seal_of,
    translated,
)

RESTORED_EPOCHS = 1_000_000
"""How far a copy's epoch is ahead: no order id of the time between copy and restore comes again."""


@attrs.frozen(kw_only=True)
class Examined:
    """What a journal that can be believed says of itself.

    ``epoch``: of its newest process. ``waiting``: rows that the emergency file beside it holds.
    """

    path: Path
    journal_id: str
    profile: str
    account: str
    epoch: int
    rows: int
    head: str
    waiting: int = 0


def examine(path: Path) -> Examined:
    """Check everything that opening a journal checks, and change nothing.

    Args:
        path: the database file.

    Raises:
        JournalCorrupt: damage or a change, named.
        JournalForeign: of a newer Robson.
        StoreError: there is no journal, or it cannot be read.
    """
    try:
        with closing(_reading(path)) as db:
            found = _examined(db, path)
    except sqlite3.Error as error:
        raise translated(path, error) from error
    waiting = [row for row in rows_in(path.with_name(EMERGENCY)) if row[0] > found.rows]
    return attrs.evolve(found, waiting=len(waiting))


def _reading(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise StoreError(f"there is no journal {path}; name its directory with --state-dir")
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    return db


def _examined(db: sqlite3.Connection, path: Path) -> Examined:
    db.execute("BEGIN")  # every check sees the same instant
    check_pages(db, path)
    meta = read_meta(db, path)
    if not meta:
        raise StoreError(f"{path} is no journal: it has no table meta")
    check_tables(db, path)
    tail = check_chain(db, path)
    check_owner(meta, tail, path)
    check_projections(db, path)
    return Examined(
        path=path,
        journal_id=meta["journal_id"],
        profile=meta["profile"],
        account=meta["account"],
        epoch=int(meta["epoch"]),
        rows=tail.seq,
        head=tail.head,
    )


@attrs.frozen(kw_only=True)
class Told:
    """A row as an event, and as the text it is kept in."""

    recorded: Recorded
    kind: str
    payload: str


def recorded(path: Path) -> Iterator[Told]:
    """Every row of a journal that has been examined, in order."""
    try:
        with closing(_reading(path)) as db:
            rows = db.execute("SELECT seq, epoch, kind, payload FROM journal ORDER BY seq")
            for seq, epoch, kind, payload in rows:
                event = decode(kind, payload)
                row = Recorded(seq=seq, epoch=epoch, event=event)
                yield Told(recorded=row, kind=kind, payload=payload)
    except sqlite3.Error as error:
        raise translated(path, error) from error


def back_up(directory: Path, copy: Path) -> Examined:
    """Copy the journal of a state directory into a new file, while its daemon may run.

    The copy stands under its name only when it is whole, examined and on the disk. Its epoch is
    ``RESTORED_EPOCHS`` ahead.

    Raises:
        Refused: the copy's name is taken.
        StoreError: one of the two cannot be read or written.
        JournalCorrupt: the journal cannot be believed, so no copy is left.
    """
    source = directory / FILE_NAME
    half = copy.with_name(f"{copy.name}.half")
    for taken in (copy, half):
        if taken.exists():
            raise Refused("FILE_EXISTS", f"{taken} is there already; name a file that is not")
    try:
        with closing(_reading(source)) as there, closing(_new(half)) as here:
            there.backup(here)
            here.execute("PRAGMA journal_mode=DELETE")  # one file, no log beside it
            _examined(here, half)
            _look_ahead(here, half)
        found = examine(half)
        half.rename(copy)
        _sync(copy.parent)
    except sqlite3.Error as error:
        raise translated(copy, error) from error
    except OSError as error:
        raise StoreError(f"{copy} cannot be written: {error.strerror}") from error
    finally:
        half.unlink(missing_ok=True)
    return attrs.evolve(found, path=copy, waiting=0)


def _new(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous=FULL")
    return db


def _look_ahead(db: sqlite3.Connection, path: Path) -> None:
    meta = read_meta(db, path)
    meta["epoch"] = str(int(meta["epoch"]) + RESTORED_EPOCHS)
    meta["seal"] = seal_of(meta)
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
    db.execute("COMMIT")


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

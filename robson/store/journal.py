"""The journal: one append-only, hash-chained table in SQLite, durable before anything is believed.

One connection writes and checkpoints, on one thread. No code opens the file except through sqlite3:
closing any other descriptor of it would drop SQLite's locks and let an outsider delete the WAL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from robson.domain import events as e
from robson.domain.errors import JournalForeign, StoreError
from robson.domain.ports import Recorded
from robson.store.codec import decode, encode
from robson.store.tables import SCHEMA, SCHEMA_VERSION, projections
from robson.store.trust import (
    Tail,
    check_chain,
    check_owner,
    check_pages,
    check_projections,
    check_tables,
    read_meta,
    row_hash,
    seal_of,
    translated,
)

FILE_NAME = "journal.db"
BUSY_MS = 400
CHECKPOINT_EVERY = 500
"""Commits between two passive checkpoints: the WAL stays small, nobody waits."""

_INSERT = "INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?)"


@attrs.frozen(kw_only=True)
class JournalIdentity:
    """What a journal belongs to; it refuses to open under another."""

    profile: str
    account: str


@attrs.frozen(kw_only=True)
class StoredRow:
    """A row for readers, payload undecoded."""

    seq: int
    epoch: int
    kind: str
    position: str | None
    payload: str
    at_ns: int


class SqliteJournal:
    """The writer. Opening verifies the whole chain and takes the next epoch.

    Args:
        directory: the state directory; its lock is held by the caller.
        wall_ns: wall clock, for ``written_at`` only.
        new_id: makes the journal's own identity when it is new.

    Raises:
        JournalCorrupt: a row is not what its hash says, or SQLite finds damage.
        JournalForeign: another profile, account or schema.
        StoreError: the file cannot be opened or written.
    """

    def __init__(
        self,
        directory: Path,
        identity: JournalIdentity,
        *,
        wall_ns: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self.path = directory / FILE_NAME
        self._identity = identity
        self._wall_ns = wall_ns
        self._new_id = new_id
        self._commits = 0
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None)
        except sqlite3.Error as error:
            raise translated(self.path, error) from error
        try:
            self._prepare()
            self._take_over()
        except sqlite3.Error as error:
            self._db.close()
            raise translated(self.path, error) from error
        except StoreError:
            self._db.close()
            raise

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA wal_autocheckpoint=0")
        check_pages(db, self.path)

    def _take_over(self) -> None:
        """All of it or, where anything is refused, nothing: closing takes a transaction back."""
        self._db.execute("BEGIN IMMEDIATE")
        meta = read_meta(self._db, self.path)
        for statement in SCHEMA:
            self._db.execute(statement)
        meta, tail = self._believed(meta)
        self.seq, self._head = tail.seq, tail.head
        self.journal_id = meta["journal_id"]
        self.epoch = int(meta["epoch"]) + 1
        meta["epoch"] = str(self.epoch)
        meta["seal"] = seal_of(meta)
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
        self._db.execute("COMMIT")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _believed(self, meta: dict[str, str]) -> tuple[dict[str, str], Tail]:
        """Whose the journal is and where it ends, once everything in it has been checked."""
        check_tables(self._db, self.path)
        tail = check_chain(self._db, self.path)
        meta = meta or self._first_meta(tail)
        self._is_mine(meta)
        check_owner(meta, tail, self.path)
        check_projections(self._db, self.path)
        return meta, tail

    def _first_meta(self, tail: Tail) -> dict[str, str]:
        """Of a new journal; one with rows has lost its own, which ``check_owner`` refuses."""
        return {
            "schema": SCHEMA_VERSION,
            "profile": self._identity.profile,
            "account": self._identity.account,
            "journal_id": self._new_id() if tail.writer is None else "",
            "epoch": "0",
        }

    def _is_mine(self, meta: dict[str, str]) -> None:
        mine = {"profile": self._identity.profile, "account": self._identity.account}
        for key, value in mine.items():
            if meta[key] != value:
                raise JournalForeign(
                    f"{self.path} belongs to {key} {meta[key]}, not {value};"
                    " give this daemon its own --state-dir"
                )

    # --- writing ---------------------------------------------------------------------------------

    def append(self, events: Sequence[e.Event]) -> tuple[Recorded, ...]:
        """Make events and their projections durable in one transaction.

        Raises:
            StoreError: nothing of it may be relied on.
        """
        seq, head = self.seq, self._head
        recorded = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for event in events:
                seq += 1
                head = self._insert(seq, head, event)
                recorded.append(Recorded(seq=seq, epoch=self.epoch, event=event))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise translated(self.path, error) from error
        self.seq, self._head = seq, head
        self._checkpoint()
        return tuple(recorded)

    def _insert(self, seq: int, head: str, event: e.Event) -> str:
        kind, payload = encode(event)
        position = getattr(event, "position", None)
        fields = (
            kind,
            self._identity.account,
            position,
            payload,
            event.at_ns,
            self._wall_ns(),
        )
        first = (seq, self.journal_id, self.epoch)
        digest = row_hash(head, *first, *fields)
        self._db.execute(_INSERT, (*first, head, digest, *fields))
        for statement, values in projections(kind, payload, self._identity.account, self.epoch):
            self._db.execute(statement, values)
        return digest

    def _checkpoint(self) -> None:
        self._commits += 1
        if self._commits % CHECKPOINT_EVERY == 0:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    # --- reading ---------------------------------------------------------------------------------

    def read(self, after_seq: int = 0) -> Iterator[Recorded]:
        """All events after a sequence number, decoded."""
        rows = self._db.execute(
            "SELECT seq, epoch, kind, payload FROM journal WHERE account = ? AND seq > ?"
            " ORDER BY seq",
            (self._identity.account, after_seq),
        )
        for seq, epoch, kind, payload in rows:
            yield Recorded(seq=seq, epoch=epoch, event=decode(kind, payload))

    def close(self) -> None:
        """Leave the file in order."""
        self._db.close()


class JournalReader:
    """A second, read-only look at the journal, of one thread; never writes, never checkpoints."""

    def __init__(self, directory: Path, account: str) -> None:
        self._path = directory / FILE_NAME
        self._account = account

    def rows(self, position: str | None, after_seq: int, limit: int) -> list[StoredRow]:
        """Rows in order; each call has a connection of its own, so any thread may call."""
        where = "account = ? AND seq > ?"
        values: list[object] = [self._account, after_seq]
        if position is not None:
            where += " AND position = ?"
            values.append(position)
        try:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            db = sqlite3.connect(uri, uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise translated(self._path, error) from error
        try:
            found = db.execute(
                "SELECT seq, epoch, kind, position, payload, at FROM journal"  # noqa: S608
                f" WHERE {where} ORDER BY seq LIMIT ?",
                (*values, limit),
            ).fetchall()
        except sqlite3.Error as error:
            raise translated(self._path, error) from error
        finally:
            db.close()
        return [
            StoredRow(seq=s, epoch=ep, kind=k, position=p, payload=pl, at_ns=at)
            for s, ep, k, p, pl, at in found
        ]

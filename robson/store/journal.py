"""The journal: one append-only, hash-chained table in SQLite, durable before anything is believed.

One connection writes and checkpoints, on one thread. No code opens the file except through sqlite3:
closing any other descriptor of it would drop SQLite's locks and let an outsider delete the WAL.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from robson.domain import events as e
from robson.domain.errors import JournalCorrupt, JournalForeign, StoreError
from robson.domain.intents import PlaceOrder
from robson.domain.ports import Recorded
from robson.domain.reports import Fill
from robson.store.codec import EVENT_KINDS, decode, encode

FILE_NAME = "journal.db"
SCHEMA_VERSION = "1"
BUSY_MS = 400
CHECKPOINT_EVERY = 500
"""Commits between two passive checkpoints: the WAL stays small, nobody waits."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
  seq INTEGER PRIMARY KEY, writer TEXT NOT NULL, epoch INTEGER NOT NULL,
  prev_hash TEXT NOT NULL, hash TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL,
  position TEXT, payload TEXT NOT NULL, at INTEGER NOT NULL, written_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_position ON journal (account, position, seq);
CREATE TABLE IF NOT EXISTS intents (
  client_order_id TEXT PRIMARY KEY, account TEXT NOT NULL, position TEXT NOT NULL,
  role TEXT NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL, status TEXT NOT NULL,
  request_ts_ms INTEGER, UNIQUE (position, role, attempt)
) STRICT;
CREATE TABLE IF NOT EXISTS fills (
  account TEXT NOT NULL, position TEXT NOT NULL, exchange_trade_id INTEGER NOT NULL,
  client_order_id TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL,
  commission TEXT NOT NULL, commission_asset TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (account, position, exchange_trade_id)
) STRICT;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
_INSERT = "INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_SENT = (
    "UPDATE intents SET status = 'executing', request_ts_ms = ?"
    " WHERE account = ? AND client_order_id = ?"
)
GENESIS = "0" * 64


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


def row_hash(prev_hash: str, *fields: object) -> str:
    """Hash of a row and everything before it."""
    material = "\x1f".join([prev_hash, *(str(field) for field in fields)])
    return hashlib.sha256(material.encode()).hexdigest()


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
            self._prepare()
            self._take_over()
        except sqlite3.DatabaseError as error:
            raise _translated(self.path, error) from error

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA wal_autocheckpoint=0")
        found = db.execute("PRAGMA quick_check").fetchone()
        if found is None or found[0] != "ok":
            raise JournalCorrupt(f"{self.path} is damaged: {found[0] if found else 'no answer'}")
        db.executescript(_SCHEMA)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _take_over(self) -> None:
        """All of it or, where anything is refused, nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._become_owner()
        except StoreError:
            self._db.close()
            raise
        self._db.execute("COMMIT")

    def _become_owner(self) -> None:
        self.journal_id = self._stamp()
        self.seq, self._head, last_epoch = self._verify()
        taken = self._meta("epoch", "0")
        if not taken.isdecimal() or int(taken) < last_epoch:
            # An epoch is in every order's id: one that comes again would fence nothing.
            raise JournalCorrupt(f"{self.path}: its epoch is {taken}, its last row's {last_epoch}")
        self.epoch = int(taken) + 1
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (str(self.epoch),))

    def _stamp(self) -> str:
        mine = {
            "schema": SCHEMA_VERSION,
            "profile": self._identity.profile,
            "account": self._identity.account,
        }
        for key, value in mine.items():
            stamped = self._meta(key, value)
            if stamped != value:
                raise JournalForeign(
                    f"{self.path} belongs to {key} {stamped}, not {value};"
                    " give this daemon its own --state-dir"
                )
        return self._meta("journal_id", self._new_id())

    def _meta(self, key: str, default: str) -> str:
        self._db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, default))
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0])

    def _verify(self) -> tuple[int, str, int]:
        """Check every row; the last one's number, hash and epoch."""
        head, seq, epoch = GENESIS, 0, 0
        for row in self._db.execute("SELECT * FROM journal ORDER BY seq"):
            if row[0] != seq + 1:
                raise JournalCorrupt(f"{self.path}: row {seq + 1} is missing, {row[0]} follows")
            seq = row[0]
            if row[3] != head or row[4] != row_hash(head, *row[:3], *row[5:]):
                raise JournalCorrupt(f"{self.path}: row {seq} is not what its hash says")
            if row[5] not in EVENT_KINDS:
                raise JournalForeign(
                    f"{self.path}: row {seq} is of kind {row[5]}, which only a newer Robson knows"
                )
            head, epoch = row[4], row[2]
        return seq, head, epoch

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
            raise _translated(self.path, error) from error
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
        for statement, values in _projections(event, self._identity.account, self.epoch):
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
            db = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise _translated(self._path, error) from error
        try:
            found = db.execute(
                "SELECT seq, epoch, kind, position, payload, at FROM journal"  # noqa: S608
                f" WHERE {where} ORDER BY seq LIMIT ?",
                (*values, limit),
            ).fetchall()
        except sqlite3.Error as error:
            raise _translated(self._path, error) from error
        finally:
            db.close()
        return [
            StoredRow(seq=s, epoch=ep, kind=k, position=p, payload=pl, at_ns=at)
            for s, ep, k, p, pl, at in found
        ]


Statement = tuple[str, tuple[object, ...]]


def _projections(event: e.Event, account: str, epoch: int) -> Iterator[Statement]:
    """What a row changes in the tables beside the journal; they are never read for recovery."""
    match event:
        case e.EntryRequested() | e.ExitRequested() | e.InsuranceRequested():
            yield _intent(event.order, event.attempt, account, epoch)
        case e.OrderSending():
            yield (
                _SENT,
                (event.timestamp_ms, account, event.client_id),
            )
        case e.OrderUnknown():
            yield _status("unknown", account, event.client_id)
        case e.EntryFailed() | e.ExitRetry() | e.InsuranceFailed():
            yield _status("failed", account, event.client_id)
        case e.InsurancePlaced() | e.EntryAccepted():
            yield _status("resting", account, event.client_id)
        case e.InsuranceCancelled():
            yield _status("cancelled", account, event.client_id)
        case e.EntryFilled() | e.ExitFilled() | e.InsuranceFilled():
            yield _status("completed", account, event.client_id)
            for fill in event.fills:
                yield _fill(fill, account, event.position)


def _intent(order: PlaceOrder, attempt: int, account: str, epoch: int) -> Statement:
    values = (
        order.client_id,
        account,
        order.position,
        order.purpose.value,
        attempt,
        epoch,
        "pending",
    )
    return "INSERT INTO intents VALUES (?,?,?,?,?,?,?,NULL)", values


def _status(status: str, account: str, client_id: str) -> Statement:
    return (
        "UPDATE intents SET status = ? WHERE account = ? AND client_order_id = ?",
        (status, account, client_id),
    )


def _fill(fill: Fill, account: str, position: str) -> Statement:
    values = (
        account,
        position,
        fill.trade_id,
        fill.client_id,
        format(fill.price, "f"),
        format(fill.quantity, "f"),
        format(fill.commission, "f"),
        fill.commission_asset,
        fill.at_ns,
    )
    return "INSERT OR IGNORE INTO fills VALUES (?,?,?,?,?,?,?,?,?)", values


def _translated(path: Path, error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return JournalCorrupt(f"{path} is damaged ({name}): {error}")
    return StoreError(f"{path} cannot be read or written ({name}): {error}")

"""The journal: one append-only, hash-chained table in SQLite, durable before anything is believed.

One connection writes and checkpoints, on one thread. No code opens the file except through sqlite3:
closing any other descriptor of it would drop SQLite's locks and let an outsider delete the WAL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from robson.domain import events as e
from robson.domain.errors import JournalCorrupt, JournalForeign, StoreError
from robson.domain.ports import Recorded
from robson.store import alerts, snapshots
from robson.store.codec import decode, encode
from robson.store.emergency import FILE_NAME as EMERGENCY
from robson.store.emergency import EmergencyFile, Row
from robson.store.reserve import Reserve
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
_HASH = "SELECT hash FROM journal WHERE seq = ?"


@attrs.frozen(kw_only=True)
class JournalIdentity:
    """What a journal belongs to; it refuses to open under another."""

    profile: str
    account: str


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"


class SqliteJournal:
    """The writer. Opening verifies the whole chain and takes the next epoch.

    Args:
        directory: the state directory; its lock is held by the caller.
        wall_ns: wall clock, for ``written_at`` only.
        new_id: makes the journal's own identity when it is new.
        emergency: where rows go once the database cannot be written; without it that is an error.
            With it goes the room that a start on a full disk gives up.
        begins: at once; else nothing is written, the epoch included, until ``begin``.

    Attributes:
        failed: why the database is not written any more; None while it is.

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
        emergency: EmergencyFile | None = None,
        begins: bool = True,
    ) -> None:
        self.failed: StoreError | None = None
        self._durable = 0
        self._emergency = emergency
        self._reserve = Reserve(directory) if emergency is not None else None
        self.path = directory / FILE_NAME
        self._identity = identity
        self._wall_ns = wall_ns
        self._new_id = new_id
        self._commits = 0
        self._begun, self._is_new = False, not self.path.exists()
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None)
        except sqlite3.Error as error:
            raise translated(self.path, error) from error
        try:
            self._prepare()
            self._take_over()
            if begins:
                self.begin()
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
        """Prepare the next epoch in a transaction that ``begin`` ends and closing takes back: what
        refuses a start, here or in a caller, leaves the journal as it was.
        """
        self._db.execute("BEGIN IMMEDIATE")
        meta = read_meta(self._db, self.path)
        for statement in SCHEMA:
            self._db.execute(statement)
        meta, tail = self._believed(meta)
        self.kept_alerts()  # one that is not as it was written refuses the start
        tail = self._carry_over(tail)
        self.seq, self._head = tail.seq, tail.head
        self.journal_id = meta["journal_id"]
        self.epoch = int(meta["epoch"]) + 1
        meta["epoch"] = str(self.epoch)
        meta["seal"] = seal_of(meta)
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())

    def begin(self) -> None:
        """Take the next epoch, durably: from here on the journal is written.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            self._take_epoch()
        except sqlite3.Error as error:
            raise translated(self.path, error) from error
        self._begun = True
        if self._emergency is not None and self._emergency.read():
            self._emergency.clear()
        if self._reserve is not None:
            self._reserve.keep()

    def _take_epoch(self) -> None:
        """End the transaction; on a full disk once more, in the room that was kept for it."""
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if not _is_full(error) or self._reserve is None or not self._reserve.give_up():
                raise
            if not self._db.in_transaction:
                self._take_over()
            self._db.execute("COMMIT")
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            if not _is_full(error):
                raise  # the log keeps what found no room in the table

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

        After the database has failed once it is not written any more: a later commit could succeed
        on top of one that was lost. Rows then go to the emergency file.

        Raises:
            StoreError: nothing of it may be relied on.
        """
        if not events:
            return ()
        rows = self._rows(events)
        if self.failed is None:
            try:
                self._commit(rows)
            except sqlite3.IntegrityError as error:
                self._take_back()
                raise translated(self.path, error) from error
            except sqlite3.Error as error:
                self._take_back()
                self.give_up(translated(self.path, error))
        if self.failed is not None:
            self._last_resort(self.failed, rows)
        self.seq, self._head = rows[-1][0], rows[-1][4]
        return tuple(
            Recorded(seq=row[0], epoch=self.epoch, event=event)
            for row, event in zip(rows, events, strict=True)
        )

    def _rows(self, events: Sequence[e.Event]) -> list[Row]:
        """The rows, made once: wherever they are written, they are the same to the last byte."""
        rows: list[Row] = []
        head = self._head
        for seq, event in enumerate(events, self.seq + 1):
            kind, payload = encode(event)
            fields = (
                kind,
                self._identity.account,
                getattr(event, "position", None),
                payload,
                event.at_ns,
                self._wall_ns(),
            )
            first = (seq, self.journal_id, self.epoch)
            digest = row_hash(head, *first, *fields)
            rows.append((*first, head, digest, *fields))
            head = digest
        return rows

    def _commit(self, rows: list[Row]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        for row in rows:
            self._insert(row)
        self._db.execute("COMMIT")
        self._checkpoint()

    def keep(self, payload: str) -> None:
        """Make durable what all rows so far have come to; nothing while the database has failed.

        Raises:
            StoreError: as ``append``.
        """
        snapshot = snapshots.Snapshot(seq=self.seq, payload=payload)
        self._beside(lambda db: snapshots.keep(db, snapshot, self._head))

    def keep_alert(self, alert: alerts.KeptAlert) -> bool:
        """Make durable what is to be told outside; False when the database has failed.

        Raises:
            StoreError: as ``append``.
        """
        return self._beside(lambda db: alerts.keep(db, self._identity.account, alert))

    def kept_alerts(self) -> Sequence[alerts.KeptAlert]:
        """Every message that was to be told, oldest first.

        Raises:
            JournalCorrupt: one is not as it was written.
        """
        return alerts.every(self._db, self._identity.account, self.path)

    def _beside(self, write: Callable[[sqlite3.Connection], None]) -> bool:
        """Make something durable that is no row; False when the database has failed."""
        if self.failed is not None:
            return False
        try:
            self._db.execute("BEGIN IMMEDIATE")
            write(self._db)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._take_back()
            self.give_up(translated(self.path, error))
            return False
        return True

    def _insert(self, row: Row) -> None:
        self._db.execute(_INSERT, row)
        _, _, epoch, _, _, kind, account, _, payload, _, _ = row
        for statement, values in projections(kind, payload, account, epoch):
            self._db.execute(statement, values)

    def _take_back(self) -> None:
        with suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")

    # --- when the database cannot be written -----------------------------------------------------

    def give_up(self, reason: StoreError) -> None:
        """Write the database no more. Whoever decides must let nothing new begin.

        Raises:
            StoreError: the same, where there is no emergency file.
        """
        if self._emergency is None:
            raise reason
        if self.failed is None:
            self.failed, self._durable = reason, self.seq

    def files_lost(self, reason: StoreError) -> None:
        """A file was taken away under us. We still hold it: bring what the log has into the table.

        Raises:
            StoreError: as ``give_up``.
        """
        with suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self.give_up(reason)

    def _last_resort(self, failed: StoreError, rows: list[Row]) -> None:
        assert self._emergency is not None
        try:
            self._emergency.append(rows)
        except StoreError as worse:
            raise StoreError(f"{failed}; and {worse}") from worse

    def _carry_over(self, tail: Tail) -> Tail:
        """Take over what the last process could only write into the emergency file."""
        waiting = self._emergency.read() if self._emergency is not None else []
        for row in waiting:
            seq, digest = row[0], row[4]
            if seq <= tail.seq:  # a commit that failed may still have reached the disk
                known = self._db.execute(_HASH, (seq,)).fetchone()
                follows = known is not None and known[0] == digest
            else:
                follows = seq == tail.seq + 1 and row[3] == tail.head
                follows = follows and digest == row_hash(tail.head, *row[:3], *row[5:])
            if not follows:
                raise JournalCorrupt(
                    f"{EMERGENCY}: row {seq} does not follow row {tail.seq} of {self.path};"
                    " move that file away if this journal was restored from a copy"
                )
            if seq > tail.seq:
                self._insert(row)
                tail = Tail(seq=seq, head=digest, epoch=row[2], writer=row[1])
        return tail

    def _checkpoint(self) -> None:
        self._commits += 1
        if self._commits % CHECKPOINT_EVERY == 0:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    # --- reading ---------------------------------------------------------------------------------

    def read(self, after_seq: int = 0) -> Iterator[Recorded]:
        """All events after a sequence number, decoded; those in the emergency file come last."""
        last = self.seq if self.failed is None else self._durable
        rows = self._db.execute(
            "SELECT seq, epoch, kind, payload FROM journal"
            " WHERE account = ? AND seq > ? AND seq <= ? ORDER BY seq",
            (self._identity.account, after_seq, last),
        )
        for seq, epoch, kind, payload in rows:
            yield Recorded(seq=seq, epoch=epoch, event=decode(kind, payload))
        if self.failed is not None and self._emergency is not None:
            for row in self._emergency.read():
                if row[0] > after_seq:
                    yield Recorded(seq=row[0], epoch=row[2], event=decode(row[5], row[8]))

    def pairs(self) -> list[str]:
        """Every pair on which a position was ever armed, as one word."""
        found = self._db.execute(
            "SELECT DISTINCT json_extract(payload, '$.scope.symbol.base') ||"
            " json_extract(payload, '$.scope.symbol.quote') FROM journal"
            " WHERE account = ? AND kind GLOB 'position_armed.*'",
            (self._identity.account,),
        )
        return [pair for (pair,) in found if pair is not None]

    def kept(self) -> snapshots.Snapshot | snapshots.Doubted | None:
        """The newest snapshot, or why it is not believed; None where there is none."""
        try:
            return snapshots.newest(self._db)
        except sqlite3.Error as error:
            return snapshots.Doubted(str(error))

    def close(self) -> None:
        """Leave the file in order; one that was made and never begun is taken away."""
        self._db.close()
        if self._is_new and not self._begun:
            for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
                self.path.with_name(name).unlink(missing_ok=True)
        if self._emergency is not None:
            self._emergency.close()
            if self._is_new and not self._begun:
                self._emergency.path.unlink(missing_ok=True)

"""The exchange's memory: append-only books, in memory or in one SQLite file.

What ``commit`` returned from survives a crash (WAL, ``synchronous=FULL``). The file has one writer;
anybody else opens it read-only, through SQLite and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from robson.connectors.simulated.codec import decode, encode
from robson.connectors.simulated.entries import Entry
from robson.domain.errors import StoreError

FORMAT = 1
"""Version of the file; a newer one is refused."""

_SCHEMA = """
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
)
"""


class Books(Protocol):
    """Append-only entries, numbered from 1 without a gap."""

    def append(self, entry: Entry) -> None:
        """Add to the transaction that is open."""

    def commit(self) -> None:
        """Make durable what was added since the last commit.

        Raises:
            StoreError: nothing of it may be relied on.
        """

    def entries(self, after: int = 0) -> Sequence[Entry]:
        """All committed entries but the first ``after`` ones, in order."""

    def close(self) -> None:
        """Let go of the file; what was not committed is lost."""


class MemoryBooks:
    """Books for simulations: as long as the process lives."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self.append = self._entries.append

    def commit(self) -> None:
        """Do nothing: an entry in memory is as durable as it gets."""

    def entries(self, after: int = 0) -> Sequence[Entry]:
        """All entries but the first ``after`` ones."""
        return self._entries[after:]

    def close(self) -> None:
        """Do nothing."""


class SqliteBooks:
    """Books in one file. One thread at a time may use an object of this class.

    Args:
        path: the file; made, with its directory, unless ``read_only``.
        read_only: for looking while another process writes, or after it died.

    Raises:
        StoreError: the file cannot be opened, or is of a newer format.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._pending: list[Entry] = []
        try:
            self._connection = _open(path, read_only=read_only)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot open the exchange's books {path}: {error}") from error
        try:
            self._count = _prepare(self._connection, read_only=read_only)
        except (sqlite3.Error, StoreError) as error:
            self._connection.close()
            raise StoreError(f"cannot use the exchange's books {path}: {error}") from error

    def append(self, entry: Entry) -> None:
        """Add to the transaction that is open."""
        self._pending.append(entry)

    def commit(self) -> None:
        """Write and sync the open transaction; with nothing added, do nothing.

        Raises:
            StoreError: it may not be durable. The books must be opened again.
        """
        if not self._pending:
            return
        rows = [
            (seq, entry.at_ns, *encode(entry))
            for seq, entry in enumerate(self._pending, self._count + 1)
        ]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"cannot write the exchange's books {self._path}: {error}") from error
        self._count += len(rows)
        self._pending.clear()

    def entries(self, after: int = 0) -> Sequence[Entry]:
        """All committed entries but the first ``after`` ones, read from the file."""
        query = "SELECT kind, body FROM entries WHERE seq > ? ORDER BY seq"
        try:
            rows = self._connection.execute(query, (after,)).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the exchange's books {self._path}: {error}") from error
        return [decode(kind, body) for kind, body in rows]

    def close(self) -> None:
        """Close the file; what was not committed is lost."""
        self._connection.close()


def _open(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if read_only:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None)
    path.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, *, read_only: bool) -> int:
    """Set the file up and return how many entries it holds."""
    connection.execute("PRAGMA busy_timeout = 400")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > FORMAT:
        raise StoreError(f"the books are of format {version}, this Robson reads up to {FORMAT}")
    if read_only:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    if version == 0 and not read_only:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    (count,) = connection.execute("SELECT coalesce(max(seq), 0) FROM entries").fetchone()
    return int(count)

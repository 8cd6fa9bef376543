"""A second, read-only look at a journal: for the API beside its writer, and without a daemon."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import attrs

from robson.store.journal import FILE_NAME
from robson.store.trust import translated


@attrs.frozen(kw_only=True)
class StoredRow:
    """A row for readers, payload undecoded."""

    seq: int
    epoch: int
    kind: str
    position: str | None
    payload: str
    at_ns: int


class JournalReader:
    """Rows of one account; never writes, never checkpoints."""

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

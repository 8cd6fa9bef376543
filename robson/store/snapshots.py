"""What the rows had come to, kept beside them, so that a start need not fold from the first one.

A snapshot is a saving of time and never a source: it is believed only by the code that wrote it, at
the row after which it was written, and only as it was written. Otherwise the rows are folded.
"""

from __future__ import annotations

import hashlib
import sqlite3
from functools import lru_cache
from pathlib import Path

import attrs

import robson
from robson.store.trust import row_hash

_CODE = ("domain", "engine/invariants", "store/codec.py", "daemon/roster.py")
"""What a state is made by and read back by, below the package."""


@attrs.frozen(kw_only=True)
class Snapshot:
    """The state after row ``seq``, as text."""

    seq: int
    payload: str


@attrs.frozen
class Doubted:
    """There is a snapshot, and ``why`` it is not believed."""

    why: str


@lru_cache(maxsize=1)
def version() -> str:
    """A hash of the code that folds; empty where its text is not there to be read."""
    root = Path(robson.__path__[0])
    texts = sorted(
        path
        for place in _CODE
        for path in ((root / place).rglob("*.py") if (root / place).is_dir() else [root / place])
    )
    if not texts or not all(path.is_file() for path in texts):
        return ""
    return hashlib.sha256(b"\x1f".join(path.read_bytes() for path in texts)).hexdigest()


def keep(db: sqlite3.Connection, snapshot: Snapshot, head: str) -> None:
    """Put a snapshot in the place of the last one, inside the caller's transaction."""
    fields = (snapshot.seq, head, version(), snapshot.payload)
    db.execute("DELETE FROM snapshots")
    db.execute("INSERT INTO snapshots VALUES (?,?,?,?,?)", (*fields, _sealed(*fields)))


def newest(db: sqlite3.Connection) -> Snapshot | Doubted | None:
    """The newest snapshot, if there is one. The rows have been verified before."""
    found = db.execute("SELECT * FROM snapshots ORDER BY seq DESC LIMIT 1").fetchone()
    if found is None:
        return None
    *fields, seal = found
    seq, head, by, payload = fields
    row = db.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
    if seal != _sealed(*fields):
        return Doubted("it is not what its hash says")
    if row is None or row[0] != head:
        return Doubted(f"row {seq} is not the one after which it was written")
    if not by or by != version():
        return Doubted("another Robson wrote it")
    return Snapshot(seq=seq, payload=payload)


def _sealed(seq: int, head: str, by: str, payload: str) -> str:
    return row_hash(head, seq, by, payload)

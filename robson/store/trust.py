"""Whether a journal may be believed: every page, table, row and projection, before any is used.

The writer asks this when it opens the file, ``robsond verify-journal`` and ``backup`` ask it of a
file they only read. What is found is named; nothing is ever repaired.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import attrs

from robson.domain.errors import JournalCorrupt, JournalForeign, StoreError
from robson.store.codec import EVENT_KINDS
from robson.store.tables import PROJECTED, SCHEMA, SCHEMA_VERSION, TABLES, projections

GENESIS = "0" * 64
_UNREADABLE = "Could not decode to UTF-8"
"""What Python's sqlite3 says of a text that is none."""
META = ("account", "epoch", "journal_id", "profile", "schema", "seal")


@attrs.frozen(kw_only=True)
class Tail:
    """The end of a verified chain: number, hash and epoch of the last row, and who wrote it."""

    seq: int = 0
    head: str = GENESIS
    epoch: int = 0
    writer: str | None = None


def row_hash(prev_hash: str, *fields: object) -> str:
    """Hash of a row and everything before it."""
    material = "\x1f".join([prev_hash, *(str(field) for field in fields)])
    return hashlib.sha256(material.encode()).hexdigest()


def seal_of(meta: dict[str, str]) -> str:
    """Hash of whose a journal is and how far its epochs have come."""
    return row_hash(GENESIS, *(f"{key}={meta[key]}" for key in sorted(meta) if key != "seal"))


def translated(path: Path, error: sqlite3.Error) -> StoreError:
    """SQLite's error as ours: damage, or a file that cannot be read or written."""
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    damaged = name.startswith("SQLITE_CORRUPT") or name == "SQLITE_NOTADB"
    if damaged or _UNREADABLE in str(error):
        return JournalCorrupt(f"{path} is damaged ({name}): {error}")
    return StoreError(f"{path} cannot be read or written ({name}): {error}")


def check_pages(db: sqlite3.Connection, path: Path) -> None:
    """Have SQLite look at every page and compare every index with its table.

    Raises:
        JournalCorrupt: with what SQLite says first.
    """
    if told := _integrity(db, "1"):
        named = [(table, said) for table in TABLES if (said := _integrity(db, table))]
        table, told = named[0] if named else ("none of its own", told)
        raise JournalCorrupt(f"{path} is damaged, table {table}: {told}")


def _integrity(db: sqlite3.Connection, what: str) -> str:
    """SQLite's first complaint about a table, or about anything (``1``); empty for none."""
    try:
        found = db.execute(f"PRAGMA integrity_check({what})").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_ERROR":
            return ""  # an earlier release did not make that table
        if error.sqlite_errorname != "SQLITE_CORRUPT":
            raise
        return str(error)
    told = str(found[0]) if found else "no answer"
    return "" if told == "ok" else told.splitlines()[-1]


def check_tables(db: sqlite3.Connection, path: Path) -> None:
    """The tables are those that Robson makes, word for word, and nothing stands beside them.

    A trigger would change rows as they are written.
    """
    with closing(sqlite3.connect(":memory:")) as mine:
        _make_tables(mine)
        known = dict(_objects(mine))
    for name, text in _objects(db):
        if known.get(name) != text:
            raise JournalCorrupt(f"{path}: {name} is no table or index as Robson makes it")


def _make_tables(db: sqlite3.Connection) -> None:
    for statement in SCHEMA:
        db.execute(statement)


def _objects(db: sqlite3.Connection) -> Iterable[tuple[str, str | None]]:
    return list(db.execute("SELECT name, sql FROM sqlite_schema"))


def read_meta(db: sqlite3.Connection, path: Path) -> dict[str, str]:
    """Whose the journal is, as it was sealed; empty for a new file.

    Raises:
        JournalForeign: of another schema, so nothing else may be read.
        JournalCorrupt: not as it was sealed, or a part is missing.
    """
    if "meta" not in dict(_objects(db)):
        return {}
    meta = {str(key): str(value) for key, value in db.execute("SELECT key, value FROM meta")}
    if not meta:
        return meta
    schema = meta.get("schema", "unknown")
    if schema != SCHEMA_VERSION:
        raise JournalForeign(
            f"{path} belongs to schema {schema}, not {SCHEMA_VERSION};"
            " start the Robson that wrote it"
        )
    if meta.keys() - {"seal"} != set(META) - {"seal"}:
        odd = ", ".join(sorted((meta.keys() ^ set(META)) - {"seal"}))
        raise JournalCorrupt(f"{path}: table meta lacks, or should not have, {odd}")
    # A journal of the first Robson has no seal; it gets one when it is next opened.
    if meta.get("seal", seal_of(meta)) != seal_of(meta):
        raise JournalCorrupt(f"{path}: table meta is not what its seal says")
    return meta


def check_chain(db: sqlite3.Connection, path: Path) -> Tail:
    """Every row is what its hash says, and follows the one before it.

    Raises:
        JournalCorrupt: with the row.
        JournalForeign: a row of a kind that this Robson does not know.
    """
    tail = Tail()
    rows = db.execute("SELECT * FROM journal ORDER BY seq")
    while True:
        seq = tail.seq + 1
        try:
            row = rows.fetchone()
        except sqlite3.OperationalError as error:
            if _UNREADABLE not in str(error):
                raise
            raise JournalCorrupt(f"{path}: row {seq} cannot be read: {error}") from error
        if row is None:
            return tail
        if row[0] != seq:
            raise JournalCorrupt(f"{path}: row {seq} is missing, {row[0]} follows")
        if row[3] != tail.head or row[4] != row_hash(tail.head, *row[:3], *row[5:]):
            raise JournalCorrupt(f"{path}: row {seq} is not what its hash says")
        if row[5] not in EVENT_KINDS:
            raise JournalForeign(
                f"{path}: row {seq} is of kind {row[5]}, which only a newer Robson knows"
            )
        tail = Tail(seq=seq, head=row[4], epoch=row[2], writer=row[1])


def check_owner(meta: dict[str, str], tail: Tail, path: Path) -> None:
    """The rows are this journal's own, and its epoch is not behind theirs."""
    taken = meta.get("epoch", "0")
    if not taken.isdecimal() or int(taken) < tail.epoch:
        # An epoch is in every order's id: one that comes again would fence nothing.
        raise JournalCorrupt(f"{path}: its epoch is {taken}, its last row's {tail.epoch}")
    if tail.writer is not None and tail.writer != meta["journal_id"]:
        raise JournalCorrupt(f"{path}: row {tail.seq} was written into another journal")


def check_projections(db: sqlite3.Connection, path: Path) -> None:
    """Orders and fills are those that the rows make, no more and no less.

    Raises:
        JournalCorrupt: with the table and the first row that differs.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as again:
        _make_tables(again)
        for seq, *row in db.execute(
            "SELECT seq, kind, payload, account, epoch FROM journal ORDER BY seq"
        ):
            try:
                for statement, values in projections(*row):
                    again.execute(statement, values)
            except (KeyError, TypeError, ValueError, sqlite3.Error) as error:
                raise JournalCorrupt(f"{path}: row {seq} cannot be projected: {error}") from error
        for table in PROJECTED:
            everything = f"SELECT * FROM {table} ORDER BY 1, 2, 3"  # noqa: S608 - our own names
            _compare(table, list(db.execute(everything)), list(again.execute(everything)), path)


def _compare(
    table: str, there: list[tuple[object, ...]], made: list[tuple[object, ...]], path: Path
) -> None:
    if there == made:
        return
    differs = next(iter((set(there) - set(made)) or (set(made) - set(there))))
    key = "/".join(str(part) for part in differs[: 1 if table == "intents" else 3])
    raise JournalCorrupt(f"{path}: {key} in table {table} is not what the rows say")

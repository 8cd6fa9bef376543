"""Starts on a journal that cannot be trusted: exit code 76, one line, and not a byte is changed."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from robson.store.trust import row_hash
from tests.e2e import shapes
from tests.e2e.harness import arm, folder, refused, running

CORRUPT = 76


@pytest.fixture(scope="module")
def tapes_() -> Iterator[tuple[str, ...]]:
    with folder() as made:
        past, tape = shapes.write_past(made), shapes.write_path(made, shapes.still(60))
        yield ("--tape", str(tape), "--history", str(past))


@pytest.fixture(scope="module")
def lived(tapes_: tuple[str, ...]) -> Iterator[Path]:
    """A state directory with one whole life in it; copied by whoever damages it."""
    with folder() as made, running(made / "s", *tapes_, "--hold", "--speed", "max") as robsond:
        client = robsond.start()
        robsond.settles(client, arm(client))
        assert robsond.stop().code == 0
        yield made / "s"


def contents(place: Path) -> dict[str, str]:
    """What matters of a state directory: journal, tokens, the exchange's books, by content."""
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (place / "journal.db", place / "token", *(place / "exchange").iterdir())
        if not path.name.endswith(("-shm", "-wal"))
    }


def digit(db: sqlite3.Connection) -> None:
    """One digit of one number, as a bad disk or a curious person would leave it."""
    db.execute(
        "UPDATE journal SET payload = replace(payload, '60012', '60013')"
        " WHERE kind = 'entry_filled.v1'"
    )
    assert db.total_changes == 1


def swapped(db: sqlite3.Connection) -> None:
    for seq, to in ((5, -1), (6, 5), (-1, 6)):
        db.execute("UPDATE journal SET seq = ? WHERE seq = ?", (to, seq))


def missing(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM journal WHERE seq = 7")


def newer_kind(db: sqlite3.Connection) -> None:
    """A row that is whole, of a kind that only a later Robson knows."""
    head = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    first = (head[0] + 1, "writer", 1)
    rest = ("position_dreamt.v9", "main", None, "{}", 1, 1)
    digest = row_hash(head[1], *first, *rest)
    db.execute(
        "INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?)", (*first, head[1], digest, *rest)
    )


def newer_schema(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")


def odd_epoch(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET value = 'many' WHERE key = 'epoch'")


def forgotten_epoch(db: sqlite3.Connection) -> None:
    """The next process would take one that was used before."""
    db.execute("DELETE FROM meta WHERE key = 'epoch'")


DAMAGE: dict[str, tuple[Callable[[sqlite3.Connection], None], str]] = {
    "digit": (digit, "is not what its hash says"),
    "swapped": (swapped, "is not what its hash says"),
    "missing": (missing, "is missing"),
    "newer kind": (newer_kind, "newer Robson knows"),
    "newer schema": (newer_schema, "schema"),
    "odd epoch": (odd_epoch, "table meta is not what its seal says"),
    "forgotten epoch": (forgotten_epoch, "table meta lacks, or should not have, epoch"),
}


def copy_of(lived: Path, place: Path) -> Path:
    return Path(shutil.copytree(lived, place / "s"))


@pytest.mark.parametrize("name", DAMAGE)
def test_journal_that_cannot_be_trusted(
    lived: Path, place: Path, tapes_: tuple[str, ...], name: str, record_property: Any
) -> None:
    spoil, words = DAMAGE[name]
    copy = copy_of(lived, place)
    with closing(sqlite3.connect(copy / "journal.db", isolation_level=None)) as db:
        spoil(db)
    before = contents(copy)

    ended = refused(copy, *tapes_)

    assert ended.code == CORRUPT
    ended.one_line("journal.db", words, "exit 76")
    assert contents(copy) == before
    record_property("happened", f"start refused with exit 76: {name}")


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_journal_that_was_cut_off(
    lived: Path, place: Path, tapes_: tuple[str, ...], kept: float, record_property: Any
) -> None:
    copy = copy_of(lived, place)
    journal = copy / "journal.db"
    size = journal.stat().st_size
    # Nothing at all is an empty database to SQLite; so something else stands there.
    text = journal.read_bytes()[: int(size * kept)] or b"not a database, whatever its name" * 50
    journal.write_bytes(text)

    ended = refused(copy, *tapes_)

    assert ended.code == CORRUPT
    ended.one_line("journal.db", "exit 76")
    record_property("happened", f"start refused with exit 76: cut off at {kept:.0%}")


def test_journal_of_another_account(lived: Path, place: Path, tapes_: tuple[str, ...]) -> None:
    copy = copy_of(lived, place)
    before = contents(copy)

    ended = refused(copy, *tapes_, ROBSON__INSTANCE__ACCOUNT="other")

    assert ended.code == CORRUPT
    ended.one_line("account main, not other", "--state-dir")
    assert contents(copy) == before


def test_directory_that_was_refused_is_usable_afterwards(
    lived: Path, place: Path, tapes_: tuple[str, ...]
) -> None:
    copy = copy_of(lived, place)
    assert refused(copy, *tapes_, ROBSON__INSTANCE__ACCOUNT="other").code == CORRUPT
    with running(copy, *tapes_, "--speed", "max") as robsond:
        robsond.start()
        assert robsond.stop().code == 0

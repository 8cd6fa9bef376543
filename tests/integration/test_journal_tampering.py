"""Every small change somebody or some disk can make to a journal: refused and named, or harmless.

Harmless is a journal that opens with exactly the rows it had, or, where its log was cut, with the
first of them. What must never be: it opens, and says something else.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from robson.domain.errors import JournalCorrupt, JournalForeign, StoreError
from robson.domain.events import Event
from robson.store.examine import examine
from tests.integration.every_event import EVERY
from tests.integration.journals import months, opened

TRUTH: tuple[Event, ...] = (*EVERY, *months(700))
PLACES_IN_A_PAGE = 4
DIGITS_IN_A_ROW = 5
NAMED = re.compile(r"row \d+|table \w+|schema \(\w+\)|SQLITE_NOTADB")


@pytest.fixture
def spoilt() -> Iterator[Path]:
    """Where copies are spoilt: in memory if there is a place, because no disk is on trial here."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made) / "s"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed journal of one file, to be copied by whoever spoils it."""
    directory = tmp_path_factory.mktemp("whole")
    with closing(opened(directory)) as journal:
        journal.append(TRUTH)
    assert [path.name for path in directory.iterdir()] == ["journal.db"]
    return directory


def copy_of(whole: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.copytree(whole, place))


def verdict(place: Path, truth: tuple[Event, ...] = TRUTH, *, first_page: bool = False) -> str:
    """What a start makes of it: ``caught`` and named, ``harmless``, or ``prefix``.

    Without its first page a database has no tables that could be named.

    The command that only looks has to come to the same, or nobody could rely on it.
    """
    try:
        examine(place / "journal.db")
        looked = "opens"
    except (JournalCorrupt, JournalForeign):
        looked = "caught"
    said = ""
    try:
        with closing(opened(place)) as journal:
            found = tuple(row.event for row in journal.read())
            assert journal.journal_id == "j" * 32
            assert journal.epoch == 2
            journal.append(months(1))
    except (JournalCorrupt, JournalForeign) as refused:
        said = str(refused)
    if said:
        assert NAMED.search(said) or first_page, f"says no place: {said}"
        assert looked == "caught"
        return "caught"
    assert looked == "opens"
    assert found == truth[: len(found)], "it opens, and is bent"
    return "harmless" if found == truth else "prefix"


def rows(place: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(place / "journal.db")) as db:
        return db.execute(sql).fetchall()


# --- rows ----------------------------------------------------------------------------------------


def test_one_digit_of_a_payload(whole: Path, spoilt: Path, record_property: Any) -> None:
    seen: Counter[str] = Counter()
    for seq, payload in rows(whole, f"SELECT seq, payload FROM journal LIMIT {len(EVERY) + 5}"):
        digits = [place for place, sign in enumerate(payload) if sign.isdigit()]
        for place in digits[:: max(1, len(digits) // DIGITS_IN_A_ROW)]:
            copy = copy_of(whole, spoilt)
            other = str((int(payload[place]) + 1) % 10)
            bent = payload[:place] + other + payload[place + 1 :]
            with closing(sqlite3.connect(copy / "journal.db", isolation_level=None)) as db:
                db.execute("UPDATE journal SET payload = ? WHERE seq = ?", (bent, seq))
            with pytest.raises(JournalCorrupt, match=rf"row {seq} is not what its hash says"):
                opened(copy)
            seen[verdict(copy)] += 1
    assert seen.keys() == {"caught"}
    record_property("note", f"tampering: one digit of a payload, {_told(seen)}")


def test_rows_that_changed_places(whole: Path, spoilt: Path, record_property: Any) -> None:
    seen: Counter[str] = Counter()
    for seq in range(1, len(EVERY) + 1):
        copy = copy_of(whole, spoilt)
        with closing(sqlite3.connect(copy / "journal.db", isolation_level=None)) as db:
            for old, new in ((seq, -1), (seq + 1, seq), (-1, seq + 1)):
                db.execute("UPDATE journal SET seq = ? WHERE seq = ?", (new, old))
        with pytest.raises(JournalCorrupt, match=rf"row {seq} "):
            opened(copy)
        seen[verdict(copy)] += 1
    assert seen.keys() == {"caught"}
    record_property("note", f"tampering: two rows swapped, {_told(seen)}")


# --- bytes ---------------------------------------------------------------------------------------


def flips(data: bytes, page_size: int) -> Iterator[tuple[int, int]]:
    """Places in every page that hold something, spread over it; the last one is in its end."""
    for begin in range(0, len(data), page_size):
        full = [at for at in range(begin, min(begin + page_size, len(data))) if data[at]]
        for place in full[:: max(1, len(full) // PLACES_IN_A_PAGE)]:
            yield begin // page_size, place


def test_one_byte_of_every_page(whole: Path, spoilt: Path, record_property: Any) -> None:
    data = (whole / "journal.db").read_bytes()
    page_size = rows(whole, "PRAGMA page_size")[0][0]
    seen: Counter[str] = Counter()
    pages = set()
    for page, place in flips(data, page_size):
        copy = copy_of(whole, spoilt)
        bent = bytearray(data)
        bent[place] ^= 0x01
        (copy / "journal.db").write_bytes(bent)
        found = verdict(copy, first_page=page == 0)
        assert found != "prefix", f"byte {place}"
        seen[found] += 1
        if found == "caught":
            pages.add(page)
    assert len(pages) >= 50
    record_property(
        "note", f"tampering: one bit in {len(pages)} pages and the first, {_told(seen)}"
    )


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal as kill -9 leaves it: everything is in the log, one commit after another."""
    directory = tmp_path_factory.mktemp("logged")
    aside = tmp_path_factory.mktemp("aside") / "s"
    with closing(opened(directory)) as journal:
        for event in EVERY:
            journal.append((event,))
        # Another process reads the files: closing them in this one would drop SQLite's locks.
        subprocess.run(["cp", "-r", str(directory), str(aside)], check=True)
    (aside / "journal.db-shm").unlink()
    return aside


FRAME, HEADER = 24 + 4096, 32


def test_log_that_is_cut_anywhere(logged: Path, spoilt: Path, record_property: Any) -> None:
    log = (logged / "journal.db-wal").read_bytes()
    frames = (len(log) - HEADER) // FRAME
    seen: Counter[str] = Counter()
    longest = -1
    for number in range(frames + 1):
        for cut in (HEADER + number * FRAME, HEADER + number * FRAME + FRAME // 2):
            copy = copy_of(logged, spoilt)
            (copy / "journal.db-wal").write_bytes(log[:cut])
            seen[verdict(copy, EVERY)] += 1
            kept = len(rows(copy, "SELECT seq FROM journal")) - 1
            assert kept >= longest, "more of the log cannot be fewer rows"
            longest = kept
    assert seen.keys() == {"prefix", "harmless"}
    assert longest == len(EVERY)
    record_property("note", f"tampering: the log cut at {frames} frames and inside, {_told(seen)}")


def test_one_byte_of_every_frame(logged: Path, spoilt: Path, record_property: Any) -> None:
    log = (logged / "journal.db-wal").read_bytes()
    seen: Counter[str] = Counter()
    for begin in range(HEADER, len(log), FRAME):
        for place in (begin, begin + 12, begin + 24 + 100, begin + FRAME - 1):
            copy = copy_of(logged, spoilt)
            bent = bytearray(log)
            bent[place] ^= 0x01
            (copy / "journal.db-wal").write_bytes(bent)
            seen[verdict(copy, EVERY)] += 1
    assert seen.keys() <= {"prefix", "harmless"}
    assert seen["prefix"] > 50
    record_property("note", f"tampering: one bit of every frame, {_told(seen)}")


def test_a_file_that_cannot_be_opened_is_not_damage(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(StoreError) as refused:
        opened(tmp_path)
    assert not isinstance(refused.value, JournalCorrupt)


def _told(seen: Counter[str]) -> str:
    tried = sum(seen.values())
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(seen.items()))
    return f"{tried} tried: {kinds}, 0 bent"

"""Snapshots in the journal file: what a start saves by them, and when it does not believe them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.simulated.rules import instrument_for
from robson.daemon.roster import Folded, Roster
from robson.daemon.snapshots import EVERY, Snapshots
from robson.domain import events as e
from robson.domain.identity import PositionId, Symbol, position_hash
from robson.domain.lifecycle import MachineLaw
from robson.engine.invariants import Audit, Notes
from robson.store import snapshots
from robson.store.codec import decode, encode
from robson.store.examine import examine
from robson.store.journal import SqliteJournal
from robson.store.trust import row_hash
from tests.integration.journals import change, months, opened
from tests.integration.recorded import KEPT, restored

ROWS = 10_000
LIFE = "long-trailing"


def lives(directory: Path) -> Iterator[tuple[e.Event, ...]]:
    """One recorded life again and again, each time as another position."""
    restored(KEPT / f"{LIFE}.jsonl", directory)
    with closing(opened(directory)) as journal:
        life = [row.event for row in journal.read()]
    armed = next(event for event in life if isinstance(event, e.PositionArmed))
    was = (str(armed.position), position_hash(armed.scope, armed.position))
    number = 0
    while True:
        number += 1
        other = PositionId.of(number)
        now = (str(other), position_hash(armed.scope, other))
        told = [encode(event) for event in life]
        for old, new in zip(was, now, strict=True):
            told = [(kind, payload.replace(old, new)) for kind, payload in told]
        yield tuple(decode(kind, payload) for kind, payload in told)


class Process:
    """What a daemon has of its journal, from opening it on."""

    def __init__(self, directory: Path) -> None:
        began_s = time.perf_counter()
        self.journal: SqliteJournal = opened(directory)
        self.opened_s = time.perf_counter() - began_s
        symbol = Symbol(base="BTC", quote="USDT")
        audit = Audit({str(symbol): instrument_for(symbol)}, keeps=False)
        self.roster = Roster(self.journal, MachineLaw, witness=audit.witness)
        self.memory = audit.memory
        self.snapshots = Snapshots(self.journal, self.roster, self.memory)
        began_s = time.thread_time()  # work, and not what others have made it wait for
        self.folded = self.snapshots.load()
        self.folded_s = time.thread_time() - began_s

    def state(self) -> tuple[Folded, Notes]:
        return self.roster.folded(), self.memory.noted()


def started(directory: Path) -> tuple[int, tuple[Folded, Notes]]:
    """How many rows a start folded, and what it came to."""
    process = Process(directory)
    with closing(process.journal):
        return process.folded, process.state()


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, tuple[Folded, Notes]]:
    """A journal with a snapshot and one position after it."""
    (tmp_path / "life").mkdir()
    several = lives(tmp_path / "life")
    process = Process(tmp_path)
    with closing(process.journal):
        for _ in range(3):
            process.roster.commit(next(several))
        process.snapshots.keep()
        process.roster.commit(next(several))
        return tmp_path, process.state()


def test_a_start_over_many_rows(tmp_path: Path, record_property: Any) -> None:
    (tmp_path / "life").mkdir()
    several = lives(tmp_path / "life")
    process = Process(tmp_path)
    written, longest_s = 0, 0.0
    with closing(process.journal):
        while process.roster.seq < ROWS:
            process.roster.commit(next(several))
            began_s, before = time.perf_counter(), process.snapshots.taken_seq
            process.snapshots.keep_if_due()
            if process.snapshots.taken_seq != before:
                written += 1
                longest_s = max(longest_s, time.perf_counter() - began_s)
        rows, truth = process.roster.seq, process.state()
    assert written == rows // (EVERY + 20), "a life is 30 rows, so one is late by up to 29"
    by_snapshot = Process(tmp_path)
    by_snapshot.journal.close()
    change(tmp_path, "DELETE FROM snapshots")
    whole = Process(tmp_path)
    whole.journal.close()

    assert whole.folded == rows
    assert by_snapshot.folded < EVERY + 100
    assert by_snapshot.state() == whole.state() == truth
    assert by_snapshot.folded_s < whole.folded_s
    told = f"{rows} rows folded in {whole.folded_s:.2f} s, by one in {by_snapshot.folded_s:.2f} s"
    also = f"opening verifies in {by_snapshot.opened_s:.2f} s; the longest of {written} took"
    record_property("note", f"snapshots: {told}; {also} {longest_s * 1_000:.0f} ms to keep")


def test_none_is_kept_while_something_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robson.daemon.snapshots.EVERY", 1)
    (tmp_path / "life").mkdir()
    life = next(lives(tmp_path / "life"))
    process = Process(tmp_path)
    held = []
    with closing(process.journal):
        for event in life:
            process.roster.commit((event,))
            before = process.snapshots.taken_seq
            process.snapshots.keep_if_due()
            if process.snapshots.taken_seq == before:
                held.append(event)
    assert any(isinstance(event, e.EntryFilled) for event in held)
    assert not any(isinstance(event, e.PositionArmed | e.PnlSettled) for event in held)


def _resealed(directory: Path, **other: object) -> None:
    """Somebody who knows how a snapshot is sealed, but not the row or the code it belongs to."""
    with closing(sqlite3.connect(directory / "journal.db", isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM snapshots").fetchone()) | other
        row["hash"] = row_hash(row["row_hash"], row["seq"], row["version"], row["payload"])
        db.execute("DELETE FROM snapshots")
        db.execute("INSERT INTO snapshots VALUES (?,?,?,?,?)", tuple(row.values()))


DOUBTFUL: dict[str, Callable[[Path], None]] = {
    "is not what its hash says": lambda place: change(place, "UPDATE snapshots SET seq = seq + 1"),
    "row 91 is not": lambda place: _resealed(place, seq=91),
    "row 9999 is not": lambda place: _resealed(place, seq=9_999),
    "row 90 is not": lambda place: _resealed(place, row_hash="0" * 64),
    "another Robson": lambda place: _resealed(place, version="0" * 64),
    "cannot be read": lambda place: _resealed(place, payload='{"folded":{},"notes":{}}'),
}


@pytest.mark.parametrize("why", DOUBTFUL)
def test_what_is_not_believed_is_folded(
    kept: tuple[Path, tuple[Folded, Notes]],
    why: str,
    record_property: Any,
) -> None:
    directory, truth = kept
    assert started(directory) == (30, truth), "it is believed as it is"
    DOUBTFUL[why](directory)
    process = Process(directory)
    with closing(process.journal):
        assert (process.folded, process.state()) == (120, truth)
    assert "not used" in process.snapshots.told
    assert why in process.snapshots.told
    record_property("happened", "snapshots: one was not believed, and every row was folded")


def test_one_digit_of_a_snapshot(
    kept: tuple[Path, tuple[Folded, Notes]], record_property: Any
) -> None:
    directory, truth = kept
    with closing(sqlite3.connect(directory / "journal.db")) as db:
        (payload,) = db.execute("SELECT payload FROM snapshots").fetchone()
    digits = [place for place, sign in enumerate(payload) if sign.isdigit()]
    tried = digits[:: len(digits) // 40]
    for place in tried:
        bent = payload[:place] + str((int(payload[place]) + 1) % 10) + payload[place + 1 :]
        with closing(sqlite3.connect(directory / "journal.db", isolation_level=None)) as db:
            db.execute("UPDATE snapshots SET payload = ?", (bent,))
        assert started(directory) == (120, truth)
    record_property("note", f"snapshots: one digit of one, {len(tried)} tried, 0 believed")


def test_code_whose_text_is_not_there_believes_none(
    kept: tuple[Path, tuple[Folded, Notes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, truth = kept
    monkeypatch.setattr(snapshots, "version", lambda: "")
    _resealed(directory, version="")
    assert started(directory) == (120, truth)


def test_a_bent_row_is_still_refused_and_examined(
    kept: tuple[Path, tuple[Folded, Notes]],
) -> None:
    directory, _ = kept
    assert examine(directory / "journal.db").rows == 120
    change(directory, "UPDATE journal SET at = at + 1 WHERE seq = 5")
    with pytest.raises(Exception, match="row 5 is not what its hash says"):
        Process(directory)


def test_a_failed_journal_keeps_none(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.append(months(1))
        journal.failed = OSError("the disk is gone")  # type: ignore[assignment]
        journal.keep("{}")
        assert journal.kept() is None

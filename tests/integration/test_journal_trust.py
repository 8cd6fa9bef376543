"""A journal that is somebody else's, was changed, or would hold twice what may be in it once.

It is refused before anything is done with it, and a refused start leaves it as it was.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson.domain import events as e
from robson.domain.errors import JournalCorrupt, JournalForeign, StoreError
from robson.domain.identity import Purpose
from robson.domain.values import ExchangeNs
from robson.store.journal import JournalIdentity
from robson.store.trust import GENESIS, row_hash
from tests.integration import every_event as some
from tests.integration.every_event import EVERY
from tests.integration.journals import change, months, opened

# --- whose it is, and what was done to it --------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "word"),
    [
        (JournalIdentity(profile="live", account="main"), "profile sim, not live"),
        (JournalIdentity(profile="sim", account="other"), "account main, not other"),
    ],
)
def test_journal_of_somebody_else(tmp_path: Path, identity: JournalIdentity, word: str) -> None:
    opened(tmp_path).close()
    with pytest.raises(JournalForeign, match=word):
        opened(tmp_path, identity)
    with closing(opened(tmp_path)) as journal:
        assert journal.epoch == 2, "a refused start takes no epoch"


def filled(directory: Path) -> None:
    with closing(opened(directory)) as journal:
        journal.append(EVERY)


COLUMNS = {
    "writer": "'w'",
    "epoch": "9",
    "prev_hash": f"'{GENESIS}'",
    "hash": f"'{GENESIS}'",
    "kind": "'shutdown.v1'",
    "account": "'other'",
    "position": "'pos_other'",
    "payload": "replace(payload, '60012.00', '60012.01')",
    "at": "at + 1",
    "written_at": "written_at + 1",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_is_in_the_chain(tmp_path: Path, column: str, record_property: Any) -> None:
    filled(tmp_path)
    change(
        tmp_path,
        f"UPDATE journal SET {column} = {COLUMNS[column]} WHERE kind = 'entry_filled.v1'",
    )
    with pytest.raises(JournalCorrupt, match="not what its hash says"):
        opened(tmp_path)
    record_property("note", f"journal: a change was found in each of {len(COLUMNS)} columns")


@pytest.mark.parametrize(
    ("statements", "error"),
    [
        (("DELETE FROM journal WHERE seq = 5",), JournalCorrupt),
        (("DELETE FROM journal WHERE seq = 1",), JournalCorrupt),
        (("UPDATE meta SET value = '9' WHERE key = 'schema'",), JournalForeign),
        (("UPDATE meta SET value = '0' WHERE key = 'epoch'",), JournalCorrupt),
        (("UPDATE meta SET value = '-1' WHERE key = 'epoch'",), JournalCorrupt),
        (("DELETE FROM meta",), JournalCorrupt),
    ],
)
def test_what_was_taken_away_is_missed(
    tmp_path: Path, statements: tuple[str, ...], error: type[Exception]
) -> None:
    filled(tmp_path)
    change(tmp_path, *statements)
    with pytest.raises(error):
        opened(tmp_path)


def test_rows_that_changed_places(tmp_path: Path) -> None:
    filled(tmp_path)
    moves = ((4, -4), (5, 4), (-4, 5))
    change(tmp_path, *(f"UPDATE journal SET seq = {to} WHERE seq = {seq}" for seq, to in moves))
    with pytest.raises(JournalCorrupt, match="row 4"):
        opened(tmp_path)


def test_kind_of_a_newer_robson(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.append(months(1))
        head = journal._head
    fields = (2, "w", 1, "dreamt.v1", "main", None, "{}", 1, 1)
    digest = row_hash(head, *fields)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as db:
        row = (*fields[:3], head, digest, *fields[3:])
        db.execute("INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
    with pytest.raises(JournalForeign, match="dreamt"):
        opened(tmp_path)


# --- what may stand in it only once --------------------------------------------------------------


def test_client_order_id_is_unique(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.append((asked(Purpose.EXIT, 0),))
        with pytest.raises(StoreError, match="CONSTRAINT"):
            journal.append((asked(Purpose.EXIT, 0),))
    with closing(opened(tmp_path)) as journal:
        assert len([*journal.read()]) == 1


def test_attempt_of_a_purpose_is_unique(tmp_path: Path) -> None:
    """Also under an id of another epoch."""
    first = asked(Purpose.EXIT, 0)
    other = attrs.evolve(first.order, client_id=some.order_id(Purpose.EXIT)[:-1] + "9")
    with closing(opened(tmp_path)) as journal:
        journal.append((first,))
        with pytest.raises(StoreError, match="CONSTRAINT"):
            journal.append((*months(1), attrs.evolve(first, order=other)))
    with closing(opened(tmp_path)) as journal:
        assert len([*journal.read()]) == 1, "the month before it was taken back as well"


def asked(purpose: Purpose, attempt: int) -> e.ExitRequested:
    return e.ExitRequested(
        position=some.POSITION,
        at_ns=ExchangeNs(1),
        order=some.order(purpose, attempt),
        attempt=attempt,
    )


def test_trade_told_twice_is_one_fill(tmp_path: Path) -> None:
    told = [event for event in EVERY if isinstance(event, e.EntryFilled)] * 2
    with closing(opened(tmp_path)) as journal:
        journal.append(told)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        trades = db.execute("SELECT exchange_trade_id, price FROM fills ORDER BY 1").fetchall()
    assert trades == [(1, "60012.00"), (2, "60012.01")]

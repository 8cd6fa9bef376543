"""Alerts in the journal's file: durable beside the rows, sealed, and no row of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from robson.domain.errors import JournalCorrupt
from robson.store.alerts import KeptAlert
from tests.integration.journals import IDENTITY, change, months, opened
from tests.integration.recorded import KEPT, restored

FIRST = KeptAlert(
    number=1,
    kind="raised",
    urgent=True,
    at="2026-01-05T14:03:22.512+00:00",
    about=(("halt", "account", "entries are halted: genug für heute"),),
    waits=("alerts.url", "alerts.command"),
)
SECOND = attrs.evolve(FIRST, number=2, kind="cleared", urgent=False, waits=("alerts.url",))


def test_they_outlive_the_process_and_are_no_rows(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(months(2))
    seq, head = journal.seq, journal.read()
    assert journal.keep_alert(FIRST)
    assert journal.keep_alert(SECOND)
    assert journal.keep_alert(attrs.evolve(FIRST, waits=()))
    assert journal.seq == seq
    assert len([*head]) == 2
    journal.close()

    journal = opened(tmp_path)
    assert [*journal.kept_alerts()] == [attrs.evolve(FIRST, waits=()), SECOND]
    assert [row.event for row in journal.read()] == [*months(2)]
    journal.close()


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE alerts SET about = replace(about, 'halted', 'open') WHERE number = 1",
        "UPDATE alerts SET waits = '[]' WHERE number = 1",
        "UPDATE alerts SET number = 9 WHERE number = 1",
    ],
)
def test_one_that_was_changed_is_refused_by_its_number(tmp_path: Path, lie: str) -> None:
    journal = opened(tmp_path)
    journal.keep_alert(FIRST)
    journal.close()
    change(tmp_path, lie)
    with pytest.raises(JournalCorrupt, match=r"alert [19] is not what its hash says"):
        opened(tmp_path)


@pytest.mark.parametrize("name", sorted(path.name for path in KEPT.glob("*.jsonl")))
def test_a_journal_of_an_earlier_release_gets_the_table(tmp_path: Path, name: str) -> None:
    path = restored(KEPT / name, tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TABLE alerts")
        meta = dict(db.execute("SELECT key, value FROM meta"))
    identity = attrs.evolve(IDENTITY, profile=meta["profile"], account=meta["account"])
    journal = opened(tmp_path, identity)
    assert journal.seq > 0
    assert [*journal.kept_alerts()] == []
    assert journal.keep_alert(FIRST)
    assert [*journal.kept_alerts()] == [FIRST]
    journal.close()

"""A journal looked at and copied beside its writer, and a copy that another goes on from."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from robson.daemon.__main__ import main
from robson.domain.errors import JournalCorrupt, Refused, StoreError
from robson.store.examine import RESTORED_EPOCHS, back_up, examine
from tests.integration.every_event import EVERY
from tests.integration.journals import change, months, opened

TOLD = [
    "account",
    "chain",
    "epoch",
    "journal_id",
    "path",
    "profile",
    "rows",
    "rows_waiting",
    "schema",
]


def test_journal_is_examined_beside_its_writer(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.append(EVERY)
        log = (tmp_path / "journal.db-wal").stat()
        found = examine(tmp_path / "journal.db")
        journal.append(months(1))
        assert (tmp_path / "journal.db-wal").stat().st_ino == log.st_ino, "the log stays"

    assert (found.rows, found.epoch, found.profile) == (len(EVERY), 1, "sim")
    assert examine(tmp_path / "journal.db").rows == len(EVERY) + 1


def test_examining_a_dead_journal_changes_nothing(tmp_path: Path) -> None:
    opened(tmp_path).close()
    before = (tmp_path / "journal.db").read_bytes()
    examine(tmp_path / "journal.db")
    assert (tmp_path / "journal.db").read_bytes() == before


ODD = {
    "order": ("UPDATE intents SET attempt = 7 WHERE role = 'x'", "in table intents"),
    "fill": ("UPDATE fills SET price = '1' WHERE exchange_trade_id = 1", "in table fills"),
    "missing fill": ("DELETE FROM fills WHERE exchange_trade_id = 2", "in table fills"),
    "owner": ("UPDATE meta SET value = 'me' WHERE key = 'account'", "its seal"),
    "writer": ("UPDATE meta SET value = 'j' WHERE key = 'journal_id'", "its seal"),
    "key": ("INSERT INTO meta VALUES ('more', '1')", "more"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_stands_beside_the_rows_is_checked_too(
    tmp_path: Path, name: str, record_property: Any
) -> None:
    statement, word = ODD[name]
    with closing(opened(tmp_path)) as journal:
        journal.append(EVERY)
    change(tmp_path, statement)
    with pytest.raises(JournalCorrupt, match=word):
        examine(tmp_path / "journal.db")
    with pytest.raises(JournalCorrupt, match=word):
        opened(tmp_path)
    record_property("happened", "journal: a change beside the rows refused")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER bent AFTER INSERT ON journal BEGIN DELETE FROM fills; END",
        "CREATE TABLE more (x)",
        "DROP INDEX journal_position",
    ],
)
def test_tables_are_those_that_robson_makes(tmp_path: Path, statement: str) -> None:
    opened(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        db.execute(statement)
    if statement.startswith("DROP"):
        with closing(opened(tmp_path)):
            return  # an index is made again from the rows
    with pytest.raises(JournalCorrupt, match="no table or index as Robson makes it"):
        opened(tmp_path)


def test_journal_without_a_seal_gets_one(tmp_path: Path) -> None:
    """The first Robson wrote none."""
    opened(tmp_path).close()
    change(tmp_path, "DELETE FROM meta WHERE key = 'seal'")
    opened(tmp_path).close()
    change(tmp_path, "UPDATE meta SET value = '9' WHERE key = 'epoch'")
    with pytest.raises(JournalCorrupt, match="seal"):
        opened(tmp_path)


# --- copies --------------------------------------------------------------------------------------


def test_copy_is_one_instant_and_can_be_gone_on_from(tmp_path: Path, record_property: Any) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    copies = 0
    with closing(opened(here)) as journal:
        for number in range(1, 40):
            journal.append(months(3, number * 3 - 2))
            found = back_up(here, tmp_path / f"copy{number}")
            copies += 1
            assert found.rows == number * 3
        journal.append(EVERY)
    assert sorted(path.name for path in tmp_path.iterdir() if "." in path.name) == []

    shutil.copy(tmp_path / "copy39", there / "journal.db")
    with closing(opened(there)) as restored:
        assert [row.event for row in restored.read()] == [*months(117)]
        assert restored.epoch == 1 + RESTORED_EPOCHS + 1, "no order id comes again"
        restored.append(EVERY)
    assert examine(there / "journal.db").rows == 117 + len(EVERY)
    record_property("note", f"journal: {copies} copies beside the writer, each whole")


def test_nothing_is_overwritten_and_no_half_copy_stays(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as journal:
        journal.append(EVERY)
    copy = tmp_path / "copy"
    copy.write_text("mine")
    with pytest.raises(Refused, match="there already"):
        back_up(tmp_path, copy)
    assert copy.read_text() == "mine"
    copy.unlink()

    with pytest.raises(StoreError, match="No such file"):
        back_up(tmp_path, tmp_path / "nowhere" / "copy")
    change(tmp_path, "UPDATE journal SET at = at + 1 WHERE seq = 3")
    with pytest.raises(JournalCorrupt, match="row 3"):
        back_up(tmp_path, copy)
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in tmp_path.iterdir()} == {
        "journal.db"
    }


def test_path_is_taken_as_it_is(tmp_path: Path) -> None:
    odd = tmp_path / "a?b#c%20d"
    odd.mkdir()
    opened(odd).close()
    assert examine(odd / "journal.db").rows == 0


# --- the commands --------------------------------------------------------------------------------


def test_verify_journal_says_one_line(tmp_path: Path, capsys: Any) -> None:
    opened(tmp_path).close()
    place = ("--state-dir", str(tmp_path))

    assert main(["verify-journal", *place]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert main(["verify-journal", *place, "--json"]) == 0
    assert sorted(json.loads(capsys.readouterr().out)) == TOLD


@pytest.mark.parametrize("command", [["verify-journal"], ["backup", "copy"]])
@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (None, 74),
        ("UPDATE meta SET value = '2' WHERE key = 'schema'", 76),
        ("UPDATE journal SET at = at + 1 WHERE seq = 1", 76),
    ],
)
def test_commands_refuse_with_their_code(
    tmp_path: Path,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    statement: str | None,
    code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "s"
    if statement is not None:
        place.mkdir()
        with closing(opened(place)) as journal:
            journal.append(months(1))
        change(place, statement)

    assert main([*command, "--state-dir", str(place), "--json"]) == code
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["exit_code"] == code
    assert len(told.err.splitlines()) == 1
    assert "Nothing was changed" in told.err
    assert [path.name for path in tmp_path.iterdir()] == (["s"] if statement else [])

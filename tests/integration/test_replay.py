"""Journals that earlier releases wrote: opened, folded and decided by this one, with equal outcome.

Those in golden/journals were recorded with the first whole Robson and are kept for ever. A decision
that comes out otherwise today is a change of what Robson does, and has to be one on purpose.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest

from robson.connectors.simulated.rules import instrument_for
from robson.daemon.roster import Roster
from robson.domain import events as e
from robson.domain.lifecycle import MachineLaw
from robson.domain.position import Position
from robson.domain.view import PositionView
from robson.engine.settings import Settings
from robson.sim.__main__ import run
from robson.sim.again import Outcome, World, replay
from robson.store.trust import row_hash
from tests.integration.journals import opened
from tests.integration.recorded import KEPT, restored, write_down

TEXTS = sorted(KEPT.glob("*.jsonl"))
WORLD = World(instrument_for, Settings())


def again(path: Path) -> Outcome:
    return replay(path, WORLD, verify=True)


def test_kept_journals_are_decided_as_they_were(tmp_path: Path, record_property: Any) -> None:
    made: Counter[str] = Counter()
    rows = 0
    for number, text in enumerate(TEXTS):
        (tmp_path / str(number)).mkdir()
        outcome = again(restored(text, tmp_path / str(number)))
        assert outcome.difference is None, f"{text.name}: {outcome.difference}"
        made += outcome.made
        rows += outcome.rows
    assert len(TEXTS) >= 3
    assert len(made) >= 9, "every kind of decision that can be made again"
    told = f"{len(TEXTS)} kept journals, {rows} rows, {made.total()} decisions"
    record_property("note", f"replay: {told} of {len(made)} kinds made again, all equal")


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.stem)
def test_kept_journal_is_gone_on_from(text: Path, tmp_path: Path) -> None:
    """The daemon's own way in, and the text comes out as it went in."""
    path = restored(text, tmp_path)
    write_down(path, tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_text() == text.read_text()

    meta = json.loads(text.read_text().splitlines()[0])
    with closing(opened(tmp_path)) as journal:
        roster = Roster(journal, MachineLaw)
        count = roster.load()
        assert journal.epoch == int(meta["epoch"]) + 1
        assert all(not view.is_live for view in roster.views.values())
    assert count == len(text.read_text().splitlines()) - 1


def by_the_machine(path: Path) -> dict[str, PositionView]:
    """What a journal's positions are, folded with nothing but the lifecycle's machine."""
    made: dict[str, Position] = {}
    with closing(opened(path)) as journal:
        for recorded in journal.read():
            match event := recorded.event:
                case e.PositionArmed():
                    made[event.position] = Position.born(event, MachineLaw())
                case _ if isinstance(event, get_args(e.PositionEvent)):
                    made[event.position].apply(event)
    return {name: position.view for name, position in made.items()}


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.stem)
def test_a_start_folds_as_the_machine_would(
    text: Path, tmp_path: Path, record_property: Any
) -> None:
    """It reads under the table, and goes on under the law it was given."""
    restored(text, tmp_path)
    known = by_the_machine(tmp_path)
    with closing(opened(tmp_path)) as journal:
        roster = Roster(journal, MachineLaw)
        roster.load()
    assert known == dict(roster.views)
    assert {type(position.law) for position in roster._positions.values()} == {MachineLaw}
    record_property("happened", "replay: a start folded as the machine would")


# --- what differs is found -----------------------------------------------------------------------


def rewritten(text: Path, directory: Path, kind: str, change: Callable[[Any], None]) -> Path:
    """The journal of a Robson that had decided otherwise: the chain is whole."""
    meta, *rows = map(json.loads, text.read_text().splitlines())
    head, changed = "0" * 64, 0
    for row in rows:
        if row[5].startswith(kind) and not changed:
            payload = json.loads(row[8])
            change(payload)
            row[8] = json.dumps(payload, separators=(",", ":"), sort_keys=True)
            changed = 1
        row[3] = head
        row[4] = head = row_hash(head, *row[:3], *row[5:])
    assert changed
    other = directory / "other.jsonl"
    other.write_text("\n".join(map(json.dumps, [meta, *rows])) + "\n")
    return restored(other, directory)


def _set(*path: str, to: object) -> Callable[[Any], None]:
    def change(payload: Any) -> None:
        for name in path[:-1]:
            payload = payload[name]
        assert payload[path[-1]] != to
        payload[path[-1]] = to

    return change


OTHERWISE: list[tuple[str, Callable[[Any], None], str]] = [
    ("sizing_decided", _set("plan", "sizing", "quantity", to="0.12365"), "sizing.quantity"),
    ("sizing_decided", _set("plan", "insurance", "stop_price", to="59251.00"), "insurance"),
    ("entry_requested", _set("order", "side_effect", to="AUTO_REPAY"), "side_effect"),
    # Less may be all that was free, which only the account of that moment could say.
    ("insurance_requested", _set("order", "quantity", to="9.10000"), "order.quantity"),
    ("exit_prearmed", _set("exit", "recv_window_ms", to=1), "exit.recv_window_ms"),
    ("stop_raised", _set("rung", to=3), "rung"),
    ("exit_triggered", _set("reason", to="stop_gain"), "reason"),
    ("position_closed", _set("gross", to="1"), "gross"),
    ("pnl_settled", _set("net", to="1"), "net"),
]


@pytest.mark.parametrize(("kind", "change", "field"), OTHERWISE)
def test_first_difference_is_named(
    tmp_path: Path, kind: str, change: Callable[[Any], None], field: str, record_property: Any
) -> None:
    found = again(rewritten(KEPT / "long-trailing.jsonl", tmp_path, kind, change)).difference
    assert found is not None
    assert found.kind.startswith(kind)
    assert field in found.field
    record_property("happened", "replay: a decision made otherwise was found")


def test_row_that_is_not_lawful_is_named(tmp_path: Path) -> None:
    def earlier(payload: Any) -> None:
        payload["target"] = "active"

    text = tmp_path / "odd.jsonl"
    lines = (KEPT / "long-killed.jsonl").read_text().splitlines()
    row = json.loads(lines[-2])
    row[5], row[8] = (
        "position_resolved.v1",
        json.dumps(
            {
                "actor": "x",
                "at_ns": row[9],
                "evidence": [],
                "position": row[7],
                "target": "active",
            }
        ),
    )
    text.write_text("\n".join([*lines[:-2], json.dumps(row)]) + "\n")
    path = rewritten(text, tmp_path, "position_resolved", earlier)
    found = again(path).difference
    assert found is not None
    assert "cannot follow" in found.now


# --- the command ---------------------------------------------------------------------------------


def test_command_says_equal(tmp_path: Path, capsys: Any) -> None:
    restored(KEPT / "short-target.jsonl", tmp_path)
    assert run(["replay", "--journal", str(tmp_path), "--verify"]) == 0
    assert "EQUAL" in capsys.readouterr().out
    assert run(["replay", "--journal", str(tmp_path / "journal.db"), "--verify", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["equal"] is True
    assert sum(told["decided_again"].values()) > 10


def test_command_ends_with_1_at_a_difference(tmp_path: Path, capsys: Any) -> None:
    path = rewritten(KEPT / "long-trailing.jsonl", tmp_path, *OTHERWISE[0][:2])
    assert run(["replay", "--journal", str(path)]) == 0, "it can be folded"
    assert "EQUAL" in capsys.readouterr().out
    assert run(["replay", "--journal", str(path), "--verify", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["difference"]["field"] == "plan.sizing.quantity"


def test_settings_it_ran_with_are_told(tmp_path: Path) -> None:
    """Another gap is another size."""
    restored(KEPT / "long-killed.jsonl", tmp_path)
    (tmp_path / "other.toml").write_text("[risk]\ngap_bps = 20\n")
    asked = ["replay", "--journal", str(tmp_path), "--verify"]
    assert run([*asked, "--config", str(tmp_path / "other.toml")]) == 1
    assert run(asked) == 0


def test_journal_without_decisions_is_no_proof(tmp_path: Path) -> None:
    opened(tmp_path).close()
    assert run(["replay", "--journal", str(tmp_path), "--verify"]) == 1


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE meta SET value = '2' WHERE key = 'schema'", "schema 2"),
        ("UPDATE journal SET at = at + 1 WHERE seq = 3", "row 3"),
    ],
)
def test_what_cannot_be_believed_is_not_replayed(
    tmp_path: Path, statement: str, word: str, capsys: Any
) -> None:
    path = restored(KEPT / "long-killed.jsonl", tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)
    assert run(["replay", "--journal", str(tmp_path), "--verify"]) == 69
    assert word in capsys.readouterr().err


def test_newer_kind_is_refused(tmp_path: Path, capsys: Any) -> None:
    lines = (KEPT / "long-killed.jsonl").read_text().splitlines()
    row = json.loads(lines[-1])
    row[5] = "position_dreamt.v9"
    text = tmp_path / "newer.jsonl"
    text.write_text("\n".join([*lines[:-1], json.dumps(row)]) + "\n")
    rewritten(text, tmp_path, "position_dreamt", _set("at_ns", to=1))
    assert run(["replay", "--journal", str(tmp_path), "--verify"]) == 69
    assert "newer Robson" in capsys.readouterr().err

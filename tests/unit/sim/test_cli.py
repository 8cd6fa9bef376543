"""``robson-sim`` at the command line: what it prints, what it refuses, and with which exit code."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.exchange import SimExchange
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import ReadAccount
from robson.domain.values import ExchangeNs, Price
from robson.sim import __main__ as command
from robson.sim.__main__ import run
from robson.sim.runs import Outcome, Total

BTC = Symbol("BTC", "USDT")
KEYS = [
    *("schema", "seeds", "positions", "simulated_s", "faults", "reached", "unprotected_s"),
    *("violations", "trace_sha256", "elapsed_s", "positions_per_s"),
]


REACHED = [
    *("armed", "entered", "active", "judged", "events", "evaluations", "transitions", "arcs"),
    *(
        "exits",
        "endings",
        "refusals",
        "races",
        "recovery",
        "strategies",
        "faults",
        "crash_points",
        "exchange",
    ),
    *("missing", "out_of_reach"),
]
VIOLATION = ["seed", "rule", "name", "position", "seq", "at_s", "message", "rerun"]


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = command.run(argv)
    out, err = capsys.readouterr()
    return code, out, err


def document(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = said(capsys, *argv)
    found: dict[str, Any] = json.loads(out)
    return code, found


def test_world_gives_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = document(capsys, "world", "--seeds", "1..6", "--json")

    assert (code, list(found)) == (0, KEYS)
    assert list(found["reached"]) == REACHED
    assert found["seeds"] == "1..6"
    assert found["positions"] > 0
    assert found["simulated_s"] > 0
    assert found["violations"] == []
    assert sum(found["faults"].values()) > 0
    assert found["unprotected_s"].keys() == {"p50", "p99", "max"}
    assert len(found["trace_sha256"]) == 64
    assert found["reached"]["out_of_reach"]["T28"]


def test_world_says_its_verdict_first(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "world", "--seeds", "7")

    assert (code, err) == (0, "")
    head, _, verdict, *_ = out.splitlines()
    assert head.startswith("robson-sim world  seeds 7..7, 3 positions each")
    assert verdict.startswith("✓ 0 VIOLATIONS")
    assert "\x1b" not in out
    assert "races of the exchange stop" in out
    assert "! T" in out, "what one seed did not reach is marked"
    assert max(map(len, out.splitlines())) <= 120


def test_a_story_asks_what_the_world_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Seed 6216: the process dies while a price at the stop is on its way; nobody is late then."""
    code, out, _ = said(capsys, "world", "--seeds", "6216..6216", "--story")
    assert "the process dies" in out
    assert code == 0, out


def test_a_story_tells_the_plan_and_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "world", "--seeds", "1..8", "--story")

    assert code == 0
    assert out.count("SEED") == 8
    for words in ("may lose", "planned to lose", "CRASH", "fault", "EVERY LAW HELD"):
        assert words in out


def test_a_violation_leads_and_names_its_rerun(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Total.add

    def violated(total: Total, outcome: Outcome) -> None:
        from robson.engine.invariants import Violation

        found = Violation(
            rule="S10", position=None, seq=12, at_ns=outcome.began_ns, message="bare for 9 s"
        )
        import attrs

        add(total, attrs.evolve(outcome, violations=(found,)))

    monkeypatch.setattr(Total, "add", violated)
    code, out, _ = said(capsys, "world", "--seeds", "5..5", "--lives", "1")
    assert code == 1
    assert "!! 1 VIOLATION" in out.splitlines()[2]
    assert "robson-sim world --seeds 5..5 --lives 1" in out

    code, found = document(capsys, "world", "--seeds", "5..5", "--json")
    assert code == 1
    assert list(found["violations"][0]) == VIOLATION
    assert found["violations"][0]["rerun"] == "robson-sim world --seeds 5..5"
    assert found["violations"][0]["name"] == "Covered"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("world", "--seeds", "9..1"), "1 comes before 9"),
        (("world", "--seeds", "many"), "expected A..B"),
        (("world", "--positions", "0"), "1 and more are allowed"),
        (("world", "--lives", "101"), "1 to 100 is allowed"),
        (("world", "--jobs", "0"), "1 to 256 is allowed"),
        (("world", "--positions", "x"), "invalid int value"),
        (("world", "--story", "--json"), "choose one"),
        (("worlds",), "invalid choice"),
        (("books",), "--state-dir"),
    ],
)
def test_a_command_line_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], says: str
) -> None:
    code, _, err = said(capsys, *argv)

    assert code == 2
    assert err.startswith("error: ")
    assert says in err
    assert err.count("\n") == 1


def books(directory: Path, *, close: bool = True) -> SqliteBooks:
    """Books with a deposit and one request."""
    written = SqliteBooks(directory / "exchange" / "books.db")
    exchange = SimExchange(
        [Instrument(symbol=BTC, tick=Decimal("0.01"), step=Decimal("0.00001"))], books=written
    )
    scope = Scope(AccountId("sim"), BTC)
    exchange.deposit(scope, "USDT", Decimal(500), at_ns=ExchangeNs(1))
    exchange.on_price(BTC, Price(60000), at_ns=ExchangeNs(2), jump=True)
    exchange.handle(ReadAccount(scope=scope), at_ns=ExchangeNs(3))
    if close:
        written.close()
    return written


@pytest.mark.parametrize("running", [True, False])
def test_books_are_read_while_somebody_writes_and_after(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, *, running: bool
) -> None:
    writer = books(tmp_path, close=not running)
    code, found = document(capsys, "books", "--state-dir", str(tmp_path), "--json")
    _, out, _ = said(capsys, "books", "--state-dir", str(tmp_path))
    if running:
        writer.close()

    assert code == 0
    assert found["schema"] == "robson.books/1"
    (account,) = found["accounts"]
    assert account["balances"][1]["free"] == "500"
    assert "BTCUSDT" in out
    assert "ReadAccount 1" in out


def test_books_that_are_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "nowhere"):
        code, _, err = said(capsys, "books", "--state-dir", str(where))
        assert (code, err.count("\n")) == (69, 1)

    path = tmp_path / "exchange" / "books.db"
    path.parent.mkdir()
    path.write_text("no database at all, but long enough to be looked at as one " * 40)
    code, found = document(capsys, "books", "--state-dir", str(tmp_path), "--json")
    assert code == 69
    assert found["error"]["code"] == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("venue --speed fast", "--speed is fast; expected a number above 0"),
        ("venue --speed 0", "--speed is 0; expected a number above 0"),
        ("venue --balance much", "--balance is much; expected a number from 0"),
        ("live --speed x", "--speed is x; expected a number from 1"),
        ("exchange --listen unix:/x --state-dir /x --balance 0", "--balance is 0; expected"),
    ],
)
def test_a_number_that_is_none_is_told_with_its_option(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == 2
    assert says in capsys.readouterr().err

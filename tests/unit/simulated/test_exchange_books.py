"""The durable books of the simulated exchange: what was answered survives a crash."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings

from robson.connectors.simulated.books import FORMAT, MemoryBooks, SqliteBooks
from robson.connectors.simulated.codec import KINDS, decode, encode
from robson.connectors.simulated.entries import Entry, PriceNoted, TermsSet
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.state import ExchangeState
from robson.connectors.simulated.summary import document, summarise
from robson.domain.errors import InvalidValue, StoreError
from robson.domain.identity import Symbol
from robson.domain.intents import ReadAccount
from robson.domain.reports import ApiError
from robson.domain.values import ExchangeNs, Price
from tests.unit.simulated import fault_scenarios
from tests.unit.simulated.exchange_acts import Act, Player, Trouble, acts
from tests.unit.simulated.exchange_kit import (
    BORROW,
    BTC,
    BUY,
    EXACT,
    HOUR,
    NONE,
    POSITION,
    REPAY,
    RULES,
    SCOPE,
    SECOND,
    SELL,
    Bench,
    filled,
    resting,
)
from tests.unit.simulated.test_exchange_lists import books_of_a_list

D = Decimal


def lived(books: MemoryBooks | SqliteBooks) -> Bench:
    """A bench on which a little of everything has happened."""
    bench = Bench(books=books)
    bench.buy("0.02", BORROW)
    bench.stop(SELL, "0.01998", "59000", client_id="first")
    bench.wait(HOUR)
    bench.cancel("first")
    bench.stop(SELL, "0.01", "58000", client_id="second")
    bench.price("59500")
    bench.price("59501")
    bench.sell("0.005", REPAY)
    bench.sell("5", REPAY)
    bench.price("57000")
    bench.wait(SECOND)
    bench.repay("USDT", "0.001")
    bench.stop(SELL, "0.00100", "50000", client_id="third")
    return bench


def reopened(path: Path) -> SimExchange:
    return SimExchange([RULES], books=SqliteBooks(path), terms=EXACT)


# ------------------------------------------------------------------------------ opening again


def test_a_reopened_file_is_the_exchange_that_was_closed(tmp_path: Path) -> None:
    path = tmp_path / "exchange" / "books.db"
    bench = lived(SqliteBooks(path))
    requests = bench.exchange.request_log(SCOPE)
    bench.exchange.books.close()

    again = reopened(path)

    assert again.state == bench.exchange.state
    assert again.next_trigger(BTC) == bench.exchange.next_trigger(BTC) != (None, None)
    assert again.next_interest_ns() == bench.exchange.next_interest_ns()
    assert again.now_ns == bench.exchange.now_ns
    assert again.market(BTC).price == 57000
    assert again.request_log(SCOPE) == requests != ()
    again.books.close()


@settings(max_examples=25)
@given(acts(), acts())
def test_whatever_happened_the_reopened_exchange_goes_on_as_the_live_one(
    before: list[Act], after: list[Act]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, copy = Path(folder) / "books.db", Path(folder) / "copy.db"
        live = Player(SimExchange([RULES], books=SqliteBooks(path), faults=Trouble()))
        live.open()
        for act in before:
            live.play(act)
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
        again = Player(SimExchange([RULES], books=SqliteBooks(copy), faults=Trouble()), live.now)

        assert again.exchange.state == live.exchange.state
        assert again.exchange.books.entries() == live.exchange.books.entries()
        again.price = live.price  # it may have moved quietly since it was last written down
        for player in (live, again):
            price = Price(player.price)
            player.exchange.on_price(BTC, price, at_ns=player.now, jump=True)
        for act in after:
            assert again.play(act) == live.play(act)
        assert again.exchange.state == live.exchange.state
        live.exchange.books.close()
        again.exchange.books.close()


@given(acts())
def test_memory_and_file_hold_the_same_entries(life: list[Act]) -> None:
    player = Player(SimExchange([RULES], faults=Trouble()))
    player.open()
    for act in life:
        player.play(act)
    entries = player.exchange.books.entries()

    assert [decode(*encode(entry)) for entry in entries] == entries
    assert ExchangeState.of(entries) == player.exchange.state


def test_a_stop_that_rests_in_the_file_is_met_after_the_restart(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    bench = Bench(books=SqliteBooks(path))
    bench.buy("0.02", BORROW)
    resting(bench.stop(SELL, "0.01998", "59000"))
    bench.exchange.books.close()

    again = reopened(path)
    (stopped,) = again.on_price(BTC, 5_800_000, at_ns=ExchangeNs(bench.now + SECOND), jump=False)

    assert filled(stopped).order_id == 2
    assert again.state.wallet(SCOPE, "USDT").debt == 0
    again.books.close()


def test_hours_that_passed_while_nobody_was_there_are_charged(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    bench = Bench(books=SqliteBooks(path))
    bench.buy("0.02", BORROW)
    bench.exchange.books.close()

    again = reopened(path)
    again.advance_to(ExchangeNs(bench.now + 5 * HOUR))

    assert again.state.wallet(SCOPE, "USDT").interest == 6 * D("0.00875")
    again.books.close()


def test_new_terms_are_written_down_once(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    for fee in ("0.001", "0.001", "0.00075", "0.00075"):
        rules = attrs.evolve(RULES, taker_fee=D(fee))
        exchange = SimExchange([rules], books=SqliteBooks(path), terms=EXACT)
        fees = [e.taker_fee for e in exchange.books.entries() if isinstance(e, TermsSet)]
        exchange.books.close()

    assert fees == [D("0.001"), D("0.00075")]


# ------------------------------------------------------------------------------ durability


def test_the_answer_is_in_the_file_before_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    bench = Bench(books=SqliteBooks(path))
    for number in range(1, 4):
        filled(bench.buy("0.001"))
        with_other_eyes = SqliteBooks(path, read_only=True)
        state = ExchangeState.of(with_other_eyes.entries())
        with_other_eyes.close()
        assert state.last_order_id == number
    bench.exchange.books.close()


def test_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    script = f"""
import os, signal
from pathlib import Path
from robson.connectors.simulated.books import SqliteBooks
from tests.unit.simulated.exchange_kit import Bench
bench = Bench(books=SqliteBooks(Path({str(path)!r})))
for _ in range(5):
    print(bench.buy("0.001").order_id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout.split()) == (-9, list("12345")), done.stderr
    again = reopened(path)
    assert [order.client_id for order in again.state.orders.values()] == [
        f"id-{number}" for number in range(1, 6)
    ]
    again.books.close()


def test_the_file_is_a_synced_write_ahead_log(tmp_path: Path) -> None:
    books = SqliteBooks(tmp_path / "books.db")
    settings_of = {
        name: books._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    }
    books.close()

    assert settings_of == {"journal_mode": "wal", "synchronous": 2}  # FULL


class FullDisk(MemoryBooks):
    """Books that fail at a given commit."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.good = good

    def commit(self) -> None:
        self.good -= 1
        if self.good < 0:
            raise StoreError("no space left")


def test_an_exchange_that_cannot_write_answers_nothing_more() -> None:
    bench = Bench(books=FullDisk(good=2))
    bench.audit = None

    with pytest.raises(StoreError, match="no space left"):
        bench.buy("0.001")
    with pytest.raises(StoreError, match="open its books again"):
        bench.send(ReadAccount(scope=SCOPE))
    with pytest.raises(StoreError, match="open its books again"):
        bench.price("60001")


def test_two_writers_cannot_both_go_on(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    first, second = Bench(books=SqliteBooks(path)), reopened(path)
    filled(first.buy("0.001"))

    with pytest.raises(StoreError, match="cannot write"):
        second.handle(ReadAccount(scope=SCOPE), at_ns=first.now)
    first.exchange.books.close()
    second.books.close()


# ------------------------------------------------------------------------------ what is written


def test_a_quiet_price_writes_nothing() -> None:
    bench = Bench()
    bench.buy("0.005")
    bench.stop(SELL, "0.004", "50000")
    before = len(bench.exchange.books.entries())
    for cents in range(1000):
        bench.price(f"600{cents % 100:02}.{cents % 10}")

    assert len(bench.exchange.books.entries()) == before
    bench.buy("0.0001")
    noted = [e for e in bench.exchange.books.entries() if isinstance(e, PriceNoted)]
    assert [entry.price for entry in noted] == [60000, D("60099.9")]


def test_every_request_is_logged_with_its_answer() -> None:
    bench = Bench()
    bench.buy("0.005", client_id="entry")
    bench.buy("5", client_id="large")
    bench.query("entry")
    bench.cancel("entry")
    bench.repay("USDT", "1")
    bench.account()
    stranger = attrs.evolve(SCOPE, account="stranger")
    bench.send(ReadAccount(scope=stranger))

    log = bench.exchange.request_log(SCOPE)

    assert [(line.request, line.target, line.answer, line.code) for line in log] == [
        ("PlaceOrder", "entry", "OrderState", None),
        ("PlaceOrder", "large", "ApiError", -2010),
        ("QueryOrder", "entry", "OrderState", None),
        ("CancelOrder", "entry", "ApiError", -2011),
        ("Repay", "USDT", "ApiError", -3015),
        ("ReadAccount", None, "AccountSnapshot", None),
    ]
    assert (log[0].order_id, log[0].result, log[0].position) == (1, "FILLED", POSITION)
    assert log[0].timestamp_ms == bench.now // 10**6
    assert log[1].result == "Account has insufficient balance for requested action."
    assert [line.code for line in bench.exchange.request_log(stranger)] == [-3003]


def test_the_summary_can_be_read_beside_the_exchange_and_after_it(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    bench = lived(SqliteBooks(path))
    beside = SqliteBooks(path, read_only=True)
    live = summarise(beside)
    beside.close()
    requests = bench.exchange.request_log(SCOPE)
    bench.exchange.books.close()
    after = SqliteBooks(path, read_only=True)
    dead = summarise(after)
    after.close()

    assert live == dead
    (account,) = dead.accounts
    assert account.quote == bench.exchange.state.wallet(SCOPE, "USDT").balance()
    assert [order.client_id for order in account.open_orders] == ["third"]
    assert account.requests == requests != ()
    assert len(account.fills) == 3
    assert account.last_price == 57000


def test_the_document_is_json_with_decimal_text() -> None:
    bench = lived(MemoryBooks())
    shown = json.loads(json.dumps(document(summarise(bench.exchange.books))))

    assert shown["schema"] == "robson.books/1"
    (account,) = shown["accounts"]
    assert account["balances"][0] == {
        "asset": "BTC",
        "free": "0.00398000",
        "locked": "0.00100",
        "borrowed": "0",
        "interest": "0",
    }
    assert account["fills"][0]["commission"] == "0.00002000"
    assert account["fills"][0]["at"] == "2026-11-21T13:55:00.000000Z"
    assert account["orders"][1]["status"] == "CANCELED"
    assert account["orders"][1]["action"] == "sell"
    assert account["open_orders"][0]["stop_price"] == "50000"
    assert account["requests"][-1]["answer"] == "OrderState"
    assert "float" not in {
        type(value).__name__ for row in account["fills"] for value in row.values()
    }


def test_every_kind_of_entry_was_written_and_read() -> None:
    late = Bench(faults=Trouble())
    late.buy("0.02", BORROW, client_id="d")
    foreign, _ = fault_scenarios.others_act()
    benches = (lived(MemoryBooks()), late, foreign)
    entries = [entry for bench in benches for entry in bench.exchange.books.entries()]
    entries += books_of_a_list().entries()
    written = {encode(entry)[0] for entry in entries}

    assert written == KINDS.keys()


# ------------------------------------------------------------------------------ bad files


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    SqliteBooks(path).close()
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA user_version = {FORMAT + 1}")
    raw.close()

    with pytest.raises(StoreError, match="reads up to"):
        SqliteBooks(path)


def test_something_else_than_books_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    path.write_text("price,quantity\n" * 200)

    with pytest.raises(StoreError, match=r"books\.db"):
        SqliteBooks(path)
    with pytest.raises(StoreError, match=r"absent\.db"):
        SqliteBooks(tmp_path / "absent.db", read_only=True)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("miracle", "{}"),
        ("deposited", "{}"),
        ("deposited", "not json"),
        ("price_noted", '{"at_ns":1,"symbol":["BTC","USDT"],"price":"-1"}'),
        ("price_noted", '{"at_ns":1,"symbol":["BTC","USDT"],"price":"1","more":1}'),
    ],
    ids=["unknown", "empty", "text", "impossible", "more"],
)
def test_an_entry_that_cannot_be_read_is_refused(kind: str, body: str) -> None:
    with pytest.raises(StoreError, match=kind):
        decode(kind, body)


# ------------------------------------------------------------------------------ calls that are bugs


def impossible_calls(bench: Bench) -> Sequence[object]:
    exchange, now = bench.exchange, bench.now
    doge = attrs.evolve(SCOPE, symbol=Symbol("DOGE", "USDT"))
    early, late = ExchangeNs(now - 1), ExchangeNs(now + 1)
    order = bench.order(BUY, "0.001", NONE)
    return (
        lambda: exchange.handle(order, at_ns=early),
        lambda: exchange.handle(order, at_ns=now, arrived_ns=late),
        lambda: exchange.on_price(BTC, 6_000_000, at_ns=early, jump=False),
        lambda: exchange.on_price(BTC, Price("60000.005"), at_ns=now, jump=False),
        lambda: exchange.on_price(doge.symbol, 1, at_ns=now, jump=False),
        lambda: exchange.advance_to(early),
        lambda: exchange.next_trigger(doge.symbol),
        lambda: exchange.deposit(doge, "USDT", D(1)),
        lambda: exchange.deposit(SCOPE, "ETH", D(1)),
        lambda: exchange.deposit(SCOPE, "USDT", D(0)),
        lambda: exchange.deposit(SCOPE, "USDT", D("0.000000001")),
    )


def test_impossible_calls_are_told_and_change_nothing() -> None:
    bench = Bench()
    entries: Sequence[Entry] = bench.exchange.books.entries()
    for call in impossible_calls(bench):
        with pytest.raises(InvalidValue):
            call()  # type: ignore[operator]

    assert bench.exchange.books.entries() == entries
    assert not isinstance(bench.buy("0.001"), ApiError)

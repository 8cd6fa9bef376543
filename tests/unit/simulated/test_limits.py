"""Orders with a limit in the books: whatever is placed, met, cancelled or lent, nothing is lost.

Every step of every walk is audited by the bench; a restart in the middle finds the same orders
resting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest

from robson.connectors.simulated.books import MemoryBooks
from robson.connectors.simulated.entries import TimeInForce
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.faults import ExchangeFaults, Piece
from robson.connectors.simulated.ledger import Terms
from robson.domain.intents import OrderType, SideEffect
from robson.domain.reports import OrderState, OrderStatus
from robson.domain.values import Price
from tests.unit.simulated.exchange_kit import BTC, BUY, NONE, SCOPE, SELL, Bench
from tests.unit.simulated.limit_scenarios import ALL, bench, limit, state

Note = Callable[[str, object], None]
STEPS = 60
WANTED = (
    *(Rule.LIMIT_WOULD_MATCH, Rule.LIMIT_TAKES, Rule.LIMIT_RESTING, Rule.LIMIT_EXPIRED),
    *(Rule.LIMIT_MET, Rule.LOAN_REPAID_AT_CANCEL, Rule.STOP_WOULD_TRIGGER),
    *(Rule.STOP_MET_ON_THE_WAY, Rule.STOP_MET_BY_JUMP, Rule.LIQUIDATED),
)
SIDES = (SideEffect.NONE, SideEffect.BORROW, SideEffect.REPAY, SideEffect.BORROW_REPAY)


class Half(ExchangeFaults):
    """A book that gives half of what is asked of it."""

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...]:
        return (Piece(quantity=quantity / 2),)


def step(chance: Random, on: Bench) -> None:
    at = Decimal(chance.randrange(*chance.choice(((58_000, 62_000), (35_000, 85_000)))))
    account = on.exchange.state.accounts[SCOPE]
    match chance.randrange(6):
        case 0 | 1:
            on.price(str(at), jump=chance.random() < 0.3)
        case 2 | 3:
            action, effect = chance.choice((BUY, SELL)), chance.choice(SIDES)
            kind = chance.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT_MAKER))
            force = chance.choice(tuple(TimeInForce))
            maker = {"type": kind} if kind is OrderType.LIMIT_MAKER else {"time_in_force": force}
            size = f"0.{chance.randrange(1, 30):03}"
            keeps = chance.random() < 0.2
            limit(on, action, size, str(at), effect, keeps_loan=keeps, **maker)
        case 4:
            size, price = f"0.{chance.randrange(1, 9):03}", {"stop_price": Price(at)}
            limited = {"type": OrderType.TAKE_PROFIT_LIMIT, "price": Price(at)}
            kind = chance.choice(({"type": OrderType.TAKE_PROFIT}, limited))
            on.send(on.order(chance.choice((BUY, SELL)), size, NONE, **price, **kind))
        case _:
            for order in account.orders.open()[:1]:
                on.cancel(order.client_id)


def test_walks_lose_nothing(record_property: Note) -> None:
    reached: Counter[str] = Counter()
    rested = 0
    for seed in range(30):
        books = MemoryBooks()
        terms = Terms(slippage_bps=Decimal(seed % 3))
        on = bench(books=books, terms=terms, deposit="500")
        chance = Random(seed)
        for _ in range(STEPS):
            step(chance, on)
            on.wait(chance.randrange(1, 60) * 10**9)
        again = SimExchange([ALL], books=books, terms=terms)
        assert again.market(BTC).nearest() == on.exchange.market(BTC).nearest()
        assert again.market(BTC).stops.keys() == on.exchange.market(BTC).stops.keys()
        rested += len(again.market(BTC).stops)
        reached.update(on.exchange.counts())

    assert [rule for rule in WANTED if not reached[rule.value]] == []
    assert rested > 20
    met, taken = reached["limit_met"], reached["limit_takes"]
    record_property("note", f"limits: {30 * STEPS} steps, {taken} taken at once, {met} met later")


@pytest.mark.parametrize(
    ("force", "status", "executed"),
    [
        (TimeInForce.GTC, OrderStatus.PARTIALLY_FILLED, "0.0025"),
        (TimeInForce.IOC, OrderStatus.EXPIRED, "0.0025"),
        (TimeInForce.FOK, OrderStatus.EXPIRED, "0"),
    ],
)
def test_a_book_that_gives_half(force: TimeInForce, status: OrderStatus, executed: str) -> None:
    on = bench(faults=Half())

    answer = state(limit(on, BUY, "0.005", "60000", time_in_force=force))

    assert (answer.status, answer.executed) == (status, Decimal(executed))
    assert answer.fills is not None
    locked = on.account().quote.locked
    assert locked == (150 if force is TimeInForce.GTC else 0)


def test_what_is_left_of_a_limit_is_met_or_cancelled() -> None:
    for cancels in (False, True):
        on = bench(faults=Half())
        placed = state(limit(on, BUY, "0.005", "60000"))
        ended = on.cancel(placed.client_id) if cancels else on.price("59000", jump=True)[0]
        assert isinstance(ended, OrderState)
        assert ended.status is (OrderStatus.CANCELED if cancels else OrderStatus.FILLED)
        assert ended.quote_executed == (150 if cancels else 300)
        assert on.account().quote.locked == 0


def test_a_limit_inside_the_spread_waits_for_a_trade() -> None:
    on = bench(terms=Terms(slippage_bps=Decimal(10)))

    placed = state(limit(on, BUY, "0.005", "60030", type=OrderType.LIMIT_MAKER))
    [met] = on.price("60020")

    assert placed.status is OrderStatus.NEW
    assert (met.status, met.quote_executed) == (OrderStatus.FILLED, Decimal("300.15"))
    assert on.exchange.market(BTC).last == 60020


def test_a_limit_that_borrows_and_repays() -> None:
    """A short by ``AUTO_BORROW_REPAY``, bought back by a limit that is met."""
    on = bench()

    state(limit(on, SELL, "0.005", "60000", SideEffect.BORROW_REPAY))
    assert on.account().base.borrowed == Decimal("0.005")
    state(limit(on, BUY, "0.00501", "59000", SideEffect.BORROW_REPAY))
    on.price("58000")

    assert on.account().base.debt == 0

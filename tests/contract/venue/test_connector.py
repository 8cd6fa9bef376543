"""Robson's own connector at the venue, by HTTP: what is lent, money that moves, a forced close."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import attrs
import pytest

from robson.connectors.binance.api import Api
from robson.connectors.binance.clock import ExchangeClock
from robson.connectors.binance.exchange import BinanceExchange
from robson.connectors.binance.http import PoolDoor
from robson.connectors.binance.keys import Key
from robson.connectors.binance.limits import Limits
from robson.connectors.binance.market import Market
from robson.connectors.binance.signing import HmacSigner
from robson.domain.identity import (
    AccountId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
    client_order_id,
)
from robson.domain.intents import (
    Intent,
    OrderType,
    PlaceOrder,
    ReadAccount,
    ReadInterest,
    ReadOrders,
    ReadTrades,
    ReadTransfers,
    SideEffect,
)
from robson.domain.reports import (
    AccountCredit,
    InterestList,
    OrderList,
    OrderState,
    TradeList,
    TransferList,
)
from robson.domain.values import NS_PER_MS, Action, ExchangeNs, Quantity
from tests.contract.venue.caller import Caller, Operator
from tests.contract.venue.harness import Started, venue

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
STEP = Decimal("0.00001")
POSITION = PositionId.of(7)
LIQUIDATION = ["LIQUIDATION_FEE", *("SELL_LIQUIDATION",) * 2, "REPAY_LIQUIDATION"]
"""Of a long that is closed by force, as its money goes."""
Note = Callable[[str, object], None]
T = TypeVar("T")


@attrs.define
class Desk:
    """The connector as a lane has it, and the two hands beside it: another client, the operator."""

    exchange: BinanceExchange
    clock: ExchangeClock
    questions: Market
    caller: Caller
    operator: Operator

    def ask(self, request: Intent, kind: type[T]) -> T:
        answer = self.exchange.call(request)
        assert isinstance(answer, kind), answer
        return answer

    def listed(self, kind: Any, expected: type[T], **more: object) -> T:
        since_ns = ExchangeNs(self.clock.exchange_ns() - 3_600_000 * NS_PER_MS)
        return self.ask(kind(scope=SCOPE, since_ns=since_ns, **more), expected)

    def account(self) -> AccountCredit:
        return self.ask(ReadAccount(scope=SCOPE, credit=True), AccountCredit)


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand") as one:
        yield one


@pytest.fixture
def desk(started: Started) -> Desk:
    clock = ExchangeClock(time.monotonic_ns, time.time_ns())
    limits = Limits(lambda: clock.exchange_ns() // NS_PER_MS)
    door = PoolDoor(started.rest, time.monotonic)
    api = Api(door, Key("test-key", HmacSigner("test-secret")), limits, clock)
    api.tell_time()
    return Desk(
        BinanceExchange(api, clock),
        clock,
        Market(api),
        Caller(started.rest),
        Operator(started.told["operator"]),
    )


def entry(desk: Desk, quantity: str) -> PlaceOrder:
    now_ms = desk.clock.exchange_ns() // NS_PER_MS
    return PlaceOrder(
        scope=SCOPE,
        position=POSITION,
        purpose=Purpose.ENTRY,
        client_id=client_order_id(Purpose.ENTRY, SCOPE, POSITION, attempt=1, epoch=1),
        action=Action.BUY,
        type=OrderType.MARKET,
        quantity=Quantity(quantity),
        side_effect=SideEffect.BORROW,
        timestamp_ms=now_ms,
        recv_window_ms=5_000,
    )


def test_what_is_lent_is_what_the_venue_says(desk: Desk) -> None:
    credit = desk.account().credit
    for asset, said in (("BTC", credit.base), ("USDT", credit.quote)):
        asked = {"asset": asset, "isolatedSymbol": "BTCUSDT"}
        told = desk.caller.signed("GET", "/sapi/v1/margin/maxBorrowable", **asked).json
        assert said == Decimal(told["amount"])


def test_money_that_moves_is_listed_with_its_sign(desk: Desk) -> None:
    before = desk.listed(ReadTransfers, TransferList).transfers
    into = {"type": "MARGIN_ISOLATEDMARGIN", "toSymbol": "BTCUSDT"}
    out = {"type": "ISOLATEDMARGIN_MARGIN", "fromSymbol": "BTCUSDT"}
    for way, amount in ((into, "250"), (out, "40.5")):
        moved = desk.caller.signed(
            "POST", "/sapi/v1/asset/transfer", **way, asset="USDT", amount=amount
        )
        assert moved.status == 200, moved

    after = desk.listed(ReadTransfers, TransferList).transfers
    assert after[: len(before)] == before
    assert [(each.asset, each.amount) for each in after[len(before) :]] == [
        ("USDT", Decimal(250)),
        ("USDT", Decimal("-40.5")),
    ]


def test_a_forced_close_is_seen_from_every_side(desk: Desk, record_property: Note) -> None:
    """By the connector and by whoever asks the ledger: trades, an order of nobody's, no debt."""
    before = desk.account()
    free = before.account.quote.free
    assert before.credit.quote > free * 3, "enough is lent"
    price = Decimal(desk.questions.price("BTCUSDT"))
    wanted = (free * 4 / price).quantize(Decimal("0.00001"))
    bought = desk.ask(entry(desk, f"{wanted}"), OrderState)
    assert bought.executed == wanted
    owed = desk.account().account.quote.borrowed
    assert owed > free
    [charge] = desk.listed(ReadInterest, InterestList, position=POSITION).charges
    assert charge.asset == "USDT"

    falls = (price * Decimal("0.78")).quantize(Decimal("0.01"))
    desk.operator.post("/price", symbol="BTCUSDT", price=str(falls))
    left = desk.account().account
    assert left.base.free < STEP, "less than can be sold is left"
    assert (left.quote.borrowed, left.quote.interest) == (0, 0)
    mine, forced = sorted(desk.listed(ReadTrades, TradeList).fills, key=lambda fill: fill.trade_id)
    assert mine.order_id == bought.order_id
    assert forced.order_id != bought.order_id
    orders = desk.listed(ReadOrders, OrderList).orders
    assert {order.order_id for order in orders} == {mine.order_id, forced.order_id}

    pair = {"isolatedSymbol": "BTCUSDT"}
    [told] = desk.caller.signed("GET", "/sapi/v1/margin/forceLiquidationRec", **pair).json["rows"]
    assert (told["orderId"], told["side"]) == (forced.order_id, "SELL")
    assert Decimal(told["executedQty"]) == forced.quantity
    rows = desk.caller.signed("GET", "/sapi/v1/margin/capital-flow", symbol="BTCUSDT").json
    kinds = [row["type"] for row in reversed(rows)]
    assert kinds[-len(LIQUIDATION) :] == LIQUIDATION
    record_property("happened", "venue: a forced close, by the connector and the ledger")


@pytest.mark.parametrize("path", ["/api/v3/userDataStream", "/sapi/v1/userDataStream/isolated"])
def test_listen_keys_are_gone(path: str, desk: Desk) -> None:
    assert desk.caller.ask("POST", path, "symbol=BTCUSDT").status == 410

"""Intents as requests and answers as facts: each in every form in which Binance has told it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest

from robson.connectors.binance.api import Api
from robson.connectors.binance.clock import ExchangeClock
from robson.connectors.binance.exchange import BinanceExchange
from robson.connectors.binance.http import Broken, NothingLeft, Reply
from robson.connectors.binance.keys import Key
from robson.connectors.binance.limits import Limits
from robson.connectors.binance.signing import HmacSigner
from robson.domain.identity import (
    AccountId,
    ClientOrderId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
)
from robson.domain.intents import (
    CancelOrder,
    Intent,
    OrderType,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    ReadInterest,
    ReadOrders,
    ReadTrades,
    Repay,
    SideEffect,
)
from robson.domain.reports import (
    AccountSnapshot,
    ApiError,
    InterestList,
    NeverSent,
    NoAnswer,
    OrderList,
    OrderState,
    OrderStatus,
    Repaid,
    TradeList,
)
from robson.domain.values import NS_PER_MS, Action, ExchangeNs, Price, Quantity

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
POSITION = PositionId.of(1)
ENTRY = PlaceOrder(
    scope=SCOPE,
    position=POSITION,
    purpose=Purpose.ENTRY,
    client_id=ClientOrderId("rbe-1"),
    action=Action.BUY,
    type=OrderType.MARKET,
    quantity=Quantity("0.00001"),
    side_effect=SideEffect.BORROW,
    timestamp_ms=1_795_292_000_000,
)
STOP = attrs.evolve(
    ENTRY,
    purpose=Purpose.INSURANCE,
    client_id=ClientOrderId("rbs-1"),
    action=Action.SELL,
    type=OrderType.STOP_LOSS_LIMIT,
    side_effect=SideEffect.REPAY,
    stop_price=Price("59000.10"),
    price=Price("58000"),
)
CANCEL = CancelOrder(
    scope=SCOPE,
    position=POSITION,
    target=ClientOrderId("rbs-1"),
    cancel_id=ClientOrderId("rbc-1"),
    timestamp_ms=1_795_292_000_000,
)
QUERY = QueryOrder(scope=SCOPE, position=POSITION, target=ClientOrderId("rbe-1"))
FILL = {"price": "60000", "qty": "0.02", "commission": "0.00002", "commissionAsset": "BTC"}
FULL = {
    "symbol": "BTCUSDT",
    "orderId": 41,
    "clientOrderId": "rbe-1",
    "isIsolated": True,
    "transactTime": 1_795_292_000_123,
    "price": "0",
    "origQty": "0.02",
    "executedQty": "0.02",
    "cummulativeQuoteQty": "1200",
    "status": "FILLED",
    "type": "MARKET",
    "side": "BUY",
    "marginBuyBorrowAmount": 700,
    "fills": [FILL | {"tradeId": 7}],
    "unheardOf": {"a": [1]},
}
TOLD = {
    "clientOrderId": "rbe-1",
    "cummulativeQuoteQty": "1200.00000000",
    "executedQty": "0.02000000",
    "orderId": 41,
    "origQty": "0.02000000",
    "side": "BUY",
    "status": "FILLED",
    "stopPrice": "0.00000000",
    "symbol": "BTCUSDT",
    "time": 1_795_292_000_123,
    "type": "MARKET",
    "updateTime": 1_795_292_000_125,
}
TAKEN_BACK = {
    "symbol": "BTCUSDT",
    "orderId": "42",
    "origClientOrderId": "rbs-1",
    "clientOrderId": "rbc-1",
    "price": "0",
    "origQty": "0.01998",
    "executedQty": "0",
    "cummulativeQuoteQty": "0",
    "status": "CANCELED",
    "type": "STOP_LOSS",
    "side": "SELL",
}
ASSET = {"free": "0", "locked": "0", "borrowed": "0", "interest": "0"}
PAIR = {
    "baseAsset": ASSET | {"asset": "BTC", "free": "0.01998"},
    "quoteAsset": ASSET | {"asset": "USDT", "borrowed": "700", "interest": "0.00875"},
    "symbol": "BTCUSDT",
    "isolatedCreated": True,
    "enabled": True,
    "tradeEnabled": True,
    "indexPrice": "60000",
}
RATES = [
    {
        "symbol": "BTCUSDT",
        "data": [
            {"coin": "BTC", "dailyInterest": "0.00026125"},
            {"coin": "USDT", "dailyInterest": "0.0003"},
        ],
    }
]

Answers = Callable[[str, str, dict[str, str]], tuple[int, Any]]


class Binance:
    """A door behind which a test answers; what was asked is kept."""

    url = "http://127.0.0.1:1"

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self._answers = list(answers)
        self._status = status

    def send(self, method: str, path: str, query: str, headers: dict[str, str]) -> Reply:
        self.asked.append((method, path.rpartition("/")[2], dict(parse_qsl(query))))
        said = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(said, Exception):
            raise said
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        return Reply(status=self._status, headers={}, body=body)

    def says(self, *answers: Any) -> None:
        """What it answers from now on."""
        self._answers = list(answers)


def call(
    request: Intent, *answers: Any, status: int = 200, knows_time: bool = True
) -> tuple[Any, Binance]:
    door = Binance(*answers, status=status)
    return exchange_of(door, knows_time=knows_time).call(request), door


def exchange_of(door: Binance, *, knows_time: bool = True) -> BinanceExchange:
    clock = ExchangeClock(time.monotonic_ns, 1_795_292_000_000 * NS_PER_MS)
    if knows_time:
        now_ns = time.monotonic_ns()
        clock.sample(sent_ns=now_ns, received_ns=now_ns, server_ms=1_795_292_000_000)
    limits = Limits(lambda: clock.exchange_ns() // NS_PER_MS)
    api = Api(door, Key("k", HmacSigner("s")), limits, clock)
    return BinanceExchange(api, clock)


def test_nothing_is_entered_while_the_exchange_time_is_not_known() -> None:
    """What leaves risk is sent all the same: the exchange itself may say no."""
    answer, door = call(ENTRY, FULL, knows_time=False)
    assert answer == NeverSent(reason="the exchange's time is not known")
    assert door.asked == []
    answer, door = call(attrs.evolve(ENTRY, purpose=Purpose.EXIT), FULL, knows_time=False)
    assert isinstance(answer, OrderState)
    assert len(door.asked) == 1


# --- what trades ---------------------------------------------------------------------------------


def test_an_entry_says_that_it_is_isolated_and_in_plain_decimals() -> None:
    answer, door = call(ENTRY, FULL)
    ((method, path, params),) = door.asked
    assert (method, path) == ("POST", "order")
    signature = params.pop("signature")
    assert len(signature) == 64
    assert params == {
        "symbol": "BTCUSDT",
        "isIsolated": "TRUE",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "0.00001",
        "newClientOrderId": "rbe-1",
        "newOrderRespType": "FULL",
        "sideEffectType": "MARGIN_BUY",
        "recvWindow": "1500",
        "timestamp": "1795292000000",
    }
    assert isinstance(answer, OrderState)
    assert (answer.order_id, answer.status, answer.executed) == (
        41,
        OrderStatus.FILLED,
        Decimal("0.02"),
    )
    assert answer.fills is not None
    (fill,) = answer.fills
    assert (fill.trade_id, fill.client_id, fill.commission) == (7, "rbe-1", Decimal("0.00002"))
    assert fill.at_ns == 1_795_292_000_123 * NS_PER_MS


def test_a_stop_has_its_limit_and_never_borrows() -> None:
    ack = {"symbol": "BTCUSDT", "orderId": "42", "clientOrderId": "rbs-1", "transactTime": 5}
    answer, door = call(STOP, ack)
    params = door.asked[0][2]
    assert (params["type"], params["timeInForce"]) == ("STOP_LOSS_LIMIT", "GTC")
    assert (params["stopPrice"], params["price"]) == ("59000.10", "58000")
    assert params["sideEffectType"] == "AUTO_REPAY"
    assert isinstance(answer, OrderState), "an acknowledgement is enough: a stop rests"
    assert (answer.order_id, answer.status, answer.stop_price) == (
        42,
        OrderStatus.NEW,
        Decimal("59000.10"),
    )


def test_an_acknowledged_market_order_is_unknown() -> None:
    answer, _ = call(ENTRY, {"symbol": "BTCUSDT", "orderId": 41, "clientOrderId": "rbe-1"})
    assert isinstance(answer, NoAnswer)


def test_fills_that_are_not_whole_are_asked_for() -> None:
    answer, _ = call(ENTRY, FULL | {"executedQty": "0.03"})
    assert answer.fills is None
    answer, _ = call(ENTRY, {key: FULL[key] for key in FULL if key != "fills"})
    assert answer.fills is None


def test_a_market_order_may_expire_in_part() -> None:
    answer, _ = call(ENTRY, FULL | {"status": "EXPIRED", "origQty": "0.05"})
    assert (answer.status, answer.executed) == (OrderStatus.EXPIRED, Decimal("0.02"))
    assert len(answer.fills) == 1


def test_a_cancel_is_of_the_order_and_not_of_itself() -> None:
    answer, door = call(CANCEL, TAKEN_BACK)
    method, _, params = door.asked[0]
    assert (method, params["origClientOrderId"], params["newClientOrderId"]) == (
        "DELETE",
        "rbs-1",
        "rbc-1",
    )
    assert (answer.client_id, answer.order_id, answer.status) == ("rbs-1", 42, OrderStatus.CANCELED)


def test_a_repayment_is_told_in_full() -> None:
    wanted = Repay(scope=SCOPE, position=POSITION, asset="USDT", amount=Decimal("700.00875"),
                   attempt=0, timestamp_ms=1)  # fmt: skip
    row = {"txId": 9, "asset": "USDT", "amount": "700.00875", "interest": "0.00875",
           "principal": "700", "status": "CONFIRMED", "timestamp": 1}  # fmt: skip
    answer, door = call(wanted, {"tranId": 9}, {"rows": [row], "total": 1})
    assert answer == Repaid(asset="USDT", amount=Decimal("700.00875"), interest=Decimal("0.00875"),
                            principal=Decimal(700))  # fmt: skip
    assert door.asked[0][2]["amount"] == "700.00875"
    assert door.asked[1][2]["txId"] == "9"
    pending = row | {"status": "PENDING", "amount": "1", "interest": "1", "principal": "0"}
    for rows in ([], [pending], [row | {"txId": 8, "amount": "1"}]):
        answer, _ = call(wanted, {"tranId": 9}, {"rows": rows})
        assert answer.amount == Decimal("700.00875"), "under way"


# --- what asks -----------------------------------------------------------------------------------


def test_an_order_that_is_asked_for() -> None:
    answer, door = call(QUERY, TOLD)
    assert door.asked[0][2]["origClientOrderId"] == "rbe-1"
    assert (answer.stop_price, answer.fills, answer.at_ns) == (
        None,
        None,
        1_795_292_000_125 * NS_PER_MS,
    )
    answer, _ = call(
        QUERY, TOLD | {"cummulativeQuoteQty": "-1", "orderId": "41", "executedQty": 0.02}
    )
    assert (answer.quote_executed, answer.order_id, answer.executed) == (0, 41, Decimal("0.02"))
    answer, _ = call(QUERY, TOLD | {"status": "EXPIRED_IN_MATCH"})
    assert answer.status is OrderStatus.EXPIRED


@pytest.mark.parametrize("change", [{"status": "SOMETHING"}, {"side": "UP"}, {"executedQty": "NaN"},
                                    {"orderId": "x"}, {"executedQty": "-1"}])  # fmt: skip
def test_what_cannot_be_meant_is_no_answer(change: dict[str, Any]) -> None:
    answer, _ = call(QUERY, TOLD | change)
    assert isinstance(answer, NoAnswer)


def test_the_account_with_what_rests_on_it() -> None:
    resting = TOLD | {"status": "NEW", "stopPrice": "59000.00000000", "type": "STOP_LOSS"}
    answer, _ = call(ReadAccount(scope=SCOPE), {"assets": [PAIR]}, [resting], RATES)
    assert isinstance(answer, AccountSnapshot)
    assert answer.quote.debt == Decimal("700.00875")
    assert [order.stop_price for order in answer.open_orders] == [Decimal(59000)]
    assert answer.hourly_rate_quote == Decimal("0.0000125")
    assert answer.hourly_rate_base == Decimal("0.00001089"), "rounded up"


@pytest.mark.parametrize("flag", ["isolatedCreated", "enabled", "tradeEnabled"])
def test_a_pair_that_was_never_made_looks_healthy_and_is_not(flag: str) -> None:
    answer, _ = call(ReadAccount(scope=SCOPE), {"assets": [PAIR | {flag: False}]}, [], RATES)
    assert isinstance(answer, ApiError)
    assert "does not exist" in answer.message


def test_trades_learn_the_name_of_their_order_once() -> None:
    row = {"id": 7, "orderId": 41, "price": "60000.0", "qty": "0.01", "commission": "0",
           "commissionAsset": "BNB", "isBuyer": True, "time": 1_795_292_000_001}  # fmt: skip
    asks = ReadTrades(scope=SCOPE, since_ns=ExchangeNs(0), order_id=41)
    answer, door = call(asks, [row, row | {"id": 8}], TOLD)
    assert isinstance(answer, TradeList)
    assert [(fill.trade_id, fill.client_id) for fill in answer.fills] == [
        (7, "rbe-1"),
        (8, "rbe-1"),
    ]
    assert [path for _, path, _ in door.asked] == ["myTrades", "order"]


def test_lists_are_read_to_their_end() -> None:
    """Day by day, and page by page; open ones too; each once."""
    now_ms = 1_795_292_000_000
    since = ExchangeNs((now_ms - 60 * 3_600_000) * NS_PER_MS)
    page = [TOLD | {"orderId": number} for number in range(500)]
    rest = [TOLD | {"orderId": 500}]
    answer, door = call(ReadOrders(scope=SCOPE, since_ns=since), rest, page, rest, rest)
    assert isinstance(answer, OrderList)
    assert [order.order_id for order in answer.orders] == list(range(501))
    spans = [params for _, path, params in door.asked if path == "allOrders"]
    assert spans[1]["orderId"] == "500", "the page was full"
    days = [span for span in spans if "startTime" in span]
    assert len(days) == 3
    assert all(int(d["endTime"]) - int(d["startTime"]) < 24 * 3_600_000 for d in days)
    assert int(days[0]["startTime"]) == since // NS_PER_MS
    assert int(days[1]["startTime"]) == int(days[0]["endTime"]) + 1, "no hole between two days"


def test_interest_by_its_own_odd_name() -> None:
    rows = {
        "rows": [{"asset": "USDT", "interest": "0.00875", "interestAccuredTime": 5}],
        "total": 1,
    }
    asks = ReadInterest(
        scope=SCOPE, position=POSITION, since_ns=ExchangeNs(1_795_291_000_000 * NS_PER_MS)
    )
    answer, _ = call(asks, rows)
    assert isinstance(answer, InterestList)
    assert (answer.charges[0].amount, answer.charges[0].at_ns) == (
        Decimal("0.00875"),
        5 * NS_PER_MS,
    )


# --- trouble -------------------------------------------------------------------------------------


def test_trouble_is_an_answer() -> None:
    assert isinstance(call(ENTRY, NothingLeft("x"))[0], NeverSent)
    assert isinstance(call(ENTRY, Broken("x"))[0], NoAnswer)
    assert isinstance(call(ENTRY, b"<html>")[0], NoAnswer), "200 with a page"
    assert isinstance(call(ENTRY, b'{"orderId":')[0], NoAnswer), "half a body"
    assert isinstance(call(ENTRY, {"code": -1007, "msg": ""}, status=503)[0], NoAnswer)


@pytest.mark.parametrize(
    ("status", "said"), [(403, "firewall"), (451, "country"), (418, "banned"), (429, "too many")]
)
def test_a_page_instead_of_json_says_what_it_means(status: int, said: str) -> None:
    answer, _ = call(ENTRY, b"<html>", status=status)
    assert isinstance(answer, ApiError)
    assert answer.status == status
    assert said in answer.message


def test_a_429_keeps_back_what_no_position_waits_for() -> None:
    """A question of a position leaves all the same: its pace is kept by whoever asks it."""
    door = Binance({"code": -1003, "msg": "Too many requests."}, status=429)
    exchange = exchange_of(door)
    account, orders = ReadAccount(scope=SCOPE), ReadOrders(scope=SCOPE, since_ns=ExchangeNs(0))
    credit = attrs.evolve(account, position=POSITION, credit=True)
    kept = (account, orders, credit, attrs.evolve(QUERY, position=None), ENTRY)
    for request in (QUERY, attrs.evolve(account, position=POSITION), *kept):
        exchange.call(request)  # each of them is limited from here on
    before = len(door.asked)

    for request in kept:
        answer = exchange.call(request)
        assert isinstance(answer, ApiError)
        assert answer.message.startswith("not sent"), request
    assert len(door.asked) == before
    for number, request in enumerate((QUERY, attrs.evolve(account, position=POSITION)), 1):
        answer = exchange.call(request)
        assert isinstance(answer, ApiError)
        assert answer.message == "Too many requests.", request
        assert len(door.asked) == before + number


def test_a_refused_clock_is_set_by_one_question_and_nothing_is_sent_again() -> None:
    error = {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}
    answer, door = call(ENTRY, error, {"serverTime": 1_795_292_005_000}, status=400)
    assert isinstance(answer, ApiError)
    assert [path for _, path, _ in door.asked] == ["order", "time"]


def test_one_answer_for_each_intent_that_trades(record_property: Any) -> None:
    """Whatever comes back, the request has left once."""
    told = [FULL, b"", b"<html>", {"code": -1000, "msg": ""}, Broken("x")]
    for said in told:
        for request in (ENTRY, STOP, CANCEL):
            for status in (200, 400, 429, 500, 503):
                _, door = call(request, said, status=status)
                assert sum(method != "GET" for method, _, _ in door.asked) == 1
    record_property("note", f"binance: {len(told) * 15} answers, each to one request")

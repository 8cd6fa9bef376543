"""What every request carries, how far each list is read, and what is believed after a refusal."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.connectors.binance import endpoints
from robson.connectors.binance.api import Api, Failed
from robson.connectors.binance.clock import ExchangeClock
from robson.connectors.binance.exchange import BinanceExchange
from robson.connectors.binance.http import Reply
from robson.connectors.binance.keys import Key
from robson.connectors.binance.limits import Limits
from robson.connectors.binance.signing import HmacSigner
from robson.domain.identity import Purpose
from robson.domain.intents import (
    Intent,
    ReadAccount,
    ReadInterest,
    ReadOrders,
    ReadTrades,
    ReadTransfers,
    Repay,
)
from robson.domain.reports import ApiError, NoAnswer, OrderState
from robson.domain.values import NS_PER_MS, ExchangeNs
from tests.unit.binance.test_exchange import (
    ASSET,
    CANCEL,
    ENTRY,
    FULL,
    PAIR,
    POSITION,
    QUERY,
    RATES,
    SCOPE,
    STOP,
    TAKEN_BACK,
    TOLD,
    Binance,
    call,
)

NOW_MS = 1_795_292_000_000


def trading(door: Binance, clock: ExchangeClock) -> BinanceExchange:
    """The exchange behind a door."""
    limits = Limits(lambda: clock.signing_ns() // NS_PER_MS)
    return BinanceExchange(Api(door, Key("k", HmacSigner("s")), limits, clock), clock)


REPAY = Repay(scope=SCOPE, position=POSITION, asset="USDT", amount=Decimal(700), attempt=0,
              timestamp_ms=NOW_MS)  # fmt: skip
REPAID = {"txId": 9, "asset": "USDT", "amount": "700", "interest": "0.5",
          "principal": "699.5", "status": "CONFIRMED", "timestamp": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "answers"),
    [
        (ENTRY, (FULL,)),
        (STOP, (FULL,)),
        (CANCEL, (TAKEN_BACK,)),
        (QUERY, (TOLD,)),
        (REPAY, ({"tranId": 9}, {"rows": [REPAID]})),
        (ReadOrders(scope=SCOPE, since_ns=ExchangeNs(1_795_291_000_000 * NS_PER_MS)), ([TOLD],)),
        (ReadTrades(scope=SCOPE, since_ns=ExchangeNs(1_795_291_000_000 * NS_PER_MS)), ([],)),
    ],
    ids=["entry", "stop", "cancel", "query", "repay", "orders", "trades"],
)  # fmt: skip
def test_every_request_is_of_the_isolated_pair_and_in_time(
    request_: Intent, answers: tuple[Any, ...]
) -> None:
    """Without its flag it would go to the cross account; its time is in milliseconds."""
    _, door = call(request_, *answers)
    assert door.asked
    for _, path, params in door.asked:
        pair = params.get("symbol") if path != "borrow-repay" else None
        assert pair is None or params["isIsolated"] == "TRUE"
        assert pair == "BTCUSDT" or params.get("isolatedSymbol", "BTCUSDT") == "BTCUSDT"
        assert abs(int(params["timestamp"]) - NOW_MS) < 60_000
        assert 0 < int(params["recvWindow"]) <= 5_000
    assert door.asked[0][2]["isIsolated"] == "TRUE"


def test_an_entry_that_may_borrow_weighs_as_much_as_the_exchange_counts() -> None:
    """180,000 a minute, four fifths of it for entries, 1,500 for an order that may borrow."""
    door, clock = Binance(FULL), ExchangeClock(lambda: 0, NOW_MS * NS_PER_MS)
    clock.sample(sent_ns=0, received_ns=0, server_ms=NOW_MS)
    exchange = trading(door, clock)
    taken = [isinstance(exchange.call(ENTRY), OrderState) for _ in range(97)]
    assert taken == [True] * 96 + [False]


def test_what_leaves_risk_asks_for_no_weight() -> None:
    """The minute is used up: an entry waits, a stop, an exit, a cancel and a repayment leave."""
    door, clock = Binance(FULL), ExchangeClock(lambda: 0, NOW_MS * NS_PER_MS)
    clock.sample(sent_ns=0, received_ns=0, server_ms=NOW_MS)
    limits = Limits(lambda: clock.exchange_ns() // NS_PER_MS)
    for each in (endpoints.PLACE, endpoints.CANCEL, endpoints.REPAY, endpoints.REPAYMENTS):
        limits.heard(each, 429, {})
    exchange = BinanceExchange(Api(door, Key("k", HmacSigner("s")), limits, clock), clock)
    assert isinstance(exchange.call(ENTRY), ApiError)
    assert door.asked == []
    leaving = {
        "stop": (STOP, [FULL]),
        "exit": (attrs.evolve(ENTRY, purpose=Purpose.EXIT), [FULL]),
        "cancel": (CANCEL, [TAKEN_BACK]),
        "repay": (REPAY, [{"tranId": 9}, {"rows": [REPAID]}]),
    }
    for name, (request, answers) in leaving.items():
        door.says(*answers)
        assert not isinstance(exchange.call(request), ApiError), name


def test_a_repayment_is_accepted_as_long_as_it_says() -> None:
    wanted = attrs.evolve(REPAY, recv_window_ms=1_234)
    _, door = call(wanted, {"tranId": 9}, {"rows": [REPAID]})
    assert door.asked[0][2]["recvWindow"] == "1234"


def test_what_is_lent_is_told_of_each_asset() -> None:
    answer, door = call(
        ReadAccount(scope=SCOPE, credit=True),
        {"assets": [PAIR]},
        [],
        [RATES[0] | {"symbol": "ETHUSDT", "data": [{"coin": "USDT", "dailyInterest": "9"}]}, *RATES,
         RATES[0] | {"symbol": "BNBUSDT", "data": [{"coin": "USDT", "dailyInterest": "9"}]}],
        {"amount": "2"},
        {"amount": "30000"},
    )  # fmt: skip
    assert (answer.credit.base, answer.credit.quote) == (2, 30_000)
    asked = [params["asset"] for _, path, params in door.asked if path == "maxBorrowable"]
    assert asked == ["BTC", "USDT"]
    assert answer.account.hourly_rate_quote == Decimal("0.0000125"), "of this pair"


def test_what_is_locked_is_owned_too() -> None:
    held = PAIR | {"baseAsset": ASSET | {"asset": "BTC", "free": "0.01", "locked": "0.5"}}
    answer, _ = call(ReadAccount(scope=SCOPE), {"assets": [held]}, [], RATES)
    assert (answer.base.locked, answer.base.total) == (Decimal("0.5"), Decimal("0.51"))


def test_an_account_is_of_the_middle_of_its_way() -> None:
    """Orders and rates are asked for later and make it no younger."""
    now = [0]

    class Slow(Binance):
        def send(self, method: str, path: str, query: str, headers: dict[str, str]) -> Reply:
            now[0] += 400 * NS_PER_MS
            return super().send(method, path, query, headers)

    clock = ExchangeClock(lambda: now[0], NOW_MS * NS_PER_MS)
    account = trading(Slow({"assets": [PAIR]}, [], RATES), clock).call(ReadAccount(scope=SCOPE))
    assert account.at_ns == (NOW_MS + 200) * NS_PER_MS


def test_trades_are_read_page_by_page() -> None:
    row = {"id": 7, "orderId": 41, "price": "60000.0", "qty": "0.01", "commission": "0",
           "commissionAsset": "BNB", "isBuyer": True, "time": NOW_MS}  # fmt: skip
    page = [row | {"id": number} for number in range(1_000)]
    since = ExchangeNs((NOW_MS - 60_000) * NS_PER_MS)
    answer, door = call(ReadTrades(scope=SCOPE, since_ns=since), page, [row | {"id": 1_000}], TOLD)
    assert [fill.trade_id for fill in answer.fills] == list(range(1_001))
    assert door.asked[1][2]["fromId"] == "1000"


def test_interest_and_transfers_are_read_page_by_page() -> None:
    since = ExchangeNs(1_795_291_000_000 * NS_PER_MS)
    charge = {"asset": "USDT", "interest": "0.5", "interestAccuredTime": 5}
    asks = ReadInterest(scope=SCOPE, position=POSITION, since_ns=since)
    answer, door = call(asks, {"rows": [charge] * 100}, {"rows": [charge] * 3})
    assert len(answer.charges) == 103
    assert [params["current"] for _, _, params in door.asked] == ["1", "2"]

    move = {"amount": "7", "asset": "USDT", "timestamp": 5, "txId": 1, "type": "ROLL_IN"}
    moves = [move | {"txId": number} for number in range(100)]
    out = move | {"txId": 100, "type": "ROLL_OUT"}
    answer, door = call(
        ReadTransfers(scope=SCOPE, since_ns=since), {"rows": moves}, {"rows": [out]}
    )
    assert sum(each.amount for each in answer.transfers) == 99 * 7
    assert [params["current"] for _, _, params in door.asked] == ["1", "2"]


def test_trades_of_before_are_left_out() -> None:
    """A list by order has everything of it; what counts began at an instant, to the millisecond."""
    row = {"id": 7, "orderId": 41, "price": "60000.0", "qty": "0.01", "commission": "0",
           "commissionAsset": "BNB", "isBuyer": True, "time": 1_795_292_000_001}  # fmt: skip
    since = ExchangeNs(1_795_292_000_001 * NS_PER_MS)
    old = row | {"id": 6, "time": NOW_MS}
    answer, _ = call(ReadTrades(scope=SCOPE, since_ns=since, order_id=41), [old, row], TOLD)
    assert [fill.trade_id for fill in answer.fills] == [7]


def test_what_a_loan_costs_is_asked_for_again_each_hour() -> None:
    now = [0]
    clock = ExchangeClock(lambda: now[0], NOW_MS * NS_PER_MS)
    door = Binance({"assets": [PAIR]}, [], RATES, {"assets": [PAIR]})
    exchange = trading(door, clock)
    dearer = json.loads(json.dumps(RATES).replace("0.0003", "0.0024"))
    asked = []
    for after_s, answers in ((0, [[], RATES]), (1_800, [[]]), (3_601, [[], dearer])):
        now[0] = after_s * 1_000_000_000
        door.says({"assets": [PAIR]}, *answers)
        account = exchange.call(ReadAccount(scope=SCOPE))
        asked.append((len(door.asked), account.hourly_rate_quote))
    assert asked == [(3, Decimal("0.0000125")), (5, Decimal("0.0000125")), (8, Decimal("0.0001"))]


class Corrected(Binance):
    """Refuses the first time it is told, and says which one it is."""

    def send(self, method: str, path: str, query: str, headers: dict[str, str]) -> Reply:
        self._status = 200 if path.endswith("/time") else 400
        return super().send(method, path, query, headers)


def test_a_refused_clock_believes_only_what_it_is_told_now() -> None:
    """The way was shorter when it was told the time that is refused now."""
    now = [0]
    clock = ExchangeClock(lambda: now[0], 0)
    clock.sample(sent_ns=0, received_ns=0, server_ms=1_000)
    door = Corrected({"code": -1021, "msg": ""}, {"serverTime": 9_000})

    def later() -> int:
        now[0] += NS_PER_MS
        return now[0]

    clock._monotonic_ns = later
    trading(door, clock).call(ENTRY)
    assert [path for _, path, _ in door.asked] == ["order", "time"]
    assert clock.signing_ns() > 8_900 * NS_PER_MS


@pytest.mark.parametrize(("status", "final"), [(400, True), (429, False), (418, False)])
def test_a_limit_is_no_last_word(status: int, *, final: bool) -> None:
    """Who was told to wait asks again; who was refused would be told the same."""
    answer, _ = call(QUERY, {"code": -1121, "msg": ""}, status=status)
    assert Failed(endpoints.QUERY, answer).is_final is final
    assert not Failed(endpoints.QUERY, NoAnswer(reason="x")).is_final

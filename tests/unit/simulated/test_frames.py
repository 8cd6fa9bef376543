"""What crosses between a daemon and an exchange next door comes out as it went in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import attrs
import pytest

from robson.connectors.simulated.frames import BadFrame, Frames, frame, read, tagged, told, untagged
from robson.domain import intents, reports
from robson.domain.identity import (
    AccountId,
    ClientOrderId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
    client_order_id,
)
from robson.domain.instrument import Instrument
from robson.domain.values import Action, Candle, ExchangeNs, Price, Quantity

BTC = Symbol("BTC", "USDT")
SCOPE = Scope(AccountId("main"), BTC)
POSITION = PositionId("pos_" + "0" * 26)
STOP_ID: ClientOrderId = client_order_id(Purpose.INSURANCE, SCOPE, POSITION, attempt=1, epoch=1)
FILL = reports.Fill(
    trade_id=1,
    order_id=2,
    client_id="x",
    action=Action.BUY,
    price=Price("0.000000010"),
    quantity=Quantity("1000"),
    commission=Decimal("0.10"),
    commission_asset="BTC",
    at_ns=ExchangeNs(5),
)
ORDER = reports.OrderState(
    client_id=str(STOP_ID),
    order_id=2,
    status=reports.OrderStatus.NEW,
    action=Action.SELL,
    type=intents.OrderType.STOP_LOSS_LIMIT,
    quantity=Quantity("0.1"),
    executed=Decimal(0),
    quote_executed=Decimal(0),
    stop_price=Price("59400.10"),
    at_ns=ExchangeNs(7),
    fills=(FILL,),
)
BALANCE = reports.Balance(
    asset="BTC",
    free=Decimal("0.1"),
    locked=Decimal(0),
    borrowed=Decimal("1.00"),
    interest=Decimal("0.00000001"),
)
ACCOUNT = reports.AccountSnapshot(
    scope=SCOPE,
    base=BALANCE,
    quote=BALANCE,
    index_price=Price(1),
    at_ns=ExchangeNs(1),
    open_orders=(ORDER,),
)
ASKED: dict[str, Any] = {"scope": SCOPE, "position": POSITION}
VALUES = [
    intents.PlaceOrder(
        **ASKED,
        purpose=Purpose.INSURANCE,
        client_id=STOP_ID,
        action=Action.SELL,
        type=intents.OrderType.STOP_LOSS,
        quantity=Quantity("0.10"),
        side_effect=intents.SideEffect.REPAY,
        stop_price=Price("59400"),
        timestamp_ms=3,
    ),
    intents.CancelOrder(**ASKED, target=STOP_ID, cancel_id=STOP_ID),
    intents.Repay(**ASKED, asset="USDT", amount=Decimal("1.5"), attempt=2),
    intents.QueryOrder(**ASKED, target=STOP_ID, token=4),
    intents.ReadTrades(**ASKED, since_ns=ExchangeNs(1), order_id=9),
    intents.ReadOrders(**ASKED, since_ns=ExchangeNs(1)),
    intents.ReadAccount(scope=SCOPE),
    intents.ReadAccount(scope=SCOPE, credit=True),
    intents.ReadTransfers(scope=SCOPE, since_ns=ExchangeNs(1), token=3),
    intents.ReadInterest(**ASKED, since_ns=ExchangeNs(1)),
    ORDER,
    attrs.evolve(ORDER, fills=None, stop_price=None),
    reports.OrderList(orders=(ORDER, ORDER)),
    reports.TradeList(fills=(FILL,)),
    reports.InterestList(
        charges=(reports.InterestCharge(asset="BTC", amount=Decimal("0.1"), at_ns=ExchangeNs(2)),)
    ),
    ACCOUNT,
    reports.TransferList(
        transfers=(
            reports.Transfer(
                transfer_id=3, asset="USDT", amount=Decimal("-1.50"), at_ns=ExchangeNs(1)
            ),
        )
    ),
    reports.AccountCredit(
        account=ACCOUNT, credit=reports.Credit(base=Decimal("0.50"), quote=Decimal(9))
    ),
    reports.Repaid(asset="BTC", amount=Decimal(3), interest=Decimal(1), principal=Decimal(2)),
    reports.ApiError(status=400, code=-2010, message="no, Ω"),
    reports.NoAnswer(reason="silence"),
    reports.NeverSent(reason="refused"),
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_what_is_read_is_what_was_told(value: Any) -> None:
    frames = Frames()
    frames.feed(frame("answer", 1, tagged(value)))
    taken = frames.take()
    assert taken is not None
    back = untagged(taken[2])

    assert back == value
    assert repr(back) == repr(value), "the same digits and the same types"


def test_no_kind_is_left_out() -> None:
    kinds = set(get_args(intents.Intent)) | set(get_args(reports.Answer))
    assert {type(value) for value in VALUES} == kinds


def test_rules_and_candles_travel_too() -> None:
    rules = Instrument(symbol=BTC, tick=Decimal("0.010"), step=Decimal("0.00001"))
    candle = Candle(1, *(Price(price) for price in ("2", "3", "1", "2.50")))
    assert read(told(rules), Instrument) == rules
    assert read(told(candle), Candle) == candle


def test_frames_come_in_any_pieces() -> None:
    whole = frame("one", 1) + frame("two", 2)
    for size in (1, 3, len(whole)):
        frames, found = Frames(), []
        for begin in range(0, len(whole), size):
            frames.feed(whole[begin : begin + size])
            while (items := frames.take()) is not None:
                found.append(items)
        assert found == [["one", 1], ["two", 2]]


@pytest.mark.parametrize(
    "data",
    [b"\xff\xff\xff\xff", b"\0\0\0\x02{}", b"\0\0\0\x02[]", b"\0\0\0\x01x"],
    ids=["too long", "no list", "no name", "no JSON"],
)
def test_bytes_that_are_no_frame_are_refused(data: bytes) -> None:
    frames = Frames()
    frames.feed(data)
    with pytest.raises(BadFrame):
        frames.take()


@pytest.mark.parametrize(
    "raw", [["Teleport", {}], ["ReadAccount", {"scope": 1}], ["ReadAccount", {"more": 1}], 7, None]
)
def test_what_is_neither_request_nor_answer_is_refused(raw: Any) -> None:
    with pytest.raises(BadFrame):
        untagged(raw)

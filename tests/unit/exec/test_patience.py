"""What may leave while the exchange wants to be left alone, and for how long that is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson.domain.identity import (
    AccountId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
    client_order_id,
)
from robson.domain.intents import (
    CancelOrder,
    Intent,
    OrderType,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    ReadTrades,
    Repay,
    SideEffect,
)
from robson.domain.reports import ApiError, NoAnswer
from robson.domain.values import NS_PER_S, Action, ExchangeNs, Quantity
from robson.exec.patience import SHARE, Patience

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
MINE = PositionId.of(7)
NOON = ExchangeNs(1_763_553_600 * NS_PER_S + 7 * NS_PER_S)
"""Seven seconds into a minute."""


def order(purpose: Purpose) -> PlaceOrder:
    return PlaceOrder(
        scope=SCOPE,
        position=MINE,
        purpose=purpose,
        client_id=client_order_id(purpose, SCOPE, MINE, attempt=0, epoch=1),
        action=Action.BUY,
        type=OrderType.MARKET,
        quantity=Quantity("1"),
        side_effect=SideEffect.NONE,
    )


def told(status: int, code: int, seconds: int, asked: Intent | None = None) -> Patience:
    patience = Patience()
    error = ApiError(status=status, code=code, message="", retry_after_ns=seconds * NS_PER_S)
    patience.hear(asked or BACKGROUND, error, NOON)
    return patience


def later(seconds: float) -> ExchangeNs:
    return ExchangeNs(NOON + int(seconds * NS_PER_S))


BACKGROUND = ReadAccount(scope=SCOPE, token=-1)
ABOUT_MINE = ReadAccount(scope=SCOPE, position=MINE)
STOP = client_order_id(Purpose.INSURANCE, SCOPE, MINE, attempt=0, epoch=1)
CANCEL = CancelOrder(scope=SCOPE, position=MINE, target=STOP, cancel_id=STOP)
REPAY = Repay(scope=SCOPE, position=MINE, asset="BTC", amount=Decimal(1), attempt=0)
WAYS_OUT = (order(Purpose.EXIT), order(Purpose.INSURANCE), CANCEL)
KEPT = (order(Purpose.ENTRY), REPAY, BACKGROUND, ReadTrades(scope=SCOPE, since_ns=NOON))


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, -1003), (418, -1003), (429, 0), (418, 0), (400, -1015), (400, -1003)],
)
def test_what_waits_and_what_does_not(status: int, code: int) -> None:
    patience = told(status, code, 20)
    for moment in (0, 19.9):
        assert {patience.refuses(each, later(moment)) for each in KEPT} == {"told_to_wait"}
        assert {patience.refuses(each, later(moment)) for each in WAYS_OUT} == {None}
    assert {patience.refuses(each, later(20)) for each in (*KEPT, *WAYS_OUT)} == {None}


@pytest.mark.parametrize(("status", "every_s"), [(429, 1), (418, 5)])
def test_questions_about_a_position_have_a_share(status: int, every_s: int) -> None:
    """Five at once, which is a whole round about an unknown order, and then one by one."""
    patience = told(status, -1003, 120)
    query = QueryOrder(scope=SCOPE, position=MINE, target=STOP)
    left = [patience.refuses(query, later(0)) for _ in range(9)]
    assert left == [None] * SHARE + ["told_to_wait"] * 4
    passed = sum(patience.refuses(ABOUT_MINE, later(tenth / 10)) is None for tenth in range(1, 300))
    assert passed in (29 // every_s, 29 // every_s + 1)


def test_without_a_retry_after_the_next_minute_is_waited_for() -> None:
    patience = told(429, -1015, 0)
    assert patience.left_ns(NOON) == 53 * NS_PER_S
    assert patience.refuses(BACKGROUND, later(52.9)) == "told_to_wait"
    assert patience.refuses(BACKGROUND, later(53)) is None


def test_what_one_lane_was_told_holds_for_all_and_is_never_made_shorter() -> None:
    patience = told(418, -1003, 60, order(Purpose.EXIT))
    shorter = ApiError(status=429, code=-1003, message="", retry_after_ns=NS_PER_S)
    patience.hear(BACKGROUND, shorter, NOON)
    assert patience.left_ns(later(1)) == 59 * NS_PER_S
    assert patience.refuses(order(Purpose.ENTRY), later(30)) == "told_to_wait"
    patience.hear(order(Purpose.EXIT), shorter, NOON)
    assert patience.left_ns(later(1)) == 59 * NS_PER_S, "nor by the same lane"


@pytest.mark.parametrize(
    "answer",
    [
        NoAnswer(reason="timeout"),
        ApiError(status=400, code=-2010, message=""),
        ApiError(status=503, code=-1001, message="", retry_after_ns=9 * NS_PER_S),
    ],
)
def test_nothing_else_is_a_wish_to_be_left_alone(answer: NoAnswer | ApiError) -> None:
    patience = Patience()
    patience.hear(BACKGROUND, answer, NOON)
    assert patience.left_ns(NOON) == 0

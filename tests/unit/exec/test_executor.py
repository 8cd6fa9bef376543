"""What may leave, and what each answer of the exchange means: definite, gone, not found, unknown.

The codes are those of Binance's published error list; which of them leave the outcome open is the
project's own table (an unlisted 4xx is definite, a 5xx never is).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.domain.identity import (
    AccountId,
    ClientOrderId,
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
    ReadTrades,
    Repay,
    SideEffect,
)
from robson.domain.reports import (
    ApiError,
    CancelGone,
    Fill,
    NeverSent,
    NoAnswer,
    NotSent,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    Report,
    TradeList,
    TradesReported,
)
from robson.domain.values import NS_PER_MS, Action, ExchangeNs, Price, Quantity
from robson.exec.executor import Fence, classify, refuses

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
POSITION = PositionId("pos_00000000000000000000000001")
EPOCH = 7
SIGNED_MS = 1_763_553_600_000
NOW = ExchangeNs(SIGNED_MS * NS_PER_MS)


def own_id(purpose: Purpose, epoch: int = EPOCH) -> ClientOrderId:
    return client_order_id(purpose, SCOPE, POSITION, attempt=0, epoch=epoch)


def order(purpose: Purpose = Purpose.ENTRY, **changes: Any) -> PlaceOrder:
    made = PlaceOrder(
        scope=SCOPE,
        position=POSITION,
        purpose=purpose,
        client_id=own_id(purpose),
        action=Action.BUY,
        type=OrderType.MARKET,
        quantity=Quantity(Decimal("0.5")),
        side_effect=SideEffect.NONE,
        timestamp_ms=SIGNED_MS,
        recv_window_ms=2000,
    )
    return attrs.evolve(made, **changes)


CANCEL = CancelOrder(
    scope=SCOPE,
    position=POSITION,
    target=own_id(Purpose.INSURANCE),
    cancel_id=own_id(Purpose.CANCEL),
    timestamp_ms=SIGNED_MS,
    recv_window_ms=2000,
)
REPAY = Repay(
    scope=SCOPE,
    position=POSITION,
    asset="BTC",
    amount=Decimal(1),
    attempt=0,
    timestamp_ms=SIGNED_MS,
    recv_window_ms=2000,
)
QUERY = QueryOrder(scope=SCOPE, position=POSITION, target=own_id(Purpose.ENTRY))
ORDERS = (order(), order(Purpose.EXIT), order(Purpose.INSURANCE))
TRADING: tuple[Intent, ...] = (*ORDERS, CANCEL, REPAY)
EVERY = pytest.mark.parametrize(
    "intent", TRADING, ids=("entry", "exit", "exchange stop", "cancel", "repay")
)


def meaning(intent: Intent, code: int, status: int = 400, message: str = "x") -> Report:
    error = ApiError(status=status, code=code, message=message)
    return classify(intent, error, sent_ns=NOW, received_ns=NOW)


# --- answers -------------------------------------------------------------------------------------

UNKNOWN = (-1000, -1001, -1006, -1007, -1008, -3000, -3044)
DEFINITE = (
    *(-1002, -1003, -1013, -1014, -1015, -1016, -1020, -1021, -1022),
    *(-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1111, -1112, -1114, -1115),
    *(-1116, -1117, -1118, -1119, -1120, -1121, -1130, -1131, -2010, -2014, -2015, -2026),
    *(-3003, -3004, -3006, -3007, -3008, -3010, -3012, -3013, -3014, -3015, -3016, -3020),
    *(-3021, -3022, -3023, -3024, -3027, -3028, -3036, -3037, -3041, -3042, -3045, -3064),
    *(-11001, -11007, -11008, -11015, -9999),
)


@pytest.mark.proves("I-51", "P1")
@EVERY
def test_codes_that_leave_the_outcome_open(intent: Intent) -> None:
    for code in UNKNOWN:
        assert isinstance(meaning(intent, code), OutcomeUnknown), code


@pytest.mark.proves("I-51")
@EVERY
def test_codes_that_are_definite(intent: Intent) -> None:
    for code in DEFINITE:
        report = meaning(intent, code, message="why")
        assert isinstance(report, OrderRejected), code
        assert (report.code, report.message) == (code, "why")


@pytest.mark.proves("I-19")
@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
@EVERY
def test_a_server_error_is_never_definite(intent: Intent, status: int) -> None:
    for code in (0, -1003, -1013, -2010, -2011, -2013):
        assert isinstance(meaning(intent, code, status), OutcomeUnknown), code


@pytest.mark.parametrize("text", ["Duplicate order sent.", "duplicate order sent"])
def test_an_order_that_is_open_already_has_to_be_looked_up(text: str) -> None:
    assert isinstance(meaning(order(), -2010, message=text), OutcomeUnknown)
    assert isinstance(
        meaning(order(), -2010, message="Account has insufficient balance"), OrderRejected
    )


def test_not_found_is_an_answer_to_a_question_only() -> None:
    assert isinstance(meaning(QUERY, -2013), OrderNotFound)
    assert isinstance(meaning(QUERY, -2011), OrderRejected)
    assert isinstance(meaning(order(), -2013), OrderRejected)


@pytest.mark.proves("P7")
@pytest.mark.parametrize("code", [-2011, -2013])
def test_a_cancel_that_finds_nothing_is_gone_and_not_cancelled(code: int) -> None:
    assert isinstance(meaning(CANCEL, code), CancelGone)


def test_silence_is_unknown_and_a_refused_connection_is_not() -> None:
    silent = classify(order(), NoAnswer(reason="5 s"), sent_ns=NOW, received_ns=NOW)
    unsent = classify(order(), NeverSent(reason="refused"), sent_ns=NOW, received_ns=NOW)

    assert isinstance(silent, OutcomeUnknown)
    assert isinstance(unsent, NotSent)


# --- what may leave ------------------------------------------------------------------------------


def at(intent: Intent, later_ms: int, fence: Fence | None = None) -> str | None:
    return refuses(intent, fence or Fence(epoch=EPOCH), ExchangeNs(NOW + later_ms * NS_PER_MS))


@EVERY
def test_a_request_is_fresh_for_half_its_window(intent: Intent) -> None:
    assert at(intent, 0) is None
    assert at(intent, 1000) is None
    assert at(intent, 1001) == "stale"


@EVERY
def test_nothing_leaves_without_its_timestamp(intent: Any) -> None:
    assert at(attrs.evolve(intent, timestamp_ms=None), 0) == "unstamped"


def test_an_entry_of_another_epoch_stays_here() -> None:
    assert at(order(client_id=own_id(Purpose.ENTRY, EPOCH - 1)), 0) == "fenced"
    assert at(order(client_id=own_id(Purpose.ENTRY, EPOCH + 1)), 0) == "fenced"
    assert at(order(client_id=ClientOrderId("somebody-else")), 0) == "fenced"


def test_a_fence_that_has_run_out_holds_entries_and_nothing_else() -> None:
    over = Fence(epoch=EPOCH, deadline_ns=NOW)

    assert at(order(), 0, over) == "fenced"
    for intent in TRADING[1:]:
        assert at(intent, 0, over) is None
    assert at(order(), -1, over) is None


@EVERY
def test_who_observes_sends_nothing_at_all(intent: Intent) -> None:
    """Whatever was decided, and by whom: the last lock before the wire."""
    watching = Fence(epoch=EPOCH, observes=True)
    assert at(intent, 0, watching) == "observing"
    assert at(QUERY, 0, watching) is None


def test_questions_always_leave() -> None:
    assert at(QUERY, 1_000_000, Fence(epoch=1, deadline_ns=ExchangeNs(0))) is None


def test_a_trade_that_is_listed_twice_counts_once() -> None:
    asked = ReadTrades(scope=SCOPE, position=POSITION, since_ns=NOW)
    fills = tuple(
        Fill(
            trade_id=trade,
            order_id=1,
            client_id=own_id(Purpose.ENTRY),
            action=Action.BUY,
            price=Price("60000"),
            quantity=Quantity("0.01"),
            commission=Decimal(0),
            commission_asset="BTC",
            at_ns=NOW,
        )
        for trade in (1, 1, 2, 2, 1)
    )
    report = classify(asked, TradeList(fills=fills), sent_ns=NOW, received_ns=NOW)

    assert isinstance(report, TradesReported)
    assert [fill.trade_id for fill in report.fills] == [1, 2]

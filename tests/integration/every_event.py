"""One event of every kind, each field with a value that its text form could get wrong."""

from __future__ import annotations

from decimal import Decimal

from robson.domain import events as e
from robson.domain.accounts import RuntimeState
from robson.domain.identity import (
    AccountId,
    ClientOrderId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
    client_order_id,
)
from robson.domain.intents import CancelOrder, OrderType, PlaceOrder, SideEffect
from robson.domain.plan import (
    EntryPlan,
    InsurancePlan,
    InsuranceTerms,
    Level,
    Sizing,
    SkippedLevel,
    StopAudit,
    StopPlan,
)
from robson.domain.reports import AccountSnapshot, Balance, Credit, Fill, OrderState, OrderStatus
from robson.domain.strategy import NOW
from robson.domain.values import Action, ExchangeNs, Leverage, Price, Quantity, Side

D = Decimal
DAWN = 1_763_553_600_000_000_000
SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
POSITION = PositionId.of(0x019A9BFC6200A09E50CADEDAFCCDE679)
PROOF = (("settled_ns", str(DAWN)), ("base_total", "0"))


def at(ms: int) -> ExchangeNs:
    """An instant, not on a whole millisecond."""
    return ExchangeNs(DAWN + ms * 1_000_000 + 1)


def order_id(purpose: Purpose, attempt: int = 0) -> ClientOrderId:
    """Our id of an order of the position, by its second process."""
    return client_order_id(purpose, SCOPE, POSITION, attempt=attempt, epoch=2)


def order(purpose: Purpose, attempt: int = 0, *, signed: bool = False) -> PlaceOrder:
    """An order of the position."""
    stop = purpose is Purpose.INSURANCE
    return PlaceOrder(
        scope=SCOPE,
        position=POSITION,
        purpose=purpose,
        client_id=order_id(purpose, attempt),
        action=Action.BUY if purpose is Purpose.ENTRY else Action.SELL,
        type=OrderType.STOP_LOSS if stop else OrderType.MARKET,
        quantity=Quantity("0.12360"),
        side_effect=SideEffect.BORROW if purpose is Purpose.ENTRY else SideEffect.REPAY,
        stop_price=Price("59250.00") if stop else None,
        timestamp_ms=DAWN // 1_000_000 if signed else None,
        recv_window_ms=1_500,
    )


CANCEL = CancelOrder(
    scope=SCOPE,
    position=POSITION,
    target=order_id(Purpose.INSURANCE),
    cancel_id=order_id(Purpose.CANCEL),
)


def fill(purpose: Purpose, trade_id: int, quantity: str, price: str) -> Fill:
    """One trade; a sale pays its fee in quote."""
    buys = purpose is Purpose.ENTRY
    return Fill(
        trade_id=trade_id,
        order_id=trade_id + 100,
        client_id=order_id(purpose),
        action=Action.BUY if buys else Action.SELL,
        price=Price(price),
        quantity=Quantity(quantity),
        commission=D("0.00012360") if buys else D("7.41360000"),
        commission_asset="BTC" if buys else "USDT",
        at_ns=at(20),
    )


RESTING = OrderState(
    client_id=order_id(Purpose.INSURANCE),
    order_id=7,
    status=OrderStatus.NEW,
    action=Action.SELL,
    type=OrderType.STOP_LOSS,
    quantity=Quantity("0.12360"),
    executed=D("0"),
    quote_executed=D("0E-8"),
    stop_price=Price("59250.00"),
    at_ns=at(60),
)
ACCOUNT = AccountSnapshot(
    scope=SCOPE,
    base=Balance(
        asset="BTC", free=D("9E-8"), locked=D("0.12360"), borrowed=D("0"), interest=D("0")
    ),
    quote=Balance(
        asset="USDT",
        free=D("2582.5168"),
        locked=D("0"),
        borrowed=D("1000.00000000"),
        interest=D("0.0125"),
    ),
    index_price=Price("60000.00"),
    at_ns=at(80),
    open_orders=(RESTING,),
    hourly_rate_base=D("0.00001089"),
    hourly_rate_quote=D("0.00001250"),
)
AUDIT = StopAudit(
    candles=100,
    first_open_ns=DAWN - 90_000_000_000_000,
    last_open_ns=None,
    levels=(Level(price=Price("59400.00"), touches=2, distance=D("600.00")),),
    configured_n=2,
    selected_n=None,
    skipped=(SkippedLevel(price=Price("53000.00"), distance=D("7000.00"), reason="above_max"),),
    method="atr",
    confidence="low",
    atr=D("400.000000000000"),
    guard=Price("59420.00"),
    buffer=D("0.00"),
    stop=Price("59400.00"),
    min_bps=10,
    max_bps=1_000,
)
PLAN = EntryPlan(
    stops=StopPlan(
        side=Side.LONG,
        entry_ref=Price("60000.00"),
        technical_stop=Price("59400.00"),
        guard=Price("59420.00"),
        buffer=D("0.00"),
        stop=Price("59400.00"),
        stop_gain=None,
    ),
    sizing=Sizing(
        capital=D("10000.00"),
        risk_pct=D("1"),
        cap_risk=D("100.0000"),
        entry_fill=D("60030.0000"),
        adverse_fill=D("59340.60000"),
        fee=D("0.001"),
        span_term=D("600.00"),
        fee_term=D("119.37060000"),
        gap_term=D("59.40000"),
        slip_term=D("30.0000"),
        interest_unit=D("0.000000000000"),
        loss_unit=D("808.770600000000"),
        qty_risk=D("0.123644454929"),
        qty_margin=D("0.49500000"),
        golden_quantity=D("0.16666"),
        quantity=Quantity("0.12364"),
        planned_risk=D("99.99639698400000"),
        binding="risk",
        qty_borrow=D("0.50"),
    ),
    insurance=InsurancePlan(
        stop_price=Price("59250.00"),
        offset=D("150.00"),
        terms=InsuranceTerms(enabled=False, buffer_pct=D("0.50"), span_ratio=D("0.2")),
    ),
    be_bps=D("25"),
    net_r_at_gain=D("-1E-7"),
    borrows=True,
    decided_ns=at(0),
)
BASE = {"position": POSITION, "at_ns": at(40)}
ENTRY, EXIT, STOP = (order_id(p) for p in (Purpose.ENTRY, Purpose.EXIT, Purpose.INSURANCE))

_ARMING: tuple[e.Event, ...] = (
    e.Started(at_ns=at(0), epoch=2, version="0.1.0", instance="sim"),
    e.MonthOpened(at_ns=at(0), month="2025-11", capital_base=D("10000.00000000")),
    e.PositionArmed(
        **BASE,
        scope=SCOPE,
        side=None,
        strategy=NOW,
        capital=D("1E+4"),
        leverage=Leverage(3),
        idempotency_key="k \u2013 1",
        actor="me@here",
    ),
    e.SignalReceived(
        **BASE,
        signal_id="sig_1",
        side=Side.SHORT,
        entry_ref=Price("60000.00"),
        valid_until_ns=at(30_000),
        audit=AUDIT,
    ),
    e.SignalRejected(
        **BASE,
        signal_id="sig_0",
        side=Side.LONG,
        entry_ref=Price("60000.00"),
        code="signal_stale",
        message="the price is 20.04 s old",
        numbers=(("value", "20.04"), ("limit", "5")),
        audit=None,
    ),
    e.SizingDecided(**BASE, plan=PLAN, account=ACCOUNT, credit=Credit(base=D("1.50"), quote=D(9))),
)
_ENTERING: tuple[e.Event, ...] = (
    e.EntryRequested(**BASE, order=order(Purpose.ENTRY), attempt=0),
    e.OrderSending(**BASE, client_id=ENTRY, timestamp_ms=DAWN // 1_000_000, recv_window_ms=1_500),
    e.OrderUnknown(**BASE, client_id=ENTRY, reason="no answer within 5 s"),
    e.OrderResolved(**BASE, client_id=ENTRY, outcome="absent", evidence=PROOF),
    e.EntryAccepted(**BASE, client_id=ENTRY, order_id=101),
    e.EntryPartlyFilled(
        **BASE,
        client_id=ENTRY,
        order_id=101,
        fills=(fill(Purpose.ENTRY, 1, "0.10000", "60012.00"),),
        price=Price("60012.00"),
        quantity=Quantity("0.10000"),
        held=D("0.09990000"),
    ),
    e.EntryCancelling(**BASE, cancel=CANCEL),
    e.EntryFilled(
        **BASE,
        client_id=ENTRY,
        order_id=101,
        fills=(
            fill(Purpose.ENTRY, 1, "0.10000", "60012.00"),
            fill(Purpose.ENTRY, 2, "0.02364", "60012.01"),
        ),
        price=Price("60012.001911"),
        quantity=Quantity("0.12364"),
        held=D("0.12351636"),
        reconciled=True,
    ),
    e.EntryFailed(
        **BASE,
        client_id=ENTRY,
        reason="entry_rejected",
        code=-2010,
        message="Account has insufficient balance for requested action.",
        proof=PROOF,
        rearm=True,
    ),
    e.CancelRequested(**BASE, actor="me@here"),
    e.PanicRequested(**BASE, actor="me@here", reason="user_panic"),
    e.PositionCancelled(**BASE, reason="disarmed_by_user", actor=None),
)
_PROTECTING: tuple[e.Event, ...] = (
    e.InsuranceRequested(**BASE, order=order(Purpose.INSURANCE), attempt=0),
    e.ExitPrearmed(**BASE, cancel=CANCEL, exit=order(Purpose.EXIT), attempt=0),
    e.InsurancePlaced(
        **BASE,
        client_id=STOP,
        order_id=7,
        stop_price=Price("59250.00"),
        quantity=Quantity("0.12351"),
        accepted_ns=at(60),
    ),
    e.AccountRead(**BASE, account=ACCOUNT),
    e.StopRaised(
        **BASE, rung=1, stop=Price("60150.00"), was=Price("59400.00"), price=Price("60600.00")
    ),
    e.GuardReleased(**BASE, guard=Price("59420.00"), unguarded=Price("59510.00")),
    e.InsuranceCancelling(**BASE, cancel=CANCEL),
    e.InsuranceCancelled(**BASE, client_id=STOP, executed=D("0"), cancelled_ns=at(61)),
    e.InsuranceGone(**BASE, client_id=STOP),
    e.InsuranceFailed(
        **BASE, client_id=STOP, code=-2010, message="Stop price would trigger immediately."
    ),
    e.InsuranceFilled(
        **BASE,
        client_id=STOP,
        fills=(fill(Purpose.INSURANCE, 3, "0.12351", "59238.15"),),
        final=False,
    ),
)
_LEAVING: tuple[e.Event, ...] = (
    e.ExitTriggered(
        **BASE,
        reason="stop_loss",
        price=Price("59390.00"),
        tick_ns=at(39),
        stop=Price("59400.00"),
        jumped_from=Price("59410.00"),
        actor=None,
    ),
    e.ExitRequested(**BASE, order=order(Purpose.EXIT, signed=True), attempt=0),
    e.ExitRetry(**BASE, client_id=EXIT, code=None, message="absent", proof=PROOF),
    e.ExitAccepted(**BASE, client_id=order(Purpose.EXIT).client_id, order_id=303),
    e.ExitFilled(
        **BASE,
        client_id=EXIT,
        order_id=104,
        fills=(fill(Purpose.EXIT, 4, "0.12351", "59378.12"),),
        quantity=Quantity("0.12351"),
        price=Price("59378.12"),
    ),
    e.PositionClosed(
        **BASE,
        reason="stop_loss",
        by="exit",
        price=Price("59378.12"),
        quantity=Quantity("0.12351"),
        gross=D("-78.29"),
        dust=D("0.00000636"),
        account=ACCOUNT,
    ),
    e.RepayRequested(
        **BASE,
        asset="USDT",
        amount=D("0.01250000"),
        attempt=1,
        timestamp_ms=DAWN // 1_000_000,
    ),
    e.LoanCharged(**BASE, interest=D("0.0350")),
    e.PnlSettled(
        **BASE,
        gross=D("-78.29"),
        fees=D("14.75"),
        interest=D("0.0125"),
        net=D("-93.0525"),
        r_multiple=D("-0.93055852"),
        planned_risk=D("99.99639698400000"),
    ),
    e.PositionFailed(**BASE, code="unknown_order", message="the balances do not say"),
    e.PositionResolved(**BASE, target="active", actor="me@here", evidence=PROOF),
    e.PositionCarried(**BASE, month="2025-12", basis=D("-1.50E+1")),
    e.MarginBandChanged(
        **BASE, was="caution", band="critical", level=D("1.2500"), exit_level=D("1.20")
    ),
    e.HaltEntered(
        at_ns=at(90), month="2025-11", reason="the month's limit is used up", remaining=D("-0.01")
    ),
    e.CapitalRecalibrated(
        at_ns=at(89),
        month="2025-11",
        was=D("10000"),
        capital_base=D("9000.50"),
        moves=(("BTCUSDT:7", "-999.50"),),
    ),
    e.BudgetAlerted(
        at_ns=at(90),
        month="2025-11",
        line_pct=D(2),
        consumed=D("-200.01"),
        capital_base=D("10000"),
    ),
    e.HaltCleared(at_ns=at(91), reason="2025-12 opened"),
    e.RuntimeStateChanged(
        at_ns=at(92),
        was=RuntimeState.RUNNING,
        state=RuntimeState.PAUSED,
        reason="an upgrade",
        actor="me@here",
    ),
    e.ScopeFrozen(
        at_ns=at(93),
        scope="BTCUSDT",
        reason="order 7 rests and is not ours",
        code="foreign_order",
        evidence=(("order_id", "7"),),
    ),
    e.ScopeCleared(at_ns=at(94), scope="account", reason="looked", actor="me@here"),
    e.Stopped(at_ns=at(99), epoch=2),
)

_RECONCILING: tuple[e.Event, ...] = (
    e.ProtectionAlerted(**BASE, since_ns=at(6), reason="-1013: Filter failure"),
    e.ProtectionRestored(**BASE, alerted_ns=at(7)),
    e.Reconciled(**BASE, row="R12", code="stop_missing", evidence=PROOF),
    e.OrphanCancelling(**BASE, cancel=CANCEL),
    e.HoldingMissed(**BASE, expected=D("0.12351"), found=D("0.00000636")),
    e.HoldingSeen(**BASE),
    e.FilledOutside(
        **BASE, order_id=105, fills=(fill(Purpose.UNTRACKED, 5, "0.12351", "59378.12"),)
    ),
    e.HoldingAdopted(**BASE, was=D("0.12351"), held=D("0.1")),
    e.GapForgiven(
        **BASE, stop=Price("59378.12"), extreme=Price("59300.00"), price=Price("60000.10")
    ),
)

EVERY: tuple[e.Event, ...] = (*_ARMING, *_ENTERING, *_PROTECTING, *_LEAVING, *_RECONCILING)

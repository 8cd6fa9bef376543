"""Positions in several states, with numbers of one recorded morning, for tests of the interface."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import attrs

from robson.domain import events as e
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
from robson.domain.intents import OrderType, PlaceOrder, SideEffect
from robson.domain.lifecycle import PositionState
from robson.domain.plan import (
    EntryPlan,
    InsurancePlan,
    Level,
    Sizing,
    SkippedLevel,
    StopAudit,
    StopPlan,
)
from robson.domain.reports import AccountSnapshot, Balance, Fill
from robson.domain.strategy import ALL_IN, NOW
from robson.domain.values import Action, ExchangeNs, Leverage, Price, Quantity, Side
from robson.domain.view import InsuranceView, OrderRecord, PositionView

D = Decimal
S = 1_000_000_000
DAWN = ExchangeNs(1_752_624_000 * S)  # 2025-07-16 00:00 UTC
NOON = ExchangeNs(DAWN + 12 * 3600 * S)
ACCOUNT = AccountId("main")

BTC = Instrument(symbol=Symbol("BTC", "USDT"), tick=D("0.01"), step=D("0.00001"), min_notional=D(5))
ETH = Instrument(symbol=Symbol("ETH", "USDT"), tick=D("0.01"), step=D("0.0001"), min_notional=D(5))
SOL = Instrument(symbol=Symbol("SOL", "USDT"), tick=D("0.01"), step=D("0.001"), min_notional=D(5))

BTC_ID = PositionId("pos_01K0C3VF00ABCDEFGH017K3QM4")
SOL_ID = PositionId("pos_01K0C3VF01ABCDEFGH01M41TZC")
CLOSED_ID = PositionId("pos_01K0C3VF02ABCDEFGH017Q0M2R")
LOST_ID = PositionId("pos_01K0C3VF03ABCDEFGH02QZ3QM4")  # shares its last four with BTC_ID
GONE_ID = PositionId("pos_01K0C3VF04ABCDEFGH01CNCE0N")


def at(hours: int, minutes: int = 0, ms: int = 0) -> ExchangeNs:
    """A time of the morning."""
    return ExchangeNs(DAWN + (hours * 3600 + minutes * 60) * S + ms * 1_000_000)


def fill(order_id: int, client_id: str, quantity: str, price: str, when: int, fee: str) -> Fill:
    """One trade whose commission is in the base asset when the fee is below one."""
    return Fill(
        trade_id=order_id * 10,
        order_id=order_id,
        client_id=client_id,
        action=Action.BUY if D(fee) < 1 else Action.SELL,
        price=Price(price),
        quantity=Quantity(quantity),
        commission=D(fee),
        commission_asset="BTC" if D(fee) < 1 else "USDT",
        at_ns=ExchangeNs(when),
    )


@cache
def audit() -> StopAudit:
    """Four supports, the second one chosen, as the design's dry run shows them."""
    levels = ("117263.66", "116711.67", "116019.05", "115736.92")
    entry = D("117724.29")
    return StopAudit(
        candles=100,
        first_open_ns=DAWN - 86_400 * S,
        last_open_ns=DAWN,
        levels=tuple(
            Level(price=Price(price), touches=touches, distance=entry - D(price))
            for price, touches in zip(levels, (2, 2, 7, 1), strict=True)
        ),
        configured_n=2,
        selected_n=2,
        skipped=(
            SkippedLevel(
                price=Price("115736.92"), distance=entry - D("115736.92"), reason="above_max"
            ),
        ),
        method="swing",
        confidence="high",
        min_bps=10,
        max_bps=1000,
    )


@cache
def plan() -> EntryPlan:
    """The entry of the design's dry run."""
    entry, stop = Price("117724.29"), Price("116711.67")
    return EntryPlan(
        stops=StopPlan(
            side=Side.LONG,
            entry_ref=entry,
            technical_stop=stop,
            buffer=D(0),
            stop=stop,
            stop_gain=Price("119749.53"),
        ),
        sizing=Sizing(
            capital=D(10000),
            risk_pct=D(1),
            cap_risk=D(100),
            entry_fill=D("117783.152145"),
            adverse_fill=D("116594.95833"),
            fee=D("0.001"),
            span_term=D("1012.62"),
            fee_term=D("234.378110475"),
            gap_term=D("116.71167"),
            slip_term=D("58.862145"),
            interest_unit=D(0),
            loss_unit=D("1422.571925475"),
            qty_risk=D("0.070295215327"),
            qty_margin=D("0.25228234"),
            golden_quantity=D("0.09875"),
            quantity=Quantity("0.07029"),
            planned_risk=D("99.99258064163775"),
            binding="risk",
        ),
        insurance=InsurancePlan(stop_price=Price("116458.51"), offset=D("253.155")),
        be_bps=D(25),
        net_r_at_gain=D("1.2109431"),
        borrows=False,
        decided_ns=at(2),
    )


def order(
    view_id: PositionId, purpose: Purpose, action: Action, quantity: str, stop: str | None = None
) -> PlaceOrder:
    """One order of a position on BTCUSDT."""
    scope = Scope(ACCOUNT, BTC.symbol)
    return PlaceOrder(
        scope=scope,
        position=view_id,
        purpose=purpose,
        client_id=client_order_id(purpose, scope, view_id, attempt=0, epoch=1),
        action=action,
        type=OrderType.STOP_LOSS if stop else OrderType.MARKET,
        quantity=Quantity(quantity),
        side_effect=SideEffect.BORROW if purpose is Purpose.ENTRY else SideEffect.REPAY,
        stop_price=Price(stop) if stop else None,
    )


def account(base: str, quote: str) -> AccountSnapshot:
    """An isolated account without debt."""
    zero = D(0)
    return AccountSnapshot(
        scope=Scope(ACCOUNT, BTC.symbol),
        base=Balance(asset="BTC", free=D(base), locked=zero, borrowed=zero, interest=zero),
        quote=Balance(asset="USDT", free=D(quote), locked=zero, borrowed=zero, interest=zero),
        index_price=Price("119261.13"),
        at_ns=at(10),
    )


@cache
def armed() -> PositionView:
    """Waits on SOLUSDT."""
    return PositionView(
        id=SOL_ID,
        scope=Scope(ACCOUNT, SOL.symbol),
        state=PositionState.ARMED,
        side=Side.LONG,
        strategy=ALL_IN,
        leverage=Leverage(3),
        capital=None,
        idempotency_key="sol",
        actor="ops@edge-1",
        created_ns=at(9),
        updated_ns=at(9, 30),
        version=2,
        rejections=1,
        rejection=e.SignalRejected(
            position=SOL_ID,
            at_ns=at(9, 30),
            signal_id="sig",
            side=Side.LONG,
            entry_ref=Price("161.20"),
            code="price_drift",
            message="the price has moved on",
            numbers=(("drift_pct", "0.41"), ("limit_pct", "0.3")),
            audit=None,
        ),
    )


def _entered(which: PositionId) -> PositionView:
    entry = order(which, Purpose.ENTRY, Action.BUY, "0.07029")
    filled = fill(
        5_612_034_411, entry.client_id, "0.07029", "117727.40", at(2, 0, 236), "0.00007029"
    )
    return attrs.evolve(
        armed(),
        id=which,
        scope=Scope(ACCOUNT, BTC.symbol),
        strategy=NOW,
        capital=D(10000),
        created_ns=at(2),
        rejection=None,
        rejections=0,
        version=9,
        plan=plan(),
        stop=Price("116711.67"),
        entry=e.EntryFilled(
            position=which,
            at_ns=at(2, 0, 240),
            client_id=entry.client_id,
            order_id=5_612_034_411,
            fills=(filled,),
            price=Price("117727.40"),
            quantity=Quantity("0.07029"),
            held=D("0.07021"),
        ),
        orders=(
            OrderRecord(
                order=entry,
                attempt=0,
                status="done",
                timestamp_ms=at(2) // 1_000_000,
                order_id=5_612_034_411,
            ),
        ),
        account=account("0.07021", "1724.80"),
        bare_after_fill_ns=300_000_000,
    )


@cache
def active() -> PositionView:
    """Long on BTCUSDT, one rung up, its exchange stop resting."""
    view = _entered(BTC_ID)
    stop = order(BTC_ID, Purpose.INSURANCE, Action.SELL, "0.07021", "117765.44")
    record = OrderRecord(
        order=stop,
        attempt=0,
        status="resting",
        timestamp_ms=at(8, 38) // 1_000_000,
        order_id=5_612_034_500,
    )
    return attrs.evolve(
        view,
        state=PositionState.ACTIVE,
        updated_ns=at(8, 38),
        stop=Price("118018.60"),
        rung=1,
        orders=(*view.orders, record),
        insurance=InsuranceView(
            state="resting",
            client_id=stop.client_id,
            order_id=5_612_034_500,
            stop_price=Price("117765.44"),
            quantity=Quantity("0.07021"),
            accepted_ns=at(8, 38, 200),
            attempts=2,
        ),
        bare_replacing_ns=120_000_000,
    )


def _closed(
    which: PositionId, *, price: str, reason: str, net: str, r: str, when: int
) -> PositionView:
    view = _entered(which)
    leave = order(which, Purpose.EXIT, Action.SELL, "0.07021")
    sold = fill(5_612_039_000, leave.client_id, "0.07021", price, when, "8.407")
    ended = ExchangeNs(when + 50_000_000)
    return attrs.evolve(
        view,
        state=PositionState.CLOSED,
        updated_ns=ended,
        orders=(
            *view.orders,
            OrderRecord(
                order=leave,
                attempt=0,
                status="done",
                timestamp_ms=when // 1_000_000 - 41,
                order_id=5_612_039_000,
            ),
        ),
        exit_fills=(sold,),
        exit_attempts=1,
        insurance=InsuranceView(attempts=1),
        bare_before_exit_ns=400_000_000,
        trigger=e.ExitTriggered(
            position=which,
            at_ns=ExchangeNs(when - 41_000_000),
            reason=reason,
            price=Price(price),
            tick_ns=ExchangeNs(when - 42_000_000),
            stop=Price("118018.60"),
        ),
        closed=e.PositionClosed(
            position=which,
            at_ns=ended,
            reason=reason,
            by="exit",
            price=Price(price),
            quantity=Quantity("0.07021"),
            gross=D("141.84"),
            dust=D("0.00000971"),
            account=account("0.00000971", "10125.16"),
        ),
        settled=e.PnlSettled(
            position=which,
            at_ns=ExchangeNs(ended + 100_000_000),
            gross=D("141.84"),
            fees=D("16.68"),
            interest=D(0),
            net=D(net),
            r_multiple=D(r),
            planned_risk=D("99.99258064163775"),
        ),
    )


@cache
def closed() -> PositionView:
    """Reached its target this morning."""
    return _closed(
        CLOSED_ID, price="119747.66", reason="stop_gain", net="125.16", r="1.2516", when=at(6)
    )


@cache
def lost() -> PositionView:
    """Lost more than planned, two days ago."""
    return _closed(
        LOST_ID,
        price="116300.00",
        reason="insurance_stop",
        net="-104.12",
        r="-1.0412",
        when=at(5) - 2 * 86_400 * S,
    )


@cache
def cancelled() -> PositionView:
    """Disarmed before anything happened."""
    return attrs.evolve(
        armed(),
        id=GONE_ID,
        scope=Scope(ACCOUNT, ETH.symbol),
        state=PositionState.CANCELLED,
        cancel_reason="disarmed_by_user",
        rejection=None,
        rejections=0,
        updated_ns=at(9, 45),
    )


def client_id_of(view: PositionView) -> ClientOrderId:
    """The client id of a position's entry."""
    return view.orders[0].client_id

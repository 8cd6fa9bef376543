"""The position: one frozen view, and the fold that turns each event into the next view.

``fold`` is pure. The monitor alone holds :class:`Position` instances; everybody else reads views.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from robson.domain import events as e
from robson.domain.identity import ClientOrderId, PositionId, Purpose, Scope, read_client_order_id
from robson.domain.intents import PlaceOrder
from robson.domain.lifecycle import Law, PositionState
from robson.domain.plan import EntryPlan
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.strategy import StrategyConfig
from robson.domain.values import ExchangeNs, Leverage, Price, Quantity, Side


@attrs.frozen(kw_only=True)
class OrderRecord:
    """An order of the position as the journal knows it.

    ``status``: ``prepared`` (durable, not sent), ``sending`` (may have left), ``unknown``,
    ``resting``, ``done`` (filled or cancelled), ``failed`` (rejected or proved absent).
    """

    order: PlaceOrder
    attempt: int
    status: str
    timestamp_ms: int | None = None
    order_id: int | None = None

    @property
    def client_id(self) -> ClientOrderId:
        return self.order.client_id

    @property
    def is_open(self) -> bool:
        return self.status in ("sending", "unknown")


@attrs.frozen(kw_only=True)
class InsuranceView:
    """The exchange stop: ``none``, ``placing``, ``resting``, ``cancelling``, ``gone``, ``failed``,
    ``filled``. ``requested_stop`` is where it is wanted; ``stop_price`` where it rests.
    """

    state: str = "none"
    client_id: ClientOrderId | None = None
    order_id: int | None = None
    stop_price: Price | None = None
    quantity: Quantity | None = None
    accepted_ns: ExchangeNs | None = None
    attempts: int = 0


@attrs.frozen(kw_only=True)
class PositionView:
    """Everything known of a position. Prices are None while there are none.

    Attributes:
        held: base that has to be sold back (long) or bought back (short) by fills so far.
        base_before: base in the wallet before the entry: dust of earlier positions.
        bare_since_ns: exchange time since which a filled quantity has no resting stop.
        bare_after_fill_ns, bare_replacing_ns, bare_before_exit_ns: such time, summed, by cause.
    """

    id: PositionId
    scope: Scope
    state: PositionState
    side: Side | None
    strategy: StrategyConfig
    leverage: Leverage
    capital: Decimal | None
    idempotency_key: str
    actor: str
    created_ns: ExchangeNs
    updated_ns: ExchangeNs
    version: int = 1
    signal: e.SignalReceived | None = None
    rejection: e.SignalRejected | None = None
    rejections: int = 0
    plan: EntryPlan | None = None
    stop: Price | None = None
    rung: int = 0
    entry: e.EntryFilled | None = None
    orders: tuple[OrderRecord, ...] = ()
    prearmed: e.ExitPrearmed | None = None
    insurance: InsuranceView = InsuranceView()
    insurance_fills: tuple[Fill, ...] = ()
    exit_fills: tuple[Fill, ...] = ()
    exit_attempts: int = 0
    trigger: e.ExitTriggered | None = None
    leave_on_fill: e.PanicRequested | None = None
    closed: e.PositionClosed | None = None
    settled: e.PnlSettled | None = None
    cancel_reason: str | None = None
    error: e.PositionFailed | None = None
    account: AccountSnapshot | None = None
    base_before: Decimal = Decimal(0)
    repay_attempts: int = 0
    repaid_ns: ExchangeNs | None = None
    bare_since_ns: ExchangeNs | None = None
    bare_after_fill_ns: int = 0
    bare_replacing_ns: int = 0
    bare_before_exit_ns: int = 0

    @property
    def is_settled(self) -> bool:
        """Closed with debt zero and fees known, or never traded."""
        return self.settled is not None or self.state is PositionState.CANCELLED

    @property
    def is_live(self) -> bool:
        """Still needs the monitor: not terminal, or closed and not yet settled."""
        return not (self.state.is_terminal and self.is_settled)

    @property
    def exited(self) -> Decimal:
        """Base that exit and insurance fills have moved so far, gross."""
        return sum(
            (fill.quantity for fill in (*self.insurance_fills, *self.exit_fills)), Decimal(0)
        )

    def order(self, client_id: str) -> OrderRecord | None:
        """The record of one of this position's orders."""
        return next((known for known in self.orders if known.client_id == client_id), None)

    def latest(self, purpose: Purpose) -> OrderRecord | None:
        """The last order of a purpose."""
        return next((o for o in reversed(self.orders) if o.order.purpose is purpose), None)


@attrs.define
class Position:
    """A view and the law that moves its state; owned by one thread."""

    view: PositionView
    law: Law

    @classmethod
    def born(cls, event: e.PositionArmed, law: Law) -> Position:
        """The position that ``position_armed`` creates."""
        view = PositionView(
            id=event.position,
            scope=event.scope,
            state=PositionState.ARMED,
            side=event.side,
            strategy=event.strategy,
            leverage=event.leverage,
            capital=event.capital,
            idempotency_key=event.idempotency_key,
            actor=event.actor,
            created_ns=event.at_ns,
            updated_ns=event.at_ns,
        )
        return cls(view, law)

    def apply(self, event: e.PositionEvent) -> None:
        """Fold one event that the journal already holds.

        Raises:
            IllegalEvent: the event is not legal in this state.
        """
        name = machine_event(self.view.state, event)
        state = self.view.state if name is None else self.law.next(self.view.state, name, event)
        view = fold(self.view, event)
        self.view = attrs.evolve(
            view, state=state, updated_ns=event.at_ns, version=self.view.version + 1
        )


_BY_REASON = {
    "user_panic": "panic",
    "tape_end": "panic",
    "monthly_halt": "halt",
    "margin_risk": "margin_exit",
    "degraded_mode": "degrade",
}
_CANCELLED = {
    "disarmed_by_user": "disarm",
    "panic_before_entry": "panic",
    "entry_exhausted": "exhausted",
}
_CLOSED_BY = {
    "exit": "exit_filled",
    "insurance": "insurance_filled",
    "reconciled": "reconciled_missing",
}
_UNKNOWN_IN = {PositionState.ENTERING: "entry_unknown", PositionState.EXITING: "exit_unknown"}
_PLAIN: dict[type, str] = {
    e.EntryRequested: "signal",
    e.SignalRejected: "signal_rejected",
    e.EntryAccepted: "entry_ack",
    e.StopRaised: "stop_raised",
    e.ExitFilled: "exit_partial",
    e.ExitRetry: "exit_rejected",
    e.PanicRequested: "panic",
    e.CancelRequested: "cancel_requested",
    e.PositionFailed: "fail",
    e.PositionResolved: "resolve",
}


def machine_event(state: PositionState, event: e.PositionEvent) -> str | None:
    """Which machine event a journal event is; None when it moves no state."""
    match event:
        case e.EntryFilled():
            return "reconciled_found" if event.reconciled else "entry_fill"
        case e.EntryFailed():
            return "entry_absent" if event.proof else "entry_rejected"
        case e.OrderUnknown():
            return (
                _UNKNOWN_IN.get(state)
                if _purpose(event.client_id) is not Purpose.INSURANCE
                else None
            )
        case e.InsuranceFilled():
            return None if event.final else "insurance_partial"
        case e.ExitTriggered():
            return _BY_REASON.get(event.reason, "trigger")
        case e.PositionCancelled():
            return _CANCELLED.get(event.reason, "disarm")
        case e.PositionClosed():
            return _CLOSED_BY[event.by]
        case _:
            return _PLAIN.get(type(event))


def _purpose(client_id: ClientOrderId) -> Purpose | None:
    ours = read_client_order_id(client_id)
    return ours.purpose if ours else None


Changes = dict[str, Any]


def fold(view: PositionView, event: e.PositionEvent) -> PositionView:
    """The data of the next view; the state is the law's business."""
    folding = _FOLDS.get(type(event))
    return attrs.evolve(view, **folding(view, event)) if folding else view


def _with(view: PositionView, client_id: str, **changes: Any) -> tuple[OrderRecord, ...]:
    return tuple(
        attrs.evolve(known, **changes) if known.client_id == client_id else known
        for known in view.orders
    )


def _signal(_view: PositionView, event: e.SignalReceived) -> Changes:
    return {"signal": event, "side": event.side}


def _rejected(view: PositionView, event: e.SignalRejected) -> Changes:
    return {"rejection": event, "rejections": view.rejections + 1}


def _sized(_view: PositionView, event: e.SizingDecided) -> Changes:
    return {
        "plan": event.plan,
        "stop": event.plan.stops.stop,
        "account": event.account,
        "base_before": event.account.base.net,
    }


def _requested(view: PositionView, event: e.EntryRequested | e.ExitRequested) -> Changes:
    record = OrderRecord(order=event.order, attempt=event.attempt, status="prepared")
    changes: Changes = {"orders": (*view.orders, record)}
    if isinstance(event, e.ExitRequested):
        changes["exit_attempts"] = event.attempt + 1
    return changes


def _sending(view: PositionView, event: e.OrderSending) -> Changes:
    return {
        "orders": _with(view, event.client_id, status="sending", timestamp_ms=event.timestamp_ms)
    }


def _accepted(view: PositionView, event: e.EntryAccepted) -> Changes:
    return {"orders": _with(view, event.client_id, status="resting", order_id=event.order_id)}


def _entered(view: PositionView, event: e.EntryFilled) -> Changes:
    return {
        "entry": event,
        "orders": _with(view, event.client_id, status="done", order_id=event.order_id),
        "bare_since_ns": event.fills[0].at_ns,
    }


def _entry_failed(view: PositionView, event: e.EntryFailed) -> Changes:
    chosen = view.strategy.bias is None and event.rearm
    return {
        "orders": _with(view, event.client_id, status="failed"),
        # A side that the detector chose goes with the signal it chose it for.
        "side": None if chosen else view.side,
        "cancel_reason": None if event.rearm else event.reason,
        "plan": None if event.rearm else view.plan,
        "stop": None if event.rearm else view.stop,
    }


def _unknown(view: PositionView, event: e.OrderUnknown) -> Changes:
    return {"orders": _with(view, event.client_id, status="unknown")}


def _resolved(view: PositionView, event: e.OrderResolved) -> Changes:
    if event.outcome != "absent":
        return {}
    return {"orders": _with(view, event.client_id, status="failed")}


def _prearmed(_view: PositionView, event: e.ExitPrearmed) -> Changes:
    return {"prearmed": event}


def _raised(_view: PositionView, event: e.StopRaised) -> Changes:
    return {"stop": event.stop, "rung": event.rung}


def _insure(view: PositionView, event: e.InsuranceRequested) -> Changes:
    record = OrderRecord(order=event.order, attempt=event.attempt, status="prepared")
    insurance = InsuranceView(
        state="placing",
        client_id=event.order.client_id,
        quantity=event.order.quantity,
        stop_price=event.order.stop_price,
        attempts=event.attempt + 1,
    )
    return {"orders": (*view.orders, record), "insurance": insurance}


def _insured(view: PositionView, event: e.InsurancePlaced) -> Changes:
    insurance = attrs.evolve(
        view.insurance,
        state="resting",
        client_id=event.client_id,
        order_id=event.order_id,
        stop_price=event.stop_price,
        quantity=event.quantity,
        accepted_ns=event.accepted_ns,
    )
    orders = _with(view, event.client_id, status="resting", order_id=event.order_id)
    return {"insurance": insurance, "orders": orders, **_covered(view, event.accepted_ns)}


def _covered(view: PositionView, at_ns: ExchangeNs) -> Changes:
    """Close the open bare interval; the first belongs to the fill, later ones to a replace."""
    if view.bare_since_ns is None:
        return {}
    bare = max(0, at_ns - view.bare_since_ns)
    first = not any(o.status != "failed" for o in view.orders if _is_old_stop(view, o))
    name = "bare_after_fill_ns" if first else "bare_replacing_ns"
    return {"bare_since_ns": None, name: getattr(view, name) + bare}


def _is_old_stop(view: PositionView, record: OrderRecord) -> bool:
    return (
        record.order.purpose is Purpose.INSURANCE and record.client_id != view.insurance.client_id
    )


def _cancelling(view: PositionView, _event: e.InsuranceCancelling) -> Changes:
    return {"insurance": attrs.evolve(view.insurance, state="cancelling")}


def _uninsured(view: PositionView, event: e.InsuranceCancelled) -> Changes:
    return {
        "insurance": attrs.evolve(view.insurance, state="none"),
        "orders": _with(view, event.client_id, status="done"),
        "bare_since_ns": view.bare_since_ns or event.cancelled_ns,
    }


def _gone(view: PositionView, _event: e.InsuranceGone) -> Changes:
    return {"insurance": attrs.evolve(view.insurance, state="gone")}


def _insurance_failed(view: PositionView, event: e.InsuranceFailed) -> Changes:
    return {
        "insurance": attrs.evolve(view.insurance, state="failed"),
        "orders": _with(view, event.client_id, status="failed"),
    }


def _insurance_filled(view: PositionView, event: e.InsuranceFilled) -> Changes:
    known = {fill.trade_id for fill in view.insurance_fills}
    return {
        "insurance": attrs.evolve(view.insurance, state="filled" if event.final else "none"),
        "orders": _with(view, event.client_id, status="done"),
        "insurance_fills": (
            *view.insurance_fills,
            *(fill for fill in event.fills if fill.trade_id not in known),
        ),
    }


def _triggered(view: PositionView, event: e.ExitTriggered) -> Changes:
    changes: Changes = {"trigger": event}
    if view.insurance.state == "resting":
        # The pre-armed cancel leaves with the trigger: from here on it is asked for, not assumed.
        changes["insurance"] = attrs.evolve(view.insurance, state="cancelling")
    return changes


def _exited(view: PositionView, event: e.ExitFilled) -> Changes:
    known = {fill.trade_id for fill in view.exit_fills}
    changes: Changes = {
        "orders": _with(view, event.client_id, status="done", order_id=event.order_id),
        "exit_fills": (
            *view.exit_fills,
            *(fill for fill in event.fills if fill.trade_id not in known),
        ),
    }
    if view.bare_since_ns is not None:
        bare = max(0, event.fills[-1].at_ns - view.bare_since_ns)
        changes["bare_before_exit_ns"] = view.bare_before_exit_ns + bare
        changes["bare_since_ns"] = None
    return changes


def _retry(view: PositionView, event: e.ExitRetry) -> Changes:
    return {"orders": _with(view, event.client_id, status="failed")}


def _leave(_view: PositionView, event: e.PanicRequested) -> Changes:
    return {"leave_on_fill": event}


def _cancelled(_view: PositionView, event: e.PositionCancelled) -> Changes:
    return {"cancel_reason": event.reason}


def _closed(_view: PositionView, event: e.PositionClosed) -> Changes:
    return {"closed": event, "account": event.account, "bare_since_ns": None}


def _repaying(_view: PositionView, event: e.RepayRequested) -> Changes:
    return {"repay_attempts": event.attempt + 1, "repaid_ns": event.at_ns}


def _account(_view: PositionView, event: e.AccountRead) -> Changes:
    return {"account": event.account}


def _settled(_view: PositionView, event: e.PnlSettled) -> Changes:
    return {"settled": event}


def _failed(_view: PositionView, event: e.PositionFailed) -> Changes:
    return {"error": event}


_FOLDS: dict[type, Callable[[PositionView, Any], Changes]] = {
    e.SignalReceived: _signal,
    e.SignalRejected: _rejected,
    e.SizingDecided: _sized,
    e.EntryRequested: _requested,
    e.OrderSending: _sending,
    e.EntryAccepted: _accepted,
    e.EntryFilled: _entered,
    e.EntryFailed: _entry_failed,
    e.OrderUnknown: _unknown,
    e.OrderResolved: _resolved,
    e.ExitPrearmed: _prearmed,
    e.StopRaised: _raised,
    e.InsuranceRequested: _insure,
    e.InsurancePlaced: _insured,
    e.InsuranceCancelling: _cancelling,
    e.InsuranceCancelled: _uninsured,
    e.InsuranceGone: _gone,
    e.InsuranceFailed: _insurance_failed,
    e.InsuranceFilled: _insurance_filled,
    e.ExitTriggered: _triggered,
    e.ExitRequested: _requested,
    e.ExitFilled: _exited,
    e.ExitRetry: _retry,
    e.PanicRequested: _leave,
    e.PositionCancelled: _cancelled,
    e.PositionClosed: _closed,
    e.RepayRequested: _repaying,
    e.AccountRead: _account,
    e.PnlSettled: _settled,
    e.PositionFailed: _failed,
}

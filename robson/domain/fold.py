"""The fold: which data of a position each event changes. Pure; the state is the law's business."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.reports import Fill
from robson.domain.values import ExchangeNs
from robson.domain.view import InsuranceView, OrderRecord, PositionView

Changes = dict[str, Any]


def fold(view: PositionView, event: e.PositionEvent) -> Changes:
    """The data of the next view that differs; the state is the law's business."""
    folding = _FOLDS.get(type(event))
    return folding(view, event) if folding else {}


def _with(view: PositionView, client_id: str, **changes: Any) -> tuple[OrderRecord, ...]:
    return tuple(
        attrs.evolve(known, **changes) if known.client_id == client_id else known
        for known in view.orders
    )


def _signal(view: PositionView, event: e.SignalReceived) -> Changes:
    return {
        "signal": event,
        "side": event.side,
        "signals": (*view.signals, (event.signal_id, "")),
        "refusals": 0,
        "refused_ns": None,
    }


def _rejected(view: PositionView, event: e.SignalRejected) -> Changes:
    return {
        "rejection": event,
        "rejections": view.rejections + 1,
        "signals": (*view.signals, (event.signal_id, event.code)),
        **_refused(view, event.at_ns),
    }


def _refused(view: PositionView, at_ns: ExchangeNs) -> Changes:
    return {"refusals": view.refusals + 1, "refused_ns": at_ns}


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
    known = view.order(event.client_id)
    repeats = known.repeats + (known.status == "unknown") if known else 0
    orders = _with(
        view,
        event.client_id,
        status="sending",
        timestamp_ms=event.timestamp_ms,
        sent_ns=event.at_ns,
        repeats=repeats,
    )
    return {"orders": orders}


def _accepted(view: PositionView, event: e.EntryAccepted | e.ExitAccepted) -> Changes:
    return {"orders": _with(view, event.client_id, status="resting", order_id=event.order_id)}


def _entered(view: PositionView, event: e.EntryFilled | e.EntryPartlyFilled) -> Changes:
    status = "done" if isinstance(event, e.EntryFilled) else "resting"
    first = view.entry is None
    return {
        "entry": event,
        "orders": _with(view, event.client_id, status=status, order_id=event.order_id),
        "bare_since_ns": event.fills[0].at_ns if first else view.bare_since_ns,
    }


def _entry_cancelling(_view: PositionView, event: e.EntryCancelling) -> Changes:
    return {"entry_cancel": event.cancel}


def _entry_failed(view: PositionView, event: e.EntryFailed) -> Changes:
    chosen = view.strategy.bias is None and event.rearm
    return {
        "orders": _with(view, event.client_id, status="failed"),
        # A side that the detector chose goes with the signal it chose it for.
        "side": None if chosen else view.side,
        "cancel_reason": None if event.rearm else event.reason,
        "plan": None if event.rearm else view.plan,
        "stop": None if event.rearm else view.stop,
        **(_refused(view, event.at_ns) if event.rearm else {}),
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
        attempts=max(view.insurance.attempts, event.attempt + 1),
        error=view.insurance.error,
        code=view.insurance.code,
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
        error=None,
        code=None,
    )
    orders = _with(view, event.client_id, status="resting", order_id=event.order_id)
    return {"insurance": insurance, "orders": orders, **_covered(view, event.accepted_ns)}


def _covered(view: PositionView, at_ns: ExchangeNs) -> Changes:
    """Close the open bare interval; the first belongs to the fill, later ones to what ended it."""
    if view.bare_since_ns is None:
        return {}
    bare = max(0, at_ns - view.bare_since_ns)
    first = not any(o.status != "failed" for o in view.orders if _is_old_stop(view, o))
    later = "bare_vanished_ns" if view.bare_vanished else "bare_replacing_ns"
    name = "bare_after_fill_ns" if first else later
    return {"bare_since_ns": None, "bare_vanished": False, name: getattr(view, name) + bare}


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
        "bare_vanished": view.bare_vanished or view.insurance.state == "resting",
    }


def _gone(view: PositionView, _event: e.InsuranceGone) -> Changes:
    return {"insurance": attrs.evolve(view.insurance, state="gone")}


def _insurance_failed(view: PositionView, event: e.InsuranceFailed) -> Changes:
    answered = event.message if event.code is None else f"{event.code}: {event.message}"
    return {
        "insurance": attrs.evolve(view.insurance, state="failed", error=answered, code=event.code),
        "orders": _with(view, event.client_id, status="failed"),
    }


def _insurance_filled(view: PositionView, event: e.InsuranceFilled) -> Changes:
    sold = view.exited + sum((fill.quantity for fill in event.fills), Decimal(0))
    left = view.entry is not None and sold < view.entry.held
    known = {fill.trade_id for fill in view.insurance_fills}
    return {
        "insurance": attrs.evolve(view.insurance, state="filled" if event.final else "none"),
        # What it did not get to has no stop from its last trade on.
        "bare_since_ns": view.bare_since_ns or (event.fills[-1].at_ns if left else None),
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
    record = view.order(event.client_id)
    back = record is not None and record.order.purpose is Purpose.UNTRACKED
    name = "given_back" if back else "exit_fills"
    was: tuple[Fill, ...] = getattr(view, name)
    known = {fill.trade_id for fill in was}
    changes: Changes = {
        "orders": _with(view, event.client_id, status="done", order_id=event.order_id),
        name: (*was, *(fill for fill in event.fills if fill.trade_id not in known)),
    }
    if view.bare_since_ns is not None:
        bare = max(0, event.fills[-1].at_ns - view.bare_since_ns)
        changes["bare_before_exit_ns"] = view.bare_before_exit_ns + bare
        changes["bare_since_ns"] = changes["alerted_ns"] = None
    return changes


def _retry(view: PositionView, event: e.ExitRetry) -> Changes:
    return {"orders": _with(view, event.client_id, status="failed")}


def _leave(_view: PositionView, event: e.PanicRequested) -> Changes:
    return {"leave_on_fill": event}


def _cancelled(_view: PositionView, event: e.PositionCancelled) -> Changes:
    return {"cancel_reason": event.reason}


def _closed(_view: PositionView, event: e.PositionClosed) -> Changes:
    return {
        "closed": event,
        "account": event.account,
        "bare_since_ns": None,
        "alerted_ns": None,
    }


def _repaying(_view: PositionView, event: e.RepayRequested) -> Changes:
    return {"repay_attempts": event.attempt + 1, "repaid_ns": event.at_ns}


def _account(_view: PositionView, event: e.AccountRead) -> Changes:
    return {"account": event.account}


def _alerted(_view: PositionView, event: e.ProtectionAlerted) -> Changes:
    return {"alerted_ns": event.at_ns}


def _restored(_view: PositionView, _event: e.ProtectionRestored) -> Changes:
    return {"alerted_ns": None}


def _banded(_view: PositionView, event: e.MarginBandChanged) -> Changes:
    return {"margin_band": event.band}


def _charged(_view: PositionView, _event: e.LoanCharged) -> Changes:
    return {"charged": True}


def _settled(_view: PositionView, event: e.PnlSettled) -> Changes:
    return {"settled": event}


def _failed(_view: PositionView, event: e.PositionFailed) -> Changes:
    return {"error": event}


def _settled_by_word(_view: PositionView, event: e.PositionResolved) -> Changes:
    changes: Changes = {"error": None}
    if event.target == "cancelled":
        changes["cancel_reason"] = "resolved"
    return changes


def _reconciled(_view: PositionView, event: e.Reconciled) -> Changes:
    return {"healed_ns": event.at_ns} if event.code == "stop_missing" else {}


def _orphan(_view: PositionView, event: e.OrphanCancelling) -> Changes:
    return {"orphan": event.cancel}


def _missed(_view: PositionView, event: e.HoldingMissed) -> Changes:
    return {"missed_ns": event.at_ns}


def _seen_again(_view: PositionView, _event: e.HoldingSeen) -> Changes:
    return {"missed_ns": None}


def _filled_outside(view: PositionView, event: e.FilledOutside) -> Changes:
    known = {fill.trade_id for fill in (*view.exit_fills, *view.insurance_fills)}
    new = (fill for fill in event.fills if fill.trade_id not in known)
    return {"exit_fills": (*view.exit_fills, *new), "missed_ns": None}


def _adopted(view: PositionView, event: e.HoldingAdopted) -> Changes:
    assert view.entry is not None
    return {"entry": attrs.evolve(view.entry, held=event.held), "missed_ns": None}


_FOLDS: dict[type, Callable[[PositionView, Any], Changes]] = {
    e.SignalReceived: _signal,
    e.SignalRejected: _rejected,
    e.SizingDecided: _sized,
    e.EntryRequested: _requested,
    e.OrderSending: _sending,
    e.EntryAccepted: _accepted,
    e.EntryPartlyFilled: _entered,
    e.EntryCancelling: _entry_cancelling,
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
    e.ExitAccepted: _accepted,
    e.ExitFilled: _exited,
    e.ExitRetry: _retry,
    e.PanicRequested: _leave,
    e.PositionCancelled: _cancelled,
    e.PositionClosed: _closed,
    e.RepayRequested: _repaying,
    e.AccountRead: _account,
    e.ProtectionAlerted: _alerted,
    e.ProtectionRestored: _restored,
    e.MarginBandChanged: _banded,
    e.PnlSettled: _settled,
    e.LoanCharged: _charged,
    e.PositionFailed: _failed,
    e.PositionResolved: _settled_by_word,
    e.Reconciled: _reconciled,
    e.OrphanCancelling: _orphan,
    e.HoldingMissed: _missed,
    e.HoldingSeen: _seen_again,
    e.FilledOutside: _filled_outside,
    e.HoldingAdopted: _adopted,
}

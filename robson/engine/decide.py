"""What happens to a position when outside says something or a price is judged.

Pure: from a frozen view, a fact and the context to the events that are now true and the intents
that follow from them at once. What a position owes besides is in ``pursue``.
"""

from __future__ import annotations

from typing import Any

import attrs

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.instrument import Instrument
from robson.domain.intents import (
    CancelOrder,
    PlaceOrder,
    QueryOrder,
)
from robson.domain.lifecycle import PositionState
from robson.domain.reports import (
    CancelGone,
    NotSent,
    OrderRejected,
    OrderReported,
    OutcomeUnknown,
    Report,
)
from robson.domain.strategy import TrailingMode
from robson.domain.values import ExchangeNs, Price
from robson.domain.view import OrderRecord, PositionView
from robson.engine.adopt import JUDGED, a_person_decides, adopt, beyond_stop
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.exits import Hit, Ladder, Raise, Watch, first_rung_anchor, judge
from robson.engine.leaving import HELPLESS
from robson.engine.orders import left_to_sell

WOULD_TRIGGER = "trigger immediately"
TRANSIENT_CODES = frozenset({-1003, -1015, -1021, -3045})
"""Rejections of an entry that say nothing about the order: the strategy may wait again."""


# --- prices --------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Tick:
    """A trade price to judge. ``jumped_from`` is the price before it, None where it was met."""

    price: Price
    at_ns: ExchangeNs
    jumped_from: Price | None = None


def watch_of(view: PositionView, instrument: Instrument) -> Watch | None:
    """What judging a price needs; None while prices mean nothing to the position."""
    if view.state not in JUDGED or view.plan is None or view.stop is None or view.entry is None:
        return None
    stops = view.plan.stops
    # Where Robson cannot decide safely, only the protective stop is judged, and only while what
    # is left to leave with is known.
    frozen = view.state is PositionState.ERROR
    if frozen and view.error is not None and view.error.code in HELPLESS:
        return None  # no price makes an order possible
    if frozen and not _knows_what_is_left(view, instrument):
        return None
    ladder = Ladder(
        side=stops.side,
        entry_ref=stops.entry_ref,
        span=stops.span,
        be_bps=view.plan.be_bps,
        mode=TrailingMode.OFF if frozen else view.strategy.trailing,
        instrument=instrument,
        anchor=first_rung_anchor(entry_ref=stops.entry_ref, fill=view.entry.price, span=stops.span),
        unguarded=stops.unguarded,
    )
    return Watch(
        side=stops.side,
        stop=view.stop,
        first_stop=stops.stop,
        stop_gain=None if frozen else stops.stop_gain,
        rung=view.rung,
        ladder=ladder,
    )


def _knows_what_is_left(view: PositionView, instrument: Instrument) -> bool:
    """No exit has an unknown outcome, and by the fills something is left."""
    if any(o.is_open for o in view.orders if o.order.purpose is Purpose.EXIT):
        return False
    return instrument.exit_quantity(left_to_sell(view)) is not None


def decide_price(
    view: PositionView, tick: Tick, ctx: Context, watch: Watch | None = None
) -> Decision:
    """Judge one price: stop, target, ladder, in this order; at most one answer.

    ``watch``: of this very view, where somebody has it already.
    """
    watch = watch or watch_of(view, ctx.instrument)
    found = judge(watch, tick.price) if watch is not None else None
    if found is None or watch is None:
        return NOTHING
    if isinstance(found, Raise):
        return _raise(view, found, tick.price, ctx)
    return _trigger(view, found, tick, ctx, watch)


def decide_gap(view: PositionView, extreme: Price, ctx: Context) -> Decision:
    """Let the best price of a time that nobody watched move the stop; it never triggers anything.

    The live price alone judges the stop afterwards: a price that came back has come back.
    """
    watch = watch_of(view, ctx.instrument)
    if watch is None or view.state is not PositionState.ACTIVE:
        return NOTHING
    found = judge(attrs.evolve(watch, stop_gain=None), extreme)
    if not isinstance(found, Raise):
        return NOTHING
    return _raise(view, found, extreme, ctx)


def forgive(view: PositionView, worst: Price, ctx: Context) -> Decision:
    """The stop in force was crossed while nobody watched, and the live price is good: held."""
    stop, price = view.stop, ctx.price
    if view.state is not PositionState.ACTIVE or stop is None or price is None or not view.side:
        return NOTHING
    sign = view.side.sign
    if (worst - stop) * sign > 0 or (price - stop) * sign <= 0:
        return NOTHING
    forgiven = e.GapForgiven(
        position=view.id, at_ns=ctx.now_ns, stop=stop, extreme=worst, price=price
    )
    return Decision(events=(forgiven,))


def _raise(view: PositionView, found: Raise, price: Price, ctx: Context) -> Decision:
    """The stop moves; its first advance releases the guard."""
    assert view.plan is not None
    assert view.stop is not None
    stops = view.plan.stops
    raised = e.StopRaised(
        position=view.id,
        at_ns=ctx.now_ns,
        rung=found.rung,
        stop=found.stop,
        was=view.stop,
        price=price,
    )
    if stops.guard is None or stops.unguarded is None or view.stop != stops.stop:
        return Decision(events=(raised,))
    released = e.GuardReleased(
        position=view.id, at_ns=ctx.now_ns, guard=stops.guard, unguarded=stops.unguarded
    )
    return Decision(events=(raised, released))


def _trigger(view: PositionView, hit: Hit, tick: Tick, ctx: Context, watch: Watch) -> Decision:
    level = watch.stop_gain if hit.reason == "stop_gain" else watch.stop
    jumped = tick.jumped_from if tick.price != level else None
    event = e.ExitTriggered(
        position=view.id,
        at_ns=ctx.now_ns,
        reason=hit.reason,
        price=tick.price,
        tick_ns=tick.at_ns,
        stop=watch.stop,
        jumped_from=jumped,
    )
    return Decision(events=(event,), first=release(view))


def release(view: PositionView) -> tuple[CancelOrder, ...]:
    """The pre-armed cancel of the resting stop, to leave before anything is written."""
    prearmed = view.prearmed
    if view.insurance.state != "resting" or prearmed is None or prearmed.cancel is None:
        return ()
    return (prearmed.cancel,) if prearmed.cancel.target == view.insurance.client_id else ()


# --- reports -------------------------------------------------------------------------------------


def decide_report(view: PositionView, report: Report, ctx: Context) -> Decision:
    """What an answer changes. Reads that only inform are the caller's to keep."""
    match report.intent:
        case PlaceOrder():
            record = view.order(report.intent.client_id)
            return _placed(view, record, report, ctx) if record else NOTHING
        case CancelOrder():
            record = view.order(report.intent.target)
            return _cancelled(view, record, report, ctx) if record else NOTHING
        case QueryOrder():
            record = view.order(report.intent.target)
            if record is None or not isinstance(report, OrderReported):
                return NOTHING
            return adopt(view, record, report.order, ctx, asked=True)
        case _:
            return NOTHING


def _placed(view: PositionView, record: OrderRecord, report: Report, ctx: Context) -> Decision:
    if a_person_decides(view, record):
        return _unknown(view, record, "it was answered while a person decides what it was", ctx)
    match report:
        case OrderReported():
            return adopt(view, record, report.order, ctx)
        case OutcomeUnknown():
            return _unknown(view, record, report.reason, ctx)
        case OrderRejected():
            return _refused(view, record, report.code, report.message, ctx)
        case NotSent():
            return _refused(view, record, None, report.reason, ctx)
        case _:
            return NOTHING


def _unknown(view: PositionView, record: OrderRecord, reason: str, ctx: Context) -> Decision:
    unknown = e.OrderUnknown(
        position=view.id, at_ns=ctx.now_ns, client_id=record.client_id, reason=reason
    )
    return Decision(events=(unknown,))


def _refused(
    view: PositionView, record: OrderRecord, code: int | None, message: str, ctx: Context
) -> Decision:
    base: dict[str, Any] = {
        "position": view.id,
        "at_ns": ctx.now_ns,
        "client_id": record.client_id,
        "code": code,
        "message": message,
    }
    if record.repeats:
        return _refused_again(view, record, f"{code}: {message}", ctx)
    purpose = record.order.purpose
    if purpose is Purpose.ENTRY:
        waits = view.strategy.detector.value != "immediate" and view.leave_on_fill is None
        rearm = waits and (code is None or code in TRANSIENT_CODES)
        return Decision(events=(e.EntryFailed(**base, reason="entry_rejected", rearm=rearm),))
    if purpose in (Purpose.EXIT, Purpose.UNTRACKED):
        return Decision(events=(e.ExitRetry(**base),))
    failed = e.InsuranceFailed(**base)
    if WOULD_TRIGGER in message and view.state in JUDGED:
        return Decision(events=(failed, beyond_stop(view, ctx)))
    return Decision(events=(failed,))


def _refused_again(view: PositionView, record: OrderRecord, message: str, ctx: Context) -> Decision:
    """A repeat was refused, which says nothing of the order that was sent first."""
    unknown = e.OrderUnknown(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        reason=f"sent again and refused: {message}",
    )
    if WOULD_TRIGGER in message and view.state in JUDGED:
        return Decision(events=(unknown, beyond_stop(view, ctx)))
    return Decision(events=(unknown,))


def _cancelled(view: PositionView, record: OrderRecord, report: Report, ctx: Context) -> Decision:
    ours = record.client_id == view.insurance.client_id
    match report:
        case OrderReported():
            return adopt(view, record, report.order, ctx)
        case CancelGone() if view.insurance.state in ("resting", "cancelling"):
            gone = e.InsuranceGone(position=view.id, at_ns=ctx.now_ns, client_id=record.client_id)
            return Decision(events=(gone,)) if ours else NOTHING
        case _:
            return NOTHING

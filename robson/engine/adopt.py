"""Taking over what the exchange says of one of our orders: an answer, a question's, or a proof's.

Whichever way an order's state comes in, it means the same; what is executed counts only with its
fills.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import attrs

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.intents import ReadTrades
from robson.domain.lifecycle import PositionState
from robson.domain.reports import Fill, OrderState
from robson.domain.values import NS_PER_MS, Quantity, Side
from robson.domain.view import OrderRecord, PositionView
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.entry import adopt_entry, average, opens_early
from robson.engine.orders import (
    cancel_order,
    exit_order,
    left_to_sell,
    prepared_before,
    side_of,
)
from robson.engine.reachable import is_doubtful

JUDGED = (PositionState.ACTIVE, PositionState.ERROR)
"""States in which a position is held and its stop is judged; out of each a trigger leads."""


def adopt(
    view: PositionView,
    record: OrderRecord,
    order: OrderState,
    ctx: Context,
    *,
    asked: bool = False,
) -> Decision:
    """Take over what the exchange says of one of our orders.

    Executed quantity without its fills is not enough: the fills are asked for first.
    """
    if view.state.is_terminal or a_person_decides(view, record):
        return NOTHING  # a late word of what is over: no fill counts twice, none comes back to life
    matters = order.status.is_final or opens_early(view, record, order, ctx)
    if order.executed > 0 and matters and order.fills is None:
        since = view.created_ns
        read = ReadTrades(
            scope=view.scope, position=view.id, since_ns=since, order_id=order.order_id
        )
        return Decision(intents=(read,))
    found = _found(view, record, order, ctx)
    decision = _ADOPT[record.order.purpose](view, record, order, ctx, asked=asked)
    return attrs.evolve(decision, events=(*found, *decision.events))


def a_person_decides(view: PositionView, record: OrderRecord) -> bool:
    """Whether a person decides what an order was: in ``error`` only what protects goes on.

    What the exchange says of an entry or an exit meanwhile is asked for again once they have said
    what the position is.
    """
    return view.state is PositionState.ERROR and record.order.purpose is not Purpose.INSURANCE


def _found(
    view: PositionView, record: OrderRecord, order: OrderState, ctx: Context
) -> tuple[e.PositionEvent, ...]:
    """The end of an unknown, told before what it means."""
    if record.status != "unknown":
        return ()
    resolved = e.OrderResolved(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        outcome="found",
        evidence=(
            ("order_id", str(order.order_id)),
            ("status", order.status.value),
            ("executed", format(order.executed, "f")),
        ),
    )
    return (resolved,)


def _adopt_insurance(
    view: PositionView, record: OrderRecord, order: OrderState, ctx: Context, *, asked: bool
) -> Decision:
    if order.client_id != view.insurance.client_id:
        return NOTHING
    if not order.status.is_final:
        return _rests(view, record, order, ctx, asked=asked)
    if order.fills:
        return _stopped_out(view, record, order.fills, ctx)
    if view.insurance.state in ("resting", "cancelling", "gone"):
        return _taken_back(view, record, order, ctx, asked=asked)
    if view.insurance.state == "none":
        return NOTHING  # an answer from before the cancel that is already known
    failed = e.InsuranceFailed(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        code=None,
        message=f"the exchange ended the stop as {order.status.value}",
    )
    return Decision(events=(failed,))


def _rests(
    view: PositionView, record: OrderRecord, order: OrderState, ctx: Context, *, asked: bool
) -> Decision:
    if order.executed > 0 and asked and view.state in JUDGED:
        return Decision(events=(_stopping(view, record, order, ctx),))
    if view.insurance.state == "cancelling" and asked:
        again = cancel_order(view, ctx, record.client_id, view.insurance.attempts)
        return Decision(intents=(again,))
    if view.insurance.state not in ("placing", "gone"):
        return NOTHING
    assert order.stop_price is not None
    placed = e.InsurancePlaced(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        order_id=order.order_id,
        stop_price=order.stop_price,
        quantity=order.quantity,
        accepted_ns=order.at_ns,
    )
    return Decision(events=(placed,))


def _stopping(
    view: PositionView, record: OrderRecord, order: OrderState, ctx: Context
) -> e.ExitTriggered:
    """The exchange stop has begun to execute: what it does not get to is left at market."""
    assert view.stop is not None
    return e.ExitTriggered(
        position=view.id,
        at_ns=ctx.now_ns,
        reason="insurance_stop",
        price=ctx.price,
        tick_ns=order.at_ns,
        stop=record.order.stop_price or view.stop,
    )


def _stopped_out(
    view: PositionView, record: OrderRecord, fills: tuple[Fill, ...], ctx: Context
) -> Decision:
    """The exchange stop executed, in part or whole."""
    executed = sum((fill.quantity for fill in fills), Decimal(0))
    left = left_to_sell(view) - executed
    final = ctx.instrument.exit_quantity(left) is None if left > 0 else True
    filled = e.InsuranceFilled(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        fills=fills,
        final=final,
    )
    if view.state is PositionState.EXITING:
        return Decision(events=(attrs.evolve(filled, final=False),))
    assert view.stop is not None
    triggered = e.ExitTriggered(
        position=view.id,
        at_ns=ctx.now_ns,
        reason="insurance_stop",
        price=fills[-1].price,
        tick_ns=fills[-1].at_ns,
        stop=record.order.stop_price or view.stop,
    )
    return Decision(events=(triggered, attrs.evolve(filled, final=False)))


def _taken_back(
    view: PositionView, record: OrderRecord, order: OrderState, ctx: Context, *, asked: bool
) -> Decision:
    """The stop does not rest any more and has not executed.

    Found so at a restart while the journal says ``resting``: the pre-armed cancel had been sent, so
    the trigger was taken, and the first market exit may have been sent as well.
    """
    cancelled = e.InsuranceCancelled(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        executed=order.executed,
        cancelled_ns=order.at_ns,
    )
    if asked and _may_have_left(view, ctx) and view.prearmed is not None:
        triggered = () if view.trigger is not None else (beyond_stop(view, ctx),)
        return Decision(events=(*triggered, cancelled, *_maybe_sent(view, view.prearmed, ctx)))
    if view.state is PositionState.EXITING and not asked:
        return _market_exit(view, cancelled, ctx)
    return Decision(events=(cancelled,))


def _may_have_left(view: PositionView, ctx: Context) -> bool:
    """Whether an earlier process may have sent the first market exit without writing it down.

    A cancel that only replaces the stop is written before it leaves, so there the state is still
    active and ``cancelling``.
    """
    replacing = view.state is PositionState.ACTIVE and view.insurance.state == "cancelling"
    fresh = view.prearmed is not None and view.prearmed.attempt == view.exit_attempts
    return fresh and not replacing and prepared_before(view, ctx)


def _maybe_sent(
    view: PositionView, prearmed: e.ExitPrearmed, ctx: Context
) -> tuple[e.PositionEvent, ...]:
    """The first exit counts as sent until the exchange has been asked."""
    order = prearmed.exit
    return (
        e.ExitRequested(position=view.id, at_ns=ctx.now_ns, order=order, attempt=prearmed.attempt),
        e.OrderSending(
            position=view.id,
            at_ns=ctx.now_ns,
            client_id=order.client_id,
            timestamp_ms=ctx.now_ns // NS_PER_MS,
            recv_window_ms=order.recv_window_ms,
        ),
    )


def _market_exit(view: PositionView, cancelled: e.InsuranceCancelled, ctx: Context) -> Decision:
    """The cancel of a triggered exit was confirmed: the market exit follows at once.

    A long knows what it holds and uses the pre-armed order, which leaves before the events commit,
    for no more than the stop was for where not all may be there; what is left follows. A short
    reads its debt first, so its exit is not this function's business.
    """
    prearmed = view.prearmed
    left = left_to_sell(view) - cancelled.executed
    stop = view.order(cancelled.client_id)
    if stop is not None and is_doubtful(view, ctx):  # all of it would be refused
        left = min(left, stop.order.quantity - cancelled.executed)
    quantity = ctx.instrument.exit_quantity(left)
    usable = (
        prearmed is not None
        and prearmed.attempt == view.exit_attempts
        and not prepared_before(view, ctx)
    )
    if side_of(view) is Side.SHORT or quantity is None or prearmed is None or not usable:
        return Decision(events=(cancelled,))
    order = attrs.evolve(
        exit_order(view, ctx, quantity=quantity, attempt=prearmed.attempt),
        client_id=prearmed.exit.client_id,
    )
    requested = e.ExitRequested(
        position=view.id, at_ns=ctx.now_ns, order=order, attempt=prearmed.attempt
    )
    return Decision(events=(cancelled, requested), first=(order,))


def _adopt_exit(
    view: PositionView,
    record: OrderRecord,
    order: OrderState,
    ctx: Context,
    *,
    asked: bool,  # noqa: ARG001 - an exit means the same, however it was found
) -> Decision:
    if record.status == "done":
        return NOTHING
    if not order.status.is_final:
        return NOTHING if record.status == "resting" else _exit_accepted(view, record, order, ctx)
    if not order.fills:
        retry = e.ExitRetry(
            position=view.id,
            at_ns=ctx.now_ns,
            client_id=record.client_id,
            code=None,
            message=f"the exchange ended the exit as {order.status.value} with nothing executed",
        )
        return Decision(events=(retry,))
    quantity = sum((fill.quantity for fill in order.fills), Decimal(0))
    filled = e.ExitFilled(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        order_id=order.order_id,
        fills=order.fills,
        quantity=Quantity(quantity),
        price=average(order.fills),
    )
    return Decision(events=(filled,))


def _exit_accepted(
    view: PositionView, record: OrderRecord, order: OrderState, ctx: Context
) -> Decision:
    accepted = e.ExitAccepted(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        order_id=order.order_id,
    )
    return Decision(events=(accepted,))


class Adopt(Protocol):
    """How an order of one purpose is taken over; ``asked``: found by a question."""

    def __call__(
        self,
        view: PositionView,
        record: OrderRecord,
        order: OrderState,
        ctx: Context,
        *,
        asked: bool,
    ) -> Decision: ...


_ADOPT: dict[Purpose, Adopt] = {
    Purpose.ENTRY: adopt_entry,
    Purpose.INSURANCE: _adopt_insurance,
    Purpose.EXIT: _adopt_exit,
    Purpose.UNTRACKED: _adopt_exit,
}


def beyond_stop(view: PositionView, ctx: Context) -> e.ExitTriggered:
    """The exchange says that the price is past its stop, so it is past ours."""
    assert view.stop is not None
    assert view.plan is not None
    first = view.stop == view.plan.stops.stop
    return e.ExitTriggered(
        position=view.id,
        at_ns=ctx.now_ns,
        reason="stop_loss" if first else "trailing_stop",
        price=ctx.price,
        tick_ns=ctx.price_ns,
        stop=view.stop,
    )

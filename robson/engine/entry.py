"""The entry order: what the exchange says of it means, and what is owed to it while it is open.

An entry that has been filled in part for a second is a position: what is there is protected, and
what comes later joins it. On the way out, the rest of it is taken back first.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.intents import CancelOrder
from robson.domain.reports import Fill, OrderState
from robson.domain.values import MONEY, NS_PER_MS, NS_PER_S, Price, Quantity, Side
from robson.domain.view import OrderRecord, PositionView
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.orders import cancel_order, net_base, side_of
from robson.engine.step import WAIT, Known, Step, act, ask, lost, query

OPEN_AFTER_NS = NS_PER_S
"""An entry filled in part for so long is a position already."""


def average(fills: tuple[Fill, ...]) -> Price:
    """Volume-weighted price of fills."""
    with localcontext(MONEY):
        quantity = sum((fill.quantity for fill in fills), Decimal(0))
        return Price(sum((fill.price * fill.quantity for fill in fills), Decimal(0)) / quantity)


# --- what the exchange says ----------------------------------------------------------------------


def opens_early(view: PositionView, record: OrderRecord, order: OrderState, ctx: Context) -> bool:
    """Whether an entry that is still open holds more than is known, and has for long enough."""
    known = view.entry.quantity if view.entry else Decimal(0)
    since_ns = (record.timestamp_ms or 0) * NS_PER_MS
    return (
        record.order.purpose is Purpose.ENTRY
        and record.status == "resting"
        and view.entry_cancel is None
        and order.executed > known
        and ctx.now_ns - since_ns >= OPEN_AFTER_NS
    )


def adopt_entry(
    view: PositionView, record: OrderRecord, order: OrderState, ctx: Context, *, asked: bool
) -> Decision:
    """Take over what the exchange says of the entry."""
    if record.status in ("done", "failed"):
        return NOTHING  # an answer from before its end is known already
    if order.status.is_final:
        return _ended(view, record, order, ctx, asked=asked)
    if record.status != "resting":
        return _accepted(view, record, order, ctx)
    if asked and view.entry_cancel is not None:
        return Decision(intents=(_cancel(view, record, ctx),))  # the first one was lost
    if order.fills and opens_early(view, record, order, ctx):
        return Decision(events=(_partly(view, record, order, order.fills, ctx),))
    return NOTHING


def _accepted(view: PositionView, record: OrderRecord, order: OrderState, ctx: Context) -> Decision:
    accepted = e.EntryAccepted(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        order_id=order.order_id,
    )
    return Decision(events=(accepted,))


def _ended(
    view: PositionView, record: OrderRecord, order: OrderState, ctx: Context, *, asked: bool
) -> Decision:
    if order.executed == 0 or not order.fills:
        failed = e.EntryFailed(
            position=view.id,
            at_ns=ctx.now_ns,
            client_id=record.client_id,
            reason="entry_rejected",
            code=None,
            message=f"the exchange ended the entry as {order.status.value} with nothing executed",
        )
        # The number of the order says that the exchange took it, and may have lent for it.
        accepted = _accepted(view, record, order, ctx)
        known = record.order_id is not None
        return Decision(events=(*(() if known else accepted.events), failed))
    filled = e.EntryFilled(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        order_id=order.order_id,
        fills=order.fills,
        price=average(order.fills),
        quantity=_quantity(order.fills),
        held=_held(view, order.fills),
        reconciled=asked or record.status == "unknown",
    )
    return Decision(events=(filled,))


def _partly(
    view: PositionView,
    record: OrderRecord,
    order: OrderState,
    fills: tuple[Fill, ...],
    ctx: Context,
) -> e.EntryPartlyFilled:
    return e.EntryPartlyFilled(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=record.client_id,
        order_id=order.order_id,
        fills=fills,
        price=average(fills),
        quantity=_quantity(fills),
        held=_held(view, fills),
    )


def _quantity(fills: tuple[Fill, ...]) -> Quantity:
    return Quantity(sum((fill.quantity for fill in fills), Decimal(0)))


def _held(view: PositionView, fills: tuple[Fill, ...]) -> Decimal:
    """What can be sold back of a long, or has to be bought back of a short."""
    long = side_of(view) is Side.LONG
    return net_base(fills, view.scope.symbol.base) if long else Decimal(_quantity(fills))


# --- what is owed to it --------------------------------------------------------------------------


def entering(view: PositionView, ctx: Context, known: Known) -> Step:
    """Send it once, ask what became of it, take it back when somebody wants out."""
    record = view.latest(Purpose.ENTRY)
    assert record is not None
    if record.status == "prepared":
        return _prepared(view, ctx, record)
    if record.status == "sending":
        return lost(view, ctx, record)
    if record.status == "resting":
        leaves = view.leave_on_fill is not None
        return take_back(view, ctx, known) if leaves else watch_entry(view, ctx, known)
    return WAIT


def watch_entry(view: PositionView, ctx: Context, known: Known) -> Step:
    """Ask how far an open entry has come."""
    record = view.latest(Purpose.ENTRY)
    assert record is not None
    return ask(ctx, known, query(view, record))


def take_back(view: PositionView, ctx: Context, known: Known) -> Step:
    """Cancel what is left of an open entry, and ask until it has ended."""
    record = view.latest(Purpose.ENTRY)
    assert record is not None
    if view.entry_cancel is not None:
        return watch_entry(view, ctx, known)
    cancel = _cancel(view, record, ctx)
    cancelling = e.EntryCancelling(position=view.id, at_ns=ctx.now_ns, cancel=cancel)
    return act(cancelling, intents=(cancel,))


def _cancel(view: PositionView, record: OrderRecord, ctx: Context) -> CancelOrder:
    return cancel_order(view, ctx, record.client_id, view.insurance.attempts)


def _prepared(view: PositionView, ctx: Context, record: OrderRecord) -> Step:
    """Send it; one left over from an earlier process was never sent and never will be."""
    if int(record.client_id.rsplit("-", 1)[1], 36) == ctx.epoch:
        return act(intents=(record.order,))
    return act(
        e.EntryFailed(
            position=view.id,
            at_ns=ctx.now_ns,
            client_id=record.client_id,
            reason="never_sent",
            code=None,
            message="the process ended before the entry was sent",
        )
    )

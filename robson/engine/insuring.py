"""The exchange stop a position owes: place it, look after it, move it when the stop has moved.

Cancel, then place: the resting order locks the inventory, so the other way is impossible. What it
answers is one act, or when to look again, from the state of the stop alone.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext

from robson.domain import events as e
from robson.domain.identity import ClientOrderId, Purpose
from robson.domain.intents import OrderType, PlaceOrder, QueryOrder, SideEffect
from robson.domain.reports import OrderState
from robson.domain.values import MONEY, NS_PER_S, ExchangeNs, Price, Quantity, Side
from robson.domain.view import PositionView
from robson.engine.context import Context
from robson.engine.orders import (
    cancel_order,
    exit_order,
    insurance_order,
    insured_quantity,
    is_dust,
    left_to_sell,
    net_base,
    prepared_before,
    side_of,
    stop_limit,
    stop_type,
)
from robson.engine.step import (
    ASK_EVERY_NS,
    WAIT,
    Known,
    Step,
    act,
    ask,
    backoff,
    lost,
    read_account,
)
from robson.engine.stop import insurance_stop

INSURANCE_POLL_NS = 30 * NS_PER_S
REPLACE_EVERY_NS = 5 * NS_PER_S
REPLACE_SPANS = Decimal("0.25")
BACKOFF_NS = tuple(seconds * NS_PER_S for seconds in (1, 2, 4, 8, 16, 30))
"""Waits before an exchange stop is tried again; the last one for ever."""


def insure(view: PositionView, ctx: Context, known: Known) -> Step:
    """What the exchange stop of a held position needs now."""
    return _INSURE[view.insurance.state](view, ctx, known)


def _place(view: PositionView, ctx: Context, _known: Known) -> Step:
    quantity = insured_quantity(view, ctx)
    if quantity <= 0 or is_dust(view, worth_least(view, ctx), ctx):
        return WAIT
    attempt = view.insurance.attempts
    order = insurance_order(
        view, ctx, quantity=Quantity(quantity), stop_price=wanted_stop(view, ctx), attempt=attempt
    )
    prearmed = prearm(view, ctx, order.client_id)
    return act(
        e.InsuranceRequested(position=view.id, at_ns=ctx.now_ns, order=order, attempt=attempt),
        *((prearmed,) if prearmed else ()),
        intents=(order,),
    )


def worth_least(view: PositionView, ctx: Context) -> Price:
    """The price at which the exchange values the stop when it checks the smallest order."""
    stop = wanted_stop(view, ctx)
    limited = stop_type(view, ctx) is OrderType.STOP_LOSS_LIMIT
    return stop_limit(view, ctx, stop) if limited else stop


def wanted_stop(view: PositionView, ctx: Context) -> Price:
    """Where the exchange stop belongs for the stop in force."""
    assert view.plan is not None
    assert view.stop is not None
    return insurance_stop(
        stop=view.stop,
        span=view.plan.stops.span,
        side=side_of(view),
        instrument=ctx.instrument,
    ).stop_price


def prearm(view: PositionView, ctx: Context, target: object) -> e.ExitPrearmed | None:
    """Write the way out down before it is needed: the cancel and the first market exit."""
    upper = insured_quantity(view, ctx)
    if upper <= 0:
        return None
    attempt = view.exit_attempts
    return e.ExitPrearmed(
        position=view.id,
        at_ns=ctx.now_ns,
        cancel=cancel_order(view, ctx, target, view.insurance.attempts),  # type: ignore[arg-type]
        exit=exit_order(view, ctx, quantity=Quantity(upper), attempt=attempt),
        attempt=attempt,
    )


def placing(view: PositionView, ctx: Context, _known: Known) -> Step:
    record = view.order(view.insurance.client_id or "")
    if record is not None and record.status in ("prepared", "sending"):
        return lost(view, ctx, record)
    return WAIT


def _failed(view: PositionView, ctx: Context, known: Known) -> Step:
    due = ExchangeNs(known.failed_ns + backoff(view, Purpose.INSURANCE, BACKOFF_NS))
    return _place(view, ctx, known) if ctx.now_ns >= due else Step(due_ns=due)


def _resting(view: PositionView, ctx: Context, known: Known) -> Step:
    poll_ns = ExchangeNs(known.asked_ns + (INSURANCE_POLL_NS if known.verified else 0))
    if not known.reading and ctx.now_ns >= poll_ns:
        return act(intents=(_ask_stop(view),))
    if known.verified and prepared_before(view, ctx):
        # It rests, so the earlier process has sent no exit: the way out is ours from here on.
        renewed = prearm(view, ctx, view.insurance.client_id)
        return act(renewed) if renewed else WAIT
    if not known.reading and _account_is_old(view):
        return ask(ctx, known, read_account(view))
    wanted = wanted_stop(view, ctx)
    in_place = wanted == view.insurance.stop_price and not _outgrown(view, ctx)
    if in_place or not known.verified:
        return Step(due_ns=None if known.reading else poll_ns)
    ready_ns = _replace_ready(view, ctx)
    if ready_ns is not None and ctx.now_ns >= ready_ns:
        return replace(view, ctx)
    look_ns = ready_ns if ready_ns is not None else ctx.now_ns + ASK_EVERY_NS
    return Step(due_ns=ExchangeNs(look_ns))


def _outgrown(view: PositionView, ctx: Context) -> bool:
    """The entry has filled more since the stop was placed."""
    assert view.entry is not None
    resting = view.insurance.quantity or Decimal(0)
    if side_of(view) is Side.LONG:
        return ctx.instrument.floor_quantity(left_to_sell(view)) > resting
    with localcontext(MONEY):
        bought = net_base(view.insurance_fills, view.scope.symbol.base)
        return bought + resting * (1 - ctx.instrument.taker_fee) < view.entry.held


def _account_is_old(view: PositionView) -> bool:
    """The account was last read before the entry filled."""
    assert view.entry is not None
    return view.account is None or view.account.at_ns < view.entry.at_ns


def _ask_stop(view: PositionView) -> QueryOrder:
    assert view.insurance.client_id is not None
    return QueryOrder(scope=view.scope, position=view.id, target=view.insurance.client_id)


def _replace_ready(view: PositionView, ctx: Context) -> int | None:
    """When the resting stop may be replaced; None while the price is too near to either stop."""
    assert view.plan is not None
    assert view.stop is not None
    if ctx.price is None or view.insurance.accepted_ns is None:
        return None
    near = view.plan.stops.span * REPLACE_SPANS
    sign = side_of(view).sign
    resting = view.insurance.stop_price or view.stop
    if min((ctx.price - view.stop) * sign, (ctx.price - resting) * sign) <= near:
        return None
    return view.insurance.accepted_ns + REPLACE_EVERY_NS


def replace(view: PositionView, ctx: Context) -> Step:
    """Cancel, then place: the first order locks the inventory, so the other way is impossible."""
    assert view.insurance.client_id is not None
    cancel = cancel_order(view, ctx, view.insurance.client_id, view.insurance.attempts)
    event = e.InsuranceCancelling(position=view.id, at_ns=ctx.now_ns, cancel=cancel)
    return act(event, intents=(cancel,))


def taken_over(
    view: PositionView, order: OrderState, attempt: int, ctx: Context
) -> tuple[e.PositionEvent, ...]:
    """A stop of ours that the exchange has and the journal does not: from here on it is ours."""
    assert order.stop_price is not None
    client_id = ClientOrderId(order.client_id)
    placed = e.InsurancePlaced(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=client_id,
        order_id=order.order_id,
        stop_price=order.stop_price,
        quantity=order.quantity,
        accepted_ns=order.at_ns,
    )
    if view.order(client_id) is not None:
        return (placed,)
    asked = PlaceOrder(
        scope=view.scope,
        position=view.id,
        purpose=Purpose.INSURANCE,
        client_id=client_id,
        action=order.action,
        type=order.type,
        quantity=order.quantity,
        side_effect=SideEffect.REPAY,
        stop_price=order.stop_price,
    )
    requested = e.InsuranceRequested(
        position=view.id, at_ns=ctx.now_ns, order=asked, attempt=attempt
    )
    return (requested, placed)


def ask_about_stop(view: PositionView, ctx: Context, known: Known) -> Step:
    return ask(ctx, known, _ask_stop(view))


def _nothing(_view: PositionView, _ctx: Context, _known: Known) -> Step:
    return WAIT


_INSURE: dict[str, Callable[[PositionView, Context, Known], Step]] = {
    "none": _place,
    "placing": placing,
    "failed": _failed,
    "resting": _resting,
    "cancelling": ask_about_stop,
    "gone": ask_about_stop,
    "filled": _nothing,
}

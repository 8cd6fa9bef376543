"""Who closed it, if not we: the account's own trades as evidence for a position on its way out.

Nothing is estimated: trades count when the account is flat and they explain exactly what is missing
from our own fills. What does not add up stays open, for a person.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby

from robson.domain import events as e
from robson.domain.identity import ClientOrderId, Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.values import Quantity, Side
from robson.domain.view import PositionView
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.entry import average
from robson.engine.orders import left_to_sell, net_base, owed_base, side_of
from robson.engine.settle import exit_fills


def decide_overtaken(view: PositionView, fills: tuple[Fill, ...], ctx: Context) -> Decision:
    """The exits that other orders made, where they explain a flat account."""
    if view.state is not PositionState.EXITING or _under_way(view) or view.entry is None:
        return NOTHING
    known = {fill.trade_id for fill in exit_fills(view)}
    action, since_ns = side_of(view).exit_action, view.entry.fills[0].at_ns
    others = tuple(
        fill
        for fill in fills
        if fill.action is action and fill.trade_id not in known and fill.at_ns >= since_ns
    )
    if not others or ctx.account is None or ctx.account.at_ns < view.updated_ns:
        return NOTHING
    if not (_is_flat(view, ctx.account, ctx) and _explains(view, others, ctx)):
        return NOTHING
    return Decision(events=by_order(view, others, ctx))


def by_order(
    view: PositionView, fills: tuple[Fill, ...], ctx: Context
) -> tuple[e.PositionEvent, ...]:
    """Fills that others made as exits of the position, one for each order."""
    events = []
    for order_id, found in groupby(fills, key=lambda fill: fill.order_id):
        together = tuple(found)
        events.append(
            e.ExitFilled(
                position=view.id,
                at_ns=ctx.now_ns,
                client_id=ClientOrderId(together[0].client_id),
                order_id=order_id,
                fills=together,
                quantity=Quantity(sum((fill.quantity for fill in together), Decimal(0))),
                price=average(together),
            )
        )
    return tuple(events)


def _under_way(view: PositionView) -> bool:
    """Whether an order of ours may still be what traded."""
    ours = (Purpose.EXIT, Purpose.INSURANCE)
    return any(known.is_open for known in view.orders if known.order.purpose in ours)


def _is_flat(view: PositionView, account: AccountSnapshot, ctx: Context) -> bool:
    if side_of(view) is Side.LONG:
        return ctx.instrument.exit_quantity(account.base.total, account.index_price) is None
    return owed_base(account) <= 0


def _explains(view: PositionView, others: tuple[Fill, ...], ctx: Context) -> bool:
    """Whether fills are what is missing from ours, to within what could not be traded."""
    if side_of(view) is Side.LONG:
        missing = left_to_sell(view) - sum((fill.quantity for fill in others), Decimal(0))
    else:
        assert view.entry is not None
        bought = (*exit_fills(view), *others)
        missing = view.entry.held - net_base(bought, view.scope.symbol.base)
    return ctx.instrument.exit_quantity(abs(missing), ctx.price) is None

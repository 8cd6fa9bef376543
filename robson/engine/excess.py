"""The excess of a way out: what was bought back twice is sold at once, by exactly one order.

Only a short can turn around: a forced close and the position's own exit may buy the same debt back
within one flight time. Fills and account have to show it both, so what a person brought into the
pair is never sold, and an account that lags never opens anything.

A long that was sold twice has sold base that a person bought meanwhile (ADR 0025). That is told,
and nothing is bought for it: whether they want it back is theirs to say.
"""

from __future__ import annotations

from robson.domain import events as e
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.intents import OrderType, PlaceOrder, SideEffect
from robson.domain.lifecycle import PositionState
from robson.domain.values import Quantity, Side, plain
from robson.domain.view import OrderRecord, PositionView
from robson.engine.context import Context
from robson.engine.orders import left_to_sell, order_id, side_of

TURNED = "wallet_flipped"
"""Code of the freeze: the pair's wallet had changed its side."""
SOLD_TWICE = "sold_twice"
"""Code of the freeze: an exit sold base that was not the position's."""


def give_back(view: PositionView, quantity: Quantity, ctx: Context) -> PlaceOrder:
    """The one order that closes the excess. It sells what is there, and borrows nothing."""
    return PlaceOrder(
        scope=view.scope,
        position=view.id,
        purpose=Purpose.UNTRACKED,
        client_id=order_id(view, Purpose.UNTRACKED, _attempt(view), ctx.epoch),
        action=side_of(view).entry_action,
        type=OrderType.MARKET,
        quantity=quantity,
        side_effect=SideEffect.REPAY,
        recv_window_ms=ctx.settings.exit_recv_window_ms,
    )


def requested(
    view: PositionView, quantity: Quantity, ctx: Context
) -> tuple[e.ExitRequested, PlaceOrder]:
    """The order with the event that says it first."""
    order = give_back(view, quantity, ctx)
    event = e.ExitRequested(position=view.id, at_ns=ctx.now_ns, order=order, attempt=_attempt(view))
    return event, order


def _attempt(view: PositionView) -> int:
    """A way out at market has one sequence of attempts; 0 may be a recovered entry's."""
    return max(1, view.exit_attempts)


def last(view: PositionView) -> OrderRecord | None:
    """The last order that left at market, or gave back what one of them bought twice."""
    return next((o for o in reversed(view.orders) if is_way_out(o)), None)


def is_way_out(record: OrderRecord) -> bool:
    """Whether an order leaves at market, or gives back what such a one bought twice."""
    return record.order.purpose in (Purpose.EXIT, Purpose.UNTRACKED)


def turned(view: PositionView) -> str | None:
    """That the way out bought too much, for people; None where it did not."""
    order = view.latest(Purpose.UNTRACKED)
    if view.state is not PositionState.EXITING or order is None:
        return None
    base = view.scope.symbol.base
    return (
        f"{view.id} was bought back twice: {plain(order.order.quantity)} {base} too much is sold"
        f" by {order.client_id}"
    )


def sold_twice(view: PositionView) -> str | None:
    """That the way out of a long sold more than there was of it, for people; None where not."""
    if view.state is not PositionState.EXITING or side_of(view) is Side.SHORT:
        return None
    more = -left_to_sell(view)
    theirs = [fill for fill in view.exit_fills if read_client_order_id(fill.client_id) is None]
    if more <= sum(fill.quantity for fill in theirs):
        return None
    base = view.scope.symbol.base
    return (
        f"{view.id} was sold twice: {plain(more)} {base} more than it held, which somebody else had"
        f" bought; buy it back if it is to be kept"
    )

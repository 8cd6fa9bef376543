"""How much of an exchange stop can rest: not what a person's order holds back, nor what is gone.

The exchange takes a stop only for what is free. For less than what is held is better than for
nothing; what is missing follows when it is free again.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.domain.identity import Purpose, position_hash, read_client_order_id
from robson.domain.reports import AccountSnapshot, OrderState
from robson.domain.values import MONEY, Price, Side
from robson.domain.view import PositionView
from robson.engine.context import Context
from robson.engine.orders import buy_back, insured_quantity, is_much, owed_base, side_of

NO_BALANCE = -2010
"""Code of a refusal for what is not free; one for a price that is past is read as what it says."""


def reachable(view: PositionView, ctx: Context, price: Price) -> Decimal:
    """Quantity for which the next exchange stop can rest; ``price`` is what a short pays at most.

    All of it, unless something says that it is not free: another's order on the pair, a holding
    that was missed, or a stop that was refused. Then it is what the account has free, with what a
    stop of ours holds.
    """
    wanted, account = insured_quantity(view, ctx), ctx.account
    if not is_doubtful(view, ctx) or account is None or is_old(view, ctx):
        return wanted
    with localcontext(MONEY):
        ours = sum((o.quantity - o.executed for o in _stops(view, account)), Decimal(0))
        if side_of(view) is Side.LONG:
            most = account.base.free + ours
        else:
            most = account.quote.free / price + ours
            if view.missed_ns is not None:
                most = min(most, _still_owed(view, account, ctx))
    return min(wanted, ctx.instrument.floor_quantity(max(Decimal(0), most)))


def _still_owed(view: PositionView, account: AccountSnapshot, ctx: Context) -> Decimal:
    """What buys back the rest of a short of which something is gone; zero for interest alone."""
    owed = owed_base(account)
    much = is_much(view, owed, account, ctx)
    return buy_back(owed, ctx.instrument, account.index_price) if much else Decimal(0)


def is_doubtful(view: PositionView, ctx: Context) -> bool:
    """Whether something says that not all of what is held is there and free."""
    return view.missed_ns is not None or was_refused_for_balance(view) or _held_back(view, ctx)


def was_refused_for_balance(view: PositionView) -> bool:
    """The last stop was refused for what is not free, or the one that rests is for less since."""
    if view.insurance.code == NO_BALANCE:
        return True
    stops = [known for known in view.orders if known.order.purpose is Purpose.INSURANCE]
    if len(stops) < 2 or stops[-2].status != "failed":  # noqa: PLR2004
        return False
    return stops[-1].order.quantity < stops[-2].order.quantity


def is_old(view: PositionView, ctx: Context) -> bool:
    """Whether the account was read before what it is held against."""
    account, entry = ctx.account, view.entry
    since_ns = max(entry.at_ns if entry else 0, view.missed_ns or 0)
    return account is None or account.at_ns < since_ns


def _held_back(view: PositionView, ctx: Context) -> bool:
    """Whether an order of somebody else rests that takes from what the stop needs."""
    account, action = ctx.account, side_of(view).exit_action
    if account is None:
        return False
    ours = {order.order_id for order in _stops(view, account)}
    return any(o.action is action and o.order_id not in ours for o in account.open_orders)


def _stops(view: PositionView, account: AccountSnapshot) -> tuple[OrderState, ...]:
    """Stops of the position among what rests."""
    mine = position_hash(view.scope, view.id)
    found = ((order, read_client_order_id(order.client_id)) for order in account.open_orders)
    return tuple(
        order
        for order, known in found
        if known is not None and known.position_hash == mine and known.purpose is Purpose.INSURANCE
    )

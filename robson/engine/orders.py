"""The orders a position may send, each with its one id, side effect and quantity rule.

Long: what was bought net of base fees is sold. Short: the debt is bought back, grossed up by the
fee taken in base. An exit never borrows.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.domain.identity import ClientOrderId, Purpose, client_order_id
from robson.domain.instrument import Instrument
from robson.domain.intents import CancelOrder, OrderType, PlaceOrder, SideEffect
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.values import MONEY, Price, Quantity, Side
from robson.domain.view import OrderRecord, PositionView
from robson.engine.context import Context

INTEREST = Decimal("0.01")
"""Most that interest can have added to a debt, as a share of it."""


def order_id(view: PositionView, purpose: Purpose, attempt: int, epoch: int) -> ClientOrderId:
    """The client id of an attempt."""
    return client_order_id(purpose, view.scope, view.id, attempt=attempt, epoch=epoch)


def side_of(view: PositionView) -> Side:
    """The side of a position that has one."""
    assert view.side is not None, f"{view.id} has no side yet"
    return view.side


def entry_order(
    view: PositionView, ctx: Context, *, quantity: Quantity, borrows: bool
) -> PlaceOrder:
    """The market entry; borrows only when the size demands it."""
    attempt = sum(1 for o in view.orders if o.order.purpose is Purpose.ENTRY)
    return PlaceOrder(
        scope=view.scope,
        position=view.id,
        purpose=Purpose.ENTRY,
        client_id=order_id(view, Purpose.ENTRY, attempt, ctx.epoch),
        action=side_of(view).entry_action,
        type=OrderType.MARKET,
        quantity=quantity,
        side_effect=SideEffect.BORROW if borrows else SideEffect.NONE,
        recv_window_ms=ctx.settings.recv_window_ms,
    )


def stop_types(ctx: Context) -> tuple[OrderType, ...]:
    """The exchange stops that may rest on the symbol, the preferred type first."""
    names = ctx.instrument.stop_order_types(limit_first=ctx.settings.use_limit)
    return tuple(OrderType(name) for name in names) or (OrderType.STOP_LOSS,)


def stop_type(view: PositionView, ctx: Context) -> OrderType:
    """The type of the next exchange stop: after a refusal the other one, where there is one.

    Where a stop has rested, the first retry is that one again, at its own price (race F).
    """
    types, failed = stop_types(ctx), failed_in_a_row(view, Purpose.INSURANCE)
    rested = last_rested(view)
    if not failed or rested is None or rested.order.type not in types:
        return types[failed % len(types)]
    return types[(types.index(rested.order.type) + failed - 1) % len(types)]


def last_rested(view: PositionView) -> OrderRecord | None:
    """The stop that rested last and was taken back, or ended; None before the first."""
    stops = (known for known in reversed(view.orders) if known.order.purpose is Purpose.INSURANCE)
    return next((known for known in stops if known.status == "done"), None)


def is_over(view: PositionView, client_id: str) -> bool:
    """Whether an order has traded or was taken back: what shows it at rest is old."""
    known = view.order(client_id)
    return known is not None and known.status == "done"


def failed_in_a_row(view: PositionView, purpose: Purpose) -> int:
    """Orders of a purpose that failed since one last did not."""
    statuses = [known.status for known in view.orders if known.order.purpose is purpose]
    return next((n for n, s in enumerate(reversed(statuses)) if s != "failed"), len(statuses))


def stop_limit(view: PositionView, ctx: Context, stop_price: Price) -> Price:
    """The worst price at which a stop with a limit may trade, behind its trigger."""
    side = side_of(view)
    return limit_behind(stop_price, side, ctx)


def limit_behind(stop_price: Price, side: Side, ctx: Context) -> Price:
    """The limit that belongs to a trigger; where there is no room, the lowest price there is."""
    rules = ctx.instrument
    with localcontext(MONEY):
        away = stop_price * ctx.settings.limit_offset_pct / 100
        lowest = rules.price_of(0 if rules.min_price > 0 else 1)
        return rules.stop_price(max(lowest, stop_price - side.sign * away), side)


def insurance_order(
    view: PositionView, ctx: Context, *, quantity: Quantity, stop_price: Price, attempt: int
) -> PlaceOrder:
    """The exchange stop."""
    kind = stop_type(view, ctx)
    limited = kind is OrderType.STOP_LOSS_LIMIT
    return PlaceOrder(
        scope=view.scope,
        position=view.id,
        purpose=Purpose.INSURANCE,
        client_id=order_id(view, Purpose.INSURANCE, attempt, ctx.epoch),
        action=side_of(view).exit_action,
        type=kind,
        quantity=quantity,
        side_effect=SideEffect.REPAY,
        stop_price=stop_price,
        price=stop_limit(view, ctx, stop_price) if limited else None,
        recv_window_ms=ctx.settings.exit_recv_window_ms,
    )


def exit_order(view: PositionView, ctx: Context, *, quantity: Quantity, attempt: int) -> PlaceOrder:
    """The market exit."""
    return PlaceOrder(
        scope=view.scope,
        position=view.id,
        purpose=Purpose.EXIT,
        client_id=order_id(view, Purpose.EXIT, attempt, ctx.epoch),
        action=side_of(view).exit_action,
        type=OrderType.MARKET,
        quantity=quantity,
        side_effect=SideEffect.REPAY,
        recv_window_ms=ctx.settings.exit_recv_window_ms,
    )


def cancel_order(
    view: PositionView, ctx: Context, target: ClientOrderId, attempt: int
) -> CancelOrder:
    """The cancel of one of our stops, with an id of its own."""
    return CancelOrder(
        scope=view.scope,
        position=view.id,
        target=target,
        cancel_id=order_id(view, Purpose.CANCEL, attempt, ctx.epoch),
        recv_window_ms=ctx.settings.exit_recv_window_ms,
    )


def prepared_before(view: PositionView, ctx: Context) -> bool:
    """Whether the way out was written down by an earlier process."""
    prearmed = view.prearmed
    return prearmed is not None and int(prearmed.exit.client_id.rsplit("-", 1)[1], 36) != ctx.epoch


def net_base(fills: tuple[Fill, ...], base: str) -> Decimal:
    """Base received by buys: quantity less commission taken in base."""
    return sum(
        (f.quantity - (f.commission if f.commission_asset == base else Decimal(0)) for f in fills),
        Decimal(0),
    )


def left_to_sell(view: PositionView) -> Decimal:
    """Base a long still has to sell: by its fills, with the dust that lay in the pair before it.

    Without that, dust would add up trade by trade until the pair no longer counts as clean.
    """
    held = view.entry.held if view.entry else Decimal(0)
    return held + max(Decimal(0), view.base_before) - view.exited


def is_dust(view: PositionView, price: Price, ctx: Context) -> bool:
    """Whether what a long holds is too little to be sold at a price; a short can always buy."""
    return (
        side_of(view) is Side.LONG
        and ctx.instrument.exit_quantity(left_to_sell(view), price) is None
    )


def buy_back(owed: Decimal, instrument: Instrument, price: Price) -> Decimal:
    """What to buy so that, after the fee in base, ``owed`` can be repaid; rounded up.

    A residue too small to buy is bought at the smallest order the exchange takes.
    """
    if owed <= 0:
        return Decimal(0)
    with localcontext(MONEY):
        gross = instrument.ceil_quantity(owed / (1 - instrument.taker_fee))
        least = instrument.ceil_quantity(max(instrument.min_qty, instrument.min_notional / price))
    return max(gross, least)


def owed_base(account: AccountSnapshot) -> Decimal:
    """Base debt that is not covered by base in the pair; what a person's order holds back is."""
    return max(Decimal(0), account.base.debt - account.base.total)


def surplus(view: PositionView, account: AccountSnapshot) -> Decimal:
    """Base that the account shows beyond what the position holds; negative where it shows less."""
    assert view.entry is not None
    side, base = side_of(view), view.scope.symbol.base
    exits = (*view.exit_fills, *view.insurance_fills)
    if side is Side.LONG:
        ours = view.entry.held - view.exited
    else:
        ours = view.entry.held - net_base(exits, base)
    with localcontext(MONEY):
        expected = view.base_before + side.sign * ours
        return (account.base.net - expected) * side.sign


def is_much(view: PositionView, quantity: Decimal, account: AccountSnapshot, ctx: Context) -> bool:
    """Whether a difference is more than dust, and more than interest can explain."""
    held = view.entry.held if view.entry else Decimal(0)
    with localcontext(MONEY):
        beyond = quantity - (held * INTEREST if view.side is Side.SHORT else 0)
    return ctx.instrument.exit_quantity(beyond, account.index_price) is not None


def insured_quantity(view: PositionView, ctx: Context) -> Decimal:
    """Quantity of the exchange stop.

    A short's covers the interest of ``hold_hours`` besides the debt of the moment, so that a
    trigger hours later still repays everything. Of one that is less than the smallest order it is
    that order at the stop in force, which may lie far below the entry.
    """
    if side_of(view) is Side.LONG:
        return ctx.instrument.floor_quantity(left_to_sell(view))
    assert view.entry is not None
    owed = owed_after(view, ctx.settings.hold_hours)
    price = view.entry.price if view.stop is None else min(view.entry.price, view.stop)
    wanted, most = buy_back(owed, ctx.instrument, price), ctx.instrument.order_max
    # The largest order covers what was sold; of the interest, what fits.
    return wanted if most is None else min(wanted, ctx.instrument.floor_quantity(most))


def owed_after(view: PositionView, hours: int) -> Decimal:
    """What a short owes so many hours after its account was read, less what was bought."""
    assert view.entry is not None
    account = view.account
    known = account is not None and account.at_ns >= view.entry.at_ns
    with localcontext(MONEY):
        rate = account.hourly_rate_base if account else Decimal(0)
        charged = account.base.interest if account is not None and known else Decimal(0)
        owed = view.entry.held * (1 + rate * hours) + charged
    return owed - net_base((*view.insurance_fills, *view.exit_fills), view.scope.symbol.base)


def exit_fence(side: Side, *, quote: Decimal, cost: Decimal) -> str:
    """``asset`` when the exchange itself would refuse a second exit, else ``settle``.

    A second sale of a long finds no base. A second buy-back of a short is refused only while the
    quote left after the first pays for less than another: ``quote`` is all of the pair, ``cost``
    what one buy-back takes of it.
    """
    return "asset" if side is Side.LONG or quote < 2 * cost else "settle"

"""When a position is closed and when it is settled, and what it earned.

Closed is flat by fill evidence and by the account; settled is debt zero and every charge known.
Nothing here is estimated: a figure that is not known yet keeps the position unsettled.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.domain import events as e
from robson.domain.identity import Purpose, Symbol, read_client_order_id
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, Fill, InterestCharge
from robson.domain.values import MONEY, NS_PER_S, Quantity, Side, plain
from robson.domain.view import PositionView
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.entry import average
from robson.engine.orders import (
    is_dust,
    is_much,
    left_to_sell,
    net_base,
    owed_base,
    side_of,
    surplus,
)

LAG_NS = 10 * NS_PER_S
"""How long the account may lag behind a fill before a difference is a contradiction."""


def decide_account(view: PositionView, account: AccountSnapshot, ctx: Context) -> Decision:
    """What reading the account changes: a close, a settled debt, or a first look after the fill."""
    match view.state:
        case PositionState.EXITING:
            return _close(view, account, ctx)
        case (
            PositionState.ACTIVE
            | PositionState.ERROR
            | PositionState.CLOSED
            | PositionState.CANCELLED
        ):
            if view.state.is_terminal and (view.is_settled or not _is_news(view, account)):
                return NOTHING
            if view.state is PositionState.ACTIVE and _is_of_before(view, account, ctx):
                return NOTHING
            read = e.AccountRead(position=view.id, at_ns=ctx.now_ns, account=account)
            return Decision(events=(read,))
        case _:
            return NOTHING


def _is_of_before(view: PositionView, account: AccountSnapshot, ctx: Context) -> bool:
    """Whether the account lacks what is held: an answer that lags behind the entry.

    What is read here is what a lost exit is later held against
    (:class:`~robson.exec.resolve.AbsenceProof`), so it must not be of another time. A holding that
    is really gone is the affair of :mod:`robson.engine.holding`.
    """
    return view.entry is not None and is_much(view, -surplus(view, account), account, ctx)


def _is_news(view: PositionView, account: AccountSnapshot) -> bool:
    """Whether a reading says something else than the last one, or answers a repayment."""
    was = view.account
    if was is None or (view.repaid_ns is not None and was.at_ns <= view.repaid_ns):
        return True
    if view.state is PositionState.CANCELLED:
        return True
    return (was.base, was.quote) != (account.base, account.quote)


def stranded(view: PositionView) -> str | None:
    """What a closed position owes that nothing in its pair can repay, for people; None if nothing.

    After a liquidation that did not yield enough. It stays unsettled until money is moved in.
    """
    account = view.account
    if view.state is not PositionState.CLOSED or view.is_settled or account is None:
        return None
    owed = [held for held in (account.base, account.quote) if held.debt > 0 and held.free <= 0]
    if not owed or any(held.debt > 0 and held.free > 0 for held in (account.base, account.quote)):
        return None
    debts = " and ".join(f"{plain(held.debt)} {held.asset}" for held in owed)
    return f"the pair owes {debts} with nothing free to repay it: move it in, {view.id} settles"


def exit_fills(view: PositionView) -> tuple[Fill, ...]:
    """Every fill that reduced the position."""
    return (*view.insurance_fills, *view.exit_fills)


def beyond(view: PositionView, account: AccountSnapshot) -> Decimal:
    """Base that the account holds net of debt, beyond what lay there before the entry."""
    return account.base.net - max(Decimal(0), view.base_before)


def excess(view: PositionView, account: AccountSnapshot, ctx: Context) -> Quantity | None:
    """Base that the way out bought beyond the debt, and that is there; None for nothing to sell."""
    there = beyond(view, account)
    if view.entry is None or side_of(view) is Side.LONG:
        return None
    with localcontext(MONEY):
        base = view.scope.symbol.base
        sold = sum((fill.quantity for fill in view.given_back), Decimal(0))
        bought = net_base(exit_fills(view), base) - view.entry.held - sold
        ours = min(bought, there, account.base.free)
    price = ctx.price or account.index_price
    return ctx.instrument.exit_quantity(ours, price) if ours > 0 else None


def is_flat(view: PositionView, account: AccountSnapshot, ctx: Context) -> bool:
    """Whether fills and account agree that nothing tradable is left."""
    if side_of(view) is Side.LONG:
        left, ours = left_to_sell(view), account.base.total
        price = account.index_price
        by_fills = ctx.instrument.exit_quantity(left, price) is None
        return by_fills and ctx.instrument.exit_quantity(ours, price) is None
    return owed_base(account) <= 0 and not _lacks_fills(view, account, ctx)


def _lacks_fills(view: PositionView, account: AccountSnapshot, ctx: Context) -> bool:
    """Whether a short owes nothing any more although our fills bought clearly less than it sold.

    Somebody else bought the rest: a forced close, a person. Their trades are looked for first.
    """
    assert view.entry is not None
    with localcontext(MONEY):
        bought = net_base(exit_fills(view), view.scope.symbol.base)
        missing = view.entry.held - max(Decimal(0), view.base_before) - bought
    return missing > 0 and ctx.instrument.exit_quantity(missing, account.index_price) is not None


def _close(view: PositionView, account: AccountSnapshot, ctx: Context) -> Decision:
    fills = exit_fills(view)
    ways = (Purpose.EXIT, Purpose.UNTRACKED)
    under_way = any(o.is_open for o in view.orders if o.order.purpose in ways)
    if view.entry_open or under_way or not (fills or _needs_no_exit(view, account, ctx)):
        return NOTHING
    if not (is_flat(view, account, ctx) or _rest_is_theirs(view, account, ctx)):
        return NOTHING
    if _may_be_too_much(view, account, fills, ctx):
        return NOTHING
    assert view.trigger is not None
    assert view.entry is not None
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    closed = e.PositionClosed(
        position=view.id,
        at_ns=ctx.now_ns,
        reason="liquidation" if any(fill.is_forced for fill in fills) else view.trigger.reason,
        by=_closer(view),
        price=average(fills) if fills else view.entry.price,
        quantity=quantity,
        gross=gross(view, fills),
        dust=_dust(view, account),
        account=account,
    )
    return Decision(events=(closed,))


def _dust(view: PositionView, account: AccountSnapshot) -> Decimal:
    """What is left in the pair; a person's base beside a long is no part of it."""
    there = max(Decimal(0), account.base.net)
    return there if side_of(view) is Side.SHORT else min(there, max(Decimal(0), left_to_sell(view)))


def _may_be_too_much(
    view: PositionView, account: AccountSnapshot, fills: tuple[Fill, ...], ctx: Context
) -> bool:
    """Whether a short shows base that trades not read yet may explain; a person's stays there."""
    if side_of(view) is Side.LONG or not fills:
        return False
    more, price = beyond(view, account), account.index_price
    last_ns = max(fill.at_ns for fill in (*fills, *view.given_back))
    there = more > 0 and ctx.instrument.exit_quantity(more, price) is not None
    return there and (account.at_ns - last_ns < LAG_NS or excess(view, account, ctx) is not None)


def close_outside(
    view: PositionView,
    order_id: int,
    fills: tuple[Fill, ...],
    account: AccountSnapshot,
    ctx: Context,
) -> tuple[e.PositionEvent, ...]:
    """The end of a position that an order of somebody else has closed, with its trades."""
    filled = e.FilledOutside(position=view.id, at_ns=ctx.now_ns, order_id=order_id, fills=fills)
    return (filled, closed_by_others(view, fills, account, ctx))


def closed_by_others(
    view: PositionView, fills: tuple[Fill, ...], account: AccountSnapshot, ctx: Context
) -> e.PositionClosed:
    """The close alone; ``fills`` are those of others that the position does not have yet."""
    assert view.entry is not None
    every = (*exit_fills(view), *fills)
    return e.PositionClosed(
        position=view.id,
        at_ns=ctx.now_ns,
        reason="reconciled_external",
        by="reconciled",
        price=average(every) if every else view.entry.price,
        quantity=sum((fill.quantity for fill in every), Decimal(0)),
        gross=gross(view, every),
        dust=max(Decimal(0), account.base.net),
        account=account,
    )


def _needs_no_exit(view: PositionView, account: AccountSnapshot, ctx: Context) -> bool:
    """What the entry got is too little to sell, or was sold from base that lay there before.

    Or was too little to buy back, and base that somebody brought covers it.
    """
    assert view.entry is not None
    if side_of(view) is Side.LONG:
        return is_dust(view, account.index_price, ctx)
    small = ctx.instrument.exit_quantity(view.entry.held, account.index_price) is None
    covered = small and account.at_ns - view.entry.at_ns >= LAG_NS
    return owed_base(account) <= 0 and (view.base_before >= view.entry.held or covered)


def _closer(view: PositionView) -> str:
    """Whose fill closed it; of dust, nobody's."""
    fills = view.exit_fills
    if fills and not any(fill.is_forced or read_client_order_id(fill.client_id) for fill in fills):
        return "reconciled"
    if fills:
        return "exit"
    return "insurance" if view.insurance_fills else "reconciled"


def _rest_is_theirs(view: PositionView, account: AccountSnapshot, ctx: Context) -> bool:
    """A long whose own holding is sold, while the account shows base long enough after: not ours.

    It is found as what belongs to no position (R22), and freezes the pair.
    """
    left = left_to_sell(view)
    sold = ctx.instrument.exit_quantity(left, account.index_price) is None
    if side_of(view) is Side.SHORT or not sold:
        return False
    fills, trigger = exit_fills(view), view.trigger
    # Trades of somebody else are found later than they were made: the last in time counts.
    last_ns = max((fill.at_ns for fill in fills), default=None)
    since_ns = last_ns or (trigger.at_ns if trigger else ctx.now_ns)
    return account.at_ns - since_ns >= LAG_NS


def gross(view: PositionView, fills: tuple[Fill, ...]) -> Decimal:
    """Result before fees and interest, in quote; a short's is on the quantity that was owed.

    What was bought back twice made or lost what its sale differs from the average that was paid.
    """
    assert view.entry is not None
    if not fills:
        return Decimal(0)
    sold = sum((fill.quantity for fill in fills), Decimal(0))
    quantity = sold if side_of(view) is Side.LONG else view.entry.quantity
    with localcontext(MONEY):
        price = average(fills)
        back = sum(((fill.price - price) * fill.quantity for fill in view.given_back), Decimal(0))
        return (price - view.entry.price) * side_of(view).sign * quantity + back


def fees(fills: tuple[Fill, ...], symbol: Symbol) -> Decimal:
    """Commissions in quote; those taken in base at the price of their own fill.

    What was taken in a third asset is no number of quote, and nobody here knows its price: it is
    told beside the result (``fees_elsewhere``), and is not in it.
    """
    with localcontext(MONEY):
        return sum((_fee(fill, symbol) for fill in fills), Decimal(0))


def _fee(fill: Fill, symbol: Symbol) -> Decimal:
    if fill.commission_asset == symbol.base:
        return fill.commission * fill.price
    return fill.commission if fill.commission_asset == symbol.quote else Decimal(0)


def decide_interest(
    view: PositionView, charges: tuple[InterestCharge, ...], ctx: Context
) -> Decision:
    """The last figure: with it the result is final, or the cost of a loan for nothing."""
    if view.state is PositionState.CANCELLED:
        return _charged(view, charges, ctx)
    if view.closed is None or view.settled is not None or view.plan is None or view.entry is None:
        return NOTHING
    base = view.scope.symbol.base
    with localcontext(MONEY):
        paid = sum(
            (
                charge.amount * view.closed.price if charge.asset == base else charge.amount
                for charge in charges
            ),
            Decimal(0),
        )
        cost = fees((*view.entry.fills, *exit_fills(view), *view.given_back), view.scope.symbol)
        net = view.closed.gross - cost - paid
        planned = view.plan.sizing.planned_risk
        settled = e.PnlSettled(
            position=view.id,
            at_ns=ctx.now_ns,
            gross=view.closed.gross,
            fees=cost,
            interest=paid,
            net=net,
            r_multiple=net / planned,
            planned_risk=planned,
        )
    return Decision(events=(settled,))


def _charged(view: PositionView, charges: tuple[InterestCharge, ...], ctx: Context) -> Decision:
    """What the loan of an entry cost of which nothing was executed, until it was paid back."""
    account = view.account
    if account is None or view.is_settled or view.may_owe:
        return NOTHING
    with localcontext(MONEY):
        paid = sum(
            (
                charge.amount * (account.index_price if charge.asset == account.base.asset else 1)
                for charge in charges
                if charge.at_ns <= account.at_ns
            ),
            Decimal(0),
        )
    charged = e.LoanCharged(position=view.id, at_ns=ctx.now_ns, interest=paid)
    return Decision(events=(charged,))

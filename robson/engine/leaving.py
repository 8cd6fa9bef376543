"""The way out: the stop taken back, one exit for each proof that the position is open, the close.

An exit is never given up and never sent blindly again: after one that failed the account's trades
and balances are read first, and they say whether anything is left, how much of it can be left, and
who has closed what is not there any more.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.domain import events as e
from robson.domain.identity import Purpose, position_hash, read_client_order_id
from robson.domain.intents import Intent, ReadTrades
from robson.domain.reports import AccountSnapshot
from robson.domain.values import MONEY, NS_PER_MS, NS_PER_S, ExchangeNs, Quantity, Side, plain
from robson.domain.view import OrderRecord, PositionView
from robson.engine.context import Context
from robson.engine.entry import take_back
from robson.engine.excess import is_way_out, last, requested
from robson.engine.insuring import ask_about_stop, placing, replace, taken_over
from robson.engine.orders import (
    buy_back,
    exit_fence,
    exit_order,
    failed_in_a_row,
    is_over,
    left_to_sell,
    net_base,
    owed_base,
    side_of,
)
from robson.engine.settle import LAG_NS, excess, exit_fills
from robson.engine.step import (
    ASK_EVERY_NS,
    WAIT,
    Known,
    Step,
    act,
    ask,
    backoff,
    lost,
    query,
    read_account,
)

INTEREST = Decimal("0.01")
"""Most that interest can have added to a debt, as a share of it."""
FENCE_PRICE = Decimal("0.99")
"""A buy-back may cost so much less by the time it is made, and be paid for twice after all."""
SETTLES_NS = 3 * NS_PER_S
"""How long after it was sent a way out waits for a stop that nobody has seen."""
LOOK_NS = 5 * NS_PER_S
"""How often trades and account are read, in turn, where no order can do anything."""
EXIT_IMPOSSIBLE = "exit_impossible"
"""Code of the error of a position that is open and that no order could leave."""
EXIT_UNEXPLAINED = "exit_unexplained"
"""Code of the error of a position that is gone, by trades that do not add up to it."""
HELPLESS = (EXIT_IMPOSSIBLE, EXIT_UNEXPLAINED)
"""Errors in which no order of ours can do anything, whatever the price."""
EXIT_BACKOFF_NS = (NS_PER_S, 5 * NS_PER_S)
"""Waits before an exit is tried again; the last one for ever."""


def leaving(view: PositionView, ctx: Context, known: Known) -> Step:
    """What a position on its way out owes now."""
    match view.insurance.state:
        case "placing" if _is_unknown(view):
            return replace(view, ctx)  # whether it rests or not: only a cancel makes it certain
        case "placing":
            return placing(view, ctx, known)
        case "resting":
            return replace(view, ctx)
        case "cancelling" | "gone" if not _never_seen(view, ctx, known):
            return _and_look(view, _ask_at_once(view, ctx, known), ctx, known)
        case _ if view.entry_open:
            return take_back(view, ctx, known)
        case _:
            return _leave_market(view, ctx, known)


def _is_unknown(view: PositionView) -> bool:
    """Whether nobody knows if the exchange took the stop."""
    record = view.order(view.insurance.client_id or "")
    return record is not None and record.status == "unknown"


def _never_seen(view: PositionView, ctx: Context, known: Known) -> bool:
    """Whether the exchange knows nothing of a stop that may still arrive, and cannot do harm.

    Only where the exit is asset-fenced: it finds the inventory locked, or the stop finds none. Else
    a short's second buy could open a long, so it waits for the proof.
    """
    due_ns = _unseen_until_ns(view, ctx, known)
    return due_ns is not None and ctx.now_ns >= due_ns


def _unseen_until_ns(view: PositionView, ctx: Context, known: Known) -> ExchangeNs | None:
    """How long a stop that nobody has seen is waited for; None where that says nothing."""
    record = view.order(view.insurance.client_id or "")
    if record is None or record.status != "unknown" or not known.looked_missing:
        return None
    sent_ns = (record.timestamp_ms or 0) * NS_PER_MS
    return ExchangeNs(sent_ns + SETTLES_NS) if fence_of(view, ctx) == "asset" else None


def _ask_at_once(view: PositionView, ctx: Context, known: Known) -> Step:
    """What became of a stop; of one whose cancel was refused, without waiting for the next turn."""
    record = view.order(view.insurance.client_id or "")
    if view.insurance.state != "gone" or record is None:
        return ask_about_stop(view, ctx, known)
    return _urgent(view, ctx, known, query(view, record))


def _and_look(view: PositionView, step: Step, ctx: Context, known: Known) -> Step:
    """The same step, and a look when a stop that nobody has seen was waited for long enough."""
    due_ns = _unseen_until_ns(view, ctx, known)
    if step.acts or due_ns is None:
        return step
    return Step(due_ns=min(due_ns, step.due_ns or due_ns))


def _leave_market(view: PositionView, ctx: Context, known: Known) -> Step:
    record = last(view)
    if record is not None and record.status in ("prepared", "sending"):
        return lost(view, ctx, record)
    accepted = next((o for o in view.orders if is_way_out(o) and o.status == "resting"), None)
    if accepted is not None:  # not always the last: a repeat may have been refused meanwhile
        return ask(ctx, known, query(view, accepted))
    if _unknown(view) and not _may_repeat(view, ctx, known):
        return WAIT
    if record is not None and record.status == "failed":
        if known.trades_ns < known.failed_ns:
            return _urgent(view, ctx, known, _trades_since_entry(view))
        due = ExchangeNs(known.failed_ns + backoff(view, Purpose.EXIT, EXIT_BACKOFF_NS))
        if ctx.now_ns < due:
            return Step(due_ns=due)
    # A first exit of a long knows what it holds; every other one is sized by what is there.
    if (side_of(view) is Side.SHORT or record is not None) and not _account_is_fresh(view, ctx):
        return _urgent(view, ctx, known, read_account(view))
    if _unknown(view) and not _is_alone(view, ctx):
        return WAIT
    return _exit_or_close(view, ctx, known)


def _urgent(view: PositionView, ctx: Context, known: Known, question: Intent) -> Step:
    """Ask at once where nothing was asked since: an exit does not wait behind another question."""
    if known.asked_ns < view.updated_ns:
        return act(intents=(question,))
    return ask(ctx, known, question)


def _trades_since_entry(view: PositionView) -> ReadTrades:
    assert view.entry is not None
    since = view.entry.fills[0].at_ns
    return ReadTrades(scope=view.scope, position=view.id, since_ns=since)


def _account_is_fresh(view: PositionView, ctx: Context) -> bool:
    """The account was read after the last thing that happened to the position."""
    return ctx.account is not None and ctx.account.at_ns >= view.updated_ns


def _unknown(view: PositionView) -> tuple[OrderRecord, ...]:
    """The ways out of which nobody knows whether they have traded; the last need not be one."""
    return tuple(each for each in view.orders if is_way_out(each) and each.status == "unknown")


def _may_repeat(view: PositionView, ctx: Context, known: Known) -> bool:
    """An exit whose outcome is unknown is sent again only where a second one would be refused.

    What gives an excess back is never: a second one might find base that a person has brought in.
    """
    unknown = _unknown(view)
    if any(record.order.purpose is not Purpose.EXIT for record in unknown):
        return False
    missing = known.looked_missing or last(view) not in unknown
    return missing and fence_of(view, ctx) == "asset"


def _is_alone(view: PositionView, ctx: Context) -> bool:
    """Whether the pair has just the base that a long still has to sell: a second sale finds none.

    A person's base beside it would be sold in its place; less of it says that the exit has traded.
    """
    account = ctx.account
    if side_of(view) is Side.SHORT or account is None:
        return True
    more = abs(account.base.total - left_to_sell(view))
    return ctx.instrument.exit_quantity(more, account.index_price) is None


def fence_of(view: PositionView, ctx: Context | None = None) -> str:
    """The exit fence of a position that holds, at the price as it is now, or as it was entered.

    A short in profit, or one of which a part is bought back, may pay for the rest twice.
    """
    assert view.entry is not None
    last_read, price_now = (ctx.account, ctx.price) if ctx else (None, None)
    accounts = [account for account in (view.account, last_read) if account is not None]
    if side_of(view) is Side.LONG or not accounts:
        return exit_fence(side_of(view), quote=Decimal(0), cost=Decimal(0))
    with localcontext(MONEY):
        sold = view.entry.price * view.entry.quantity
        quote = max(
            account.quote.total + (sold if account.at_ns < view.entry.at_ns else 0)
            for account in accounts
        )
        price = min(price_now or view.entry.price, view.entry.price) * FENCE_PRICE
        sent = view.latest(Purpose.EXIT)
        quantity = Decimal(view.entry.quantity)
        if sent is not None:
            quantity = min(quantity, sent.order.quantity)
        # A smaller buy-back, where a person has bought some, leaves quote that pays for another.
        due = exit_now(view, ctx) if ctx is not None and ctx.account is not None else Decimal(0)
        quantity = min(quantity, due) if due else quantity
        return exit_fence(Side.SHORT, quote=quote, cost=price * quantity)


def exit_now(view: PositionView, ctx: Context) -> Decimal:
    """The quantity a market exit should have now; zero when nothing can be left.

    A short buys what it owes, or as much of it as the pair's own money pays for.
    """
    if side_of(view) is Side.LONG:
        held = left_to_sell(view)
        if view.exit_attempts and ctx.account is not None:
            held = min(held, ctx.account.base.free)
        return ctx.instrument.exit_quantity(held, ctx.price) or Decimal(0)
    assert ctx.account is not None
    price = ctx.price or ctx.account.index_price
    owed = _owed_now(view, ctx.account)
    return _paid_for(buy_back(owed, ctx.instrument, price), view, ctx, ctx.account, price)


def _owed_now(view: PositionView, account: AccountSnapshot) -> Decimal:
    """Base to buy back: what the account owes, but just after a fill no more than fills left.

    An account that lags behind a fill still shows the debt that was bought back, however late its
    answer is looked at.
    """
    owed, fills = owed_base(account), exit_fills(view)
    if not fills or view.entry is None:
        return owed
    if account.at_ns - max(fill.at_ns for fill in fills) >= LAG_NS:
        return owed
    with localcontext(MONEY):
        if owed <= view.entry.held * INTEREST:
            return owed  # no fill is missing: what is left is interest
        return min(
            owed, (view.entry.held - net_base(fills, view.scope.symbol.base)) * (1 + INTEREST)
        )


def _paid_for(
    wanted: Decimal, view: PositionView, ctx: Context, account: AccountSnapshot, price: Decimal
) -> Decimal:
    """What of a buy-back the free quote pays for; after a refusal with room for slippage."""
    with localcontext(MONEY):
        room = ctx.settings.gap_bps / 10_000 if failed_in_a_row(view, Purpose.EXIT) else 0
        most = ctx.instrument.floor_quantity(account.quote.free / (price * (1 + room)))
    if wanted <= most:
        return wanted
    return Decimal(0) if ctx.instrument.refuses(most, price) else most


def _exit_or_close(view: PositionView, ctx: Context, known: Known) -> Step:
    fresh = _account_is_fresh(view, ctx)
    held_back = _held_back(view, ctx) if fresh else ()
    if held_back:
        return act(*held_back)
    quantity = exit_now(view, ctx)
    if quantity > 0:
        order = exit_order(view, ctx, quantity=Quantity(quantity), attempt=view.exit_attempts)
        event = e.ExitRequested(
            position=view.id, at_ns=ctx.now_ns, order=order, attempt=view.exit_attempts
        )
        return act(event, intents=(order,))
    if not fresh:
        return ask(ctx, known, read_account(view))
    assert ctx.account is not None
    too_much = excess(view, ctx.account, ctx)
    if too_much is not None:
        event, order = requested(view, too_much, ctx)
        return act(event, intents=(order,))
    return _look_on(view, ctx, known)


def _look_on(view: PositionView, ctx: Context, known: Known) -> Step:
    """No order can do anything: read trades and account in turn until they say what it is.

    An exit of which nobody knows may be what it is: its end is waited for.
    """
    assert ctx.account is not None
    seen_ns = min(ctx.account.at_ns, known.trades_ns)
    stuck = None if _unknown(view) else _stuck(view, ctx, ctx.account)
    if stuck is not None and seen_ns - view.updated_ns >= LAG_NS:
        return act(stuck)
    trades_next = known.trades_ns < ctx.account.at_ns
    question = _trades_since_entry(view) if trades_next else read_account(view)
    every_ns = ASK_EVERY_NS if seen_ns < view.updated_ns else LOOK_NS
    return ask(ctx, known, question, every_ns=every_ns)


def _held_back(view: PositionView, ctx: Context) -> tuple[e.PositionEvent, ...]:
    """A stop of our own that rests unknown to the journal, and locks what the exit needs."""
    mine = position_hash(view.scope, view.id)
    for order in ctx.account.open_orders if ctx.account else ():
        ours = read_client_order_id(order.client_id)
        known = ours is not None and ours.position_hash == mine
        if is_over(view, order.client_id):
            continue  # the list is of before its end
        if ours is not None and known and ours.purpose is Purpose.INSURANCE:
            return taken_over(view, order, ours.attempt, ctx)
    return ()


def _stuck(view: PositionView, ctx: Context, account: AccountSnapshot) -> e.PositionFailed | None:
    """Open, and provably nothing that an order could do: the end of trying, with its numbers."""
    base, quote = account.base, account.quote
    price = ctx.price or account.index_price
    foreign = ", ".join(order.client_id for order in account.open_orders)
    held = f"; it is held back by {foreign}, which is not Robson's" if foreign else ""
    if side_of(view) is Side.LONG:
        there = min(left_to_sell(view), base.total)
        if ctx.instrument.exit_quantity(there, price) is None:
            return _unexplained(view, left_to_sell(view), ctx)
        what = f"{plain(there)} {base.asset} is to be sold and {plain(base.free)} is free{held}"
        then = "Free it, then run robson panic"
    else:
        owed = owed_base(account)
        if owed <= 0:
            missing = view.entry.held - net_base(exit_fills(view), base.asset) if view.entry else 0
            return _unexplained(view, Decimal(missing), ctx)
        cost = ctx.instrument.price_up(owed * price)
        what = (
            f"owes {plain(owed)} {base.asset}, about {plain(cost)} {quote.asset} at"
            f" {plain(price)}, and {plain(quote.free)} {quote.asset} is free{held}"
        )
        then = f"Move {quote.asset} into the isolated pair, then run robson panic"
    return e.PositionFailed(
        position=view.id, at_ns=ctx.now_ns, code=EXIT_IMPOSSIBLE, message=f"{what}. {then}"
    )


def _unexplained(view: PositionView, missing: Decimal, ctx: Context) -> e.PositionFailed | None:
    """Flat, by trades of others that are not just what is missing: only a person knows which."""
    if ctx.instrument.exit_quantity(missing, ctx.price) is None:
        return None
    asset = view.scope.symbol.base
    return e.PositionFailed(
        position=view.id,
        at_ns=ctx.now_ns,
        code=EXIT_UNEXPLAINED,
        message=(
            f"the account shows nothing of {plain(missing)} {asset} that our fills have not left,"
            f" and no trades there add up to it. Find out which did, then run robson admin resolve"
            f" --position-id {view.id} --as closed with them as evidence"
        ),
    )

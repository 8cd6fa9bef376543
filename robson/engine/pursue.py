"""What a position owes the world now: its next order or question, from its state alone.

Level-triggered: the same function answers after an event, after a timer and after a restart, so
recovery is not another program. Whoever calls it says what is already on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.intents import (
    OrderType,
    QueryOrder,
    ReadAccount,
    ReadInterest,
    ReadTrades,
    Repay,
)
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot
from robson.domain.values import (
    MONEY,
    NS_PER_MS,
    NS_PER_S,
    ExchangeNs,
    Price,
    Quantity,
    Side,
)
from robson.domain.view import PositionView
from robson.engine.context import Context
from robson.engine.entry import entering, take_back, watch_entry
from robson.engine.exposure import overruns
from robson.engine.orders import (
    buy_back,
    cancel_order,
    exit_fence,
    exit_order,
    failed_in_a_row,
    insurance_order,
    insured_quantity,
    is_dust,
    left_to_sell,
    net_base,
    owed_base,
    prepared_before,
    side_of,
    stop_limit,
    stop_type,
)
from robson.engine.step import ASK_EVERY_NS, WAIT, Known, Step, act, ask, lost, query
from robson.engine.stop import insurance_stop

INSURANCE_POLL_NS = 30 * NS_PER_S
REPLACE_EVERY_NS = 5 * NS_PER_S
REPLACE_SPANS = Decimal("0.25")
REPAY_AFTER_NS = 100 * NS_PER_MS
BACKOFF_NS = tuple(seconds * NS_PER_S for seconds in (1, 2, 4, 8, 16, 30))
"""Waits before an exchange stop is tried again; the last one for ever."""
EXIT_BACKOFF_NS = (NS_PER_S, 5 * NS_PER_S)
"""Waits before an exit is tried again; the last one for ever."""


def pursue(view: PositionView, ctx: Context, known: Known) -> Step:
    """What the position owes now."""
    owing = _OWING.get(view.state)
    return owing(view, ctx, known) if owing and not known.sending else WAIT


def _backoff(view: PositionView, purpose: Purpose, waits: tuple[int, ...]) -> int:
    """How long to wait after so many orders of a purpose that failed in a row."""
    failed = failed_in_a_row(view, purpose)
    return waits[min(failed, len(waits)) - 1] if failed else 0


# --- active --------------------------------------------------------------------------------------


def _active(view: PositionView, ctx: Context, known: Known) -> Step:
    if view.leave_on_fill is not None:
        return act(leave(view, ctx, view.leave_on_fill.reason, view.leave_on_fill.actor))
    if overruns(view):
        return act(leave(view, ctx, "risk_overrun", None))
    if not view.entry_open and is_dust(view, _worth_least(view, ctx), ctx):
        return act(leave(view, ctx, "entry_dust", None))
    step = _INSURE[view.insurance.state](view, ctx, known)
    if step.acts or not view.entry_open:
        return step
    watched = watch_entry(view, ctx, known)
    dues = [due for due in (step.due_ns, watched.due_ns) if due is not None]
    return watched if watched.acts else Step(due_ns=min(dues, default=None))


def leave(view: PositionView, ctx: Context, reason: str, actor: str | None) -> e.ExitTriggered:
    """The exit a person or a rule other than a price has asked for."""
    assert view.stop is not None
    return e.ExitTriggered(
        position=view.id,
        at_ns=ctx.now_ns,
        reason=reason,
        price=ctx.price,
        tick_ns=ctx.price_ns,
        stop=view.stop,
        actor=actor,
    )


def _place(view: PositionView, ctx: Context, _known: Known) -> Step:
    quantity = insured_quantity(view, ctx)
    if quantity <= 0 or is_dust(view, _worth_least(view, ctx), ctx):
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


def _worth_least(view: PositionView, ctx: Context) -> Price:
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


def _placing(view: PositionView, ctx: Context, _known: Known) -> Step:
    record = view.order(view.insurance.client_id or "")
    if record is not None and record.status in ("prepared", "sending"):
        return lost(view, ctx, record)
    return WAIT


def _failed(view: PositionView, ctx: Context, known: Known) -> Step:
    due = ExchangeNs(known.failed_ns + _backoff(view, Purpose.INSURANCE, BACKOFF_NS))
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
        return ask(ctx, known, _read_account(view))
    wanted = wanted_stop(view, ctx)
    in_place = wanted == view.insurance.stop_price and not _outgrown(view, ctx)
    if in_place or not known.verified:
        return Step(due_ns=None if known.reading else poll_ns)
    ready_ns = _replace_ready(view, ctx)
    if ready_ns is not None and ctx.now_ns >= ready_ns:
        return _replace(view, ctx)
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


def _replace(view: PositionView, ctx: Context) -> Step:
    """Cancel, then place: the first order locks the inventory, so the other way is impossible."""
    assert view.insurance.client_id is not None
    cancel = cancel_order(view, ctx, view.insurance.client_id, view.insurance.attempts)
    event = e.InsuranceCancelling(position=view.id, at_ns=ctx.now_ns, cancel=cancel)
    return act(event, intents=(cancel,))


def _ask_about_stop(view: PositionView, ctx: Context, known: Known) -> Step:
    return ask(ctx, known, _ask_stop(view))


def _nothing(_view: PositionView, _ctx: Context, _known: Known) -> Step:
    return WAIT


Owing = Callable[[PositionView, Context, Known], Step]
_INSURE: dict[str, Owing] = {
    "none": _place,
    "placing": _placing,
    "failed": _failed,
    "resting": _resting,
    "cancelling": _ask_about_stop,
    "gone": _ask_about_stop,
    "filled": _nothing,
}


# --- exiting -------------------------------------------------------------------------------------


def _exiting(view: PositionView, ctx: Context, known: Known) -> Step:
    match view.insurance.state:
        case "placing":
            return _placing(view, ctx, known)
        case "resting":
            return _replace(view, ctx)
        case "cancelling" | "gone":
            return _ask_about_stop(view, ctx, known)
        case _ if view.entry_open:
            return take_back(view, ctx, known)
        case _:
            return _leave_market(view, ctx, known)


def _leave_market(view: PositionView, ctx: Context, known: Known) -> Step:
    record = view.latest(Purpose.EXIT)
    if record is not None and record.status in ("prepared", "sending"):
        return lost(view, ctx, record)
    if record is not None and record.status == "resting":
        return ask(ctx, known, query(view, record))
    if record is not None and record.status == "unknown" and not _may_repeat(view, known):
        return WAIT
    if record is not None and record.status == "failed":
        due = ExchangeNs(known.failed_ns + _backoff(view, Purpose.EXIT, EXIT_BACKOFF_NS))
        if ctx.now_ns < due:
            return Step(due_ns=due)
    in_doubt = record is not None and record.status != "done"
    if (side_of(view) is Side.SHORT or in_doubt) and not _account_is_fresh(view, ctx):
        if known.asked_ns < view.updated_ns:
            # Nothing was asked since: an exit does not wait behind an earlier question.
            return act(intents=(_read_account(view),))
        return ask(ctx, known, _read_account(view))
    return _exit_or_close(view, ctx, known)


def _account_is_fresh(view: PositionView, ctx: Context) -> bool:
    """The account was read after the last thing that happened to the position."""
    return ctx.account is not None and ctx.account.at_ns >= view.updated_ns


def _may_repeat(view: PositionView, known: Known) -> bool:
    """An exit whose outcome is unknown is sent again only where a second one would be refused."""
    return known.looked_missing and fence_of(view) == "asset"


def fence_of(view: PositionView) -> str:
    """The exit fence of a position that holds."""
    assert view.entry is not None
    equity = view.account.equity if view.account else Decimal(0)
    return exit_fence(side_of(view), notional=view.entry.price * view.entry.quantity, equity=equity)


def _read_account(view: PositionView) -> ReadAccount:
    return ReadAccount(scope=view.scope, position=view.id)


def exit_now(view: PositionView, ctx: Context) -> Decimal:
    """The quantity a market exit should have now; zero when nothing can be left."""
    if side_of(view) is Side.LONG:
        held = left_to_sell(view)
        if view.exit_attempts and ctx.account is not None:
            held = min(held, ctx.account.base.free)
        return ctx.instrument.exit_quantity(held, ctx.price) or Decimal(0)
    assert ctx.account is not None
    price = ctx.price or ctx.account.index_price
    return buy_back(owed_base(ctx.account), ctx.instrument, price)


def _exit_or_close(view: PositionView, ctx: Context, known: Known) -> Step:
    quantity = exit_now(view, ctx)
    if quantity > 0:
        order = exit_order(view, ctx, quantity=Quantity(quantity), attempt=view.exit_attempts)
        event = e.ExitRequested(
            position=view.id, at_ns=ctx.now_ns, order=order, attempt=view.exit_attempts
        )
        return act(event, intents=(order,))
    if not _account_is_fresh(view, ctx):
        return ask(ctx, known, _read_account(view))
    assert view.entry is not None
    if not (*view.exit_fills, *view.insurance_fills) or _unexplained(view, ctx):
        since = view.entry.fills[0].at_ns
        trades = ReadTrades(scope=view.scope, position=view.id, since_ns=since)
        return ask(ctx, known, trades)
    return ask(ctx, known, _read_account(view))


def _unexplained(view: PositionView, ctx: Context) -> bool:
    """The account is flat although our known fills do not say so."""
    return (
        side_of(view) is Side.LONG
        and ctx.instrument.exit_quantity(left_to_sell(view), ctx.price) is not None
    )


# --- closed, not settled -------------------------------------------------------------------------


def _settling(view: PositionView, ctx: Context, known: Known) -> Step:
    if view.settled is not None or view.account is None:
        return WAIT
    account = view.account
    if view.repaid_ns is not None and account.at_ns <= view.repaid_ns:
        return ask(ctx, known, _read_account(view))
    return _pay_back(view, account, ctx, known) or _ask_interest(view, ctx, known)


def _returning(view: PositionView, ctx: Context, known: Known) -> Step:
    """A cancelled position whose entry may have left a loan: read, repay, read again."""
    if not view.may_owe:
        return WAIT
    account = view.account
    stale = account is None or account.at_ns <= (view.repaid_ns or 0)
    if stale or account is None or not (account.quote.debt or account.base.debt):
        return ask(ctx, known, _read_account(view))
    return _pay_back(view, account, ctx, known) or WAIT


def _pay_back(
    view: PositionView, account: AccountSnapshot, ctx: Context, known: Known
) -> Step | None:
    """Repay what is owed with what is free; None when nothing is owed."""
    for balance in (account.quote, account.base):
        if balance.debt > 0 and balance.free > 0:
            due = ExchangeNs(account.at_ns + REPAY_AFTER_NS)
            if ctx.now_ns < due:
                return Step(due_ns=due)
            return _repay(view, ctx, balance.asset, min(balance.free, balance.debt))
    if account.quote.debt > 0 or account.base.debt > 0:
        return ask(ctx, known, _read_account(view))
    return None


def _ask_interest(view: PositionView, ctx: Context, known: Known) -> Step:
    since = view.created_ns
    return ask(ctx, known, ReadInterest(scope=view.scope, position=view.id, since_ns=since))


def _repay(view: PositionView, ctx: Context, asset: str, amount: Decimal) -> Step:
    intent = Repay(
        scope=view.scope,
        position=view.id,
        asset=asset,
        amount=amount,
        attempt=view.repay_attempts,
        timestamp_ms=ctx.now_ns // NS_PER_MS,
        recv_window_ms=ctx.settings.exit_recv_window_ms,
    )
    event = e.RepayRequested(
        position=view.id,
        at_ns=ctx.now_ns,
        asset=asset,
        amount=amount,
        attempt=view.repay_attempts,
        timestamp_ms=ctx.now_ns // NS_PER_MS,
    )
    return act(event, intents=(intent,))


_OWING: dict[PositionState, Owing] = {
    PositionState.ENTERING: entering,
    PositionState.ACTIVE: _active,
    PositionState.EXITING: _exiting,
    PositionState.CLOSED: _settling,
    PositionState.CANCELLED: _returning,
}

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
from robson.domain.lifecycle import PositionState
from robson.domain.reports import OrderState
from robson.domain.values import MONEY, NS_PER_MS, NS_PER_S, ExchangeNs, Price, Quantity, Side
from robson.domain.view import PositionView
from robson.engine.context import Context
from robson.engine.orders import (
    cancel_order,
    exit_order,
    failed_in_a_row,
    insurance_order,
    insured_quantity,
    last_rested,
    left_to_sell,
    owed_after,
    prepared_before,
    side_of,
    stop_limit,
    stop_type,
    stop_types,
)
from robson.engine.reachable import NO_BALANCE, is_doubtful, is_old, reachable
from robson.engine.step import (
    ASK_EVERY_NS,
    WAIT,
    Known,
    Step,
    act,
    ask,
    backoff,
    leave,
    lost,
    read_account,
)
from robson.engine.stop import insurance_stop

HOUR_NS = 3600 * NS_PER_S
INSURANCE_POLL_NS = 30 * NS_PER_S
REFUSED_AGAIN_NS = 60 * NS_PER_S
"""After a refused move the stop stays where it was for so long, before it is tried again."""
NEAR_SPANS = Decimal("0.25")
"""A price so near to a stop is no time to take the exchange stop away."""
BACKOFF_NS = tuple(seconds * NS_PER_S for seconds in (1, 2, 4, 8, 16, 30))
"""Waits before an exchange stop is tried again; the last one for ever."""
BARE_NS = 30 * NS_PER_S
"""Without a stop for so long the symbol takes no entry; near the stop, the position is left."""
ALERT_NS = 10 * NS_PER_S
"""Without a stop for so long it is said, and said again when one rests."""
BUSY_CODES = frozenset({-1003, -1015, -1021, -3045})
"""Refusals that say nothing about the order: the other type would be refused as well."""
OWED_SHARE = 4
"""A short's account is read four times in ``hold_hours``, the time its stop covers interest for."""


def insure(view: PositionView, ctx: Context, known: Known) -> Step:
    """What the exchange stop of a held position needs now."""
    if not is_insured(view):
        return WAIT
    return _INSURE[view.insurance.state](view, ctx, known)


def is_insured(view: PositionView) -> bool:
    """Whether an exchange stop is to rest for it; it was entered so."""
    return view.plan is None or view.plan.insurance.terms.enabled


def _place(view: PositionView, ctx: Context, known: Known) -> Step:
    if view.missed_ns is not None and is_old(view, ctx):
        return ask(ctx, known, read_account(view))
    quantity = _placeable(view, ctx)
    if quantity <= 0:
        # What is gone is looked for by others; what is held back may be free by and by.
        waits = is_doubtful(view, ctx) and view.missed_ns is None
        return ask(ctx, known, read_account(view), every_ns=INSURANCE_POLL_NS) if waits else WAIT
    attempt = view.insurance.attempts
    order = insurance_order(
        view, ctx, quantity=Quantity(quantity), stop_price=next_stop(view, ctx), attempt=attempt
    )
    prearmed = prearm(view, ctx, order.client_id)
    return act(
        e.InsuranceRequested(position=view.id, at_ns=ctx.now_ns, order=order, attempt=attempt),
        *((prearmed,) if prearmed else ()),
        intents=(order,),
    )


def _placeable(view: PositionView, ctx: Context) -> Decimal:
    """Quantity of the next exchange stop; zero where there is none that the exchange would take."""
    worth = worth_least(view, ctx)
    quantity = reachable(view, ctx, worth)
    return Decimal(0) if ctx.instrument.exit_quantity(quantity, worth) is None else quantity


def worth_least(view: PositionView, ctx: Context) -> Price:
    """The price at which the exchange values the stop when it checks the smallest order."""
    stop = next_stop(view, ctx)
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
        terms=view.plan.insurance.terms,
    ).stop_price


def next_stop(view: PositionView, ctx: Context) -> Price:
    """Where the next exchange stop goes: where it is wanted, or after a refusal where one rested.

    Race F: what rested once is taken again, and it protects until the move is tried once more.
    """
    rested = last_rested(view)
    if rested is None or not failed_in_a_row(view, Purpose.INSURANCE):
        return wanted_stop(view, ctx)
    assert rested.order.stop_price is not None
    return rested.order.stop_price


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
    """Once more: the other way at once, then after longer and longer waits, for ever."""
    if view.state is PositionState.ACTIVE and leaves_bare(view, ctx):
        return act(leave(view, ctx, "degraded_mode", None))
    unread = _is_unread(view, ctx, known)
    if unread and not known.reading:
        return ask(ctx, known, read_account(view))
    # From when it was sent: the time that a lost request took to be proved absent was waited too.
    last = view.latest(Purpose.INSURANCE)
    sent_ns = (last.timestamp_ms or 0) * NS_PER_MS if last is not None else known.failed_ns
    since_ns = sent_ns if known.failed_ns - sent_ns >= BARE_NS // 2 else known.failed_ns
    due = ExchangeNs(since_ns + backoff(view, Purpose.INSURANCE, BACKOFF_NS))
    at_once = not unread and (_may_differ(view, ctx) or _takes_less(view, ctx))
    if ctx.now_ns >= due or at_once:
        return _place(view, ctx, known)
    bare = view.bare_since_ns is not None and ctx.now_ns - view.bare_since_ns >= BARE_NS
    return Step(due_ns=min(due, ExchangeNs(ctx.now_ns + ASK_EVERY_NS)) if bare else due)


def _is_unread(view: PositionView, ctx: Context, known: Known) -> bool:
    """A stop was refused for what is not free, and nobody has looked since what is."""
    refused = view.insurance.code == NO_BALANCE
    return refused and (ctx.account is None or ctx.account.at_ns < known.failed_ns)


def _takes_less(view: PositionView, ctx: Context) -> bool:
    """The last stop was refused for what is not free, and less than that is."""
    last = view.latest(Purpose.INSURANCE)
    refused = view.insurance.code == NO_BALANCE and last is not None
    return refused and last is not None and 0 < _placeable(view, ctx) < last.order.quantity


def _may_differ(view: PositionView, ctx: Context) -> bool:
    """The first refusal was about this order: another type, or the price that was taken before."""
    first = failed_in_a_row(view, Purpose.INSURANCE) == 1
    about = view.insurance.code is not None and view.insurance.code not in BUSY_CODES
    another = last_rested(view) is not None or len(stop_types(ctx)) > 1
    return first and about and another


def leaves_bare(view: PositionView, ctx: Context) -> bool:
    """Race F, the last step: a move took the stop away, none is taken, and the price comes near.

    A first stop that is refused never leaves a position: its order was checked before the entry.
    """
    if view.bare_since_ns is None or last_rested(view) is None or ctx.price is None:
        return False
    return ctx.now_ns - view.bare_since_ns > BARE_NS and _near(view, ctx.price)


def told_bare(view: PositionView, ctx: Context) -> Step:
    """Say that nothing rests for what is held, or that something does again; or when to look."""
    if view.bare_since_ns is None:
        if view.alerted_ns is None or view.state.is_terminal:
            return WAIT
        clear = e.ProtectionRestored(position=view.id, at_ns=ctx.now_ns, alerted_ns=view.alerted_ns)
        return act(clear)
    told = view.alerted_ns is not None or not is_insured(view)
    if told or view.state is not PositionState.ACTIVE:
        return WAIT
    due_ns = ExchangeNs(view.bare_since_ns + ALERT_NS)
    if ctx.now_ns < due_ns:
        return Step(due_ns=due_ns)
    said = view.insurance.error or f"no answer yet, the stop is {view.insurance.state}"
    alerted = e.ProtectionAlerted(
        position=view.id, at_ns=ctx.now_ns, since_ns=view.bare_since_ns, reason=said
    )
    return act(alerted)


def unprotected(view: PositionView, now_ns: ExchangeNs) -> str | None:
    """Why a symbol takes no entries while nothing can be placed on it, for people; mostly None."""
    due_ns = unprotected_ns(view)
    if due_ns is None or now_ns < due_ns:
        return None
    said = view.insurance.error or "no answer"
    return f"no exchange stop rests for {view.id} since {BARE_NS // NS_PER_S} s: {said}"


def unprotected_ns(view: PositionView) -> ExchangeNs | None:
    """From when on that is so, if nothing is placed before."""
    if view.state is not PositionState.ACTIVE or view.insurance.state != "failed":
        return None
    return None if view.bare_since_ns is None else ExchangeNs(view.bare_since_ns + BARE_NS)


def _near(view: PositionView, price: Price) -> bool:
    assert view.plan is not None
    assert view.stop is not None
    near = view.plan.stops.span * NEAR_SPANS
    return (price - view.stop) * side_of(view).sign <= near


def _resting(view: PositionView, ctx: Context, known: Known) -> Step:
    poll_ns = _poll_ns(known)
    if not known.reading and ctx.now_ns >= poll_ns:
        return act(intents=(_ask_stop(view),))
    if known.verified and prepared_before(view, ctx):
        # It rests, so the earlier process has sent no exit: the way out is ours from here on.
        renewed = prearm(view, ctx, view.insurance.client_id)
        if renewed:
            return act(renewed)
    if not known.reading and _account_is_old(view, ctx):
        return ask(ctx, known, read_account(view))
    wanted = wanted_stop(view, ctx)
    in_place = wanted == view.insurance.stop_price and not _outgrown(view, ctx)
    if in_place or not known.verified:
        return Step(due_ns=None if known.reading else _earlier(poll_ns, _read_due_ns(view, ctx)))
    ready_ns = _replace_ready(view, ctx)
    if ready_ns is not None and ctx.now_ns >= ready_ns:
        return replace(view, ctx)
    look_ns = ExchangeNs(ready_ns if ready_ns is not None else ctx.now_ns + ASK_EVERY_NS)
    return Step(due_ns=look_ns if known.reading else _earlier(poll_ns, look_ns))


def _poll_ns(known: Known) -> ExchangeNs:
    """When the resting stop is asked about: so long after a question about it was answered,
    whatever else was asked since; at once for the first time; again soon where nobody answered.
    """
    heard = known.verified and known.stop_ns
    due_ns = known.stop_ns + INSURANCE_POLL_NS if heard else 0
    return ExchangeNs(max(known.ask_again_ns(), due_ns))


def _outgrown(view: PositionView, ctx: Context) -> bool:
    """The entry has filled more since the stop was placed, or a short's interest has grown."""
    assert view.entry is not None
    resting = view.insurance.quantity or Decimal(0)
    if is_doubtful(view, ctx) and (_is_unseen(view, ctx) or _placeable(view, ctx) <= resting):
        return False
    if side_of(view) is Side.LONG:
        return ctx.instrument.floor_quantity(left_to_sell(view)) > resting
    hours = ctx.settings.hold_hours // OWED_SHARE + 1
    with localcontext(MONEY):
        return resting * (1 - ctx.instrument.taker_fee) < owed_after(view, hours)


def _is_unseen(view: PositionView, ctx: Context) -> bool:
    """Whether nobody has looked what is free since the stop rests."""
    account, accepted_ns = ctx.account, view.insurance.accepted_ns
    return account is None or accepted_ns is None or account.at_ns <= accepted_ns


def _account_is_old(view: PositionView, ctx: Context) -> bool:
    """The account was last read before the entry filled, or a short's too long ago."""
    assert view.entry is not None
    if view.account is None or view.account.at_ns < view.entry.at_ns:
        return True
    due_ns = _read_due_ns(view, ctx)
    return due_ns is not None and ctx.now_ns >= due_ns


def _read_due_ns(view: PositionView, ctx: Context) -> ExchangeNs | None:
    """When what is free is read again, or what a short owes; None where neither grows."""
    if is_doubtful(view, ctx) and (view.insurance.quantity or 0) < insured_quantity(view, ctx):
        last_ns = 0 if ctx.account is None else ctx.account.at_ns
        return ExchangeNs(last_ns + INSURANCE_POLL_NS)
    account = view.account
    if side_of(view) is Side.LONG or account is None or not account.hourly_rate_base:
        return None
    return ExchangeNs(account.at_ns + ctx.settings.hold_hours * HOUR_NS // OWED_SHARE)


def _earlier(due_ns: ExchangeNs, other_ns: ExchangeNs | None) -> ExchangeNs:
    return due_ns if other_ns is None else min(due_ns, other_ns)


def _ask_stop(view: PositionView) -> QueryOrder:
    assert view.insurance.client_id is not None
    return QueryOrder(scope=view.scope, position=view.id, target=view.insurance.client_id)


def _replace_ready(view: PositionView, ctx: Context) -> int | None:
    """When the resting stop may be replaced; None while the price is too near to either stop."""
    if ctx.price is None or view.insurance.accepted_ns is None or _near(view, ctx.price):
        return None  # the exchange stop lies behind ours, so the price is far from both
    every_ns = ctx.settings.min_replace_s * NS_PER_S
    return view.insurance.accepted_ns + (REFUSED_AGAIN_NS if _was_refused(view) else every_ns)


def _was_refused(view: PositionView) -> bool:
    """The stop that rests is the one of before, because another was refused: none was at first."""
    stops = [known for known in view.orders if known.order.purpose is Purpose.INSURANCE]
    return len(stops) > 1 and stops[-2].status == "failed" and last_rested(view) is not None


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
    known = view.order(client_id)
    if known is not None and known.status == "unknown":
        return (_seen_resting(view, order, client_id, ctx), placed)
    if known is not None:
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
        timestamp_ms=order.at_ns // NS_PER_MS,
    )
    requested = e.InsuranceRequested(
        position=view.id, at_ns=ctx.now_ns, order=asked, attempt=attempt
    )
    return (requested, placed)


def _seen_resting(
    view: PositionView, order: OrderState, client_id: ClientOrderId, ctx: Context
) -> e.OrderResolved:
    """The answer to what became of it: it is among what rests."""
    return e.OrderResolved(
        position=view.id,
        at_ns=ctx.now_ns,
        client_id=client_id,
        outcome="found",
        evidence=(
            ("order_id", str(order.order_id)),
            ("status", order.status.value),
            ("executed", format(order.executed, "f")),
        ),
    )


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

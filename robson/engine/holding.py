"""What is held against what is there: rows R8 to R11 and R22 of the recovery table.

Two looks a minute apart have to miss a holding before anything follows, and only trades that
explain it alone close a position. Nothing is estimated.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext

from robson.domain import events as e
from robson.domain.identity import read_client_order_id
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.values import MONEY, Numbers, Price, Quantity, Side, plain
from robson.domain.view import PositionView
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.orders import cancel_order, is_much, net_base, owed_base, side_of, surplus
from robson.engine.pair import GRACE_NS, Finding, Pair, note
from robson.engine.settle import close_outside


def is_flat(view: PositionView, account: AccountSnapshot, ctx: Context) -> bool:
    """Whether the account shows nothing of the position that could still be traded."""
    left = owed_base(account)
    if side_of(view) is Side.LONG:
        left = account.base.net - max(Decimal(0), view.base_before)
    return ctx.instrument.exit_quantity(left, account.index_price) is None


def counts(pair: Pair, quantity: Decimal) -> bool:
    """Whether a difference is more than dust, and more than interest can explain."""
    assert pair.view is not None
    return is_much(pair.view, quantity, pair.account, pair.ctx)


def missing(pair: Pair) -> PositionView | None:
    """The active position of which the account shows clearly less."""
    view = pair.active
    if view is None or view.entry is None or view.entry_open:
        return None
    return view if counts(pair, -surplus(view, pair.account)) else None


def _stopped(pair: Pair, view: PositionView) -> bool:
    """Whether the exchange stop has executed anything that is not written down yet."""
    stop = pair.listed(view.insurance.client_id)
    return stop is not None and stop.executed > 0


def _outside(pair: Pair, view: PositionView) -> dict[int, tuple[Fill, ...]]:
    """Trades of others that reduced the position since its entry filled, by order."""
    assert view.entry is not None
    since, action = view.entry.fills[0].at_ns, side_of(view).exit_action
    known = {fill.trade_id for fill in (*view.exit_fills, *view.insurance_fills)}
    found: dict[int, tuple[Fill, ...]] = {}
    for fill in pair.trades or ():
        ours = fill.is_forced or read_client_order_id(fill.client_id) is not None
        counts = fill.at_ns > since and fill.action is action and fill.trade_id not in known
        if counts and not ours:
            found[fill.order_id] = (*found.get(fill.order_id, ()), fill)
    return found


def moved(view: PositionView, fills: tuple[Fill, ...]) -> Decimal:
    """Base by which fills reduced a position."""
    if side_of(view) is Side.SHORT:
        return net_base(fills, view.scope.symbol.base)
    return sum((fill.quantity for fill in fills), Decimal(0))


def _long_missed(pair: Pair) -> PositionView | None:
    """A position that two looks far enough apart have missed; trades of the stop explain others."""
    view = missing(pair)
    if view is None or view.missed_ns is None or _stopped(pair, view) or _forced(pair):
        return None
    return view if pair.account.at_ns - view.missed_ns >= GRACE_NS else None


def _forced(pair: Pair) -> bool:
    return any(fill.is_forced for fill in pair.trades or ())


def missed(pair: Pair) -> Iterator[Finding]:
    """The first look that misses a holding is written down, and kept until it is seen again."""
    view = pair.active
    gone = missing(pair)
    if gone is not None and gone.missed_ns is None and not _stopped(pair, gone):
        lacking = -surplus(gone, pair.account)
        event = e.HoldingMissed(
            position=gone.id,
            at_ns=pair.ctx.now_ns,
            expected=gone.entry.held if gone.entry else Decimal(0),
            found=pair.account.base.net,
        )
        yield Finding(
            row="R9",
            code="holding_missed",
            message=f"{plain(lacking)} of {gone.id} is not in the account; looked at again",
            evidence=(("missing", plain(lacking)),),
            view=gone,
            decision=Decision(events=(event,)),
        )
    elif gone is None and view is not None and view.missed_ns is not None:
        seen = e.HoldingSeen(position=view.id, at_ns=pair.ctx.now_ns)
        yield Finding(
            row="R9",
            code="holding_seen",
            message=f"what was missing of {view.id} is there again",
            view=view,
            decision=Decision(events=(seen,)),
        )


def r8_closed_outside(pair: Pair) -> Iterator[Finding]:
    """Flat, and one order of somebody else explains it: closed with those trades."""
    view = _long_missed(pair)
    if view is None or not is_flat(view, pair.account, pair.ctx):
        return
    candidate = closer(pair, view)
    if candidate is None:
        return
    order_id, fills = candidate
    if view.insurance.state == "resting":
        yield Finding(
            row="R8",
            code="stop_of_nothing",
            message=f"order {order_id} has closed {view.id}, its stop is taken back",
            evidence=_trades_of(order_id, fills),
            view=view,
            decision=_resized(pair, view, (note(pair, view, "R8", "stop_of_nothing"),)),
        )
        return
    events = close_outside(view, order_id, fills, pair.account, pair.ctx)
    yield Finding(
        row="R8",
        code="closed_outside",
        message=f"{view.id} was closed by order {order_id}, which is not ours",
        evidence=_trades_of(order_id, fills),
        view=view,
        decision=Decision(events=(note(pair, view, "R8", "closed_outside"), *events)),
    )


def closer(pair: Pair, view: PositionView) -> tuple[int, tuple[Fill, ...]] | None:
    """The one order of somebody else whose trades are just what is missing.

    Not more than what was held can be missing: who buys more than a short owes buys for himself.
    """
    lacking = min(-surplus(view, pair.account), _held(view))
    exact = [
        (order_id, fills)
        for order_id, fills in _outside(pair, view).items()
        if not counts(pair, abs(lacking - moved(view, fills)))
    ]
    return exact[0] if len(exact) == 1 else None


def _held(view: PositionView) -> Decimal:
    """Base that the position still holds, or owes, by its own fills."""
    assert view.entry is not None
    return view.entry.held - moved(view, (*view.exit_fills, *view.insurance_fills))


def r9_unexplained(pair: Pair) -> Iterator[Finding]:
    """Flat, and nothing explains it unambiguously: held, and a person decides."""
    view = _long_missed(pair)
    if view is None or not is_flat(view, pair.account, pair.ctx):
        return
    if closer(pair, view) is not None:
        return
    candidates = ", ".join(str(order_id) for order_id in _outside(pair, view)) or "none"
    yield Finding(
        row="R9",
        code="stale_active",
        message=f"{view.id} is active, and the account shows nothing of it",
        evidence=(("position", view.id), ("orders_that_might_explain_it", candidates)),
        view=view,
        decision=_of_nothing(pair, view),
        freezes=True,
    )


def _of_nothing(pair: Pair, view: PositionView) -> Decision:
    """A short's stop where nothing is left to buy back would open a long: it is taken back.

    A long's cannot rest for what is not there.
    """
    if view.insurance.state != "resting" or side_of(view) is Side.LONG:
        return NOTHING
    return _resized(pair, view, (note(pair, view, "R9", "stop_of_nothing"),))


def r10_less(pair: Pair) -> Iterator[Finding]:
    """Less is there than the journal says: what is there is held on, entries are frozen.

    At once where trades of others say so, because what is left needs its stop; else like a holding
    that is missed altogether.
    """
    view = missing(pair)
    if view is None or is_flat(view, pair.account, pair.ctx) or _stopped(pair, view):
        return
    assert view.entry is not None
    lacking, outside = -surplus(view, pair.account), _outside(pair, view)
    fills = tuple(fill for each in outside.values() for fill in each)
    with localcontext(MONEY):
        explained = not counts(pair, abs(lacking - moved(view, fills)))
        held = view.entry.held - lacking
    if not explained and view is not _long_missed(pair):
        return
    adopted: tuple[e.PositionEvent, ...] = tuple(
        e.FilledOutside(position=view.id, at_ns=pair.ctx.now_ns, order_id=order_id, fills=each)
        for order_id, each in outside.items()
    )
    if not explained:
        adopted = (
            e.HoldingAdopted(
                position=view.id, at_ns=pair.ctx.now_ns, was=view.entry.held, held=held
            ),
        )
    yield Finding(
        row="R10",
        code="quantity_mismatch",
        message=f"{plain(lacking)} of {view.id} is gone, and not by an order of ours",
        evidence=(("missing", plain(lacking)), ("explained_by_trades", str(explained).lower())),
        view=view,
        decision=_resized(pair, view, (note(pair, view, "R10", "quantity_mismatch"), *adopted)),
        freezes=True,
    )


def _resized(pair: Pair, view: PositionView, events: tuple[e.PositionEvent, ...]) -> Decision:
    """A stop that still rests for all of it would turn the position around: it is replaced."""
    if view.insurance.state != "resting" or view.insurance.client_id is None:
        return Decision(events=events)
    cancel = cancel_order(view, pair.ctx, view.insurance.client_id, view.insurance.attempts)
    cancelling = e.InsuranceCancelling(position=view.id, at_ns=pair.ctx.now_ns, cancel=cancel)
    return Decision(events=(*events, cancelling), intents=(cancel,))


def r11_more(pair: Pair) -> Iterator[Finding]:
    """More is there than the journal says: ours is managed, nothing is adopted."""
    view = pair.active
    if view is None or view.entry is None or view.entry_open:
        return
    more = surplus(view, pair.account)
    if counts(pair, more):
        yield Finding(
            row="R11",
            code="untracked_exposure",
            message=f"{plain(more)} {pair.account.base.asset} more than {view.id} holds",
            evidence=(("more", plain(more)), ("position", view.id)),
            freezes=True,
        )


def r22_foreign_exposure(pair: Pair) -> Iterator[Finding]:
    """Base or debt with no position that could explain it: entries are frozen."""
    view = pair.view
    if pair.settles or (view is not None and view.state is not PositionState.ARMED):
        return
    account, rules = pair.account, pair.ctx.instrument
    price = account.index_price
    held = rules.exit_quantity(account.base.net, price) is not None
    owed = rules.exit_quantity(-account.base.net, price) is not None
    debt = account.quote.debt > max(rules.min_notional, Decimal(1))
    if not (held or owed or debt):
        return
    yield Finding(
        row="R22",
        code="untracked_exposure",
        message=(
            f"{plain(account.base.net)} {account.base.asset} and a debt of"
            f" {plain(account.quote.debt)} {account.quote.asset} belong to no position"
        ),
        evidence=(
            ("base", plain(account.base.net)),
            ("base_debt", plain(account.base.debt)),
            ("quote_debt", plain(account.quote.debt)),
        ),
        freezes=True,
    )


def _trades_of(order_id: int, fills: tuple[Fill, ...]) -> Numbers:
    quantity = Quantity(sum((fill.quantity for fill in fills), Decimal(0)))
    return (
        ("order_id", str(order_id)),
        ("quantity", plain(quantity)),
        ("price", plain(Price(fills[-1].price))),
    )

"""What a person says became of a position, held against the account as it was just read.

A person may name what Robson could not decide, and bring trades that it could not find; neither
counts where the exchange says otherwise. Nothing is estimated: a close has the trades that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, localcontext

import attrs

from robson.domain import events as e
from robson.domain.commands import Evidence, ReconcileClose, Resolve
from robson.domain.errors import Refused
from robson.domain.identity import Purpose
from robson.domain.intents import Intent
from robson.domain.lifecycle import PositionState
from robson.domain.reports import Fill
from robson.domain.values import MONEY, NS_PER_MS, NS_PER_S, Numbers, plain
from robson.domain.view import PositionView
from robson.engine import holding
from robson.engine.context import Decision
from robson.engine.orders import cancel_order, side_of, surplus
from robson.engine.pair import GRACE_NS, Pair, note
from robson.engine.settle import closed_by_others


def close_by_evidence(pair: Pair, command: ReconcileClose) -> Decision:
    """The end of an active position that two looks have missed, by the trades a person brings.

    Raises:
        Refused: it is not active, not gone for long enough, or the trades do not explain it.
    """
    view = _named(pair, command.position)
    if view.state is not PositionState.ACTIVE:
        hint = f"robson admin resolve --position-id {view.id} --as closed"
        raise _illegal(view, "reconcile-close", hint if _in_error(view) else "robson status")
    if not pair.steady:
        raise Refused(
            "STILL_DEGRADED", f"something of {view.id} is under way; ask again in some seconds"
        )
    lacking = -surplus(view, pair.account)
    _must_be_gone(pair, view, lacking)
    missed_ns = view.missed_ns if view.missed_ns is not None else pair.account.at_ns
    left_ns = missed_ns + GRACE_NS - pair.account.at_ns
    if left_ns > 0:
        raise Refused(
            "STILL_DEGRADED",
            f"{view.id} has to be missed by two looks {GRACE_NS // NS_PER_S} s apart; ask again in"
            f" {-(-left_ns // NS_PER_S)} s",
            (("wait_s", str(-(-left_ns // NS_PER_S))),),
        )
    fills = _explaining(pair, view, lacking, command.evidence.fills)
    told = _told(command.actor, command.reason, command.evidence)
    read = note(pair, view, "R9", "closed_by_evidence", *told)
    events, intents = _without_stop(pair, view)
    return Decision(events=(read, *_closing(pair, view, fills), *events), intents=intents)


def resolve(pair: Pair, command: Resolve) -> Decision:
    """What follows when a person says what a position in ``error`` really is.

    Raises:
        Refused: it is not in ``error``, or the account contradicts it.
    """
    view = _named(pair, command.position)
    if not _in_error(view):
        raise _illegal(view, "resolve", "robson status")
    if any(record.status == "sending" for record in view.orders):
        raise Refused(
            "STILL_DEGRADED", f"an order of {view.id} is on its way; ask again in some seconds"
        )
    if command.evidence is not None and command.target != "closed":
        raise Refused("INVALID_ARGUMENT", "evidence belongs to a position that was closed")
    events = tuple(_TARGETS[command.target](pair, view, command))
    leftover, intents = _without_stop(pair, view) if command.target == "closed" else ((), ())
    return Decision(events=(*events, *leftover), intents=intents)


# --- what it may be -------------------------------------------------------------------------------


def _active(pair: Pair, view: PositionView, command: Resolve) -> Iterator[e.PositionEvent]:
    """Held as the journal says, and not on its way out."""
    _must_have_entered(view)
    if view.trigger is not None:
        raise _contradicts(
            view, "active", "it was on its way out", "say exiting, or closed once nothing is left"
        )
    _must_be_whole(pair, view, "active")
    yield _resolved(pair, view, command, PositionState.ACTIVE)


def _exiting(pair: Pair, view: PositionView, command: Resolve) -> Iterator[e.PositionEvent]:
    """Held as the journal says, and to be left. What became of an exit of which nobody knows is
    still proved, not said: a second one could sell what is not there.
    """
    _must_have_entered(view)
    if view.trigger is None:
        leave = f"robson panic --symbol {view.scope.symbol}"
        raise _contradicts(view, "exiting", "it was not on its way out", f"to leave it: {leave}")
    _must_be_whole(pair, view, "exiting")
    yield _resolved(pair, view, command, PositionState.EXITING)


def _closed(pair: Pair, view: PositionView, command: Resolve) -> Iterator[e.PositionEvent]:
    """Gone from the account, by fills that are known or by trades that are shown."""
    _must_have_entered(view)
    _must_be_still(pair, view)
    lacking = -surplus(view, pair.account)
    _must_be_gone(pair, view, lacking)
    fills = command.evidence.fills if command.evidence is not None else _candidate(pair, view)
    fills = _explaining(pair, view, lacking, fills)
    # Closing has its own event with its own arcs; what the person said stands before it.
    via = PositionState.EXITING if view.trigger is not None else PositionState.ACTIVE
    yield _resolved(pair, view, command, via)
    yield from _closing(pair, view, fills)


def _cancelled(pair: Pair, view: PositionView, command: Resolve) -> Iterator[e.PositionEvent]:
    """Nothing was ever filled, and nothing of it lies in the account."""
    if view.entry is not None:
        raise _contradicts(view, "cancelled", "its entry has filled", "say closed, or active")
    entry = view.latest(Purpose.ENTRY)
    listed = pair.listed(entry.client_id) if entry is not None else None
    if listed is not None and (listed.executed > 0 or not listed.status.is_final):
        found = f"its entry is {listed.status.value} with {plain(listed.executed)} executed"
        raise _contradicts(view, "cancelled", found, "close that at the exchange first")
    account, rules = pair.account, pair.ctx.instrument
    price = account.index_price
    more = account.base.net - view.base_before
    if rules.exit_quantity(abs(more), price) is not None:
        found = f"the account has {plain(more)} {account.base.asset} that was not there before"
        raise _contradicts(view, "cancelled", found, "close that at the exchange first")
    yield _resolved(pair, view, command, PositionState.CANCELLED)


Target = Callable[[Pair, PositionView, Resolve], Iterable[e.PositionEvent]]
_TARGETS: dict[str, Target] = {
    "active": _active,
    "exiting": _exiting,
    "closed": _closed,
    "cancelled": _cancelled,
}


# --- what has to hold -----------------------------------------------------------------------------


def _named(pair: Pair, position: object) -> PositionView:
    if pair.view is None or pair.view.id != position:
        raise Refused("INVALID_STATE_TRANSITION", f"{position} is over: nothing is to be decided")
    return pair.view


def _in_error(view: PositionView) -> bool:
    return view.state is PositionState.ERROR


def _must_have_entered(view: PositionView) -> None:
    if view.entry is None:
        raise Refused(
            "STILL_DEGRADED",
            f"the journal has no fill of {view.id}'s entry, so nobody knows what it would hold;"
            " close at the exchange what is there, then say cancelled",
        )


def _must_be_still(pair: Pair, view: PositionView) -> None:
    """No order of its own may trade any more: one of which nobody knows has had its time."""
    now_ns = pair.account.at_ns
    left_ns = max((o.settled_ns - now_ns for o in view.orders if o.status == "unknown"), default=0)
    if left_ns > 0:
        wait_s = -(-left_ns // NS_PER_S)
        raise Refused(
            "STILL_DEGRADED",
            f"an order of {view.id} may still trade; ask again in {wait_s} s",
            (("wait_s", str(wait_s)),),
        )


def _must_be_whole(pair: Pair, view: PositionView, target: str) -> None:
    more = surplus(view, pair.account)
    if holding.counts(pair, abs(more)):
        way = "more" if more > 0 else "less"
        found = (
            f"the account shows {plain(abs(more))} {pair.account.base.asset} {way} than it holds"
        )
        raise _contradicts(view, target, found, "put that right at the exchange first")


def _must_be_gone(pair: Pair, view: PositionView, lacking: Decimal) -> None:
    if holding.is_flat(view, pair.account, pair.ctx):
        return
    assert view.entry is not None
    with localcontext(MONEY):
        left = view.entry.held - view.exited - lacking
    leave = f"robson panic --symbol {view.scope.symbol}"
    found = f"the account still shows {plain(left)} {pair.account.base.asset} of it"
    raise _contradicts(view, "closed", found, f"to leave it: {leave}")


def _explaining(
    pair: Pair, view: PositionView, lacking: Decimal, fills: tuple[Fill, ...]
) -> tuple[Fill, ...]:
    """The trades, once they are of this position's way out, counted nowhere yet, and just what is
    missing; those that the exchange lists as it has them.

    Raises:
        Refused: ``INVALID_ARGUMENT`` for a trade that cannot be one of its, ``STILL_DEGRADED`` for
            too much or too little.
    """
    listed = {fill.trade_id: fill for fill in pair.trades or ()}
    known = {fill.trade_id for fill in (*view.exit_fills, *view.insurance_fills)}
    for fill in fills:
        wrong = _wrong(pair, view, fill, known, listed.get(fill.trade_id))
        if wrong:
            raise Refused("INVALID_ARGUMENT", f"trade {fill.trade_id} {wrong}")
        known.add(fill.trade_id)
    moved = holding.moved(view, fills)
    if holding.counts(pair, abs(lacking - moved)):
        raise Refused(
            "STILL_DEGRADED",
            f"{plain(lacking)} {pair.account.base.asset} of {view.id} is missing, and the trades"
            f" explain {plain(moved)}; bring every trade that reduced it, and no other",
            (("missing", plain(lacking)), ("explained", plain(moved))),
        )
    return tuple(listed.get(fill.trade_id, fill) for fill in fills)


def _wrong(pair: Pair, view: PositionView, fill: Fill, known: set[int], listed: Fill | None) -> str:
    """Why a trade is no evidence; empty when it is."""
    assert view.entry is not None
    action = side_of(view).exit_action
    if fill.action is not action:
        return f"is a {fill.action.value}; a {side_of(view).value} is left by a {action.value}"
    if not view.entry.fills[0].at_ns < fill.at_ns <= pair.account.at_ns:
        return "was not between the entry's fill and now"
    if fill.trade_id in known:
        return "is counted already"
    if listed is not None and not _same(listed, fill):
        return "is another one in the exchange's own list"
    return ""


def _same(listed: Fill, fill: Fill) -> bool:
    """Whether a trade is the one that the exchange lists; a file has its time in milliseconds."""
    near = abs(listed.at_ns - fill.at_ns) < NS_PER_MS
    told = attrs.evolve(listed, client_id=fill.client_id, at_ns=fill.at_ns)
    return near and told == fill


def _candidate(pair: Pair, view: PositionView) -> tuple[Fill, ...]:
    """Trades of others in the exchange's own list, where one order alone explains what is gone."""
    if not holding.counts(pair, abs(surplus(view, pair.account))):
        return ()
    found = holding.closer(pair, view)
    return found[1] if found is not None else ()


# --- what is written ------------------------------------------------------------------------------


def _closing(
    pair: Pair, view: PositionView, fills: tuple[Fill, ...]
) -> tuple[e.PositionEvent, ...]:
    orders: dict[int, tuple[Fill, ...]] = {}
    for fill in fills:
        orders[fill.order_id] = (*orders.get(fill.order_id, ()), fill)
    filled = tuple(
        e.FilledOutside(position=view.id, at_ns=pair.ctx.now_ns, order_id=order_id, fills=each)
        for order_id, each in orders.items()
    )
    return (*filled, closed_by_others(view, fills, pair.account, pair.ctx))


def _without_stop(
    pair: Pair, view: PositionView
) -> tuple[tuple[e.PositionEvent, ...], tuple[Intent, ...]]:
    """What takes back the stop of a position that is closed now; it would open another."""
    order = pair.resting(view.insurance.client_id)
    if order is None or view.insurance.client_id is None:
        return (), ()
    cancel = cancel_order(view, pair.ctx, view.insurance.client_id, view.insurance.attempts)
    event = e.OrphanCancelling(position=view.id, at_ns=pair.ctx.now_ns, cancel=cancel)
    return (event,), (cancel,)


def _resolved(
    pair: Pair, view: PositionView, command: Resolve, to: PositionState
) -> e.PositionResolved:
    said = (("said", command.target), ("read_ns", str(pair.account.at_ns)))
    return e.PositionResolved(
        position=view.id,
        at_ns=pair.ctx.now_ns,
        target=to.value,
        actor=command.actor,
        evidence=(*said, *_told(command.actor, command.reason, command.evidence)),
    )


def _told(actor: str, reason: str, evidence: Evidence | None) -> Numbers:
    told = (("actor", actor), ("reason", reason))
    if evidence is None:
        return told
    return (*told, ("kind", evidence.kind), ("sha256", evidence.sha256))


def _contradicts(view: PositionView, target: str, found: str, way_out: str) -> Refused:
    return Refused("STILL_DEGRADED", f"{view.id} is not {target}: {found}; {way_out}")


def _illegal(view: PositionView, command: str, hint: str) -> Refused:
    return Refused(
        "INVALID_STATE_TRANSITION",
        f"cannot {command} {view.id}: position is {view.state.value}; see {hint}",
        (("state", view.state.value),),
    )

"""What a position owes the world now: its next order or question, from its state alone.

Level-triggered: the same function answers after an event, after a timer and after a restart, so
recovery is not another program. Whoever calls it says what is already on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.intents import ReadInterest, Repay
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs
from robson.domain.view import PositionView
from robson.engine.context import Context
from robson.engine.entry import entering, watch_entry
from robson.engine.exposure import overruns
from robson.engine.insuring import insure, worth_least
from robson.engine.leaving import HELPLESS, leaving
from robson.engine.orders import is_dust
from robson.engine.step import WAIT, Known, Step, act, ask, leave, lost, read_account

REPAY_AFTER_NS = 100 * NS_PER_MS
OWING_NS = 30 * NS_PER_S
"""How often an account is read that owes and has nothing free to repay with."""


def pursue(view: PositionView, ctx: Context, known: Known) -> Step:
    """What the position owes now."""
    owing = _OWING.get(view.state)
    return owing(view, ctx, known) if owing and not known.sending else WAIT


# --- active --------------------------------------------------------------------------------------


def _active(view: PositionView, ctx: Context, known: Known) -> Step:
    if view.leave_on_fill is not None:
        return act(leave(view, ctx, view.leave_on_fill.reason, view.leave_on_fill.actor))
    if overruns(view):
        return act(leave(view, ctx, "risk_overrun", None))
    if not view.entry_open and is_dust(view, worth_least(view, ctx), ctx):
        return act(leave(view, ctx, "entry_dust", None))
    step = insure(view, ctx, known)
    if step.acts or not view.entry_open:
        return step
    watched = watch_entry(view, ctx, known)
    dues = [due for due in (step.due_ns, watched.due_ns) if due is not None]
    return watched if watched.acts else Step(due_ns=min(dues, default=None))


# --- in error ------------------------------------------------------------------------------------


def _guarding(view: PositionView, ctx: Context, known: Known) -> Step:
    """A person decides; until then what is held keeps its exchange stop, and that is asked about.

    Not where an exit may still trade, nor where no order can do anything.
    """
    unanswered = [o for o in view.orders if o.status == "sending"]
    if unanswered:
        return lost(view, ctx, unanswered[0])
    leaves = any(o.is_open for o in view.orders if o.order.purpose is Purpose.EXIT)
    impossible = view.error is not None and view.error.code in HELPLESS
    if view.entry is None or view.entry_open or leaves or impossible:
        return WAIT
    return insure(view, ctx, known)


# --- closed, not settled -------------------------------------------------------------------------


def _settling(view: PositionView, ctx: Context, known: Known) -> Step:
    if view.settled is not None or view.account is None:
        return WAIT
    account = view.account
    if view.repaid_ns is not None and account.at_ns <= view.repaid_ns:
        return ask(ctx, known, read_account(view))
    return _pay_back(view, account, ctx, known) or _ask_interest(view, ctx, known)


def _returning(view: PositionView, ctx: Context, known: Known) -> Step:
    """A cancelled position whose entry may have left a loan: read, repay, read, ask its cost."""
    if not view.may_owe:
        return WAIT if view.is_settled else _ask_interest(view, ctx, known)
    account = view.account
    stale = account is None or account.at_ns <= (view.repaid_ns or 0)
    if stale or account is None or not (account.quote.debt or account.base.debt):
        return ask(ctx, known, read_account(view))
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
        return ask(ctx, known, read_account(view), every_ns=OWING_NS)
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


_OWING: dict[PositionState, Callable[[PositionView, Context, Known], Step]] = {
    PositionState.ENTERING: entering,
    PositionState.ACTIVE: _active,
    PositionState.ERROR: _guarding,
    PositionState.EXITING: leaving,
    PositionState.CLOSED: _settling,
    PositionState.CANCELLED: _returning,
}

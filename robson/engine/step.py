"""One step of a pursuit: the next act, or when to look again, and what is known at that instant."""

from __future__ import annotations

import attrs

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.intents import Intent, QueryOrder, ReadAccount
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.domain.view import OrderRecord, PositionView
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.orders import failed_in_a_row

ASK_EVERY_NS = NS_PER_S
UNHEARD_MAX, SELDOM_NS = 5, 5 * NS_PER_S
"""After so many questions in a row that nobody answered, they are put this seldom."""


@attrs.frozen(kw_only=True)
class Known:
    """What is known of a position beside its journal, since this process started.

    Attributes:
        sending: a trading request of the position is on its way.
        reading: a question of the position is on its way.
        verified: the exchange was asked about the resting stop since the start.
        stop_ns: when a question about the resting stop was last asked that was answered.
        asked_ns: when a question was last asked.
        failed_ns: when an order of the position was last refused.
        looked_missing: the last question about an unknown exit did not find it.
        unheard: questions in a row that nobody answered.
        trades_ns: when the account's trades were last asked for and told; -1 for never.
    """

    sending: bool = False
    reading: bool = False
    verified: bool = True
    stop_ns: ExchangeNs = ExchangeNs(0)
    asked_ns: ExchangeNs = ExchangeNs(0)
    failed_ns: ExchangeNs = ExchangeNs(0)
    looked_missing: bool = False
    unheard: int = 0
    trades_ns: int = -1

    def ask_again_ns(self, every_ns: int = ASK_EVERY_NS) -> ExchangeNs:
        """When the next question may be put; later while nobody answers."""
        seldom_ns = SELDOM_NS if self.unheard >= UNHEARD_MAX else 0
        return ExchangeNs(self.asked_ns + max(every_ns, seldom_ns))


@attrs.frozen(kw_only=True)
class Step:
    """The next act, and when to look again if nothing else happens (None: only on news)."""

    decision: Decision = NOTHING
    due_ns: ExchangeNs | None = None

    @property
    def acts(self) -> bool:
        """Whether there is anything to do now."""
        return self.decision != NOTHING


WAIT = Step()


def act(*events: e.PositionEvent, intents: tuple[Intent, ...] = ()) -> Step:
    """Do this now."""
    return Step(decision=Decision(events=events, intents=intents))


def ask(ctx: Context, known: Known, question: Intent, *, every_ns: int = ASK_EVERY_NS) -> Step:
    """Put a question, at most one at a time and once a second; seldom while nobody answers."""
    if known.reading:
        return WAIT
    due = known.ask_again_ns(every_ns)
    return act(intents=(question,)) if ctx.now_ns >= due else Step(due_ns=due)


def query(view: PositionView, record: OrderRecord) -> QueryOrder:
    """The question what became of one of the position's orders."""
    return QueryOrder(scope=view.scope, position=view.id, target=record.client_id)


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


def read_account(view: PositionView) -> ReadAccount:
    """The question what the pair's account holds and owes."""
    return ReadAccount(scope=view.scope, position=view.id)


def backoff(view: PositionView, purpose: Purpose, waits: tuple[int, ...]) -> int:
    """How long to wait after so many orders of a purpose that failed in a row."""
    failed = failed_in_a_row(view, purpose)
    return waits[min(failed, len(waits)) - 1] if failed else 0


def lost(view: PositionView, ctx: Context, record: OrderRecord) -> Step:
    """A request that may have left, with nobody waiting for its answer: unknown."""
    return act(
        e.OrderUnknown(
            position=view.id,
            at_ns=ctx.now_ns,
            client_id=record.client_id,
            reason="the process ended before the answer came",
        )
    )

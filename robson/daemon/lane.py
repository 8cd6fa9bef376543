"""A lane of the executor as a thread: one request at a time, each reported on exactly once."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from robson.daemon.clock import give_way
from robson.daemon.inbox import Inbox
from robson.daemon.worker import Fatal, Worker
from robson.domain.intents import CancelOrder, Intent
from robson.domain.ports import Clock, Exchange
from robson.domain.reports import Answer
from robson.domain.values import ExchangeNs
from robson.exec.executor import Fence, classify, not_sent, refuses
from robson.exec.lanes import Lane, lane_of, priority_of
from robson.exec.patience import Patience


@attrs.frozen
class Begun:
    """A cancel that has left on another thread; ``answer`` reads what came back, once."""

    intent: CancelOrder
    sent_ns: ExchangeNs
    answer: Callable[[], Answer]


class LaneStep:
    """Checks, sends, classifies, reports."""

    def __init__(
        self,
        exchange: Exchange,
        fence: Fence,
        clock: Clock,
        reports: Inbox,
        patience: Patience,
    ) -> None:
        self._patience = patience
        self._exchange = exchange
        self._fence = fence
        self._clock = clock
        self._reports = reports

    def begin(
        self, cancel: CancelOrder, begin: Callable[[CancelOrder], Callable[[], Answer] | None]
    ) -> Begun | None:
        """Check and send a cancel, on any thread; None where a lane has to do it."""
        sent_ns = self._clock.exchange_ns()
        if refuses(cancel, self._fence, self._clock.signing_ns()) is not None:
            return None
        answer = begin(cancel)
        return None if answer is None else Begun(cancel, sent_ns, answer)

    def step(self, intent: Intent | Begun) -> None:
        """Carry one intent out, or the rest of one that has begun."""
        if isinstance(intent, Begun):
            self._hear(intent.intent, intent.sent_ns, intent.answer())
            return
        sent_ns = self._clock.exchange_ns()
        signing_ns = self._clock.signing_ns()
        refusal = refuses(intent, self._fence, signing_ns) or self._patience.refuses(
            intent, sent_ns
        )
        if refusal is not None:
            self._reports.put(not_sent(intent, refusal, sent_ns))
            return
        self._hear(intent, sent_ns, self._exchange.call(intent))

    def _hear(self, intent: Intent, sent_ns: ExchangeNs, answer: Answer) -> None:
        received_ns = self._clock.exchange_ns()
        self._patience.hear(intent, answer, received_ns)
        self._reports.put(classify(intent, answer, sent_ns=sent_ns, received_ns=received_ns))


class LaneOutbox:
    """Hands the monitor's intents to the lanes."""

    def __init__(self, inboxes: dict[Lane, Inbox]) -> None:
        self._inboxes = inboxes

    def send(self, intent: Intent) -> None:
        """Put an intent on its lane, exits first; what leaves risk has the processor, too."""
        lane = lane_of(intent)
        self._inboxes[lane].put(intent, priority=priority_of(intent))
        if lane is Lane.URGENT:
            give_way()

    def has_left(self, intent: Intent) -> None:
        """It is on its lane already."""


class Ahead:
    """Lets a pre-armed cancel leave on the feed's thread, where a connection is ready, and has the
    urgent lane read its answer. Elsewhere the lane does all of it.
    """

    def __init__(
        self,
        step: LaneStep,
        begin: Callable[[CancelOrder], Callable[[], Answer] | None],
        inbox: Inbox,
    ) -> None:
        self._step = step
        self._begin = begin
        self._inbox = inbox

    def send(self, cancel: CancelOrder) -> None:
        """Send it, or hand it over."""
        begun = self._step.begin(cancel, self._begin)
        self._inbox.put(begun or cancel, priority=priority_of(cancel))
        give_way()


def lane_worker(lane: Lane, inbox: Inbox, step: LaneStep, fatal: Fatal) -> Worker:
    """The thread of a lane."""
    return Worker(lane.value, inbox, step.step, fatal)

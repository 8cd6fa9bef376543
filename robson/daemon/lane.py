"""A lane of the executor as a thread: one request at a time, each reported on exactly once."""

from __future__ import annotations

from robson.daemon.clock import give_way
from robson.daemon.inbox import Inbox
from robson.daemon.worker import Fatal, Worker
from robson.domain.intents import Intent
from robson.domain.ports import Clock, Exchange
from robson.exec.executor import Fence, classify, not_sent, refuses
from robson.exec.lanes import Lane, lane_of, priority_of
from robson.exec.patience import Patience


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

    def step(self, intent: Intent) -> None:
        """Carry one intent out."""
        sent_ns = self._clock.exchange_ns()
        signing_ns = self._clock.signing_ns()
        refusal = refuses(intent, self._fence, signing_ns) or self._patience.refuses(
            intent, sent_ns
        )
        if refusal is not None:
            self._reports.put(not_sent(intent, refusal, sent_ns))
            return
        answer = self._exchange.call(intent)
        received_ns = self._clock.exchange_ns()
        self._patience.hear(intent, answer, received_ns)
        self._reports.put(classify(intent, answer, sent_ns=sent_ns, received_ns=received_ns))


class LaneOutbox:
    """Hands intents to the lanes. What a price lets leave comes from the feed's thread."""

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


def lane_worker(lane: Lane, inbox: Inbox, step: LaneStep, fatal: Fatal) -> Worker:
    """The thread of a lane."""
    return Worker(lane.value, inbox, step.step, fatal)

"""A cancel that leaves on the feed's thread is checked, sent and reported on as any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from robson.daemon.inbox import Inbox
from robson.daemon.lane import Ahead, Begun, LaneStep
from robson.daemon.stillness import Stillness
from robson.domain.identity import Purpose
from robson.domain.intents import CancelOrder
from robson.domain.reports import Answer, NoAnswer, NotSent, OutcomeUnknown
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs
from robson.exec.executor import Fence
from robson.exec.patience import Patience
from tests.unit.exec.test_executor import NOW, POSITION, SCOPE, own_id

STOP = own_id(Purpose.INSURANCE)
CANCEL = CancelOrder(
    scope=SCOPE,
    position=POSITION,
    target=STOP,
    cancel_id=STOP,
    timestamp_ms=NOW // NS_PER_MS,
    recv_window_ms=5_000,
)


class Clock:
    now_ns = NOW

    def exchange_ns(self) -> ExchangeNs:
        return ExchangeNs(self.now_ns)

    signing_ns = exchange_ns


class Way:
    """An exchange by one connection, which is ready or not."""

    def __init__(self, *, ready: bool = True) -> None:
        self.ready = ready
        self.done: list[tuple[str, Any]] = []

    def call(self, request: Any) -> Answer:
        self.done.append(("called", request))
        return NoAnswer(reason="by a lane")

    def begin(self, request: CancelOrder) -> Callable[[], Answer] | None:
        if not self.ready:
            return None
        self.done.append(("begun", request))

        def answered() -> Answer:
            self.done.append(("read", request))
            return NoAnswer(reason="ahead")

        return answered


class Stand:
    def __init__(self, way: Way, fence: Fence | None = None) -> None:
        self.clock, self.way = Clock(), way
        self.urgent = Inbox("urgent", Stillness())
        self.reports = Inbox("monitor", Stillness())
        fence = fence or Fence(epoch=1)
        self.step = LaneStep(way, fence, self.clock, self.reports, Patience())  # type: ignore[arg-type]
        self.ahead = Ahead(self.step, way.begin, self.urgent)

    def handed(self) -> Any:
        return self.urgent.get(0.01)

    def told(self) -> Any:
        return self.reports.get(0.01)


def test_it_leaves_at_once_and_the_lane_reads_its_answer() -> None:
    stand = Stand(Way())
    stand.ahead.send(CANCEL)
    assert stand.way.done == [("begun", CANCEL)]

    begun = stand.handed()
    assert isinstance(begun, Begun)
    assert stand.handed() is None, "once"
    stand.clock.now_ns = NOW + NS_PER_S
    stand.step.step(begun)

    assert stand.way.done == [("begun", CANCEL), ("read", CANCEL)], "and it is not sent again"
    told = stand.told()
    assert isinstance(told, OutcomeUnknown)
    assert (told.intent, told.sent_ns, told.received_ns) == (CANCEL, NOW, NOW + NS_PER_S)
    assert stand.told() is None, "reported on once"


def test_without_a_connection_the_lane_does_all_of_it() -> None:
    stand = Stand(Way(ready=False))
    stand.ahead.send(CANCEL)
    handed = stand.handed()

    assert handed is CANCEL
    stand.step.step(handed)
    assert stand.way.done == [("called", CANCEL)]


@pytest.mark.parametrize(
    ("cancel", "fence", "reason"),
    [
        (CANCEL, Fence(epoch=1, observes=True), "observing"),
        (attrs.evolve(CANCEL, timestamp_ms=None), Fence(epoch=1), "unstamped"),
        (attrs.evolve(CANCEL, timestamp_ms=NOW // NS_PER_MS - 2_501), Fence(epoch=1), "stale"),
    ],
    ids=["observing", "unstamped", "stale"],
)
def test_what_must_not_leave_does_not_and_the_lane_says_why(
    cancel: CancelOrder, fence: Fence, reason: str
) -> None:
    stand = Stand(Way(), fence)
    stand.ahead.send(cancel)
    stand.step.step(stand.handed())

    assert stand.way.done == []
    told = stand.told()
    assert isinstance(told, NotSent)
    assert told.reason == reason

"""The monitor is called when it is due, once for each step; a stop looks on, and not for long."""

from __future__ import annotations

import pytest

from robson.daemon.bell import Bell
from robson.daemon.inbox import Inbox
from robson.daemon.messages import TimerDue
from robson.daemon.stage import DRAIN_NS
from robson.daemon.stillness import Stillness
from robson.domain.values import ExchangeNs, MonotonicNs

T0 = 1_000


class Feed:
    """A bell whose time, timer and unfinished business the test sets."""

    def __init__(self) -> None:
        self.now_ns = T0
        self.due_ns: int | None = T0
        self.unfinished = False
        self.asked_at: list[int | None] = []
        self.inbox = Inbox("monitor", Stillness())
        self.bell = Bell(self, self.inbox, self.timer_due_ns, lambda: self.unfinished)

    def exchange_ns(self) -> ExchangeNs:
        return ExchangeNs(self.now_ns)

    signing_ns = exchange_ns

    def monotonic_ns(self) -> MonotonicNs:
        return MonotonicNs(self.now_ns)

    def timer_due_ns(self, market_ns: int | None) -> ExchangeNs | None:
        self.asked_at.append(market_ns)
        return None if self.due_ns is None else ExchangeNs(self.due_ns)

    def rung(self) -> int:
        """Ring, and how often the monitor was called by it."""
        self.bell.ring()
        told = []
        while self.inbox.depth():
            told.append(self.inbox.get(0))
        assert told == [TimerDue()] * len(told)
        return len(told)


@pytest.fixture
def feed() -> Feed:
    return Feed()


def test_the_monitor_is_rung_once_for_each_of_its_steps(feed: Feed) -> None:
    rung = []
    for _ in range(3):
        feed.bell.stepped()
        rung += [feed.rung(), feed.rung()]
    assert rung == [1, 0] * 3
    assert feed.asked_at == [T0] * 3, "time passes, so it is asked as of a market that moves"


def test_nobody_is_rung_before_time(feed: Feed) -> None:
    assert not feed.rung(), "no step was made"
    feed.due_ns = T0 + 5
    feed.bell.stepped()
    feed.now_ns = T0 + 4
    assert not feed.rung()
    feed.now_ns = T0 + 5
    assert feed.rung() == 1


def test_a_monitor_that_wants_nothing_is_left_alone(feed: Feed) -> None:
    feed.due_ns = None
    feed.bell.stepped()
    feed.now_ns += DRAIN_NS
    assert not feed.rung()


def test_a_feed_looks_on_until_it_is_stopped(feed: Feed) -> None:
    feed.now_ns += 2 * DRAIN_NS
    assert feed.bell.looks_on()
    feed.bell.stop()
    assert not feed.bell.looks_on(), "nothing is under way"


def test_what_is_unfinished_is_brought_home_and_then_it_ends(feed: Feed) -> None:
    feed.unfinished = True
    feed.bell.stop()
    assert feed.bell.looks_on()
    feed.bell.stepped()
    assert feed.rung() == 1, "a stop takes no timer away"
    feed.unfinished = False
    assert not feed.bell.looks_on()


def test_what_does_not_end_is_waited_for_as_long_as_a_drain(feed: Feed) -> None:
    feed.unfinished = True
    feed.bell.stop()
    feed.now_ns = T0 + DRAIN_NS - 1
    assert feed.bell.looks_on()
    feed.now_ns = T0 + DRAIN_NS
    assert not feed.bell.looks_on()

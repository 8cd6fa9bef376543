"""The exchange's clock: the shortest way is believed, and time that was told never runs back."""

from __future__ import annotations

import pytest

from robson.connectors.binance.clock import KEPT, WORST_NS, ExchangeClock
from robson.domain.values import NS_PER_MS

HALF_MS = NS_PER_MS // 2
"""Milliseconds are cut off: half of one is added to what was said."""


class Machine:
    """A monotonic clock that stands where it is put."""

    now_ns = 1_000 * NS_PER_MS


@pytest.fixture
def machine() -> Machine:
    return Machine()


def asked(clock: ExchangeClock, machine: Machine, *, way_ms: int, ahead_ms: int) -> bool:
    """Ask for the time; the way back alone takes all of ``way_ms``, so half of it is an error."""
    sent_ns = machine.now_ns
    said_ms = sent_ns // NS_PER_MS + ahead_ms
    machine.now_ns += way_ms * NS_PER_MS
    return clock.sample(sent_ns=sent_ns, received_ns=machine.now_ns, server_ms=said_ms)


def test_the_shortest_way_is_believed(machine: Machine) -> None:
    clock = ExchangeClock(lambda: machine.now_ns)
    for way_ms in (400, 10, 200):
        asked(clock, machine, way_ms=way_ms, ahead_ms=60_000)

    off_ns = clock.signing_ns() - machine.now_ns - 60_000 * NS_PER_MS
    assert off_ns == HALF_MS - 5 * NS_PER_MS  # half of the way of 10 ms
    assert clock.error_ns == 5 * NS_PER_MS


def test_a_way_that_took_too_long_says_nothing(machine: Machine) -> None:
    clock = ExchangeClock(lambda: machine.now_ns)
    assert asked(clock, machine, way_ms=WORST_NS // NS_PER_MS, ahead_ms=0)
    before_ns = clock.signing_ns() - machine.now_ns

    assert not asked(clock, machine, way_ms=WORST_NS // NS_PER_MS + 1, ahead_ms=9_000)
    assert clock.signing_ns() - machine.now_ns == before_ns


def test_an_old_short_way_is_forgotten(machine: Machine) -> None:
    clock = ExchangeClock(lambda: machine.now_ns)
    asked(clock, machine, way_ms=2, ahead_ms=0)
    for _ in range(KEPT):
        asked(clock, machine, way_ms=20, ahead_ms=1_000)

    assert clock.error_ns == 10 * NS_PER_MS
    assert clock.signing_ns() - machine.now_ns == 990 * NS_PER_MS + HALF_MS


def test_time_that_was_told_never_runs_back_until_it_is_refused(machine: Machine) -> None:
    clock = ExchangeClock(lambda: machine.now_ns)
    asked(clock, machine, way_ms=40, ahead_ms=5_000)
    told_ns = clock.exchange_ns()
    asked(clock, machine, way_ms=2, ahead_ms=0)

    assert clock.exchange_ns() == told_ns
    assert clock.signing_ns() < told_ns
    clock.distrust()
    asked(clock, machine, way_ms=4, ahead_ms=0)
    assert clock.exchange_ns() == clock.signing_ns() < told_ns


def test_after_a_refusal_a_longer_way_is_believed(machine: Machine) -> None:
    """The shorter one was of the time that was refused."""
    clock = ExchangeClock(lambda: machine.now_ns)
    asked(clock, machine, way_ms=2, ahead_ms=0)
    clock.distrust()
    assert clock.error_ns is None
    asked(clock, machine, way_ms=40, ahead_ms=5_000)
    assert clock.error_ns == 20 * NS_PER_MS
    assert clock.signing_ns() - machine.now_ns == 4_980 * NS_PER_MS + HALF_MS

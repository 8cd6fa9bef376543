"""The machine's clocks and chance: the only place in the daemon that asks for either."""

from __future__ import annotations

import os
import time
from decimal import Decimal

import attrs

from robson.domain.ports import Clock
from robson.domain.values import ExchangeNs, MonotonicNs

GIVE_WAY_S = 0.0005


def monotonic_s() -> float:
    """Monotonic seconds, for waits and signs of life."""
    return time.monotonic()


def monotonic_ns() -> int:
    """The same in nanoseconds."""
    return time.monotonic_ns()


def give_way() -> None:
    """Stand back for what was just handed over: two threads that both want to work would share one
    interpreter, and the one that brings a way out to the wire is to have it.
    """
    time.sleep(GIVE_WAY_S)


def wall_ns() -> int:
    """Wall time in nanoseconds since 1970 UTC, for stamps that people read."""
    return time.time_ns()


def new_journal_id() -> str:
    """128 random bits that tell one journal from another."""
    return os.urandom(16).hex()


def new_secret(size: int) -> str:
    """Hexadecimal text of ``size`` random bytes."""
    return os.urandom(size).hex()


@attrs.frozen
class Pace:
    """How fast time runs beside an exchange: as ours does, or a venue's ``rate`` for each second.

    What is waited for there is told in its seconds; what this machine needs for itself (how often
    it looks, signs of life, alerts to people) stays in ours.
    """

    rate: Decimal = Decimal(1)
    _many: int = attrs.field(init=False)
    _of: int = attrs.field(init=False)

    @_many.default
    def _(self) -> int:
        return self.rate.as_integer_ratio()[0]

    @_of.default
    def _(self) -> int:
        return self.rate.as_integer_ratio()[1]

    def monotonic_s(self) -> float:
        """Monotonic seconds of the exchange's."""
        return time.monotonic() * float(self.rate)

    def monotonic_ns(self) -> int:
        """The same in nanoseconds."""
        return time.monotonic_ns() * self._many // self._of

    def ours_s(self, seconds: float) -> float:
        """How many of our seconds so many of the exchange's are."""
        return seconds / float(self.rate)


class SystemClock:
    """Real time; the exchange's is taken to be the wall's until it has been measured."""

    def monotonic_ns(self) -> MonotonicNs:
        """Monotonic time."""
        return MonotonicNs(time.monotonic_ns())

    def exchange_ns(self) -> ExchangeNs:
        """Exchange time."""
        return ExchangeNs(time.time_ns())

    def signing_ns(self) -> ExchangeNs:
        """The same, to sign by."""
        return self.exchange_ns()


class RandomIds:
    """128-bit ids: milliseconds of exchange time above, chance below."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def bits(self) -> int:
        """A new id."""
        chance = int.from_bytes(os.urandom(10), "big")
        return (self._clock.exchange_ns() // 1_000_000) << 80 | chance

"""The exchange's clock as it is known here: by the answer that took the shortest way.

Between two samples it goes on with the machine's monotonic clock, so a step of the wall clock means
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs, MonotonicNs

KEPT = 16
"""Samples among which the shortest way is looked for: a quarter of an hour of one a minute."""
WORST_NS = NS_PER_S // 2


class _Sample(NamedTuple):
    way_ns: int
    offset_ns: int


class ExchangeClock:
    """Time of the exchange. One thread samples, any may ask.

    Args:
        monotonic_ns: the machine's clock, which nobody sets.
        first_ns: what the exchange's time is taken to be until it has been asked.
        worst_ns: a sample whose way was longer says too little.
    """

    def __init__(
        self, monotonic_ns: Callable[[], int], first_ns: int = 0, *, worst_ns: int = WORST_NS
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._worst_ns = worst_ns
        self._samples: tuple[_Sample, ...] = ()  # replaced whole: others read it
        self._offset_ns = first_ns - monotonic_ns()
        self._latest_ns = 0
        self.sampled_ns: int | None = None

    def sample(self, *, sent_ns: int, received_ns: int, server_ms: int) -> bool:
        """Take in one answer to "what time is it"; whether it was good enough to be used.

        Args:
            sent_ns: monotonic time before the question.
            received_ns: and after its answer.
            server_ms: what the exchange said, in milliseconds since 1970.
        """
        way_ns = received_ns - sent_ns
        if way_ns > self._worst_ns:
            return False
        middle_ns = sent_ns + way_ns // 2
        # Milliseconds are cut off, so on average half of one is missing.
        said_ns = server_ms * NS_PER_MS + NS_PER_MS // 2
        self._samples = (*self._samples, _Sample(way_ns, said_ns - middle_ns))[-KEPT:]
        self._offset_ns = min(self._samples).offset_ns
        self.sampled_ns = received_ns
        return True

    def distrust(self) -> None:
        """The exchange has refused this time: only what is asked from now on counts.

        This once the time may run back: what it would stay at is what was refused.
        """
        self._samples = ()
        self._latest_ns = 0

    @property
    def error_ns(self) -> int | None:
        """How wrong the estimate may be; None before the first sample."""
        samples = self._samples
        return min(samples).way_ns // 2 if samples else None

    def exchange_ns(self) -> ExchangeNs:
        """The exchange's time."""
        found = self._monotonic_ns() + self._offset_ns
        self._latest_ns = max(self._latest_ns, found)
        return ExchangeNs(self._latest_ns)

    def signing_ns(self) -> ExchangeNs:
        """The same to sign by: the estimate as it is, also where a later one was told before."""
        return ExchangeNs(self._monotonic_ns() + self._offset_ns)

    def monotonic_ns(self) -> MonotonicNs:
        """The machine's time, for waits."""
        return MonotonicNs(self._monotonic_ns())

    @property
    def now_ns(self) -> int:
        """The exchange's time as a plain number."""
        return self.exchange_ns()

"""The board where the feed leaves prices and the monitor takes them: every tick judged once.

Inside the quiet band a tick costs a compare. The first tick that leaves it starts the capture; from
there each tick is kept in order until the monitor, in one critical section, finds none left and
publishes the new band. So every tick is judged by exactly one state.
"""

from __future__ import annotations

import threading

import attrs

from robson.domain.values import ExchangeNs

CAPTURE_MAX = 10_000
"""Ticks kept in order; beyond it only extremes and the last, marked as coalesced."""


@attrs.frozen(slots=True)
class BoardTick:
    """A price in whole ticks. ``jumped_from`` is the one before it; None where it was walked to."""

    price: int
    at_ns: ExchangeNs
    jumped_from: int | None = None
    coalesced: bool = False


class TickBoard:
    """One symbol's board. The feed calls ``offer``; only the monitor calls the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # One tuple, loaded once without a lock; None means that ticks are being captured.
        self._band: tuple[int, int] | None = None
        self._captured: list[BoardTick] = []
        self.last: BoardTick | None = None

    @property
    def band(self) -> tuple[int, int] | None:
        """The published band, open at both ends; None while capturing."""
        return self._band

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        """Leave a price. True when the monitor has to be woken."""
        before = self.last
        tick = BoardTick(price, at_ns, before.price if jump and before else None)
        # Last is stored before the band is loaded: whoever publishes a band afterwards decides it.
        self.last = tick
        band = self._band
        if band is not None and band[0] < price < band[1]:
            return False
        return self._capture(tick)

    def _capture(self, tick: BoardTick) -> bool:
        with self._lock:
            band = self._band
            if band is not None and band[0] < tick.price < band[1]:
                return False
            starts = band is not None
            self._band = None
            self._captured.append(tick)
            if len(self._captured) > CAPTURE_MAX:
                self._coalesce()
            return starts

    def _coalesce(self) -> None:
        """Keep low, high and last of what was captured; the order between them is lost."""
        low = min(self._captured, key=lambda tick: tick.price)
        high = max(self._captured, key=lambda tick: tick.price)
        self._captured = [
            attrs.evolve(tick, coalesced=True) for tick in (low, high, self._captured[-1])
        ]

    def hold(self) -> None:
        """Start capturing, because the state is about to change without a tick."""
        with self._lock:
            self._band = None

    def take_or_publish(
        self, band: tuple[int, int], judged: BoardTick | None = None
    ) -> list[BoardTick]:
        """Take what was captured; when there is nothing, publish the band in the same instant.

        A last price outside of the band is taken instead, unless it is the one that was ``judged``:
        were the band published first, ticks after that price would be compared with a band that it
        is about to change.
        """
        with self._lock:
            if self._captured:
                taken, self._captured = self._captured, []
                return taken
            last = self.last
            if last is not None and last is not judged and not band[0] < last.price < band[1]:
                return [last]
            self._band = band
            return []

"""The board where the feed leaves prices and the monitor takes them: every tick judged once.

Inside the quiet band a tick costs a compare. The first tick that leaves it starts the capture; from
there each tick is kept in order until the monitor, in one critical section, finds none left and
publishes the new band. So every tick is judged by exactly one state.

While the monitor has nothing to do, a wire may be up beside the band: the price that trips it lets
a pre-armed cancel leave at once, and is captured like any other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

import attrs

from robson.domain.intents import CancelOrder
from robson.domain.values import ExchangeNs, Side

CAPTURE_MAX = 10_000
"""Ticks kept in order; beyond it only extremes and the last, marked as coalesced."""


class BoardTick(NamedTuple):
    """A price in whole ticks. ``jumped_from`` is the one before it; None where it was walked to."""

    price: int
    at_ns: ExchangeNs
    jumped_from: int | None = None
    coalesced: bool = False


Left = tuple[int, ExchangeNs, int | None, bool]
"""The same as it is left by the feed: a plain tuple costs a fifth."""
_price = itemgetter(0)


@attrs.frozen
class Tripwire:
    """A way out that was decided before its price came: the pre-armed cancel of an exchange stop.

    Attributes:
        low, high: whole ticks. At either or beyond it the position is left.
        stamp: binds the time to the cancel.
        send: hands it over to the urgent lane. Both are called on the feed's thread.
    """

    low: int
    high: int
    cancel: CancelOrder
    stamp: Callable[[CancelOrder], CancelOrder]
    send: Callable[[CancelOrder], None]

    def trips(self, price: int) -> bool:
        """Whether a price lets the cancel leave."""
        return not self.low < price < self.high


class Tripped(NamedTuple):
    """What has left, the price that let it leave, and the prices after that."""

    left: CancelOrder
    tick: BoardTick
    later: list[BoardTick]


class TickBoard:
    """One symbol's board. The feed calls ``offer``; only the monitor calls the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # One tuple, loaded once without a lock; None means that ticks are being captured.
        self._band: tuple[int, int] | None = None
        self._captured: list[Left] = []
        self._last: Left | None = None
        self._handed: Left | None = None
        self._wire: Tripwire | None = None
        self._left: CancelOrder | None = None

    @property
    def band(self) -> tuple[int, int] | None:
        """The published band, open at both ends; None while capturing."""
        return self._band

    @property
    def last(self) -> BoardTick | None:
        """The last price; any thread may ask."""
        last = self._last
        return BoardTick(*last) if last is not None else None

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        """Leave a price. True when the monitor has to be woken."""
        before = self._last
        tick = (price, at_ns, before[0] if jump and before is not None else None, False)
        # Last is stored before the band is loaded: whoever publishes a band afterwards decides it.
        self._last = tick
        band = self._band
        if band is not None and band[0] < price < band[1]:
            return False
        return self._capture(tick)

    def _capture(self, tick: Left) -> bool:
        with self._lock:
            band = self._band
            if band is not None and band[0] < tick[0] < band[1]:
                return False
            starts = band is not None
            self._band = None
            self._captured.append(tick)
            if len(self._captured) > CAPTURE_MAX:
                self._coalesce()
            wire, self._wire = self._wire, None
            left = None
            if wire is not None and wire.trips(tick[0]):
                left = wire.stamp(wire.cancel)
                self._left = left
        if wire is not None and left is not None:
            wire.send(left)  # only now: nothing is handed over under a lock
        return starts

    def _coalesce(self) -> None:
        """Keep low, high and last of what was captured; the order between them is lost.

        What has let a cancel leave stays in front of them.
        """
        tripped = [] if self._left is None else self._captured[:1]
        low, high = min(self._captured, key=_price), max(self._captured, key=_price)
        kept = (low, high, self._captured[-1])
        coalesced = [(price, at_ns, jumped, True) for price, at_ns, jumped, _ in kept]
        self._captured = [*tripped, *coalesced]

    def put_up(self, wire: Tripwire) -> None:
        """Put a wire up beside the published band: until then the state does not change."""
        with self._lock:
            if self._band is not None:
                self._wire = wire

    def take_down(self) -> Tripped | None:
        """Take the wire down, because the state may change; what it has let leave, if anything."""
        with self._lock:
            self._wire = None
            left, self._left = self._left, None
            if left is None:
                return None
            taken, self._captured = self._captured, []
            self._handed = taken[-1]
            first, *later = (BoardTick(*tick) for tick in taken)
            return Tripped(left, first, later)

    def hold(self) -> None:
        """Start capturing, because the state is about to change without a tick."""
        with self._lock:
            self._band = None
            self._handed = None
            self._wire = None

    def take_or_publish(self, band: tuple[int, int]) -> list[BoardTick]:
        """Take what was captured; when there is nothing, publish the band in the same instant.

        A last price outside of the band is taken instead, unless it was the last to be handed out
        since ``hold``: were the band published first, ticks after that price would be compared with
        a band that it is about to change.
        """
        with self._lock:
            taken, last = self._captured, self._last
            if taken:
                self._captured = []
            elif last is None or last is self._handed or band[0] < last[0] < band[1]:
                self._band = band
                return []
            else:
                taken = [last]
            self._handed = taken[-1]
            return [BoardTick(*tick) for tick in taken]


def protective_first(ticks: Sequence[BoardTick]) -> Iterator[tuple[BoardTick, Side | None]]:
    """Each tick with the side it is to be judged for; None for both.

    Of extremes whose order is lost a position meets the one that may have hit its stop first.
    """
    rest = ticks
    if ticks and ticks[0].coalesced:
        low, high, *rest = ticks
        yield from ((high, Side.SHORT), (low, Side.SHORT), (low, Side.LONG), (high, Side.LONG))
    yield from ((tick, None) for tick in rest)

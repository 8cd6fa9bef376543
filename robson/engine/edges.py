"""Which of many positions a price concerns: the edges of their quiet bands, kept in order.

A price costs the positions whose edge it crossed and two searches, however many are watched.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from operator import itemgetter

from robson.domain.identity import PositionId
from robson.domain.values import Ticks
from robson.engine.band import EVERYTHING, Band

Edge = tuple[int, PositionId]
_ticks = itemgetter(0)


class Edges:
    """The quiet bands of the positions on one symbol."""

    def __init__(self) -> None:
        self._bands: dict[PositionId, Band] = {}
        self._lows: list[Edge] = []
        self._highs: list[Edge] = []

    def put(self, position: PositionId, band: Band) -> None:
        """Watch a position with this band, in place of any earlier one."""
        self.drop(position)
        self._bands[position] = band
        insort(self._lows, (band.low, position))
        insort(self._highs, (band.high, position))

    def drop(self, position: PositionId) -> None:
        """Watch a position no longer."""
        band = self._bands.pop(position, None)
        if band is not None:
            del self._lows[bisect_left(self._lows, (band.low, position))]
            del self._highs[bisect_left(self._highs, (band.high, position))]

    def __len__(self) -> int:
        """How many are watched."""
        return len(self._bands)

    @property
    def band(self) -> Band:
        """The prices that are quiet for all; everything when nobody is watched."""
        if not self._bands:
            return EVERYTHING
        return Band(Ticks(self._lows[-1][0]), Ticks(self._highs[0][0]))

    def crossed(self, price: int) -> list[PositionId]:
        """The positions for which a price is not quiet, oldest first: ids grow with time."""
        below = self._lows[bisect_left(self._lows, price, key=_ticks) :]
        above = self._highs[: bisect_right(self._highs, price, key=_ticks)]
        return sorted({position for _, position in (*below, *above)})

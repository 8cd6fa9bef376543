"""A pair's book: one level a side, what a market order is filled at, and how it has changed."""

from __future__ import annotations

from collections import deque

import attrs

SIZE = "1.50000000"
"""What is told of each level; there is always enough for any order."""
_GONE = "0.00000000"
_KEPT = 1000


@attrs.define
class Change:
    """One change of the book, by its number: levels with their new sizes."""

    number: int
    bids: list[list[str]]
    asks: list[list[str]]


class Depth:
    """A pair's book of one level a side, and how it came to be what it is."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.changes: deque[Change] = deque(maxlen=_KEPT)
        self._best: tuple[str, str] | None = None

    def see(self, now: tuple[str, str]) -> tuple[str, str]:
        """Best bid and ask as they are now; a change of them gets its number."""
        before = self._best
        if before is not None and now != before:
            self.number += 1
            bids, asks = (_moved(*side) for side in zip(before, now, strict=True))
            self.changes.append(Change(self.number, bids, asks))
        self._best = now
        return now


def _moved(before: str, now: str) -> list[list[str]]:
    return [] if before == now else [[before, _GONE], [now, SIZE]]

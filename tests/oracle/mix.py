"""Reads choices off one string of bytes, the cheapest thing that a property test can draw.

All zero bytes mean the first option everywhere, so a failing case shrinks towards the plainest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")
BYTES = 48


class Mix:
    """A supply of choices; each takes as much of it as it has options."""

    def __init__(self, supply: bytes) -> None:
        self._rest = int.from_bytes(supply, "little")

    def below(self, count: int) -> int:
        """A number from 0, less than `count`."""
        self._rest, chosen = divmod(self._rest, count)
        return chosen

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + self.below(high - low + 1)

    def magnitude(self, low: int, high: int) -> int:
        """A whole number, every count of digits as likely as any other; both ends included."""
        digits = self.number(len(str(low)), len(str(high)))
        return self.number(max(low, 10 ** (digits - 1)), min(high, 10**digits - 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def rarely(self, one_in: int) -> bool:
        """True once in so many times."""
        return self.below(one_in) == one_in - 1

    def chance(self) -> Random:
        """A source of its own, for long sequences."""
        return Random(self.below(2**32))

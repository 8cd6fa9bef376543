"""Chance by a name: the same name gives the same numbers, on every platform, in every process."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A stream of numbers; everything is made of one call, so that streams stay comparable."""

    def __init__(self, name: str) -> None:
        # Not for secrets: a seed has to give the same world again.
        self._random = Random(name)  # noqa: S311

    def share(self) -> float:
        """From 0 up to, but not including, 1."""
        return self._random.random()

    def hits(self, share: float) -> bool:
        """True in this share of cases."""
        return self._random.random() < share

    def below(self, limit: int) -> int:
        """A whole number from 0, under a limit."""
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low``, under ``high``."""
        return low + int(self._random.random() * (high - low))

    def pick(self, of: Sequence[T]) -> T:
        """One of several."""
        return of[int(self._random.random() * len(of))]

    def bits(self, count: int) -> int:
        """So many random bits."""
        return self._random.getrandbits(count)

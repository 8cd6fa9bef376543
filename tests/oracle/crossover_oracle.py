"""Moving-average crossing on closed candles: only the crossing fires, equality before it counts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

Number = str | int | Decimal | Fraction  # a float is refused


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


def average(closes: Sequence[Number], end: int, count: int) -> Fraction:
    """Simple mean of the `count` closes that end just before position `end`."""
    return sum((exact(close) for close in closes[end - count : end]), Fraction(0)) / count


def crossing(closes: Sequence[Number], fast: int = 9, slow: int = 21) -> str | None:
    """`long` or `short` if the last close completes a crossing, else None.

    Needs slow + 1 closes: the averages with the last close and those without it.
    """
    if not 2 <= fast < slow:
        raise ValueError("need 2 <= fast < slow")
    end = len(closes)
    if end < slow + 1:
        return None
    before_fast, before_slow = average(closes, end - 1, fast), average(closes, end - 1, slow)
    now_fast, now_slow = average(closes, end, fast), average(closes, end, slow)
    if before_fast <= before_slow and now_fast > now_slow:
        return "long"
    if before_fast >= before_slow and now_fast < now_slow:
        return "short"
    return None


def crossings(closes: Sequence[Number], fast: int = 9, slow: int = 21) -> list[tuple[int, str]]:
    """Every (index of the closing candle, side) in a series of closes."""
    found = []
    for end in range(1, len(closes) + 1):
        side = crossing(closes[max(0, end - slow - 1) : end], fast, slow)
        if side is not None:
            found.append((end - 1, side))
    return found


def first_crossing(
    closes: Sequence[Number], bias: str = "auto", fast: int = 9, slow: int = 21
) -> tuple[int, str] | None:
    """The first crossing that may fire; in `auto` whichever comes first sets the side."""
    for index, side in crossings(closes, fast, slow):
        if bias in {"auto", side}:
            return index, side
    return None

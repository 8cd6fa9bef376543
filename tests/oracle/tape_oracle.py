"""Candles and tick size as read from a tape of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

Number = str | int | Decimal | Fraction  # a float is refused
Row = tuple[int, Number, Number, Number, Number]  # begin_ms, open, high, low, close


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


def from_trades(trades: Iterable[tuple[int, Number]]) -> list[Row]:
    """A trade is a row whose four prices are one."""
    return [(ms, price, price, price, price) for ms, price in trades]


def candles(
    rows: Sequence[Row], until_ms: int, timeframe_ms: int = 900_000
) -> list[tuple[int, Any, Any, Any, Any]]:
    """Closed candles of a tape, as (open time, open, high, low, close).

    A row belongs to the slot in which it begins: one that begins at T comes after the candle that
    closes at T. One row makes a candle, a slot without a row makes none. The first slot is dropped
    unless its very beginning is on the tape. A candle whose end is after `until_ms` is still open.
    """
    slots: dict[int, list[Row]] = {}
    for row in rows:
        slots.setdefault(row[0] // timeframe_ms * timeframe_ms, []).append(row)
    if rows and rows[0][0] % timeframe_ms:
        del slots[rows[0][0] // timeframe_ms * timeframe_ms]
    made = []
    for begin, inside in sorted(slots.items()):
        if begin + timeframe_ms > until_ms:
            continue
        high = max((row[2] for row in inside), key=exact)
        low = min((row[3] for row in inside), key=exact)
        made.append((begin, inside[0][1], high, low, inside[-1][4]))
    return made


def derived_tick(price_texts: Iterable[str]) -> Fraction:
    """Tick from the prices' own decimals, after their trailing zeros were stripped."""
    places = 0
    for text in price_texts:
        fraction = text.partition(".")[2].rstrip("0")
        places = max(places, len(fraction))
    return Fraction(1, 10**places)

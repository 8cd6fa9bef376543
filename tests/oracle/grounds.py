"""Pairs to compare on: grids from 1e-8 to 1, prices up to 1e6, quoted in USDT, BTC and ETH."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Quote(NamedTuple):
    """What an order and an account are worth in this asset."""

    asset: str
    min_notional: Decimal
    cent: Decimal  # the finest amount of capital
    most: int  # of capital, in cents


QUOTES = (
    Quote("USDT", Decimal(5), Decimal("0.01"), 10**8),
    Quote("BTC", Decimal("0.0001"), Decimal("0.00000001"), 2 * 10**9),
    Quote("ETH", Decimal("0.001"), Decimal("0.000001"), 10**9),
)
GRIDS = (
    *(Decimal(1).scaleb(-places) for places in range(9)),
    Decimal("0.05"),
    Decimal("0.25"),
    Decimal("0.00000005"),
)
"""Ticks and steps. Not every grid is a power of ten."""
HIGHEST = 10**6
"""No price is above this."""


def most_ticks(tick: Decimal) -> int:
    """The highest price on a grid, in ticks."""
    return int(HIGHEST / tick)


def floor_to(value: Decimal, grid: Decimal) -> Decimal:
    """Down to the grid."""
    return value // grid * grid

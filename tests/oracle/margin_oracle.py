"""The margin level after an entry, from its definition: assets to debts at a price."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

Number = str | int | Decimal | Fraction  # a float is refused


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


def level_after(
    side: str,
    qty: Number,
    *,
    fill: Number,
    price: Number,
    base: Number,
    quote: Number,
    fee: Number,
    hourly_rate: Number,
) -> Fraction | None:
    """The level once `qty` was entered at `fill`, at a market price; None without a debt.

    The pair owns `base` and `quote` and owes nothing before. What the entry lacks is borrowed, with
    the first hour's interest charged at once; the fee is taken in the asset received.
    """
    amount, paid, at = exact(qty), exact(fill), exact(price)
    assets_base, assets_quote = exact(base), exact(quote)
    owed_base = owed_quote = Fraction(0)
    if side == "long":
        lacks = max(Fraction(0), amount * paid - assets_quote)
        assets_quote += lacks - amount * paid
        assets_base += amount * (1 - exact(fee))
        owed_quote = lacks * (1 + exact(hourly_rate))
    else:
        lacks = max(Fraction(0), amount - assets_base)
        assets_base += lacks - amount
        assets_quote += amount * paid * (1 - exact(fee))
        owed_base = lacks * (1 + exact(hourly_rate))
    owed = owed_base * at + owed_quote
    return (assets_base * at + assets_quote) / owed if owed else None


def level_at(
    price: Number, *, base: Number, quote: Number, owed_base: Number, owed_quote: Number
) -> Fraction:
    """Assets to debts of what a pair holds and owes, at an index price."""
    at = exact(price)
    owed = exact(owed_base) * at + exact(owed_quote)
    return (exact(base) * at + exact(quote)) / owed

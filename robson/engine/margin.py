"""The margin level: assets to debts. How much may be bought before it is too low, and what it asks.

Binance counts assets at the index price; without a debt there is no level and nothing to liquidate.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal, localcontext

import attrs

from robson.domain.reports import AccountSnapshot
from robson.domain.values import MONEY, Price, Side, truncate
from robson.engine.costs import quotient_down

BOUND_ABOVE_LIQUIDATION = Decimal("0.10")
"""The level at the exchange stop stays so far above the pair's liquidation ratio, at least."""
PLACES = Decimal("1E-8")
"""What a liquidation price is rounded to."""


@attrs.frozen(kw_only=True)
class MarginRules:
    """What the level must be after an entry, at the entry and at the exchange stop's own fill.

    Attributes:
        base, quote: the pair's own free assets before the entry; it owes nothing.
        hourly_rate: interest of the borrowed asset; the first hour is charged at the loan.
        at_entry, at_bound: least margin level at the entry reference and at the bound.
    """

    base: Decimal
    quote: Decimal
    hourly_rate: Decimal
    at_entry: Decimal
    at_bound: Decimal


def level_of(account: AccountSnapshot) -> Decimal | None:
    """The margin level of a pair at the index price, rounded down; None while nothing is owed."""
    with localcontext(MONEY, rounding=ROUND_DOWN):
        index = account.index_price
        owed = account.base.debt * index + account.quote.debt
        if owed <= 0:
            return None
        return truncate((account.base.total * index + account.quote.total) / owed, 8)


def liquidation_price(account: AccountSnapshot, ratio: Decimal) -> Price | None:
    """The index price at which the margin level is ``ratio``, where the exchange closes the pair.

    (ratio x quote debt - quote) / (base - ratio x base debt); None where no price is one. Rounded
    against the reader: a long's up, a short's down.
    """
    base, quote = account.base, account.quote
    with localcontext(MONEY):
        lacking = ratio * quote.debt - quote.total
        unit = base.total - ratio * base.debt
        if base.debt + quote.debt <= 0 or unit == 0 or lacking / unit <= 0:
            return None
        rounding = ROUND_UP if unit > 0 else ROUND_DOWN
        price = (lacking / unit).quantize(PLACES, rounding=rounding)
        return Price(price) if price > 0 else None


def level_cap(
    rules: MarginRules, *, side: Side, fill: Decimal, price: Decimal, least: Decimal, fee: Decimal
) -> Decimal | None:
    """The largest quantity after whose entry the level at ``price`` is ``least`` or more.

    None when no quantity is too large. ``fill`` is the price of the entry, whose fee is taken in
    the asset received. A debt is what the entry lacks, with its first hour of interest.
    """
    with localcontext(MONEY):
        owed, kept = 1 + rules.hourly_rate, 1 - fee
        if side is Side.LONG:
            room = least * owed * rules.quote + rules.base * price
            unit = least * owed * fill - kept * price
        else:
            room = rules.quote + least * owed * price * rules.base
            unit = least * owed * price - kept * fill
        return quotient_down(room, unit, 8) if unit > 0 else None

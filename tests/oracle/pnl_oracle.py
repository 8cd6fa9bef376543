"""Result: gross on what was exited, less fees and interest. R is net / plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

Number = str | int | Decimal | Fraction  # a float is refused
SIGN = {"long": 1, "short": -1}


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


class Fill(NamedTuple):
    """One execution; `rate` is the price of a third commission asset in quote at that time."""

    price: Number
    qty: Number
    commission: Number = 0
    commission_asset: str = "quote"  # base | quote | any other name
    rate: Number | None = None


def vwap(fills: Sequence[Fill]) -> Fraction:
    """Average price weighted by quantity."""
    cost = sum((exact(f.price) * exact(f.qty) for f in fills), Fraction(0))
    return cost / sum((exact(f.qty) for f in fills), Fraction(0))


def fee_in_quote(fill: Fill) -> Fraction:
    """A commission in quote: base at the fill's own price, a third asset at its rate then."""
    amount = exact(fill.commission)
    if fill.commission_asset == "quote":
        return amount
    if fill.commission_asset == "base":
        return amount * exact(fill.price)
    if fill.rate is None:
        raise ValueError("a fee without its price at fill time is not settled, never estimated")
    return amount * exact(fill.rate)


def pnl(
    side: str,
    entries: Sequence[Fill],
    exits: Sequence[Fill],
    planned_risk: Number,
    *,
    quote_interest: Number = 0,
    base_interest: Iterable[tuple[Number, Number]] = (),
    qty_exited: Number | None = None,
) -> dict[str, Any]:
    """Gross, fees, interest, net and R of a closed position.

    `base_interest` holds (amount, price) pairs. The exited quantity is what a long sold; for a
    short it is the debt it closed (the quantity sold short), not the grossed-up quantity bought.
    What was too little to sell was never exited: it has no gross, and costs its fees.
    """
    if qty_exited is None:
        counted = exits if side == "long" else entries
        exited = sum((exact(f.qty) for f in counted), Fraction(0))
    else:
        exited = exact(qty_exited)
    left = vwap(exits) if exits else vwap(entries)
    gross = SIGN[side] * (left - vwap(entries)) * exited
    fees = sum((fee_in_quote(f) for f in [*entries, *exits]), Fraction(0))
    interest = exact(quote_interest)
    interest += sum((exact(amount) * exact(price) for amount, price in base_interest), Fraction(0))
    net = gross - fees - interest
    return {
        "entry_vwap": vwap(entries),
        "exit_vwap": left,
        "qty_exited": exited,
        "gross": gross,
        "fees": fees,
        "interest": interest,
        "net": net,
        "r_multiple": net / exact(planned_risk),
        "fee_converted": any(f.commission_asset != "quote" for f in [*entries, *exits]),
    }


def target_net_r(
    side: str,
    entry_ref: Number,
    target: Number,
    fee: Number,
    entry_slip_bps: Number,
    loss_unit: Number,
    interest_unit: Number = 0,
) -> Fraction:
    """Net R of reaching a target, with the costs that priced the plan; no gap beyond a target."""
    sign, goal, rate = SIGN[side], exact(target), exact(fee)
    entry_fill = exact(entry_ref) * (1 + sign * exact(entry_slip_bps) / 10_000)
    costs = rate * (entry_fill + goal) + exact(interest_unit)
    return (sign * (goal - entry_fill) - costs) / exact(loss_unit)

"""Sizing rule: capital x risk / loss per unit, only ever reduced, rounded down to the lot step.

Written from the rule, in exact fractions; shares nothing with the product. It never rounds up.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from typing import Any

Number = str | int | Decimal | Fraction  # a float is refused
SIGN = {"long": 1, "short": -1}


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


def plain(value: Fraction) -> Decimal | Fraction:
    """A Decimal when the value terminates, else the fraction (both compare exactly)."""
    context = Context(prec=300, traps=[Inexact, InvalidOperation])
    try:
        return context.divide(Decimal(value.numerator), Decimal(value.denominator))
    except Inexact:
        return value


def truncate(value: Fraction, places: int) -> Fraction:
    """Cut (towards zero) after that many decimal places."""
    scaled = abs(value) * 10**places
    cut = Fraction(scaled.numerator // scaled.denominator, 10**places)
    return cut if value >= 0 else -cut


def floor_step(value: Fraction, step: Fraction) -> Fraction:
    """The largest multiple of the step that is not above the value."""
    return (value / step).__floor__() * step


def loss_per_unit(
    entry_ref: Number,
    stop: Number,
    side: str,
    fee: Number,
    gap_bps: Number,
    entry_slip_bps: Number,
    interest_unit: Number = 0,
) -> Fraction:
    """What one unit loses from the entry fill to the fill behind the stop, all costs included.

    The entry price is moved by the entry slip also where the fee is charged on it.
    """
    sign = SIGN[side]
    entry, executable, rate = exact(entry_ref), exact(stop), exact(fee)
    gap = executable * exact(gap_bps) / 10_000
    adverse_fill = executable - sign * gap
    entry_fill = entry * (1 + sign * exact(entry_slip_bps) / 10_000)
    price_loss = sign * (entry_fill - adverse_fill)
    return price_loss + rate * (entry_fill + adverse_fill) + exact(interest_unit)


def interest_per_unit(
    capital: Number,
    risk_pct: Number,
    entry_ref: Number,
    stop: Number,
    side: str,
    fee: Number,
    gap_bps: Number,
    entry_slip_bps: Number,
    equity: Number,
    hourly_rate: Number,
    hold_hours: Number = 24,
) -> Fraction:
    """Borrow interest charged to one unit: entry x hourly rate x borrowed share x hours.

    A short borrows all of it. A long borrows what its equity does not pay of the quantity that
    would be sized without interest; that quotient is truncated, so the charge is rounded up.
    """
    entry = exact(entry_ref)
    share = Fraction(1)
    if side == "long":
        free_loss = loss_per_unit(entry_ref, stop, side, fee, gap_bps, entry_slip_bps)
        first = truncate(exact(capital) * exact(risk_pct) / 100 / free_loss, 12)
        share = Fraction(0)
        if first > 0:
            share = max(Fraction(0), 1 - truncate(exact(equity) / (first * entry), 12))
    return entry * exact(hourly_rate) * share * exact(hold_hours)


def margin_quantity(
    usable: Fraction, leverage: int, headroom_bps: Number, entry: Fraction, side: str
) -> Fraction:
    """What the pair's equity carries, less the headroom: the one place where leverage counts."""
    multiple = leverage if side == "long" else leverage - 1
    kept = 1 - exact(headroom_bps) / 10_000
    return truncate(usable * multiple * kept / entry, 8)


def require_limits(risk_pct: Number, leverage: int) -> None:
    """The two numbers that nobody may choose beyond their limits."""
    if not 0 < exact(risk_pct) <= 1:
        raise ValueError("risk_pct must be above 0 and at most 1")
    if not 1 <= leverage <= 10:
        raise ValueError("leverage must be from 1 to 10")


def unsized(cap_risk: Fraction) -> dict[str, Any]:
    """The answer before anything is known but the most that may be lost."""
    return {
        "qty": Decimal(0),
        "planned_risk": Decimal(0),
        "loss_unit": None,
        "golden_qty": Decimal(0),
        "binding": None,
        "refused": None,
        "cap_risk": plain(cap_risk),
    }


def size(
    capital: Number,
    risk_pct: Number,
    entry_ref: Number,
    stop: Number,
    side: str,
    fee: Number,
    gap_bps: Number,
    entry_slip_bps: Number,
    interest_unit: Number = 0,
    *,
    equity: Number,
    leverage: int,
    headroom_bps: Number,
    step: Number,
    min_qty: Number,
    max_qty: Number | None,
    min_notional: Number,
    max_borrow_qty: Number | None = None,
    min_bps: Number = 10,
    max_bps: Number = 1000,
) -> dict[str, Any]:
    """Quantity, planned risk and what bound them; `stop` is the executable stop, on its tick.

    `capital` is the effective capital (the lower of what was asked for and the capital base).
    Leverage appears only in the margin cap: a long holds leverage x equity, a short borrows
    (leverage - 1) x equity.
    """
    require_limits(risk_pct, leverage)
    entry, lot = exact(entry_ref), exact(step)
    cap_risk = exact(capital) * exact(risk_pct) / 100
    distance = SIGN[side] * (entry - exact(stop))
    answer = unsized(cap_risk)
    if distance <= 0 or not entry * exact(min_bps) <= distance * 10_000 <= entry * exact(max_bps):
        return answer | {"refused": "stop_invalid"}

    loss_unit = loss_per_unit(entry_ref, stop, side, fee, gap_bps, entry_slip_bps, interest_unit)
    usable = min(exact(capital), exact(equity))
    bounds = {
        "risk": truncate(cap_risk / loss_unit, 12),
        "margin": margin_quantity(usable, leverage, headroom_bps, entry, side),
    }
    if max_borrow_qty is not None:
        bounds["borrow"] = exact(max_borrow_qty)
    if max_qty is not None:
        bounds["max_qty"] = exact(max_qty)
    binding = min(bounds, key=lambda name: bounds[name])  # on a tie the first named wins
    qty = max(Fraction(0), floor_step(bounds[binding], lot))
    planned_risk = qty * loss_unit
    assert planned_risk <= max(cap_risk, Fraction(0)), "planned risk above the cap"

    too_small = qty <= 0 or qty < exact(min_qty) or qty * entry < exact(min_notional)
    return answer | {
        "qty": plain(qty),
        "planned_risk": plain(planned_risk),
        "loss_unit": plain(loss_unit),
        "golden_qty": plain(max(Fraction(0), floor_step(truncate(cap_risk / distance, 12), lot))),
        "binding": binding,
        "refused": "size_too_small" if too_small else None,
    }

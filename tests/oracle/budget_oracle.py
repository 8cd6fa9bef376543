"""Monthly budget, net from the month's start: losses use it, gains only give losses back."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

Number = str | int | Decimal | Fraction  # a float is refused
SIGN = {"long": 1, "short": -1}


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


def latent_loss(
    side: str,
    qty: Number,
    entry_vwap: Number,
    stop: Number,
    fee: Number,
    gap_bps: Number,
    *,
    fees_paid: Number | None = None,
    interest: Number = 0,
    basis: Number = 0,
) -> Fraction:
    """Cost-priced loss of an open position if its present stop is hit, never below zero.

    `basis` is what it had made (above zero) or lost when the month opened: a position that was
    carried into the month loses from there.

    `fees_paid` is the entry's real fee in quote; without it the taker rate on `qty` is taken.
    A position still entering is charged its whole planned risk instead.
    """
    sign, amount, entry, rate = SIGN[side], exact(qty), exact(entry_vwap), exact(fee)
    adverse = exact(stop) * (1 - sign * exact(gap_bps) / 10_000)
    entry_fee = amount * entry * rate if fees_paid is None else exact(fees_paid)
    loss = sign * (entry - adverse) * amount + entry_fee + amount * adverse * rate + exact(interest)
    loss += exact(basis)
    return max(Fraction(0), loss)


def worth(
    side: str,
    entries: Iterable[tuple[Number, Number, Number]],
    exits: Iterable[tuple[Number, Number, Number]],
    held: Number,
    mark: Number,
    *,
    interest_base: Number = 0,
    interest_quote: Number = 0,
) -> Fraction:
    """Result of a position so far: its month's boundary basis.

    `entries` and `exits` are (price, quantity, fee in quote); `held` is what there was to leave
    with after the entry's fees in base. What is left of it counts at `mark`; leaving costs nothing
    yet.
    """
    bought = [(exact(p), exact(q), exact(f)) for p, q, f in entries]
    sold = [(exact(p), exact(q), exact(f)) for p, q, f in exits]
    average = sum((p * q for p, q, _ in bought), Fraction(0)) / sum(q for _, q, _ in bought)
    left = exact(held) - sum((q for _, q, _ in sold), Fraction(0))
    made = sum(((p - average) * q for p, q, _ in sold), Fraction(0))
    made += (exact(mark) - average) * left
    fees = sum((f for _, _, f in (*bought, *sold)), Fraction(0))
    return SIGN[side] * made - fees - exact(interest_base) * exact(mark) - exact(interest_quote)


def budget(
    capital_base: Number,
    realised_net: Number,
    latents: Iterable[Number] = (),
    *,
    halted: bool = False,
) -> dict[str, Any]:
    """Budget of 4 %, what settled trades consumed, what open risk reserves, and what remains.

    `halted` says that the latch was set before: it stays set. Unrealised profit has no argument
    here because it never enters. A capital base of zero or less halts without a division.
    """
    base, net = exact(capital_base), exact(realised_net)
    total = base * 4 / 100
    consumed = max(Fraction(0), -net)
    latent = sum((max(Fraction(0), exact(value)) for value in latents), Fraction(0))
    remaining = total - consumed - latent
    slots = 0
    if base > 0:
        slots = min(4, (max(Fraction(0), remaining) / (base / 100)).__floor__())
    return {
        "budget": total,
        "consumed": consumed,
        "latent": latent,
        "remaining": remaining,
        "slots": slots,
        "halt": halted or base <= 0 or remaining <= 0,
    }


def admits(capital_base: Number, planned_risk: Number, state: dict[str, Any]) -> str | None:
    """None when a new position fits, else the code of the first gate that denies it."""
    if state["halt"]:
        return "monthly_halt"
    if exact(planned_risk) > exact(capital_base) / 100:
        return "risk_per_trade"
    if exact(planned_risk) > state["remaining"]:
        return "risk_budget_insufficient"
    return None


def base_after(opened: Number, moves: list[tuple[int, Number]]) -> Fraction:
    """The capital base of a month after transfers `(instant, amount in quote)`, in any order.

    Within the month it may only fall: it is what was left of the account at its lowest, where only
    transfers count. Of several at one instant only their sum was ever there.
    """
    left = {0: exact(opened)}
    for instant in sorted({instant for instant, _ in moves}):
        gone = sum((exact(amount) for when, amount in moves if when <= instant), Fraction(0))
        left[instant] = exact(opened) + gone
    return max(Fraction(0), min(left.values()))

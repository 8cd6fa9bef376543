"""Books of one isolated-margin pair, from its movements and nothing else.

A loan adds to the asset and to its debt. Interest adds to what is owed, not to the debt. A
repayment takes from the asset and pays interest first. A commission leaves in its own asset.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

Number = str | int | Decimal | Fraction  # a float is refused
Asset = str  # "base" or "quote"; a commission may name any other asset, held elsewhere


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


class Fill(NamedTuple):
    """One execution; `time` is anything sortable, the same kind in all lists."""

    time: Any
    action: str  # buy | sell
    price: Number
    qty: Number
    commission: Number = 0
    commission_asset: Asset = "quote"


class Movement(NamedTuple):
    """A loan, an interest charge or a repayment."""

    time: Any
    asset: Asset
    amount: Number
    interest_part: Number | None = None  # of a repayment, when the exchange states it


class Impossible(AssertionError):
    """The movements cannot all have happened."""


def books(
    deposit: dict[Asset, Number],
    fills: Iterable[Fill] = (),
    loans: Iterable[Movement] = (),
    interest: Iterable[Movement] = (),
    repayments: Iterable[Movement] = (),
) -> dict[str, Fraction]:
    """Every balance after all movements: totals (free + locked), debts and owed interest.

    Movements with the same time happen in this order: loan, interest, fill, repayment.
    Raises `Impossible` when something is paid that is not there or not owed.
    """
    sheet = _Sheet(deposit)
    queue: list[tuple[Any, int, Any]] = []
    queue += [(loan.time, 0, loan) for loan in loans]
    queue += [(charge.time, 1, charge) for charge in interest]
    queue += [(fill.time, 2, fill) for fill in fills]
    queue += [(repayment.time, 3, repayment) for repayment in repayments]
    queue.sort(key=lambda entry: entry[:2])

    steps = (sheet.lend, sheet.charge, sheet.fill, sheet.repay)
    for when, order, movement in queue:
        steps[order](movement)
        for asset, amount in sheet.total.items():
            if amount < 0:
                raise Impossible(f"{asset} below zero ({amount}) at {when}: {movement}")
    return {
        "base_total": sheet.total["base"],
        "quote_total": sheet.total["quote"],
        "base_debt": sheet.debt["base"],
        "base_interest": sheet.owed["base"],
        "quote_debt": sheet.debt["quote"],
        "quote_interest": sheet.owed["quote"],
    }


class _Sheet:
    """What is there, what was borrowed and what interest is owed, by asset."""

    def __init__(self, deposit: dict[Asset, Number]) -> None:
        self.total = {
            "base": exact(deposit.get("base", 0)),
            "quote": exact(deposit.get("quote", 0)),
        }
        self.debt = {"base": Fraction(0), "quote": Fraction(0)}
        self.owed = {"base": Fraction(0), "quote": Fraction(0)}

    def lend(self, loan: Movement) -> None:
        """A loan adds to the asset and to its debt."""
        self.total[loan.asset] += _amount(loan)
        self.debt[loan.asset] += _amount(loan)

    def charge(self, interest: Movement) -> None:
        """Interest adds to what is owed."""
        self.owed[interest.asset] += _amount(interest)

    def fill(self, fill: Fill) -> None:
        """One asset for the other, and the commission."""
        qty, cost = exact(fill.qty), exact(fill.qty) * exact(fill.price)
        sign = {"buy": 1, "sell": -1}[fill.action]
        if qty <= 0 or cost <= 0 or exact(fill.commission) < 0:
            raise Impossible(f"not an execution: {fill}")
        self.total["base"] += sign * qty
        self.total["quote"] -= sign * cost
        if fill.commission_asset in self.total:
            self.total[fill.commission_asset] -= exact(fill.commission)

    def repay(self, repayment: Movement) -> None:
        """Interest first, then principal, never more than both."""
        asset, amount = repayment.asset, _amount(repayment)
        interest_paid = min(amount, self.owed[asset])
        if amount - interest_paid > self.debt[asset]:
            raise Impossible(f"repaid more than was owed: {repayment}")
        stated = repayment.interest_part
        if stated is not None and exact(stated) != interest_paid:
            raise Impossible(f"interest is paid first, {interest_paid}: {repayment}")
        self.total[asset] -= amount
        self.owed[asset] -= interest_paid
        self.debt[asset] -= amount - interest_paid


def _amount(movement: Movement) -> Fraction:
    amount = exact(movement.amount)
    if amount < 0:
        raise Impossible(f"negative amount: {movement}")
    return amount


def equity(state: dict[str, Fraction], price: Number) -> Fraction:
    """What the pair is worth in quote after everything owed."""
    base = state["base_total"] - state["base_debt"] - state["base_interest"]
    quote = state["quote_total"] - state["quote_debt"] - state["quote_interest"]
    return base * exact(price) + quote


def margin_level(state: dict[str, Fraction], price: Number) -> Fraction | None:
    """Assets over liabilities at a price; None when nothing is owed."""
    at = exact(price)
    owed_base = state["base_debt"] + state["base_interest"]
    owed = owed_base * at + state["quote_debt"] + state["quote_interest"]
    return (state["base_total"] * at + state["quote_total"]) / owed if owed else None


def liquidation_price(state: dict[str, Fraction], ratio: Number) -> Fraction | None:
    """The price at which the margin level falls to the liquidation ratio; None if no such price."""
    limit = exact(ratio)
    quote = limit * (state["quote_debt"] + state["quote_interest"]) - state["quote_total"]
    base = state["base_total"] - limit * (state["base_debt"] + state["base_interest"])
    if base == 0 or quote / base <= 0:
        return None
    return quote / base


def interest_charges(borrowed_ms: int, repaid_ms: int) -> int:
    """How many hourly charges a loan sees: one at once, one at each full clock hour after it."""
    hour = 3_600_000
    return 1 + repaid_ms // hour - borrowed_ms // hour


def hourly_interest(principal: Number, daily_rate: Number) -> Fraction:
    """One charge: simple interest on the principal."""
    return exact(principal) * exact(daily_rate) / 24


def sellable(fills: Iterable[Fill], step: Number) -> Fraction:
    """What a long can sell: bought less commission taken in the base asset, down to the step."""
    net = Fraction(0)
    for fill in fills:
        net += exact(fill.qty) if fill.action == "buy" else -exact(fill.qty)
        net -= exact(fill.commission) if fill.commission_asset == "base" else 0
    return (net / exact(step)).__floor__() * exact(step)


def buy_back(
    debt: Number, interest: Number, free: Number, fee: Number, step: Number, *, in_base: bool = True
) -> Fraction:
    """What a short must buy so that enough arrives after the fee: rounded up to the step."""
    missing = max(Fraction(0), exact(debt) + exact(interest) - exact(free))
    grossed = missing / (1 - exact(fee)) if in_base else missing
    return (grossed / exact(step)).__ceil__() * exact(step)

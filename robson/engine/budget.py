"""The month's budget: what may still be lost, counted from the start of the month, net.

Unrealised profit never enters; realised gains offset realised losses and never widen the limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext

import attrs

from robson.domain.values import MONEY, ExchangeNs, Price, Side, round_up
from robson.engine.costs import unit_loss

RISK_PER_TRADE_PCT = Decimal(1)
"""Fixed: the most one trade may plan to lose, in percent of the capital base."""
MONTHLY_PCT = Decimal(4)
"""Fixed: the most one UTC month may lose, in percent of the capital base."""
ALERT_LINES_PCT = (Decimal(2), Decimal(3))
"""Losses of a month that are told when they are reached, in percent of the capital base."""
MAX_SLOTS = 4
"""Planned losses that fit into a fresh month."""


def trade_limit(capital_base: Decimal) -> Decimal:
    """The most one trade may plan to lose, in quote."""
    with localcontext(MONEY):
        return max(Decimal(0), capital_base) * RISK_PER_TRADE_PCT / 100


@attrs.frozen(kw_only=True)
class Moved:
    """Own money that moved into the account, or out of it: then ``worth`` is below zero."""

    name: str
    at_ns: ExchangeNs
    worth: Decimal


def lowered(opened: Decimal, moves: Iterable[Moved]) -> Decimal:
    """The capital base of a month after what moved since it opened, oldest first.

    It follows the account down to the least that was ever left of it, and never up: what came in
    before makes up for what leaves, what comes in later does not. What moves at one instant (from
    one pair to another) counts as one.
    """
    moved, least, at_ns = Decimal(0), Decimal(0), None
    with localcontext(MONEY):
        for move in moves:
            if at_ns is not None and move.at_ns != at_ns:
                least = min(least, moved)
            moved, at_ns = moved + move.worth, move.at_ns
        return max(Decimal(0), opened + min(least, moved))


def latent_loss(
    *,
    side: Side,
    stop: Price,
    quantity: Decimal,
    entry_vwap: Decimal,
    fee: Decimal,
    gap_bps: Decimal,
    accrued: Decimal = Decimal(0),
    basis: Decimal = Decimal(0),
) -> Decimal:
    """What an open position loses if its stop is executed now, costs included, in quote.

    Never below zero: a profit that a stop has locked in pays for the position's own fees and for
    nothing else. Rounded up. A position still entering counts with its planned risk instead.

    Args:
        side: of the position.
        stop: the protective stop in force.
        quantity: base still held or owed.
        entry_vwap: average fill price of the entry.
        fee: taker fee as a fraction, charged in and out.
        gap_bps: allowance from trigger to fill.
        accrued: costs so far beyond the fees, such as interest, in quote.
        basis: result that the position had when the month opened; the loss counts from there.
    """
    with localcontext(MONEY):
        unit = unit_loss(side=side, entry=entry_vwap, stop=stop, fee=fee, gap_bps=gap_bps)
        return max(Decimal(0), round_up(quantity * unit.loss_unit + accrued + basis, 12))


@attrs.frozen(kw_only=True)
class Budget:
    """The monthly limit at one instant, in quote.

    Attributes:
        capital_base: the account's, as computed by the system for this month.
        realised_net: trades settled in this month, after fees and interest; one that was carried
            into it from its value at the boundary on.
        latent: sum of ``latent_loss`` and planned risks of all positions that are not settled.
    """

    capital_base: Decimal
    realised_net: Decimal
    latent: Decimal

    @property
    def budget(self) -> Decimal:
        """4 % of the capital base; nothing without one."""
        with localcontext(MONEY):
            return max(Decimal(0), self.capital_base) * MONTHLY_PCT / 100

    @property
    def consumed(self) -> Decimal:
        """Net loss so far; gains bring it down to zero and no further."""
        with localcontext(MONEY):
            return max(Decimal(0), -self.realised_net)

    @property
    def remaining(self) -> Decimal:
        """What may still be planned to be lost; below zero when the plan was exceeded."""
        with localcontext(MONEY):
            return self.budget - self.consumed - self.latent

    @property
    def slots(self) -> int:
        """Whole planned losses that still fit. For display; admission compares the planned risk."""
        limit = trade_limit(self.capital_base)
        if limit <= 0:
            return 0
        with localcontext(MONEY):
            return min(MAX_SLOTS, int(max(Decimal(0), self.remaining) // limit))

    def line(self, line_pct: Decimal) -> Decimal:
        """The loss that a line in percent of the capital base stands for, in quote."""
        with localcontext(MONEY):
            return max(Decimal(0), self.capital_base) * line_pct / 100

    @property
    def lines_reached(self) -> tuple[Decimal, ...]:
        """The alert lines that the month's losses have reached, lowest first."""
        if self.capital_base <= 0:
            return ()
        return tuple(line for line in ALERT_LINES_PCT if self.consumed >= self.line(line))

    @property
    def halt(self) -> bool:
        """Nothing is left, or there is no capital base. The caller latches it for the month."""
        return self.capital_base <= 0 or self.remaining <= 0

    @property
    def no_room(self) -> bool:
        """Not halted, and yet no full planned loss fits."""
        return not self.halt and self.slots == 0

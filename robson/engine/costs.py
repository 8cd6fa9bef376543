"""What one unit of base loses when a stop is executed, with every cost, term by term.

The one formula that sizing, the insurance bound and the monthly budget share.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal, localcontext

import attrs

from robson.domain.errors import InvariantViolated
from robson.domain.instrument import worse_price
from robson.domain.values import MONEY, Side, round_up, truncate


@attrs.frozen(kw_only=True)
class UnitLoss:
    """Loss of one unit of base, in quote; the five terms add up to ``loss_unit`` exactly.

    Attributes:
        entry_fill: the price the entry is expected to be filled at.
        adverse_fill: the price the stop is expected to be filled at.
        span_term: from the entry reference to the stop; below zero for a stop in profit.
    """

    entry_fill: Decimal
    adverse_fill: Decimal
    span_term: Decimal
    fee_term: Decimal
    gap_term: Decimal
    slip_term: Decimal
    interest_unit: Decimal
    loss_unit: Decimal


def unit_loss(
    *,
    side: Side,
    entry: Decimal,
    stop: Decimal,
    fee: Decimal,
    gap_bps: Decimal,
    entry_slip_bps: Decimal = Decimal(0),
    interest_unit: Decimal = Decimal(0),
) -> UnitLoss:
    """Price one unit at ``stop``: the distance, both fees, gap, entry slip and interest.

    An average may have any number of digits: it counts as 12 decimals of it, against the reader.

    Raises:
        InvariantViolated: the figures have too many digits to add up exactly.
    """
    with localcontext(MONEY):
        if entry != truncate(entry, 12):
            entry = round_up(entry * side.sign, 12) * side.sign
        entry_fill = worse_price(entry, side.entry_action, entry_slip_bps)
        adverse_fill = worse_price(stop, side.exit_action, gap_bps)
        fee_term = fee * (entry_fill + adverse_fill)
        found = UnitLoss(
            entry_fill=entry_fill,
            adverse_fill=adverse_fill,
            span_term=(entry - stop) * side.sign,
            fee_term=fee_term,
            gap_term=abs(adverse_fill - stop),
            slip_term=abs(entry_fill - entry),
            interest_unit=interest_unit,
            loss_unit=side.sign * (entry_fill - adverse_fill) + fee_term + interest_unit,
        )
        parts = found.span_term + found.fee_term + found.gap_term + found.slip_term
        if parts + found.interest_unit != found.loss_unit:
            raise InvariantViolated(f"the terms of a unit's loss do not add up: {found}")
        return found


def quotient_down(dividend: Decimal, divisor: Decimal, places: int) -> Decimal:
    """Divide downwards all the way, so that multiplying back never exceeds the dividend."""
    with localcontext(MONEY, rounding=ROUND_DOWN):
        return truncate(dividend / divisor, places)

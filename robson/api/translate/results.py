"""Results of a position that is not settled yet, by its fills and the last price."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext

from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.reports import Fill
from robson.domain.values import MONEY, Side
from robson.domain.view import PositionView


def unrealized(
    view: PositionView, price: Decimal | None, rules: Instrument | None
) -> Decimal | None:
    """Result at ``price`` after both fees, in quote; None while nothing is held or known.

    What has left already counts at its own price; the rest at ``price``, less its fee.
    """
    if view.entry is None or view.side is None or view.closed is not None or price is None:
        return None
    with localcontext(MONEY):
        fees = fees_in_quote(_fills(view), view.scope.symbol)
        if fees is None:
            return None
        rest = max(Decimal(0), view.entry.held - view.exited)
        share = _traded_share(view)
        moved = sum(
            ((fill.price - view.entry.price) * fill.quantity for fill in _exits(view)), Decimal(0)
        )
        gross = view.side.sign * share * (moved + (price - view.entry.price) * rest)
        return gross - fees - _taker_fee(view, rules) * rest * price


def provisional(view: PositionView) -> Decimal | None:
    """Closed and not settled: gross less the fees known so far, in quote."""
    if view.closed is None or view.settled is not None:
        return None
    with localcontext(MONEY):
        fees = fees_in_quote(_fills(view), view.scope.symbol)
        return None if fees is None else view.closed.gross - fees


def fees_in_quote(fills: Iterable[Fill], symbol: Symbol) -> Decimal | None:
    """Sum of commissions, those in base at their own fill's price; None for a third asset."""
    total = Decimal(0)
    for fill in fills:
        if fill.commission_asset == symbol.quote:
            total += fill.commission
        elif fill.commission_asset == symbol.base:
            total += fill.commission * fill.price
        elif fill.commission:
            return None
    return total


def _fills(view: PositionView) -> tuple[Fill, ...]:
    return (*(view.entry.fills if view.entry else ()), *_exits(view), *view.given_back)


def _exits(view: PositionView) -> tuple[Fill, ...]:
    return (*view.insurance_fills, *view.exit_fills)


def _traded_share(view: PositionView) -> Decimal:
    """A short buys back more than it sold, by the fee in base; its result is on what it sold."""
    entry = view.entry
    if entry is None or view.side is Side.LONG or entry.held <= entry.quantity:
        return Decimal(1)
    return entry.quantity / entry.held


def _taker_fee(view: PositionView, rules: Instrument | None) -> Decimal:
    if rules is not None:
        return rules.taker_fee
    return view.plan.sizing.fee if view.plan else Decimal(0)

"""What is at risk now: the month's budget from the positions themselves, nothing stored twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, localcontext

from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot
from robson.domain.standing import DAY_NS, Day, Standing
from robson.domain.values import MONEY, NS_PER_S, ExchangeNs, round_up
from robson.domain.view import PositionView
from robson.engine.budget import Budget, latent_loss
from robson.engine.orders import side_of
from robson.engine.settle import exit_fills, fees

OVERRUN_PCT = Decimal("1.5")
"""Actual risk above this, in percent of the capital, is not held."""


def month_of(at_ns: ExchangeNs) -> str:
    """The UTC month of an instant, as ``2026-11``."""
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).strftime("%Y-%m")


def next_month(at_ns: ExchangeNs) -> str:
    """The first instant of the next UTC month, as an ISO time."""
    return _iso(month_ends_ns(at_ns))


def next_day(at_ns: ExchangeNs) -> str:
    """The first instant of the next UTC day, as an ISO time."""
    return _iso((at_ns // DAY_NS + 1) * DAY_NS)


def _iso(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def month_ends_ns(at_ns: ExchangeNs) -> ExchangeNs:
    """The first instant of the next UTC month."""
    now = datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
    first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return ExchangeNs(int(first.timestamp()) * NS_PER_S)


_UNEXPOSED = frozenset({PositionState.ARMED, PositionState.CANCELLED})
"""Not yet entered, or never: a reservation ends with its entry, whatever is still owed for it."""


def latent_of(
    view: PositionView, *, fee: Decimal, gap_bps: Decimal, basis: Decimal = Decimal(0)
) -> Decimal:
    """What a position may still lose, in quote; zero for one that cannot.

    The whole entry counts until the result is settled: a loss may not vanish between the fill that
    makes it and the month that counts it. With ``basis`` the loss counts from the month's opening.
    """
    if view.plan is None or view.is_settled or view.state in _UNEXPOSED:
        return Decimal(0)
    if view.entry is None:
        return view.plan.sizing.planned_risk
    assert view.stop is not None
    return latent_loss(
        side=side_of(view),
        stop=view.stop,
        quantity=view.entry.held,
        entry_vwap=view.entry.price,
        fee=fee,
        gap_bps=gap_bps,
        basis=basis,
    )


def actual_risk(view: PositionView) -> Decimal:
    """What the plan came to: the loss at its stop, priced again with the real fill, in quote.

    Equal to the planned risk where the entry filled as expected. Rounded up, never below zero.
    """
    assert view.plan is not None
    assert view.entry is not None
    sizing, sign = view.plan.sizing, side_of(view).sign
    with localcontext(MONEY):
        fill = round_up(view.entry.price * sign, 12) * sign
        unit = (fill - sizing.adverse_fill) * sign + sizing.fee * (fill + sizing.adverse_fill)
        loss = (unit + sizing.interest_unit) * view.entry.quantity
        return max(Decimal(0), round_up(loss, 12))


def overruns(view: PositionView) -> bool:
    """The fill made the risk larger than Robson holds, and no advance of the stop has mended it."""
    assert view.plan is not None
    with localcontext(MONEY):
        most = view.plan.sizing.capital * OVERRUN_PCT / 100
    return view.stop == view.plan.stops.stop and actual_risk(view) > most


def marked(view: PositionView, account: AccountSnapshot) -> Decimal:
    """Result of a position with what is left of it at the index price, in quote.

    After the fees of all fills and the interest the pair owes; what leaving would cost is not in.
    """
    assert view.entry is not None
    out, sign = exit_fills(view), side_of(view).sign
    with localcontext(MONEY):
        left = view.entry.held - sum((fill.quantity for fill in out), Decimal(0))
        made = sum(((fill.price - view.entry.price) * fill.quantity for fill in out), Decimal(0))
        made += (account.index_price - view.entry.price) * left
        interest = account.base.interest * account.index_price + account.quote.interest
        worth = made * sign - fees((*view.entry.fills, *out), view.scope.symbol) - interest
        # Against the reader: a higher basis is a larger loss from there.
        return round_up(worth, 12)


def budget_of(
    views: Iterable[PositionView], standing: Standing, *, fee: Decimal, gap_bps: Decimal
) -> Budget:
    """The month's budget: what was settled in it, and every latent loss of ``views``."""
    latent = sum(
        (
            latent_of(view, fee=fee, gap_bps=gap_bps, basis=standing.basis_of(view.id))
            for view in views
        ),
        Decimal(0),
    )
    return Budget(
        capital_base=standing.capital_base, realised_net=standing.month_net, latent=latent
    )


def trades_of_day(views: Iterable[PositionView], day: Day) -> int:
    """Entries of a UTC day: those that filled, and those under way."""
    return day.trades + sum(1 for view in views if view.state is PositionState.ENTERING)

"""What is at risk now: the month's budget from the positions themselves, nothing stored twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.domain.view import PositionView
from robson.engine.budget import Budget, latent_loss
from robson.engine.orders import side_of


def month_of(at_ns: ExchangeNs) -> str:
    """The UTC month of an instant, as ``2026-11``."""
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).strftime("%Y-%m")


def next_month(at_ns: ExchangeNs) -> str:
    """The first instant of the next UTC month, for people."""
    now = datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)  # noqa: PLR2004
    return f"{year}-{month:02d}-01 00:00 UTC"


def latent_of(view: PositionView, *, fee: Decimal, gap_bps: Decimal) -> Decimal:
    """What a position may still lose, in quote; zero for one that cannot.

    The whole entry counts until the result is settled: a loss may not vanish between the fill that
    makes it and the month that counts it.
    """
    if view.plan is None or view.is_settled or view.state is PositionState.ARMED:
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
    )


def budget_of(
    views: Iterable[PositionView],
    *,
    capital_base: Decimal,
    month: str,
    fee: Decimal,
    gap_bps: Decimal,
) -> Budget:
    """The month's budget: settled results of this UTC month, and every latent loss."""
    realised = Decimal(0)
    latent = Decimal(0)
    for view in views:
        if view.settled is not None and month_of(view.settled.at_ns) == month:
            realised += view.settled.net
        latent += latent_of(view, fee=fee, gap_bps=gap_bps)
    return Budget(capital_base=capital_base, realised_net=realised, latent=latent)

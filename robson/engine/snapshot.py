"""All that the gates look at, read at one instant: one value for admission, status and halt."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

import attrs

from robson.domain.standing import Standing
from robson.domain.values import MONEY, ExchangeNs, Price
from robson.domain.view import PositionView
from robson.engine.budget import Budget
from robson.engine.exposure import next_day, next_month, trades_of_day
from robson.engine.settings import Settings
from robson.engine.sizing import MIN_NET_R

MAX_LEVERAGE = 10
"""More is never taken, whatever is configured."""


@attrs.frozen(kw_only=True)
class DiskState:
    """The journal's disk. ``failed``: why the journal is not written any more, else None."""

    free_mib: int
    least_mib: int
    failed: str | None = None


@attrs.frozen(kw_only=True)
class WalletState:
    """The pair's isolated account. ``debt``: borrowed and interest, of either asset."""

    base_total: Decimal
    debt: Decimal
    resting_orders: int
    dust_limit: Decimal


@attrs.frozen(kw_only=True)
class RiskSnapshot:
    """All that the gates look at, read at one instant. Amounts are in quote.

    Attributes:
        open_positions: those not terminal, without the one being decided.
        duplicate: another position is open for this account and symbol.
        wallet: None when it could not be read, which denies.
        price_age_s: age of the live price; None when there is none, which denies an entry.
        entry_ref, span: of the signal; an entry plan's own take their place.
        valid_until_ns: last instant of the signal; None when it does not age.
        month_resets, day_resets: when the month's budget and the day's limits begin again, as ISO
            times.
        leader: this process holds the lease; where there is one host, its lock.
        disk: None where no journal is kept on one.
        frozen: why the symbol or the account is frozen; None when neither is.
        day_net: settled results of the UTC day.
        day_loss_limit: the loss at which the day ends; None when off.
        day_trades: entries of the UTC day; one that is under way counts.
        pair_leverage: most that the exchange lends up to on this pair.
        min_ml_entry, min_ml_bound: least margin level at the entry and at the exchange stop.
        carried, smallest: most base that own money and what is lent carry, and the smallest order;
            None where the exchange was not asked.
        stop_order: the symbol lists a stop order that Robson can let rest.
        observes: nothing may be sent, whatever the other gates say.
        allow_low_gain: a stop-gain below ``min_net_r`` was asked for.
    """

    runtime_state: str
    monthly_halt: bool
    open_positions: int
    max_open: int
    duplicate: bool
    wallet: WalletState | None
    capital_base: Decimal
    remaining_budget: Decimal
    leverage: int
    max_leverage: int
    price_age_s: Decimal | None = None
    live_price: Price | None = None
    entry_ref: Price | None = None
    span: Decimal | None = None
    now_ns: ExchangeNs | None = None
    valid_until_ns: ExchangeNs | None = None
    month_resets: str | None = None
    max_price_age_s: Decimal = Decimal(5)
    max_drift_pct: Decimal = Decimal("0.3")
    max_drift_spans: Decimal = Decimal("0.25")
    min_net_r: Decimal = MIN_NET_R
    allow_low_gain: bool = False
    carried: Decimal | None = None
    smallest: Decimal = Decimal(0)
    stop_order: bool = True
    disk: DiskState | None = None
    leader: bool = True
    frozen: str | None = None
    day_net: Decimal = Decimal(0)
    day_loss_limit: Decimal | None = None
    day_trades: int = 0
    day_trades_limit: int | None = None
    day_resets: str | None = None
    pair_leverage: int = MAX_LEVERAGE
    min_ml_entry: Decimal = Decimal("1.5")
    min_ml_bound: Decimal = Decimal("1.3")
    observes: bool = False

    @property
    def leverage_limit(self) -> int:
        """The least of what is configured, what the pair allows and what Robson ever takes."""
        return min(self.max_leverage, self.pair_leverage, MAX_LEVERAGE)


def account_risk(
    others: Sequence[PositionView],
    standing: Standing,
    *,
    budget: Budget,
    settings: Settings,
    now_ns: ExchangeNs,
    leads: bool,
    disk: DiskState | None = None,
) -> RiskSnapshot:
    """What is no pair's own, at one instant; of the pair nothing is known yet, which denies."""
    day, loss = standing.day_at(now_ns), day_loss_limit(standing.capital_base, settings)
    return RiskSnapshot(
        runtime_state=standing.state.name,
        monthly_halt=standing.halt is not None,
        open_positions=len(others),
        max_open=settings.max_open_positions,
        duplicate=False,
        wallet=None,
        capital_base=budget.capital_base,
        remaining_budget=budget.remaining,
        leverage=settings.leverage,
        max_leverage=settings.max_leverage,
        month_resets=next_month(now_ns),
        max_drift_pct=settings.max_drift_pct,
        leader=leads,
        disk=disk,
        day_net=day.net,
        day_loss_limit=loss,
        day_trades=trades_of_day(others, day),
        day_trades_limit=settings.max_trades_per_day,
        day_resets=next_day(now_ns),
        min_ml_entry=settings.min_ml_entry,
        min_ml_bound=settings.min_ml_bound,
        observes=settings.observes,
    )


def day_loss_limit(capital_base: Decimal, settings: Settings) -> Decimal | None:
    """The loss at which a UTC day takes no more entries, in quote; None when off."""
    if settings.max_daily_loss_pct == 0:
        return None
    with localcontext(MONEY):
        return max(Decimal(0), capital_base) * settings.max_daily_loss_pct / 100

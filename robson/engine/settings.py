"""The numbers of the configuration that decisions use."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.domain.plan import USUAL_INSURANCE, InsuranceTerms
from robson.domain.values import Leverage


@attrs.frozen(kw_only=True)
class Settings:
    """What each number means. Windows in milliseconds, costs in bps.

    Attributes:
        hold_hours: how long a position is expected to pay interest, for its size.
        max_drift_pct: entry drift in percent of the reference.
        backoff_base_s, backoff_max_s: how long a position listens to no signal after one that was
            refused, doubling with each in a row.
        manual_signals: whether signals may be injected.
        insurance: where an exchange stop rests, and whether one does.
        use_limit: an exchange stop with a limit where the symbol takes both types.
        min_replace_s: an exchange stop is moved at most once in so many seconds.
        limit_offset_pct: how far behind its trigger the limit of an exchange stop lies, where the
            symbol takes none without a limit; in percent of the trigger.
        max_daily_loss_pct: of the capital base, lost in a UTC day at which entries stop; 0 is off.
        on_halt: ``hold`` keeps open positions protected at the monthly halt, ``close`` leaves them.
        margin_exit_level: below it a position is left; the pair's liquidation ratio may raise it.
        margin_poll_s: how often the level of what is held with a debt is read.
        min_ml_entry, min_ml_bound: least margin level at the entry and at the exchange stop.
        observes: everything is decided, and nothing is sent.
    """

    recv_window_ms: int = 1500
    exit_recv_window_ms: int = 2000
    gap_bps: Decimal = Decimal(10)
    entry_slip_bps: Decimal = Decimal(5)
    headroom_bps: Decimal = Decimal(100)
    hold_hours: int = 24
    max_drift_pct: Decimal = Decimal("0.3")
    signal_ttl_s: int = 30
    backoff_base_s: int = 5
    backoff_max_s: int = 900
    manual_signals: bool = False
    max_open_positions: int = 3
    max_leverage: int = 3
    default_leverage: int = 3
    max_daily_loss_pct: Decimal = Decimal(3)
    max_trades_per_day: int = 50
    warn_trades_per_day: int = 40
    min_ml_entry: Decimal = Decimal("1.5")
    min_ml_bound: Decimal = Decimal("1.3")
    limit_offset_pct: Decimal = Decimal("1.5")
    insurance: InsuranceTerms = USUAL_INSURANCE
    use_limit: bool = False
    min_replace_s: int = 5
    min_gain_r: Decimal = Decimal("0.5")
    on_halt: str = "hold"
    margin_exit_level: Decimal = Decimal("1.2")
    margin_poll_s: int = 10
    observes: bool = False

    @property
    def leverage(self) -> Leverage:
        """Where an arm names none."""
        return Leverage(min(self.default_leverage, self.max_leverage))


USUAL_SETTINGS = Settings()
"""Each at its default."""

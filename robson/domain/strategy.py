"""What a strategy is: a named, versioned choice of when, where and how, stamped at arm.

A change of configuration never touches a live position: the position carries its own snapshot.
"""

from __future__ import annotations

import enum
from decimal import Decimal

import attrs

from robson.domain.errors import InvalidValue
from robson.domain.values import Side, StopDistanceBounds


class DetectorKind(enum.Enum):
    """Which detector watches for the one signal."""

    IMMEDIATE = "immediate"
    MA_CROSSOVER = "ma_crossover"


class TrailingMode(enum.Enum):
    """How the stop follows a favourable price."""

    OFF = "off"
    HANDSPAN = "handspan"
    CONTINUOUS = "continuous"


@attrs.frozen(kw_only=True)
class TechnicalStopConfig:
    """Parameters of the technical-stop analyser, on 15m candles."""

    level_n: int = 2
    lookback_candles: int = 100
    swing_lookback: int = 2
    level_tolerance: Decimal = Decimal("0.002")
    min_touches: int = 1
    atr_period: int = 14
    atr_multiplier: Decimal = Decimal("1.5")
    buffer_bps: Decimal = Decimal(0)
    buffer_cap_ratio: Decimal = Decimal("0.25")
    bounds: StopDistanceBounds = StopDistanceBounds()

    def __attrs_post_init__(self) -> None:
        ranges = (
            ("level_n", self.level_n, 1, 5),
            ("lookback_candles", self.lookback_candles, 50, 500),
            ("swing_lookback", self.swing_lookback, 1, 5),
            ("min_touches", self.min_touches, 1, 5),
            ("buffer_bps", self.buffer_bps, 0, 100),
            ("level_tolerance", self.level_tolerance, Decimal("0.0005"), Decimal("0.02")),
        )
        for name, value, low, high in ranges:
            if not low <= value <= high:
                raise InvalidValue(f"stop.{name} is {value}; allowed is {low} to {high}")


@attrs.frozen(kw_only=True)
class StrategyConfig:
    """The snapshot a position lives by.

    Attributes:
        bias: side taken when the user names none; None lets the detector choose.
        stop_gain_spans: target in spans above the entry reference; None for no target.
        be_bps: first rung above the entry in basis points; None derives it from the fee.
        fast, slow: periods of the moving averages, for ``ma_crossover`` only.
    """

    name: str
    version: int = 1
    bias: Side | None = Side.LONG
    detector: DetectorKind = DetectorKind.MA_CROSSOVER
    fast: int = 9
    slow: int = 21
    stop: TechnicalStopConfig = TechnicalStopConfig()
    stop_gain_spans: Decimal | None = Decimal(2)
    trailing: TrailingMode = TrailingMode.HANDSPAN
    be_bps: Decimal | None = None
    risk_pct: Decimal = Decimal(1)

    def __attrs_post_init__(self) -> None:
        if not 2 <= self.fast < self.slow:  # noqa: PLR2004
            raise InvalidValue(f"2 <= fast < slow is broken by {self.fast} and {self.slow}")
        if not 0 < self.risk_pct <= 1:
            raise InvalidValue(f"risk_pct is {self.risk_pct}; allowed is above 0 up to 1")


ALL_IN = StrategyConfig(name="all-in")
"""The largest size the 1 % rule permits, on a 9/21 crossing of closed 15m candles."""
NOW = StrategyConfig(name="now", detector=DetectorKind.IMMEDIATE)
"""The exits of ``all-in``; enters at arm."""

STRATEGIES = {strategy.name: strategy for strategy in (ALL_IN, NOW)}

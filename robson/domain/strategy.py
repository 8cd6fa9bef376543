"""What a strategy is: a named, versioned choice of when, where and how, stamped at arm.

A change of configuration never touches a live position: the position carries its own snapshot.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any

import attrs

from robson.domain.errors import InvalidValue
from robson.domain.values import Side, StopDistanceBounds


class DetectorKind(enum.Enum):
    """Which detector watches for the one signal."""

    IMMEDIATE = "immediate"
    MA_CROSSOVER = "ma_crossover"
    MANUAL = "manual"


class TrailingMode(enum.Enum):
    """How the stop follows a favourable price."""

    OFF = "off"
    HANDSPAN = "handspan"
    CONTINUOUS = "continuous"


@attrs.frozen(kw_only=True)
class TechnicalStopConfig:
    """From the chart to the executable stop, on 15m candles.

    Attributes:
        buffer_bps, buffer_cap_ratio: room behind the level, at most a share of its distance.
        guard_lookback: candles, the forming one among them, behind whose adverse extreme the stop
            lies until it first advances; None for no guard.
    """

    level_n: int = 2
    lookback_candles: int = 100
    swing_lookback: int = 2
    level_tolerance: Decimal = Decimal("0.002")
    min_touches: int = 1
    atr_period: int = 14
    atr_multiplier: Decimal = Decimal("1.5")
    buffer_bps: Decimal = Decimal(0)
    buffer_cap_ratio: Decimal = Decimal("0.25")
    guard_lookback: int | None = None
    bounds: StopDistanceBounds = StopDistanceBounds()

    def __attrs_post_init__(self) -> None:
        ranges = (
            ("level_n", self.level_n, 1, 5),
            ("lookback_candles", self.lookback_candles, 50, 500),
            ("swing_lookback", self.swing_lookback, 1, 5),
            ("min_touches", self.min_touches, 1, 5),
            ("atr_period", self.atr_period, 2, 100),
            ("atr_mult", self.atr_multiplier, Decimal("0.1"), 10),
            ("buffer_bps", self.buffer_bps, 0, 100),
            ("guard_lookback", 2 if self.guard_lookback is None else self.guard_lookback, 2, 50),
            ("cap_ratio", self.buffer_cap_ratio, 0, Decimal("0.25")),
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
        one_sided: no other side than the bias may be named.
        leverage: taken when the user names none; None for the daemon's own.
        stop_gain_spans: target in spans above the entry reference; None for no target.
        be_bps: first rung above the entry in basis points; None derives it from the fee.
        fast, slow: periods of the moving averages, for ``ma_crossover`` only.
    """

    name: str
    version: int = 1
    bias: Side | None = Side.LONG
    one_sided: bool = False
    leverage: int | None = None
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
        if self.one_sided and self.bias is None:
            raise InvalidValue("one_sided needs a bias of long or short")

    def takes(self, side: Side | None) -> bool:
        """Whether a side may be named for it; None for leaving it to the detector."""
        return not self.one_sided or side is self.bias


def shipped(base: StrategyConfig) -> dict[str, StrategyConfig]:
    """The strategies that come with Robson, each by what it does otherwise than ``base``.

    ``all-in``: the largest size the 1 % rule permits, on a crossing of closed 15m candles. ``now``:
    the same exits; enters at arm. ``trend``: no target, the ladder alone takes it out.
    ``iron-exit``: short only, behind the second resistance.
    """
    differences: dict[str, dict[str, Any]] = {
        "all-in": {},
        "now": {"detector": DetectorKind.IMMEDIATE},
        "trend": {"stop_gain_spans": None, "trailing": TrailingMode.HANDSPAN},
        "iron-exit": {"bias": Side.SHORT, "one_sided": True},
    }
    return {
        name: attrs.evolve(base, name=name, **differently)
        for name, differently in differences.items()
    }


STRATEGIES = shipped(StrategyConfig(name="base"))
"""Those that come with Robson, as they are without any configuration."""
ALL_IN, NOW = STRATEGIES["all-in"], STRATEGIES["now"]

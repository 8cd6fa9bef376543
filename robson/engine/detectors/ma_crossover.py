"""Enters when two simple moving averages cross on closed 15m candles.

Only the crossing fires, not one average being above the other. A demonstrator, not an edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

import attrs

from robson.domain.values import MONEY, Candle, Price, Side, plain
from robson.engine.detectors.protocol import DetectorSignal


@attrs.frozen(kw_only=True)
class MaCrossover:
    """Long when the fast average crosses above the slow one, short when below.

    Attributes:
        fast, slow: periods in candles, ``2 <= fast < slow``.
        side: only this side fires; None for whichever comes first.
    """

    fast: int
    slow: int
    side: Side | None

    def on_candle(self, candles: Sequence[Candle]) -> DetectorSignal | None:
        """The crossing that the last candle made, at its close. Needs ``slow + 1`` candles."""
        if len(candles) <= self.slow:
            return None
        before, now = self._lead(candles[:-1]), self._lead(candles)
        if before <= 0 < now:
            crossed = Side.LONG
        elif now < 0 <= before:
            crossed = Side.SHORT
        else:
            return None
        if self.side not in (None, crossed):
            return None
        return DetectorSignal(side=crossed, entry_ref=candles[-1].close)

    def on_arm(self, candles: Sequence[Candle], live_price: Price) -> DetectorSignal | None:
        """Never: a crossing that was before the arming is not taken."""
        return None

    def waiting_for(self, candles: Sequence[Candle]) -> str:
        """The crossing, with both averages of the last closed candle."""
        cross = "to cross SMA" if self.side is None else f"to cross {self._direction()} SMA"
        need = self.slow + 1
        waits = f"waits for SMA {self.fast} {cross} {self.slow} on closed 15m candles"
        if len(candles) < need:
            return f"{waits}; {len(candles)} of {need} candles"
        values = (_shown(candles[-period:]) for period in (self.fast, self.slow))
        return f"{waits}; last {' and '.join(values)}"

    def _direction(self) -> str:
        return "above" if self.side is Side.LONG else "below"

    def _lead(self, candles: Sequence[Candle]) -> Decimal:
        """Fast minus slow average, times both periods: the sign without a rounding division."""
        with localcontext(MONEY):
            fast, slow = _total(candles[-self.fast :]), _total(candles[-self.slow :])
            return fast * self.slow - slow * self.fast


def _total(candles: Sequence[Candle]) -> Decimal:
    return sum((candle.close for candle in candles), Decimal(0))


def _shown(candles: Sequence[Candle]) -> str:
    """Mean of the closes, with as many decimals as the closes use, and commas."""
    with localcontext(MONEY):
        mean = _total(candles) / len(candles)
        used = (plain(candle.close).partition(".")[2].rstrip("0") for candle in candles)
        return format(mean, f",.{max(len(digits) for digits in used)}f")

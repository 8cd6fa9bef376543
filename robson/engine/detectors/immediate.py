"""Enters at once: the signal is the arming itself. It waits for no candle and no further tick."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from robson.domain.values import Candle, Price, Side
from robson.engine.detectors.protocol import DetectorSignal


@attrs.frozen
class Immediate:
    """Fires at arm, at the live price. Without a side it is a long."""

    side: Side | None

    def on_candle(self, candles: Sequence[Candle]) -> DetectorSignal | None:
        """Never: the arming was the one attempt."""
        return None

    def on_arm(self, candles: Sequence[Candle], live_price: Price) -> DetectorSignal | None:
        """Always, at the live price."""
        return DetectorSignal(side=self.side or Side.LONG, entry_ref=live_price)

    def waiting_for(self, candles: Sequence[Candle]) -> str:
        """Nothing is waited for."""
        return "waits for nothing: enters at arm, at the live price"

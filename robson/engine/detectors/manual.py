"""Enters when somebody says so: the signal comes from outside, with its stop."""

from __future__ import annotations

from collections.abc import Sequence

from robson.domain.values import Candle, Price
from robson.engine.detectors.protocol import DetectorSignal


class Manual:
    """Fires by itself never; the signal is injected."""

    def on_candle(self, candles: Sequence[Candle]) -> DetectorSignal | None:
        """Never."""
        return None

    def on_arm(self, candles: Sequence[Candle], live_price: Price) -> DetectorSignal | None:
        """Never."""
        return None

    def waiting_for(self, candles: Sequence[Candle]) -> str:
        """The call that fires it."""
        return "waits for an injected signal (InjectSignal)"

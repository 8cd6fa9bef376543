"""When to enter: what every detector answers. Where the entry is wrong is not its business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from robson.domain.values import Candle, Price, Side


@attrs.frozen(kw_only=True)
class DetectorSignal:
    """The one thing a detector says: which side, and the price it was seen at."""

    side: Side
    entry_ref: Price


class Detector(Protocol):
    """Watches for one position's one signal.

    A detector keeps nothing between calls: all it needs is in the candles, so a restart loses
    nothing. Its owner takes the first signal and asks no more.
    """

    def on_candle(self, candles: Sequence[Candle]) -> DetectorSignal | None:
        """Judge the candle that has just closed: the last of ``candles``, oldest first."""
        ...

    def on_arm(self, candles: Sequence[Candle], live_price: Price) -> DetectorSignal | None:
        """Judge the instant of arming: closed candles, oldest first, and the live price."""
        ...

    def waiting_for(self, candles: Sequence[Candle]) -> str:
        """One sentence for people: what would fire, and the last values."""
        ...

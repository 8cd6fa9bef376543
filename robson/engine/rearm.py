"""When a position that waits listens again after a signal that came to nothing.

A refusal is not tried again: the next entry needs a fresh trigger, and not at once. The pause
doubles with each refusal in a row and ends with a signal that clears the gates.
"""

from __future__ import annotations

from robson.domain.values import NS_PER_S, ExchangeNs
from robson.domain.view import PositionView
from robson.engine.settings import Settings


def listens_ns(view: PositionView, settings: Settings) -> ExchangeNs:
    """The first instant at which a detector's signal is taken; 0 where none was refused."""
    if view.refused_ns is None or not view.refusals:
        return ExchangeNs(0)
    # 2 ** 17 seconds are more than a day, the longest pause that can be configured.
    pause_s = settings.backoff_base_s * 2 ** min(view.refusals - 1, 17)
    return ExchangeNs(view.refused_ns + min(pause_s, settings.backoff_max_s) * NS_PER_S)

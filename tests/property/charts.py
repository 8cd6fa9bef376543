"""Random charts with an entry and a configuration, for the properties of the stop."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import attrs
from hypothesis import strategies as st

from robson.domain.strategy import TechnicalStopConfig
from robson.domain.values import CANDLE_NS, Candle, ExchangeNs, Price, Side

NOW = ExchangeNs(1000 * CANDLE_NS)
"""The instant at which every chart's last candle closes."""

configs = st.builds(
    TechnicalStopConfig,
    level_n=st.integers(1, 5),
    lookback_candles=st.sampled_from([50, 70, 100]),
    swing_lookback=st.integers(1, 5),
    level_tolerance=st.sampled_from([Decimal("0.0005"), Decimal("0.002"), Decimal("0.02")]),
    min_touches=st.integers(1, 3),
    atr_period=st.sampled_from([14, 5, 60]),
    buffer_bps=st.sampled_from([Decimal(0), Decimal(10), Decimal(100)]),
)


@attrs.frozen
class Case:
    """A chart that closes at ``NOW`` with its entry, and the grid it lives on."""

    candles: tuple[Candle, ...]
    entry: Price
    side: Side
    config: TechnicalStopConfig
    unit: Decimal


def walk(seed: int, count: int, swing: int) -> list[tuple[int, int, int, int]]:
    """A random walk as whole units: open, high, low, close."""
    chance = Random(seed)
    at, bars = 100_000, []
    for _ in range(count):
        close = max(1000, at + chance.randint(-swing, swing))
        high = max(at, close) + chance.randint(0, swing)
        low = max(500, min(at, close) - chance.randint(0, swing))
        bars.append((at, high, low, close))
        at = close
    return bars


def candles_of(bars: list[tuple[int, int, int, int]], unit: Decimal) -> tuple[Candle, ...]:
    first = NOW // CANDLE_NS - len(bars)
    return tuple(
        Candle((first + place) * CANDLE_NS, *(Price(value * unit) for value in bar))
        for place, bar in enumerate(bars)
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    unit = draw(st.sampled_from([Decimal("1E-8"), Decimal("0.01"), Decimal(10)]))
    swing = draw(st.sampled_from([3, 50, 200, 3000]))
    bars = walk(draw(st.integers(0, 2**32)), draw(st.integers(101, 130)), swing)
    entry = bars[-1][3] + draw(st.integers(-swing, swing))
    return Case(
        candles=candles_of(bars, unit),
        entry=Price(max(600, entry) * unit),
        side=draw(st.sampled_from(Side)),
        config=draw(configs),
        unit=unit,
    )

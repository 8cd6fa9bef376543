"""What a chart shows: swings, their clusters, the walk that picks one, and the true ranges.

Pure functions of closed candles; knows nothing of freshness, orders or money.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from robson.domain.plan import Level, SkippedLevel
from robson.domain.strategy import TechnicalStopConfig
from robson.domain.values import Candle, Price, Side


@attrs.frozen(kw_only=True)
class Choice:
    """A level, or none, and the walk that led there.

    Attributes:
        number: 1-based place of the level, closest first; None without a level.
        confidence: ``high`` for the Nth level itself, ``medium`` for any other, ``low`` for none.
        skipped: levels the walk passed, each with its reason.
    """

    level: Level | None
    number: int | None
    confidence: str
    skipped: tuple[SkippedLevel, ...]


def levels_of(
    candles: Sequence[Candle], *, entry_ref: Price, side: Side, config: TechnicalStopConfig
) -> tuple[Level, ...]:
    """All clusters of swings on the loss side of the entry, closest first."""
    swings = [
        swing
        for swing in _swings(candles, side, config.swing_lookback)
        if (entry_ref - swing) * side.sign > 0
    ]
    extreme = min if side is Side.LONG else max
    levels = [
        Level(
            price=Price(extreme(cluster)),
            touches=len(cluster),
            distance=abs(entry_ref - extreme(cluster)),
        )
        for cluster in _clusters(swings, config.level_tolerance * entry_ref)
        if len(cluster) >= config.min_touches
    ]
    return tuple(sorted(levels, key=lambda level: level.distance))


def _swings(candles: Sequence[Candle], side: Side, reach: int) -> list[Decimal]:
    """Lows (long) or highs (short) strictly beyond ``reach`` neighbours each side."""
    sign = side.sign
    edges = [candle.low if side is Side.LONG else -candle.high for candle in candles]
    return [
        edge * sign
        for place, edge in enumerate(edges[reach : len(edges) - reach], start=reach)
        if all(
            edge < edges[place - away] and edge < edges[place + away]
            for away in range(1, reach + 1)
        )
    ]


def _clusters(swings: Sequence[Decimal], tolerance: Decimal) -> list[list[Decimal]]:
    """Ascending, each swing into the first cluster whose running mean is near enough."""
    clusters: list[list[Decimal]] = []
    for swing in sorted(swings):
        for cluster in clusters:
            # |swing - mean| <= tolerance, without the division, which would round
            if abs(swing * len(cluster) - sum(cluster)) <= tolerance * len(cluster):
                cluster.append(swing)
                break
        else:
            clusters.append([swing])
    return clusters


def choose(levels: Sequence[Level], *, entry_ref: Price, config: TechnicalStopConfig) -> Choice:
    """Anchor at the Nth level and walk deeper only, to the first within bounds.

    With fewer than N levels the deepest one is taken if it is within bounds. Walking stops at the
    first level that is too far: what lies behind it is farther still.
    """
    anchor = min(config.level_n, len(levels))
    skipped: list[SkippedLevel] = []
    for number, level in enumerate(levels[max(anchor - 1, 0) :], start=anchor):
        reason = config.bounds.place(level.distance, entry_ref)
        if reason is None:
            confidence = "high" if number == config.level_n else "medium"
            return Choice(level=level, number=number, confidence=confidence, skipped=tuple(skipped))
        skipped.append(SkippedLevel(price=level.price, distance=level.distance, reason=reason))
        if reason == "above_max":
            break
    return Choice(level=None, number=None, confidence="low", skipped=tuple(skipped))


def true_ranges(window: Sequence[Candle], period: int) -> Decimal:
    """Sum of the last ``period`` true ranges, each measured from the close before it."""
    pairs = zip(window[-period - 1 : -1], window[-period:], strict=True)
    return sum(
        (max(now.high, before.close) - min(now.low, before.close) for before, now in pairs),
        Decimal(0),
    )


def recent_extreme(
    candles: Sequence[Candle], forming: Candle | None, *, side: Side, count: int
) -> Price | None:
    """The adverse extreme of the last ``count`` candles, the forming one among them.

    None where there are fewer. A candle that has only just closed leaves none forming.
    """
    recent = [*candles[-count:], *([forming] if forming is not None else [])][-count:]
    if len(recent) < count:
        return None
    if side is Side.LONG:
        return min(candle.low for candle in recent)
    return max(candle.high for candle in recent)

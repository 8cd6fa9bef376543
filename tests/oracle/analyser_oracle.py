"""Technical stop: the second support or resistance on 15m candles, else the ATR fallback.

Also the step from that chart level to the executable stop (guard, buffer, adverse tick).
Never derives a stop from a percentage of the entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import Any

Number = str | int | Decimal | Fraction  # a float is refused
Candle = tuple[int, Number, Number, Number, Number]  # open_time_ms, open, high, low, close
SIGN = {"long": 1, "short": -1}


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


def plain(value: Fraction) -> Decimal | Fraction:
    """A Decimal when the value terminates, else the fraction (both compare exactly)."""
    context = Context(prec=300, traps=[Inexact, InvalidOperation])
    try:
        return context.divide(Decimal(value.numerator), Decimal(value.denominator))
    except Inexact:
        return value


def out_of_bounds(level: Fraction, entry: Fraction, min_bps: Number, max_bps: Number) -> str | None:
    """`below_min`, `above_max`, or None when the distance is within bounds, both ends included."""
    scaled = abs(entry - level) * 10_000
    if scaled < exact(min_bps) * entry:
        return "below_min"
    if scaled > exact(max_bps) * entry:
        return "above_max"
    return None


def swings(candles: Sequence[Candle], side: str, swing_lookback: int = 2) -> list[Fraction]:
    """Swing lows (long) or highs (short): strictly beyond every neighbour on both sides."""
    column = 3 if side == "long" else 2
    values = [exact(candle[column]) for candle in candles]
    found = []
    for i in range(swing_lookback, len(values) - swing_lookback):
        neighbours = [*values[i - swing_lookback : i], *values[i + 1 : i + 1 + swing_lookback]]
        if side == "long" and all(values[i] < other for other in neighbours):
            found.append(values[i])
        if side == "short" and all(values[i] > other for other in neighbours):
            found.append(values[i])
    return found


def clusters_of(
    levels: Iterable[Number], entry_ref: Number, tolerance: Number = "0.002"
) -> list[list[Fraction]]:
    """Ascending levels, each put into the first group whose running mean is near enough."""
    reach = exact(tolerance) * exact(entry_ref)
    groups: list[list[Fraction]] = []
    for level in sorted(exact(value) for value in levels):
        for group in groups:
            if abs(level - sum(group, Fraction(0)) / len(group)) <= reach:
                group.append(level)
                break
        else:
            groups.append([level])
    return groups


def representative(cluster: Iterable[Number], side: str) -> Fraction:
    """The adverse extreme of a group: the lowest support, the highest resistance."""
    members = [exact(value) for value in cluster]
    return min(members) if side == "long" else max(members)


def select(
    clusters: Iterable[Iterable[Number]],
    entry_ref: Number,
    side: str,
    level_n: int = 2,
    min_bps: Number = 10,
    max_bps: Number = 1000,
) -> dict[str, Any]:
    """Choose among ready-made clusters: the N-th nearest, else deeper, never shallower.

    `index` counts from 1 outwards from the entry. With fewer than N clusters only the deepest may
    be taken. `level` is None when nothing fits.
    """
    entry = exact(entry_ref)
    levels = [representative(cluster, side) for cluster in clusters]
    levels.sort(key=lambda level: abs(entry - level))
    answer: dict[str, Any] = {"level": None, "index": None, "confidence": None, "skipped": []}
    first = min(level_n, len(levels))
    for index in range(first, len(levels) + 1):
        if index == 0:
            break
        level = levels[index - 1]
        reason = out_of_bounds(level, entry, min_bps, max_bps)
        if reason is None:
            confidence = "high" if index == level_n else "medium"
            return answer | {"level": plain(level), "index": index, "confidence": confidence}
        answer["skipped"].append((index, plain(level), reason))
        if reason == "above_max":
            break
    return answer


def average_true_range(candles: Sequence[Candle], period: int = 14) -> Fraction:
    """Simple mean of the last `period` true ranges; each needs the close before it."""
    total = Fraction(0)
    for i in range(len(candles) - period, len(candles)):
        high, low = exact(candles[i][2]), exact(candles[i][3])
        before = exact(candles[i - 1][4])
        total += max(high - low, abs(high - before), abs(low - before))
    return total / period


def analyse(
    candles: Sequence[Candle],
    entry_ref: Number,
    side: str,
    *,
    now_ms: int | None = None,
    timeframe_ms: int = 900_000,
    lookback_candles: int = 100,
    swing_lookback: int = 2,
    level_n: int = 2,
    level_tolerance: Number = "0.002",
    min_touches: int = 1,
    atr_period: int = 14,
    atr_multiplier: Number = "1.5",
    min_bps: Number = 10,
    max_bps: Number = 1000,
) -> dict[str, Any]:
    """The whole analysis with its audit; `now_ms` None means every candle given is closed.

    A candle is closed at its open time plus the timeframe. Only the newest candles needed are
    looked at: a gap before them does not matter.
    """
    answer = nothing_found(level_n)
    needed = max(lookback_candles, atr_period + 1)
    closed = [c for c in candles if now_ms is None or c[0] + timeframe_ms <= now_ms]
    window = closed[-needed:]
    unfit = unfit_for_judgement(window, needed, timeframe_ms, now_ms)
    if unfit is not None:
        return answer | {"reason": unfit}
    looked_at = window[-lookback_candles:]
    answer["candle_count"] = len(looked_at)
    answer["first_open_ms"], answer["last_open_ms"] = looked_at[0][0], looked_at[-1][0]

    entry = exact(entry_ref)
    groups = zones(looked_at, entry, side, swing_lookback, level_tolerance, min_touches)
    answer["clusters"] = [
        {
            "level": plain(representative(g, side)),
            "touches": len(g),
            "members": [plain(x) for x in g],
        }
        for g in groups
    ]
    chosen = select(groups, entry, side, level_n, min_bps, max_bps)
    answer["skipped"] = chosen["skipped"]
    if chosen["level"] is not None:
        return answer | {
            "outcome": "selected",
            "method": "swing",
            "confidence": chosen["confidence"],
            "level": chosen["level"],
            "distance": plain(abs(entry - exact(chosen["level"]))),
            "index": chosen["index"],
        }
    atr = average_true_range(window, atr_period)
    return answer | fallback(entry, side, atr, atr_multiplier, min_bps, max_bps)


def nothing_found(level_n: int) -> dict[str, Any]:
    """The answer before anything was looked at."""
    return {
        "outcome": "data_unavailable",
        "reason": None,
        "method": None,
        "confidence": None,
        "level": None,
        "distance": None,
        "index": None,
        "configured_n": level_n,
        "skipped": [],
        "clusters": [],
        "atr": None,
        "candle_count": 0,
        "first_open_ms": None,
        "last_open_ms": None,
    }


def unfit_for_judgement(
    window: Sequence[Candle], needed: int, timeframe_ms: int, now_ms: int | None
) -> str | None:
    """Why closed candles cannot be judged: a gap first, then their age, then their number."""
    if any(b[0] - a[0] != timeframe_ms for a, b in pairwise(window)):
        return "gap"
    if now_ms is not None and window and now_ms - window[-1][0] - 2 * timeframe_ms > 90_000:
        return "stale"
    return "insufficient" if len(window) < needed else None


def zones(
    looked_at: Sequence[Candle],
    entry: Fraction,
    side: str,
    swing_lookback: int,
    level_tolerance: Number,
    min_touches: int,
) -> list[list[Fraction]]:
    """Groups of swings on the loss side that were touched often enough, nearest first."""
    found = swings(looked_at, side, swing_lookback)
    levels = [x for x in found if SIGN[side] * (entry - x) > 0]
    groups = [g for g in clusters_of(levels, entry, level_tolerance) if len(g) >= min_touches]
    return sorted(groups, key=lambda g: abs(entry - representative(g, side)))


def fallback(
    entry: Fraction,
    side: str,
    atr: Fraction,
    atr_multiplier: Number,
    min_bps: Number,
    max_bps: Number,
) -> dict[str, Any]:
    """The ATR stop, if it is within bounds; there is no third way."""
    distance = exact(atr_multiplier) * atr
    level = entry - SIGN[side] * distance
    found: dict[str, Any] = {"method": "atr", "atr": plain(atr)}
    if out_of_bounds(level, entry, min_bps, max_bps):
        return found | {"outcome": "no_valid_stop", "reason": "atr_out_of_bounds"}
    return found | {
        "outcome": "selected",
        "confidence": "low",
        "level": plain(level),
        "distance": plain(distance),
    }


def recent_extreme(
    candles: Sequence[tuple[Number, Number]], side: str, count: int
) -> Decimal | Fraction | None:
    """Adverse extreme of the last `count` (high, low), the forming candle last; None with fewer."""
    if len(candles) < count:
        return None
    recent = candles[len(candles) - count :]
    if side == "long":
        return plain(min(exact(low) for _, low in recent))
    return plain(max(exact(high) for high, _ in recent))


def executable_stop(
    technical_stop: Number,
    entry_ref: Number,
    side: str,
    tick: Number,
    *,
    buffer_bps: Number = 0,
    guard: Number | None = None,
    cap_ratio: Number = "0.25",
    min_bps: Number = 10,
    max_bps: Number = 1000,
    min_price: Number = 0,
) -> dict[str, Any]:
    """From the chart level to the stop that is sent: guard, buffer (capped), adverse tick.

    The level, the guarded level and the final stop must each be on the loss side and in bounds.
    """
    sign, entry, level = SIGN[side], exact(entry_ref), exact(technical_stop)
    guarded = level
    if guard is not None:
        guarded = min(level, exact(guard)) if side == "long" else max(level, exact(guard))
    room = abs(entry - guarded) * exact(cap_ratio)
    buffer = min(guarded * exact(buffer_bps) / 10_000, room)
    wanted = guarded - sign * buffer
    origin, grid = exact(min_price), exact(tick)
    ticks = (wanted - origin) / grid
    final = origin + (ticks.__floor__() if side == "long" else ticks.__ceil__()) * grid
    refused = None
    for price in (level, guarded, final):
        if sign * (entry - price) <= 0 or out_of_bounds(price, entry, min_bps, max_bps):
            refused = "stop_invalid"
    return {
        "guarded": plain(guarded),
        "buffer": plain(buffer),
        "stop": plain(final),
        "span": plain(abs(entry - final)),
        "refused": refused,
    }

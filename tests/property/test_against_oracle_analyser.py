"""Compares the technical stop with the analyser oracle, audit included.

A level from swings is compared to the last digit. An ATR level may have no end of digits: there the
product's is the same as far as its own go, and what comes of it in test_against_oracle_stop.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import attrs
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from robson.domain.plan import Level, StopAnalysis, StopAudit
from robson.domain.strategy import TechnicalStopConfig
from robson.domain.values import (
    CANDLE_NS,
    NS_PER_MS,
    Candle,
    ExchangeNs,
    Price,
    Side,
    StopDistanceBounds,
)
from robson.engine.levels import Choice, choose, levels_of
from robson.engine.stop import NoValidStop, analyse
from tests.oracle import analyser_oracle
from tests.oracle.grounds import GRIDS, most_ticks
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

# Without shrinking: a case is a whole story, and a shorter one is another.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
WIDE = settings(max_examples=max(600, settings().max_examples), phases=PHASES)
FAST = settings(max_examples=max(1000, settings().max_examples), phases=PHASES)
NOW = ExchangeNs(1000 * CANDLE_NS)
Recorder = Callable[[str, object], None]


@attrs.frozen
class Case:
    """A chart with its entry, and what it is asked with."""

    candles: tuple[Candle, ...]
    entry: Price
    side: Side
    config: TechnicalStopConfig
    now_ns: ExchangeNs
    unit: Decimal
    mix: Mix


def a_config(mix: Mix) -> TechnicalStopConfig:
    return TechnicalStopConfig(
        level_n=mix.pick((2, 1, 3, 5)),
        lookback_candles=mix.pick((50, 70, 100)),
        swing_lookback=mix.pick((2, 1, 3, 5)),
        level_tolerance=Decimal(mix.pick(("0.002", "0.0005", "0.02"))),
        min_touches=mix.pick((1, 1, 2, 3)),
        atr_period=mix.pick((14, 5, 60)),
        atr_multiplier=Decimal(mix.pick(("1.5", "1.5", "0.7", "4"))),
        buffer_bps=Decimal(mix.pick(("0", "10", "100"))),
        buffer_cap_ratio=Decimal(mix.pick(("0.25", "0.25", "0.1"))),
        bounds=mix.pick((StopDistanceBounds(), StopDistanceBounds(min_bps=35, max_bps=400))),
    )


def a_walk(mix: Mix, start: int, count: int) -> list[tuple[int, int, int, int]]:
    """Open, high, low and close of a wandering price with gaps, in units."""
    chance, swing = mix.chance(), max(1, start * mix.pick((2, 10, 30, 1)) // 1000)
    at, bars = start, []
    for _ in range(count):
        if chance.random() < 0.1:  # the market opens elsewhere
            at = max(1, at + chance.randint(-3 * swing, 3 * swing))
        close = max(1, at + chance.randint(-swing, swing))
        high = max(at, close) + chance.randint(0, swing)
        low = max(1, min(at, close) - chance.randint(0, swing))
        bars.append((at, high, low, close))
        at = close
    return bars


def a_case(supply: bytes) -> Case:
    """Mostly a whole and fresh chart; now and then one with a gap, too old, or too short."""
    mix = Mix(supply)
    side, config, unit = mix.pick(tuple(Side)), a_config(mix), mix.pick(GRIDS)
    need = max(config.lookback_candles, config.atr_period + 1)
    bars = a_walk(mix, mix.magnitude(40, most_ticks(unit) // 4), need + mix.number(0, 9))
    begin = NOW // CANDLE_NS - len(bars)
    candles = [
        Candle((begin + place) * CANDLE_NS, *(Price(value * unit) for value in bar))
        for place, bar in enumerate(bars)
    ]
    now = int(NOW)
    if mix.rarely(4):
        now += mix.pick((-1, 990_000, 990_001, 900_000, 1_900_000)) * NS_PER_MS
    if mix.rarely(12):
        del candles[-mix.pick((2, need, need - 1, need // 2))]
    if mix.rarely(12):
        candles = candles[-need + 1 :]
    entry = Price(max(1, bars[-1][3] + mix.pick((0, 0, 1, -1)) * bars[-1][3] // 300) * unit)
    return Case(tuple(candles), entry, side, config, ExchangeNs(now), unit, mix)


supplies = st.binary(min_size=BYTES, max_size=BYTES)
cases = supplies.map(a_case)


def by_oracle(case: Case) -> dict[str, Any]:
    config = case.config
    return analyser_oracle.analyse(
        [(c.open_ns // NS_PER_MS, c.open, c.high, c.low, c.close) for c in case.candles],
        case.entry,
        case.side.value,
        now_ms=case.now_ns // NS_PER_MS,
        lookback_candles=config.lookback_candles,
        swing_lookback=config.swing_lookback,
        level_n=config.level_n,
        level_tolerance=config.level_tolerance,
        min_touches=config.min_touches,
        atr_period=config.atr_period,
        atr_multiplier=config.atr_multiplier,
        min_bps=config.bounds.min_bps,
        max_bps=config.bounds.max_bps,
    )


def by_product(case: Case) -> StopAnalysis | NoValidStop:
    return analyse(
        case.candles,
        entry_ref=case.entry,
        side=case.side,
        config=case.config,
        now_ns=case.now_ns,
    )


def near(value: Decimal, exact: Decimal | Fraction) -> bool:
    """Equal, or cut where the digits of the product end."""
    return abs(Fraction(value) - Fraction(exact)) * 10**30 <= abs(Fraction(exact))


def same_audit(audit: StopAudit, answer: dict[str, Any], case: Case) -> None:
    """Every cluster, every level that was passed over, and what was looked at."""
    levels = [(level.price, level.touches) for level in audit.levels]
    assert levels == [(zone["level"], zone["touches"]) for zone in answer["clusters"]]
    assert all(level.distance == abs(case.entry - level.price) for level in audit.levels)
    assert [(s.price, s.reason) for s in audit.skipped] == [s[1:] for s in answer["skipped"]]
    assert audit.selected_n == answer["index"]
    assert audit.method == answer["method"]
    assert audit.configured_n == answer["configured_n"]
    assert audit.last_open_ns == answer["last_open_ms"] * NS_PER_MS
    if case.config.lookback_candles > case.config.atr_period:
        assert audit.candles == answer["candle_count"]
        assert audit.first_open_ns == answer["first_open_ms"] * NS_PER_MS
    if answer["method"] == "atr":
        assert audit.atr is not None
        assert near(audit.atr, answer["atr"])
    else:
        assert audit.atr is None


def same_analysis(case: Case) -> tuple[str, ...]:
    """Assert that both find the same stop or the same reason; return the classes."""
    answer, found = by_oracle(case), by_product(case)
    side = case.side.value
    if isinstance(found, NoValidStop):
        assert found.reason == answer["reason"]
        assert found.data_unavailable == (answer["outcome"] == "data_unavailable")
        if found.audit is not None:
            same_audit(found.audit, answer, case)
            return (f"{side} {found.reason}",)
        return (found.reason,)
    assert answer["outcome"] == "selected"
    assert found.audit.confidence == answer["confidence"]
    same_audit(found.audit, answer, case)
    if answer["method"] == "swing":
        assert found.stop == answer["level"]
    else:
        assert near(found.stop, answer["level"])
    told = [f"{side} {answer['confidence']}", *(skip[2] for skip in answer["skipped"])]
    judged = case.candles[-case.config.atr_period :]
    if answer["method"] == "atr" and any(a.close != b.open for a, b in pairwise(judged)):
        told.append("ATR over a gap")
    if any(zone["touches"] > 1 for zone in answer["clusters"]):
        told.append("cluster of several")
    if len(answer["clusters"]) < case.config.level_n and answer["method"] == "swing":
        told.append("fewer than N")
    return tuple(told)


def test_the_technical_stop_is_the_oracles(record_property: Recorder) -> None:
    """Level, confidence, clusters and skips; or why there is none."""
    kinds = ("high", "medium", "low", "atr_out_of_bounds")
    tally = Tally(
        "technical stop",
        (
            *(f"{side.value} {kind}" for side in Side for kind in kinds),
            *("gap", "stale", "insufficient", "below_min", "above_max"),
            *("cluster of several", "fewer than N", "ATR over a gap"),
        ),
    )

    @WIDE
    @given(case=cases)
    def compare(case: Case) -> None:
        tally.see(*same_analysis(case))

    compare()
    tally.settle(record_property)


# ------------------------------------------------------------------------------- ready-made levels


ENTRY = Price(100_000)
"""One basis point of it is ten."""


def test_clusters_are_the_oracles_also_where_the_tolerance_is_met_exactly(
    record_property: Recorder,
) -> None:
    """A chart that shows the levels it is given: a swing, then two candles without one."""
    tally = Tally(
        "clusters",
        (*("long", "short", "one", "several", "wider than the tolerance", "at the tolerance"),),
    )

    @FAST
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        side, count = mix.pick(tuple(Side)), mix.number(2, 9)
        steps = (0, 50, 100, 150, 200, 333)
        away = [1000]
        for _ in range(count):
            away.append(away[-1] + mix.pick(steps))
        mix.chance().shuffle(away)
        levels = [ENTRY - side.sign * Decimal(each) for each in away]
        config = TechnicalStopConfig(swing_lookback=1, min_touches=1)
        found = levels_of(showing(levels, side), entry_ref=ENTRY, side=side, config=config)
        zones = analyser_oracle.clusters_of(levels, ENTRY)
        zones.sort(key=lambda zone: -side.sign * analyser_oracle.representative(zone, side.value))
        shown = [(analyser_oracle.representative(z, side.value), len(z)) for z in zones]
        assert [(level.price, level.touches) for level in found] == shown
        told = [side.value, "several" if len(zones) > 1 else "one"]
        if any(max(zone) - min(zone) > 200 for zone in zones):
            told.append("wider than the tolerance")
        if any(len(zone) == 2 and max(zone) - min(zone) == 200 for zone in zones):
            told.append("at the tolerance")
        tally.see(*told)

    compare()
    tally.settle(record_property)


def showing(levels: Sequence[Decimal], side: Side) -> list[Candle]:
    """Candles whose swings are exactly these levels; the same level may come twice."""
    calm, candles = ENTRY + side.sign * 500, []
    for level in levels:
        for edge in (calm, level, calm):
            low, high = min(edge, calm), max(edge, calm)
            prices = (Price(calm), Price(high), Price(low), Price(calm))
            candles.append(Candle(len(candles) * CANDLE_NS, *prices))
    return candles


def same_choice(chosen: Choice, answer: dict[str, Any], side: Side) -> list[str]:
    """Assert that the walks end at the same level over the same ones; return the classes."""
    skipped = [(skip.price, skip.reason) for skip in chosen.skipped]
    assert skipped == [skip[1:] for skip in answer["skipped"]]
    assert chosen.number == answer["index"]
    told = [f"{side.value} {answer['confidence'] or 'none'}", *(reason for _, reason in skipped)]
    if chosen.level is None:
        assert answer["level"] is None
        return told
    assert chosen.level.price == answer["level"]
    assert chosen.confidence == answer["confidence"]
    told += ["at the nearest"] * (chosen.level.distance == 100)
    told += ["at the farthest"] * (chosen.level.distance == 10_000)
    return told


def test_the_walk_over_levels_is_the_oracles(record_property: Recorder) -> None:
    """Anchored at N, deeper only, both bounds included."""
    reasons = ("below_min", "above_max")
    tally = Tally(
        "walk over levels",
        (
            *(f"{side.value} {kind}" for side in Side for kind in ("high", "medium", "none")),
            *(*reasons, "at the nearest", "at the farthest", "no level", "fewer than N"),
        ),
    )

    @FAST
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        side, level_n = mix.pick(tuple(Side)), mix.number(1, 5)
        edges = (100, 99, 101, 10_000, 10_001, 9_999, mix.number(1, 200), mix.number(1, 12_000))
        away = sorted({mix.pick(edges) for _ in range(mix.number(0, 7))})
        levels = [
            Level(price=Price(ENTRY - side.sign * far), touches=1, distance=Decimal(far))
            for far in away
        ]
        chosen = choose(levels, entry_ref=ENTRY, config=TechnicalStopConfig(level_n=level_n))
        answer = analyser_oracle.select(
            [[level.price] for level in levels], ENTRY, side.value, level_n
        )
        told = same_choice(chosen, answer, side)
        if len(levels) < level_n:
            told.append("fewer than N" if levels else "no level")
        tally.see(*told)

    compare()
    tally.settle(record_property)

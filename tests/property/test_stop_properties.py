"""What holds for every chart: where the stop lies, and what may not change it."""

from __future__ import annotations

from decimal import Decimal

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.plan import StopAnalysis
from robson.domain.strategy import TechnicalStopConfig
from robson.domain.values import CANDLE_NS, Candle, Price, Side
from robson.engine.levels import levels_of
from robson.engine.stop import NoValidStop, analyse
from tests.property.charts import NOW, Case, candles_of, cases, walk

WIDE = settings(max_examples=150, deadline=None)


def outcome(case: Case, candles: tuple[Candle, ...] | None = None) -> StopAnalysis | NoValidStop:
    return analyse(
        case.candles if candles is None else candles,
        entry_ref=case.entry,
        side=case.side,
        config=case.config,
        now_ns=NOW,
    )


def without_times(found: StopAnalysis | NoValidStop) -> object:
    audit = found.audit
    assert audit is not None
    return attrs.evolve(found, audit=attrs.evolve(audit, first_open_ns=0))


@WIDE
@given(case=cases())
def test_a_stop_is_on_the_loss_side_and_in_bounds_or_there_is_none(case: Case):
    """And the answer always comes with its audit."""
    found = outcome(case)

    assert found.audit is not None
    if isinstance(found, NoValidStop):
        assert found.reason == "atr_out_of_bounds"
        return
    away = (case.entry - found.stop) * case.side.sign
    assert away > 0
    assert case.config.bounds.place(away, case.entry) is None


@WIDE
@given(case=cases())
def test_the_choice_is_never_shallower_than_asked(case: Case):
    """Unless there are fewer levels, and then it is the deepest."""
    found = outcome(case)

    assert found.audit is not None
    number, levels = found.audit.selected_n, found.audit.levels
    assert list(levels) == sorted(levels, key=lambda level: level.distance)
    if isinstance(found, StopAnalysis) and found.audit.method == "swing":
        assert number is not None
        assert levels[number - 1].price == found.stop
        assert (
            number == len(levels)
            if len(levels) < case.config.level_n
            else (number >= case.config.level_n)
        )
        assert (found.audit.confidence == "high") == (number == case.config.level_n)
    else:
        assert number is None


@WIDE
@given(case=cases())
def test_the_same_question_has_the_same_answer(case: Case):
    """No clock, no chance, no memory."""
    assert outcome(case) == outcome(case)


@WIDE
@given(case=cases(), seed=st.integers(0, 2**32), more=st.integers(1, 40))
def test_older_candles_change_nothing(case: Case, seed: int, more: int):
    """Only the lookback is judged, whatever came before it, gaps included."""
    need = max(case.config.lookback_candles, case.config.atr_period + 1)
    recent = case.candles[-need:]
    older = [
        attrs.evolve(bar, open_ns=recent[0].open_ns - (1 + place * 3) * CANDLE_NS)
        for place, bar in enumerate(candles_of(walk(seed, more, 900), case.unit))
    ]

    assert outcome(case, (*reversed(older), *recent)) == outcome(case, recent)
    assert without_times(outcome(case)) == without_times(outcome(case, recent))


@WIDE
@given(case=cases(), later=st.integers(0, 2))
def test_forming_candles_change_nothing(case: Case, later: int):
    """Not even wild ones."""
    forming = tuple(
        Candle(NOW + extra * CANDLE_NS, *[Price("0.00001")] * 4) for extra in range(later + 1)
    )
    assert outcome(case, (*case.candles, *forming)) == outcome(case)


@WIDE
@given(case=cases(), factor=st.sampled_from([2, 5, 10, 1000]))
def test_prices_in_another_unit_scale_the_answer(case: Case, factor: int):
    """Nothing in the rules knows how much a coin costs."""
    scaled = tuple(
        Candle(
            bar.open_ns,
            *(Price(value * factor) for value in (bar.open, bar.high, bar.low, bar.close)),
        )
        for bar in case.candles
    )
    one = outcome(case)

    other = outcome(attrs.evolve(case, entry=Price(case.entry * factor)), scaled)

    assert isinstance(one, StopAnalysis) == isinstance(other, StopAnalysis)
    if isinstance(one, StopAnalysis) and isinstance(other, StopAnalysis):
        assert abs(other.stop - one.stop * factor) <= other.stop * Decimal("1E-25")
        assert other.audit.selected_n == one.audit.selected_n


@WIDE
@given(case=cases())
def test_a_level_stands_for_all_its_members_from_behind(case: Case):
    """Each swing lies at a level or on the entry's side of one; none is lost."""
    config = attrs.evolve(case.config, min_touches=1)
    levels = levels_of(case.candles, entry_ref=case.entry, side=case.side, config=config)
    alone = attrs.evolve(config, level_tolerance=Decimal("0.0005"))
    single = levels_of(case.candles, entry_ref=case.entry, side=case.side, config=alone)

    assert sum(each.touches for each in levels) == sum(each.touches for each in single)
    if levels:
        deepest = max(each.distance for each in levels)
        assert deepest == max(each.distance for each in single)
    lows = {bar.low if case.side is Side.LONG else bar.high for bar in case.candles}
    assert {each.price for each in levels} <= lows


def test_the_charts_above_do_give_every_kind_of_answer():
    """Nothing passes empty: swings and fallbacks, both sides, skips and refusals all occur."""
    told: set[str] = set()
    for seed in range(400):
        swing = (3, 50, 200, 3000)[seed % 4]
        bars = walk(seed, 101, swing)
        case = Case(
            candles=candles_of(bars, Decimal("0.01")),
            entry=Price(bars[-1][3] * Decimal("0.01")),
            side=(Side.LONG, Side.SHORT)[seed // 4 % 2],
            config=TechnicalStopConfig(level_n=1 + seed % 3),
            unit=Decimal("0.01"),
        )
        found = outcome(case)
        assert found.audit is not None
        kind = found.reason if isinstance(found, NoValidStop) else found.audit.confidence
        told |= {f"{case.side.value} {kind}", *(skip.reason for skip in found.audit.skipped)}
    answers = ("high", "medium", "low", "atr_out_of_bounds")
    assert told == {
        *(f"{side.value} {kind}" for side in Side for kind in answers),
        "below_min",
        "above_max",
    }

"""From a chart level to prices that can be executed, and the stop that rests behind them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from robson.domain.errors import InvalidValue
from robson.domain.instrument import Instrument
from robson.domain.plan import StopAnalysis, StopAudit, StopPlan
from robson.domain.strategy import StrategyConfig, TechnicalStopConfig
from robson.domain.values import Candle, Price, Side
from robson.engine.stop import Chart, NoValidStop, analyse, find_stop, insurance_stop, plan_stop
from tests.unit.engine.builders import BTC, D, chart, closed, instrument

CHART = chart(Side.LONG, ["95", "97", "99"], flat="101")
ANALYSIS = analyse(
    CHART,
    entry_ref=Price("100"),
    side=Side.LONG,
    config=TechnicalStopConfig(),
    now_ns=closed(CHART),
)
assert isinstance(ANALYSIS, StopAnalysis)


def refused(outcome: object) -> NoValidStop:
    assert isinstance(outcome, NoValidStop)
    return outcome


def planned(outcome: object) -> StopPlan:
    assert isinstance(outcome, StopPlan)
    return outcome


def plan(
    level: str,
    entry: str,
    *,
    rules: Instrument = BTC,
    spans: str | None = "2",
    buffer_bps: str = "0",
    guard: str | None = None,
) -> StopPlan | NoValidStop:
    analysis = attrs.evolve(ANALYSIS, stop=Price(level))
    strategy = StrategyConfig(
        name="test",
        stop=TechnicalStopConfig(buffer_bps=D(buffer_bps)),
        stop_gain_spans=None if spans is None else D(spans),
    )
    return plan_stop(
        analysis,
        entry_ref=Price(entry),
        side=Side.LONG if D(level) < D(entry) else Side.SHORT,
        strategy=strategy,
        instrument=rules,
        guard=None if guard is None else Price(guard),
    )


@pytest.mark.proves("I-44")
def test_the_level_is_the_stop_and_the_gain_is_measured_in_spans():
    """One ruler: the span from entry reference to executable stop."""
    stops = planned(plan("93500", "95000"))
    assert (stops.stop, stops.technical_stop, stops.buffer) == (D(93500), D(93500), 0)
    assert (stops.span, stops.stop_gain) == (D(1500), D(98000))


def test_a_short_is_the_mirror_of_a_long():
    """The stop above, the gain below."""
    stops = planned(plan("96500", "95000"))
    assert (stops.stop, stops.span, stops.stop_gain) == (D(96500), D(1500), D(92000))


def test_a_strategy_without_target_has_none():
    """Absence is None, not zero."""
    assert planned(plan("93500", "95000", spans=None)).stop_gain is None


@pytest.mark.proves("I-28")
def test_stops_are_rounded_away_from_the_market_and_gains_away_from_the_entry():
    """A stop never tightens by rounding; a target never shrinks."""
    rules = instrument(tick="0.5")
    long = planned(plan("98.3", "100", rules=rules, spans="1.3"))
    assert (str(long.stop), str(long.stop_gain)) == ("98.0", "103.0")
    short = planned(plan("101.2", "100", rules=rules, spans="1.3"))
    assert (str(short.stop), str(short.stop_gain)) == ("101.5", "98.0")


def test_the_buffer_goes_beyond_the_level():
    """10 bps of the level, once."""
    stops = planned(plan("93500", "95000", buffer_bps="10"))
    assert (stops.buffer, stops.stop) == (D("93.5"), D("93406.5"))
    assert planned(plan("96500", "95000", buffer_bps="10")).stop == D("96596.5")


def test_the_buffer_is_capped_at_a_quarter_of_the_distance():
    """63.65 would be 10 bps of the level; 39.575 is a quarter of the way."""
    stops = planned(plan("63650.00", "63491.70", buffer_bps="10"))
    assert stops.buffer == D("39.575")
    assert str(stops.stop) == "63689.58"


def test_a_guard_behind_the_level_widens_the_stop_and_is_remembered():
    """Its span is the ruler; the stop without it is where the stop may go at its first advance."""
    stops = planned(plan("93500", "95000", guard="93000"))
    assert (stops.technical_stop, stops.guard, stops.stop) == (D(93500), D(93000), D(93000))
    assert (stops.unguarded, stops.span, stops.stop_gain) == (D(93500), D(2000), D(99000))


def test_a_guard_nearer_than_the_level_changes_nothing():
    """The farther of the two holds."""
    stops = planned(plan("93500", "95000", guard="94000"))
    assert (stops.stop, stops.guard, stops.unguarded) == (D(93500), D(94000), None)
    short = planned(plan("96500", "95000", guard="96000"))
    assert (short.stop, short.unguarded) == (D(96500), None)


def test_the_buffer_is_applied_once_behind_the_guard():
    """And once, by itself, to the stop without the guard."""
    stops = planned(plan("93500", "95000", guard="93000", buffer_bps="10"))
    assert (stops.buffer, stops.stop) == (D("93.0"), D("92907"))
    assert stops.unguarded == D("93406.5")


def test_a_guard_that_is_too_wide_refuses_the_entry():
    """It never shrinks to fit; the refusal names it, and the audit keeps it."""
    outcome = refused(plan("93500", "95000", guard="85000"))
    assert outcome.reason == "stop_out_of_bounds"
    assert outcome.message.startswith("the guard 85000 is 1052.63 bps away")
    assert outcome.audit is not None
    assert outcome.audit.guard == D(85000)


def test_a_guard_does_not_save_a_level_that_is_too_near():
    """Level, guard and stop are each held against the bounds."""
    outcome = refused(plan("94995", "95000", guard="93000"))
    assert outcome.message.startswith("the level 94995 is")


def found(
    candles: Sequence[Candle], forming: Candle | None, **config: int
) -> tuple[StopPlan, StopAudit] | NoValidStop:
    return find_stop(
        Chart(candles=candles, forming=forming),
        entry_ref=Price("100"),
        side=Side.LONG,
        strategy=StrategyConfig(name="test", stop=TechnicalStopConfig(**config)),
        instrument=BTC,
        now_ns=closed(CHART),
    )


def dip(low: str) -> Candle:
    return attrs.evolve(CHART[-1], open_ns=closed(CHART), low=Price(low))


def test_the_guard_is_the_extreme_of_the_recent_candles_and_the_forming_one():
    """Every layer is in the audit."""
    answer = found(CHART, dip("96.5"), guard_lookback=5)
    assert not isinstance(answer, NoValidStop)
    stops, audit = answer
    assert (stops.technical_stop, stops.guard, stops.stop) == (D(97), D("96.5"), D("96.5"))
    assert (audit.guard, audit.buffer, audit.stop) == (D("96.5"), 0, D("96.5"))
    without = found(CHART, dip("96.5"))
    assert not isinstance(without, NoValidStop)
    assert (without[0].guard, without[0].stop, without[1].stop) == (None, D(97), D(97))


def test_the_oldest_candle_makes_room_for_the_forming_one():
    """Five with it, five without it."""
    deep = [*CHART]
    deep[-5] = attrs.evolve(deep[-5], low=Price("96.2"))
    inside = found(deep, None, guard_lookback=5)
    pushed_out = found(deep, dip("98"), guard_lookback=5)
    assert not isinstance(inside, NoValidStop)
    assert not isinstance(pushed_out, NoValidStop)
    assert (inside[0].guard, pushed_out[0].guard) == (D("96.2"), D(98))


def test_a_supplied_stop_passes_the_same_bounds_and_says_where_it_is_from():
    """No candle is looked at."""
    chart_ = Chart(candles=(), supplied=Price("97"))
    config = TechnicalStopConfig(buffer_bps=D(10))
    terms = {"entry_ref": Price("100"), "side": Side.LONG, "now_ns": closed(CHART)}
    strategy = StrategyConfig(name="test", stop=config)
    answer = find_stop(chart_, strategy=strategy, instrument=BTC, **terms)
    assert not isinstance(answer, NoValidStop)
    stops, audit = answer
    assert (stops.technical_stop, stops.stop) == (D(97), D("96.90"))
    assert (audit.method, audit.candles, audit.levels) == ("operator_supplied", 0, ())
    for level in ("99.99", "101", "50"):
        far = attrs.evolve(chart_, supplied=Price(level))
        outcome = refused(find_stop(far, strategy=strategy, instrument=BTC, **terms))
        assert outcome.reason == "stop_out_of_bounds"
        assert outcome.audit is not None
    guarded = StrategyConfig(name="test", stop=TechnicalStopConfig(guard_lookback=20))
    outcome = refused(find_stop(chart_, strategy=guarded, instrument=BTC, **terms))
    assert (outcome.reason, outcome.message) == ("insufficient", "0 of 20 candles for the guard")


def test_a_level_out_of_bounds_is_refused():
    """The analyser's own bounds hold for whoever calls."""
    outcome = refused(plan("94999", "95000"))
    assert outcome.reason == "stop_out_of_bounds"
    assert "level" in outcome.message
    assert outcome.audit is not None


def test_a_stop_that_buffer_or_tick_push_out_of_bounds_is_refused():
    """9.9 % is a level; with its buffer it is 10.3 %."""
    assert planned(plan("90.1", "100"))
    assert refused(plan("90.1", "100", buffer_bps="40")).reason == "stop_out_of_bounds"
    assert refused(plan("90.1", "100", rules=instrument(tick="4"))).reason == "stop_out_of_bounds"


def test_a_level_on_the_gain_side_is_refused():
    """A stop above a long would be hit at once."""
    analysis = attrs.evolve(ANALYSIS, stop=Price("101"))
    outcome = plan_stop(
        analysis,
        entry_ref=Price("100"),
        side=Side.LONG,
        strategy=StrategyConfig(name="test"),
        instrument=BTC,
    )
    assert refused(outcome).reason == "stop_out_of_bounds"


def test_a_gain_at_or_below_zero_is_refused():
    """A short cannot gain more than the whole price."""
    assert planned(plan("110", "100", spans="9.99")).stop_gain == D("0.1")
    assert refused(plan("110", "100", spans="10")).reason == "stop_gain_out_of_bounds"


def test_a_stop_without_room_behind_it_is_refused():
    """The insurance stop has to stand above zero before anything is bought."""
    rules = instrument(tick="1")
    assert planned(plan("38", "40", rules=rules, spans=None))
    wide = instrument(tick="1", min_price="0")
    assert refused(plan("3", "3.3", rules=wide, spans=None)).reason == "stop_out_of_bounds"


@pytest.mark.parametrize(
    ("stop", "span", "side", "tick", "price", "offset"),
    [
        ("93500", "1500", Side.LONG, "0.01", "93125.00", "375.00"),  # a quarter of the span
        ("93500", "9000", Side.LONG, "0.01", "92565.00", "935.00"),  # 1 % of the stop
        ("96500", "1500", Side.SHORT, "0.01", "96875.00", "375.00"),
        ("100", "0.1", Side.LONG, "0.01", "99.97", "0.03"),  # three ticks
        ("100.1", "1", Side.LONG, "0.1", "99.8", "0.3"),  # 0.25 is less than three ticks
        ("101", "3.3", Side.SHORT, "0.1", "101.9", "0.9"),  # 0.825, rounded away from the stop
    ],
)
def test_the_insurance_stop_rests_behind_the_stop(
    stop: str, span: str, side: Side, tick: str, price: str, offset: str
):
    """Far enough not to race, near enough that a dead daemon costs about 1.25 times the plan."""
    insurance = insurance_stop(
        Price(stop), span=D(span), side=side, instrument=instrument(tick=tick)
    )
    assert (str(insurance.stop_price), str(insurance.offset)) == (price, offset)


def test_an_insurance_stop_without_price_is_an_error():
    """``plan_stop`` rules it out, so reaching it is a defect."""
    with pytest.raises(InvalidValue):
        insurance_stop(Price("3"), span=D(1), side=Side.LONG, instrument=instrument(tick="1"))

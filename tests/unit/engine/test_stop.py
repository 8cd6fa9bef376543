"""The analyser's answers, the stop plan, and the stop behind it."""

from __future__ import annotations

from decimal import localcontext

import attrs
import pytest

from robson.domain.errors import InvalidValue
from robson.domain.instrument import Instrument
from robson.domain.plan import StopAnalysis, StopPlan
from robson.domain.strategy import StrategyConfig, TechnicalStopConfig
from robson.domain.values import CANDLE_NS, MONEY, Candle, ExchangeNs, Price, Side
from robson.engine.stop import NoValidStop, analyse, insurance_stop, plan_stop
from tests.unit.engine.builders import BTC, D, candle, chart, closed, instrument

CONFIG = TechnicalStopConfig()
CHART = chart(Side.LONG, ["95", "97", "99"], flat="101")


def answer(
    candles: list[Candle],
    *,
    now_ns: ExchangeNs | None = None,
    side: Side = Side.LONG,
    entry: str = "100",
    config: TechnicalStopConfig = CONFIG,
) -> StopAnalysis | NoValidStop:
    return analyse(
        candles,
        entry_ref=Price(entry),
        side=side,
        config=config,
        now_ns=closed(candles) if now_ns is None else now_ns,
    )


def found(outcome: StopAnalysis | NoValidStop) -> StopAnalysis:
    assert isinstance(outcome, StopAnalysis)
    return outcome


def refused(outcome: object) -> NoValidStop:
    assert isinstance(outcome, NoValidStop)
    return outcome


def planned(outcome: object) -> StopPlan:
    assert isinstance(outcome, StopPlan)
    return outcome


def test_the_second_support_is_the_stop_and_the_audit_says_why():
    """Every number behind the choice is kept."""
    analysis = found(answer(CHART))

    assert str(analysis.stop) == "97"
    audit = analysis.audit
    assert [str(level.price) for level in audit.levels] == ["99", "97", "95"]
    assert (audit.configured_n, audit.selected_n) == (2, 2)
    assert (audit.method, audit.confidence, audit.atr) == ("swing", "high", None)
    assert (audit.candles, audit.first_open_ns, audit.last_open_ns) == (100, 0, 99 * CANDLE_NS)
    assert (audit.min_bps, audit.max_bps) == (10, 1000)


def test_too_few_candles_are_named():
    """The message carries both numbers."""
    outcome = refused(answer(CHART[28:]))
    assert (outcome.reason, outcome.message) == ("insufficient", "72 of 100 candles")
    assert outcome.audit is None
    assert outcome.data_unavailable


def test_no_candles_at_all_are_too_few():
    """An empty chart is refused and nothing fails."""
    outcome = refused(answer([], now_ns=ExchangeNs(0)))
    assert (outcome.reason, outcome.message) == ("insufficient", "0 of 100 candles")


def test_the_forming_candle_counts_for_nothing():
    """Not as a hundredth candle, not as a level, not as freshness."""
    forming = candle(100, low="50", high="150")
    assert answer([*CHART, forming], now_ns=closed(CHART, later_s=600)) == answer(CHART)
    few = [*CHART[1:], forming]
    assert refused(answer(few, now_ns=closed(CHART))).message == "99 of 100 candles"


def test_a_candle_is_closed_at_the_instant_it_ends():
    """The timer of a candle's close is handled before the next row."""
    assert refused(answer(CHART, now_ns=ExchangeNs(closed(CHART) - 1))).reason == "insufficient"
    assert found(answer(CHART, now_ns=closed(CHART)))


def test_a_missing_candle_inside_the_lookback_is_a_gap():
    """A level could hide in what is missing."""
    whole = chart(Side.LONG, ["95", "97", "99"], flat="101", count=110)
    outcome = refused(answer(whole[:50] + whole[51:]))
    assert outcome.reason == "gap"
    assert "59 of 100 candles in a row" in outcome.message
    assert outcome.data_unavailable


def test_a_missing_candle_before_the_lookback_is_not_looked_at():
    """Only what is judged has to be whole."""
    whole = chart(Side.LONG, ["95", "97", "99"], flat="101", count=110)
    assert found(answer(whole[:5] + whole[6:]))
    assert found(answer(whole[:9] + whole[10:]))
    assert refused(answer(whole[:10] + whole[11:])).reason == "gap"


def test_a_repeated_or_displaced_candle_is_a_gap():
    """Candles out of order would make swings that never were."""
    assert refused(answer([*CHART[:60], CHART[59], *CHART[60:]])).reason == "gap"
    swapped = [*CHART[:60], CHART[61], CHART[60], *CHART[62:]]
    assert refused(answer(swapped)).reason == "gap"


def test_an_old_chart_is_stale():
    """The age counts from the last close: 15 minutes and 90 seconds are allowed."""
    assert found(answer(CHART, now_ns=closed(CHART, later_s=990)))
    outcome = refused(answer(CHART, now_ns=closed(CHART, later_s=991)))
    assert outcome.reason == "stale"
    assert "991 s ago" in outcome.message


def test_without_levels_the_stop_is_the_true_range_fallback():
    """1.5 times the mean of the last 14 true ranges, gaps between closes included."""
    candles = [candle(slot, low=99, high=101, close=100) for slot in range(100)]
    candles[-1] = candle(99, low="100.6", high="101.4", close=101)

    analysis = found(answer(candles))

    assert (analysis.audit.method, analysis.audit.confidence) == ("atr", "low")
    assert analysis.audit.selected_n is None
    with localcontext(MONEY):
        mean = (13 * D(2) + D("1.4")) / 14
        assert analysis.audit.atr == mean
        assert analysis.stop == D(100) - (13 * D(2) + D("1.4")) * D("1.5") / 14


def test_the_fallback_of_a_short_lies_above():
    """Mirrored."""
    candles = [candle(slot, low=99, high=101, close=100) for slot in range(100)]
    assert found(answer(candles, side=Side.SHORT)).stop == D(103)


@pytest.mark.parametrize(("low", "high"), [("99.99", "100.01"), ("93", "107")])
def test_a_fallback_out_of_bounds_is_no_stop(low: str, high: str):
    """There is no percentage to fall back to; the audit is kept all the same."""
    candles = [candle(slot, low=low, high=high, close=100) for slot in range(100)]

    outcome = refused(answer(candles))

    assert outcome.reason == "atr_out_of_bounds"
    assert "allowed is 10 to 1000 bps" in outcome.message
    assert outcome.audit is not None
    assert outcome.audit.atr is not None
    assert not outcome.data_unavailable


def test_a_fallback_wider_than_the_price_is_refused_like_any_other():
    """Its price would be below zero."""
    candles = [candle(slot, low="0.1", high="250", close=100) for slot in range(100)]
    assert refused(answer(candles)).reason == "atr_out_of_bounds"


def test_a_long_true_range_needs_more_candles_than_the_lookback():
    """The minimum is whichever is larger."""
    config = TechnicalStopConfig(lookback_candles=50, atr_period=60)
    assert refused(answer(CHART[40:], config=config)).message == "60 of 61 candles"
    assert found(answer(CHART[39:], config=config))


def test_swings_older_than_the_lookback_are_no_levels():
    """Even when the true range needs older candles."""
    config = TechnicalStopConfig(lookback_candles=50, atr_period=60)
    older = chart(Side.LONG, ["98"], flat="101", count=20)
    flat = chart(Side.LONG, [], flat="101", count=60, first=20)
    assert refused(answer(older + flat, config=config)).audit is not None
    audit = refused(answer(older + flat, config=config)).audit
    assert audit is not None
    assert audit.levels == ()


# --- from the level to prices that can be executed ------------------------------------------------


def plan(
    level: str,
    entry: str,
    *,
    rules: Instrument = BTC,
    spans: str | None = "2",
    buffer_bps: str = "0",
) -> StopPlan | NoValidStop:
    analysis = attrs.evolve(found(answer(CHART)), stop=Price(level))
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
    )


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
    analysis = attrs.evolve(found(answer(CHART)), stop=Price("101"))
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


# --- the insurance stop ---------------------------------------------------------------------------


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

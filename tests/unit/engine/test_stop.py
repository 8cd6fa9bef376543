"""The analyser's answers: a stop with its audit, or why there is none."""

from __future__ import annotations

from decimal import localcontext

import pytest

from robson.domain.plan import StopAnalysis
from robson.domain.strategy import TechnicalStopConfig
from robson.domain.values import CANDLE_NS, MONEY, Candle, ExchangeNs, Price, Side
from robson.engine.stop import NoValidStop, analyse
from tests.unit.engine.builders import D, candle, chart, closed

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


@pytest.mark.proves("I-06")
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


@pytest.mark.proves("I-07")
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
    flat = chart(Side.LONG, [], flat="101", count=52, first=20)
    audit = refused(answer(older + flat, config=config)).audit
    assert audit is not None
    assert audit.levels == ()

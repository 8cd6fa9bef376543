"""When the detectors fire, and what they say they wait for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from robson.domain.strategy import ALL_IN, NOW, StrategyConfig
from robson.domain.values import Candle, Price, Side
from robson.engine.detectors.choose import detector_for
from robson.engine.detectors.immediate import Immediate
from robson.engine.detectors.ma_crossover import MaCrossover
from robson.engine.detectors.protocol import DetectorSignal
from tests.unit.engine.builders import candle

LONG = MaCrossover(fast=2, slow=3, side=Side.LONG)
SHORT = MaCrossover(fast=2, slow=3, side=Side.SHORT)
EITHER = MaCrossover(fast=2, slow=3, side=None)


def closes(*values: object) -> list[Candle]:
    return [candle(place, low=value, high=value, close=value) for place, value in enumerate(values)]


def fired(detector: MaCrossover, values: Sequence[object]) -> list[tuple[int, str]]:
    """Index of the candle and side of every signal along a chart."""
    candles = closes(*values)
    signals = ((at, detector.on_candle(candles[: at + 1])) for at in range(len(candles)))
    return [(at, signal.side.value) for at, signal in signals if signal is not None]


def test_a_long_fires_on_the_candle_that_crosses_above_at_its_close():
    """Once: the averages staying apart are no second signal."""
    values = [10, 9, 8, 7, 9, 11, 13, 15]
    assert fired(LONG, values) == [(5, "long")]
    signal = LONG.on_candle(closes(*values[:6]))
    assert signal == DetectorSignal(side=Side.LONG, entry_ref=Price("11"))


def test_a_short_fires_on_the_candle_that_crosses_below():
    """Mirrored."""
    assert fired(SHORT, [7, 8, 9, 10, 8, 6, 4]) == [(5, "short")]


def test_each_side_ignores_the_other_ones_crossing():
    """A bias is not a detector of its own."""
    values = [10, 9, 8, 7, 9, 11, 9, 5, 4]
    assert fired(EITHER, values) == [(5, "long"), (7, "short")]
    assert fired(LONG, values) == [(5, "long")]
    assert fired(SHORT, values) == [(7, "short")]


def test_touching_is_no_crossing_and_leaving_the_touch_is():
    """Equal before and apart now is a crossing; apart before and equal now is none."""
    # fast - slow, times six: equal at index 3, above at index 4
    assert fired(EITHER, [5, 5, 5, 5, 6]) == [(4, "long")]
    assert fired(EITHER, [5, 5, 5, 5, 4]) == [(4, "short")]
    # above until both are 8 at index 5, where a short has not crossed yet
    assert fired(EITHER, [5, 5, 5, 8, "5.5", "10.5"]) == [(3, "long")]
    assert fired(EITHER, [5, 5, 5, 8, "5.5", "10.5", "0.1"]) == [(3, "long"), (6, "short")]


def test_the_first_possible_signal_needs_one_candle_more_than_the_slow_period():
    """Two values of both averages make a crossing."""
    assert LONG.on_candle(closes(1, 1, 9)) is None
    assert LONG.on_candle(closes(1, 1, 1, 9)) is not None
    assert LONG.on_candle([]) is None


def test_a_crossing_is_exact_where_a_mean_would_round():
    """Means of three have no end; the comparison has."""
    thirds = MaCrossover(fast=3, slow=6, side=None)
    assert fired(thirds, [1, 1, 2, 1, 1, 2, 1, 1, 2, 1]) == []


def test_arming_after_a_crossing_fires_nothing():
    """Only the crossing counts, not being above."""
    assert LONG.on_arm(closes(10, 9, 8, 7, 9, 11), Price("11")) is None


@pytest.mark.proves("I-16", "I-30")
def test_now_fires_at_arm_at_the_live_price_and_never_again():
    """It needs no candle; they are the analyser's."""
    now = Immediate(Side.SHORT)
    assert now.on_arm([], Price("42.5")) == DetectorSignal(side=Side.SHORT, entry_ref=Price("42.5"))
    assert now.on_candle(closes(1, 2, 3)) is None


def test_now_without_a_side_is_a_long():
    """The one who leaves it open gets the usual side."""
    signal = Immediate(None).on_arm([], Price("42.5"))
    assert signal is not None
    assert signal.side is Side.LONG


@pytest.mark.parametrize(
    ("detector", "words"),
    [
        (LONG, "SMA 2 to cross above SMA 3"),
        (SHORT, "SMA 2 to cross below SMA 3"),
        (EITHER, "SMA 2 to cross SMA 3"),
    ],
)
def test_a_crossover_says_what_it_waits_for(detector: MaCrossover, words: str):
    """With both averages as people write them."""
    candles = closes("117399", "117400.10", "117402.11000000", "117402.11")
    assert detector.waiting_for(candles) == (
        f"waits for {words} on closed 15m candles; last 117,402.11 and 117,401.44"
    )


def test_a_crossover_without_enough_candles_says_so():
    """Averages of too few would be other averages."""
    assert LONG.waiting_for(closes(1, 2)) == (
        "waits for SMA 2 to cross above SMA 3 on closed 15m candles; 2 of 4 candles"
    )


def test_now_waits_for_nothing():
    """It has a sentence all the same."""
    assert Immediate(None).waiting_for([]).startswith("waits for nothing")


def test_the_strategy_chooses_the_detector_and_the_user_the_side():
    """A side that was named wins over the strategy's bias."""
    assert detector_for(ALL_IN, None) == MaCrossover(fast=9, slow=21, side=Side.LONG)
    assert detector_for(ALL_IN, Side.SHORT) == MaCrossover(fast=9, slow=21, side=Side.SHORT)
    assert detector_for(NOW, None) == Immediate(Side.LONG)
    assert detector_for(NOW, Side.SHORT) == Immediate(Side.SHORT)
    auto = StrategyConfig(name="auto", bias=None, fast=4, slow=9)
    assert detector_for(auto, None) == MaCrossover(fast=4, slow=9, side=None)

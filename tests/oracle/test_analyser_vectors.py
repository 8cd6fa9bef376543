"""Judges the analyser oracle by the worked vectors of the rule."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle import analyser_oracle
from tests.oracle.vectors import QUARTER_HOUR, Case, Number, rounded, vectors


def test_selection_of_13_august_takes_the_adverse_extreme() -> None:
    zone = ["63800.0", "63927.78", "64131.4"]

    chosen = analyser_oracle.select([zone], "63768.50", "short")

    assert chosen == {
        "level": Decimal("64131.4"),
        "index": 1,
        "confidence": "medium",
        "skipped": [],
    }
    assert rounded(
        (Decimal("64131.4") - Decimal("63768.50")) / Decimal("63768.50") * 100, 3
    ) == Decimal("0.569")


def test_selection_of_12_august_is_in_bounds_by_its_lowest_member() -> None:
    entry, lowest = Decimal("63356.40"), Decimal("63283.0")
    zone = [lowest, "63342.2"]  # their mean is 63,312.6

    chosen = analyser_oracle.select([zone], entry, "long")
    second = analyser_oracle.select([zone, ["63340"]], entry, "long")
    by_mean = analyser_oracle.select([["63312.6"]], entry, "long")

    assert (chosen["level"], chosen["confidence"]) == (lowest, "medium")
    assert (second["level"], second["index"], second["confidence"]) == (lowest, 2, "high")
    assert by_mean["skipped"] == [(1, Decimal("63312.6"), "below_min")]
    assert rounded((entry - lowest) / entry * 100, 3) == Decimal("0.116")
    assert rounded((entry - Decimal("63312.6")) / entry * 100, 3) == Decimal("0.069")


def test_selection_of_2_august_walks_deeper() -> None:
    zones = [["63520.00"], ["63551.40"], ["63650.00"]]

    chosen = analyser_oracle.select(zones, "63491.70", "short", level_n=2)

    assert chosen == {
        "level": Decimal("63650.00"),
        "index": 3,
        "confidence": "medium",
        "skipped": [(2, Decimal("63551.40"), "below_min")],
    }


def test_selection_never_walks_past_the_first_level_that_is_too_far() -> None:
    far = analyser_oracle.select([["9950"], ["8999"], ["8998"]], "10000", "long")
    deepest = analyser_oracle.select([["8999"]], "10000", "long")
    edge = analyser_oracle.select([["9990"], ["9000"]], "10000", "long")
    nothing = analyser_oracle.select([], "10000", "long")

    assert (far["level"], far["skipped"]) == (None, [(2, 8999, "above_max")])
    assert (deepest["level"], deepest["skipped"]) == (None, [(1, 8999, "above_max")])
    assert (edge["level"], edge["confidence"]) == (9000, "high")
    assert (nothing["level"], nothing["skipped"]) == (None, [])


def flat_candles(lows: dict[int, Number], count: int = 100, base: int = 1000) -> list[Any]:
    """Candles of range 1 around a slowly falling base (no swing by themselves), with given lows."""
    made = []
    for i in range(count):
        close = Decimal(base) - Decimal(i) / 1000
        low = Decimal(str(lows.get(i, close - 1)))
        made.append((i * QUARTER_HOUR, close, close + 1, low, close))
    return made


def mirrored(candles: list[Any], about: int) -> list[Any]:
    turn = 2 * about
    return [(t, turn - o, turn - low, turn - high, turn - c) for t, o, high, low, c in candles]


def test_analysis_clusters_counts_touches_and_takes_the_second_level() -> None:
    lows = {10: 990, 20: 991, 30: "989.5", 40: 980, 50: "995"}

    answer = analyser_oracle.analyse(flat_candles(lows), 1000, "long")

    # Tolerance 2.0 around the running mean: 989.5, 990 and 991 are one zone.
    assert [(c["level"], c["touches"]) for c in answer["clusters"]] == [
        *[(995, 1), (Decimal("989.5"), 3), (980, 1)],
    ]
    assert (answer["outcome"], answer["method"]) == ("selected", "swing")
    assert (answer["level"], answer["index"], answer["confidence"]) == (Decimal("989.5"), 2, "high")


def test_analysis_of_the_mirrored_candles_mirrors() -> None:
    lows = {10: 990, 20: 991, 30: "989.5", 40: 980, 50: "995"}

    answer = analyser_oracle.analyse(mirrored(flat_candles(lows), 1000), 1000, "short")

    assert (answer["level"], answer["index"], answer["confidence"]) == (
        Decimal("1010.5"),
        2,
        "high",
    )


def test_membership_follows_the_running_mean() -> None:
    # 103 is 2 from 101 (the mean of 100 and 102), so it joins; 104.1 is 2.43 from the mean then.
    groups = analyser_oracle.clusters_of(["100", "102", "103", "104.1"], 1000)

    assert groups == [[100, 102, 103], [Decimal("104.1")]]


def test_swings_are_strict_and_need_both_neighbours() -> None:
    def candle(i: int, low: int) -> analyser_oracle.Candle:
        return (i * QUARTER_HOUR, 20, 30, low, 20)

    plateau = [candle(i, low) for i, low in enumerate([9, 8, 5, 5, 8, 9, 4, 9, 9, 3])]

    assert analyser_oracle.swings(plateau, "long") == [4]
    assert analyser_oracle.swings(plateau, "short") == []


def test_min_touches_drops_thin_levels() -> None:
    candles = flat_candles({10: 990, 20: 991, 40: 980, 50: 995})

    answer = analyser_oracle.analyse(candles, 1000, "long", min_touches=2)

    assert [c["level"] for c in answer["clusters"]] == [990]
    assert (answer["level"], answer["index"], answer["confidence"]) == (990, 1, "medium")


def test_atr_is_the_last_resort() -> None:
    candles = flat_candles({})

    low = analyser_oracle.analyse(candles, 1000, "long")
    refused = analyser_oracle.analyse(candles, 1000, "long", atr_multiplier="51")

    # Each true range is 2 (high less low; the close before moves by 0.001 only).
    assert (low["method"], low["confidence"], low["index"]) == ("atr", "low", None)
    assert (low["atr"], low["level"]) == (2, 997)
    assert (refused["outcome"], refused["reason"]) == ("no_valid_stop", "atr_out_of_bounds")


def test_atr_counts_the_gap_from_the_close_before() -> None:
    # open time, open, high, low, close: a jump up of 9, then one down of 12, each bar 2 high.
    bars = [(0, 100, 101, 99, 100), (1, 110, 111, 109, 110), (2, 98, 99, 97, 98)]

    assert analyser_oracle.average_true_range(bars, 2) == Fraction(11 + 13, 2)
    assert analyser_oracle.average_true_range(bars, 1) == 13


def test_analysis_needs_fresh_whole_candles() -> None:
    candles = flat_candles({10: 990, 40: 980})
    closed = candles[-1][0] + QUARTER_HOUR

    def outcome(rows: list[Any], now_ms: int) -> tuple[Any, Any]:
        answer = analyser_oracle.analyse(rows, 1000, "long", now_ms=now_ms)
        return answer["outcome"], answer["reason"]

    assert outcome(candles, closed) == ("selected", None)
    assert outcome(candles, closed + 990_000) == ("selected", None)
    assert outcome(candles, closed + 990_001) == ("data_unavailable", "stale")
    assert outcome(candles, closed - 1) == ("data_unavailable", "insufficient")
    assert outcome(candles[:50] + candles[51:], closed) == ("data_unavailable", "gap")


def test_older_and_forming_candles_change_nothing() -> None:
    candles = flat_candles({15: 985, 25: 990, 40: 980}, count=110)
    now = candles[-1][0] + QUARTER_HOUR
    forming = (now, 900, 900, 900, 900)
    gap_before = candles[:3] + candles[5:]

    plain = analyser_oracle.analyse(candles[10:], 1000, "long", now_ms=now)

    assert plain["candle_count"] == 100
    assert analyser_oracle.analyse(candles, 1000, "long", now_ms=now) == plain
    assert analyser_oracle.analyse([*candles, forming], 1000, "long", now_ms=now) == plain
    assert analyser_oracle.analyse(gap_before, 1000, "long", now_ms=now) == plain


def test_analysis_scales_with_prices() -> None:
    lows = {10: 990, 20: 991, 30: "989.5", 40: 980, 50: "995"}
    candles = flat_candles(lows)
    tripled = [(t, *(3 * value for value in values)) for t, *values in candles]

    once = analyser_oracle.analyse(candles, 1000, "long")
    thrice = analyser_oracle.analyse(tripled, 3000, "long")

    assert thrice["level"] == 3 * once["level"]
    assert (thrice["index"], thrice["confidence"]) == (once["index"], once["confidence"])


# ------------------------------------------------------------------- from level to executable stop


def test_the_buffer_of_2_august_is_capped_at_a_quarter_of_the_distance() -> None:
    plan = analyser_oracle.executable_stop("63650.00", "63491.70", "short", "0.01", buffer_bps=10)

    assert Decimal("63650.00") * 10 / 10_000 == Decimal("63.65")
    assert plan["buffer"] == Decimal("39.575")
    assert (plan["stop"], plan["span"]) == (Decimal("63689.58"), Decimal("197.88"))
    assert plan["refused"] is None


def test_the_buffer_of_the_seed_long() -> None:
    plan = analyser_oracle.executable_stop(93500, 95000, "long", "0.01", buffer_bps=10)

    assert (plan["buffer"], plan["stop"]) == (Decimal("93.5"), Decimal("93406.5"))


def test_guard_moves_the_level_outwards_only() -> None:
    def stop(guard: Number) -> Decimal:
        plan = analyser_oracle.executable_stop(990, 1000, "long", "0.1", guard=guard)
        return Decimal(plan["stop"])

    assert stop("989.57") == Decimal("989.5")
    assert stop("995") == 990


@vectors(
    level_too_far=(899, None, 0),
    guarded_too_far=(905, 899, 0),
    final_too_far=(901, None, 30),
    level_too_near=("999.5", None, 0),
    wrong_side=(1001, None, 0),
)
def test_each_layer_is_checked_against_the_bounds(case: Case) -> None:
    level, guard, buffer_bps = case

    plan = analyser_oracle.executable_stop(
        level, 1000, "long", "0.1", guard=guard, buffer_bps=buffer_bps
    )

    assert plan["refused"] == "stop_invalid"

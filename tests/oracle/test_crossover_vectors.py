"""Judges the crossover oracle by the worked vectors of the rule."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from tests.oracle import crossover_oracle


def test_only_the_crossing_fires_and_equality_before_counts() -> None:
    flat = ["100"] * 21

    assert crossover_oracle.crossing(flat) is None
    assert crossover_oracle.crossings([*flat, "101", "102", "103"]) == [(21, "long")]
    assert crossover_oracle.crossings([*flat, "99", "98", "97"]) == [(21, "short")]
    assert crossover_oracle.crossings([*flat, "100"]) == []


def test_crossing_needs_one_more_close_than_the_slow_average() -> None:
    assert crossover_oracle.crossing(["100"] * 20 + ["101"]) is None
    assert crossover_oracle.crossing(["100"] * 21 + ["101"]) == "long"


def test_reaching_equality_does_not_fire_and_leaving_it_does() -> None:
    closes = [1, 1, 1, 3, 1, 2, 1]
    # fast 2: -,1,1,2,2,3/2,3/2   slow 3: -,-,1,5/3,5/3,2,4/3
    assert crossover_oracle.crossings(closes, 2, 3) == [(3, "long"), (5, "short"), (6, "long")]
    assert crossover_oracle.first_crossing(closes, "short", 2, 3) == (5, "short")
    assert crossover_oracle.first_crossing(closes, "auto", 2, 3) == (3, "long")

    # fast 2: 4,2,1,2   slow 3: -,3,2,2: below, then equal, then above.
    assert crossover_oracle.crossings([5, 3, 1, 1, 3, 3, 9], 2, 3)[0] == (4, "long")


def test_crossings_agree_with_averages_kept_by_addition() -> None:
    random = Random(3)
    closes = [Decimal(random.randint(900, 1100)) / 10 for _ in range(500)]
    expected = []
    for i in range(21, len(closes)):
        now = sum(closes[i - 8 : i + 1]) * 21 - sum(closes[i - 20 : i + 1]) * 9
        before = sum(closes[i - 9 : i]) * 21 - sum(closes[i - 21 : i]) * 9
        if before <= 0 < now:
            expected.append((i, "long"))
        if now < 0 <= before:
            expected.append((i, "short"))

    assert len(expected) > 20
    assert crossover_oracle.crossings(closes) == expected

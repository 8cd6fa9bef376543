"""Swings, clusters and the walk that picks a level."""

from __future__ import annotations

import pytest

from robson.domain.plan import Level
from robson.domain.strategy import TechnicalStopConfig
from robson.domain.values import Price, Side
from robson.engine.levels import choose, levels_of, recent_extreme
from tests.unit.engine.builders import D, candle, chart

CONFIG = TechnicalStopConfig()


def level(price: str, entry: str) -> Level:
    return Level(price=Price(price), touches=1, distance=abs(D(price) - D(entry)))


def prices(side: Side, swings: list[str], *, flat: str, entry: str, **config: object) -> list[str]:
    found = levels_of(
        chart(side, swings, flat=flat),
        entry_ref=Price(entry),
        side=side,
        config=TechnicalStopConfig(**config),  # type: ignore[arg-type]
    )
    return [str(each.price) for each in found]


def test_supports_are_listed_closest_first():
    """The Nth level is counted from the entry."""
    assert prices(Side.LONG, ["97", "99", "95"], flat="101", entry="100") == ["99", "97", "95"]


def test_resistances_are_listed_closest_first():
    """A short mirrors a long."""
    assert prices(Side.SHORT, ["105", "101"], flat="99", entry="100") == ["101", "105"]


def test_swings_on_the_wrong_side_of_the_entry_do_not_count():
    """A low at or above the entry cannot stop a long."""
    assert prices(Side.LONG, ["100", "103", "98"], flat="110", entry="100") == ["98"]


def test_equal_neighbours_are_no_swing():
    """A plateau shows no turning point: both sides must be strictly beyond."""
    candles = chart(Side.LONG, ["98"], flat="101")
    slot = next(place for place, each in enumerate(candles) if each.low == D(98))
    candles[slot + 1] = candle(slot + 1, low="98", high="101")

    assert (
        levels_of(candles, entry_ref=Price("100"), side=Side.LONG, config=TechnicalStopConfig())
        == ()
    )


@pytest.mark.parametrize("away", [1, 2])
def test_a_swing_has_to_stand_out_over_every_neighbour_in_reach(away: int):
    """One lower low within two candles, before or after, and the swing moves there."""
    candles = chart(Side.LONG, ["98"], flat="101")
    slot = next(place for place, each in enumerate(candles) if each.low == D(98))
    candles[slot - away] = candle(slot - away, low="97", high="101")

    found = levels_of(candles, entry_ref=Price("100"), side=Side.LONG, config=CONFIG)

    assert [str(each.price) for each in found] == ["97"]


def test_the_newest_candles_cannot_be_swings_yet():
    """Without two candles after it nobody knows whether a low was a turning point."""
    candles = chart(Side.LONG, [], flat="101")
    candles[-2] = candle(98, low="98", high="101")
    assert levels_of(candles, entry_ref=Price("100"), side=Side.LONG, config=CONFIG) == ()

    candles = chart(Side.LONG, [], flat="101")
    candles[-3] = candle(97, low="98", high="101")
    assert len(levels_of(candles, entry_ref=Price("100"), side=Side.LONG, config=CONFIG)) == 1


@pytest.mark.proves("I-45")
def test_a_cluster_is_represented_by_its_adverse_extreme():
    """The mean would lie inside the zone, and the zone's own wick would take the stop."""
    swings = ["63800.0", "63884.0", "63900.0", "64131.4"]

    found = levels_of(
        chart(Side.SHORT, swings, flat="63700"),
        entry_ref=Price("63768.50"),
        side=Side.SHORT,
        config=TechnicalStopConfig(level_tolerance=D("0.005")),
    )

    assert [(str(each.price), each.touches) for each in found] == [("64131.4", 4)]
    assert found[0].distance == D("362.90")


def test_the_lowest_member_represents_a_long_cluster_even_when_its_mean_is_too_near():
    """0.069 % by mean would be refused, 0.116 % by the extreme is a stop."""
    swings = ["63342.2", "63283.0"]

    found = levels_of(
        chart(Side.LONG, swings, flat="63400"),
        entry_ref=Price("63356.40"),
        side=Side.LONG,
        config=CONFIG,
    )

    assert [str(each.price) for each in found] == ["63283.0"]
    choice = choose(found, entry_ref=Price("63356.40"), config=TechnicalStopConfig(level_n=1))
    assert choice.level == found[0]


def test_the_tolerance_is_inclusive_and_follows_the_running_mean():
    """0.2 away from a mean at a tolerance of 0.2 joins; a hair more opens a new cluster."""
    assert prices(Side.LONG, ["98", "98.2"], flat="110", entry="100") == ["98"]
    assert prices(Side.LONG, ["98", "98.21"], flat="110", entry="100") == ["98.21", "98"]
    # the mean of 98 and 98.2 is 98.1: 98.3 is in reach of it, though not of 98
    assert prices(Side.LONG, ["98", "98.2", "98.3"], flat="110", entry="100") == ["98"]


def test_clusters_with_too_few_touches_are_dropped():
    """Asking for two touches leaves only what was touched twice."""
    swings = ["95", "98", "98.1"]
    assert prices(Side.LONG, swings, flat="110", entry="100", min_touches=2) == ["98"]


def test_the_walk_starts_at_the_nth_level():
    """The nearest level is never taken when the second is asked for and exists."""
    levels = [level("99", "100"), level("98", "100"), level("97", "100")]

    choice = choose(levels, entry_ref=Price("100"), config=CONFIG)

    assert (choice.level, choice.number, choice.confidence) == (levels[1], 2, "high")
    assert choice.skipped == ()


@pytest.mark.proves("I-38")
def test_the_walk_goes_deeper_past_a_level_that_is_too_near():
    """The second resistance was 0.094 % away; the third was taken, never the first."""
    entry = "63491.70"
    levels = [level("63510.00", entry), level("63551.40", entry), level("63650.00", entry)]

    choice = choose(levels, entry_ref=Price(entry), config=CONFIG)

    assert (choice.level, choice.number, choice.confidence) == (levels[2], 3, "medium")
    assert [(str(each.price), each.reason) for each in choice.skipped] == [
        ("63551.40", "below_min")
    ]


def test_the_walk_ends_at_the_first_level_that_is_too_far():
    """What lies behind it is farther still."""
    levels = [level("99", "100"), level("89", "100"), level("88", "100")]

    choice = choose(levels, entry_ref=Price("100"), config=CONFIG)

    assert choice.level is None
    assert [(str(each.price), each.reason) for each in choice.skipped] == [("89", "above_max")]


@pytest.mark.parametrize("price", ["99.9", "90"])
def test_both_bounds_are_allowed_distances(price: str):
    """0.1 % and 10 % belong to the range."""
    levels = [level("99.95", "100"), level(price, "100")]
    assert choose(levels, entry_ref=Price("100"), config=CONFIG).level == levels[1]


def test_with_fewer_levels_than_asked_the_deepest_is_taken():
    """Never a nearer one than could be had."""
    config = TechnicalStopConfig(level_n=3)
    levels = [level("99", "100"), level("98", "100")]

    choice = choose(levels, entry_ref=Price("100"), config=config)

    assert (choice.level, choice.number, choice.confidence) == (levels[1], 2, "medium")


def test_with_fewer_levels_than_asked_a_deepest_out_of_bounds_is_skipped():
    """The nearer one is not tried instead."""
    config = TechnicalStopConfig(level_n=3)
    levels = [level("99", "100"), level("80", "100")]

    choice = choose(levels, entry_ref=Price("100"), config=config)

    assert choice.level is None
    assert [each.reason for each in choice.skipped] == ["above_max"]


def test_without_levels_nothing_is_chosen_or_skipped():
    """The walk has nowhere to begin."""
    choice = choose([], entry_ref=Price("100"), config=CONFIG)
    assert (choice.level, choice.number, choice.confidence, choice.skipped) == (
        None,
        None,
        "low",
        (),
    )


def test_a_guard_looks_at_so_many_candles_and_no_fewer():
    """The forming one among them; a short's is the highest high."""
    found = [candle(slot, low=90 + slot, high=110 + slot) for slot in range(3)]
    forming = candle(3, low=80, high=150)
    assert recent_extreme(found, None, side=Side.LONG, count=2) == 91
    assert recent_extreme(found, None, side=Side.SHORT, count=2) == 112
    assert recent_extreme(found, forming, side=Side.LONG, count=2) == 80
    assert recent_extreme(found, forming, side=Side.SHORT, count=2) == 150
    assert recent_extreme(found, forming, side=Side.LONG, count=5) is None
    assert recent_extreme(found[:1], None, side=Side.SHORT, count=2) is None

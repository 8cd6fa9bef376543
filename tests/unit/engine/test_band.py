"""The quiet interval, worked by hand; its laws for all cases are properties."""

from __future__ import annotations

import attrs
import pytest

from robson.domain.strategy import TrailingMode
from robson.domain.values import Price, Ticks
from robson.engine.band import (
    EVERYTHING,
    FAR,
    NOTHING,
    Band,
    next_outside,
    quiet_band,
    run,
)
from robson.engine.exits import Hit, Raise, Watch
from tests.unit.engine.builders import instrument, watch


def ticks(*values: int) -> list[Ticks]:
    return [Ticks(value) for value in values]


@pytest.mark.parametrize(
    ("watched", "low", "high"),
    [
        (watch("95000", "93500"), 9_350_000, 9_650_000),
        (watch("95000", "93500", gain="96000"), 9_350_000, 9_600_000),
        (watch("95000", "93500", gain="98000"), 9_350_000, 9_650_000),
        (watch("95000", "93500", mode=TrailingMode.OFF), 9_350_000, FAR),
        (watch("95000", "96500"), 9_350_000, 9_650_000),
        (watch("95000", "96500", gain="94000"), 9_400_000, 9_650_000),
        (watch("95000", "96500", mode=TrailingMode.OFF), -FAR, 9_650_000),
        # 10 bps of span: the first rung has no room, the second is the edge
        (watch("60000", "59940"), 5_994_000, 6_012_000),
    ],
)
def test_the_band_reaches_from_the_stop_to_the_nearest_level_ahead(
    watched: Watch, low: int, high: int
):
    """An edge is the first price that changes something."""
    assert quiet_band(watched) == Band(Ticks(low), Ticks(high))


def test_levels_off_the_grid_count_from_the_first_price_that_reaches_them():
    """The exchange may change its tick under a position."""
    coarse = instrument(tick="1")
    watched = attrs.evolve(watch("100", "98", gain="101.5", rules=coarse), stop=Price("98.4"))
    assert quiet_band(watched) == Band(Ticks(98), Ticks(102))


def test_ticks_are_counted_from_the_smallest_price():
    """The grid need not start at zero."""
    rules = instrument(tick="0.5", min_price="0.2")
    watched = watch("100.2", "99.2", rules=rules, mode=TrailingMode.OFF)
    assert quiet_band(watched).low == 198


def test_an_edge_is_not_inside():
    """The interval is open."""
    band = Band(Ticks(10), Ticks(12))
    assert [value in band for value in (9, 10, 11, 12, 13)] == [False, False, True, False, False]


def test_everything_is_quiet_and_nothing_is():
    """The two ends of watching."""
    assert 0 in EVERYTHING
    assert 0 not in NOTHING


def test_the_next_price_outside_is_searched_from_a_place():
    """The length says that all are quiet."""
    prices = ticks(11, 11, 9, 11, 12, 11)
    band = Band(Ticks(10), Ticks(12))
    assert [next_outside(prices, band, start) for start in range(7)] == [2, 2, 2, 4, 4, 6, 6]


@pytest.mark.parametrize("skip", [True, False])
def test_a_run_reports_each_answer_with_its_index_and_ends_at_the_hit(*, skip: bool):
    """What comes after the hit is another position's business."""
    prices = ticks(5_000_000, 5_100_000, 5_100_000, 5_400_000, 5_350_000, 5_300_000, 9_000_000)
    assert run(watch("50000", "49000"), prices, skip=skip) == [
        (1, Raise(1, Price("50075.00"))),
        (3, Raise(4, Price("53000.00"))),
        (5, Hit("trailing_stop")),
    ]


@pytest.mark.parametrize("skip", [True, False])
def test_a_quiet_run_reports_nothing(*, skip: bool):
    """Neither does an empty one."""
    assert run(watch("50000", "49000"), ticks(5_000_000, 5_050_000), skip=skip) == []
    assert run(watch("50000", "49000"), [], skip=skip) == []

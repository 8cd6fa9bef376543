"""The index of edges by hand: who is crossed, what is quiet for all, what a change leaves."""

from __future__ import annotations

from robson.domain.identity import PositionId
from robson.domain.values import Ticks
from robson.engine.band import EVERYTHING, NOTHING, Band
from robson.engine.edges import Edges

OLD, YOUNG, YOUNGEST = (PositionId.of(number) for number in (1, 2, 3))


def between(low: int, high: int) -> Band:
    return Band(Ticks(low), Ticks(high))


def test_bands_of_one_symbol_are_cut_with_each_other() -> None:
    """One pair of integers speaks for all positions of a symbol."""
    edges = Edges()
    assert edges.band == EVERYTHING
    edges.put(OLD, between(5, 20))
    edges.put(YOUNG, between(1, 12))
    assert edges.band == between(5, 12)
    edges.put(YOUNGEST, EVERYTHING)
    assert edges.band == between(5, 12)
    edges.put(YOUNGEST, NOTHING)
    assert edges.band == NOTHING


def test_an_edge_is_crossed_by_its_own_price() -> None:
    """The interval is open at both ends."""
    edges = Edges()
    edges.put(YOUNG, between(5, 20))
    edges.put(OLD, between(8, 12))
    found = {price: edges.crossed(price) for price in (4, 5, 6, 8, 9, 11, 12, 13, 20)}
    assert found == {
        4: [OLD, YOUNG],
        5: [OLD, YOUNG],
        6: [OLD],
        8: [OLD],
        9: [],
        11: [],
        12: [OLD],
        13: [OLD],
        20: [OLD, YOUNG],
    }


def test_a_position_that_is_crossed_on_both_sides_is_judged_once() -> None:
    """Nothing is quiet for it."""
    edges = Edges()
    edges.put(OLD, NOTHING)
    assert edges.crossed(7) == [OLD]


def test_a_band_takes_the_place_of_the_one_before() -> None:
    """A raised stop leaves no edge behind."""
    edges = Edges()
    edges.put(OLD, between(5, 20))
    edges.put(OLD, between(10, 30))
    assert edges.band == between(10, 30)
    assert edges.crossed(20) == []
    edges.drop(OLD)
    edges.drop(OLD)
    assert edges.band == EVERYTHING
    assert edges.crossed(5) == []

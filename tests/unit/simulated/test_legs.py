"""A bar is walked without a break, and only the way between two rows is a jump."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson.connectors.simulated.generator import generate
from robson.connectors.simulated.legs import (
    Extreme,
    Leg,
    PricePath,
    bar_legs,
    price_at,
    time_at,
)
from robson.connectors.simulated.rules import instrument_for
from robson.connectors.simulated.tape import Bar, Tape, Trade
from robson.connectors.simulated.tape_reader import read_tape
from robson.domain.errors import InvalidValue, TapeError
from robson.domain.values import NS_PER_S, Ticks

TICKS = st.integers(1, 10**9).map(Ticks)


def bar(open_ns: int, length_ns: int, *prices: int) -> Bar:
    open_, high, low, close = map(Ticks, prices)
    return Bar(open_ns, length_ns, open_, high, low, close)


def leg(start_ns: int, start: int, end_ns: int, end: int) -> Leg:
    return Leg(start_ns, Ticks(start), end_ns, Ticks(end))


@st.composite
def legs(draw: st.DrawFn, shortest_ns: int = 0) -> Leg:
    start_ns = draw(st.integers(0, 10**19))
    length_ns = draw(st.integers(shortest_ns, 10**12))
    return Leg(start_ns, draw(TICKS), start_ns + length_ns, draw(TICKS))


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    low, *inside, high = sorted(draw(st.lists(TICKS, min_size=4, max_size=4)))
    open_, close = draw(st.permutations(inside))
    return Bar(draw(st.integers(0, 10**18)), draw(st.integers(3, 10**13)), open_, high, low, close)


# ------------------------------------------------------------------------------ through one bar


def test_a_bar_goes_to_its_adverse_extreme_first() -> None:
    row = bar(0, 90, 50, 60, 40, 55)

    assert bar_legs(row, "low") == (leg(0, 50, 30, 40), leg(30, 40, 60, 60), leg(60, 60, 90, 55))
    assert bar_legs(row, "high") == (leg(0, 50, 30, 60), leg(30, 60, 60, 40), leg(60, 40, 90, 55))


@given(row=bars(), adverse_first=st.sampled_from(["low", "high"]))
def test_the_walk_through_a_bar_has_no_break_and_ends_in_its_close(
    row: Bar, adverse_first: Extreme
) -> None:
    walk = bar_legs(row, adverse_first)

    assert (walk[0].start_ns, walk[0].start) == (row.open_ns, row.open)
    assert (walk[-1].end_ns, walk[-1].end) == (row.end_ns, row.close)
    assert all((one.end_ns, one.end) == (two.start_ns, two.start) for one, two in pairwise(walk))
    assert walk[0].end == getattr(row, adverse_first)
    assert {walk[0].end, walk[1].end} == {row.low, row.high}
    assert not any(part.is_jump for part in walk)
    lengths = [part.end_ns - part.start_ns for part in walk]
    assert max(lengths) - min(lengths) <= 1


# ------------------------------------------------------------------------------- along one leg


def test_a_price_moves_in_whole_ticks_and_is_the_last_one_reached() -> None:
    up, down = leg(0, 10, 10, 12), leg(0, 12, 10, 10)

    assert [price_at(up, ns) for ns in (0, 4, 5, 9, 10)] == [10, 10, 11, 11, 12]
    assert [price_at(down, ns) for ns in (0, 4, 5, 9, 10)] == [12, 12, 11, 11, 10]
    assert (time_at(up, Ticks(11)), time_at(down, Ticks(11))) == (5, 5)
    assert (time_at(up, Ticks(13)), time_at(up, Ticks(9))) == (None, None)


@given(part=legs(), data=st.data())
def test_the_price_runs_from_end_to_end_and_never_back(part: Leg, data: st.DataObject) -> None:
    instants = sorted(data.draw(st.lists(st.integers(part.start_ns, part.end_ns), max_size=5)))
    way = [price_at(part, ns) for ns in instants]

    assert price_at(part, part.end_ns) == part.end
    assert part.is_jump or price_at(part, part.start_ns) == part.start
    assert way == sorted(way, reverse=part.end < part.start)
    assert all(min(part[1], part[3]) <= price <= max(part[1], part[3]) for price in way)


@given(part=legs(), data=st.data())
def test_time_at_is_the_first_instant_that_has_reached_the_price(
    part: Leg, data: st.DataObject
) -> None:
    low, high = sorted((part.start, part.end))
    price = Ticks(data.draw(st.integers(low, high)))
    sign = 1 if part.end >= part.start else -1

    reached = time_at(part, price)

    assert reached is not None
    assert part.start_ns <= reached <= part.end_ns
    assert sign * (price_at(part, reached) - price) >= 0
    if reached > part.start_ns:
        assert sign * (price_at(part, reached - 1) - price) < 0
    if part.end_ns - part.start_ns >= high - low:
        assert part.is_jump or price_at(part, reached) == price
    assert time_at(part, Ticks(low - 1)) is None
    assert time_at(part, Ticks(high + 1)) is None


@given(part=legs(shortest_ns=1))
def test_no_price_is_told_outside_a_leg(part: Leg) -> None:
    for ns in (part.start_ns - 1, part.end_ns + 1):
        with pytest.raises(InvalidValue):
            price_at(part, ns)


def test_a_jump_is_over_at_its_instant() -> None:
    jump = leg(7, 10, 7, 20)

    assert jump.is_jump
    assert price_at(jump, 7) == 20
    assert [time_at(jump, Ticks(price)) for price in (10, 15, 20, 21)] == [7, 7, 7, None]


# ---------------------------------------------------------------------------------- between rows


def test_a_trade_is_a_jump_and_the_price_stands_until_then() -> None:
    path = PricePath()

    assert path.walk(Trade(5, Ticks(100), 1)) == (leg(5, 100, 5, 100),)
    assert path.walk(Trade(9, Ticks(103), 2)) == (leg(5, 100, 9, 100), leg(9, 100, 9, 103))
    assert path.walk(Trade(9, Ticks(103), 3)) == (leg(9, 103, 9, 103),)
    assert (path.now_ns, path.price) == (9, 103)


def test_bars_join_without_a_jump_where_one_opens_at_the_last_close() -> None:
    path = PricePath()
    path.walk(bar(0, 30, 10, 12, 9, 11))

    assert path.walk(bar(30, 30, 11, 12, 9, 10))[0] == leg(30, 11, 40, 9)
    gap = path.walk(bar(60, 30, 20, 20, 20, 20))
    assert gap[:2] == (leg(60, 10, 60, 20), leg(60, 20, 70, 20))
    silence = path.walk(bar(95, 30, 20, 25, 18, 20), "high")
    assert silence[:2] == (leg(90, 20, 95, 20), leg(95, 20, 105, 25))
    assert path.walk(bar(130, 30, 19, 19, 19, 19))[:2] == (
        leg(125, 20, 130, 20),
        leg(130, 20, 130, 19),
    )


def test_a_row_that_begins_too_early_is_refused() -> None:
    path = PricePath()
    path.walk(bar(0, 30, 10, 12, 9, 11))

    with pytest.raises(TapeError, match="before the last one has ended"):
        path.walk(bar(29, 30, 10, 12, 9, 11))
    with pytest.raises(TapeError, match="before the last one has ended"):
        path.walk(Trade(29, Ticks(11), None))


def assert_path_is_whole(tape: Tape) -> int:
    """Walk a tape; the number of jumps on it."""
    path, last, jumps = PricePath(), None, 0
    for index, row in enumerate(tape.rows(instrument_for(tape.symbol, tape=tape))):
        walk = path.walk(row, "high" if index % 2 else "low")
        for part in walk:
            assert last is None or (part.start_ns, part.start) == (last.end_ns, last.end)
            assert part.end_ns >= part.start_ns
            jumps += part.is_jump and part.end != part.start
            last = part
        if isinstance(row, Bar):
            reached = {walk[-3].end, walk[-2].end, walk[-1].end}
            assert reached == {row.low, row.high, row.close}
    assert last is not None
    assert last.end_ns == tape.end_ns
    return jumps


def test_generated_and_recorded_tapes_make_one_whole_path(tapes: Path | None) -> None:
    assert assert_path_is_whole(generate(1)) >= 3
    if tapes is None:
        return
    for name in ("ticks/BTCUSDT-100ms-2021-05-19T132020Z-flash-crash.csv",):
        assert assert_path_is_whole(read_tape(tapes / name)) > 500
    bars_5m = read_tape(tapes / "klines/BTCUSDT-5m-2019-11-15_2020-03-12.csv.gz")
    assert assert_path_is_whole(bars_5m.split(bars_5m.columns.times[-3000])[1]) > 0
    xrp = read_tape(tapes / "ticks/XRPETH-aggtrades-2019-10-11_2019-10-13.csv.gz")
    assert instrument_for(xrp.symbol, tape=xrp).tick == Decimal("0.00000001")
    assert assert_path_is_whole(xrp) > 1000
    assert xrp.end_ns - xrp.first_ns > 24 * 3600 * NS_PER_S

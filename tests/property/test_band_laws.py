"""The laws that let a reader of prices skip: silence inside the band, an answer outside it."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from robson.domain.strategy import TrailingMode
from robson.domain.values import MONEY, Price, Side, Ticks
from robson.engine.band import FAR, held_band, quiet_band, run
from robson.engine.exits import Hit, HitReason, Raise, Rung, Watch, first_rung, judge
from tests.property.ladders import fresh_watches, tapes, watches

WIDE = settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def answer(watched: Watch, ticks: int) -> Hit | Raise | None:
    return judge(watched, watched.ladder.instrument.price_of(ticks))


@WIDE
@given(data=st.data(), watched=watches())
def test_inside_the_band_nothing_happens_and_outside_something_always_does(
    data: st.DataObject, watched: Watch
):
    """Law (a). An edge is the first price that changes something."""
    band, rules = quiet_band(watched), watched.ladder.instrument
    unit = int(watched.ladder.span / rules.tick) + 1
    middle = rules.ticks(rules.price_down(watched.ladder.entry_ref))
    near = [edge + offset for edge in (band.low, band.high) for offset in range(-2, 3)]
    inside = [band.low + 1, band.high - 1]
    far = data.draw(st.lists(st.integers(middle - 12 * unit, middle + 12 * unit), max_size=20))

    for ticks in (*near, *inside, *far):
        if not 1 <= ticks < FAR // 2:
            continue
        happened = answer(watched, ticks)
        assert (happened is None) == (ticks in band), (ticks, band, happened)


@WIDE
@given(data=st.data(), watched=watches())
def test_the_position_is_left_outside_the_held_band_and_nowhere_else(
    data: st.DataObject, watched: Watch
):
    """A wire there lets a cancel leave exactly where the judge says to leave."""
    held, rules = held_band(watched), watched.ladder.instrument
    unit = int(watched.ladder.span / rules.tick) + 1
    middle = rules.ticks(rules.price_down(watched.ladder.entry_ref))
    near = [edge + offset for edge in (held.low, held.high) for offset in range(-2, 3)]
    far = data.draw(st.lists(st.integers(middle - 12 * unit, middle + 12 * unit), max_size=20))

    for ticks in (*near, *far):
        if 1 <= ticks < FAR // 2:
            left = isinstance(answer(watched, ticks), Hit)
            assert left == (ticks not in held), (ticks, held)


@WIDE
@given(data=st.data(), watched=watches())
def test_skipping_ahead_gives_the_same_answers_as_going_tick_by_tick(
    data: st.DataObject, watched: Watch
):
    """Law (b): the backtest may search the tape for the next price that matters."""
    prices = data.draw(tapes(watched))
    assert run(watched, prices, skip=True) == run(watched, prices, skip=False)


@WIDE
@given(data=st.data(), watched=watches())
def test_a_stop_never_loosens_and_stays_short_of_the_price_that_raised_it(
    data: st.DataObject, watched: Watch
):
    """Along any path, in any mode, on any grid."""
    sign, rules = watched.side.sign, watched.ladder.instrument
    for ticks in data.draw(tapes(watched)):
        happened = answer(watched, ticks)
        if isinstance(happened, Hit):
            break
        if isinstance(happened, Raise):
            assert (happened.stop - watched.stop) * sign > 0
            assert (rules.price_of(ticks) - happened.stop) * sign > 0
            assert happened.rung > watched.rung
            assert rules.stop_price(happened.stop, watched.side) == happened.stop
            watched = watched.raised(happened)
            assert answer(watched, ticks) is None


@WIDE
@given(data=st.data(), watched=fresh_watches())
def test_a_gap_ends_at_the_stop_that_small_steps_would_have_reached(
    data: st.DataObject, watched: Watch
):
    """The way to a price does not matter as long as nothing was hit on it."""
    sign = watched.side.sign
    offsets = sorted(data.draw(st.lists(st.integers(0, 4000), min_size=1, max_size=12)))
    rules = watched.ladder.instrument
    start = rules.ticks(rules.price_down(watched.ladder.entry_ref))
    unit = max(1, int(watched.ladder.span / rules.tick) // 400)
    path = [Ticks(start + sign * unit * offset) for offset in offsets]
    if min(path) < 1:
        return
    stepwise = run(watched, path, skip=False)
    at_once = run(watched, path[-1:], skip=False)

    def stop_after(answers: list[tuple[int, Hit | Raise]]) -> Price:
        raises = [each for _, each in answers if isinstance(each, Raise)]
        return raises[-1].stop if raises else watched.stop

    if not any(isinstance(each, Hit) for _, each in stepwise):
        assert stop_after(stepwise) == stop_after(at_once)


def _counts(watched: Watch, number: int) -> Rung | None:
    """The rule of a rung by fractions and by hand, sharing nothing with the engine but the grid."""
    ladder, rules = watched.ladder, watched.ladder.instrument
    sign, tick, origin = watched.side.sign, Fraction(rules.tick), Fraction(rules.min_price)
    entry, span = Fraction(ladder.entry_ref), Fraction(ladder.span)
    if ladder.mode is TrailingMode.CONTINUOUS:
        stride = max(tick, span / 16)
        price, stop = entry + sign * number * stride, entry + sign * (number * stride - span)
    elif number > 1:
        price, stop = entry + sign * number * span, entry + sign * (number - 1) * span
    else:
        base = Fraction(ladder.anchor or ladder.entry_ref)
        past = 1 + Fraction(ladder.be_bps) / 10_000
        price, stop = entry + sign * span, base * past if sign > 0 else base / past
    # price away from the entry, stop away from the price: up and down for a long
    up = -(-(price - origin) // tick) if sign > 0 else (price - origin) // tick
    down = (stop - origin) // tick if sign > 0 else -(-(stop - origin) // tick)
    price, stop = origin + up * tick, origin + down * tick
    if ladder.unguarded is not None and (Fraction(ladder.unguarded) - stop) * sign > 0:
        stop = Fraction(ladder.unguarded)
    if price <= 0 or stop <= 0:
        return None
    now = Fraction(watched.stop)
    if (stop - now) * sign <= 0 or (price - stop) * sign <= 0:
        return None
    return Rung(number=number, price=rules.price_of(int(up)), stop=_price(stop))


def _price(exact: Fraction) -> Price:
    with localcontext(MONEY):
        return Price(Decimal(exact.numerator) / exact.denominator)


@WIDE
@given(watched=watches())
def test_the_first_rung_is_the_lowest_that_counts(watched: Watch):
    """By trying one after the other."""
    tried = range(watched.rung + 1, watched.rung + 140)
    if watched.ladder.mode is TrailingMode.OFF:
        tried = range(0)
    expected = next((rung for k in tried if (rung := _counts(watched, k))), None)
    assert first_rung(watched.ladder, watched.stop, watched.rung) == expected


def _story(watched: Watch, prices: list[Ticks]) -> set[str]:
    """What happened on a path, in words."""
    told: set[str] = set()
    side, mode = watched.side.value, watched.ladder.mode.value
    if watched.ladder.mode is TrailingMode.HANDSPAN and _counts(watched, 1) is None:
        told.add("first rung without room")
    if watched.ladder.span * 400 <= watched.ladder.entry_ref:
        told.add("span of 25 bps or less")
    rung = watched.rung
    for index, each in run(watched, prices, skip=True):
        if isinstance(each, Hit):
            told.add(f"{side} {each.reason}")
        else:
            told |= {f"{side} {mode} raise", *(["several rungs"] if each.rung > rung + 1 else [])}
            told |= {"released"} if each.stop == watched.ladder.unguarded else set()
            rung = each.rung
        if index > 0:
            told.add("quiet before")
    return told


KINDS = [
    *(f"{side.value} {reason}" for side in Side for reason in get_args(HitReason)),
    *(f"{side.value} {mode} raise" for side in Side for mode in ("handspan", "continuous")),
    "first rung without room",
    "span of 25 bps or less",
    "several rungs",
    "quiet before",
    "released",
]


@pytest.mark.parametrize("kind", KINDS)
def test_the_laws_are_tried_on_every_kind_of_answer(kind: str):
    """Nothing passes empty: the same generators do produce each case."""
    watched_and_prices = fresh_watches().flatmap(
        lambda watched: st.tuples(st.just(watched), tapes(watched))
    )
    found = find(
        watched_and_prices,
        lambda case: kind in _story(*case),
        settings=settings(max_examples=5000, deadline=None, database=None),
    )
    assert kind in _story(*found)

"""Rungs, and what one price does to a watched position."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.domain.errors import InvalidValue
from robson.domain.strategy import TrailingMode
from robson.domain.values import Price, Side
from robson.engine.exits import (
    Hit,
    Ladder,
    Raise,
    Watch,
    be_bps_auto,
    first_rung,
    first_rung_anchor,
    judge,
)
from tests.unit.engine.builders import BTC, D, instrument, watch


def walk(watched: Watch, prices: list[str]) -> list[tuple[int, str, str]]:
    """Rung, stop and answer after each price, up to the first hit."""
    trail = []
    for price in prices:
        answer = judge(watched, D(price))
        if isinstance(answer, Raise):
            watched = watched.raised(answer)
        name = answer.reason if isinstance(answer, Hit) else ("raise" if answer else "-")
        trail.append((watched.rung, str(watched.stop), name))
        if isinstance(answer, Hit):
            break
    return trail


def test_a_long_climbs_rung_by_rung():
    """Partial spans move nothing; a jump of two spans moves once, to the rung it reached."""
    prices = ["49500", "50000", "50999", "51000", "51999", "52000", "54000", "53500"]

    trail = walk(watch("50000", "49000"), prices)

    assert [rung for rung, _, _ in trail] == [0, 0, 0, 1, 1, 2, 4, 4]
    assert [D(stop) for _, stop, _ in trail] == [
        D(stop) for stop in (49000, 49000, 49000, 50075, 50075, 51000, 53000, 53000)
    ]


def test_the_last_price_of_the_worked_ladder_leaves_at_the_raised_stop():
    """50,500 after 54,000 lies through the stop of 53,000."""
    assert walk(watch("50000", "49000"), ["54000", "50500"])[-1] == (4, "53000.00", "trailing_stop")


def test_without_costs_the_first_rung_is_the_entry():
    """With be at 0 one span moves the stop to the entry, two to one span."""
    assert walk(watch("50000", "49000", be_bps=0), ["51000", "52000"]) == [
        (1, "50000.00", "raise"),
        (2, "51000.00", "raise"),
    ]
    assert [stop for _, stop, _ in walk(watch("95000", "93500", be_bps=0), ["96500", "98000"])] == [
        "95000.00",
        "96500.00",
    ]
    raised = walk(watch("95000", "93500", be_bps=0), ["96500", "98000", "99500", "98000"])
    assert raised[-1] == (3, "98000.00", "trailing_stop")


def test_a_short_descends_rung_by_rung():
    """Its first rung divides: 3000 / 1.0015, rounded up to the tick."""
    trail = walk(watch("3000", "3100"), ["2950", "2900", "2800", "2700"])
    assert [(rung, stop) for rung, stop, _ in trail] == [
        (0, "3100"),
        (1, "2995.51"),
        (2, "2900.00"),
        (3, "2800.00"),
    ]


def test_the_stop_is_hit_at_its_own_price():
    """At or through: long below, short above."""
    assert judge(watch("100", "99"), D("99")) == Hit("stop_loss")
    assert judge(watch("100", "99"), D("98")) == Hit("stop_loss")
    assert judge(watch("100", "99"), D("99.01")) is None
    assert judge(watch("100", "101"), D("101")) == Hit("stop_loss")
    assert judge(watch("100", "101"), D("100.99")) is None


def test_the_gain_is_hit_at_its_own_price():
    """At or beyond: long above, short below."""
    long = watch("100", "99", gain="102", mode=TrailingMode.OFF)
    assert judge(long, D("102")) == Hit("stop_gain")
    assert judge(long, D("101.99")) is None
    short = watch("100", "101", gain="98", mode=TrailingMode.OFF)
    assert judge(short, D("97")) == Hit("stop_gain")
    assert judge(short, D("98.01")) is None


def test_the_gain_comes_before_the_rung_at_the_same_price():
    """No stop is raised on a position that is being left."""
    assert judge(watch("100", "99", gain="102"), D("102")) == Hit("stop_gain")
    assert judge(watch("100", "99", gain="102.01"), D("102")) == Raise(2, Price("101.00"))


def test_the_stop_comes_before_the_gain():
    """Where both are met at once the position is left by its protection."""
    crossed = attrs.evolve(watch("100", "99", gain="102"), stop=Price("103"))
    assert judge(crossed, D("102.5")) == Hit("trailing_stop")


def test_the_reason_says_whether_the_stop_had_been_raised():
    """A raised stop that is back at no gain is still a raised stop."""
    fresh = watch("100", "99")
    assert judge(fresh.raised(Raise(1, Price("99.5"))), D("99")) == Hit("trailing_stop")


def test_without_trailing_the_stop_never_moves():
    """`off` keeps the executable stop to the end."""
    assert judge(watch("100", "99", mode=TrailingMode.OFF), D("150")) is None


def test_judging_again_after_the_fold_gives_nothing():
    """A repeated tick produces no second event."""
    for price in ("101", "101.5", "104.99", "107"):
        start = watch("100", "99")
        answer = judge(start, D(price))
        assert isinstance(answer, Raise)
        assert judge(start.raised(answer), D(price)) is None


def test_a_rung_without_room_for_its_stop_is_gone_for_good():
    """A span of 10 bps: 15 bps past the entry would be beyond the price that raised it."""
    narrow = watch("60000", "59940", be_bps=15)
    assert narrow.ladder.rung_stop(1) > narrow.ladder.rung_price(1)

    assert judge(narrow, D("60066.60")) is None
    assert judge(narrow, D("60119.99")) is None
    assert judge(narrow, D("60120")) == Raise(2, Price("60060.00"))


def test_a_rung_whose_stop_would_be_its_own_price_has_no_room():
    """The near side is at least one tick away."""
    exact = watch("60000", "59910", be_bps=15)
    assert exact.ladder.rung_stop(1) == exact.ladder.rung_price(1)
    assert judge(exact, D("60090")) is None

    roomy = watch("60000", "59909.99", be_bps=15)
    assert judge(roomy, D("60090.01")) == Raise(1, Price("60090.00"))


def test_a_stop_that_was_tightened_otherwise_is_never_loosened():
    """Rungs that would put it back are passed over, also by the first to be asked for."""
    tightened = attrs.evolve(watch("100", "99"), stop=Price("102.5"))

    rung = first_rung(tightened.ladder, tightened.stop, tightened.rung)

    assert rung is not None
    assert (rung.number, rung.price, rung.stop) == (4, D(104), D(103))
    assert judge(tightened, D("103.99")) is None


def test_a_stop_tightened_to_the_entry_still_takes_the_first_rung():
    """It lies a little beyond the entry."""
    tightened = attrs.evolve(watch("100", "99"), stop=Price("100"))
    assert judge(tightened, D("101")) == Raise(1, Price("100.15"))


def test_the_first_advance_releases_the_guard():
    """A sixteenth of a span would move the stop a sixteenth; the level was the real stop."""
    guarded = watch("10000", "9800", mode=TrailingMode.CONTINUOUS)
    guarded = attrs.evolve(guarded, ladder=attrs.evolve(guarded.ladder, unguarded=Price("9900")))
    assert judge(guarded, D("10012.49")) is None
    first = judge(guarded, D("10012.50"))
    assert first == Raise(1, Price("9900"))
    released = guarded.raised(first)
    assert judge(released, D("10112.49")) is None
    assert judge(released, D("10112.50")) == Raise(9, Price("9912.50"))
    assert judge(guarded, D("9800")) == Hit("stop_loss")
    assert judge(released, D("9900")) == Hit("trailing_stop")


def test_an_anchor_behind_the_unguarded_stop_does_not_keep_the_guard():
    """A long filled far below its plan: one span up, the guard is over all the same."""
    guarded = watch("10000", "9800", be_bps=0)
    ladder = attrs.evolve(guarded.ladder, unguarded=Price("9950"), anchor=Price("9850"))
    guarded = attrs.evolve(guarded, ladder=ladder)
    assert judge(guarded, D("10200")) == Raise(1, Price("9950"))


def test_continuous_moves_in_sixteenths_of_a_span():
    """One span behind the best price, without an event for every tick."""
    trail = walk(
        watch("100", "98.4", mode=TrailingMode.CONTINUOUS),
        ["100.09", "100.10", "100.19", "100.25", "101.60", "100.00"],
    )
    assert trail == [
        (0, "98.4", "-"),
        (1, "98.50", "raise"),
        (1, "98.50", "-"),
        (2, "98.60", "raise"),
        (16, "100.00", "raise"),
        (16, "100.00", "trailing_stop"),
    ]


def test_a_continuous_step_is_never_below_one_tick():
    """A span of four ticks has four steps."""
    rules = instrument(tick="0.5")
    small = watch("100", "98", mode=TrailingMode.CONTINUOUS, rules=rules)
    assert small.ladder.stride == D("0.5")
    assert walk(small, ["100.5", "101", "103"]) == [
        (1, "98.5", "raise"),
        (2, "99.0", "raise"),
        (6, "101.0", "raise"),
    ]


def test_a_continuous_stop_is_never_closer_than_one_span():
    """Steps that fall between ticks are rounded away from the price on both ends."""
    ladder = watch("100", "98.37", mode=TrailingMode.CONTINUOUS).ladder
    for number in range(1, 60):
        assert ladder.rung_price(number) - ladder.rung_stop(number) >= D("1.63")


def test_a_rung_between_two_ticks_counts_at_the_first_tick_beyond():
    """A price on the grid decides; a trade cannot happen between."""
    rules = instrument(tick="0.5")
    odd = attrs.evolve(watch("100", "99", rules=rules).ladder, entry_ref=Price("100.2"))
    assert (odd.rung_price(2), odd.rung_stop(2)) == (D("102.5"), D("101.0"))


def test_a_short_ladder_ends_above_zero():
    """Three spans below 10 lie at 1; the fourth would be below zero."""
    short = watch("10", "13", be_bps=0)
    assert judge(short, D("1")) == Raise(3, Price("4.00"))
    ended = short.raised(Raise(3, Price("4.00")))
    assert first_rung(ended.ladder, ended.stop, ended.rung) is None
    assert judge(ended, D("0.01")) is None


def test_the_first_rung_can_be_anchored_at_the_fill():
    """Far from the reference the costs were paid at the fill; other rungs stay on the plan."""
    ladder = attrs.evolve(watch("100", "98").ladder, anchor=Price("100.6"))
    assert (ladder.rung_stop(1), ladder.rung_stop(2)) == (D("100.75"), D("102"))
    at = Price("100")
    assert first_rung_anchor(entry_ref=at, fill=Price("100.50"), span=D(2)) == at
    assert first_rung_anchor(entry_ref=at, fill=Price("100.51"), span=D(2)) == D("100.51")
    assert first_rung_anchor(entry_ref=at, fill=Price("99.49"), span=D(2)) == D("99.49")


@pytest.mark.parametrize(
    ("fee", "gap", "bps"), [("0.001", 10, 25), ("0.001", 11, 26), ("0.00075", 10, 20), ("0", 0, 0)]
)
def test_the_first_rung_covers_two_fees_and_half_the_gap(fee: str, gap: int, bps: int):
    """In whole basis points, rounded up."""
    assert be_bps_auto(fee=D(fee), gap_bps=D(gap)) == D(bps)


@pytest.mark.parametrize(("span", "be_bps"), [(D(0), D(15)), (D(-1), D(15)), (D(1), D(-1))])
def test_a_ladder_that_does_not_climb_is_refused(span: Decimal, be_bps: Decimal):
    """Span zero would put every rung on the entry."""
    with pytest.raises(InvalidValue):
        Ladder(
            side=Side.LONG,
            entry_ref=Price("100"),
            span=span,
            be_bps=be_bps,
            mode=TrailingMode.HANDSPAN,
            instrument=BTC,
        )

"""The tick board, one thread at a time: what is kept, what is let go, who is woken."""

from __future__ import annotations

from typing import Any

from robson.daemon.ticks import CAPTURE_MAX, BoardTick, TickBoard, Tripwire, protective_first
from robson.domain.values import ExchangeNs, Side

WIDE, NARROW = (0, 1_000), (95, 105)


def walked(board: TickBoard, *prices: int) -> list[bool]:
    """Prices, one after another; whether each woke somebody."""
    return [
        board.offer(price, ExchangeNs(number), jump=False) for number, price in enumerate(prices)
    ]


def prices(ticks: list[BoardTick]) -> list[int]:
    return [tick.price for tick in ticks]


def published(band: tuple[int, int] = NARROW, price: int = 100) -> TickBoard:
    """A board whose band is out and whose last price is inside."""
    board = TickBoard()
    walked(board, price)
    board.take_or_publish(band)
    assert board.take_or_publish(band) == []
    assert board.band == band
    return board


def test_before_a_band_every_tick_is_kept_and_nobody_is_woken() -> None:
    board = TickBoard()

    assert walked(board, 100, 101, 99) == [False, False, False]
    assert board.band is None
    assert prices(board.take_or_publish(WIDE)) == [100, 101, 99]


def test_ticks_inside_the_band_leave_only_the_last_price() -> None:
    board = published()

    assert walked(board, 96, 104, 101) == [False, False, False]
    assert board.last is not None
    assert board.last.price == 101
    assert board.take_or_publish(NARROW) == []


def test_first_tick_outside_wakes_and_all_after_it_are_kept() -> None:
    board = published()

    # The edges do not belong to the band.
    assert walked(board, 105, 100, 90) == [True, False, False]
    assert board.band is None
    assert prices(board.take_or_publish(NARROW)) == [105, 100, 90]


def test_band_is_published_only_when_nothing_is_left() -> None:
    board = published()
    walked(board, 94)

    assert prices(board.take_or_publish(WIDE)) == [94]
    assert board.band is None
    assert board.take_or_publish(WIDE) == []
    assert board.band == WIDE


def test_last_price_outside_the_new_band_is_judged_first() -> None:
    board = published()
    walked(board, 101)
    board.hold()

    (tick,) = board.take_or_publish((0, 101))
    assert tick.price == 101
    assert board.band is None
    assert board.take_or_publish((0, 101)) == []
    assert board.band == (0, 101)


def test_hold_keeps_what_comes() -> None:
    board = published()
    board.hold()

    assert walked(board, 101, 102) == [False, False]
    assert prices(board.take_or_publish(NARROW)) == [101, 102]


def test_jump_remembers_where_it_came_from() -> None:
    board = TickBoard()
    board.offer(100, ExchangeNs(1), jump=True)
    board.offer(90, ExchangeNs(2), jump=True)
    board.offer(91, ExchangeNs(3), jump=False)

    assert [tick.jumped_from for tick in board.take_or_publish(WIDE)] == [None, 100, None]


def test_too_many_leave_their_extremes() -> None:
    board = TickBoard()
    walked(board, *([100] * (CAPTURE_MAX - 2)), 50, 150, 101)
    taken = board.take_or_publish(WIDE)

    assert prices(taken) == [50, 150, 101]
    assert all(tick.coalesced for tick in taken)


def test_a_last_price_that_was_handed_out_is_taken_again_after_the_next_change() -> None:
    """The state it was judged by is not the one that is there now."""
    board = published()
    walked(board, 101)
    for _ in range(2):
        board.hold()
        assert prices(board.take_or_publish((0, 101))) == [101]
        assert board.take_or_publish((0, 101)) == []


def test_of_extremes_without_their_order_the_one_nearer_the_stop_is_judged_first() -> None:
    board = TickBoard()
    walked(board, *([100] * (CAPTURE_MAX - 2)), 150, 50, 101)
    first, second, third, fourth, last = (
        (tick.price, side) for tick, side in protective_first(board.take_or_publish(WIDE))
    )

    assert [first, second] == [(150, Side.SHORT), (50, Side.SHORT)]
    assert [third, fourth] == [(50, Side.LONG), (150, Side.LONG)]
    assert last == (101, None)


def test_ticks_that_kept_their_order_are_judged_in_it_by_everybody() -> None:
    board = TickBoard()
    walked(board, 100, 150, 50)
    judged = [(tick.price, side) for tick, side in protective_first(board.take_or_publish(WIDE))]

    assert judged == [(100, None), (150, None), (50, None)]
    assert list(protective_first([])) == []


def test_extremes_of_one_instant_are_told_apart_by_their_price() -> None:
    """One came from nowhere, another by a jump: that orders nothing."""
    board = TickBoard()
    for number in range(CAPTURE_MAX + 1):
        board.offer(100, ExchangeNs(0), jump=number % 2 == 0)

    assert prices(board.take_or_publish(WIDE)) == [100, 100, 100]


# --- the wire ------------------------------------------------------------------------------------


def wired(low: int = 95, high: int = 105) -> tuple[TickBoard, list[Any]]:
    """A published board with a wire, and what has left by it."""
    board, left = published(), []
    cancel: Any = "cancel"
    board.put_up(Tripwire(low, high, cancel, lambda each: f"{each}, stamped", left.append))
    return board, left


def test_the_first_price_at_the_wire_lets_the_cancel_leave_and_is_kept_in_front() -> None:
    board, left = wired()

    assert walked(board, 104, 105, 90) == [False, True, False]
    assert left == ["cancel, stamped"]
    tripped = board.take_down()
    assert tripped is not None
    assert (tripped.left, tripped.tick.price, prices(tripped.later)) == (left[0], 105, [90])
    assert board.take_down() is None
    assert board.take_or_publish(WIDE) == [], "each was handed out once"


def test_a_price_out_of_the_band_and_short_of_the_wire_only_wakes() -> None:
    board, left = wired(low=90, high=110)

    assert walked(board, 105, 110) == [True, False]
    assert left == [], "what comes after the first is the monitor's to judge"
    assert board.take_down() is None
    assert prices(board.take_or_publish(WIDE)) == [105, 110]


def test_a_wire_is_up_only_while_the_band_is_out() -> None:
    for held_before in (True, False):
        board, left = published(), []
        cancel: Any = "cancel"
        wire = Tripwire(95, 105, cancel, lambda each: each, left.append)
        if held_before:
            board.hold()
        board.put_up(wire)
        board.hold()
        board.offer(105, ExchangeNs(1), jump=True)
        assert left == []


def test_a_wire_that_was_taken_down_lets_nothing_leave() -> None:
    board, left = wired()
    assert board.take_down() is None

    assert walked(board, 105) == [True]
    assert left == []


def test_what_tripped_stays_in_front_of_extremes_whose_order_is_lost() -> None:
    board, left = wired()
    walked(board, 106, 90, 120, *[100] * (2 * CAPTURE_MAX), 101)

    assert len(left) == 1
    tripped = board.take_down()
    assert tripped is not None
    assert (tripped.tick.price, tripped.tick.coalesced) == (106, False)
    judged = [(tick.price, side) for tick, side in protective_first(tripped.later)]
    assert judged[:2] == [(120, Side.SHORT), (90, Side.SHORT)]
    assert judged[-1][0] == 101

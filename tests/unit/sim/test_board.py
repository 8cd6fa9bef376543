"""The board and the roster beside the worlds: equal times, overflow, and rows that cannot be."""

from __future__ import annotations

import pytest

from robson.daemon.roster import Roster
from robson.daemon.ticks import CAPTURE_MAX, TickBoard
from robson.domain import events as e
from robson.domain.errors import InvariantViolated
from robson.domain.identity import ClientOrderId
from robson.domain.lifecycle import MachineLaw
from robson.domain.values import ExchangeNs, Side
from robson.store.memory import MemoryJournal
from tests.simulation.worlds import Bench

AT = ExchangeNs(1_000_000)


def test_ticks_of_one_millisecond_are_all_judged_in_order() -> None:
    board = TickBoard()
    board.take_or_publish((90, 110))
    woken = [board.offer(price, AT, jump=True) for price in (100, 120, 105, 80, 80)]

    assert woken == [False, True, False, False, False]
    assert [tick.price for tick in board.take_or_publish((0, 200))] == [120, 105, 80, 80]
    assert board.take_or_publish((0, 200)) == []
    assert board.band == (0, 200)


def test_the_last_price_is_judged_once_when_the_band_moves_over_it() -> None:
    board = TickBoard()
    board.take_or_publish((90, 110))
    board.offer(105, AT, jump=True)

    (last,) = board.take_or_publish((90, 104))
    assert last.price == 105
    assert board.band == (90, 110)  # not yet: what follows is not to be compared with it
    assert board.take_or_publish((90, 104)) == []
    assert board.band == (90, 104)


def test_an_overflow_keeps_low_high_and_last_and_says_so() -> None:
    board = TickBoard()
    for place in range(CAPTURE_MAX + 1):
        board.offer(100 + place % 7, AT, jump=True)
    board.offer(50, AT, jump=True)
    taken = board.take_or_publish((0, 1))

    assert min(tick.price for tick in taken) == 50
    assert max(tick.price for tick in taken) == 106
    assert taken[-1].price == 50
    assert any(tick.coalesced for tick in taken)


def test_a_row_that_cannot_be_folded_never_reaches_the_journal() -> None:
    bench = Bench([])
    view = bench.active(Side.LONG)
    journal = MemoryJournal(list(bench.world.journal.rows.rows))
    roster = Roster(journal, MachineLaw)
    roster.load()
    rows = len(journal.rows)
    again = e.ExitRetry(
        position=view.id,
        at_ns=view.updated_ns,
        client_id=ClientOrderId("x"),
        code=None,
        message="not while it is active",
    )

    with pytest.raises(InvariantViolated):
        roster.commit((again,))
    assert len(journal.rows) == rows
    assert Roster(journal, MachineLaw).load() == rows

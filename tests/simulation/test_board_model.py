"""No interleaving of feed and monitor loses a tick, judges it by a wrong state, or forgets to wake.

The exhaustive model of the hand-over: the shipped board under the shipped turn, against judging
tick by tick.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from robson.daemon import ticks
from robson.daemon.ticks import BoardTick
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.strategy import TrailingMode
from robson.domain.values import Price, Side, Ticks
from robson.engine.band import EVERYTHING, quiet_band, run
from robson.engine.exits import Hit, Ladder, Raise, Watch, judge
from tests.simulation.board_model import Run, explore, pointed_board, pointed_turn

RULES = Instrument(symbol=Symbol("A", "B"), tick=Decimal(1), step=Decimal(1))
PRICES = (17, 19, 21, 22, 25)
"""Past the first stop, past a raised one, quiet, at the first rung, at the target."""
TAPES = tuple(itertools.product(PRICES, repeat=3))
Answers = tuple[tuple[int, Hit | Raise], ...]

BOARD, POINTS = pointed_board()
TURN, TURN_POINTS = pointed_turn()


def watch() -> Watch:
    """Entered at 20: stop 18, rung at 22 moves it to 20, target 25."""
    ladder = Ladder(
        side=Side.LONG,
        entry_ref=Price(20),
        span=Decimal(2),
        be_bps=Decimal(0),
        mode=TrailingMode.HANDSPAN,
        instrument=RULES,
    )
    return Watch(
        side=Side.LONG,
        stop=Price(18),
        first_stop=Price(18),
        stop_gain=Price(25),
        rung=0,
        ladder=ladder,
    )


class Position:
    """What the monitor would hold of it: a watch, and every answer with its tick."""

    def __init__(self, *, active: bool) -> None:
        self._watch = watch() if active else None
        self.answers: list[tuple[int, Hit | Raise]] = []

    def activate(self) -> None:
        self._watch = watch()

    def band(self) -> tuple[int, int]:
        band = EVERYTHING if self._watch is None else quiet_band(self._watch)
        return band.low, band.high

    def judge(self, tick: BoardTick) -> None:
        found = judge(self._watch, Decimal(tick.price)) if self._watch is not None else None
        if found is None:
            return
        assert self._watch is not None
        self.answers.append((int(tick.at_ns), found))
        self._watch = None if isinstance(found, Hit) else self._watch.raised(found)

    def key(self) -> Any:
        return self._watch, tuple(self.answers)


def by_tick(tape: Sequence[int]) -> Answers:
    """The answers of judging one tick after another."""
    return tuple(run(watch(), [Ticks(price) for price in tape], skip=False))


def activated_at(tape: Sequence[int], begin: int) -> Answers:
    """The same for a position that becomes active after ``begin`` ticks: the last one counts."""
    first = max(begin - 1, 0)
    return tuple((index + first, answer) for index, answer in by_tick(tape[first:]))


def make(tape: Sequence[int], *, active: bool) -> Callable[[], Run]:
    messages = ("wake",) if active else ("start", "activate")
    return lambda: Run(BOARD, TURN, tape, Position(active=active), messages)


def judge_all(tapes: Sequence[Sequence[int]], *, active: bool) -> tuple[int, int]:
    """Explore every tape; the number of runs, and of answers in them."""
    runs = answers = 0
    for tape in tapes:
        legal = (
            {by_tick(tape)}
            if active
            else {activated_at(tape, begin) for begin in range(len(tape) + 1)}
        )
        for done in explore(make(tape, active=active)):
            found = tuple(done.machine.answers)
            assert found in legal, f"{tape}: {found}, tick by tick {legal}"
            assert not done.board._captured, f"{tape}: ticks wait and nobody was woken"
            assert done.board._band is not None, f"{tape}: no band, and nobody works"
            assert not done.threads[0], f"{tape}: the feed is stuck"
            runs += 1
            answers += len(found)
    return runs, answers


@pytest.mark.parametrize("first", PRICES)
def test_active_position_is_judged_as_tick_by_tick(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    tapes = [tape for tape in TAPES if tape[0] == first]
    runs, answers = judge_all(tapes, active=True)

    assert runs > len(tapes)
    assert answers > 0
    record_property("note", f"board model, active, {first} first: {runs} runs, {answers} answers")


@pytest.mark.parametrize("first", PRICES)
def test_position_that_becomes_active_is_judged_from_some_tick_on(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    tapes = [tape for tape in TAPES if tape[0] == first]
    runs, answers = judge_all(tapes, active=False)

    assert runs > len(tapes)
    assert answers > 0
    record_property("note", f"board model, arising, {first} first: {runs} runs, {answers} answers")


def test_the_model_runs_the_shipped_code() -> None:
    """Points stand in the file's own code; were they few, the model would see little."""
    assert BOARD.offer.__code__.co_filename == ticks.__file__
    assert POINTS >= 20
    assert TURN_POINTS >= 1


def test_a_board_without_its_lock_is_found_out() -> None:
    """The model itself on trial: publishing outside of the lock loses a tick."""

    class Unlocked(BOARD):  # type: ignore[valid-type, misc]
        def take_or_publish(self, band: tuple[int, int]) -> Any:
            captured = yield ("load", self, "_captured")
            if captured:
                yield ("store", self, "_captured")
                self._captured = []
                self._handed = captured[-1]
                return [BoardTick(*tick) for tick in captured]
            last = yield ("load", self, "_last")
            if last is not None and last is not self._handed and not band[0] < last[0] < band[1]:
                self._handed = last
                return [BoardTick(*last)]
            yield ("store", self, "_band")
            self._band = band
            return []

    def unlocked() -> Run:
        return Run(Unlocked, TURN, (17, 21, 22), Position(active=True), ("wake",))

    legal = by_tick((17, 21, 22))
    wrong = [
        done
        for done in explore(unlocked)
        if tuple(done.machine.answers) != legal or done.board._captured
    ]
    assert wrong

"""No interleaving of feed and monitor loses a tick, judges it by a wrong state, or forgets to wake.

The exhaustive model of the hand-over: the shipped board under the shipped turn, against judging
tick by tick. Nor does any let a cancel leave that no answer asks for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from robson.daemon import ticks
from robson.daemon.ticks import BoardTick, Tripwire
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.strategy import TrailingMode
from robson.domain.values import ExchangeNs, Price, Side, Ticks
from robson.engine.band import EVERYTHING, held_band, quiet_band, run
from robson.engine.exits import Hit, Ladder, Raise, Watch, judge
from tests.simulation.board_model import Run, explore, pointed_board, pointed_turns

RULES = Instrument(symbol=Symbol("A", "B"), tick=Decimal(1), step=Decimal(1))
PRICES = (17, 19, 21, 22, 25)
"""Past the first stop, past a raised one, quiet, at the first rung, at the target."""
TAPES = tuple(itertools.product(PRICES, repeat=3))
Answers = tuple[tuple[int, Hit | Raise | str], ...]
CANCEL: Any = "the cancel"

BOARD, POINTS = pointed_board()
TURNS, TURN_POINTS = pointed_turns()


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
    """What the monitor would hold of it: a watch, and every answer with its tick.

    ``left`` counts cancels that a price let leave, ``wanted`` those that an answer asked for.
    """

    def __init__(self, *, active: bool) -> None:
        self._watch = watch() if active else None
        self.answers: list[tuple[int, Hit | Raise | str]] = []
        self.left = self.wanted = 0

    def activate(self) -> None:
        self._watch = watch()

    def panic(self) -> None:
        if self._watch is not None:
            self.answers.append((-1, "panic"))
        self._watch = None

    def tighten(self) -> None:
        """The stop moves up to 20 without a price: as a person or a gap moves it."""
        if self._watch is not None:
            self.answers.append((-1, "tighten"))
            self._watch = self._watch.raised(Raise(1, Price(20)))

    def band(self) -> tuple[int, int]:
        band = EVERYTHING if self._watch is None else quiet_band(self._watch)
        return band.low, band.high

    def wires(self) -> dict[str, Tripwire]:
        if self._watch is None:
            return {}
        held = held_band(self._watch)
        return {"X": Tripwire(held.low, held.high, CANCEL, lambda cancel: cancel, self._send)}

    def _send(self, _cancel: object) -> None:
        self.left += 1

    def judge(self, tick: BoardTick, left: object) -> None:
        found = judge(self._watch, Decimal(tick.price)) if self._watch is not None else None
        self.wanted += left is not None
        assert left is None or isinstance(found, Hit), f"{left} has left at {tick}: {found}"
        if found is None:
            return
        assert self._watch is not None
        self.answers.append((int(tick.at_ns), found))
        self._watch = None if isinstance(found, Hit) else self._watch.raised(found)

    def key(self) -> Any:
        return self._watch, tuple(self.answers), self.left, self.wanted


def by_tick(tape: Sequence[int]) -> Answers:
    """The answers of judging one tick after another."""
    return tuple(run(watch(), [Ticks(price) for price in tape], skip=False))


def activated_at(tape: Sequence[int], begin: int) -> Answers:
    """The same for a position that becomes active after ``begin`` ticks: the last one counts."""
    first = max(begin - 1, 0)
    return tuple((index + first, answer) for index, answer in by_tick(tape[first:]))


def changed_at(tape: Sequence[int], message: str, at: int, *, again: bool) -> Answers:
    """The answers where a message comes after so many ticks. ``again``: the last of them is judged
    once more, which it is where no other has come meanwhile.
    """
    position = Position(active=True)
    for number in range(len(tape) + 1):
        if number == at:
            getattr(position, message)()
            if again and number:
                position.judge(BoardTick(tape[number - 1], ExchangeNs(number - 1)), None)
        if number < len(tape):
            position.judge(BoardTick(tape[number], ExchangeNs(number)), None)
    return tuple(position.answers)


def make(tape: Sequence[int], *, active: bool) -> Callable[[], Run]:
    messages = ("wake",) if active else ("start", "activate")
    return lambda: Run(BOARD, TURNS, tape, Position(active=active), messages)


def at_its_end(done: Run, tape: Sequence[int]) -> None:
    """What holds when nobody works any more."""
    assert not done.board._captured, f"{tape}: ticks wait and nobody was woken"
    assert done.board._band is not None, f"{tape}: no band, and nobody works"
    assert not done.threads[0], f"{tape}: the feed is stuck"
    assert done.machine.left == done.machine.wanted, f"{tape}: a cancel has left for nothing"


def judge_all(tapes: Sequence[Sequence[int]], *, active: bool) -> tuple[int, int, int]:
    """Explore every tape; the number of runs, of answers in them, and of cancels that left."""
    runs = answers = left = 0
    for tape in tapes:
        legal = (
            {by_tick(tape)}
            if active
            else {activated_at(tape, begin) for begin in range(len(tape) + 1)}
        )
        for done in explore(make(tape, active=active)):
            found = tuple(done.machine.answers)
            assert found in legal, f"{tape}: {found}, tick by tick {legal}"
            at_its_end(done, tape)
            runs += 1
            answers += len(found)
            left += done.machine.left
    return runs, answers, left


@pytest.mark.parametrize("first", PRICES)
def test_active_position_is_judged_as_tick_by_tick(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    tapes = [tape for tape in TAPES if tape[0] == first]
    runs, answers, left = judge_all(tapes, active=True)

    assert runs > len(tapes)
    assert 0 < left < answers
    said = f"{runs} runs, {answers} answers, {left} cancels ahead of theirs"
    record_property("note", f"board model, active, {first} first: {said}")


@pytest.mark.parametrize("first", PRICES)
def test_position_that_becomes_active_is_judged_from_some_tick_on(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    tapes = [tape for tape in TAPES if tape[0] == first]
    runs, answers, left = judge_all(tapes, active=False)

    assert runs > len(tapes)
    assert 0 < left < answers
    said = f"{runs} runs, {answers} answers, {left} cancels ahead of theirs"
    record_property("note", f"board model, arising, {first} first: {said}")


@pytest.mark.parametrize("message", ["panic", "tighten"])
def test_what_changes_the_state_comes_before_a_price_or_after_it(
    message: str, record_property: Callable[[str, object], None]
) -> None:
    """A cancel that has left belongs to a price that is judged before the change."""
    runs = left = later = 0
    for tape in itertools.product(PRICES, repeat=2):
        legal = {changed_at(tape, message, at, again=True) for at in range(len(tape) + 1)}
        legal |= {changed_at(tape, message, at, again=False) for at in range(len(tape))}
        begins = ("wake", message)
        for done in explore(lambda: Run(BOARD, TURNS, tape, Position(active=True), begins)):  # noqa: B023
            found = tuple(done.machine.answers)
            assert found in legal, f"{tape}: {found}, legal {legal}"
            at_its_end(done, tape)
            runs += 1
            left += done.machine.left
            later += not done.machine.left and any(isinstance(each, Hit) for _, each in found)

    assert runs > len(PRICES) ** 2
    assert left > 0
    assert later > 0
    record_property("note", f"board model, {message}: {runs} runs, {left} cancels ahead")


def test_a_step_for_another_symbol_judges_what_has_tripped_and_nothing_else(
    record_property: Callable[[str, object], None],
) -> None:
    """Its wake is still to come, and finds the rest."""
    runs = left = 0
    for tape in itertools.product(PRICES, repeat=2):
        begins = ("wake", "another")
        for done in explore(lambda: Run(BOARD, TURNS, tape, Position(active=True), begins)):  # noqa: B023
            assert tuple(done.machine.answers) == by_tick(tape)
            at_its_end(done, tape)
            runs += 1
            left += done.machine.left

    assert runs > len(PRICES) ** 2
    assert left > 0
    record_property("note", f"board model, another symbol: {runs} runs, {left} cancels ahead")


def test_the_model_runs_the_shipped_code() -> None:
    """Points stand in the file's own code; were they few, the model would see little."""
    assert BOARD.offer.__code__.co_filename == ticks.__file__
    assert POINTS >= 20
    assert len(TURNS) <= TURN_POINTS


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
        return Run(Unlocked, TURNS, (17, 21, 22), Position(active=True), ("wake",))

    legal = by_tick((17, 21, 22))
    wrong = [
        done
        for done in explore(unlocked)
        if tuple(done.machine.answers) != legal or done.board._captured
    ]
    assert wrong

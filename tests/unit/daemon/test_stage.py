"""The market thread's pacing, by a clock that the test moves: when time may move, and how far."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import Woken
from robson.daemon import stage as module
from robson.daemon.inbox import Inbox
from robson.daemon.messages import TimerDue, Wake
from robson.daemon.stage import LOOK_S, HeldWire, Stage, TapeClockFile
from robson.daemon.stillness import Stillness
from robson.domain.values import NS_PER_S, ExchangeNs


@attrs.define
class Tape:
    """Stands for the driver: wakes the monitor at each of its instants."""

    instants: list[int]
    clock: VirtualClock = attrs.Factory(lambda: VirtualClock(0))
    in_flight: int = 0

    @property
    def at_end(self) -> bool:
        return not self.instants

    def next_ns(self, *, tape: bool = True) -> int | None:
        return self.instants[0] * NS_PER_S if tape and self.instants else None

    def advance(self, at_ns: int) -> list[Woken]:
        self.clock.move_to(at_ns)
        self.instants.pop(0)
        return [Woken("BTCUSDT")]


@attrs.define
class Theatre:
    """A stage, and everything around it that a test may turn."""

    stage: Stage
    tape: Tape
    inbox: Inbox
    seconds: list[float]
    tape_clock: TapeClockFile

    def once(self) -> float:
        """One look; what it led to is worked on at once."""
        waits: float = self.stage._once()
        return waits

    def heard(self) -> list[Any]:
        """What the monitor was told."""
        found = []
        while (message := self.inbox.get(0)) is not None:
            found.append(message)
            self.inbox.done()
        return found


Making = Callable[..., Theatre]


@pytest.fixture
def theatre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Making:
    seconds = [0.0]
    monkeypatch.setattr(module, "monotonic_s", lambda: seconds[0])

    def make(
        *instants: int,
        speed: str | None = "60",
        hold: bool = False,
        timer: Callable[[], int | None] = lambda: None,
        released: Callable[[], bool] = lambda: True,
        alive: Callable[[], bool] = lambda: True,
        at_end: Callable[[], bool] = lambda: False,
        unfinished: Callable[[], bool] = lambda: False,
    ) -> Theatre:
        still = Stillness()
        # The monitor of these tests is the test: what it is told is no work that time waits for.
        still.wait("monitor")
        inbox, tape = Inbox("monitor", still), Tape([*instants])
        tape_clock = TapeClockFile(tmp_path / "tape.clock")
        stage = Stage(
            driver=tape,  # type: ignore[arg-type]
            wire=HeldWire(20),
            stillness=still,
            monitor_inbox=inbox,
            timer_due_ns=lambda _market: (
                None if (due := timer()) is None else ExchangeNs(due * NS_PER_S)
            ),
            tape_clock=tape_clock,
            speed=None if speed is None else Decimal(speed),
            hold=hold,
            released=released,
            alive=alive,
            at_end=at_end,
            unfinished=unfinished,
        )
        return Theatre(stage, tape, inbox, seconds, tape_clock)

    return make


def test_a_row_is_played_when_its_time_has_come(theatre: Making) -> None:
    one = theatre(6, speed="60")

    assert one.once() == pytest.approx(0.1)
    one.seconds[0] = 0.09
    assert one.once() == pytest.approx(0.01)
    assert one.heard() == []
    one.seconds[0] = 0.1
    assert one.once() == 0
    assert one.heard() == [Wake("BTCUSDT")]
    assert one.tape.clock.now_ns == 6 * NS_PER_S


def test_no_wait_is_longer_than_a_look(theatre: Making) -> None:
    assert theatre(3600, speed="1").once() == LOOK_S


def test_waits_do_not_add_up(theatre: Making) -> None:
    """A row that was played late does not push the next one back."""
    one = theatre(60, 120, speed="60")
    one.once()
    one.seconds[0] = 1.7
    assert one.once() == 0
    assert one.once() == LOOK_S
    one.seconds[0] = 2.0
    assert one.once() == 0
    assert len(one.heard()) == 2


def test_at_full_speed_nothing_is_waited_for(theatre: Making) -> None:
    one = theatre(60, 86_400, 10**6, speed=None)
    assert [one.once(), one.once(), one.once()] == [0, 0, 0]
    assert one.tape.clock.now_ns == 10**6 * NS_PER_S
    assert one.tape_clock.read() == 10**6 * NS_PER_S


def test_timer_goes_before_a_row_of_the_same_instant(theatre: Making) -> None:
    due = [6]
    one = theatre(6, speed=None, timer=lambda: due.pop() if due else None)

    one.once()
    assert one.heard() == [TimerDue()]
    assert one.tape.instants == [6]
    one.once()
    assert one.heard() == [Wake("BTCUSDT")]


def test_timer_in_the_past_does_not_turn_time_back(theatre: Making) -> None:
    one = theatre(60, speed=None, timer=lambda: 1)
    one.tape.clock.move_to(30 * NS_PER_S)
    one.once()
    assert one.tape.clock.now_ns == 30 * NS_PER_S


def test_held_tape_waits_for_the_first_position(theatre: Making) -> None:
    there = [False]
    one = theatre(6, speed=None, hold=True, released=lambda: there[0])

    assert one.once() == LOOK_S
    assert one.tape.instants == [6]
    there[0] = True
    assert one.once() == 0
    there[0] = False
    assert one.stage._held() is False, "it is held only before the first one"


def test_held_tape_lets_no_time_pass_for_a_position_that_waits_for_another(
    theatre: Making,
) -> None:
    there = [False]
    one = theatre(60, speed=None, hold=True, timer=lambda: 5, released=lambda: there[0])

    assert one.once() == LOOK_S
    assert one.heard() == []
    there[0] = True
    assert one.once() == 0
    assert one.heard() == [TimerDue()]


def test_requests_take_no_time_while_the_tape_is_held() -> None:
    wire = HeldWire(20)
    assert (wire.trip(None, 0).out_ns, wire.trip(None, 0).back_ns) == (20, 20)  # type: ignore[arg-type]
    wire.held = True
    assert (wire.trip(None, 0).out_ns, wire.trip(None, 0).back_ns) == (0, 0)  # type: ignore[arg-type]


def test_end_of_the_tape_is_said_and_what_is_left_still_has_time(theatre: Making) -> None:
    asked = [True]
    one = theatre(speed=None, timer=lambda: 5, at_end=lambda: asked.pop() if asked else False)

    assert one.once() == 0
    assert one.stage.ended
    assert one.heard() == []
    assert one.once() == 0
    assert one.heard() == [TimerDue()]


def test_after_the_last_position_time_stands_still(theatre: Making) -> None:
    one = theatre(speed=None, timer=lambda: 5, alive=lambda: False)

    assert one.once() == LOOK_S
    assert one.heard() == []


def test_stopping_plays_no_further(theatre: Making) -> None:
    one = theatre(6, speed=None, timer=lambda: 5)
    one.stage.stop()
    one.stage.run()

    assert one.tape.instants == [6]
    assert one.heard() == []


def test_stopping_waits_ten_seconds_of_its_own_for_what_is_under_way(theatre: Making) -> None:
    """Timers go on, which ask; prices do not."""
    due = iter((7, 7, 9, 9, 99, 99, 99))
    one = theatre(6, speed=None, timer=lambda: next(due), unfinished=lambda: True)
    one.stage.stop()
    one.stage.run()

    assert one.tape.instants == [6]
    assert set(one.heard()) == {TimerDue()}


def test_clock_file_survives_its_process(tmp_path: Path) -> None:
    path = tmp_path / "tape.clock"
    assert TapeClockFile(path).read() == 0
    TapeClockFile(path).write(1_763_553_600_000_000_001)
    assert TapeClockFile(path).read() == 1_763_553_600_000_000_001

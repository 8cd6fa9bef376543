"""The simulated profile's market thread: plays the tape, carries requests, and paces virtual time.

Time moves only while nothing is being worked on, so a run's events do not depend on how fast the
machine is or how long we wait between rows.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue

from robson.connectors.simulated.driver import Answered, Driver, Trip, Woken
from robson.daemon.clock import monotonic_s
from robson.daemon.inbox import Inbox
from robson.daemon.messages import TimerDue, Wake
from robson.daemon.stillness import Stillness
from robson.domain.errors import InvariantViolated
from robson.domain.intents import CancelOrder, Intent
from robson.domain.reports import Answer
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.exec.lanes import lane_of, priority_of

LOOK_S = 0.2
STILL_S = 60.0
"""No step of any thread takes longer; otherwise something is stuck and the process ends."""

DRAIN_NS = 10 * NS_PER_S
"""So long an orderly end asks what became of what was sent, and tries to protect what is held."""


class HeldWire:
    """The wire of a tape that may be held: while it is, requests take no time."""

    def __init__(self, latency_ns: int) -> None:
        self._latency_ns = latency_ns
        self.held = False

    def trip(self, request: Intent, now_ns: int) -> Trip:
        """Both halves take the same time."""
        latency = 0 if self.held else self._latency_ns
        return Trip(out_ns=latency, back_ns=latency)


class TapeClockFile:
    """Where virtual time stood, in a file that survives kill -9: where the tape goes on."""

    def __init__(self, path: Path) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, 8)
            self._map = mmap.mmap(fd, 8)
        finally:
            os.close(fd)

    def read(self) -> int:
        """Nanoseconds; 0 for a tape that was never played."""
        found: int = struct.unpack_from("<q", self._map, 0)[0]
        return found

    def write(self, at_ns: int) -> None:
        """Remember an instant."""
        struct.pack_into("<q", self._map, 0, at_ns)


class Stage:
    """Owns the driver on its thread. Lanes reach the exchange by ``call`` and wait.

    Args:
        timer_due_ns: when the monitor wants to be called, given when the market moves next.
        speed: tape seconds for each second; None plays as fast as the work allows.
        hold: the tape waits until ``released``; while something is ``alive``, so does time.
        at_end: called when every tape is over; True when it has asked for something to be left.
        unfinished: whether anything is sent and not known, or held and not covered.
    """

    def __init__(
        self,
        *,
        driver: Driver,
        wire: HeldWire,
        stillness: Stillness,
        monitor_inbox: Inbox,
        timer_due_ns: Callable[[int | None], ExchangeNs | None],
        tape_clock: TapeClockFile,
        speed: Decimal | None,
        hold: bool,
        released: Callable[[], bool],
        alive: Callable[[], bool],
        at_end: Callable[[], bool],
        unfinished: Callable[[], bool],
    ) -> None:
        self.driver = driver
        self._wire = wire
        self._stillness = stillness
        self._inbox = monitor_inbox
        self._timer_due_ns = timer_due_ns
        self._tape_clock = tape_clock
        self._speed = speed
        self._hold = hold
        self._released = released
        self._alive = alive
        self._at_end = at_end
        self._unfinished = unfinished
        self._drained_ns = 0
        self._requests: SimpleQueue[tuple[Intent, SimpleQueue[Answer]]] = SimpleQueue()
        self._stopping = threading.Event()
        self._anchor: tuple[float, int] | None = None
        self.beat_s = monotonic_s()
        self.ended = False

    # --- the lanes' side -------------------------------------------------------------------------

    def call(self, request: Intent) -> Answer:
        """Send a request and wait for its answer in virtual time; the waiting is not work."""
        answer: SimpleQueue[Answer] = SimpleQueue()
        self._requests.put((request, answer))
        self._stillness.wait(lane_of(request).value)
        return answer.get()

    def begin(self, _request: CancelOrder) -> None:
        """Nothing leaves here but by a lane."""

    def stepped(self) -> None:
        """The monitor has finished a step: its timer is asked for when all is still."""

    # --- the thread ------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until stopped; what is on the wire then is still brought home."""
        while True:
            self.beat_s = monotonic_s()
            if not self._stillness.take_turn(STILL_S):
                raise InvariantViolated(f"a thread has worked for {STILL_S:g} s on one message")
            seen = self._stillness.touches
            try:
                if self._stopping.is_set() and self._quiet() and self._homecoming_ns() is None:
                    return
                wait_s = 0.0 if self._take_requests() else self._once()
            finally:
                self._stillness.end_turn()
            if wait_s:
                self._stillness.wait_touched(seen, wait_s)

    def stop(self) -> None:
        """Play no further; finish what is under way."""
        self._stopping.set()
        self._stillness.touch()

    def _homecoming_ns(self) -> int | None:
        """While stopping: the next timer that may bring home what is under way; None when enough
        was waited for it, or nothing is. The tape stands still meanwhile.
        """
        if not self._unfinished():
            return None
        self._drained_ns = self._drained_ns or self.driver.clock.now_ns + DRAIN_NS
        due_ns = self._timer_due_ns(None)
        return due_ns if due_ns is not None and due_ns <= self._drained_ns else None

    def _be_still(self) -> None:
        if not self._stillness.wait_still(STILL_S):
            raise InvariantViolated(f"a thread has worked for {STILL_S:g} s on one message")

    def _quiet(self) -> bool:
        return self.driver.in_flight == 0 and self._requests.empty()

    def _take_requests(self) -> bool:
        """Put what the lanes have sent on the wire, in an order that no thread decides."""
        taken = []
        while not self._requests.empty():
            taken.append(self._requests.get())
        for request, answer in sorted(
            taken, key=lambda pair: (priority_of(pair[0]), repr(pair[0]))
        ):
            self._submit(request, answer)
        return bool(taken)

    def _submit(self, request: Intent, answer: SimpleQueue[Answer]) -> None:
        waiting = [answer]

        def deliver(found: Answer, _sent: ExchangeNs) -> None:
            if not waiting:
                return  # an answer that comes twice is heard once
            waiting.clear()
            self._stillness.go_on(lane_of(request).value)
            answer.put(found)

        self._wire.held = self._held()
        self.driver.submit(request, deliver)

    def _held(self) -> bool:
        if self._hold and self._released():
            self._hold = False
        return self._hold

    def _once(self) -> float:
        """Let the next thing happen; how long to wait, in seconds, when it is not due yet."""
        held = self._held()
        tape = not held and not self._stopping.is_set()
        market_ns = self.driver.next_ns(tape=tape)
        timer_ns = self._timer_ns(market_ns, held=held)
        if self.driver.at_end and market_ns is None and not held:
            self.ended = True
            if self._at_end():
                return 0.0
            timer_ns = timer_ns if self._alive() else None
        due_ns = min((at for at in (market_ns, timer_ns) if at is not None), default=None)
        if due_ns is None:
            self._anchor = None
            return LOOK_S
        early_s = self._early_s(due_ns)
        if early_s > 0:
            return min(early_s, LOOK_S)
        handed = self._happen(due_ns, timer_ns)
        if tape and not handed and self._speed is None:
            self.driver.glide(timer_ns)
        self._tape_clock.write(self.driver.clock.now_ns)
        return 0.0

    def _timer_ns(self, market_ns: int | None, *, held: bool) -> int | None:
        """The monitor's next timer; none while a held tape makes a position wait for another."""
        if self._stopping.is_set():
            return self._homecoming_ns()
        if held and self._alive():
            return None
        return self._timer_due_ns(None if held else market_ns)

    def _early_s(self, due_ns: int) -> float:
        """How long in real time until an instant is due."""
        if self._speed is None or self._stopping.is_set():
            return 0.0
        now_s = monotonic_s()
        if self._anchor is None:
            self._anchor = (now_s, self.driver.clock.now_ns)
        began_s, began_ns = self._anchor
        return began_s + (due_ns - began_ns) / NS_PER_S / float(self._speed) - now_s

    def _happen(self, due_ns: int, timer_ns: int | None) -> bool:
        """Let it happen; whether anybody was handed anything."""
        if timer_ns is not None and timer_ns <= due_ns:
            self.driver.clock.move_to(max(timer_ns, self.driver.clock.now_ns))
            self._inbox.put(TimerDue())
            return True
        happenings = self.driver.advance(due_ns)
        for happened in happenings:
            match happened:
                case Woken():
                    self._inbox.put(Wake(happened.symbol))
                case Answered():
                    happened.deliver(happened.answer, happened.sent_ns)
                case _:
                    self._inbox.put(happened)
            # One thing at a time: whatever it leads to is finished before the next one happens.
            self._be_still()
        return bool(happenings)

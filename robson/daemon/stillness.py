"""Whether anything is being worked on: what virtual time waits for before it moves.

Every message put into an inbox is work until its receiver has finished with it. A thread that waits
for the simulated exchange is not working, and neither is what waits in its inbox behind that
request. Only the simulated profile counts; elsewhere time does not ask.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable


class Stillness:
    """Counts each thread's work under way; ``touched`` wakes who waits for something to begin."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._work: Counter[str] = Counter()
        self._waiting: set[str] = set()
        self._touches = 0
        self._turn = False
        self._awaited = 0

    def begin(self, whose: str, *, outside: bool = False) -> None:
        """Work has been handed to a thread; from ``outside`` it waits for the market's turn to end.

        So a command is worked on at one instant, and never while time is being moved.
        """
        with self._lock:
            if outside:
                self._until(lambda: not self._turn)
            self._work[whose] += 1
            self._touches += 1
            self._tell()

    def take_turn(self, timeout_s: float) -> bool:
        """Wait until nothing is being worked on, and let nothing begin from outside after that."""
        with self._lock:
            self._turn = self._until(self._is_still, timeout_s)
            return self._turn

    def end_turn(self) -> None:
        """Let the outside in again."""
        with self._lock:
            self._turn = False
            self._tell()

    def end(self, whose: str) -> None:
        """A piece of work is finished, and what follows from it has been handed over."""
        with self._lock:
            self._work[whose] -= 1
            self._tell()

    def wait(self, whose: str) -> None:
        """A thread can do nothing until virtual time moves."""
        with self._lock:
            self._waiting.add(whose)
            self._tell()

    def go_on(self, whose: str) -> None:
        """What it waited for has come."""
        with self._lock:
            self._waiting.discard(whose)
            self._touches += 1
            self._tell()

    def touch(self) -> None:
        """Something has changed that a waiting driver should look at."""
        with self._lock:
            self._touches += 1
            self._tell()

    @property
    def touches(self) -> int:
        """How often anything has begun."""
        return self._touches

    def wait_still(self, timeout_s: float) -> bool:
        """Wait until nothing is being worked on; False when that took too long."""
        with self._lock:
            return self._until(self._is_still, timeout_s)

    def _until(self, found: Callable[[], bool], timeout_s: float | None = None) -> bool:
        self._awaited += 1
        try:
            return self._changed.wait_for(found, timeout_s)
        finally:
            self._awaited -= 1

    def _tell(self) -> None:
        """Where time is real nobody waits, and each message would pay for telling nobody."""
        if self._awaited:
            self._changed.notify_all()

    def _is_still(self) -> bool:
        return not any(count for whose, count in self._work.items() if whose not in self._waiting)

    def wait_touched(self, seen: int, timeout_s: float) -> bool:
        """Wait until anything begins after ``seen`` touches; False when nothing did."""
        with self._lock:
            return self._until(lambda: self._touches != seen, timeout_s)

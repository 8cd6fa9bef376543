"""Whether anything is being worked on: what virtual time waits for before it moves.

Every message put into an inbox is work until its receiver has finished with it; a thread that waits
for the simulated exchange is not working. Only the simulated profile counts; elsewhere time does
not ask.
"""

from __future__ import annotations

import threading


class Stillness:
    """Counts work under way; ``touched`` wakes whoever waits for something to begin."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = 0
        self._touches = 0

    def begin(self, count: int = 1) -> None:
        """Work has been handed over."""
        with self._changed:
            self._busy += count
            self._touches += 1
            self._changed.notify_all()

    def end(self) -> None:
        """A piece of work is finished, and what follows from it has been handed over."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def touch(self) -> None:
        """Something has changed that a waiting driver should look at."""
        with self._changed:
            self._touches += 1
            self._changed.notify_all()

    @property
    def touches(self) -> int:
        """How often anything has begun."""
        return self._touches

    def wait_still(self, timeout_s: float) -> bool:
        """Wait until nothing is being worked on; False when that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0, timeout_s)

    def wait_touched(self, seen: int, timeout_s: float) -> bool:
        """Wait until anything begins after ``seen`` touches; False when nothing did."""
        with self._changed:
            return self._changed.wait_for(lambda: self._touches != seen, timeout_s)

"""One answer for all who ask the same at the same time, and rest between two answers.

However many callers ask for the status, working it out takes at most its share of the interpreter:
a price on its way out does not wait behind them (a status storm may not hold up an exit).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

REST = 4.0
"""After an answer, so many times its own duration belongs to everybody else."""
LONGEST_REST_S = 0.1


class Shared:
    """Answers by key. No answer is older than its question: who asks while one is being worked
    out gets the next.

    Args:
        now: seconds of a clock that only goes forward.
        pause: waits so many seconds.
    """

    def __init__(self, now: Callable[[], float], pause: Callable[[float], object]) -> None:
        self._now = now
        self._pause = pause
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._next: dict[bytes, Future[Any]] = {}
        self._free_at = now()

    def answer(self, key: bytes, work: Callable[[], Any]) -> Any:
        """What ``work`` gives. When it raises, everyone who waited for it tries for himself."""
        with self._lock:
            expected = self._next.get(key)
            if expected is None:
                mine = self._next[key] = Future()
        if expected is None:
            with self._turn:
                return self._work(key, mine, work)
        try:
            return expected.result()
        except CancelledError:
            return self.answer(key, work)

    def _work(self, key: bytes, mine: Future[Any], work: Callable[[], Any]) -> Any:
        self._rest()
        with self._lock:
            del self._next[key]
        began = self._now()
        try:
            answer = work()
            mine.set_result(answer)
        finally:
            mine.cancel()  # which does nothing to what has its answer
            took = self._now() - began
            self._free_at = began + took + min(REST * took, LONGEST_REST_S)
        return answer

    def _rest(self) -> None:
        left = self._free_at - self._now()
        if left > 0:
            self._pause(left)

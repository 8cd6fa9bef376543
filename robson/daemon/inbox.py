"""A bounded, ordered way in to one thread. A full inbox is a defect, never a wait without end."""

from __future__ import annotations

import itertools
import queue
from heapq import heappop, heappush
from typing import Any

from robson.daemon.messages import STOP, Stop
from robson.daemon.stillness import Stillness
from robson.domain.errors import InvariantViolated

CAPACITY = 10_000


class Inbox:
    """Messages by priority, then in order of arrival. ``done`` after each ``get``.

    A heap, and a bell that rings once for each message in it. Both are C that no other thread comes
    between, where ``queue.PriorityQueue`` is a lock and two conditions in Python: on the way from a
    price to a cancel a message changes hands twice.
    """

    def __init__(self, name: str, stillness: Stillness) -> None:
        self._name = name
        self._stillness = stillness
        self._messages: list[tuple[int, int, Any]] = []  # no two numbers are equal: never compared
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._numbers = itertools.count()

    def put(self, message: object, priority: int = 0, *, outside: bool = False) -> None:
        """Hand a message over; ``outside``: not as a consequence of what is being worked on.

        Raises:
            InvariantViolated: the inbox is full: its thread does not keep up, so nothing is safe.
        """
        self._stillness.begin(self._name, outside=outside)
        if len(self._messages) >= CAPACITY:
            self._stillness.end(self._name)
            raise InvariantViolated(f"the inbox of {self._name} is full")
        heappush(self._messages, (priority, next(self._numbers), message))
        self._bell.put(None)

    def close(self) -> None:
        """Let the thread end after what is already here."""
        self.put(STOP, priority=1_000)

    def get(self, timeout_s: float) -> Any | None:
        """The next message, or None when there was none in time."""
        try:
            self._bell.get(timeout=timeout_s)
        except queue.Empty:
            return None
        return heappop(self._messages)[2]

    def done(self) -> None:
        """The last message and all it led to have been handed on."""
        self._stillness.end(self._name)

    def depth(self) -> int:
        """Messages waiting."""
        return len(self._messages)


def ends(message: object) -> bool:
    """Whether a message is the last one."""
    return isinstance(message, Stop)

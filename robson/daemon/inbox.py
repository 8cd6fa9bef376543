"""A bounded, ordered way in to one thread. A full inbox is a defect, never a wait without end."""

from __future__ import annotations

import itertools
import queue
from typing import Any

from robson.daemon.messages import STOP, Stop
from robson.daemon.stillness import Stillness
from robson.domain.errors import InvariantViolated

CAPACITY = 10_000


class Inbox:
    """Messages by priority, then in order of arrival. ``done`` after each ``get``."""

    def __init__(self, name: str, stillness: Stillness) -> None:
        self._name = name
        self._stillness = stillness
        self._queue: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue(CAPACITY)
        self._numbers = itertools.count()

    def put(self, message: object, priority: int = 0, *, outside: bool = False) -> None:
        """Hand a message over; ``outside``: not as a consequence of what is being worked on.

        Raises:
            InvariantViolated: the inbox is full: its thread does not keep up, so nothing is safe.
        """
        self._stillness.begin(self._name, outside=outside)
        try:
            self._queue.put_nowait((priority, next(self._numbers), message))
        except queue.Full as full:
            self._stillness.end(self._name)
            raise InvariantViolated(f"the inbox of {self._name} is full") from full

    def close(self) -> None:
        """Let the thread end after what is already here."""
        self.put(STOP, priority=1_000)

    def get(self, timeout_s: float) -> Any | None:
        """The next message, or None when there was none in time."""
        try:
            return self._queue.get(timeout=timeout_s)[2]
        except queue.Empty:
            return None

    def done(self) -> None:
        """The last message and all it led to have been handed on."""
        self._stillness.end(self._name)

    def depth(self) -> int:
        """Messages waiting."""
        return self._queue.qsize()


def ends(message: object) -> bool:
    """Whether a message is the last one."""
    return isinstance(message, Stop)

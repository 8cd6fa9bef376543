"""A way out of the process whose users are known to be busy until its deadline.

A reading of many pages takes as long as they all do: its thread is no thread that hangs, as long as
each of its requests has an end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from robson.connectors.binance.http import Door, Reply
from robson.daemon.clock import monotonic_s
from robson.daemon.worker import Worker


class Bounded:
    """A door; whoever sends by it says until when it may be silent.

    Args:
        bound_s: after which the door gives up, however the exchange behaves.
    """

    def __init__(self, door: Door, bound_s: float) -> None:
        self._door = door
        self._bound_s = bound_s

    @property
    def url(self) -> str:
        """Where it leads."""
        return self._door.url

    def send(self, method: str, path: str, query: str, headers: dict[str, str]) -> Reply:
        """See :class:`Door`."""
        self._busy()
        return self._door.send(method, path, query, headers)

    def begin(
        self, method: str, path: str, query: str, headers: dict[str, str]
    ) -> Callable[[], Reply] | None:
        """See :class:`Door`. Who reads the answer is busy, and not who sends."""
        sent = self._door.begin(method, path, query, headers)
        return None if sent is None else partial(self._answered, sent)

    def _answered(self, sent: Callable[[], Reply]) -> Reply:
        self._busy()
        return sent()

    def _busy(self) -> None:
        asks = threading.current_thread()
        if isinstance(asks, Worker):
            asks.busy_until_s = monotonic_s() + self._bound_s

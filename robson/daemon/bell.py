"""Calls the monitor when its time has come, for a feed that follows real time, until the end.

A tape waits until all is still and asks the monitor then. Where time is real nobody waits: the
monitor leaves its next due time here after each step, and the feed looks at it between two frames.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from robson.daemon.inbox import Inbox
from robson.daemon.messages import TimerDue
from robson.daemon.stage import DRAIN_NS
from robson.domain.ports import Clock
from robson.domain.values import ExchangeNs


class Bell:
    """Set by the monitor, rung by the feed; each on its own thread.

    Args:
        inbox: the monitor's.
        timer_due_ns: when the monitor wants to be called; asked on its own thread.
        unfinished: whether anything is sent and not known, or held and not covered.
    """

    def __init__(
        self,
        clock: Clock,
        inbox: Inbox,
        timer_due_ns: Callable[[int | None], ExchangeNs | None],
        unfinished: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._inbox = inbox
        self._timer_due_ns = timer_due_ns
        self._unfinished = unfinished
        self._due_ns: int | None = None
        self._steps, self._rung = 0, -1
        self._stopping = threading.Event()
        self._drained_ns = 0

    def stepped(self) -> None:
        """On the monitor's thread, after each step: when it wants to be called next."""
        self._due_ns = self._timer_due_ns(self._clock.exchange_ns())
        self._steps += 1

    def ring(self) -> None:
        """On the feed's thread: call the monitor when it is due, once for each of its steps."""
        due_ns, steps = self._due_ns, self._steps
        if due_ns is not None and due_ns <= self._clock.exchange_ns() and steps != self._rung:
            self._rung = steps
            self._inbox.put(TimerDue())

    def stop(self) -> None:
        """From here on the feed looks no more than what is under way needs."""
        self._drained_ns = self._clock.exchange_ns() + DRAIN_NS
        self._stopping.set()

    def looks_on(self) -> bool:
        """Whether the feed goes on: not stopped, or something is unfinished and may still end."""
        return not self._stopping.is_set() or self._homecoming()

    def _homecoming(self) -> bool:
        return self._unfinished() and self._clock.exchange_ns() < self._drained_ns

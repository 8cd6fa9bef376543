"""A thread that loops over one concern's ``step``; whatever it cannot handle ends the process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from robson.daemon.clock import monotonic_s
from robson.daemon.inbox import Inbox, ends
from robson.daemon.messages import Call

BEAT_S = 0.5
T = TypeVar("T")
Fatal = Callable[[str, BaseException], None]


def carry_out(call: Call) -> None:
    """Do what another thread has asked for; an exception belongs to whoever asked."""
    try:
        call.answer.set_result(call.run())
    except Exception as error:  # noqa: BLE001 - handed to the caller whole
        call.answer.set_exception(error)


def named(name: str) -> None:
    """Give the running thread its name in the kernel too, where ``top`` and tracers show it."""
    with suppress(OSError):
        Path("/proc/thread-self/comm").write_text(name, encoding="ascii")


def guarded(name: str, run: Callable[[], None], fatal: Fatal) -> Callable[[], None]:
    """The same end for a thread that has no inbox."""

    def running() -> None:
        named(name)
        try:
            run()
        except Exception as error:  # noqa: BLE001 - it ends the process
            fatal(name, error)

    return running


class Worker(threading.Thread):
    """Takes messages from an inbox until the last one.

    Attributes:
        beat_s: when it last showed that it is alive, by the monotonic clock.
        busy_until_s: until when it may be silent, because it waits inside a bounded call.
    """

    def __init__(self, name: str, inbox: Inbox, step: Callable[[Any], None], fatal: Fatal) -> None:
        super().__init__(name=name, daemon=False)
        self.inbox = inbox
        self._step = step
        self._fatal = fatal
        self.beat_s = monotonic_s()
        self.busy_until_s = 0.0

    def run(self) -> None:
        """Loop; an unexpected error is the end of the process, never of this thread alone."""
        named(self.name)
        try:
            while True:
                self.beat_s = monotonic_s()
                message = self.inbox.get(BEAT_S)
                if message is None:
                    continue
                try:
                    if ends(message):
                        return
                    if isinstance(message, Call):
                        carry_out(message)
                    else:
                        self._step(message)
                finally:
                    self.inbox.done()
        except Exception as error:  # noqa: BLE001 - the one place: it ends the process
            self._fatal(self.name, error)

    def call(self, run: Callable[[], T]) -> T:
        """Have this thread do something and wait for it: what it opens, it owns."""
        answer: Future[T] = Future()
        self.inbox.put(Call(run, answer))
        return answer.result()

    def silent_s(self) -> float:
        """Seconds since its last sign of life that no bounded call explains."""
        now = monotonic_s()
        return 0.0 if now < self.busy_until_s else now - self.beat_s

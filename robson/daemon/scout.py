"""Runs errands whose answers the feed wants but must not wait for: dialling, backfills, polls.

The feed hands an errand over and goes on; what came back is handed out on the feed's own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import attrs

from robson.daemon.inbox import Inbox
from robson.daemon.stillness import Stillness
from robson.daemon.worker import Fatal, Worker
from robson.domain.errors import RobsonError

T = TypeVar("T")


@attrs.frozen(eq=False)
class Errand(Generic[T]):
    """Something to do there, and what to do here with what it found; None where it failed."""

    name: str
    run: Callable[[], T]
    then: Callable[[T | None], None]


class Scout:
    """One thread for its errands; of each name one is under way.

    Args:
        name: of the thread.
        note: told why an errand has failed.
    """

    def __init__(self, name: str, fatal: Fatal, note: Callable[[str], None]) -> None:
        self._note = note
        self._away: set[str] = set()
        self._back: SimpleQueue[tuple[Errand[Any], Any]] = SimpleQueue()
        self._inbox = Inbox(name, Stillness())
        self.worker = Worker(name, self._inbox, self._go, fatal)

    def send(self, name: str, run: Callable[[], T], then: Callable[[T | None], None]) -> bool:
        """Hand an errand over; False while one of its name is under way."""
        if name in self._away:
            return False
        self._away.add(name)
        self._inbox.put(Errand(name, run, then))
        return True

    def _go(self, errand: Errand[Any]) -> None:
        """On the scout's thread."""
        try:
            found = errand.run()
        except (RobsonError, OSError) as error:
            self._note(f"{errand.name}: {error}")
            found = None
        self._back.put((errand, found))

    def hand_out(self) -> None:
        """On the feed's thread: everything that has come back."""
        while True:
            try:
                errand, found = self._back.get_nowait()
            except Empty:
                return
            self._away.discard(errand.name)
            errand.then(found)

    def close(self) -> None:
        """No more errands."""
        self._inbox.close()

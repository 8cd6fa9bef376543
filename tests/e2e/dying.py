"""Runs robsond so that it kills itself with SIGKILL at one chosen point, or fails there.

    python dying.py POINT N -- run OPTIONS

POINT is what happens for the N-th time:
    entry.sent, insurance.sent, exit.sent, cancel.sent          on the wire, not yet handled
    entry.accepted, insurance.accepted, exit.accepted, ...      handled and in the exchange's books
    entry.answered, cancel.answered, ...                        back in the lane, not yet reported
    commit.before, commit.after                                 a transaction of the journal
    commit.before:KIND, commit.after:KIND                       one that writes an event of a kind
    disk                                                        a row fails with an I/O error
    stop                                                        the orderly end, which then hangs;
                                                                a file "stopping" says so
The product knows nothing of this: its classes are replaced here, in this process only.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from robson.connectors.simulated.exchange import SimExchange
from robson.daemon import lane
from robson.daemon.__main__ import main
from robson.daemon.app import Daemon
from robson.domain.identity import Purpose
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, Repay
from robson.store.journal import SqliteJournal

_NAMES = {Purpose.ENTRY: "entry", Purpose.INSURANCE: "insurance", Purpose.EXIT: "exit"}


class Fate:
    """Counts how often the point was reached, and acts at the N-th."""

    def __init__(self, point: str, number: int) -> None:
        self._point = point
        self._left = number
        self._lock = threading.Lock()

    def due(self, point: str) -> bool:
        """Whether this is the moment."""
        if point != self._point:
            return False
        with self._lock:
            self._left -= 1
            return self._left == 0

    def reach(self, point: str) -> None:
        """Die here, if this is the moment: nothing is flushed, nobody is told."""
        if self.due(point):
            os.kill(os.getpid(), signal.SIGKILL)


def what(request: Intent) -> str:
    """A request in one word."""
    match request:
        case PlaceOrder():
            return _NAMES[request.purpose]
        case CancelOrder():
            return "cancel"
        case Repay():
            return "repay"
        case _:
            return "question"


def on_the_wire(fate: Fate) -> None:
    """Before and after the exchange handles a request, and when its answer is in the lane."""
    handle, classify = SimExchange.handle, lane.classify

    def handling(self: SimExchange, request: Intent, **times: Any) -> Any:
        fate.reach(f"{what(request)}.sent")
        answer = handle(self, request, **times)
        fate.reach(f"{what(request)}.accepted")
        return answer

    def classifying(intent: Intent, answer: Any, **times: Any) -> Any:
        fate.reach(f"{what(intent)}.answered")
        return classify(intent, answer, **times)

    SimExchange.handle = handling  # type: ignore[method-assign]
    lane.classify = classifying  # type: ignore[attr-defined]


def in_the_journal(fate: Fate) -> None:
    """Before and after a commit, and in the middle of one on a failing disk."""
    append, insert = SqliteJournal.append, SqliteJournal._insert

    def appending(self: SqliteJournal, events: Sequence[Any]) -> Any:
        kinds = [event.KIND.partition(".")[0] for event in events]
        reached(fate, "commit.before", kinds)
        recorded = append(self, events)
        reached(fate, "commit.after", kinds)
        return recorded

    def inserting(self: SqliteJournal, *args: Any) -> Any:
        if fate.due("disk"):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise error
        return insert(self, *args)

    SqliteJournal.append = appending  # type: ignore[method-assign]
    SqliteJournal._insert = inserting  # type: ignore[method-assign]


def reached(fate: Fate, point: str, kinds: Sequence[str]) -> None:
    """A transaction counts once for itself and once for each kind in it."""
    fate.reach(point)
    for kind in dict.fromkeys(kinds):
        fate.reach(f"{point}:{kind}")


def at_the_end(fate: Fate) -> None:
    """An orderly end that never comes to one."""
    stop: Callable[[Daemon], None] = Daemon.stop

    def stopping(self: Daemon) -> None:
        if fate.due("stop"):
            (self.places.directory / "stopping").touch()
            threading.Event().wait(120)
        stop(self)

    Daemon.stop = stopping  # type: ignore[method-assign]


if __name__ == "__main__":
    chosen, times, dashes, *arguments = sys.argv[1:]
    assert dashes == "--", "usage: dying.py POINT N -- run OPTIONS"
    doomed = Fate(chosen, int(times))
    on_the_wire(doomed)
    in_the_journal(doomed)
    at_the_end(doomed)
    sys.exit(main(arguments))

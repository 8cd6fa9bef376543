"""``robsond`` from its start to its end: what it says first, the signals, how it says it ended.

Everything that runs is loaded with this module. A start that is refused never gets so far.
"""

from __future__ import annotations

import faulthandler
import gc
import itertools
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NoReturn

from robson.api.doors import Doors
from robson.api.places import OBSERVED
from robson.api.version import installed
from robson.daemon import logs
from robson.daemon.app import Daemon
from robson.daemon.banner import banner, width_of_stdout
from robson.daemon.config import Config
from robson.daemon.exits import FORCED, INTERNAL, JOURNAL_IO
from robson.daemon.farewell import farewell
from robson.daemon.programme import Programme
from robson.daemon.where import Places
from robson.domain.errors import StoreError

STOP_S = 25.0
"""Bound on stopping in order."""
LOOK_S = 0.5
SWITCH_S = 0.0001
"""A thread that is called gets the interpreter after so long, whoever works: a way out passes three
threads, and answers to people are worked out by others meanwhile."""
TITLES = {
    "sim": "SIMULATED, no real money",
    "paper": "PAPER, no real money",
    "live": "LIVE, on this machine only",
    OBSERVED: "OBSERVE, sends no order",
}


class _Ended:
    """Why the daemon is to end: a signal, or a thread that could not go on."""

    def __init__(self) -> None:
        # A handler runs between two bytecodes of this very thread, so it may only touch what does
        # not lock: an Event that is waited for here would wait for itself.
        self._told: SimpleQueue[None] = SimpleQueue()
        self._signals = itertools.count()
        self.error: tuple[str, BaseException] | None = None

    def fatal(self, name: str, error: BaseException) -> None:
        """A thread has ended that should not have."""
        logs.failure(name, error)
        self.error = (name, error)
        self._told.put(None)

    def signalled(self, _number: int, _frame: FrameType | None) -> None:
        """First: end in order. Second: end at once."""
        if next(self._signals):
            _end_at_once("a second signal")
        self._told.put(None)

    def follow(self, starter: int) -> None:
        """End when the other end of a pipe does, however it ended."""
        while os.read(starter, 1):
            continue
        self._told.put(None)

    def wait(self) -> None:
        """Until there is a reason to end; a signal just before a wait is heard after it."""
        while True:
            with suppress(Empty):
                return self._told.get(timeout=LOOK_S)


def serve(
    config: Config, played: Programme, where: Places, *, fresh: bool, follow: int | None
) -> int:
    """Run a daemon until there is a reason to end; returns the exit code.

    ``follow``: a pipe with whose other end the daemon ends, too.
    """
    ended = _Ended()
    if follow is not None:
        starter = threading.Thread(name="starter", target=ended.follow, args=(follow,), daemon=True)
        starter.start()
    daemon = Daemon(config, played, where, ended.fatal, fresh=fresh)
    with ExitStack() as undo:
        undo.callback(daemon.abandon)
        logs.to_file(where.directory)
        faulthandler.enable()
        sys.setswitchinterval(SWITCH_S)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ended.signalled)
        doors = daemon.start()
        undo.pop_all()
    gc.freeze()
    _introduce(daemon, doors)
    ended.wait()
    return _end(daemon, ended)


def _introduce(daemon: Daemon, doors: Doors) -> None:
    profile = daemon.config["profile"]
    observes = daemon.config["exchange.observe"]
    about = TITLES[OBSERVED if observes else profile]
    title = f"{about.ljust(28)}robsond {installed()}  profile {profile}"
    for line in banner(title, _said_first(daemon, doors), width_of_stdout()):
        logs.tell(line)


def _said_first(daemon: Daemon, doors: Doors) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    if daemon.config["profile"] == "sim":
        playing = daemon.theatre.speed
        speed = "max" if playing is None else f"{playing:f}x"
        yield "tape", f"{daemon.theatre.describe()}  speed {speed}"
    else:
        yield "exchange", daemon.theatre.describe()
    for warning in daemon.theatre.warnings:
        yield "note", warning
    for broken in daemon.places.strategies.broken.values():
        yield "note", f"not a strategy: {broken}"
    yield "state", str(daemon.places.directory)
    yield "doors", f"{doors.socket}, {doors.tcp} (token in {daemon.places.token})"
    yield "health", f"http://{daemon.places.http_host}:{daemon.http.server_port}/health/live"
    for fault in daemon.theatre.faults():
        yield "fault", str(fault)
    if daemon.unseen_s:
        many = daemon.recovered
        positions = "1 position" if many == 1 else f"{many} positions"
        yield "recovered", f"{positions}; the market went on {daemon.unseen_s} s"
    yield "stop", "Ctrl-C; exchange stops stay where they are"


def _force(stopped: threading.Event) -> None:
    """End the process when stopping in order takes too long."""
    if not stopped.wait(STOP_S):
        _end_at_once(f"stopping took longer than {STOP_S:g} s")


def _end_at_once(why: str) -> NoReturn:
    """From a signal's handler: nothing that locks, nothing that waits."""
    os.write(
        sys.stderr.fileno(),
        f"error: ended at once: {why}. Exchange stops stay where they are; the next start asks"
        f" what became of everything that was sent. [FORCED, exit {FORCED}]\n".encode(),
    )
    os._exit(FORCED)


def _end(daemon: Daemon, ended: _Ended) -> int:
    if ended.error is not None:
        name, error = ended.error
        code = JOURNAL_IO if isinstance(error, StoreError) else INTERNAL
        sys.stderr.write(
            f"error: {name} ended: {error}. Exchange stops stay where they are."
            f" [{type(error).__name__}, exit {code}]\n"
        )
        sys.stderr.flush()
        os._exit(code)
    stopped = threading.Event()
    threading.Thread(target=_force, args=(stopped,), daemon=True).start()
    daemon.stop()
    stopped.set()
    for line in farewell(daemon.roster.views.values(), silent=daemon.reach.fact() is not None):
        logs.tell(line)
    for told in daemon.theatre.faults_told():
        logs.tell(f"fault {told}")
    logs.tell("robsond has ended in order")
    failed = daemon.journal.failed
    if failed is None:
        return 0
    sys.stderr.write(
        f"error: {str(failed).rstrip('.')}. The last rows wait in journal.emergency; the next start"
        f" carries them over. [JOURNAL_IO, exit {JOURNAL_IO}]\n"
    )
    return JOURNAL_IO

"""Starts the two programs: by Python itself, or forked from a process that has loaded their code.

Most of what a start costs is the loading of its code, and a run of chaos starts thousands. What is
forked is a process of its own, with its own pid, files and signals, and makes every call that a
boundary counts: the code it runs is loaded before, and loading touches no state directory.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import attrs

import robson
from robson.sim.chaos.trace import MAIN
from robson.sim.chaos.wait import LOOK_S, pause
from robson.sim.workers import KILL, Worker, WorkerLost

_END = 15
_ROOT = Path(robson.__file__).parents[1]
OURS = "ROBSON_"
"""Variables that would configure a program; here its arguments do."""


class Process(Protocol):
    """What a life needs of a process, and ``subprocess.Popen`` has."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""

    def send_signal(self, sig: int, /) -> None:
        """Nothing is sent to a process that has ended."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it without a word."""

    def wait(self) -> int:
        """Its exit code, once it has ended."""


@attrs.frozen
class Gate:
    """A file that a thread of a program waits for, before it does anything: who watches it from its
    first call is there by then.
    """

    opens: Path
    thread: str = MAIN


@attrs.frozen
class Start:
    """Run ``python -m WORDS`` with its output in ``log``."""

    words: tuple[str, ...]
    log: Path
    gate: Gate | None


@attrs.frozen
class Look:
    """How a process has ended, if it has."""

    pid: int


class Forked:
    """A process that a loaded one has forked; it is that one's child, who alone sees its end."""

    def __init__(self, loaded: Worker, start: Start) -> None:
        self._loaded = loaded
        self.returncode: int | None = None
        loaded.begin(start)
        self.pid: int = loaded.take()

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            try:
                self._loaded.begin(Look(self.pid))
                self.returncode = self._loaded.take()
            except (OSError, WorkerLost):
                self.returncode = -KILL  # whoever forked it has ended, and all of its own before
        return self.returncode

    def send_signal(self, sig: int, /) -> None:
        """Nothing is sent to a process that has ended: its pid may be another's."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(_END)

    def kill(self) -> None:
        """End it without a word."""
        self.send_signal(KILL)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        while (code := self.poll()) is None:
            pause(LOOK_S)
        return code


def forked(log: Path, *words: str, gate: Gate | None = None) -> Process:
    """``python -m WORDS`` of loaded code."""
    return Forked(_loaded(), Start(words, log, gate))


def fresh(log: Path, *words: str) -> Process:
    """``python -m WORDS``, started by Python itself: its time to an answer is a real one."""
    paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
    kept = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-m", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=log.parent,
            env=kept | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )


_made: list[Worker] = []


def _loaded() -> Worker:
    """The one process of this one: made when it is needed first, ends with it."""
    if not _made:
        _made.append(Worker("robson.sim.chaos.loaded"))
        atexit.register(_made[0].dismiss)
    return _made[0]

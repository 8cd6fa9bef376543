"""A process that has loaded the code of both programs, and forks one for each start.

Its main part does what ``programs`` asks, one thing at a time; it starts no thread, so a fork of it
is whole.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys
from typing import NoReturn

from robson.daemon import worker
from robson.daemon.clock import monotonic_s
from robson.sim.chaos.programs import OURS, Gate, Look, Start
from robson.sim.chaos.trace import MAIN
from robson.sim.chaos.wait import until
from robson.sim.workers import KILL, work

_GATE_S = 30.0
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class Forks:
    """Its children."""

    def __init__(self) -> None:
        self._living: set[int] = set()

    def do(self, piece: Start | Look) -> int | None:
        """The pid of what was started, or how it has ended; in a child it does not return."""
        if isinstance(piece, Look):
            found, status = os.waitpid(piece.pid, os.WNOHANG)
            self._living -= {found}
            return os.waitstatus_to_exitcode(status) if found else None
        pid = os.fork()
        if pid == 0:
            self._living.clear()
            _become(piece)
        self._living.add(pid)
        return pid

    def end(self) -> None:
        """Nobody asks any more: nothing stays behind."""
        for pid in self._living:
            os.kill(pid, KILL)
            os.waitpid(pid, 0)


def _become(start: Start) -> NoReturn:
    """As ``python -m WORDS`` would."""
    nothing, out = os.open(os.devnull, os.O_RDONLY), os.open(start.log, _APPEND, 0o600)
    for mine, theirs in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(mine, theirs)
    os.close(nothing)
    os.close(out)
    os.chdir(start.log.parent)
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    if start.gate is not None:
        _hold(start.gate)
    sys.argv = list(start.words)
    runpy.run_module(start.words[0], run_name="__main__", alter_sys=True)
    sys.exit(0)


def _hold(gate: Gate) -> None:
    """A thread is held where it gets its name, before its work begins."""

    def wait() -> None:
        if not until(gate.opens.exists, monotonic_s() + _GATE_S):
            raise TimeoutError(f"{gate.opens} was not opened")

    def named(name: str) -> None:
        given(name)
        if name == gate.thread:
            wait()

    if gate.thread == MAIN:
        wait()
    else:
        given, worker.named = worker.named, named


if __name__ == "__main__":
    import robson.daemon.serving
    import robson.daemon.simulated
    import robson.sim.exchange  # noqa: F401 - what the two programs load

    gc.freeze()
    forks = Forks()
    try:
        work(forks.do)
    finally:
        forks.end()

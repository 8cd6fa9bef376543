"""Hands pieces of work to processes of this very code, one at a time, and takes what they came to.

A crew is a module whose main part calls :func:`work`; pieces and results are pickled, and what a
worker sends is what this very code wrote.
"""

from __future__ import annotations

import os
import pickle
import selectors
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import robson
from robson.domain.errors import RobsonError

INTERRUPT, KILL = 2, 9
"""Signals, by number: whoever catches one lives in the daemon."""
INTERRUPTED = 130
READY = "ready"
"""What a worker says before anything else, once it has loaded."""
_ENDS_S = 30.0
_ROOT = Path(robson.__file__).parents[1]


class WorkerLost(RobsonError):
    """A worker process ended in the middle of a piece of work."""


class Worker:
    """One process that does one piece at a time.

    It has a process group of its own: a terminal's Ctrl-C is for whoever has a crew, and that one
    dismisses it.

    Args:
        module: whose main part it runs, with ``arguments``.

    Attributes:
        piece: what it does now; None while it waits.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
        self._process = subprocess.Popen(  # noqa: S603 - this command itself
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            process_group=0,
        )
        self.piece: Any = None
        self._ready = False

    @property
    def answers(self) -> IO[bytes]:
        """What it has to say."""
        assert self._process.stdout is not None
        return self._process.stdout

    def begin(self, piece: Any) -> None:
        """Let it do a piece, as soon as it has loaded.

        Raises:
            WorkerLost: it ended while it loaded.
        """
        assert self._process.stdin is not None
        self.piece = piece
        if not self._ready:
            self._ready = self._heard() == READY
        pickle.dump(piece, self._process.stdin)
        self._process.stdin.flush()

    def take(self) -> Any:
        """What its piece came to.

        Raises:
            WorkerLost: it ended by itself.
        """
        answer = self._heard()
        self.piece = None
        return answer

    def _heard(self) -> Any:
        try:
            return pickle.load(self.answers)  # noqa: S301 - written by ``work``
        except (EOFError, pickle.UnpicklingError) as error:
            raise WorkerLost(f"the worker that had {self.piece} to do has ended") from error

    def dismiss(self, by: int | None = None) -> None:
        """Let it end: at once by a signal, else when its piece is done.

        One that still loads has begun nothing that it would have to end: it is killed.
        """
        assert self._process.stdin is not None
        if by is not None and (self.piece is not None or not self._ready):
            self._process.send_signal(by if self._ready else KILL)
            try:
                self._process.wait(_ENDS_S)  # before its input ends: it is to hear only one of both
            except subprocess.TimeoutExpired:
                self._process.kill()
        with suppress(BrokenPipeError):  # it has ended already, and did not read all
            self._process.stdin.close()
        self._process.wait()
        self.answers.close()


def as_they_come(crew: Sequence[Worker], pieces: Iterable[Any]) -> Generator[Any]:
    """What the pieces came to, in the order in which they are done.

    Raises:
        WorkerLost: a worker ended by itself.
    """
    waiting = iter(pieces)
    with selectors.DefaultSelector() as selector:
        for worker in crew:
            if (piece := next(waiting, None)) is not None:
                worker.begin(piece)
                selector.register(worker.answers, selectors.EVENT_READ, worker)
        while selector.get_map():
            for key, _ in selector.select():
                result = key.data.take()
                if (piece := next(waiting, None)) is None:
                    selector.unregister(key.fileobj)
                else:
                    key.data.begin(piece)
                yield result


def work(do: Callable[[Any], Any]) -> None:
    """The worker's side: do what comes, until no more does."""
    try:
        _say(READY)
        while True:
            try:
                piece = pickle.load(sys.stdin.buffer)  # noqa: S301 - from ``Worker.begin``
            except EOFError:
                return
            _say(do(piece))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _say(what: Any) -> None:
    pickle.dump(what, sys.stdout.buffer)
    sys.stdout.buffer.flush()

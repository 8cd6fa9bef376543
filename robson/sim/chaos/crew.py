"""Strikes in worker processes, a few at a time: each life has two processes of its own already."""

from __future__ import annotations

import os
import pickle
import selectors
import subprocess
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import IO

import robson
from robson.domain.errors import RobsonError
from robson.sim.chaos.strikes import Result, struck
from robson.sim.chaos.trace import Strike

_ROOT = Path(robson.__file__).parents[1]


class WorkerLost(RobsonError):
    """A worker process ended in the middle of a life."""


class _Worker:
    def __init__(self, keep: Path | None) -> None:
        paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
        self._process = subprocess.Popen(  # noqa: S603 - this command itself
            [sys.executable, "-m", __name__, *([str(keep)] if keep else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    @property
    def answers(self) -> IO[bytes]:
        """What it has to say."""
        assert self._process.stdout is not None
        return self._process.stdout

    def begin(self, strike: Strike) -> None:
        """Let it live one life."""
        assert self._process.stdin is not None
        pickle.dump(strike, self._process.stdin)
        self._process.stdin.flush()

    def take(self) -> Result:
        """What the life came to."""
        try:
            result: Result = pickle.load(self.answers)  # noqa: S301 - written by ``_work``
        except (EOFError, pickle.UnpicklingError) as error:
            raise WorkerLost("a worker ended in the middle of a life") from error
        return result

    def dismiss(self) -> None:
        """Let it end when its life is over: it ends the processes that it has started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self.answers.close()


def results(strikes: Iterable[Strike], jobs: int, keep: Path | None = None) -> Generator[Result]:
    """Results as they come; close it to stop early.

    Raises:
        WorkerLost: a worker ended by itself.
    """
    waiting = iter(strikes)
    crew = [_Worker(keep) for _ in range(jobs)]
    try:
        with selectors.DefaultSelector() as selector:
            for worker in crew:
                if (strike := next(waiting, None)) is not None:
                    worker.begin(strike)
                    selector.register(worker.answers, selectors.EVENT_READ, worker)
            while selector.get_map():
                for key, _ in selector.select():
                    result = key.data.take()
                    if (strike := next(waiting, None)) is None:
                        selector.unregister(key.fileobj)
                    else:
                        key.data.begin(strike)
                    yield result
    finally:
        for worker in crew:
            worker.dismiss()


def _work(keep: Path | None) -> None:
    while True:
        try:
            strike: Strike = pickle.load(sys.stdin.buffer)  # noqa: S301 - from ``_Worker.begin``
        except EOFError:
            return
        pickle.dump(struck(strike, keep), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        _work(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    except KeyboardInterrupt:
        sys.exit(130)

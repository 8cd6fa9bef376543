"""Positions in worker processes, a few at a time: each has two processes of its own already."""

from __future__ import annotations

import os
import pickle
import selectors
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import robson
from robson.domain.errors import RobsonError
from robson.sim.live.life import Result, live
from robson.sim.live.plan import plan_of

_INTERRUPT = 2
_ROOT = Path(robson.__file__).parents[1]


class WorkerLost(RobsonError):
    """A worker process ended in the middle of a position."""


def results(
    seed: int, numbers: Sequence[int], jobs: int, speed: str, keep: Path | None
) -> Generator[Result]:
    """Results as they come; close it to stop early.

    Raises:
        WorkerLost: a worker ended by itself.
    """
    crew = [_worker(seed, numbers[place::jobs], speed, keep) for place in range(jobs)]
    try:
        with selectors.DefaultSelector() as selector:
            for worker in crew:
                assert worker.stdout is not None
                selector.register(worker.stdout, selectors.EVENT_READ, worker)
            left = len(numbers)
            while left:
                for key, _ in selector.select():
                    result = _take(key.data)
                    if result is None:
                        selector.unregister(key.fileobj)
                    else:
                        left -= 1
                        yield result
    finally:
        for worker in crew:
            if worker.poll() is None:
                worker.send_signal(_INTERRUPT)  # it ends the two that it has started
            worker.wait()
            assert worker.stdout is not None
            worker.stdout.close()


def _worker(
    seed: int, numbers: Sequence[int], speed: str, keep: Path | None
) -> subprocess.Popen[bytes]:
    """This module as a process, with its share of the numbers."""
    share = ",".join(map(str, numbers))
    paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
    return subprocess.Popen(  # noqa: S603 - this command itself
        [sys.executable, "-m", __name__, str(seed), share, speed, str(keep or "")],
        stdout=subprocess.PIPE,
        bufsize=0,  # a selector sees what has not been read
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )


def _take(worker: subprocess.Popen[bytes]) -> Result | None:
    """The next result; None when it has lived them all."""
    assert worker.stdout is not None
    try:
        result: Result = pickle.load(worker.stdout)  # noqa: S301 - written by ``_work``
    except EOFError as error:
        if worker.wait() != 0:
            raise WorkerLost("a worker ended in the middle of a position") from error
        return None
    except pickle.UnpicklingError as error:
        raise WorkerLost("a worker ended in the middle of a position") from error
    return result


def _work(seed: str, share: str, speed: str, keep: str) -> None:
    for number in filter(None, share.split(",")):
        result = live(plan_of(int(seed), int(number)), speed, Path(keep) if keep else None)
        pickle.dump(result, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        _work(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)

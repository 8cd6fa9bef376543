"""Lives worlds in worker processes and hands what they came to back in the order of their seeds.

A world needs nothing but its seed, so who lives it changes nothing. The workers are this command
again: what they send is what this very code wrote.
"""

from __future__ import annotations

import gc
import os
import pickle
import selectors
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import IO

import attrs

import robson
from robson.domain.errors import RobsonError
from robson.sim.lives import plan_of
from robson.sim.runs import Outcome, live

_ROOT = Path(robson.__file__).parents[1]
_AHEAD = 64
"""So many worlds may be finished before an earlier one is."""
_TIDY = 20


class WorkerLost(RobsonError):
    """A worker process ended in the middle of a world."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def outcomes(seeds: Iterable[int], lives: int, jobs: int) -> Generator[Outcome]:
    """Outcomes in the order of the seeds, which may be endless; close it to stop early.

    Raises:
        WorkerLost: a worker ended by itself.
    """
    if jobs == 1:
        for seed in seeds:
            yield live(plan_of(seed, lives))
        return
    crew = [_Worker(lives) for _ in range(jobs)]
    try:
        yield from _in_order(iter(seeds), crew)
    finally:
        for worker in crew:
            worker.dismiss()


class _Worker:
    """One process that lives worlds, one at a time."""

    def __init__(self, lives: int) -> None:
        paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
        self._process = subprocess.Popen(  # noqa: S603 - this command itself
            [sys.executable, "-m", __name__, str(lives)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        self.seed: int | None = None

    @property
    def answers(self) -> IO[bytes]:
        """What it has to say."""
        assert self._process.stdout is not None
        return self._process.stdout

    def begin(self, seed: int) -> None:
        """Let it live a world."""
        assert self._process.stdin is not None
        self.seed = seed
        self._process.stdin.write(b"%d\n" % seed)
        self._process.stdin.flush()

    def take(self) -> tuple[int, Outcome]:
        """What the world that it lived came to."""
        assert self.seed is not None
        seed, self.seed = self.seed, None
        try:
            outcome: Outcome = pickle.load(self.answers)  # noqa: S301 - written by ``_work``
        except (EOFError, pickle.UnpicklingError) as error:
            raise WorkerLost(f"the worker that lived seed {seed} ended") from error
        return seed, outcome

    def dismiss(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _in_order(seeds: Iterator[int], crew: list[_Worker]) -> Iterator[Outcome]:
    waiting: list[int] = []
    finished: dict[int, Outcome] = {}
    idle = list(crew)
    with selectors.DefaultSelector() as selector:
        for worker in crew:
            selector.register(worker.answers, selectors.EVENT_READ, worker)
        while True:
            while idle and len(waiting) < _AHEAD and (seed := next(seeds, None)) is not None:
                waiting.append(seed)
                idle.pop().begin(seed)
            if not waiting:
                return
            for key, _ in selector.select():
                lived, outcome = key.data.take()
                finished[lived] = outcome
                idle.append(key.data)
            while waiting and waiting[0] in finished:
                yield finished.pop(waiting.pop(0))


def _work(lives: int) -> None:
    """Live each world that is asked for; the views stay here, they are many.

    What a world leaves behind is looked for between worlds, not all the time in them.
    """
    gc.freeze()
    gc.disable()
    for count, line in enumerate(sys.stdin.buffer, 1):
        if count % _TIDY == 0:
            gc.collect()
        outcome = attrs.evolve(live(plan_of(int(line), lives)), views=())
        pickle.dump(outcome, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        _work(int(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)

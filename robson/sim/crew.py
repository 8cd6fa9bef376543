"""Lives worlds in worker processes and hands what they came to back in the order of their seeds.

A world needs nothing but its seed, so who lives it changes nothing.
"""

from __future__ import annotations

import gc
import itertools
import os
import selectors
import sys
from collections.abc import Callable, Generator, Iterable, Iterator

import attrs

from robson.sim.plans import plan_of
from robson.sim.runs import Outcome, live
from robson.sim.workers import KILL, Worker, work

_AHEAD = 64
"""So many worlds may be finished before an earlier one is."""
_TIDY = 20
USUAL = "usual"


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def outcomes(
    seeds: Iterable[int], lives: int, jobs: int, *, usual: bool = False
) -> Generator[Outcome]:
    """Outcomes in the order of the seeds, which may be endless; close it to stop early.

    ``usual``: of worlds without a mixture of strategies.

    Raises:
        WorkerLost: a worker ended by itself.
    """
    if jobs == 1:
        for seed in seeds:
            yield live(plan_of(seed, lives, usual=usual))
        return
    crew = [Worker(__name__, str(lives), USUAL if usual else "") for _ in range(jobs)]
    try:
        yield from _in_order(iter(seeds), crew)
    finally:
        for worker in crew:
            worker.dismiss(KILL)


def _in_order(seeds: Iterator[int], crew: list[Worker]) -> Iterator[Outcome]:
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
                lived = key.data.piece
                finished[lived] = key.data.take()
                idle.append(key.data)
            while waiting and waiting[0] in finished:
                yield finished.pop(waiting.pop(0))


def _living(lives: int, *, usual: bool) -> Callable[[int], Outcome]:
    """How a worker lives a world; the views stay with it, they are many.

    What a world leaves behind is looked for between worlds, not all the time in them.
    """
    gc.freeze()
    gc.disable()
    count = itertools.count(1)

    def one(seed: int) -> Outcome:
        if next(count) % _TIDY == 0:
            gc.collect()
        return attrs.evolve(live(plan_of(seed, lives, usual=usual)), views=())

    return one


if __name__ == "__main__":
    work(_living(int(sys.argv[1]), usual=sys.argv[2] == USUAL))

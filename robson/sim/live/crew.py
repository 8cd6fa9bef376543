"""Positions in worker processes, a few at a time: each has two processes of its own already."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

from robson.sim.live.life import Result, live
from robson.sim.live.plan import plan_of
from robson.sim.template import Template
from robson.sim.workers import INTERRUPT, Worker, as_they_come, work


def results(
    seed: int, numbers: Sequence[int], jobs: int, speed: str, keep: Path | None
) -> Generator[Result]:
    """Results as they come; close it to stop early.

    Raises:
        WorkerLost: a worker ended by itself.
    """
    crew = [Worker(__name__, str(seed), speed, str(keep or "")) for _ in range(jobs)]
    try:
        yield from as_they_come(crew, numbers)
    finally:
        for worker in crew:
            worker.dismiss(INTERRUPT)  # it ends the two that it has started


def _live(number: int, template: Template) -> Result:
    seed, speed, keep = sys.argv[1:]
    return live(plan_of(int(seed), number), speed, template, Path(keep) if keep else None)


if __name__ == "__main__":
    with Template("robson.sim.live.loaded") as made:
        work(partial(_live, template=made))

"""Strikes in worker processes, a few at a time: each life has two processes of its own already."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from functools import partial
from pathlib import Path

from robson.sim.chaos.strikes import Result, struck
from robson.sim.chaos.trace import Strike
from robson.sim.workers import INTERRUPT, Worker, as_they_come, work


def results(strikes: Iterable[Strike], jobs: int, keep: Path | None = None) -> Generator[Result]:
    """Results as they come; close it to stop early.

    Raises:
        WorkerLost: a worker ended by itself.
    """
    crew = [Worker(__name__, *([str(keep)] if keep else [])) for _ in range(jobs)]
    try:
        yield from as_they_come(crew, strikes)
    finally:
        for worker in crew:
            worker.dismiss(INTERRUPT)  # it ends the processes that its life has started


if __name__ == "__main__":
    work(partial(struck, keep=Path(sys.argv[1]) if len(sys.argv) > 1 else None))

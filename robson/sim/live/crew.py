"""Positions a few at a time: each has two processes of its own, and the threads only wait."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from robson.sim.live.life import Result, live
from robson.sim.live.plan import Plan


def results(plans: Iterable[Plan], jobs: int, speed: str, keep: Path | None) -> Generator[Result]:
    """Results as they come; closed early, what has begun is still lived to its end."""
    waiting = iter(plans)
    under_way: set[Future[Result]] = set()
    with ThreadPoolExecutor(jobs, "live") as crew:
        while True:
            while len(under_way) < jobs and (plan := next(waiting, None)) is not None:
                under_way.add(crew.submit(live, plan, speed, keep))
            if not under_way:
                return
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for each in done:
                yield each.result()

"""The command line of ``robson-sim live``: which positions, how fast, what is printed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from robson.daemon.clock import monotonic_s
from robson.domain.errors import InvalidValue
from robson.sim import paper
from robson.sim.given import number

POSITIONS, SPEED, JOBS, JOBS_MAX = 100, "10", 2, 16
EVERY = 10
"""Positions from one line that stays to the next."""
_ABOUT = """
Lives positions in the profile live beside a venue, each with a venue, an account and a daemon of
its own, over HTTP and WebSocket. The seed decides side, way out, faults and deaths. At the end the
venue's books and log are held against the journal: equal fills, one entry order each, nothing owed
or resting, and every request of which nobody knew what became settled by evidence.
"""
_EXAMPLES = """
examples:
  robson-sim live --positions 100 --seed 7
  robson-sim live --seed 7 --only 12 --keep DIR     one of them again
  robson-sim live --positions 20 --json | jq .rows
"""


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    live = commands.add_parser(
        "live",
        help="the profile live beside a venue, in bad weather",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    live.add_argument(
        "--positions", metavar="N", type=int, default=POSITIONS, help="default: %(default)s"
    )
    live.add_argument("--seed", metavar="N", type=int, default=1, help="default: %(default)s")
    live.add_argument("--only", metavar="N", type=int, help="one position, by its number")
    live.add_argument(
        "--speed",
        metavar="X",
        default=SPEED,
        help="the exchange's seconds a second; default: %(default)s",
    )
    live.add_argument(
        "--jobs", metavar="N", type=int, default=JOBS, help="at once; default: %(default)s"
    )
    live.add_argument("--keep", metavar="DIR", help="keep what each position left behind")
    live.add_argument("--json", action="store_true", help="one JSON document, nothing else")


def run(args: argparse.Namespace) -> int:
    """Carry it out; 0 only when all held and every fault of the weather was met.

    Raises:
        InvalidValue: an option that cannot be used.
        NotBegun: nothing of a venue is installed.
    """
    from robson.sim.live.beside import NotBegun
    from robson.sim.live.table import Report, document, show

    for option, value, most in (
        ("--positions", args.positions, None),
        ("--only", args.only, None),
        ("--jobs", args.jobs, JOBS_MAX),
    ):
        if value is not None and (value < 1 or (most is not None and value > most)):
            allowed = "1 or more" if most is None else f"1 to {most}"
            raise InvalidValue(f"{option} is {value}; expected {allowed}")
    if not 1 <= number("--speed", args.speed, least=1) <= _FASTEST:
        raise InvalidValue(f"--speed is {args.speed}; expected 1 to {_FASTEST}")
    if find_spec("aiohttp") is None:
        raise NotBegun("aiohttp is not installed; the venue needs it: pip install 'robson[venue]'")
    if args.keep:
        Path(args.keep).mkdir(parents=True, exist_ok=True)
    began_s = monotonic_s()
    done = _lived(args)
    elapsed_s = monotonic_s() - began_s
    done.sort(key=lambda one: one.plan.number)
    report = Report(seed=args.seed, speed=args.speed, results=tuple(done), elapsed_s=elapsed_s)
    page = paper.Paper(sys.stdout, os.environ)
    if args.json:
        page.say(json.dumps(document(report), indent=2, ensure_ascii=False))
    else:
        show(report, page)
    return 0 if report.passed else 1


_FASTEST = 100


def _lived(args: argparse.Namespace) -> list[Any]:
    """Each position; one of which something does not hold is said at once."""
    from robson.sim.live.crew import results
    from robson.sim.live.table import again

    numbers = range(1, args.positions + 1) if args.only is None else [args.only]
    began_s, progress, done = monotonic_s(), paper.Progress(sys.stderr), []
    jobs, keep = min(args.jobs, len(numbers)), args.keep and Path(args.keep)
    with closing(results(args.seed, numbers, jobs, args.speed, keep)) as found:
        for result in found:
            done.append(result)
            if result.wrong:
                progress.keep(f"{'; '.join(result.wrong)}\n  {again(result, args.speed)}")
            elapsed_s = monotonic_s() - began_s
            line = (
                f"{paper.bar(len(done), len(numbers))}  {len(done)} of {len(numbers)} positions,"
                f" {sum(bool(one.wrong) for one in done)} bad,"
                f" {paper.left(len(done), len(numbers), elapsed_s)}"
            )
            if len(done) % EVERY == 0:
                progress.keep(line)
            else:
                progress.show(line, elapsed_s)
    progress.clear()
    return done

"""The command line of ``robson-sim chaos``: which strikes, how many at a time, what is printed."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robson.daemon.clock import monotonic_s
from robson.domain.errors import InvalidValue
from robson.sim import paper

if TYPE_CHECKING:
    from robson.sim.chaos.strikes import Listing, Result
    from robson.sim.chaos.trace import Strike

JOBS_A_CORE, JOBS_MAX = 2, 16
"""A life waits for more than half of its time."""
ERRORS = ("KILL", "EIO", "ENOSPC", "STOP")
CALLS = (
    *("write", "pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink"),
    *("connect", "sendto", "recvfrom"),
)
_PART = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
_ONLY = re.compile(r"(long|short|panic)/(\w+)/([\w./-]+)/(\w+)/(\d+)/(KILL|EIO|ENOSPC|STOP)")
_ABOUT = """
Starts a daemon and a simulated exchange as two processes, lives a scripted life (a long that
trails, a short that meets its target, a panic) under strace to name every system call on journal,
log, emergency file and exchange sockets, and lives it again for each of them with a strike at that
call: KILL, EIO, ENOSPC (at a socket ECONNRESET) or STOP for two seconds. What has died is started
again; at the end the exchange's books and the journal have to agree. All strikes, some 2,200, take
about 35 minutes on two cores that do nothing else. Ctrl-C ends it with what was lived so far.
"""
_EXAMPLES = """
examples:
  robson-sim chaos --limit 60                  a sample over calls, phases and errors
  robson-sim chaos --errors KILL --jobs 2
  robson-sim chaos --part 1/12                 then 2/12 and so on: all of them, in sittings
  robson-sim chaos --calls fdatasync,sendto --json | jq .failed
  robson-sim chaos --only long/arm/normal/sendto/1/KILL --keep DIR
"""


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    chaos = commands.add_parser(
        "chaos",
        help="real processes, struck at each of their system calls",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    chaos.add_argument("--errors", metavar="LIST", default=",".join(ERRORS), help="%(default)s")
    chaos.add_argument("--calls", metavar="LIST", default="", help="default: all of them")
    chaos.add_argument("--limit", metavar="N", type=int, help="so many strikes, chosen by the seed")
    chaos.add_argument("--part", metavar="K/N", help="the Kth of N equal shares of the strikes")
    chaos.add_argument("--seed", metavar="N", type=int, default=1, help="default: %(default)s")
    chaos.add_argument("--jobs", metavar="N", type=int, help="default: two for each core")
    chaos.add_argument("--only", metavar="STRIKE", help="one strike, as a report names it")
    chaos.add_argument("--keep", metavar="DIR", help="keep what each struck life left behind")
    chaos.add_argument("--json", action="store_true", help="one JSON document, nothing else")


def run(args: argparse.Namespace) -> int:
    """Carry it out; 0 only when every boundary was struck and survived within the bound.

    Raises:
        InvalidValue: an option that cannot be used.
        NoStrace: nothing can be traced here.
        NotSurvived: the life does not end well even when nothing is struck.
    """
    from robson.sim.chaos.table import Report, document, show

    for option, value, most in (("--limit", args.limit, None), ("--jobs", args.jobs, JOBS_MAX)):
        if value is not None and (value < 1 or (most is not None and value > most)):
            raise InvalidValue(
                f"{option} is {value}; expected 1 {'or more' if most is None else f'to {most}'}"
            )
    if args.keep:
        Path(args.keep).mkdir(parents=True, exist_ok=True)
    began_s, progress = monotonic_s(), paper.Progress(sys.stderr)
    listing, strikes = _chosen(args, lambda text: progress.show(text, monotonic_s() - began_s))
    progress.keep(f"boundaries: {len(listing.boundaries)}, strikes: {len(strikes)}")
    done = _struck(args, strikes, progress)
    report = Report(
        listing=listing,
        results=tuple(done),
        asked=len(strikes),
        elapsed_s=monotonic_s() - began_s,
    )
    page = paper.Paper(sys.stdout, os.environ)
    if args.json:
        page.say(json.dumps(document(report), indent=2, ensure_ascii=False))
    else:
        show(report, page)
    return 0 if report.passed else 1


def _chosen(args: argparse.Namespace, say: Callable[[str], None]) -> tuple[Listing, list[Strike]]:
    """Every boundary there is, and the strikes that were asked for."""
    from robson.sim.chaos.strikes import Listing, boundaries, plan, share

    errors = _listed("--errors", args.errors, ERRORS) or ERRORS
    calls = _listed("--calls", args.calls, CALLS)
    number, of = _part(args.part) if args.part else (1, 1)
    if args.only:
        only = _only(args.only)
        return Listing(boundaries=(only.boundary,), unsteady=()), [only]
    listing = boundaries(calls, say)
    strikes = share(plan(listing, errors, args.seed, args.limit), number, of)
    if not strikes:
        raise InvalidValue(f"--part {args.part} holds no strike; expected fewer parts")
    return listing, strikes


def _struck(
    args: argparse.Namespace, strikes: Sequence[Strike], progress: paper.Progress
) -> list[Result]:
    """A life for each strike; one that was not survived is said at once.

    Ctrl-C ends it early: what was lived until then is reported.
    """
    from robson.sim.chaos.crew import results

    began_s = monotonic_s()
    done: list[Result] = []
    jobs = min(args.jobs or JOBS_A_CORE * len(os.sched_getaffinity(0)), JOBS_MAX, len(strikes))
    with (
        suppress(KeyboardInterrupt),
        closing(results(strikes, jobs, args.keep and Path(args.keep))) as found,
    ):
        for result in found:
            done.append(result)
            if not result.survived:
                progress.keep(f"{result.strike} {'; '.join(result.wrong) or 'not struck'}")
            elapsed_s = monotonic_s() - began_s
            progress.show(
                f"{paper.bar(len(done), len(strikes))}  {len(done)} of {len(strikes)} strikes,"
                f" {sum(not one.survived for one in done)} bad,"
                f" {paper.left(len(done), len(strikes), elapsed_s)}",
                elapsed_s,
            )
    progress.clear()
    return done


def _listed(option: str, text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    named = tuple(filter(None, text.split(",")))
    if wrong := [name for name in named if name not in known]:
        raise InvalidValue(f"{option} has {wrong[0]!r}; expected some of {','.join(known)}")
    return named


def _part(text: str) -> tuple[int, int]:
    found = _PART.fullmatch(text)
    number, of = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= of:
        raise InvalidValue(f"--part is {text!r}; expected K/N with K from 1 to N, as in 1/12")
    return number, of


def _only(text: str) -> Strike:
    from robson.sim.chaos.trace import Boundary, Strike

    found = _ONLY.fullmatch(text)
    if found is None:
        raise InvalidValue(
            f"--only is {text!r}; expected LEG/SEGMENT/WHERE/CALL/NTH/ERROR, as a report names it"
        )
    leg, segment, where, call, nth, error = found.groups()
    return Strike(Boundary(leg, segment, where, call, int(nth), segment), error)

"""The command line of ``robson-sim chaos``: which strikes, how many at a time, what is printed."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from robson.daemon.clock import monotonic_s
from robson.domain.errors import InvalidValue
from robson.sim import paper

JOBS, JOBS_MAX = 2, 16
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
again; at the end the exchange's books and the journal have to agree. All strikes take hours.
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
    chaos.add_argument("--jobs", metavar="N", type=int, default=JOBS, help="default: %(default)s")
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
    errors = _listed("--errors", args.errors, ERRORS) or ERRORS
    calls = _listed("--calls", args.calls, CALLS)
    for option, value, most in (("--limit", args.limit, None), ("--jobs", args.jobs, JOBS_MAX)):
        if value is not None and (value < 1 or (most is not None and value > most)):
            raise InvalidValue(
                f"{option} is {value}; expected 1 {'or more' if most is None else f'to {most}'}"
            )
    if args.keep:
        Path(args.keep).mkdir(parents=True, exist_ok=True)
    number, of = _part(args.part) if args.part else (1, 1)
    from robson.sim.chaos import Listing, boundaries, plan, share
    from robson.sim.chaos_crew import results
    from robson.sim.chaos_table import Report, document, show

    began_s, say = monotonic_s(), _progress()
    if args.only:
        only = _only(args.only)
        listing = Listing(boundaries=(only.boundary,), unsteady=())
        strikes = [only]
    else:
        listing = boundaries(calls, say)
        strikes = share(plan(listing, errors, args.seed, args.limit), number, of)
        if not strikes:
            raise InvalidValue(f"--part {args.part} holds no strike; expected fewer parts")
    done = []
    with closing(
        results(strikes, min(args.jobs, len(strikes)), args.keep and Path(args.keep))
    ) as found:
        for result in found:
            done.append(result)
            elapsed_s = monotonic_s() - began_s
            left_s = elapsed_s / len(done) * (len(strikes) - len(done))
            bad = sum(not one.survived for one in done)
            say(f"{len(done)} of {len(strikes)} strikes, {bad} bad, {left_s:.0f} s left")
    say("")
    report = Report(listing=listing, results=tuple(done), elapsed_s=monotonic_s() - began_s)
    page = paper.Paper(sys.stdout, os.environ)
    if args.json:
        page.say(json.dumps(document(report), indent=2, ensure_ascii=False))
    else:
        show(report, page)
    return 0 if report.passed else 1


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


def _only(text: str) -> Any:
    from robson.sim.chaos_trace import Boundary, Strike

    found = _ONLY.fullmatch(text)
    if found is None:
        raise InvalidValue(
            f"--only is {text!r}; expected LEG/SEGMENT/WHERE/CALL/NTH/ERROR, as a report names it"
        )
    leg, segment, where, call, nth, error = found.groups()
    return Strike(Boundary(leg, segment, where, call, int(nth), segment), error)


def _progress() -> Callable[[str], None]:
    """A line that repaints itself on a terminal; elsewhere nothing is said."""
    on = sys.stderr.isatty()

    def say(text: str) -> None:
        if on:
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()

    return say

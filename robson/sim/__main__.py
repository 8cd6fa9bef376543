"""``robson-sim``: simulated worlds, replayed journals, the simulated exchange and its books.

Exit codes: 0 all held, 1 something was violated or not reached, 2 a command line that cannot be
read, 69 nothing to read, 130 interrupted.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

from robson.api.blank import left_empty
from robson.api.interrupts import hear
from robson.api.standard import open_standard_streams
from robson.daemon.clock import monotonic_s
from robson.sim import paper
from robson.sim.chaos import command as chaos
from robson.sim.live import command as live

USAGE, UNAVAILABLE, INTERRUPTED = 2, 69, 130
LIVES_MAX, JOBS_MAX = 100, 256
_SEEDS = re.compile(r"(\d{1,12})(?:\.\.(\d{1,12}))?")

_WORLD = """
A world is one simulated exchange, one tape and one daemon in virtual time. The seed decides the
market, what a person asks for, every fault on the wire and at the exchange, and every death of the
process; then every law is asked after every event. The same seeds give the same trace.
"""
_WORLD_EXAMPLES = """
examples:
  robson-sim world --seeds 1..200
  robson-sim world --seeds 7..7 --story          one life to read
  robson-sim world --positions 20000 --json      seeds 1, 2, 3, ... until so many were active
"""
_BOOKS = """
Reads what the simulated exchange wrote down: accounts, orders, fills and every request that reached
it. It changes nothing, and works while the daemon runs, and after it was killed.
"""
_BOOKS_EXAMPLES = """
examples:
  robson-sim books --state-dir ~/.local/state/robson/sim
  robson-sim books --state-dir DIR --json | jq '.accounts[].fills'
"""
_REPLAY = """
Reads a journal and changes nothing: every row is folded by both forms of the law, and with --verify
every decision is made again from what stands beside it. Ends with 1 at the first difference.
"""
_REPLAY_EXAMPLES = """
examples:
  robson-sim replay --journal ~/.local/state/robson/sim --verify
  robson-sim replay --journal journal.copy --verify --json | jq .difference
"""


_EXCHANGE = """
The simulated exchange as a process of its own: it keeps the books, plays the tape and keeps time,
whoever is connected. The line is Robson's private one; a daemon joins with robsond run --exchange.
"""
_EXCHANGE_EXAMPLES = """
examples:
  robson-sim exchange --listen unix:/tmp/x.sock --state-dir /tmp/x --tape BTCUSDT-1m.csv
  robsond run --profile sim --exchange unix:/tmp/x.sock
"""


_VENUE = """
The simulated exchange behind Binance's own REST and WebSocket formats, on this machine only: any
client of Binance can use it, with the key test-key and the secret test-secret. The tape happens
now, so that clients may sign by their own clocks.
"""
_VENUE_EXAMPLES = """
examples:
  robson-sim venue --port 9443
  robson-sim venue --tape BTCUSDT-1m.csv.gz --state-dir /tmp/venue --speed 60
  robson-sim venue --port 0 --json | jq .rest
"""


class Problem(Exception):
    """Something to say in one line, with the exit code."""

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Problem(f"{message}. Try: {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    about = "Simulated worlds, replayed journals, exchange books. No real money, no network."
    parser = _Parser(prog="robson-sim", description=about, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    world = commands.add_parser(
        "world",
        help="deterministic simulation with faults",
        description=_WORLD,
        epilog=_WORLD_EXAMPLES,
        formatter_class=raw,
        allow_abbrev=False,
    )
    world.add_argument("--seeds", metavar="A..B", help="default: 1..100; A alone is one seed")
    world.add_argument(
        "--positions", metavar="N", type=int, help="go on from A until so many were active"
    )
    world.add_argument("--lives", metavar="N", type=int, help="positions in each world; default: 3")
    world.add_argument("--jobs", metavar="N", type=int, help="worker processes; default: the cores")
    world.add_argument(
        "--usual", action="store_true", help="strategies now and all-in alone, no mixture of them"
    )
    world.add_argument("--fail-fast", action="store_true", help="end with the first world at fault")
    world.add_argument("--story", action="store_true", help="tell each life, event by event")
    world.add_argument("--json", action="store_true", help="one JSON document, nothing else")
    books = commands.add_parser(
        "books",
        help="what the simulated exchange wrote down",
        description=_BOOKS,
        epilog=_BOOKS_EXAMPLES,
        formatter_class=raw,
        allow_abbrev=False,
    )
    books.add_argument("--state-dir", metavar="DIR", required=True, help="the daemon's")
    books.add_argument("--json", action="store_true", help="one JSON document, nothing else")
    replay = commands.add_parser(
        "replay",
        help="a journal through the present engine",
        description=_REPLAY,
        epilog=_REPLAY_EXAMPLES,
        formatter_class=raw,
        allow_abbrev=False,
    )
    replay.add_argument("--journal", metavar="PATH", required=True, help="a file or a state dir")
    replay.add_argument("--verify", action="store_true", help="make every decision again")
    replay.add_argument("--config", metavar="FILE", help="of the robsond that wrote it")
    replay.add_argument("--exchange-info", metavar="FILE", help="symbol rules it went by")
    replay.add_argument("--json", action="store_true", help="one JSON document, nothing else")
    _exchange_options(commands)
    _venue_options(commands)
    chaos.add_to(commands)
    live.add_to(commands)
    return parser


def _exchange_options(commands: Any) -> None:
    exchange = commands.add_parser(
        "exchange",
        help="the simulated exchange as a process of its own",
        description=_EXCHANGE,
        epilog=_EXCHANGE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    exchange.add_argument("--listen", metavar="unix:PATH", required=True, help="its socket")
    exchange.add_argument("--state-dir", metavar="DIR", required=True, help="its books")
    _played(exchange)
    exchange.add_argument(
        "--account", default="main", metavar="NAME", help="whose money it is; default: %(default)s"
    )
    exchange.add_argument(
        "--by-hand", action="store_true", help="prices move only when a caller asks for it"
    )


def _venue_options(commands: Any) -> None:
    venue = commands.add_parser(
        "venue",
        help="the simulated exchange in Binance's formats",
        description=_VENUE,
        epilog=_VENUE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _played(venue)
    venue.add_argument("--replay", metavar="FILE", help="a raw recording of streams, as it was")
    venue.add_argument(
        "--port", type=int, default=9443, metavar="N", help="REST; default: %(default)s"
    )
    venue.add_argument("--ws-port", type=int, metavar="N", help="streams; default: the same port")
    venue.add_argument(
        "--operator-port",
        type=int,
        default=0,
        metavar="N",
        help="books, log, faults; default: free",
    )
    venue.add_argument("--credentials", metavar="FILE", help="keys and their accounts, in TOML")
    venue.add_argument("--state-dir", metavar="DIR", help="its books; default: none are kept")
    venue.add_argument(
        "--exchange-info",
        metavar="FILE",
        help="symbol rules, Binance's format; default: its own table",
    )
    venue.add_argument("--tape-time", action="store_true", help="leave the tape its own time")
    venue.add_argument(
        "--by-hand", action="store_true", help="prices move only when the operator asks for it"
    )
    venue.add_argument(
        "--refuse-ended-ids",
        action="store_true",
        help="do not take the id of a cancelled or expired order again",
    )
    venue.add_argument("--json", action="store_true", help="say where it is as one JSON document")


def _played(command: argparse.ArgumentParser) -> None:
    """What is played, how fast, and with how much."""
    command.add_argument(
        "--tape",
        action="append",
        default=[],
        metavar="[SYMBOL=]PATH",
        help="bars or trades as CSV, one for each pair; default: one is generated",
    )
    command.add_argument(
        "--history",
        action="append",
        default=[],
        metavar="[SYMBOL=]PATH",
        help="what came before the tape; default: 26 h are generated",
    )
    command.add_argument(
        "--speed", default="1", metavar="X", help="its seconds a second; default: %(default)s"
    )
    command.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of what is generated; default: 1"
    )
    command.add_argument(
        "--balance", default="10000", metavar="AMT", help="quote asset, each pair; default: 10000"
    )
    command.add_argument(
        "--faults", metavar="FILE", help="what goes wrong, in TOML: docs/operations/faults.md"
    )


def _seeds(text: str) -> tuple[int, int]:
    found = _SEEDS.fullmatch(text.strip())
    if found is None:
        raise Problem(f"--seeds is {text!r}; expected A..B, as 1..200, or one seed")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise Problem(f"--seeds {text}: {last} comes before {first}")
    return first, last


def _world(args: argparse.Namespace) -> int:
    from robson.sim.crew import cores, outcomes
    from robson.sim.page import show
    from robson.sim.report import document
    from robson.sim.runs import LIVES, Outcome, Total, add_up
    from robson.sim.story import tell

    if args.story and args.json:
        raise Problem("--story is for people and --json for programs: choose one")
    lives = _count("--lives", args.lives, LIVES, LIVES_MAX)
    jobs = _count("--jobs", args.jobs, cores(), JOBS_MAX)
    until = None if args.positions is None else _count("--positions", args.positions, 0, None)
    first, last = _range(args.seeds, until)
    total = Total(first, last, lives, usual=args.usual)
    page = paper.Paper(sys.stdout, os.environ)
    progress = paper.Progress(sys.stderr)
    goal = until or (1 if last is None else last - first + 1)
    began_s = monotonic_s()

    def done(outcome: Outcome, total: Total) -> None:
        elapsed_s = monotonic_s() - began_s
        reached = total.seeds if until is None else min(total.filled, until)
        for violation in outcome.violations[:1]:
            progress.keep(
                f"seed {outcome.plan.seed} violates {violation.rule}: {violation.message}"
            )
        progress.show(
            f"{paper.bar(reached, goal)}  {reached:,} of {goal:,}   {total.seeds:,} seeds,"
            f" {total.filled:,} active   {elapsed_s:.1f} s,"
            f" {paper.left(reached, goal, elapsed_s)}   {len(total.violations)} violations",
            elapsed_s,
        )

    seeds = itertools.count(first) if last is None else range(first, last + 1)
    if args.story:
        lived = tell(seeds, lives, page, usual=args.usual)
        add_up(lived, total, until=until, fail_fast=args.fail_fast)
    else:
        jobs = 1 if first == last else jobs
        with closing(outcomes(seeds, lives, jobs, usual=args.usual)) as lived:
            add_up(lived, total, until=until, fail_fast=args.fail_fast, done=done)
    progress.clear()
    elapsed_s = monotonic_s() - began_s
    if args.json:
        _print_json(document(total, elapsed_s), page)
    else:
        show(total, elapsed_s, page)
    if until is not None and total.filled < until:
        paper.error(f"seeds up to {last} gave {total.filled} active positions of {until}")
        return 1
    return 0 if total.passed else 1


def _count(option: str, value: int | None, default: int, most: int | None) -> int:
    if value is None:
        return default
    if value < 1 or (most is not None and value > most):
        allowed = "1 and more are" if most is None else f"1 to {most} is"
        raise Problem(f"{option} is {value}; {allowed} allowed")
    return value


def _range(seeds: str | None, until: int | None) -> tuple[int, int | None]:
    """First and last seed; no last one where as many as it takes are asked for."""
    if seeds is not None:
        first, last = _seeds(seeds)
        return first, None if until is not None and ".." not in seeds else last
    return 1, 100 if until is None else None


def _books(args: argparse.Namespace) -> int:
    from robson.sim.ledgers import document_of, show

    page = paper.Paper(sys.stdout, os.environ)
    directory = Path(args.state_dir)
    if args.json:
        _print_json(document_of(directory), page)
    else:
        show(directory, page)
    return 0


def _replay(args: argparse.Namespace) -> int:
    from robson.sim.replayed import document, is_equal, outcome_of, show

    page = paper.Paper(sys.stdout, os.environ)
    outcome = outcome_of(
        Path(args.journal),
        verify=args.verify,
        config=Path(args.config) if args.config else None,
        exchange_info=Path(args.exchange_info) if args.exchange_info else None,
    )
    if args.json:
        _print_json(document(outcome, verify=args.verify), page)
    else:
        show(outcome, page, verify=args.verify)
    return 0 if is_equal(outcome, verify=args.verify) else 1


def _exchange(args: argparse.Namespace) -> int:
    from robson.daemon.programme import SimOptions
    from robson.sim.exchange import serve
    from robson.sim.given import number

    page = paper.Paper(sys.stdout, os.environ)
    options = SimOptions(
        tapes=tuple(args.tape),
        histories=tuple(args.history),
        seed=args.seed,
        faults=Path(args.faults) if args.faults else None,
        speed=number("--speed", args.speed, above=0),
        balance=number("--balance", args.balance, above=0),
    )
    serve(
        options,
        address=args.listen,
        state_dir=Path(args.state_dir),
        account=args.account,
        by_hand=args.by_hand,
        ready=page.say,
        ended=lambda: False,
    )
    return 0


def _venue(args: argparse.Namespace) -> int:
    try:
        from robson.sim.venue.command import options_of, run
    except ModuleNotFoundError as missing:
        raise Problem(
            f"{missing.name} is not installed; the venue needs it: pip install 'robson[venue]'",
            UNAVAILABLE,
        ) from missing
    page = paper.Paper(sys.stdout, os.environ)
    run(options_of(args), page.say, as_json=args.json)
    return 0


def _print_json(document: dict[str, Any], page: paper.Paper) -> None:
    page.say(json.dumps(document, indent=2, ensure_ascii=False))


def run(argv: Sequence[str]) -> int:
    """Do what a command line says; returns the exit code."""
    from robson.domain.errors import InvalidValue, RobsonError

    try:
        hear()
        if empty := left_empty(argv):
            raise Problem(empty)
        parser = _parser()
        args = parser.parse_args(argv)
        if args.command is None:
            parser.print_help()
            return 0
        commands = {
            "world": _world,
            "books": _books,
            "replay": _replay,
            "exchange": _exchange,
            "venue": _venue,
            "chaos": chaos.run,
            "live": live.run,
        }
        return commands[args.command](args)
    except Problem as problem:
        return _refused("INVALID_ARGUMENT", str(problem), problem.code, argv)
    except InvalidValue as problem:
        return _refused("INVALID_ARGUMENT", str(problem), USAGE, argv)
    except (RobsonError, OSError) as problem:
        return _refused("UNAVAILABLE", f"{problem}. Nothing was changed.", UNAVAILABLE, argv)
    except KeyboardInterrupt:
        return _refused("CANCELLED_BY_USER", "interrupted", INTERRUPTED, argv)


def _refused(code: str, message: str, exit_code: int, argv: Sequence[str]) -> int:
    """Say what was wrong: one line, and with ``--json`` a document."""
    if "--json" in argv:
        problem = {"error": {"code": code, "message": message, "exit_code": exit_code}}
        _print_json(problem, paper.Paper(sys.stdout, os.environ))
    paper.error(message)
    return exit_code


def main() -> NoReturn:
    """Run the command line of this process."""
    open_standard_streams()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

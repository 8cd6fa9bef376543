"""``robsond``: reads the command line and everything that a start reads before it changes anything.

What it runs is loaded only then: a refusal is quick, and so are the commands that start nothing.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from decimal import Decimal, DefaultContext
from pathlib import Path
from types import TracebackType
from typing import Any

from robson.api import places
from robson.api.interrupts import hear, hold
from robson.api.places import OBSERVED
from robson.api.standard import open_standard_streams
from robson.api.version import installed
from robson.daemon import check_config, doctor, logs, offline
from robson.daemon.config import load
from robson.daemon.exits import INTERNAL, USAGE, Interrupted, Unwritable, exit_of
from robson.daemon.programme import Programme, SimOptions, programme
from robson.daemon.where import places_of, writable
from robson.daemon.wording import Parser, say
from robson.domain.errors import InvalidValue, RobsonError
from robson.domain.values import MONEY, decimal_of

_SIMULATED: dict[str, object] = {
    "tape": [],
    "history": [],
    "symbol": None,
    "from_time": None,
    "speed": "60",
    "seed": 1,
    "exchange_info": None,
    "faults": None,
    "dead_for": 60,
    "exchange": None,
    "hold": False,
    "balance": "10000",
}
"""Options of the simulated exchange as they are when nobody has given them."""
_FASTEST = 10_000_000
BROKEN_PIPE = 141
EXAMPLES = """examples:
  robsond run                                    a generated tape at 60 times real time
  robsond run --profile paper                    Binance's public prices, a paper account
  robsond run --config robsond.toml --observe    live, and it sends no order
  robsond run --tape BTCUSDT-1m.csv.gz --speed max
  robsond run --tape BTCUSDT-1m.csv.gz --from 2025-07-16T02:00 --speed 600
"""


def parser() -> argparse.ArgumentParser:
    """The command line of ``robsond``."""
    top = Parser(prog="robsond", description="Robson's daemon.")
    top.add_argument("--version", action=_Version, nargs=0, help="say which this is, and end")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run in the foreground",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("--config", metavar="FILE", help="TOML; without it every key has its default")
    run.add_argument("--profile", choices=("sim", "paper", "live"), help="default: sim")
    run.add_argument(
        "--observe", action="store_true", help="live: read everything, send no order at all"
    )
    run.add_argument(
        "--state-dir",
        metavar="DIR",
        help="journal, socket, token, exchange books; default: robson/PROFILE in the user's state",
    )
    run.add_argument("--fresh", action="store_true", help="begin with an empty state directory")
    run.add_argument(
        "--grpc", metavar="HOST:PORT", help="default: 127.0.0.1:50051; port 0 takes a free one"
    )
    run.add_argument(
        "--http", metavar="HOST:PORT", help="default: 127.0.0.1:8080; port 0 takes a free one"
    )
    run.add_argument(
        "--stop-with-stdin",
        action="store_true",
        help="end in order when standard input closes: with the program that started this",
    )
    _simulated(run)
    check_config.add_to(commands)
    doctor.add_to(commands)
    offline.add_to(commands)
    return top


def _simulated(run: argparse.ArgumentParser) -> None:
    sim = run.add_argument_group("simulated exchange")
    sim.add_argument(
        "--tape",
        action="append",
        default=[],
        metavar="[SYMBOL=]PATH",
        help="bars or trades as CSV, one for each pair; default: one is generated",
    )
    sim.add_argument(
        "--history",
        action="append",
        default=[],
        metavar="[SYMBOL=]PATH",
        help="what came before the tape; default: 26 h are generated",
    )
    sim.add_argument("--symbol", metavar="BASE/QUOTE", help="pair of a tape whose name has none")
    sim.add_argument("--from", dest="from_time", metavar="TIME", help="begin inside the tape, UTC")
    sim.add_argument(
        "--speed", default="60", metavar="X|max", help="tape seconds a second; default: 60"
    )
    sim.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of what is generated; default: 1"
    )
    sim.add_argument(
        "--balance", default="10000", metavar="AMT", help="quote asset, each pair; default: 10000"
    )
    sim.add_argument("--exchange-info", metavar="FILE", help="symbol rules, Binance's format")
    sim.add_argument(
        "--faults", metavar="FILE", help="what goes wrong, in TOML: docs/operations/faults.md"
    )
    sim.add_argument(
        "--dead-for",
        type=int,
        default=60,
        metavar="SECONDS",
        help="tape seconds the market goes on before a restarted daemon sees it; default: 60",
    )
    sim.add_argument(
        "--exchange", metavar="unix:PATH", help="one in a process of its own: it plays the tape"
    )
    sim.add_argument(
        "--hold", action="store_true", help="the tape waits until each pair has had a position"
    )


class _Version(argparse.Action):
    """Looked up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        logs.tell(f"robsond {installed()}")
        parser.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``robsond``; returns the exit code."""
    open_standard_streams()
    _decimals()
    logs.to_nobody()
    sys.excepthook = _unexpected
    if not __debug__:
        return say(
            "robsond does not run under python -O: its checks are part of it", "USAGE", USAGE
        )
    args = parser().parse_args(arguments)
    try:
        hear()
        if args.command == check_config.COMMAND:
            return check_config.run(args, dict(os.environ))
        if args.command == doctor.COMMAND:
            return doctor.run(args, dict(os.environ))
        if args.command in offline.COMMANDS:
            return offline.run(args, dict(os.environ))
        return _run(args)
    except BrokenPipeError:
        return _unread()
    except OSError as error:
        return _refused(_of_a_file(error), args)
    except RobsonError as error:
        return _refused(error, args)
    except KeyboardInterrupt:
        return _refused(Interrupted("interrupted"), args)


def _refused(error: RobsonError, args: argparse.Namespace) -> int:
    row = exit_of(error)
    if getattr(args, "json", False):
        logs.tell(offline.problem(str(error), row.code, row.number))
    return say(str(error), row.code, row.number)


def _unread() -> int:
    """Nobody reads what was to be said; what Python would say about that goes nowhere, too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _of_a_file(error: OSError) -> Unwritable:
    """What a disk has refused at a start, in words."""
    return Unwritable(f"{error.filename or 'the state directory'} cannot be used: {error.strerror}")


def _decimals() -> None:
    """The decimal context is per thread: threads made later inherit this one."""
    DefaultContext.prec = MONEY.prec
    for trap, on in MONEY.traps.items():
        DefaultContext.traps[trap] = bool(on)


def _unexpected(
    kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    """A defect: one line for people, the places in the log, and the code that says so."""
    logs.failure("robsond", error)
    say(f"robsond has a defect: {kind.__name__}: {error}", "INTERNAL", INTERNAL)
    os._exit(INTERNAL)


def _run(args: argparse.Namespace) -> int:
    environ = dict(os.environ)
    flags = {
        "profile": args.profile,
        "api.grpc": args.grpc,
        "api.http": args.http,
        "exchange.observe": "true" if args.observe else None,
    }
    config = load(Path(args.config) if args.config else None, environ, flags)
    profile = config["profile"]
    played = _played(args, profile)
    kept = OBSERVED if config["exchange.observe"] else profile
    directory = Path(places.state_dir(environ, kept, args.state_dir))
    where = places_of(config, directory, environ, args.config)
    follow = sys.stdin.fileno() if args.stop_with_stdin else None
    with writable(directory):
        gc.disable()  # what is loaded now stays to the end
        hold()
        from robson.daemon.serving import serve

        gc.enable()
        hear()
        return serve(config, played, where, fresh=args.fresh, follow=follow)


def _played(args: argparse.Namespace, profile: str) -> Programme:
    """What the simulated exchange is to play; beside a real one, its options are a mistake."""
    options = _options(args)
    if profile == "sim":
        return programme(options)
    given = [name for name, value in _SIMULATED.items() if getattr(args, name) != value]
    if args.fresh:
        given.append("fresh")
    if given:
        flag = given[0].replace("_", "-").removesuffix("-time")
        raise InvalidValue(f"--{flag} is for the profile sim; this is {profile}")
    return Programme(options=options, items=(), warnings=())


def _options(args: argparse.Namespace) -> SimOptions:
    speed = None if args.speed == "max" else _amount("--speed", args.speed, "a number, or max,")
    if speed is not None and speed > _FASTEST:
        raise InvalidValue(f"--speed is {args.speed}; allowed is up to {_FASTEST}, or max")
    if args.dead_for < 0:
        raise InvalidValue(f"--dead-for is {args.dead_for}; expected seconds, 0 or more")
    return SimOptions(
        tapes=tuple(args.tape),
        histories=tuple(args.history),
        symbol=args.symbol,
        from_time=args.from_time,
        seed=args.seed,
        speed=speed,
        balance=_amount("--balance", args.balance, "an amount"),
        exchange_info=Path(args.exchange_info) if args.exchange_info else None,
        faults=Path(args.faults) if args.faults else None,
        dead_for_s=args.dead_for,
        hold=args.hold,
        exchange=args.exchange,
    )


def _amount(option: str, text: str, wanted: str) -> Decimal:
    try:
        amount = decimal_of(text)
    except InvalidValue:
        amount = Decimal(0)
    if amount <= 0:
        raise InvalidValue(f"{option} is {text}; expected {wanted} above 0")
    return amount


if __name__ == "__main__":
    sys.exit(main())

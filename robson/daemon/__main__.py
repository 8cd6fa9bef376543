"""``robsond``: reads the command line, starts the daemon, waits for the end, says how it ended."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import itertools
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from decimal import Decimal, DefaultContext
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import NoReturn

from robson.api import places
from robson.api.places import OBSERVED
from robson.api.server import DoorError, Doors
from robson.daemon import check_config, doctor, logs, offline
from robson.daemon.app import Daemon, Places, program_version
from robson.daemon.banner import banner, width_of_stdout
from robson.daemon.config import KEYS, Config, load
from robson.daemon.exits import (
    FORCED,
    INTERNAL,
    JOURNAL_IO,
    USAGE,
    Unwritable,
    exit_of,
)
from robson.daemon.farewell import farewell
from robson.daemon.ports import port_of, usual_or_free
from robson.daemon.programme import Programme, SimOptions, programme
from robson.daemon.strategies import shelf
from robson.daemon.wording import Parser, say
from robson.domain.errors import InvalidValue, RobsonError, StoreError
from robson.domain.values import MONEY, decimal_of

STOP_S = 25.0
"""Bound on stopping in order."""
LOOK_S = 0.5
TITLES = {
    "sim": "SIMULATED, no real money",
    "paper": "PAPER, no real money",
    "live": "LIVE, on this machine only",
    OBSERVED: "OBSERVE, sends no order",
}
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
EXAMPLES = """examples:
  robsond run --profile sim                      a generated tape at 60 times real time
  robsond run --tape BTCUSDT-1m.csv.gz --speed max
  robsond run --tape BTCUSDT-1m.csv.gz --from 2025-07-16T02:00 --speed 600
"""


def parser() -> argparse.ArgumentParser:
    """The command line of ``robsond``."""
    top = Parser(prog="robsond", description="Robson's daemon.")
    top.add_argument("--version", action="version", version=f"robsond {program_version()}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run in the foreground",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("--config", metavar="FILE", help="TOML; without it every key has its default")
    run.add_argument("--profile", choices=("sim", "paper", "live"), help="default sim")
    run.add_argument(
        "--observe", action="store_true", help="live: read everything, send no order at all"
    )
    run.add_argument("--state-dir", metavar="DIR", help="journal, socket, token, exchange books")
    run.add_argument("--fresh", action="store_true", help="begin with an empty state directory")
    run.add_argument("--grpc", metavar="HOST:PORT", help="port 0 takes a free one")
    run.add_argument("--http", metavar="HOST:PORT", help="port 0 takes a free one")
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
    sim.add_argument("--tape", action="append", default=[], metavar="[SYMBOL=]PATH")
    sim.add_argument("--history", action="append", default=[], metavar="[SYMBOL=]PATH")
    sim.add_argument("--symbol", metavar="BASE/QUOTE", help="pair of a tape whose name has none")
    sim.add_argument("--from", dest="from_time", metavar="TIME", help="begin inside the tape")
    sim.add_argument("--speed", default="60", metavar="X|max", help="tape seconds a second")
    sim.add_argument("--seed", type=int, default=1, metavar="N")
    sim.add_argument("--balance", default="10000", metavar="AMT", help="quote asset, each pair")
    sim.add_argument("--exchange-info", metavar="FILE", help="symbol rules, Binance's format")
    sim.add_argument("--faults", metavar="FILE", help="what goes wrong, in TOML; see docs")
    sim.add_argument(
        "--dead-for",
        type=int,
        default=60,
        metavar="SECONDS",
        help="tape seconds the market goes on before a restarted daemon sees it",
    )
    sim.add_argument(
        "--exchange", metavar="unix:PATH", help="one in a process of its own: it plays the tape"
    )
    sim.add_argument(
        "--hold", action="store_true", help="the tape waits until each pair has had a position"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``robsond``; returns the exit code."""
    _decimals()
    logs.to_nobody()
    sys.excepthook = _unexpected
    if not __debug__:
        return say(
            "robsond does not run under python -O: its checks are part of it", "USAGE", USAGE
        )
    args = parser().parse_args(arguments)
    try:
        if args.command == check_config.COMMAND:
            return check_config.run(args, dict(os.environ))
        if args.command == doctor.COMMAND:
            return doctor.run(args, dict(os.environ))
        if args.command in offline.COMMANDS:
            return offline.run(args, dict(os.environ))
        return _run(args)
    except OSError as error:
        return _refused(_of_a_file(error), args)
    except RobsonError as error:
        return _refused(error, args)


def _refused(error: RobsonError, args: argparse.Namespace) -> int:
    row = exit_of(error)
    if getattr(args, "json", False):
        logs.tell(offline.problem(str(error), row.code, row.number))
    return say(str(error), row.code, row.number)


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
    where = _places(config, directory, environ, args.config)
    _check_writable(directory)
    ended = _Ended()
    if args.stop_with_stdin:
        starter = threading.Thread(
            name="starter", target=ended.follow, args=(sys.stdin.fileno(),), daemon=True
        )
        starter.start()
    daemon = Daemon(config, played, where, ended.fatal, fresh=args.fresh)
    logs.to_file(directory)
    return _serve(daemon, ended)


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


def _check_writable(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Unwritable(f"{directory} cannot be written: {error.strerror}") from error


def _places(config: Config, directory: Path, environ: dict[str, str], file: str | None) -> Places:
    socket = places.socket_path(environ, str(directory))
    too_long = places.path_too_long(socket)
    if too_long:
        raise DoorError(too_long)
    _, grpc_port = port_of(config["api.grpc"])
    host, http_port = port_of(config["api.http"])
    if config["profile"] == "sim":
        # Nobody has to make room for a simulation: a usual port that is taken becomes a free one.
        grpc_port = usual_or_free(grpc_port, usual=_is_default(config, "api.grpc"))
        http_port = usual_or_free(http_port, usual=_is_default(config, "api.http"))
    return Places(
        directory=directory,
        socket=socket,
        token=places.token_path(str(directory)),
        grpc_port=grpc_port,
        http_port=http_port,
        http_host=host,
        strategies=shelf(config, Path(places.strategies_dir(environ, file))),
    )


def _is_default(config: Config, key: str) -> bool:
    return bool(config[key] == KEYS[key].default)


class _Ended:
    """Why the daemon is to end: a signal, or a thread that could not go on."""

    def __init__(self) -> None:
        # A handler runs between two bytecodes of this very thread, so it may only touch what does
        # not lock: an Event that is waited for here would wait for itself.
        self._told: SimpleQueue[None] = SimpleQueue()
        self._signals = itertools.count()
        self.error: tuple[str, BaseException] | None = None

    def fatal(self, name: str, error: BaseException) -> None:
        """A thread has ended that should not have."""
        logs.failure(name, error)
        self.error = (name, error)
        self._told.put(None)

    def signalled(self, _number: int, _frame: FrameType | None) -> None:
        """First: end in order. Second: end at once."""
        if next(self._signals):
            _end_at_once("a second signal")
        self._told.put(None)

    def follow(self, starter: int) -> None:
        """End when the other end of a pipe does, however it ended."""
        while os.read(starter, 1):
            continue
        self._told.put(None)

    def wait(self) -> None:
        """Until there is a reason to end; a signal just before a wait is heard after it."""
        while True:
            with suppress(Empty):
                return self._told.get(timeout=LOOK_S)


def _serve(daemon: Daemon, ended: _Ended) -> int:
    faulthandler.enable()
    sys.setswitchinterval(0.0005)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ended.signalled)
    with ExitStack() as undo:
        undo.callback(daemon.abandon)
        doors = daemon.start()
        undo.pop_all()
    gc.freeze()
    _introduce(daemon, doors)
    ended.wait()
    return _end(daemon, ended)


def _introduce(daemon: Daemon, doors: Doors) -> None:
    profile = daemon.config["profile"]
    observes = daemon.config["exchange.observe"]
    about = TITLES[OBSERVED if observes else profile]
    title = f"{about.ljust(28)}robsond {program_version()}  profile {profile}"
    for line in banner(title, _said_first(daemon, doors), width_of_stdout()):
        logs.tell(line)


def _said_first(daemon: Daemon, doors: Doors) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    if daemon.config["profile"] == "sim":
        playing = daemon.theatre.speed
        speed = "max" if playing is None else f"{playing:f}x"
        yield "tape", f"{daemon.theatre.describe()}  speed {speed}"
    else:
        yield "exchange", daemon.theatre.describe()
    for warning in daemon.theatre.warnings:
        yield "note", warning
    for broken in daemon.places.strategies.broken.values():
        yield "note", f"not a strategy: {broken}"
    yield "state", str(daemon.places.directory)
    yield "doors", f"{doors.socket}, {doors.tcp} (token in {daemon.places.token})"
    yield "health", f"http://{daemon.places.http_host}:{daemon.http.server_port}/health/live"
    for fault in daemon.theatre.faults():
        yield "fault", str(fault)
    if daemon.unseen_s:
        many = daemon.recovered
        positions = "1 position" if many == 1 else f"{many} positions"
        yield "recovered", f"{positions}; the market went on {daemon.unseen_s} s"
    yield "stop", "Ctrl-C; exchange stops stay where they are"


def _force(stopped: threading.Event) -> None:
    """End the process when stopping in order takes too long."""
    if not stopped.wait(STOP_S):
        _end_at_once(f"stopping took longer than {STOP_S:g} s")


def _end_at_once(why: str) -> NoReturn:
    """From a signal's handler: nothing that locks, nothing that waits."""
    os.write(
        sys.stderr.fileno(),
        f"error: ended at once: {why}. Exchange stops stay where they are; the next start asks"
        f" what became of everything that was sent. [FORCED, exit {FORCED}]\n".encode(),
    )
    os._exit(FORCED)


def _end(daemon: Daemon, ended: _Ended) -> int:
    if ended.error is not None:
        name, error = ended.error
        code = JOURNAL_IO if isinstance(error, StoreError) else INTERNAL
        sys.stderr.write(
            f"error: {name} ended: {error}. Exchange stops stay where they are."
            f" [{type(error).__name__}, exit {code}]\n"
        )
        sys.stderr.flush()
        os._exit(code)
    stopped = threading.Event()
    threading.Thread(target=_force, args=(stopped,), daemon=True).start()
    daemon.stop()
    stopped.set()
    for line in farewell(daemon.roster.views.values(), silent=daemon.reach.fact() is not None):
        logs.tell(line)
    for told in daemon.theatre.faults_told():
        logs.tell(f"fault {told}")
    logs.tell("robsond has ended in order")
    failed = daemon.journal.failed
    if failed is None:
        return 0
    sys.stderr.write(
        f"error: {str(failed).rstrip('.')}. The last rows wait in journal.emergency; the next start"
        f" carries them over. [JOURNAL_IO, exit {JOURNAL_IO}]\n"
    )
    return JOURNAL_IO


if __name__ == "__main__":
    sys.exit(main())

"""``robson-sim venue``: its options, its start, and the lines that say where it is reached."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from robson.connectors.simulated.fault_script import read_faults
from robson.daemon.banner import banner, width_of_stdout
from robson.daemon.clock import monotonic_s, wall_ns
from robson.daemon.programme import Programme, SimOptions, programme
from robson.domain.errors import InvalidValue
from robson.sim.given import number
from robson.sim.venue.keys import DEFAULT, Keys, read_keys
from robson.sim.venue.kinds import KINDS
from robson.sim.venue.market import Market
from robson.sim.venue.operating import Operator
from robson.sim.venue.outage import Door
from robson.sim.venue.recording import Recording
from robson.sim.venue.server import Venue

HOST = "127.0.0.1"
_PORT_MAX = 65_535


@attrs.frozen(kw_only=True)
class Options:
    """What the venue was asked for. A port of 0 takes a free one."""

    sim: SimOptions
    state_dir: Path | None
    port: int
    ws_port: int | None
    operator_port: int
    credentials: Path | None
    faults: Path | None
    replay: Path | None
    tape_time: bool
    by_hand: bool
    refuse_ended_ids: bool


def options_of(args: Namespace) -> Options:
    """The options of a command line.

    Raises:
        InvalidValue: a number is none, or out of range.
    """
    speed, balance = number("--speed", args.speed, above=0), number("--balance", args.balance)
    ports = {
        "--port": args.port,
        "--ws-port": args.ws_port,
        "--operator-port": args.operator_port,
    }
    for name, port in ports.items():
        if port is not None and not 0 <= port <= _PORT_MAX:
            raise InvalidValue(f"{name} is {port}; expected 0 to {_PORT_MAX}")
    return Options(
        sim=SimOptions(
            tapes=tuple(args.tape),
            histories=tuple(args.history),
            seed=args.seed,
            speed=speed,
            balance=balance,
            exchange_info=Path(args.exchange_info) if args.exchange_info else None,
        ),
        state_dir=Path(args.state_dir) if args.state_dir else None,
        port=args.port,
        ws_port=args.ws_port,
        operator_port=args.operator_port,
        credentials=Path(args.credentials) if args.credentials else None,
        faults=Path(args.faults) if args.faults else None,
        replay=Path(args.replay) if args.replay else None,
        tape_time=args.tape_time,
        by_hand=args.by_hand,
        refuse_ended_ids=args.refuse_ended_ids,
    )


def run(options: Options, say: Callable[[str], None], *, as_json: bool) -> None:
    """Serve until interrupted.

    Raises:
        RobsonError: a tape, a script of faults or the credentials cannot be used.
        OSError: a port cannot be had.
    """
    if options.state_dir is not None:
        _serve(options, options.state_dir, say, as_json=as_json)
        return
    with tempfile.TemporaryDirectory(prefix="robson-venue-") as made:
        _serve(options, Path(made), say, as_json=as_json)


def _serve(options: Options, state_dir: Path, say: Callable[[str], None], *, as_json: bool) -> None:
    faults = read_faults(options.faults, KINDS) if options.faults else ()
    recording = None if options.replay is None else Recording(options.replay)
    sim = options.sim
    if recording is not None:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        sim = attrs.evolve(sim, tapes=(*sim.tapes, recording.tape(state_dir)))
    played = attrs.evolve(programme(sim), faults=faults)
    keys = Keys([DEFAULT]) if options.credentials is None else read_keys(options.credentials)
    speed = options.sim.speed
    assert speed is not None, "the venue has a clock"
    market = Market(
        played,
        state_dir,
        accounts=keys.accounts,
        speed=speed,
        wall_ns=None if options.tape_time or recording else wall_ns(),
        by_hand=options.by_hand,
        monotonic_s=monotonic_s,
        recording=recording,
    )
    market.refuse_ended_ids = options.refuse_ended_ids
    venue = Venue(market, keys, speed=float(speed), monotonic_s=monotonic_s)
    try:
        with contextlib.suppress(web.GracefulExit):  # SIGTERM and Ctrl-C end it in order
            tell = _teller(say, options, played, state_dir, as_json=as_json)
            asyncio.run(_open(venue, options, tell))
    finally:
        market.close()
    if not as_json:
        for told in market.script.told():
            say(f"fault {told}")
        say(f"the venue has ended after {venue.log.number:,} requests")


def _teller(
    say: Callable[[str], None],
    options: Options,
    played: Programme,
    state_dir: Path,
    *,
    as_json: bool,
) -> Callable[[int, int, int], None]:
    """Tells once where the venue is."""
    symbols = [str(item.instrument.symbol) for item in played.items]

    def tell(port: int, ws_port: int, operator_port: int) -> None:
        document: dict[str, Any] = {
            "schema": "robson.venue/1",
            "rest": f"http://{HOST}:{port}",
            "ws": f"ws://{HOST}:{ws_port}",
            "operator": f"http://{HOST}:{operator_port}",
            "symbols": symbols,
            "state_dir": str(state_dir),
        }
        if as_json:
            say(json.dumps(document))
            return
        for line in banner(_TITLE, _said_first(options, played, document), width_of_stdout()):
            say(line)

    return tell


_TITLE = "SIMULATED, no real money    robson-sim venue  Binance's formats, on this machine only"


def _said_first(
    options: Options, played: Programme, document: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Labels and what stands beside them."""
    told = ", ".join(
        f"{item.tape.symbol} {'synthetic' if item.tape.synthetic else 'recorded'}, {item.tape.name}"
        for item in played.items
    )
    yield "prices", f"{told}  speed {options.sim.speed:f}x{'  by hand' * options.by_hand}"
    for warning in played.warnings:
        yield "note", warning
    yield "rest", document["rest"]
    yield "streams", document["ws"]
    named = "test-key, secret test-secret"
    yield "key", named if options.credentials is None else f"those of {options.credentials}"
    yield "operator", f"{document['operator']}/books, and /log, /faults, /market; not for clients"
    thrown = "" if options.state_dir is not None else ", thrown away at the end"
    yield "books", f"{document['state_dir']}{thrown}"
    for fault in played.faults:
        yield "fault", f"{fault.name} (line {fault.line})"
    yield "try", f"curl {document['rest']}/api/v3/ticker/price"
    yield "stop", "Ctrl-C"


async def _open(venue: Venue, options: Options, opened: Callable[[int, int, int], None]) -> None:
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    runner = web.AppRunner(venue.app(), access_log=None, handle_signals=True)
    behind = web.AppRunner(Operator(venue).app(), access_log=None)
    await runner.setup()
    await behind.setup()
    ports = [options.port] if options.ws_port is None else [options.port, options.ws_port]
    doors = [Door(runner, HOST, port) for port in ports]
    operator = Door(behind, HOST, options.operator_port)
    try:
        for door in (*doors, operator):
            await door.open()
        venue.outage.doors = doors
        opened(doors[0].port, doors[-1].port, operator.port)
        await venue.run()
    finally:
        await behind.cleanup()
        await runner.cleanup()


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a line in the log is about the venue, not about bytes that are no HTTP."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))

"""From a price that hits a stop to the cancel on its way, while callers ask for nothing but status.

The parent asks in spells, the price of one pair after another falls through its stop, and each fall
counts for the spell in which it came. Started as a program this is robsond itself, which notes when
a price woke the monitor and when a lane handed the cancel over; both read one clock.
"""

from __future__ import annotations

import sys
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
from bench_kit import CannotMeasure, Goal, Pairs, Row, Run

from robson.api.client import CallFailed, Client
from robson.cli.demo_daemon import Daemon
from robson.cli.problem import Problem
from robson.connectors.simulated.generator import generate, generate_history, write_csv
from robson.connectors.simulated.rules import instrument_for
from robson.connectors.simulated.tape import Columns, Tape
from robson.daemon.__main__ import main
from robson.daemon.stage import Stage
from robson.daemon.ticks import TickBoard
from robson.domain.identity import Symbol
from robson.domain.intents import CancelOrder, Intent
from robson.domain.values import NS_PER_S, ExchangeNs

PAIRS, CALLERS, SEED = 40, 4, 20
SPEED, EVERY_S, FIRST_S = 20, 10, 60
"""A fall each half second; the first one after three."""
SPELL_S, EDGE_S = 2.5, 0.3
"""Length of a spell with or without callers; what falls so near to its begin counts for neither."""
FALLS = Decimal("0.93")
READY_S, BOUND_S = 30.0, 60.0
LEAST, LOOK_S = 2, 0.05
STAMPS = "stamps"
CALM = Goal(of="ratio", must=1.6)


# --- the side that is measured -------------------------------------------------------------------


def serve() -> int:
    """Run robsond, and note two instants of each way out."""
    woken: dict[int, float] = {}
    stamps = Path(sys.argv[sys.argv.index("--state-dir") + 1], STAMPS)
    offer, call = TickBoard.offer, Stage.call

    def offering(board: TickBoard, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        began = time.perf_counter_ns()
        wakes = offer(board, price, at_ns, jump=jump)
        if wakes:
            woken[0] = began
        return wakes

    def calling(stage: Stage, request: Intent) -> Any:
        ended = time.perf_counter_ns()
        if isinstance(request, CancelOrder) and (began := woken.pop(0, None)) is not None:
            with stamps.open("a", encoding="ascii") as out:
                out.write(f"{began} {ended}\n")
        return call(stage, request)

    TickBoard.offer = offering  # type: ignore[method-assign, assignment]
    Stage.call = calling  # type: ignore[method-assign, assignment]
    return main(sys.argv[1:])


# --- the side that asks --------------------------------------------------------------------------


class Noting(Daemon):
    """A robsond that runs through this file."""

    def __init__(self, directory: Path, options: list[str]) -> None:
        super().__init__(directory, options)
        self._command[1:3] = [str(Path(__file__).resolve())]


@attrs.define
class Storm:
    """Callers that ask for the status without a pause, while there is a storm."""

    door: str
    blows: threading.Event = attrs.Factory(threading.Event)
    over: threading.Event = attrs.Factory(threading.Event)
    asked: int = 0

    def ask(self) -> None:
        """One caller's whole time."""
        client = Client(self.door, actor="bench", timeout_s=BOUND_S)
        try:
            while not self.over.is_set():
                if self.blows.wait(LOOK_S):
                    client.status()
                    self.asked += 1
        except CallFailed:
            self.over.set()
        finally:
            client.close()


def _tapes(directory: Path, pairs: int) -> list[str]:
    """One past for all; each price stands, falls through every stop, and stands again."""
    market = generate(SEED)
    rules = instrument_for(market.symbol, tape=market)
    begin, price = market.first_ns, market.first_price
    past = generate_history(SEED, instrument=rules, before_ns=begin, price=price)
    write_csv(past, directory / "past.csv")
    options = []
    for number in range(pairs):
        falls = FIRST_S + number * EVERY_S
        path = directory / f"tape-{number}.csv"
        write_csv(_fall(market, falls, FIRST_S + (pairs + 6) * EVERY_S), path)
        symbol = f"COIN{number}/USDT"
        options += ["--tape", f"{symbol}={path}", "--history", f"{symbol}={directory / 'past.csv'}"]
    return options


def _fall(market: Tape, falls_s: int, length_s: int) -> Tape:
    """Trades each second, so that no price is old; up and down by one unit, then the fall."""
    high = int(market.first_price.scaleb(market.places))
    low = int((market.first_price * FALLS).scaleb(market.places))
    seconds = range(length_s)
    prices = [low if second >= falls_s else high + second % 2 for second in seconds]
    times = array("q", (market.first_ns + second * NS_PER_S for second in seconds))
    return Tape(
        name="fall",
        kind="trades",
        symbol=Symbol("COIN", "USDT"),
        columns=Columns(times, (array("q", prices),)),
        places=market.places,
        bar_ns=0,
    )


@contextmanager
def _asked(door: str) -> Iterator[Storm]:
    storm = Storm(door)
    callers = [threading.Thread(target=storm.ask) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield storm
    finally:
        storm.over.set()
        for caller in callers:
            caller.join(BOUND_S)


def _spells(storm: Storm, until_s: float) -> list[int]:
    """Turn the storm on and off; the instants at which it was."""
    turned: list[int] = []
    while time.perf_counter() < until_s and not storm.over.is_set():
        turned.append(time.perf_counter_ns())
        if storm.blows.is_set():
            storm.blows.clear()
        else:
            storm.blows.set()
        time.sleep(SPELL_S)
    storm.blows.clear()
    return turned


def _sorted(stamps: str, turned: list[int]) -> Pairs:
    """Times in the storm and in the calm; the calm is the floor."""
    stormy: list[float] = []
    calm: list[float] = []
    for line in stamps.splitlines():
        began, ended = (int(text) for text in line.split())
        before = [turn for turn in turned if turn <= began]
        if before and began - before[-1] > EDGE_S * NS_PER_S:
            (stormy if len(before) % 2 else calm).append((ended - began) / NS_PER_S)
    many = min(len(stormy), len(calm))
    if many < LEAST:
        found = f"{len(stormy)} stops were hit in the storm and {len(calm)} in the calm"
        raise CannotMeasure(f"{found}: too few of either")
    return Pairs(stormy[:many], calm[:many])


def storm(run: Run) -> list[Row]:
    """A storm of statuses may not hold up a way out."""
    pairs = run.count(PAIRS, least=10)
    directory = run.folder("storm")
    options = [*_tapes(directory, pairs), "--hold", "--speed", str(SPEED)]
    config = directory / "config.toml"
    config.write_text(f"[risk]\nmax_open_positions = {pairs}\n")
    (directory / "s").mkdir(mode=0o700)
    daemon = Noting(directory / "s", [*options, "--config", str(config)])
    daemon.start()
    try:
        client = daemon.wait(time.sleep, READY_S)
        client.timeout_s = BOUND_S
        for number in range(pairs):
            client.arm(
                symbol=f"COIN{number}USDT",
                strategy="now",
                side="long",
                capital="1000",
                idempotency_key=str(number),
            )
        ends_s = time.perf_counter() + (FIRST_S + (pairs + 2) * EVERY_S) / SPEED
        with _asked(daemon.door) as blowing:
            turned = _spells(blowing, ends_s)
        stamps = (directory / "s" / STAMPS).read_text(encoding="ascii")
    except (CallFailed, Problem, FileNotFoundError) as failed:
        raise CannotMeasure(" ".join(str(failed).split())) from None
    finally:
        daemon.kill()
    what = (
        f"a price at a stop to its cancel handed over, shipped threads, {pairs} pairs:"
        f" {CALLERS} callers asked for {blowing.asked:,} statuses, against nobody"
    )
    return [_sorted(stamps, turned).row("storm", what, "us", CALM)]


if __name__ == "__main__":
    sys.exit(serve())

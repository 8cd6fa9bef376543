"""From a price on the wire to the way out on the wire: robsond as it is shipped, beside a venue.

Three processes, HTTP and WebSocket between them: venue, robsond in the profile live, and this one,
whose relay sees both directions by one clock. A floor that is one thread with plain sockets takes
its turns in the same loop. Started as a program this only asks a robsond for its status, and asks.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import attrs
import msgspec
from bench_kit import CannotMeasure, Goal, Pairs, Row, Run
from bench_wire import KEY, SECRET, Floor, Venue

from robson.api.client import CallFailed, Client
from robson.cli.demo_daemon import Daemon
from robson.cli.problem import Problem
from robson.connectors.simulated.generator import generate, generate_history, write_csv
from robson.connectors.simulated.rules import instrument_for

SPENT, WEIGHT_S = "no more requests", 70
PAIRS, CALLERS, SEED = 10, 4, 20
SPELLS = 20
"""Of ten lives each, one without callers and one with them in turn: a hundred of either."""
RATE = 4
"""The venue's seconds for each of ours: it allows some fifty lives a minute; the faster waits."""
READY_S, SETTLED_S, CALL_S = 30.0, 20.0, 10.0
LOOK_S, APART_S = 0.02, 0.05
FLOOD, HEAD = 5_000, 4
"""Prices at once; bytes of a frame before its text."""
CANCEL = Goal(of="ratio", must=4, aim=2.2)
EXIT = Goal(of="ratio", must=4, aim=2.7)
CALM = Goal(of="ratio", must=1.6)
RECEIVE = Goal(of="subject", must=40, aim=12)
FLOOR = "FLOOR"


@attrs.define
class Times:
    """Seconds from the frame to the cancel, and to the order after it, of subject and floor."""

    cancel: Pairs = attrs.Factory(lambda: Pairs([], []))
    order: Pairs = attrs.Factory(lambda: Pairs([], []))


@attrs.define
class Stage:
    """A venue, a robsond beside it that lives on it, and the floor."""

    venue: Venue
    client: Client
    daemon: Daemon
    floor: Floor
    first: Decimal
    quantity: str
    rounds: int = 0

    def spell(self, times: Times) -> None:
        """A life on every pair, each to its target; the floor in between."""
        for number in range(PAIRS):
            self._arm(number)
        targets = self._held()
        for number in range(PAIRS):
            symbol = f"COIN{number}USDT"
            self._subject(symbol, targets[symbol], times)
            self._floor(times)
            time.sleep(APART_S)
        self._over()
        for number in range(PAIRS):
            self.venue.ask("price", symbol=f"COIN{number}USDT", price=str(self.first))

    def _arm(self, number: int) -> None:
        """Arm a pair. What a minute's weight does not allow yet is asked for again: lives of a few
        seconds are more than an account may have, and their pace is not what is measured.
        """
        self.rounds += 1
        until = time.monotonic() + WEIGHT_S
        while True:
            try:
                self.client.arm(
                    symbol=f"COIN{number}USDT",
                    strategy="now",
                    side="long",
                    capital="500",
                    leverage=1,
                    idempotency_key=f"{self.rounds}",
                )
            except CallFailed as refused:
                if SPENT not in refused.message or time.monotonic() > until:
                    raise
                time.sleep(1)
            else:
                return

    def _held(self) -> dict[str, Decimal]:
        """Each pair's target, once an exchange stop rests for all."""
        until = time.monotonic() + SETTLED_S
        while True:
            held = {
                each.instrument.symbol: Decimal(each.stop_gain)
                for each in self.client.status(states=("active",)).positions
                if each.insurance.order_id
            }
            if len(held) == PAIRS:
                return held
            if time.monotonic() > until:
                raise CannotMeasure(f"{len(held)} of {PAIRS} positions came to be held")
            time.sleep(LOOK_S)

    def _over(self) -> None:
        until = time.monotonic() + SETTLED_S
        while left := self.client.status().positions:
            if time.monotonic() > until:
                raise CannotMeasure(f"{len(left)} positions were not over")
            time.sleep(LOOK_S)

    def _subject(self, symbol: str, target: Decimal, times: Times) -> None:
        passed = self.venue.move(symbol, str(target + 10))
        times.cancel.subject.append((passed.cancel - passed.shown) / 1e9)
        times.order.subject.append((passed.order - passed.shown) / 1e9)

    def _floor(self, times: Times) -> None:
        now_ms = self.venue.ask("market")["at_ms"]
        self.floor.ready(str(self.first + 2000), self.quantity, now_ms)
        passed = self.venue.move(f"{FLOOR}USDT", str(self.first + self.rounds % 100))
        times.cancel.floor.append((passed.cancel - passed.shown) / 1e9)
        times.order.floor.append((passed.order - passed.shown) / 1e9)

    def feed(self) -> Pairs:
        """What a price in the band costs the daemon, and a plain reader of the same bytes."""
        for number in range(PAIRS):
            self._arm(number)
        targets, pairs = self._held(), Pairs([], [])
        for symbol, target in targets.items():
            flood = Flood(self.first, target + 10)
            began = self._worked()
            self.venue.move(symbol, str(self.first + Decimal("0.01")), flood.frames)
            pairs.subject.append((self._worked() - began) / 1e9 / FLOOD)
            pairs.floor.append(flood.read() / FLOOD)
        self._over()
        return pairs

    def _worked(self) -> int:
        """Nanoseconds of a processor that the daemon has had so far."""
        tasks = Path(f"/proc/{self.daemon.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text(encoding="ascii").split()[0]) for each in tasks)


class Flood:
    """Prices in the band as fast as they are taken, and one at the target: so the end shows."""

    def __init__(self, first: Decimal, last: Decimal) -> None:
        self._first, self._last = first, last
        self._bytes = b""

    def frames(self, shown: bytes) -> bytes:
        """The same frame as the one that was shown, with later numbers and other prices."""
        begin = shown.index(b'{"stream"')
        told, _ = json.JSONDecoder().raw_decode(shown[begin:].decode())
        prices = [self._first + Decimal(number % 9).scaleb(-2) for number in range(FLOOD)]
        made = []
        for number, price in enumerate([*prices, self._last], 1):
            data = told["data"] | {"a": told["data"]["a"] + number, "p": f"{price:.8f}"}
            text = json.dumps(told | {"data": data}, separators=(",", ":")).encode()
            made.append(b"\x81\x7e" + len(text).to_bytes(2, "big") + text)
        self._bytes = b"".join(made)
        return self._bytes

    def read(self) -> float:
        """The floor: 64 KiB at a time, each frame's price as a number, compared; its seconds."""
        here, there = socket.socketpair()
        threading.Thread(target=there.sendall, args=(self._bytes,)).start()
        low, high, left = float(self._first - 1), float(self._last), b""
        began, count, inside = time.thread_time(), 0, 0
        while count <= FLOOD:
            left += here.recv(1 << 16)
            at, end = 0, HEAD + int.from_bytes(left[2:HEAD])
            while at < end <= len(left):
                inside += low < float(PRICE.decode(left[at + HEAD : end]).data.p) < high
                count += 1
                at, end = end, end + HEAD + int.from_bytes(left[end + 2 : end + HEAD])
            left = left[at:]
        took = time.thread_time() - began
        here.close()
        there.close()
        if inside != FLOOD:
            raise CannotMeasure(f"the floor has seen {inside} of {FLOOD} prices in the band")
        return took


class _Trade(msgspec.Struct):
    p: str


class _Frame(msgspec.Struct):
    data: _Trade


PRICE = msgspec.json.Decoder(_Frame)


class Live(Daemon):
    """A robsond of the profile live."""

    def __init__(self, directory: Path, options: list[str]) -> None:
        super().__init__(directory, options)
        self._command[self._command.index("sim")] = "live"


def live(run: Run) -> list[Row]:
    """Alone, and while callers ask for nothing but status."""
    spells = run.count(SPELLS, least=2)
    directory = run.folder("live")
    calm, stormy = Times(), Times()
    with _stage(directory) as stage:
        for number in range(spells):
            if number % 2:
                with _storm(stage.daemon.door):
                    stage.spell(stormy)
            else:
                stage.spell(calm)
        feed = stage.feed()
    what = "a price on the wire to the first byte of"
    cancel, order = f"{what} the cancel", f"{what} the order out after it"
    beside = f"robsond live beside a venue, {PAIRS} pairs; floor: one thread, plain sockets"
    storm = f"{CALLERS} callers ask for status"
    return [
        calm.cancel.row("live.cancel", f"{cancel}: {beside}", "us", CANCEL),
        calm.order.row("live.exit", f"{order}: {beside}", "us", EXIT),
        stormy.cancel.row("live.cancel.storm", f"{cancel}, {storm} of both", "us"),
        stormy.order.row("live.exit.storm", f"{order}, {storm} of both", "us"),
        Pairs(stormy.cancel.subject, calm.cancel.subject).row(
            "live.storm", f"{cancel}: while {storm}, against nobody", "us", CALM
        ),
        feed.row(
            "live.feed",
            f"processor time of robsond live for a price in the band, {FLOOD:,} at once; floor:"
            " 64 KiB at a time, each price compared",
            "us",
            RECEIVE,
        ),
    ]


@contextmanager
def _stage(directory: Path) -> Iterator[Stage]:
    market = generate(SEED)
    rules = instrument_for(market.symbol, tape=market)
    first = market.first_price
    past = generate_history(SEED, instrument=rules, before_ns=market.first_ns, price=first)
    tape, history = directory / "tape.csv", directory / "past.csv"
    write_csv(market, tape)
    write_csv(past, history)
    bases = [FLOOR, *(f"COIN{number}" for number in range(PAIRS))]
    options = [
        part
        for base in bases
        for part in ("--tape", f"{base}/USDT={tape}", "--history", f"{base}/USDT={history}")
    ]
    options += ["--speed", str(RATE)]
    venue = Venue(directory / "venue", options)
    floor = Floor(venue.relay.port, f"{FLOOR}USDT")
    (directory / "s").mkdir(mode=0o700)
    daemon = Live(directory / "s", ["--config", str(_config(directory, venue))])
    daemon.start()
    try:
        client = daemon.wait(time.sleep, READY_S)
        client.timeout_s = CALL_S
        least = (Decimal(50) / first).quantize(rules.step)
        yield Stage(venue, client, daemon, floor, first, f"{least:f}")
        client.close()
    except (CallFailed, Problem) as failed:
        raise CannotMeasure(" ".join(str(failed).split())) from None
    finally:
        daemon.kill()
        floor.end()
        venue.end()


def _config(directory: Path, venue: Venue) -> Path:
    key = directory / "key.toml"
    key.touch(0o600)
    key.write_text(f'api_key = "{KEY}"\nsecret_key = "{SECRET}"\n')
    at = f"127.0.0.1:{venue.relay.port}"
    pairs = ",".join(f"COIN{number}USDT" for number in range(PAIRS))
    config = directory / "config.toml"
    config.write_text(
        f'[exchange]\nrest_url = "http://{at}"\nstream_url = "ws://{at}"\nkey_file = "{key}"\n'
        f'symbols = "{pairs}"\nrecv_window_ms = 8000\n'
        "[store]\naccept_single_host = true\n"
        f"[risk]\nmax_open_positions = {PAIRS}\nmax_trades_per_day = 10000\n"
    )
    return config


# --- callers -------------------------------------------------------------------------------------


@contextmanager
def _storm(door: str) -> Iterator[None]:
    callers = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), door],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert callers.stdout is not None
    try:
        callers.stdout.readline()
        yield
        if callers.poll() is not None:
            raise CannotMeasure("the callers have ended before the storm was over")
    finally:
        callers.kill()
        callers.communicate()


def ask(door: str) -> None:
    """Ask for the status without a pause, for ever."""

    def one() -> None:
        client = Client(door, actor="bench", timeout_s=CALL_S)
        while True:
            client.status()

    for _ in range(CALLERS):
        threading.Thread(target=one).start()
    print("asking", flush=True)


if __name__ == "__main__":
    ask(sys.argv[1])

"""A simulated exchange in a process of its own, and a daemon beside it, for a test to break."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robson.connectors.simulated.client import greet
from robson.connectors.simulated.line import Line
from robson.domain.values import Ticks
from tests.e2e.harness import ROOT, Robsond, environment, running


class ExchangeApart:
    """One exchange, its socket, and a hand that moves its price."""

    def __init__(self, place: Path, *options: str) -> None:
        self.place = place
        self.socket = place / "x.sock"
        self.options = options
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it says that it serves."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "robson.sim", "exchange", "--by-hand", "--speed", "4"),
                *("--listen", f"unix:{self.socket}", "--state-dir", str(self.place), *self.options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        assert "moved by hand" in self._process.stdout.readline()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a word; its books are whole."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def asks(self, *items: Any) -> list[Any]:
        """Send one frame on a line of its own, and return what comes back."""
        line = Line(str(self.socket), time.monotonic)
        try:
            line.send(*items, within_s=5)
            answer = line.receive(within_s=5)
        finally:
            line.close()
        assert answer is not None
        return answer

    def hello(self, version: int) -> list[Any]:
        """Greet it as one who does not watch."""
        watches = False
        return self.asks("hello", version, watches, None)

    def quote(self) -> None:
        """A price of this instant, a tick away: an old one takes no entry, however long a daemon
        took to start.
        """
        line = Line(str(self.socket), time.monotonic)
        try:
            [pair] = greet(line, watches=False).pairs
        finally:
            line.close()
        assert pair.ticks is not None
        self.move(pair.instrument.price_of(Ticks(pair.ticks + 1)))

    def move(self, price: object) -> None:
        """The market is suddenly elsewhere."""
        assert self.asks("move", "BTCUSDT", str(price))[0] == "moved"


@contextmanager
def apart(place: Path, *options: str) -> Iterator[tuple[ExchangeApart, Robsond]]:
    """Both, in directories of their own; the exchange runs, the daemon is to be started."""
    exchange = ExchangeApart(place / "s", *options)
    (place / "s").mkdir()
    try:
        exchange.start()
        with running(place / "s", "--exchange", f"unix:{exchange.socket}") as robsond:
            yield exchange, robsond
    finally:
        exchange.kill()

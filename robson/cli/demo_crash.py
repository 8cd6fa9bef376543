"""Kills the demo's own daemon in the middle of a life and proves what that did and did not do.

The proof is the simulated exchange's own books, read by another process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robson.cli.demo_daemon import Daemon, environment
from robson.cli.demo_follow import Follower
from robson.cli.problem import Problem
from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import at, listed, num, text
from robson.cli.screens.line import Line, Page, spans

PROGRAM = ("-m", "robson.sim")
BOOKS_S = 30.0
READABLE_S = 2.0
"""So long the words about the dead daemon stay on a moving screen."""
_ENTRY, _STOP = "rbe", "rbs"

Document = dict[str, Any]


def read_books(directory: Path) -> Document:
    """The exchange's own books of a state directory.

    Raises:
        Problem: they cannot be read.
    """
    command = [sys.executable, *PROGRAM, "books", "--state-dir", str(directory), "--json"]
    done = subprocess.run(  # noqa: S603 - our own program
        command,
        capture_output=True,
        timeout=BOOKS_S,
        check=False,
        env=environment(os.environ),
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        told = f"the exchange's books cannot be read: {(said or ['?'])[-1]}"
        raise Problem("INTERNAL", told, {"simulated": True})
    found: Document = json.loads(done.stdout)
    return found


class Crash:
    """One kill and what came of it.

    Attributes:
        resting: exchange stops that rested while nobody ran.
        down_s: from the kill to the next answer.
        entries: entry orders in the exchange's request log, once it is over.
    """

    def __init__(self, books: Callable[[Path], Document] = read_books) -> None:
        """A crash that has not happened yet; ``books`` reads the exchange's own."""
        self._books = books
        self.done = False
        self.held = ""
        self.resting: list[Document] = []
        self.down_s: float | None = None
        self.entries: int | None = None
        self.requests = 0
        self._before: Document = {}

    def kill(self, daemon: Daemon, follower: Follower) -> None:
        """End the daemon without warning, and read what still rests."""
        self.done = True
        self._before = follower.position
        self.held = facts.quantity_of(self._before, self._before.get("quantity"))
        daemon.kill()
        self.resting = self._stops(self._books(daemon.directory))

    def _stops(self, books: Document) -> list[Document]:
        return [
            order
            for account in listed(books, "accounts")
            for order in listed(account, "open_orders")
            if text(order, "client_id").startswith(_STOP)
        ]

    def restart(self, daemon: Daemon, follower: Follower, pause: Callable[[float], object]) -> None:
        """Start the daemon on the same state, and follow on."""
        began = time.monotonic()
        daemon.start()
        follower.again(daemon.wait(pause))
        self.down_s = time.monotonic() - began

    def prove(self, directory: Path, position: str) -> None:
        """Count the entry orders that the exchange was ever asked for."""
        asked = [
            request
            for account in listed(self._books(directory), "accounts")
            for request in listed(account, "requests")
        ]
        self.requests = len(asked)
        self.entries = sum(
            1
            for request in asked
            if text(request, "request") == "PlaceOrder"
            and text(request, "target").startswith(_ENTRY)
            and text(request, "position") in (position, "")
        )

    # --- in words --------------------------------------------------------------------------------

    def resting_words(self) -> str:
        """What rests, by the books."""
        if not self.resting:
            return "no exchange stop rests"
        order = self.resting[0]
        price = facts.price_of(self._before, num(order, "stop_price"))
        quantity = facts.quantity_of(self._before, num(order, "quantity"))
        return f"the exchange stop {price} rests for {quantity}"

    def banner(self, page: Page) -> tuple[tuple[str, str], Line]:
        """What leads while nobody runs."""
        tag = f.tag_segment(f.CANNOT_SEE, page.symbols)
        return tag, spans(
            f"robsond was killed. By the exchange's own books {self.resting_words()}."
        )

    def lines(self) -> tuple[str, ...]:
        """What it showed, for the summary."""
        if not self.done:
            return ("robsond was not killed: the position ended first. Try a lower --speed.",)
        back = figures.age(self.down_s) if self.down_s is not None else figures.UNKNOWN
        told = f"robsond was killed while it held {self.held}. By the exchange's own books"
        again = f"Started on the same state, it answered after {back}."
        said = [f"{told} {self.resting_words()} all the while. {again}"]
        if self.entries is not None:
            orders = figures.count(self.entries, "entry order")
            among = figures.count(self.requests, "request")
            said.append(f"The exchange's log holds {orders} among {among}.")
        return tuple(said)

    @property
    def sound(self) -> bool:
        """Killed, protected meanwhile, and entered exactly once."""
        return self.done and bool(self.resting) and self.entries == 1

    def document(self) -> Document:
        """The same for a program."""
        return {
            "killed": self.done,
            "resting": [
                {key: at(order, key) for key in ("client_id", "type", "stop_price", "quantity")}
                for order in self.resting
            ],
            "down_ms": None if self.down_s is None else round(self.down_s * 1000),
            "entry_orders": self.entries,
        }

"""Starts real robsonds, asks them as a client would, and reads what they leave behind.

What the exchange's own books hold is the truth; the journal is compared with it. Nothing here waits
without a bound, and no process is ended that was not started here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import attrs

from robson.api.client import CallFailed, Client
from robson.api.v1 import robson_pb2 as pb
from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.entries import RequestLogged
from robson.connectors.simulated.state import ExchangeState
from robson.connectors.simulated.summary import AccountSummary, summarise

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PLAIN = ("-m", "robson.daemon")
FREE_PORTS = ("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
KILLED = -signal.SIGKILL
STEP = Decimal("0.00001")
"""Of BTCUSDT: less than one step cannot be sold."""
BOUND_S = 40.0
"""For anything that takes a second on a machine with nothing else to do."""
_LOOK_S = 0.02
_FOREIGN = ("ROBSON_", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_")

T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, bound_s: float = BOUND_S) -> T:
    """Look until there is something to see, and return it."""
    ends, never = time.monotonic() + bound_s, threading.Event()
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < ends, f"not within {bound_s:g} s: {what}"
        never.wait(_LOOK_S)


def environment(**more: str) -> dict[str, str]:
    """Of a process that runs the code beside this file, and none that is installed elsewhere."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | {"PYTHONPATH": str(ROOT)} | more


@contextmanager
def folder() -> Iterator[Path]:
    """A short path, so that a socket fits into it; gone at the end."""
    made = Path(tempfile.mkdtemp(prefix="rb"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def dying(point: str, number: int = 1) -> tuple[str, ...]:
    """A robsond that ends at a point (see dying.py)."""
    return (str(HERE / "dying.py"), point, str(number), "--")


def pacing(look_s: float) -> tuple[str, ...]:
    """A robsond with another longest wait (see pacing.py)."""
    return (str(HERE / "pacing.py"), str(look_s), "--")


class Robsond:
    """One state directory and the processes that live in it, one after another.

    Args:
        place: the state directory.
        options: of ``robsond run`` beside directory and ports.
    """

    def __init__(self, place: Path, *options: str, **env: str) -> None:
        self.place = place
        self.options = options
        self.env = env
        self.actor = "test"
        self.door = f"unix://{place / 'robsond.sock'}"
        self._process: subprocess.Popen[str] | None = None
        self._clients: list[Client] = []

    # --- life and death --------------------------------------------------------------------------

    def launch(self, *program: str, options: tuple[str, ...] | None = None) -> None:
        """Start a process; nobody waits for it yet."""
        assert self._process is None, "one process at a time"
        given = self.options if options is None else options
        self._process = subprocess.Popen(
            [
                sys.executable,
                *(program or PLAIN),
                "run",
                "--state-dir",
                str(self.place),
                *FREE_PORTS,
                *given,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**self.env),
            cwd=ROOT,
        )

    def start(self, *program: str, options: tuple[str, ...] | None = None) -> Client:
        """Start a process and wait until it answers."""
        client = self.start_or_die(*program, options=options)
        assert client is not None, f"robsond has ended: {self.ended()}"
        return client

    def start_or_die(self, *program: str, options: tuple[str, ...] | None = None) -> Client | None:
        """Start a process and wait until it answers; None when it has ended before."""
        self.launch(*program, options=options)
        process = self._process
        assert process is not None
        until(lambda: process.poll() is not None or self._answers(), "robsond answers or ends")
        return self._clients[-1] if process.poll() is None else None

    def _answers(self) -> bool:
        if not _listens(self.place / "robsond.sock"):
            return False
        client = Client(self.door, actor=self.actor, timeout_s=10)
        self._clients.append(client)
        try:
            client.daemon()
        except CallFailed:
            return False
        return True

    def ended(self, bound_s: float = BOUND_S) -> Ended:
        """Wait until the process has ended by itself."""
        process, self._process = self._process, None
        assert process is not None
        began = time.monotonic()
        try:
            out, err = process.communicate(timeout=bound_s)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"did not end within {bound_s:g} s: {out}{err}") from None
        finally:
            self._hang_up()
        return Ended(process.returncode, out, err, time.monotonic() - began)

    def _hang_up(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()

    def signal(self, number: int) -> None:
        """Send a signal to the process of this place."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> Ended:
        """Ask it to end in order, and wait until it has."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """End it without a word."""
        self.signal(signal.SIGKILL)
        assert self.ended().code == KILLED

    def close(self) -> None:
        """End what still runs, because a test has failed in the middle."""
        self._hang_up()
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    # --- what it says ----------------------------------------------------------------------------

    def position(self, client: Client, id_: str) -> pb.Position:
        """One position; a process that has died in between is an error of the test's own."""
        return client.position(id_).position

    def reaches(
        self, client: Client, id_: str, what: str, is_there: Callable[[pb.Position], bool]
    ) -> pb.Position:
        """Wait until a position is somewhere."""

        def look() -> pb.Position | None:
            found = self.position(client, id_)
            return found if is_there(found) else None

        return until(look, f"{id_} is {what}")

    def settles(self, client: Client, id_: str) -> pb.Position:
        """Wait until a position has ended for good."""
        return self.reaches(client, id_, "over and settled", over)

    def protected(self, client: Client, id_: str) -> pb.Position:
        """Wait until the exchange stop rests."""
        return self.reaches(client, id_, "active and protected", protected)

    def plays_to_the_end(self, client: Client) -> None:
        """Wait until the tape has no more rows."""
        until(lambda: json.loads(client.sim_report())["at_end"], "the tape is over")

    # --- what it leaves behind -------------------------------------------------------------------

    def rows(self) -> list[Row]:
        """The journal, read by another process."""
        return read_journal(self.place)

    def tally(self) -> Tally:
        """Compare the exchange's own books with the journal."""
        return Tally.of(self.place)


def _listens(path: Path) -> bool:
    """Whether somebody takes connections there: a socket outlives the process that made it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


@attrs.frozen
class Ended:
    """How a process ended. ``after_s``: from the moment it was waited for."""

    code: int
    out: str
    err: str
    after_s: float

    def one_line(self, *words: str) -> str:
        """Its only line on stderr, with these words in it; a traceback is more than one."""
        lines = self.err.splitlines()
        assert len(lines) == 1, f"expected one line, found: {self.err!r}"
        assert "Traceback" not in self.out + self.err
        missing = [word for word in words if word not in lines[0]]
        assert not missing, f"{missing} not in: {lines[0]}"
        return lines[0]


def over(position: pb.Position) -> bool:
    """Nothing more will happen to it."""
    return position.settled and state(position) in ("closed", "cancelled")


def protected(position: pb.Position) -> bool:
    """Active, and its exchange stop rests."""
    return state(position) == "active" and position.insurance.state == pb.INSURANCE_STATE_RESTING


def state(position: pb.Position) -> str:
    """Its state in one word."""
    return pb.PositionState.Name(position.state).removeprefix("POSITION_STATE_").lower()


def arm(client: Client, *, strategy: str = "now", side: str = "long", key: str = "one") -> str:
    """Arm, and return the position's id."""
    answer = client.arm(symbol="BTCUSDT", strategy=strategy, side=side, idempotency_key=key)
    return answer.position.id


@contextmanager
def running(place: Path, *options: str, **env: str) -> Iterator[Robsond]:
    """A robsond to be started by the test; what still runs at the end is killed."""
    robsond = Robsond(place, *options, **env)
    try:
        yield robsond
    finally:
        robsond.close()


# --- the journal, from outside -------------------------------------------------------------------


@attrs.frozen
class Row:
    """One row of the journal."""

    seq: int
    epoch: int
    kind: str
    payload: dict[str, Any]
    at_ns: int

    @property
    def name(self) -> str:
        """The kind without its version."""
        return self.kind.partition(".")[0]


def read_journal(place: Path) -> list[Row]:
    """Every row, by a connection that can change nothing."""
    db = sqlite3.connect(f"file:{place / 'journal.db'}?mode=ro", uri=True, isolation_level=None)
    try:
        found = db.execute(
            "SELECT seq, epoch, kind, payload, at FROM journal ORDER BY seq"
        ).fetchall()
    finally:
        db.close()
    return [Row(seq, epoch, kind, json.loads(text), at) for seq, epoch, kind, text, at in found]


# --- both, compared ------------------------------------------------------------------------------

_FILLED = ("entry_filled", "exit_filled", "insurance_filled")
_FIELDS = ("client_id", "price", "quantity", "commission", "commission_asset", "at_ns")


@attrs.frozen
class Tally:
    """What the exchange's own books say of the positions of a journal.

    Attributes:
        entries: entry orders in the request log, by position.
        requests: the request log of the one account, oldest first.
        fills: executions, each found on both sides, equal to the last digit.
        compared: values that the audit of the books compared.
    """

    account: AccountSummary
    entries: dict[str, int]
    requests: tuple[RequestLogged, ...]
    fills: int
    compared: int
    rows: list[Row]

    @classmethod
    def of(cls, place: Path) -> Tally:
        """Read both, and hold them against each other."""
        books = SqliteBooks(place / "exchange" / "books.db", read_only=True)
        try:
            (account,) = summarise(books).accounts
            audit = Conservation(books, ExchangeState.of(books.entries())).check()
        finally:
            books.close()
        rows = read_journal(place)
        assert audit.differences == ()
        assert audit.compared > 0
        fills = _same_fills(account, rows)
        armed = [row.payload["position"] for row in rows if row.name == "position_armed"]
        entries = {position: _entries_of(account, position) for position in armed}
        return cls(account, entries, account.requests, fills, audit.compared, rows)

    def trades(self) -> list[str]:
        """Every trading request, in one word and its outcome, oldest first."""
        return [_told(request) for request in self.requests if request.timestamp_ms is not None]

    def is_clean(self, dust: Decimal = STEP) -> None:
        """Nothing rests, nothing is owed, and all that is left of the base is dust."""
        assert self.account.open_orders == ()
        assert self.account.base.debt == self.account.quote.debt == 0
        assert self.account.base.total < dust


def _same_fills(account: AccountSummary, rows: list[Row]) -> int:
    ours: dict[int, tuple[str, ...]] = {}
    for row in rows:
        if row.name in _FILLED:
            for fill in row.payload["fills"]:
                told = tuple(str(fill[name]) for name in _FIELDS)
                assert ours.setdefault(fill["trade_id"], told) == told, "one trade, told twice"
    theirs = {
        fill.trade_id: tuple(_text(getattr(fill, name)) for name in _FIELDS)
        for fill in account.fills
    }
    assert ours == theirs, "the journal's fills are not the exchange's"
    return len(theirs)


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int)) else format(value, "f")


def _entries_of(account: AccountSummary, position: str) -> int:
    return sum(
        request.request == "PlaceOrder"
        and request.position == position
        and (request.target or "").startswith("rbe")
        for request in account.requests
    )


def _told(request: RequestLogged) -> str:
    purposes = {"rbe": "entry", "rbs": "stop", "rbx": "exit"}
    word = purposes.get((request.target or "")[:3], "?")
    if request.request == "CancelOrder":
        word = f"cancel {word}"
    if request.request == "Repay":
        word = "repay"
    return word if request.code is None else f"{word} {request.code}"

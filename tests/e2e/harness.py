"""Starts real robsonds, asks them as a client would, ends them in every way there is.

Nothing here waits without a bound, and no process is ended that was not started here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import attrs

from robson.api.client import CallFailed, Client
from robson.api.v1 import robson_pb2 as pb
from tests.e2e.evidence import Row, Tally, read_journal
from tests.e2e.template import Child

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PLAIN = ("-m", "robson.daemon")
FREE_PORTS = ("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
KILLED = -signal.SIGKILL
BOUND_S = 40.0
"""For anything that takes a second on a machine with nothing else to do."""
_LOOK_S = 0.02
_ROUND_S = 2.0
"""Of the bound, at most, for one look: what was stopped for a minute has not waited for one."""
_FOREIGN = ("ROBSON_", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_")

T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, bound_s: float = BOUND_S) -> T:
    """Look until there is something to see, and return it."""
    never, waited_s, now_s = threading.Event(), 0.0, time.monotonic()
    while True:
        seen = look()
        if seen:
            return seen
        assert waited_s < bound_s, f"not within {bound_s:g} s: {what}"
        never.wait(_LOOK_S)
        before_s, now_s = now_s, time.monotonic()
        waited_s += min(now_s - before_s, _ROUND_S)


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


def holding(kind: str, number: int = 1) -> tuple[str, ...]:
    """A robsond whose request stays on the wire until it is let go (see holding.py)."""
    return (str(HERE / "holding.py"), kind, str(number), "--")


WATCHING = (str(HERE / "watching.py"),)
"""A robsond that notes whether each order was written before it left (see watching.py)."""


def pacing(look_s: float) -> tuple[str, ...]:
    """A robsond with another longest wait (see pacing.py)."""
    return (str(HERE / "pacing.py"), str(look_s), "--")


class Robsond:
    """One state directory and the processes that live in it, one after another.

    Args:
        place: the state directory.
        options: of ``robsond run`` beside directory and ports.
        fresh: started by Python itself, with a hash seed of its own, and not forked (template.py).
    """

    def __init__(self, place: Path, *options: str, fresh: bool = False, **env: str) -> None:
        self.place = place
        self.options = options
        self.env = env
        self.fresh = fresh
        self.actor = "test"
        self.door = f"unix://{place / 'robsond.sock'}"
        self._process: subprocess.Popen[str] | Child | None = None
        self._clients: list[Client] = []

    # --- life and death --------------------------------------------------------------------------

    def launch(self, *program: str, options: tuple[str, ...] | None = None) -> None:
        """Start a process; nobody waits for it yet."""
        assert self._process is None, "one process at a time"
        given = self.options if options is None else options
        args = [*(program or PLAIN), "run", "--state-dir", str(self.place), *FREE_PORTS, *given]
        env = environment(**self.env)
        self._process = (
            subprocess.Popen(
                [sys.executable, *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=env,
                cwd=ROOT,
            )
            if self.fresh
            else Child(args, env=env, cwd=str(ROOT))
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

    def says_until(self, word: str) -> dict[str, str]:
        """Its TCP doors, ``grpc`` as HOST:PORT and ``http`` as a port, read off what it says."""
        assert self._process is not None
        assert self._process.stdout is not None
        said: dict[str, str] = {}
        for line in self._process.stdout:
            if found := re.search(r"grpc://(\S+)", line):
                said["grpc"] = found[1]
            if found := re.search(r"http://[^:]+:(\d+)", line):
                said["http"] = found[1]
            if line.strip().startswith(word):
                break
        return said

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

    @property
    def pid(self) -> int:
        """The process of this place."""
        assert self._process is not None
        return self._process.pid

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

    def tallies(self) -> dict[str, Tally]:
        """The same, pair by pair."""
        return Tally.each(self.place)


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


def arm(
    client: Client,
    *,
    symbol: str = "BTCUSDT",
    strategy: str = "now",
    side: str = "long",
    key: str = "one",
) -> str:
    """Arm, and return the position's id."""
    answer = client.arm(symbol=symbol, strategy=strategy, side=side, idempotency_key=key)
    return answer.position.id


@contextmanager
def running(place: Path, *options: str, fresh: bool = False, **env: str) -> Iterator[Robsond]:
    """A robsond to be started by the test; what still runs at the end is killed."""
    robsond = Robsond(place, *options, fresh=fresh, **env)
    try:
        yield robsond
    finally:
        robsond.close()


def files(place: Path) -> set[Path] | None:
    """What lies in a directory, but for SQLite's two side files, which come and go with readers;
    None where there is none.
    """
    sides = ("-wal", "-shm")
    found = {each for each in place.rglob("*") if not each.name.endswith(sides)}
    return found if place.exists() else None


def refused(place: Path, *options: str, **env: str) -> Ended:
    """Start a robsond that must not start; where there was no state directory, none is left."""
    was_there = files(place)
    with running(place, *options, fresh=True, **env) as robsond:
        robsond.launch()
        ended = robsond.ended()
    assert ended.out == ""
    made = files(place)
    changed = sorted(str(each) for each in (made or set()) ^ (was_there or set()))
    assert made == was_there, f"a start that is refused makes nothing and takes nothing: {changed}"
    return ended

"""The two processes of one position: a venue with its operator's port, and a daemon beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import robson
from robson.api.client import CallFailed, Client
from robson.domain.errors import RobsonError
from robson.sim.live.plan import Trouble

SYMBOL = "BTCUSDT"
KEY, SECRET = "test-key", "test-secret"
BALANCE = Decimal(10_000)
MARKET = "1"
"""The venue's seed: a market in which both sides may enter. What strikes is the plan's to say."""
_ROOT = Path(robson.__file__).parents[1]
_ENDS_S, _ANSWERS_S = 30.0, 10.0


class NotBegun(RobsonError):
    """A process has not started, or has gone by itself."""


class Venue:
    """A venue on free ports, whose prices move only here.

    Raises:
        NotBegun: it does not start.
    """

    def __init__(self, place: Path, *, speed: str, port: int = 0) -> None:
        self._log = place / "venue.log"
        self._process = _start(
            self._log,
            *("-m", "robson.sim", "venue", "--json", "--by-hand", "--port", str(port)),
            *("--speed", speed, "--seed", MARKET, "--balance", str(BALANCE)),
            *("--state-dir", str(place / "venue")),
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotBegun(f"the venue has not started: {last_line(self._log)}")
        told = json.loads(line)
        self.rest, self.stream, self._operator = told["rest"], told["ws"], told["operator"]
        self.port = int(self.rest.rpartition(":")[2])

    def ask(self, path: str, **said: object) -> Any:
        """The operator's port."""
        data = json.dumps(said).encode() if said else None
        url = f"{self._operator}/{path}"
        with urllib.request.urlopen(url, data, timeout=_ANSWERS_S) as answer:  # noqa: S310
            return json.load(answer)

    def plant(self, trouble: Trouble, **more: object) -> int:
        """One more line of the script; its number."""
        fault = {"kind": trouble.kind, "request": trouble.role, "nth": trouble.nth, **more}
        return int(self.ask("fault", **fault)["line"])

    def strikes(self) -> list[tuple[str, str]]:
        """Kind and role of every strike so far."""
        return [(one["kind"], one["role"]) for one in self.ask("faults")["strikes"]]

    def price(self, price: Decimal) -> None:
        """The market is suddenly elsewhere."""
        self.ask("price", symbol=SYMBOL, price=f"{price:.2f}")

    def last(self) -> Decimal:
        """The last price."""
        return Decimal(self.ask("market")["prices"][SYMBOL])

    def close(self) -> None:
        """End it; its books are whole."""
        _end(self._process)


class Daemon:
    """One state directory, and the processes of ``robsond`` that live in it one after another.

    Attributes:
        ends: how each process has ended, by its exit code.
    """

    def __init__(self, place: Path, venue: Venue, *, hints: bool) -> None:
        self.state = place / "s"
        self.log = place / "robsond.log"
        self.ends: list[int] = []
        self._key = place / "key.toml"
        self._key.touch(0o600)
        self._key.write_text(f'api_key = "{KEY}"\nsecret_key = "{SECRET}"\n')
        self._env = {
            "ROBSON__PROFILE": "live",
            "ROBSON__STORE__ACCEPT_SINGLE_HOST": "true",
            "ROBSON__EXCHANGE__REST_URL": venue.rest,
            "ROBSON__EXCHANGE__STREAM_URL": venue.stream,
            "ROBSON__EXCHANGE__KEY_FILE": str(self._key),
        }
        if hints:
            self._env["ROBSON__EXCHANGE__USER_STREAM_URL"] = venue.stream
        self._process: subprocess.Popen[str] | None = None
        self._client: Client | None = None

    @property
    def lives(self) -> bool:
        """Whether a process runs; the end of one that does not is written down."""
        if self._process is not None and self._process.poll() is not None:
            self.ends.append(self._process.returncode)
            self._process = None
            self._hang_up()
        return self._process is not None

    def start(self) -> None:
        """Start a process; nobody waits for it."""
        self._process = _start(
            self.log,
            *("-m", "robson.daemon", "run", "--state-dir", str(self.state)),
            *("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"),
            **self._env,
        )

    def client(self) -> Client | None:
        """A connection that answers; None while there is none."""
        door = self.state / "robsond.sock"
        if not self.lives or not door.exists():
            return None
        if self._client is None:
            self._client = Client(f"unix://{door}", actor="live", timeout_s=_ANSWERS_S)
            try:
                self._client.daemon()
            except CallFailed:
                self._hang_up()
        return self._client

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask_to_end(self) -> None:
        """SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def close(self) -> None:
        """End what still runs."""
        self._hang_up()
        if self._process is not None:
            self.kill()
            self._process = None

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def last_line(log: Path) -> str:
    """What a process has said last."""
    told = log.read_text(errors="replace").splitlines() if log.exists() else []
    return told[-1] if told else "nothing was said"


def _start(log: Path, *arguments: str, **env: str) -> subprocess.Popen[str]:
    """One of our own programs, of the code beside this file; what it says is kept."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ROBSON_")}
    paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
    with log.open("a") as out:
        return subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if "venue" in arguments else out,
            stderr=out,
            text=True,
            cwd=log.parent,
            env=kept | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | env,
        )


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()

"""A venue and a daemon of the profile live beside it: two processes, HTTP and WebSocket between."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from robson.api.client import CallFailed, Client
from robson.api.v1 import robson_pb2 as pb
from tests.e2e.harness import (
    BOUND_S,
    ROOT,
    Robsond,
    arm,
    environment,
    over,
    protected,
    running,
    until,
)

_KEYS = itertools.count()

PATIENT_MS = 10_000
"""The receive window of entries: what is tested is the daemon, and a request that a busy machine
has kept for a second or two is none that came too late."""


class Venue:
    """One venue, from its start to its end; its books lie in the daemon's state directory."""

    def __init__(self, place: Path, *options: str, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "robson.sim", "venue", "--json", "--port", str(port)),
                *("--state-dir", str(place), *options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self._process.communicate(timeout=BOUND_S)[1]
        told = json.loads(line)
        self.rest, self.stream = told["rest"], told["ws"]
        self._operator = told["operator"]
        self.port = int(self.rest.rpartition(":")[2])

    # --- the operator ----------------------------------------------------------------------------

    def _ask(self, path: str, **said: object) -> Any:
        data = json.dumps(said).encode() if said else None
        with urllib.request.urlopen(f"{self._operator}/{path}", data, timeout=BOUND_S) as answer:
            return json.load(answer)

    def hit(self, kind: str, request: str, **more: object) -> int:
        """Let a fault strike the next request or frame of a role; its number."""
        fault = {"kind": kind, "request": request, "nth": 1, **more}
        return int(self._ask("fault", **fault)["line"])

    def throttle(self, request: str, seconds: int) -> int:
        """From now on each request of a role is told 429, with Retry-After; the fault's number."""
        said = {"kind": "throttled", "request": request, "every": 1, "seconds": seconds}
        return int(self._ask("fault", **said)["line"])

    def trouble(self, kind: str, request: str) -> None:
        """From now on a fault strikes each request of a role."""
        self._ask("fault", kind=kind, request=request, every=1)

    def calm(self) -> None:
        """No fault strikes any more."""
        self._ask("calm", all=True)

    def now_ms(self) -> int:
        """The exchange's time."""
        return int(self._ask("market")["at_ms"])

    def struck(self, line: int) -> bool:
        """Whether it has."""
        return any(row["line"] == line and row["struck"] for row in self._ask("faults")["faults"])

    def log(self) -> list[dict[str, Any]]:
        """Every request that came in, oldest first."""
        return list(self._ask("log")["rows"])

    def price(self, price: object, symbol: str = "BTCUSDT") -> None:
        """The market is suddenly elsewhere."""
        self._ask("price", symbol=symbol, price=str(price))

    def last(self, symbol: str = "BTCUSDT") -> Decimal:
        """The last price."""
        return Decimal(self._ask("market")["prices"][symbol])

    def away(self, mode: str, seconds: int) -> None:
        """Out of service from now on, for so many of its seconds."""
        self._ask("outage", mode=mode, seconds=seconds)

    def clock(self, ahead_ms: int) -> None:
        """The exchange's clock jumps."""
        self._ask("clock", ahead_ms=ahead_ms)

    def revoke(self) -> None:
        """The key is worth nothing any more."""
        self._ask("revoke", api_key="test-key")

    def standing(self, **said: object) -> None:
        """What is told of key, BNB, accounts and order types; what is left out is usual again."""
        self._ask("standing", usual=True, **said)

    # --- the end ---------------------------------------------------------------------------------

    def end(self) -> None:
        """End it in order."""
        if self._process.poll() is None:
            self._process.terminate()
            _, said = self._process.communicate(timeout=BOUND_S)
            assert "Traceback" not in said, said

    def kill(self) -> None:
        """End it without a word; its books are whole."""
        self._process.kill()
        self._process.communicate(timeout=BOUND_S)


def key_file(place: Path, secret: str = "test-secret") -> Path:
    """A file with the venue's key, as the daemon wants it."""
    path = place / "key.toml"
    path.touch(0o600)
    path.write_text(f'api_key = "test-key"\nsecret_key = "{secret}"\n')
    return path


def live(venue: Venue, key: Path, **more: str) -> dict[str, str]:
    """The environment of a daemon of the profile live beside a venue."""
    return {
        "ROBSON__PROFILE": "live",
        "ROBSON__STORE__ACCEPT_SINGLE_HOST": "true",
        "ROBSON__EXCHANGE__REST_URL": venue.rest,
        "ROBSON__EXCHANGE__STREAM_URL": venue.stream,
        "ROBSON__EXCHANGE__KEY_FILE": str(key),
        "ROBSON__EXCHANGE__RECV_WINDOW_MS": str(PATIENT_MS),
        **more,
    }


def held_at_last(client: Client, robsond: Robsond, side: str = "long") -> pb.Position:
    """A position that is held and insured, at last: at a scaled clock a busy machine is a slow
    exchange, and an entry may fail.
    """

    def tried() -> pb.Position | None:
        with suppress(CallFailed):
            position = arm(client, side=side, key=f"key {next(_KEYS)}")
            found = robsond.reaches(
                client, position, "held or over", lambda it: protected(it) or over(it)
            )
            return found if protected(found) else None
        return None

    return until(tried, "held and insured")


@contextmanager
def beside_a_venue(
    place: Path, *options: str, secret: str = "test-secret", hints: bool = False, **env: str
) -> Iterator[tuple[Venue, Robsond]]:
    """Both; the venue runs, the daemon is to be started. ``hints``: it listens to the account."""
    (place / "s").mkdir()
    venue = Venue(place / "s", *options)
    if hints:
        env["ROBSON__EXCHANGE__USER_STREAM_URL"] = venue.stream
    try:
        with running(
            place / "s", fresh=True, **live(venue, key_file(place, secret), **env)
        ) as robsond:
            yield venue, robsond
    finally:
        venue.end()

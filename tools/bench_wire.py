"""What stands between a venue and its callers when the way from a tick to an order is measured.

A relay carries the bytes of both and reads one clock: when it hands a frame on, and when the first
bytes of the order come back. Neither end knows of it. Started as a program this is the floor: one
thread, two plain sockets, the same two requests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import attrs
from bench_kit import CannotMeasure

from robson.cli.demo_daemon import environment

KEY, SECRET = "test-key", "test-secret"
SEEN_S, LOOK_S = 10.0, 0.2
CANCEL, ORDER = b"DELETE /sapi/v1/margin/order?", b"POST /sapi/v1/margin/order?"
_CHUNK = 1 << 16


# --- the relay -----------------------------------------------------------------------------------


def _nothing(_frame: bytes) -> bytes:
    return b""


@attrs.define
class Passing:
    """One price and what it sets off, in nanoseconds of the relay's clock; 0 until it has passed.

    Attributes:
        frame: what the frame of the price holds.
        symbol: what the two orders hold.
        more: frames that the relay makes of that one, and sends after it.
    """

    frame: bytes
    symbol: bytes
    more: Callable[[bytes], bytes]
    shown: int = 0
    cancel: int = 0
    order: int = 0
    over: threading.Event = attrs.Factory(threading.Event)

    def down(self, data: bytes) -> bytes:
        """The venue says something; asked before it is handed on."""
        if self.shown or self.frame not in data:
            return data
        data += self.more(data)
        self.shown = time.perf_counter_ns()
        return data

    def up(self, data: bytes, at: int) -> None:
        """A caller has said something."""
        if not self.shown or self.symbol not in data:
            return
        if not self.cancel and data.startswith(CANCEL):
            self.cancel = at
        elif not self.order and data.startswith(ORDER):
            self.order = at
            self.over.set()


class Relay(threading.Thread):
    """Carries bytes between whoever connects and a venue, on a thread of its own."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True, name="relay")
        self._venue = ("127.0.0.1", port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        self._other: dict[socket.socket, tuple[socket.socket, bool]] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._door, selectors.EVENT_READ)
        self.passing: Passing | None = None
        self._over = threading.Event()

    def run(self) -> None:
        """Carry, until there is an end."""
        while not self._over.is_set():
            for key, _ in self._selector.select(LOOK_S):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                if ready is self._door:
                    self._connect()
                elif ready in self._other:
                    self._carry(ready)

        self._hang_up(*self._other)
        self._door.close()
        self._selector.close()

    def end(self) -> None:
        """Hang up on everybody."""
        self._over.set()
        self.join()

    def _connect(self) -> None:
        caller, _ = self._door.accept()
        try:
            venue = socket.create_connection(self._venue, timeout=2)
        except OSError:
            caller.close()
            return
        for here, there, down in ((caller, venue, False), (venue, caller, True)):
            here.settimeout(None)
            here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._other[here] = (there, down)
            self._selector.register(here, selectors.EVENT_READ)

    def _carry(self, ready: socket.socket) -> None:
        there, down = self._other[ready]
        passing = self.passing
        try:
            data = ready.recv(_CHUNK)
            at = time.perf_counter_ns()
            if passing is not None and down:
                data = passing.down(data)
            if data:
                there.sendall(data)
            if passing is not None and not down:
                passing.up(data, at)
        except OSError:
            data = b""
        if not data:
            self._hang_up(ready, there)

    def _hang_up(self, *ends: socket.socket) -> None:
        for end in ends:
            if self._other.pop(end, None) is not None:
                self._selector.unregister(end)
            end.close()


# --- the venue -----------------------------------------------------------------------------------


class Venue:
    """A robson-sim venue whose prices the measurement moves, and the relay before it."""

    def __init__(self, directory: Path, options: list[str]) -> None:
        command = [
            sys.executable,
            "-m",
            "robson.sim",
            "venue",
            "--json",
            "--by-hand",
            "--port",
            "0",
        ]
        self._process = subprocess.Popen(
            [*command, "--state-dir", str(directory), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(os.environ),
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise CannotMeasure("the venue did not start")
        told = json.loads(line)
        self._operator = told["operator"]
        self.relay = Relay(int(told["rest"].rpartition(":")[2]))
        self.relay.start()

    def ask(self, path: str, **said: object) -> Any:
        """Ask the operator's port."""
        data = json.dumps(said).encode() if said else None
        with urlopen(f"{self._operator}/{path}", data, timeout=SEEN_S) as answer:  # noqa: S310
            return json.load(answer)

    def move(self, symbol: str, price: str, more: Callable[[bytes], bytes] = _nothing) -> Passing:
        """Move a price, and wait until the cancel and the order that it sets off have come by."""
        passing = Passing(f'"s":"{symbol}","a":'.encode(), f"symbol={symbol}&".encode(), more)
        self.relay.passing = passing
        asked = HTTPConnection(self._operator.rpartition("/")[2], timeout=SEEN_S)
        asked.request("POST", "/price", json.dumps({"symbol": symbol, "price": price}))
        # Its answer is read afterwards: who reads here takes the interpreter from the relay.
        if not passing.over.wait(SEEN_S):
            raise CannotMeasure(f"no way out was seen for {symbol} at {price}: {passing}")
        asked.getresponse().read()
        asked.close()
        self.relay.passing = None
        return passing

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self.relay.end()


# --- the floor -----------------------------------------------------------------------------------


class Floor:
    """The process that does the same with the least: a line in, a line out."""

    def __init__(self, port: int, symbol: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), str(port), symbol],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(os.environ),
        )

    def ready(self, stop: str, quantity: str, now_ms: int) -> None:
        """Let it place a stop and listen; a price from ``stop`` up is left alone by it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{stop} {quantity} {now_ms}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if line.strip() != "ready":
            raise CannotMeasure(f"the floor has ended: {line.strip() or 'no word'}")

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def _sent(sock: socket.socket, method: str, **params: str) -> bytes:
    """Sign a request, send it, and wait for its answer."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    query += "&recvWindow=60000"
    signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
    head = f"{method} /sapi/v1/margin/order?{query}&signature={signature} HTTP/1.1\r\nHost: v\r\n"
    sock.sendall(f"{head}X-MBX-APIKEY: {KEY}\r\nContent-Length: 0\r\n\r\n".encode())
    return sock.recv(_CHUNK)


def floor(port: int, symbol: str) -> None:
    """One thread: a frame in, its price compared, the cancel out, its answer in, the order out."""
    http = socket.create_connection(("127.0.0.1", port))

    for number, line in enumerate(sys.stdin):
        stop, quantity, now = line.split()
        own = {"symbol": symbol, "isIsolated": "TRUE", "timestamp": now}
        frames = socket.create_connection(("127.0.0.1", port))
        nonce = base64.b64encode(os.urandom(16)).decode()
        asked = f"GET /ws/{symbol.lower()}@aggTrade HTTP/1.1\r\nHost: v\r\nUpgrade: websocket\r\n"
        upgrade = f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}"
        frames.sendall(f"{asked}{upgrade}\r\n\r\n".encode())
        frames.recv(_CHUNK)
        rests = {"side": "BUY", "type": "STOP_LOSS", "quantity": quantity, "stopPrice": stop}
        placed = _sent(http, "POST", **own, **rests, newClientOrderId=f"floor-{number}")
        print("ready" if b" 200 " in placed else placed, flush=True)
        data = frames.recv(_CHUNK)
        if float(json.loads(data[data.index(b"{") :])["p"]) < float(stop):
            _sent(http, "DELETE", **own, origClientOrderId=f"floor-{number}")
            _sent(http, "POST", **own, side="BUY", type="MARKET", quantity=quantity)
        frames.close()


if __name__ == "__main__":
    floor(int(sys.argv[1]), sys.argv[2])

"""The venue out of service: each way, what a caller meets, what the log has, and that it ends."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from robson.connectors.binance.socket import Connection, StreamBroken
from tests.contract.venue.caller import Caller, Operator
from tests.contract.venue.harness import Started, venue

SECONDS, PATIENCE_S = 90, 0.1


@pytest.fixture(scope="module")
def fast() -> Iterator[Started]:
    with venue("--by-hand", "--speed", "120", "--ws-port", "0") as started:
        yield started


@pytest.mark.parametrize(
    ("mode", "status", "logged"),
    [("refused", 0, False), ("cut", 0, True), ("mute", 0, True), ("page", 503, True)],
)
def test_nothing_is_served_until_it_is_over(
    mode: str, status: int, *, logged: bool, fast: Started
) -> None:
    caller, operator = Caller(fast.rest), Operator(fast.told["operator"])
    before = operator.get("/log")["rows"]
    books = f"{fast.ws}/ws/btcusdt@bookTicker"
    with closing(Connection(books)) as listening:
        assert listening.receive(10)

        operator.post("/outage", mode=mode, seconds=SECONDS)
        came = Caller(fast.rest, bound_s=PATIENCE_S).ask("GET", "/api/v3/time")
        with pytest.raises(StreamBroken):
            Connection(books, within_s=PATIENCE_S)
        with pytest.raises(StreamBroken):
            _to_the_end(listening)
    rows = operator.get("/log")["rows"][len(before) :]
    over = _answered(caller)

    assert came.status == status
    assert bool(rows) == logged
    if logged:
        assert {row["role"] for row in rows} >= {"market"}
        assert {row["status"] for row in rows} == {status}
    assert over == 200
    with closing(Connection(books)) as again:
        assert again.receive(10)


def test_who_goes_in_the_middle_of_a_handshake_breaks_nothing(fast: Started) -> None:
    """Told by the venue's end: what it prints is looked at there."""
    address = urlsplit(fast.ws)
    handshake = (
        f"GET /stream?streams=btcusdt@bookTicker HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    for _ in range(60):
        with socket.create_connection((address.hostname, address.port)) as made:
            made.sendall(handshake.encode())
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert Caller(fast.rest).ask("GET", "/api/v3/time").status == 200


def _to_the_end(connection: Connection) -> None:
    while connection.receive(10):
        pass


def _answered(caller: Caller) -> int:
    never = threading.Event()
    for _ in range(500):
        if (came := caller.ask("GET", "/api/v3/time")).status == 200:
            return came.status
        never.wait(0.02)
    return 0


def test_there_is_one_at_a_time_and_no_other_way(fast: Started) -> None:
    operator = Operator(fast.told["operator"])

    with pytest.raises(AssertionError, match="one of refused, cut, mute, page"):
        operator.post("/outage", mode="x", seconds=1)
    assert urlsplit(fast.ws).port != urlsplit(fast.rest).port, "both doors are shut and opened"

"""A WebSocket gives each message once and whole, however its bytes come."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from random import Random

import pytest

from robson.connectors.binance.socket import LARGEST, Connection, StreamBroken
from tests.unit.binance.servers import request, server

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BOUND_S = 5.0
AT_ONCE_S = 0.02


def frame(text: bytes, *, opcode: int = 1) -> bytes:
    """A frame as a server sends it."""
    if len(text) < 126:
        return bytes([0x80 | opcode, len(text)]) + text
    if len(text) < 1 << 16:
        return bytes([0x80 | opcode, 126]) + len(text).to_bytes(2, "big") + text
    return bytes([0x80 | opcode, 127]) + len(text).to_bytes(8, "big") + text


@contextmanager
def saying(pieces: Sequence[bytes], go_on: threading.Event) -> Iterator[Connection]:
    """A connection on which each piece but the first waits to be asked for."""

    def serve(made: socket.socket) -> None:
        asked = re.search(rb"Sec-WebSocket-Key: (\S+)", request(made), re.IGNORECASE)
        assert asked is not None
        accept = base64.b64encode(hashlib.sha1(asked[1] + GUID).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        made.sendall(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + pieces[0])
        for piece in pieces[1:]:
            go_on.wait(BOUND_S)
            go_on.clear()
            made.sendall(piece)
        made.recv(1)

    with server(serve) as url:
        connection = Connection(url.replace("http", "ws"), within_s=BOUND_S)
        try:
            yield connection
        finally:
            connection.close()


def test_messages_that_come_together_are_given_one_by_one() -> None:
    texts = [b"a", b"b" * 200, b"c" * 70_000, b"d"]
    with saying([b"".join(map(frame, texts))], threading.Event()) as connection:
        assert [connection.receive(BOUND_S) for _ in texts] == texts
        assert connection.receive(AT_ONCE_S) is None


def test_a_message_in_pieces_is_waited_for_and_nothing_of_it_is_lost() -> None:
    """Wherever it is cut: in its head, in its length, in its text."""
    text = b"x" * 200
    whole, go_on = frame(text), threading.Event()
    for at in range(1, len(whole), 7):
        with saying([frame(b"before") + whole[:at], whole[at:]], go_on) as connection:
            assert connection.receive(BOUND_S) == b"before"
            assert connection.receive(AT_ONCE_S) is None
            go_on.set()
            assert connection.receive(BOUND_S) == text


def test_messages_of_every_kind_are_the_same_however_they_are_cut() -> None:
    """Short and long texts, texts in pieces with a pong between them, empty ones, binary ones."""
    pieces = bytes([0x01, 2]) + b"in" + frame(b"", opcode=10) + bytes([0x80, 4]) + b" two"
    kinds = [
        (frame(b""), b""),
        (frame(b"s"), b"s"),
        (pieces, b"in two"),
        (frame(b"m" * 125), b"m" * 125),
        (frame(b"l" * 126), b"l" * 126),
        (frame(b"", opcode=10) + frame(b"after a pong"), b"after a pong"),
        (frame(b"x" * 70_000), b"x" * 70_000),
        (frame(b"bits", opcode=2), b"bits"),
    ]
    chance, cuts = Random(7), 0
    for _ in range(25):
        said = chance.choices(kinds, k=9)
        whole = b"".join(sent for sent, _ in said)
        at = sorted(chance.choices(range(1, len(whole)), k=3))
        parts = [whole[a:b] for a, b in pairwise([0, *at, len(whole)])]
        go_on, cuts = threading.Event(), cuts + len(parts)
        with saying(parts, go_on) as connection:
            heard: list[bytes] = []
            while len(heard) < len(said):
                go_on.set()
                text = connection.receive(AT_ONCE_S)
                heard += [] if text is None else [text]
            assert heard == [text for _, text in said]
    assert cuts == 100


def test_a_text_in_the_middle_of_another_one_is_no_message() -> None:
    begun = bytes([0x01, 2]) + b"in"
    with (
        saying([begun + frame(b"another")], threading.Event()) as connection,
        pytest.raises(StreamBroken),
    ):
        connection.receive(BOUND_S)
    go_on = threading.Event()
    with saying([begun, frame(b"another")], go_on) as connection:
        assert connection.receive(AT_ONCE_S) is None
        go_on.set()
        with pytest.raises(StreamBroken):
            connection.receive(BOUND_S)


def test_too_long_a_message_is_refused_by_its_length() -> None:
    head = b"\x81\x7f" + (LARGEST + 1).to_bytes(8, "big")
    with (
        saying([head], threading.Event()) as connection,
        pytest.raises(StreamBroken, match="bytes"),
    ):
        connection.receive(BOUND_S)

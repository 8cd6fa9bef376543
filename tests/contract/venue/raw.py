"""A client that is a socket: bytes out, bytes in, whatever no library would send."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
from typing import Any, Self
from urllib.parse import urlsplit

import attrs

from tests.contract.venue.caller import BOUND_S

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


@attrs.frozen
class Answer:
    """One answer over HTTP, as it came."""

    status: int
    version: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def exchange(rest: str, data: bytes, many: int = 1) -> list[Answer]:
    """Send bytes on a new connection and read so many answers to them."""
    at = urlsplit(rest)
    with socket.create_connection((at.hostname, at.port), timeout=BOUND_S) as door:
        door.sendall(data)
        with door.makefile("rb") as lines:
            return [_answer(lines) for _ in range(many)]


def _answer(lines: Any) -> Answer:
    version, status, _ = lines.readline().decode().split(" ", 2)
    if status == "100":
        assert lines.readline() == b"\r\n"
        version, status, _ = lines.readline().decode().split(" ", 2)
    headers: dict[str, str] = {}
    while (line := lines.readline().decode().strip()) != "":
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    body = lines.read(int(headers.get("content-length", "0")))
    return Answer(int(status), version, headers, body)


class RawSocket:
    """A WebSocket whose every frame is said by hand."""

    def __init__(self, ws: str, path: str) -> None:
        at = urlsplit(ws)
        self._door = socket.create_connection((at.hostname, at.port), timeout=BOUND_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self._door.sendall(
            f"GET {path} HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._lines = self._door.makefile("rb")
        self.status = int(self._lines.readline().split()[1])
        length = 0
        while (line := self._lines.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.body = b"" if self.status == 101 else self._lines.read(length)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._door.close()

    def send(self, kind: int, data: bytes, *, last: bool = True) -> None:
        """One frame, masked as a client has to."""
        mask = os.urandom(4)
        size = len(data)
        short = size < 126
        head = bytes([(0x80 if last else 0) | kind, 0x80 | (size if short else 127)])
        head += b"" if short else struct.pack("!Q", size)
        body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self._door.sendall(head + mask + body)

    def say(self, text: str) -> None:
        """One message."""
        self.send(TEXT, text.encode())

    def ask(self, text: str) -> Any:
        """One message, and the next one that is no event and no ping."""
        self.say(text)
        return self.answer()

    def answer(self) -> Any:
        """The next message that answers one."""
        until = time.monotonic() + BOUND_S
        while time.monotonic() < until:
            kind, data = self.frame()
            if kind == CLOSE:
                return {"closed": struct.unpack("!H", data[:2])[0]}
            told = json.loads(data) if kind == TEXT else {}
            if "id" in told:
                return told
        raise AssertionError("no answer")

    def frame(self) -> tuple[int, bytes]:
        """The next frame as it comes."""
        first, size = self._read(2)
        size &= 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._read(8))
        return first & 0x0F, self._read(size)

    def next(self, *kinds: int) -> tuple[int, bytes]:
        """The next frame of some kinds."""
        until = time.monotonic() + BOUND_S
        while time.monotonic() < until:
            kind, data = self.frame()
            if kind in kinds:
                return kind, data
        raise AssertionError("no such frame")

    def _read(self, size: int) -> bytes:
        data = bytes(self._lines.read(size))
        assert len(data) == size, "the other side has gone"
        return data

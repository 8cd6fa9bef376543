"""Servers for a test: each connection is answered as the test says, byte by byte if it likes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Serve = Callable[[socket.socket], None]


@contextmanager
def server(serve: Serve) -> Iterator[str]:
    """An address on loopback; every connection is a thread, and gone at the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def one(made: socket.socket) -> None:
        with made:
            try:
                serve(made)
            except OSError:
                return

    def run() -> None:
        while not ended.is_set():
            try:
                made, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(made,), daemon=True).start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def request(made: socket.socket) -> bytes:
    """One request, head and all."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = made.recv(65_536)
        if not more:
            raise OSError("hung up")
        data += more
    return data


def answer(body: bytes, status: str = "200 OK", *, length: int | None = None, **head: str) -> bytes:
    """An answer as bytes."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in head.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

"""The unix socket under the frames: listening, connecting, sending, receiving against a deadline.

Every wait is bounded, whatever trickles in.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from robson.connectors.simulated.frames import Frames, frame
from robson.domain.errors import ConfigError

PREFIX = "unix:"
Socket = socket.socket
_CHUNK = 1 << 16


def path_of(address: str) -> str:
    """The path in ``unix:PATH``.

    Raises:
        ConfigError: another kind of address; this exchange is reached on this machine only.
    """
    path = address.removeprefix(PREFIX)
    if not address.startswith(PREFIX) or not path:
        raise ConfigError(f"{address!r} is no address of a simulated exchange; expected unix:PATH")
    if len(os.fsencode(path)) > 100:  # noqa: PLR2004 - the kernel's limit is 108
        raise ConfigError(f"{path} is longer than 100 bytes; choose a shorter path")
    return path


def listen(path: str) -> Socket:
    """A listening socket at a path that only this user reaches; a dead one there is replaced.

    Raises:
        ConfigError: somebody listens there already.
    """
    if Path(path).exists():
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
            raise ConfigError(f"another exchange listens at {path}")
        Path(path).unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        made.bind(path)
    finally:
        os.umask(before)
    made.listen(64)
    made.setblocking(False)  # noqa: FBT003 - the library's own signature
    return made


class NothingLeft(OSError):
    """The kernel took nothing: whatever was to be sent is known not to have been."""


class Line:
    """One connection, for one thread.

    Raises:
        OSError: nobody answers at the path.
    """

    def __init__(self, path: str, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._frames = Frames()
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise

    def send(self, *items: Any, within_s: float) -> None:
        """Send one frame.

        Raises:
            NothingLeft: not one byte of it has.
            OSError: not all of it has; ``TimeoutError`` when it could not within the time.
        """
        self._socket.settimeout(within_s)
        data = frame(*items)
        try:
            sent = self._socket.send(data)
        except OSError as error:
            raise NothingLeft(*error.args) from error
        if sent < len(data):
            self._socket.sendall(data[sent:])

    def receive(self, *, within_s: float) -> list[Any] | None:
        """The next frame; None when none was whole within the time.

        Raises:
            OSError: the connection is gone.
            BadFrame: what came is no frame.
        """
        ends_s = self._monotonic_s() + within_s
        while (found := self._frames.take()) is None:
            left_s = ends_s - self._monotonic_s()
            if left_s <= 0:
                return None
            self._socket.settimeout(left_s)
            try:
                data = self._socket.recv(_CHUNK)
            except TimeoutError:
                return None
            if not data:
                raise ConnectionResetError("the exchange has hung up")
            self._frames.feed(data)
        return found

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

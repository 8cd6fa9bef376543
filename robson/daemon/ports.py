"""TCP ports of the daemon's doors: read from text, given up for a free one where that is kind."""

from __future__ import annotations

import re
import socket

from robson.domain.errors import ConfigError

LARGEST = 65_535
_PORT = re.compile(r"[0-9]{1,5}")


def port_of(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``.

    Raises:
        ConfigError: it is neither; to be said after the name of the key.
    """
    host, _, port = address.rpartition(":")
    if not host or not _PORT.fullmatch(port) or int(port) > LARGEST:
        raise ConfigError(f"is {address}; expected HOST:PORT such as 127.0.0.1:50051")
    return host, int(port)


def usual_or_free(port: int, *, usual: bool) -> int:
    """The port; 0, which takes a free one, when it is only the usual one and somebody has it."""
    if not usual or port == 0:
        return port
    return port if _binds(port) else 0


def _binds(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

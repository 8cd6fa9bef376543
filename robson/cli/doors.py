"""Which daemon a call goes to, and with which token: found as the documentation says."""

# The CLI's start has no 5 ms for pathlib.
# ruff: noqa: PTH111
from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import NamedTuple

from robson.api import places
from robson.cli.problem import Problem
from robson.cli.settings import Settings

_UNIX = "unix:"
_SCHEMES = ("grpc://", "tcp://", "http://")
_LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1"}
_GRPC_PORT = "50051"
_HTTP_PORT = "8080"
_HIGHEST_PORT = 65_535
_PROBE_S = 0.5


class Door(NamedTuple):
    """How to reach a daemon. ``fallback`` says what was looked for first and was not there."""

    url: str
    token: str | None = None
    fallback: str | None = None


def find(settings: Settings, environ: Mapping[str, str]) -> Door:
    """The daemon that was named, else the one whose socket is there, else TCP on loopback.

    Raises:
        Problem: an address that is none, a token file that cannot be used, or more than one
            daemon where none was named.
    """
    if settings.url:
        url = door_url(settings.url)
        return Door(url, _token(settings, environ) if url.startswith("grpc://") else None)
    candidates = places.socket_candidates(environ, settings.profile, settings.state_dir)
    for path in candidates[:1]:
        _check_length(path)
    there = [path for path in candidates if _is_socket(path)]
    if len(there) > 1:
        there = _answering(there) or there[:1]
    if len(there) > 1:
        raise Problem(
            "INVALID_ARGUMENT",
            f"{len(there)} daemons answer: {', '.join(there)}. Name one with --profile or"
            " --daemon-url.",
        )
    if there:
        return Door(f"unix://{there[0]}")
    return Door(places.TCP_DOOR, _token(settings, environ), f"no socket at {candidates[0]}")


def door_url(text: str) -> str:
    """An address as people write it, as ``unix:///path`` or ``grpc://127.0.0.1:port``.

    Raises:
        Problem: it is no address, or it leaves this machine.
    """
    if text.startswith((_UNIX, "/", "~", "./")):
        path = os.path.abspath(os.path.expanduser(_path_of(text)))  # noqa: PTH100
        _check_length(path)
        return f"unix://{path}"
    rest, mapped = text, False
    for scheme in _SCHEMES:
        if text.startswith(scheme):
            rest, mapped = text.removeprefix(scheme).rstrip("/"), scheme == "http://"
    host, _, port = rest.partition(":")
    port = port or _GRPC_PORT
    if host not in _LOOPBACK:
        raise _no_address(text, "gRPC stays on this machine")
    if not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise _no_address(text, f"{port} is no port")
    if mapped and port == _HTTP_PORT:
        port = _GRPC_PORT
    return f"grpc://{_LOOPBACK[host]}:{port}"


def _path_of(text: str) -> str:
    path = text.removeprefix(_UNIX)
    return "/" + path.lstrip("/") if path.startswith("//") else path


def _no_address(text: str, why: str) -> Problem:
    return Problem(
        "INVALID_ARGUMENT",
        f"{text} is no address of a daemon: {why}. Expected is unix:///path/robsond.sock or"
        " grpc://127.0.0.1:50051.",
    )


def _check_length(path: str) -> None:
    too_long = places.path_too_long(path)
    if too_long:
        raise Problem("INVALID_ARGUMENT", too_long)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116
    except OSError:
        return False


def _answering(paths: list[str]) -> list[str]:
    """Those behind which somebody listens; a killed daemon leaves its socket behind."""
    import socket

    found = []
    for path in paths:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_PROBE_S)
            if probe.connect_ex(path) == 0:
                found.append(path)
    return found


def _token(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """The strongest token of the file; without a file, none, and the daemon will say so."""
    from robson.api import tokens

    path = settings.token_file and os.path.expanduser(settings.token_file)
    if not path:
        for name in places.directories(settings.profile):
            directory = places.state_dir(environ, name, settings.state_dir)
            if os.path.exists(places.token_path(directory)):  # noqa: PTH110
                path = places.token_path(directory)
                break
        else:
            return None
    try:
        return tokens.strongest(tokens.read_token_file(path)).secret
    except tokens.TokenFileError as error:
        raise Problem("UNAUTHENTICATED", f"{error}.") from error

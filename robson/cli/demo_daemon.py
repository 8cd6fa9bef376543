"""Owns the demo's own robsond: starts it, waits until it answers, stops it, kills it on purpose.

It ends no process but the one it started.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from robson.api import places
from robson.api.client import CallFailed, Client
from robson.cli.problem import Problem

PROGRAM = ("-m", "robson.daemon")
READY_S = 60.0
STOP_S = 10.0
INTERRUPTED_S = 2.0
"""Ctrl-C reaches the daemon as well: so long it may take to end by itself."""
CALL_S = 5.0
PORTS = ("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
"""Free ports: a demo never stands in the way of another daemon."""
LOG_NAME = "robsond.out"
_LOOK_S = 0.05
_LONGEST_WORDS = 2000
_FOREIGN = ("ROBSON_", "CREDENTIALS_DIRECTORY", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "NOTIFY_")
"""What the environment says to a daemon that is not meant for this one."""

_NOT_OURS = (64, 69, 73, 78)
"""Exit codes of robsond for what a person can put right: usage, ports, directory, configuration."""
_REFUSED = re.compile(r"error: (?P<said>.*?)(?: Nothing was changed\.)?(?: \[[^]]*\])?$")

Pause = Callable[[float], object]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would lead the daemon elsewhere."""
    return {name: value for name, value in environ.items() if not name.startswith(_FOREIGN)}


class Daemon:
    """One robsond in one state directory; may be killed and started again.

    Args:
        options: of ``robsond run``, beside directory and ports.
    """

    def __init__(self, directory: Path, options: list[str]) -> None:
        """Say where and with what; :meth:`start` starts it."""
        self.directory = directory
        self.door = f"unix://{directory / places.SOCKET_NAME}"
        self._command = [
            sys.executable,
            *PROGRAM,
            "run",
            "--profile",
            "sim",
            "--state-dir",
            str(directory),
            *PORTS,
            "--stop-with-stdin",
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory / LOG_NAME

    def start(self) -> None:
        """Start it; :meth:`wait` says when it is there."""
        with self._log.open("ab") as log:
            self._process = self._run(log)

    def _run(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own program
            self._command,
            stdin=subprocess.PIPE,  # closes with this process, however it ends
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(os.environ),
        )

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid if self._process else None

    def wait(self, pause: Pause, bound_s: float = READY_S) -> Client:
        """A client of it, once it answers.

        Raises:
            Problem: it ended, or did not answer within the bound.
        """
        until = time.monotonic() + bound_s
        while time.monotonic() < until:
            self.check()
            if (self.directory / places.SOCKET_NAME).exists():
                client = Client(self.door, actor="demo", timeout_s=CALL_S)
                try:
                    client.daemon()
                except CallFailed:
                    client.close()
                else:
                    return client
            pause(_LOOK_S)
        raise Problem(
            "UNAVAILABLE",
            f"the demo's robsond does not answer within {bound_s:g} s. {self._last_words()}",
            {"simulated": True},
        )

    def check(self) -> None:
        """Look whether it still runs.

        Raises:
            Problem: it has ended, which it never should by itself.
        """
        code = self._process.poll() if self._process else None
        if code is None:
            return
        words = self._last_words()
        refused = _REFUSED.match(words)
        if refused and code in _NOT_OURS:
            raise Problem("INVALID_ARGUMENT", refused["said"])
        told = f" Its last words: {words}" if words else ""
        message = f"the demo's robsond ended with {code}.{told}"
        raise Problem("INTERNAL", message, {"simulated": True})

    def _last_words(self) -> str:
        """Its last line, for an error; empty when it said nothing."""
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return ""
        words = [line.strip() for line in lines if line.strip()]
        return words[-1][:_LONGEST_WORDS] if words else ""

    def kill(self) -> None:
        """End it as a crash would, without a chance to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=STOP_S)
            _let_go(self._process)

    def stop(self, *, interrupted: bool = False) -> None:
        """End it: asked first, killed when it does not listen. Does nothing twice."""
        process, self._process = self._process, None
        if process is None:
            return
        if not (interrupted and _ended(process, INTERRUPTED_S)):
            process.terminate()
            if not _ended(process, STOP_S):
                process.kill()
                process.wait()
        _let_go(process)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _ended(process: subprocess.Popen[bytes], bound_s: float) -> bool:
    try:
        process.wait(timeout=bound_s)
    except subprocess.TimeoutExpired:
        return False
    return True

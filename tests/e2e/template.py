"""A process that has loaded everything robsond loads, and forks one for each start.

Four fifths of what a robsond costs until it answers is the loading of its code, and the tests start
hundreds. What is forked is a process of its own, with its own pid, environment, files and signals;
it runs ``robson.daemon``, or a script beside this file, exactly as Python would have been told to.
All children of one template share its hash seed: what is to be the same under any seed is started
by Python itself (``Robsond(..., fresh=True)``).
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

_LONGEST = 64 * 1024
_CODE = struct.Struct("i")


class Child:
    """What ``subprocess.Popen`` is for a process that Python started, for one that was forked."""

    def __init__(self, args: list[str], *, env: dict[str, str], cwd: str) -> None:
        (out, out_end), (err, err_end), (self._status, status_end) = (os.pipe() for _ in range(3))
        given = json.dumps({"args": args, "env": env, "cwd": cwd}).encode()
        try:
            self.pid = _template().fork(given, [out_end, err_end, status_end])
        finally:
            for end in (out_end, err_end, status_end):
                os.close(end)
        self.stdout, self._err = os.fdopen(out), os.fdopen(err)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._wait(0)

    def _wait(self, timeout: float) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            told = os.read(self._status, _CODE.size)
            os.close(self._status)
            (self.returncode,) = _CODE.unpack(told)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing is sent to a process that has ended: its pid may be another's."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without a word."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has said to its end.

        Raises:
            subprocess.TimeoutExpired: it has not ended; what it said so far is lost.
        """
        ends = time.monotonic() + (timeout or 3600)
        said: dict[int, bytes] = {self.stdout.fileno(): b"", self._err.fileno(): b""}
        open_ = set(said)
        while open_:
            ready, _, _ = select.select(list(open_), [], [], max(0, ends - time.monotonic()))
            if not ready:
                raise subprocess.TimeoutExpired("robsond", timeout or 0)
            for end in ready:
                text = os.read(end, _LONGEST)
                said[end] += text
                if not text:
                    open_.remove(end)
        if self._wait(max(0, ends - time.monotonic())) is None:
            raise subprocess.TimeoutExpired("robsond", timeout or 0)
        out, err = (text.decode() for text in said.values())
        self.stdout.close()
        self._err.close()
        return out, err


class _Template:
    """The process, from the side of whoever lets it fork."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            )
        atexit.register(self._end)

    def _end(self) -> None:
        self._line.close()
        self._process.wait()

    def fork(self, given: bytes, ends: list[int]) -> int:
        """Start one; returns its pid."""
        socket.send_fds(self._line, [given], ends)
        return int(self._line.recv(_LONGEST))


_made: dict[int, _Template] = {}


def _template() -> _Template:
    """Of this very process: made when it is needed first, ends with it."""
    return _made.setdefault(os.getpid(), _made.get(os.getpid()) or _Template())


# --- in the process that forks -------------------------------------------------------------------


def _serve(line: socket.socket) -> list[str]:
    """Fork for whoever asks and tell how each ends; returns in a child, with what it is to run."""
    statuses: dict[int, int] = {}
    bell, ring = os.pipe()
    for end in (bell, ring):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring)
    while True:
        ready, _, _ = select.select([line, bell], [], [])
        if bell in ready:
            os.read(bell, _LONGEST)
            _reap(statuses)
        if line in ready:
            given, ends, _, _ = socket.recv_fds(line, _LONGEST, 3)
            if not given:
                os._exit(0)
            asked, (out, err, status) = json.loads(given), ends
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for end in (line.detach(), bell, ring, status, *statuses.values()):
                    os.close(end)
                return _become(asked, out, err)
            os.close(out)
            os.close(err)
            statuses[pid] = status
            line.send(b"%d" % pid)


def _reap(statuses: dict[int, int]) -> None:
    for pid in list(statuses):
        found, code = os.waitpid(pid, os.WNOHANG)
        if found:
            end = statuses.pop(pid)
            os.write(end, _CODE.pack(os.waitstatus_to_exitcode(code)))
            os.close(end)


def _become(asked: dict[str, object], out: int, err: int) -> list[str]:
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    os.chdir(str(asked["cwd"]))
    os.environ.clear()
    os.environ.update(asked["env"])  # type: ignore[call-overload]
    return list(asked["args"])  # type: ignore[call-overload]


def _run(args: list[str]) -> NoReturn:
    """As ``python ARGS`` would: ``-m MODULE ...`` or ``FILE ...``."""
    if args[0] == "-m":
        sys.argv = args[1:]
        runpy.run_module(args[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = args
        runpy.run_path(args[0], run_name="__main__")
    sys.exit(0)


if __name__ == "__main__":
    import robson.daemon.serving
    import robson.daemon.simulated  # noqa: F401 - what a start loads besides

    gc.freeze()
    _run(_serve(socket.socket(fileno=int(sys.argv[1]))))

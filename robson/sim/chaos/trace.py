"""Watches and strikes system calls of a running process with strace.

A boundary is the Nth call of one kind on one file, or by one thread at its socket, within one
segment of a life. strace counts for each thread; so a file is followed by its path (one thread
writes it), and a socket by its thread.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from robson.daemon.clock import monotonic_s
from robson.domain.errors import RobsonError
from robson.domain.values import NS_PER_S
from robson.sim.wait import until

FILE_CALLS = (
    *("write", "pwrite64", "fdatasync", "fsync", "ftruncate"),
    *("rename", "renameat", "unlink", "unlinkat"),
)
SOCKET_CALLS = ("connect", "sendto", "recvfrom")
ERRORS = ("KILL", "EIO", "ENOSPC", "STOP")
MAIN = "main"
THREADS = (MAIN, "feed", "urgent", "normal", "reader")
"""Whose sockets lead to the exchange."""
SLOW_US = 10_000
"""How slow a write is while a listed life arms: what does not wait for the disk shows it there."""
_CAUSE = {"normal": "reader", "urgent": "normal"}
"""Whose answer an order follows from while a position is armed: the account's, then the entry's."""
ATTACH_S = 10.0
_LINE = re.compile(r"(?:(\d+) +)?(\d{9,})\.(\d+) (\w+)\((.*)")
_FD = re.compile(r"\d+<([^>]*)>")
_TEXT = re.compile(r'"([^"]*)"')
_SIGNALS = ("KILL", "STOP")


class NoStrace(RobsonError):
    """strace is not here, or may not trace."""


@attrs.frozen
class Call:
    """One call as it was seen: when (wall clock), in which thread, on what."""

    at_ns: int
    tid: int
    name: str
    on: str


@attrs.frozen
class Boundary:
    """One place to strike. ``where``: a file's name, or a thread whose socket it is."""

    leg: str
    segment: str
    where: str
    call: str
    nth: int
    phase: str = attrs.field(eq=False)

    @property
    def at_socket(self) -> bool:
        """Whether it is a thread's socket and no file."""
        return self.where in THREADS

    def __str__(self) -> str:
        return f"{self.leg}/{self.segment}/{self.where}/{self.call}/{self.nth}"


@attrs.frozen
class Strike:
    """A boundary, and what is done there."""

    boundary: Boundary
    error: str

    @property
    def errno(self) -> str:
        """The error in strace's words: a socket has no disk, there the other side is gone."""
        gone = self.error == "ENOSPC" and self.boundary.at_socket
        return "ECONNRESET" if gone else self.error

    def __str__(self) -> str:
        return f"{self.boundary}/{self.error}"


def program() -> str:
    """Where strace is.

    Raises:
        NoStrace: it is not installed.
    """
    found = shutil.which("strace")
    if found is None:
        raise NoStrace("strace is not installed; Debian and Ubuntu: apt install strace")
    return found


def _strike_options(strike: Strike, directory: Path) -> list[str]:
    boundary, errno = strike.boundary, strike.errno
    done = f"signal={errno}" if errno in _SIGNALS else f"error={errno}"
    options = [f"--trace={boundary.call}"]
    options += [f"--inject={boundary.call}:{done}:when={boundary.nth}"]
    if not boundary.at_socket:
        options += ["-f", "-P", str(directory / boundary.where)]
    return options


def _watch_options(*, slowly: bool) -> list[str]:
    slow = [f"--inject=pwrite64:delay_enter={SLOW_US}"] if slowly else []
    return ["-f", f"--trace={','.join((*FILE_CALLS, *SOCKET_CALLS))}", *slow]


class Tracer:
    """strace beside one process, for one segment of its life.

    Args:
        log: where strace writes.
        strike: what to strike; None only watches everything.
        directory: of the files that a strike names.
        slowly: each write is held up first, when nothing is struck.
    """

    def __init__(
        self, log: Path, strike: Strike | None, directory: Path, *, slowly: bool = False
    ) -> None:
        self._log = log
        self._strike = strike
        self._directory = directory
        self._slowly = slowly
        self._process: subprocess.Popen[str] | None = None

    def _command(self) -> list[str]:
        options = (
            _watch_options(slowly=self._slowly)
            if self._strike is None
            else _strike_options(self._strike, self._directory)
        )
        quiet = ["-yy", "-ttt", "-s", "8", "--interruptible=anywhere"]
        return [program(), *quiet, "-o", str(self._log), *options]

    @property
    def thread(self) -> str:
        """Whose calls count from the first one on: of a file, those of all that follow."""
        strike = self._strike
        return strike.boundary.where if strike is not None and strike.boundary.at_socket else MAIN

    def attach(self, pid: int) -> None:
        """Begin with a process that runs.

        Raises:
            NoStrace: it may not.
        """
        until(lambda: self.thread in threads(pid).values(), monotonic_s() + ATTACH_S)
        target = thread(pid, self.thread)
        words = self._log.with_suffix(".said")
        with words.open("w") as said:
            self._process = subprocess.Popen(  # noqa: S603 - strace, with our own options
                [*self._command(), "-p", str(target)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                text=True,
            )
        ends_s = monotonic_s() + ATTACH_S
        if not until(lambda: "attached" in words.read_text(), ends_s) or self._process.poll():
            raise NoStrace(f"strace may not trace: {words.read_text().strip()}")

    def detach(self) -> None:
        """Let the process go on alone."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    # --- what it saw -----------------------------------------------------------------------------

    def calls(self) -> list[Call]:
        """Every call so far, in order."""
        return list(read_calls(self._text().splitlines()))

    def struck(self) -> bool:
        """Whether the strike has happened: strace itself says so."""
        text = self._text()
        errno = self._strike.errno if self._strike is not None else ""
        if errno == "KILL":
            return "+++ killed by SIGKILL +++" in text and self._reached()
        if errno == "STOP":
            return "--- stopped by SIGSTOP ---" in text
        return "(INJECTED)" in text

    def _reached(self) -> bool:
        """Whether any thread has come to the Nth call, which it did not return from."""
        assert self._strike is not None
        boundary = self._strike.boundary
        met = Counter(call.tid for call in self.calls() if call.name == boundary.call)
        return max(met.values(), default=0) >= boundary.nth

    def _text(self) -> str:
        try:
            return self._log.read_text(errors="replace")
        except FileNotFoundError:
            return ""


def read_calls(lines: Iterable[str]) -> Iterable[Call]:
    """The calls in strace's own lines; where one is told in two pieces the first counts."""
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        tid, seconds, parts, name, rest = found.groups()
        at_ns = int(seconds) * NS_PER_S + int(parts.ljust(9, "0"))
        yield Call(at_ns, int(tid or 0), name, _on(name, rest))


def _on(name: str, rest: str) -> str:
    """What a call is about: the path in its descriptor, or the first one in its text."""
    if name in ("rename", "renameat", "unlink", "unlinkat", "connect"):
        named = _TEXT.search(rest)  # of a rename the old name: strace follows that one
        return named[1] if named else ""
    found = _FD.search(rest)
    return found[1] if found else ""


def threads(pid: int) -> dict[int, str]:
    """The name of every thread of a process; the first one is ``main``."""
    names = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            names[int(task.name)] = (task / "comm").read_text().strip()
        except OSError:
            continue  # it has just ended
    names[pid] = MAIN
    return names


def thread(pid: int, name: str) -> int:
    """The thread of a name.

    Raises:
        NoStrace: it has none.
    """
    for tid, found in threads(pid).items():
        if found == name:
            return tid
    raise NoStrace(f"process {pid} has no thread {name}")


def unsynced(calls: Sequence[Call], names: dict[int, str], log: Path) -> tuple[int, list[Call]]:
    """How many requests left by a lane of orders, and those that left before ``log`` was synced.

    Of the segment that arms: there an order follows from one answer, and nothing else is written
    between that answer, the rows that follow from it, and the order.
    """
    dirty, sent, early = False, 0, []
    stale = set(_CAUSE.values())
    for call in calls:
        lane = names.get(call.tid, "")
        if call.on == str(log):
            dirty = (dirty or call.name == "pwrite64") and call.name != "fdatasync"
            stale -= stale if call.name == "fdatasync" else set()
        elif call.name == "recvfrom":
            stale.add(lane)
        elif call.name == "sendto" and lane in _CAUSE:
            sent += 1
            early += [call] if dirty or _CAUSE[lane] in stale else []
    return sent, early


def places(
    calls: Sequence[Call], names: dict[int, str], directory: Path, socket: str
) -> list[tuple[Call, str, str, int]]:
    """Each call that is a boundary, with its file or thread, its kind, and which one it is."""
    met: Counter[tuple[int, str, str]] = Counter()
    found = []
    for call in calls:
        if call.name in SOCKET_CALLS:
            met[(call.tid, call.name, "")] += 1
            where, nth = names.get(call.tid, ""), met[(call.tid, call.name, "")]
            ours = where in THREADS and (call.on == socket or "UNIX-STREAM" in call.on)
        else:
            met[(call.tid, call.name, call.on)] += 1
            where, nth = os.path.relpath(call.on, directory), met[(call.tid, call.name, call.on)]
            ours = call.on.startswith(f"{directory}/")
        if ours:
            found.append((call, where, call.name, nth))
    return found

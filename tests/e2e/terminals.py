"""A command on a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import codecs
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from typing import Any

from tests.unit.cli.screens.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 60.0
_SIZES = ("COLUMNS", "LINES")
"""They would say another size than the terminal has."""


class Watched:
    """A process on a pseudo-terminal, and what its screen shows."""

    def __init__(
        self, master: int, process: subprocess.Popen[bytes], columns: int, rows: int
    ) -> None:
        self.master = master
        self.process = process
        self.terminal = Terminal(columns, rows)
        self.frames: list[list[str]] = []
        self.bytes = 0
        self.raw = ""
        self._text = codecs.getincrementaldecoder("utf-8")()

    def until(self, condition: Callable[[Terminal], Any]) -> None:
        """Read until the screen is so; never longer than the bound."""
        end = time.monotonic() + BOUND_S
        while not condition(self.terminal):
            left = end - time.monotonic()
            assert left > 0, f"the screen never came to be so:\n{self.terminal.text}"
            if self.waits(min(left, 0.5)):
                self._read()
            elif self.process.poll() is not None:
                break
        assert condition(self.terminal), self.terminal.text

    def waits(self, seconds: float) -> bool:
        """Whether there is something to read, within so many seconds."""
        return bool(select.select([self.master], [], [], seconds)[0])

    def listen(self, seconds: float) -> None:
        """Read for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.waits(left) and not self._read():
                return

    def _read(self) -> bool:
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.bytes += len(data)
        text = self._text.decode(data)
        self.raw += text
        self.terminal.write(text)
        if self.terminal.alternate:
            self.frames.append(list(self.terminal.lines))
        return bool(data)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.terminal.resize(columns, rows)

    def ended(self) -> int:
        """Read to the end and wait for it; returns the exit code."""
        end = time.monotonic() + BOUND_S
        while self.process.poll() is None:
            assert time.monotonic() < end, self.terminal.text
            self.listen(0.1)
        self.listen(0.1)
        return self.process.returncode


@contextmanager
def on_terminal(
    command: Sequence[str], env: Mapping[str, str], *, rows: int = 24, columns: int = 80
) -> Iterator[Watched]:
    """Start it there; at the end, echo and line mode must be as they were."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    before = termios.tcgetattr(slave)
    # Its own session with this terminal: Ctrl-C is then what the terminal makes of it.
    process = subprocess.Popen(
        ["setsid", "--ctty", *command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env={name: text for name, text in env.items() if name not in _SIZES},
    )
    try:
        yield Watched(master, process, columns, rows)
        after = termios.tcgetattr(slave)
        assert after[3] == before[3], "echo and line mode are given back"
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        os.close(master)


def given_back(terminal: Terminal) -> None:
    """The terminal is as it was before."""
    assert terminal.entered == terminal.left == 1
    assert not terminal.alternate
    assert terminal.cursor_shown

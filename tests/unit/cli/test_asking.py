"""``robson panic`` at a real terminal: it shows, asks once, and does what it is told."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from robson.domain.commands import Panic
from tests.contract.fake_daemon import FakeBackend, listening

ROOT = Path(__file__).resolve().parents[3]
MAIN = [sys.executable, "-c", "from robson.cli.main import main; main()"]
BOUND_S = 60.0


class Terminal:
    """A process on a pseudo-terminal of 80 columns."""

    def __init__(self, door: str, *words: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*MAIN, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={
                **os.environ,
                "ROBSON_DAEMON_URL": door,
                "PYTHONPATH": str(ROOT),
                "TERM": "xterm",
                "NO_COLOR": "1",
            },
        )
        os.close(slave)
        self.shown = ""

    def until(self, text: str) -> None:
        """Read until a text is on the screen."""
        deadline = time.monotonic() + BOUND_S
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            assert self._read(), f"it ended without {text!r}: {self.shown}"

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 1.0)[0]:
            return True
        try:
            piece = os.read(self._master, 4096)
        except OSError:  # the other side has gone
            return False
        self.shown += piece.decode()
        return bool(piece)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C as a person does: again, when it fell between the prompt and the reading."""
        deadline = time.monotonic() + BOUND_S
        while self.process.poll() is None and time.monotonic() < deadline:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)

    def end(self) -> int:
        """Wait for the end; returns the exit code."""
        while self._read():
            pass
        code = self.process.wait(BOUND_S)
        os.close(self._master)
        return code


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def door(backend: FakeBackend) -> Iterator[str]:
    with listening(backend) as (_, doors):
        yield str(doors.socket)


@pytest.mark.parametrize("answer", ["n\n", "\n", "no\n", "yeah\n", "\x04"])
def test_anything_but_yes_changes_nothing(backend: FakeBackend, door: str, answer: str) -> None:
    terminal = Terminal(door, "panic")
    terminal.until("[y/N]")
    terminal.type(answer)

    assert terminal.end() == 1
    assert "CANCELLED_BY_USER, exit 1" in terminal.shown
    assert "Nothing was changed." in terminal.shown
    assert not backend.commands


@pytest.mark.parametrize("answer", ["y\n", "Y\n", "yes\n"])
def test_yes_leaves(backend: FakeBackend, door: str, answer: str) -> None:
    terminal = Terminal(door, "panic")
    terminal.until("[y/N]")
    assert "sell 0.07021 BTC" in terminal.shown, "it shows what it will do before it asks"
    assert "sim, account main" in terminal.shown, "and where"
    terminal.type(answer)

    assert terminal.end() == 0
    assert isinstance(backend.commands[0], Panic)


def test_ctrl_c_at_the_question_changes_nothing(backend: FakeBackend, door: str) -> None:
    terminal = Terminal(door, "panic")
    terminal.until("[y/N]")
    terminal.interrupt()

    assert terminal.end() == 130
    assert "\nerror: interrupted" in terminal.shown.replace("\r", ""), "on a line of its own"
    assert "Traceback" not in terminal.shown
    assert not backend.commands


def test_nothing_open_asks_nothing(backend: FakeBackend, door: str) -> None:
    terminal = Terminal(door, "panic", "--symbol", "ETHUSDT")

    assert terminal.end() == 0
    assert "[y/N]" not in terminal.shown
    assert not backend.commands

"""``robson panic`` at a terminal while it runs: a table that moves, and is left behind whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson.api.published import Panicked
from robson.domain.commands import Command, Panic
from robson.domain.lifecycle import PositionState
from tests.contract import lives
from tests.contract.fake_daemon import FakeBackend, listening
from tests.e2e.harness import environment
from tests.e2e.terminals import Watched, given_back, on_terminal
from tests.unit.cli.screens.terminal import Terminal

MAIN = (sys.executable, "-c", "from robson.cli.main import main; main()")
Note = Callable[[str, object], None]


@pytest.fixture
def backend() -> FakeBackend:
    """Both positions are taken on; neither is done."""
    backend = FakeBackend()

    def leaving(command: Command, _timeout_s: float) -> Any:
        assert isinstance(command, Panic)
        actions = ((lives.BTC_ID, "exit"), (lives.SOL_ID, "cancel"))
        return Panicked(actions=actions, started_ns=lives.NOON)

    backend.answer = leaving
    return backend


@contextmanager
def panicking(backend: FakeBackend, place: Path, *words: str) -> Iterator[Watched]:
    with listening(backend) as (_, doors):
        command = [*MAIN, "--daemon-url", str(doors.socket), "panic", "--confirm", *words]
        env = environment(TERM="xterm-256color", LANG="C.UTF-8", HOME=str(place))
        with on_terminal(command, env) as shown:
            yield shown


def going(terminal: Terminal) -> bool:
    return terminal.alternate and " PANIC " in terminal.text and "BTCUSDT" in terminal.text


def test_the_table_moves_with_each_step_and_stays_at_the_end(
    backend: FakeBackend, place: Path, record_property: Note
) -> None:
    with panicking(backend, place) as shown:
        shown.until(going)
        assert "started" in shown.terminal.lines[0]
        exiting = attrs.evolve(lives.active(), state=PositionState.EXITING, version=99)
        backend.replace(exiting)
        cancelled = attrs.evolve(lives.armed(), state=PositionState.CANCELLED, version=99)
        backend.replace(cancelled)
        shown.until(lambda terminal: "cancelled, nothing to sell" in terminal.text)
        assert shown.terminal.alternate, "it goes on until everything is flat and settled"
        backend.replace(attrs.evolve(lives.closed(), id=lives.BTC_ID))

        assert shown.ended() == 0
        given_back(shown.terminal)
        assert "✓ FLAT" in shown.terminal.text
        assert "1 position closed, 1 cancelled" in shown.terminal.text
        assert shown.terminal.cleared_whole == 0
    record_property("happened", "panic: table moved")


def test_ctrl_c_leaves_the_view_and_not_the_exits(
    backend: FakeBackend, place: Path, record_property: Note
) -> None:
    with panicking(backend, place) as shown:
        shown.until(going)
        shown.type("\x03")

        assert shown.ended() == 130
        given_back(shown.terminal)
        assert "The exits go on" in " ".join(shown.terminal.text.split())
        assert "Nothing was changed" not in shown.terminal.text
        assert len(backend.commands) == 1
    record_property("happened", "panic: view left by Ctrl-C")


def test_without_waiting_nothing_moves(backend: FakeBackend, place: Path) -> None:
    with panicking(backend, place, "--no-wait") as shown:
        assert shown.ended() == 0
        assert shown.terminal.entered == 0
        assert " PANIC " in shown.terminal.text

"""``robson status --watch`` as a person meets it: a real daemon that dies, and every way out."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.harness import ROOT, Robsond, arm, environment, running, until
from tests.e2e.terminals import BOUND_S, Watched, given_back, on_terminal
from tests.unit.cli.screens.terminal import Terminal

Note = Callable[[str, object], None]
MAIN = (sys.executable, "-c", "from robson.cli.main import main; main()")
LONG_TAPE = ("--speed", "6")
"""Slow enough that nothing but prices happens, however long a busy machine takes."""


@contextmanager
def watching(place: Path, *words: str, rows: int = 24, columns: int = 80) -> Iterator[Watched]:
    command = [*MAIN, "--state-dir", str(place), "status", "--watch", *words]
    env = environment(TERM="xterm-256color", LANG="C.UTF-8", HOME=str(place))
    with on_terminal(command, env, rows=rows, columns=columns) as shown:
        yield shown


@pytest.fixture
def robsond(place: Path) -> Iterator[Robsond]:
    with running(place, *LONG_TAPE) as robsond:
        client = robsond.start()
        robsond.protected(client, arm(client))
        until(
            lambda: any(row.name == "account_read" for row in robsond.rows()),
            "all that follows from the entry is written",
        )
        yield robsond


def says(*words: str) -> Callable[[Terminal], bool]:
    return lambda terminal: all(word in terminal.text for word in words)


def test_a_daemon_that_dies_and_comes_back_is_seen(
    place: Path, robsond: Robsond, record_property: Note
) -> None:
    with watching(place) as shown:
        shown.until(says("✓ PROTECTED", "If the stop is hit now", "q quits"))
        assert shown.terminal.lines[0].startswith("✓ PROTECTED")
        assert shown.terminal.bells == 0
        robsond.kill()
        killed = time.monotonic()
        shown.until(says("!! CANNOT SEE"))
        blind_s = time.monotonic() - killed
        assert shown.terminal.lines[0].startswith(" !! CANNOT SEE")
        assert blind_s < 2 * 5
        shown.until(says("No answer from robsond", "Last seen:", "robsond run"))
        shown.until(lambda terminal: terminal.bells)  # it follows the picture
        assert (shown.terminal.bells, shown.terminal.title) == (1, "!! CANNOT SEE")
        first = shown.terminal.text
        shown.until(lambda terminal: terminal.text != first)  # the age grows
        robsond.start()
        shown.until(says("✓ PROTECTED", "If the stop is hit now"))
        shown.type("q")

        assert shown.ended() == 0
        given_back(shown.terminal)
        assert "✓ PROTECTED" in shown.terminal.text, "what was seen last stays in the scrollback"
        assert shown.terminal.cleared_whole == 0
        assert all(len(line) <= 80 for frame in shown.frames for line in frame)
    record_property("happened", f"watch: killed daemon said after {blind_s:.1f} s")


def test_a_daemon_that_hangs_is_said_after_five_seconds(
    place: Path, robsond: Robsond, record_property: Note
) -> None:
    with watching(place) as shown:
        shown.until(says("✓ PROTECTED"))
        robsond.signal(signal.SIGSTOP)
        try:
            shown.until(says("!! CANNOT SEE", "Last seen:"))
            said = " ".join(shown.terminal.text.split())
            told = re.search(r"No answer from robsond .*? for (\d+)[.\d]* s", said)
            shown.type("q")
            assert shown.ended() == 0
        finally:
            robsond.signal(signal.SIGCONT)
        given_back(shown.terminal)
        assert told, said
        assert int(told[1]) >= 5, "a short silence is none"
    record_property("happened", f"watch: hanging daemon said after {told[1]} s")


@pytest.mark.usefixtures("robsond")
@pytest.mark.parametrize(
    ("way", "code"),
    [("q", 0), ("\x03", 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
)
def test_every_way_out_gives_the_terminal_back(
    place: Path, way: str | int, code: int, record_property: Note
) -> None:
    with watching(place) as shown:
        shown.until(says("✓ PROTECTED", "q quits"))
        if isinstance(way, str):
            shown.type(way)
        else:
            shown.process.send_signal(way)

        assert shown.ended() == code
        given_back(shown.terminal)
        assert "Traceback" not in shown.terminal.text
    record_property("happened", "watch: left: " + repr(way))


@pytest.mark.usefixtures("robsond")
def test_a_new_size_is_taken_over_and_a_low_window_keeps_the_verdict(place: Path) -> None:
    with watching(place) as shown:
        shown.until(says("✓ PROTECTED", "q quits"))
        shown.resize(60, 8)
        shown.until(says("more lines: robson status"))
        shown.until(lambda terminal: max(map(len, terminal.lines)) <= 60)
        assert shown.terminal.lines[0].startswith("✓ PROTECTED")
        assert "If the stop is hit now" in shown.terminal.text
        shown.resize(120, 24)
        shown.until(says("Leverage", "q quits"))
        shown.type("q")
        assert shown.ended() == 0


@pytest.mark.usefixtures("robsond")
def test_a_quiet_screen_costs_few_bytes(place: Path, record_property: Note) -> None:
    with watching(place) as shown:
        shown.until(says("✓ PROTECTED", "q quits"))
        before, painted = shown.bytes, len(shown.frames)
        shown.listen(6.0)
        sent, frames = shown.bytes - before, len(shown.frames) - painted
        shown.type("q")
        assert shown.ended() == 0

    assert 0 < sent < 6000, "only lines that differ"
    assert frames <= 6 * 4, "at most four repaints a second, one read each"
    record_property("note", f"watch: {sent} bytes in 6 s, {frames} reads")


@contextmanager
def piped(place: Path, *words: str) -> Iterator[Callable[[], list[str]]]:
    """Watch into a pipe that is a file; gives what is there so far."""
    command = [*MAIN, "--state-dir", str(place), "status", "--watch", *words]
    out = place / f"out-{len(words)}"
    with out.open("w") as stdout:
        process = subprocess.Popen(
            command,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(HOME=str(place), LANG="C.UTF-8"),
        )
    try:
        yield lambda: out.read_text().splitlines()
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=BOUND_S)
    assert err == ""
    assert process.returncode == 130


def test_into_a_pipe_only_what_happened_and_json_each_look(place: Path, robsond: Robsond) -> None:
    with piped(place) as lines, piped(place, "--json") as looks:
        until(lambda: lines() and len(looks()) >= 4, "both have looked")

    assert sum(line.startswith("✓ PROTECTED") for line in lines()) == 1, "prices are no news"
    assert "\x1b" not in "".join(lines())
    assert {json.loads(line)["schema"] for line in looks()} == {"robson.status/1"}
    robsond.kill()
    with piped(place, "--json") as looks:
        until(lambda: len(looks()) >= 2, "it has looked")

    assert {json.loads(line)["error"]["code"] for line in looks()} == {"UNAVAILABLE"}


@pytest.mark.usefixtures("robsond")
def test_a_reader_that_has_enough_ends_it_also_while_nothing_happens(place: Path) -> None:
    """As `status --watch | head -1` does: prices are no news, so nothing is printed again."""
    reader = subprocess.Popen(
        [*MAIN, "--state-dir", str(place), "status", "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(HOME=str(place), LANG="C.UTF-8"),
    )
    try:
        assert reader.stdout is not None
        assert reader.stdout.readline().startswith("✓ PROTECTED".encode())
        reader.stdout.close()
        assert reader.wait(BOUND_S) == 141
        assert reader.stderr is not None
        assert reader.stderr.read() == b""
    finally:
        reader.kill()
        reader.communicate()


def test_a_screen_reader_hears_what_is_new(place: Path, robsond: Robsond) -> None:
    with watching(place, "--plain") as shown:
        shown.until(says("Verdict: PROTECTED."))
        until(lambda: not shown.waits(0.5) or shown.listen(0.5), "it is silent")
        robsond.kill()
        shown.until(says("Verdict: CANNOT SEE."))
        shown.process.send_signal(signal.SIGINT)
        shown.ended()

        assert shown.terminal.entered == 0
        assert shown.terminal.text.isascii()
        assert shown.terminal.text.count("Verdict: PROTECTED.") == 1

"""The demo as a person meets it: a real daemon, a real terminal, every way out."""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.e2e.harness import until
from tests.e2e.terminals import Watched, given_back, on_terminal
from tests.unit.cli.screens.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
ROBSON = (sys.executable, "-m", "tests.unit.cli.screens.drive_demo")
BOUND_S = 60.0


@pytest.fixture
def place() -> Iterator[Path]:
    """A short folder: a socket's path has about a hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="rd") as made:
        yield Path(made)


def environment(place: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "TMPDIR": str(place), "LANG": "C.UTF-8", "TERM": "xterm-256color", **more}


def run(place: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ROBSON, "demo", *args],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
        cwd=ROOT,
        env=environment(place, **env),
    )


def nothing_is_left(place: Path) -> None:
    """No state directory, and no daemon that works in one."""
    assert list(place.glob("robson-demo-*")) == []
    assert daemons(place) == []


def daemons(place: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "robson.daemon" in words and any(word.startswith(str(place)) for word in words):
            found.append(entry.parent.name)
    return found


# --- not a terminal ------------------------------------------------------------------------------


def test_one_line_an_event_and_then_the_summary(place: Path) -> None:
    done = run(place, "--speed", "max")

    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0].startswith("SIMULATED, no real money")
    assert re.search(r"^Tape  BTCUSDT synthetic", done.stdout, re.MULTILINE)
    assert re.search(
        r"^[0-9:]{8} filled   bought [0-9.]+ BTC at [0-9,.]+$", done.stdout, re.MULTILINE
    )
    assert re.search(
        r"^✓ CLOSED    BTCUSDT long by \w+   [+-][0-9.]+ USDT", done.stdout, re.MULTILINE
    )
    for label in ("Why", "Plan", "Costs", "Safety", "Checked", "Next"):
        assert re.search(rf"^  {label} +\S", done.stdout, re.MULTILINE), label
    assert "\x1b" not in done.stdout
    nothing_is_left(place)


def test_json_is_one_document_and_nothing_else(place: Path) -> None:
    done = run(place, "--speed", "max", "--json")

    document = json.loads(done.stdout, parse_float=Decimal)
    assert (done.returncode, done.stderr) == (0, "")
    assert document["schema"] == "robson.demo/1"
    assert set(document) >= {"tape", "positions", "rejections", "events", "invariants"}
    (position,) = document["positions"]
    assert position["state"] == "closed"
    assert position["settled"]
    assert {"exit_price", "exited_at", "fees", "interest"} <= set(position)
    kinds = [row["kind"] for row in document["events"]]
    assert kinds.count("entry_filled.v1") == 1
    assert [row["seq"] for row in document["events"]] == list(range(1, len(kinds) + 1))
    nothing_is_left(place)


def test_two_runs_of_one_seed_are_the_same_life(place: Path) -> None:
    """At full speed nobody has time to look: the lowest point is that of every price."""
    told = [
        json.loads(run(place, "--speed", speed, "--json").stdout, parse_float=Decimal)
        for speed in ("max", "40000")
    ]

    assert told[0]["events"] == told[1]["events"]
    assert told[0]["lowest"] == told[1]["lowest"] < 0


def test_no_position_says_why_with_numbers_and_ends_with_10(place: Path) -> None:
    done = run(place, "--speed", "max", "--capital", "1")
    told = json.loads(run(place, "--speed", "max", "--capital", "1", "--json").stdout)

    assert done.returncode == 10
    assert "NO POSITION" in done.stdout
    assert re.search(r"^  Refused +[0-9:]+ \w+: .*[0-9]", done.stdout, re.MULTILINE)
    assert told["rejections"][0]["numbers"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--tape", "/nowhere.csv"], "/nowhere.csv"),
        (["--from", "yesterday", "--speed", "max"], "yesterday"),
        (["--profile", "live"], "simulated exchange"),
        (["--state-dir", "/tmp"], "--keep"),
        (["--keep", "robson"], "not an empty directory"),
    ],
)
def test_what_cannot_be_is_one_clear_line(place: Path, args: list[str], said: str) -> None:
    done = run(place, *args)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr + done.stdout
    nothing_is_left(place)


def test_a_crash_leaves_the_stop_and_enters_once(place: Path) -> None:
    done = run(place, "--crash", "--speed", "4000")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "robsond was killed" in done.stdout
    assert re.search(r"the exchange stop\s+[0-9,.]+ rests", " ".join(done.stdout.split()))
    assert "1 entry order among" in " ".join(done.stdout.split())
    assert "✓ CLOSED" in done.stdout
    nothing_is_left(place)


def test_what_is_kept_stays(place: Path) -> None:
    kept = place / "kept"

    done = run(place, "--speed", "max", "--keep", str(kept))

    assert done.returncode == 0
    assert (kept / "journal.db").exists()
    assert re.search(rf"^  Kept +{kept}", done.stdout, re.MULTILINE)
    nothing_is_left(place)


# --- a terminal ----------------------------------------------------------------------------------


@contextmanager
def watched(place: Path, *args: str, rows: int = 24, columns: int = 80) -> Iterator[Watched]:
    command = [*ROBSON, "demo", *args]
    with on_terminal(command, environment(place), rows=rows, columns=columns) as shown:
        yield shown


def protected(terminal: Terminal) -> bool:
    return terminal.alternate and "✓ PROTECTED  Exchange stop" in terminal.text


def test_the_live_view_is_24_lines_and_then_the_summary(place: Path) -> None:
    with watched(place, "--speed", "3000") as demo:
        demo.until(lambda terminal: protected(terminal) and "If the stop is hit" in terminal.text)
        live = demo.terminal.lines
        code = close_and_wait(demo)

        assert code == 0
        assert len(live) == 24
        assert live[0].startswith("SIMULATED, no real money")
        assert "ACTIVE" in live[1]
        assert any("stop-gain" in line for line in live)
        assert any(line.startswith("If the stop is hit now: about") for line in live)
        assert all(len(line) <= 80 for frame in demo.frames for line in frame)
        assert max(len(frame) for frame in demo.frames) == 24
        assert demo.terminal.cleared_whole == 0
        assert "✓ CLOSED    BTCUSDT long" in demo.terminal.text
        given_back(demo.terminal)
    nothing_is_left(place)


def close_and_wait(demo: Watched) -> int:
    """The slave's last holder is the demo: read until it has gone."""
    demo.until(lambda terminal: not terminal.alternate and "Next" in terminal.text)
    return demo.process.wait(timeout=BOUND_S)


@pytest.mark.parametrize("key", ["\x03", "q"])
def test_every_way_out_gives_the_terminal_back(place: Path, key: str) -> None:
    with watched(place) as demo:
        demo.until(protected)
        assert len(daemons(place)) == 1
        demo.type(key)
        demo.until(lambda terminal: "Stopped by you" in terminal.text)

        assert demo.process.wait(timeout=BOUND_S) == 130
        given_back(demo.terminal)
    nothing_is_left(place)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_leaves_nothing_behind(place: Path, number: signal.Signals) -> None:
    """Also while nothing moves on a screen: its robsond ends, its directory goes."""
    process = subprocess.Popen(
        [*ROBSON, "demo", "--json"], cwd=ROOT, env=environment(place), stdin=subprocess.DEVNULL
    )
    try:
        until(lambda: [*place.glob("robson-demo-*/robsond.sock")], "its robsond answers")
        process.send_signal(number)
        assert process.wait(timeout=BOUND_S) == 128 + number
    finally:
        process.kill()
    nothing_is_left(place)


def test_ctrl_c_while_robsond_starts(place: Path) -> None:
    with watched(place) as demo:
        demo.until(lambda terminal: "SIMULATED" in terminal.text)
        demo.type("\x03")

        assert demo.process.wait(timeout=BOUND_S) == 130
        assert demo.terminal.cursor_shown
    nothing_is_left(place)


def narrow(terminal: Terminal) -> bool:
    """Its sentences are broken for 64 columns, and nothing is wider."""
    broken = "rests (simulated) for all\n" in terminal.text
    return broken and all(len(line) <= 64 for line in terminal.lines)


def test_a_new_size_is_taken_over(place: Path) -> None:
    with watched(place) as demo:
        demo.until(protected)
        ioctl(demo.master, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 64, 0, 0))
        demo.terminal.resize(64, 20)
        # A repaint arrives in pieces: the old, wider lines go one by one.
        demo.until(lambda terminal: narrow(terminal) and len(terminal.lines) == 20)
        demo.type("\x03")
        assert demo.process.wait(timeout=BOUND_S) == 130
    nothing_is_left(place)


def test_a_screen_reader_hears_sentences(place: Path) -> None:
    with watched(place, "--plain", "--speed", "max") as demo:
        demo.until(lambda terminal: "Verdict: CLOSED." in terminal.text)

        assert demo.process.wait(timeout=BOUND_S) == 0
        assert demo.terminal.entered == 0
        assert demo.terminal.text.isascii()
        assert re.search(r"^12:00:00 filled: bought", demo.terminal.text, re.MULTILINE)

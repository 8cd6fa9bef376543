"""Runs `robson demo` as a person would: its document, its exit codes, and nothing is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.conftest import recorded_tapes
from tests.e2e import shapes
from tests.e2e.harness import BOUND_S, ROOT, Tally, environment, folder, until

KEYS = {"schema", "tape", "positions", "rejections", "events", "invariants"}
POSITION_KEYS = {"id", "symbol", "side", "state", "exit_price", "exited_at", "fees", "interest"}
NO_POSITION, USAGE, INTERRUPTED = 10, 2, 130

# `now` enters at once, `all-in` when the first quarter of an hour closes beyond the past ones.
NOW = [60_000, 60_001, 60_000, 60_300, 60_800, 60_700, 60_400, 60_100, 60_000]
ALL_IN = [*(60_000 + step // 2 for step in range(91)), *NOW[3:]]
FLAT = shapes.still(20)


@attrs.frozen
class Shown:
    """What a demo came to."""

    code: int
    out: str
    err: str

    def document(self) -> dict[str, Any]:
        """Its one document: stdout holds nothing else."""
        assert self.err == ""
        found: dict[str, Any] = json.loads(self.out, parse_float=Decimal)
        return found


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a place for temporary files of its own, so that nothing can hide."""
    with folder() as made:
        (made / "t").mkdir()
        yield made
        assert list((made / "t").iterdir()) == [], "the demo left files behind"
        assert processes_that_name(made) == [], "the demo left a process behind"


def processes_that_name(path: Path) -> list[str]:
    """Command lines of running processes with a path in them."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        if str(path) in words:
            found.append(words)
    return found


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "robson.cli.main", "demo", *arguments]


def demo(place: Path, *arguments: str) -> Shown:
    """Run one to its end."""
    ran = subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(TMPDIR=str(place / "t")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_S * 2,
        check=False,
    )
    assert "Traceback" not in ran.stdout + ran.stderr
    return Shown(ran.returncode, ran.stdout, ran.stderr)


def tape(place: Path, prices: list[int], side: str, *, bar_s: int = 10) -> list[str]:
    path = shapes.write_path(place, shapes.mirrored(prices, side), bar_s=bar_s)
    return ["--tape", str(path), "--history", str(shapes.write_past(place)), "--side", side]


# --- whole lives ---------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize(("strategy", "prices"), [("now", NOW), ("all-in", ALL_IN)])
def test_life_is_told_in_one_document(
    place: Path, strategy: str, prices: list[int], side: str, record_property: Any
) -> None:
    kept = place / "k"
    asked = ("--strategy", strategy, "--speed", "max", "--json", "--keep", str(kept))

    shown = demo(place, *tape(place, prices, side), *asked)

    told = shown.document()
    tally = Tally.of(kept)
    assert shown.code == 0
    assert told["schema"] == "robson.demo/1"
    assert told.keys() >= KEYS
    (position,) = told["positions"]
    assert position.keys() >= POSITION_KEYS
    assert (position["state"], position["side"], position["settled"]) == ("closed", side, True)
    assert position["exit_reason"] == "trailing_stop"
    assert told["rejections"] == []
    assert told["invariants"]["violated"] == []
    assert sum(told["invariants"]["checked"].values()) > 0
    assert [row["seq"] for row in told["events"]] == [row.seq for row in tally.rows[:-1]]
    # In, protected, the protection replaced after the first rung, taken off, out.
    assert tally.trades() == ["entry", "stop", "cancel stop", "stop", "cancel stop", "exit"]
    tally.is_clean()
    record_property("happened", f"demo, whole life: {strategy} {side}")


def test_nothing_opened_is_said(place: Path) -> None:
    asked = ("--strategy", "all-in", "--speed", "max", "--json")
    shown = demo(place, *tape(place, FLAT, "long", bar_s=60), *asked)

    told = shown.document()
    assert shown.code == NO_POSITION
    assert [position["state"] for position in told["positions"]] == ["cancelled"]
    assert told["rejections"] or any("SMA 9" in waiting for waiting in told["waiting"])


def test_words_for_people(place: Path) -> None:
    shown = demo(place, *tape(place, NOW, "long"), "--speed", "max")

    assert shown.code == 0
    assert shown.err == ""
    assert shown.out.startswith("SIMULATED, no real money")


def test_generated_tape_says_so(place: Path) -> None:
    told = demo(place, "--speed", "max", "--json").document()

    assert told["tape"]["synthetic"] is True
    assert [position["state"] for position in told["positions"]] == ["closed"]


# --- on purpose ----------------------------------------------------------------------------------


def test_crash_on_the_way(place: Path, record_property: Any) -> None:
    # A day that is quiet for hours, so that it is seen holding even at full speed.
    quiet = tape(place, [*shapes.still(1200), *NOW[3:]], "long", bar_s=60)
    shown = demo(place, *quiet, "--crash", "--speed", "max", "--json")

    told = shown.document()
    crash = told["crash"]
    assert crash["killed"], "it was never caught holding anything"
    assert shown.code == 0
    assert told["invariants"]["violated"] == []
    assert [order["type"] for order in crash["resting"]] == ["STOP_LOSS"]
    assert crash["entry_orders"] == 1
    record_property("note", f"demo --crash: answered again after {crash['down_ms']} ms")


def test_its_daemon_ends_with_it(place: Path) -> None:
    """When nothing can be done any more, no robsond is left running all the same."""
    asked = command(*tape(place, FLAT, "long", bar_s=60), "--speed", "1", "--json")
    process = subprocess.Popen(
        asked,
        cwd=ROOT,
        env=environment(TMPDIR=str(place / "t")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: [*(place / "t").glob("*/robsond.sock")], "its robsond answers")
        [state] = (place / "t").iterdir()
        process.kill()
        process.wait(BOUND_S)
    finally:
        process.kill()
    until(lambda: "ended in order" in (state / "robsond.out").read_text(), "its robsond ends")
    until(lambda: processes_that_name(place) == [], "its robsond is gone")
    shutil.rmtree(state)  # nobody was left to do it


def test_interrupted(place: Path) -> None:
    """Ctrl-C in the middle: 130, the daemon gone, the directory gone."""
    asked = command(*tape(place, FLAT, "long", bar_s=60), "--speed", "1", "--json")
    process = subprocess.Popen(
        asked,
        cwd=ROOT,
        env=environment(TMPDIR=str(place / "t")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until(lambda: [*(place / "t").glob("*/robsond.sock")], "its robsond answers")
        os.killpg(process.pid, signal.SIGINT)  # a terminal tells all of them
        out, err = process.communicate(timeout=BOUND_S)
    finally:
        process.kill()
    assert process.returncode == INTERRUPTED
    assert "Traceback" not in out + err


def test_usual_ports_in_use_do_not_matter(place: Path, record_property: Any) -> None:
    with ExitStack() as held:
        taken = []
        for port in (8080, 50051):
            door = held.enter_context(socket.socket())
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue  # taken already, which is as good
            door.listen()
            taken.append(port)
        shown = demo(place, *tape(place, NOW, "long"), "--speed", "max", "--json")

    assert shown.code == 0
    assert shown.document()["positions"][0]["state"] == "closed"
    record_property("note", f"demo: beside ports 8080 and 50051, of which {taken} were taken here")


# --- refused -------------------------------------------------------------------------------------


def book_tickers(place: Path) -> list[Path]:
    """The recorded ones, and one of the same columns."""
    made = place / "BTCUSDT-bookticker-made.csv"
    columns = "recv_time_us,update_id,bid_price,bid_qty,ask_price,ask_qty"
    made.write_text(f"{columns}\n1723161254087891,1,61837.63,3.7,61837.64,1.5\n")
    recorded = recorded_tapes()
    return [made, *(recorded.glob("ticks/*bookticker*") if recorded else ())]


def test_book_tickers_are_refused_in_one_line(place: Path, record_property: Any) -> None:
    paths = book_tickers(place)
    for path in paths:
        shown = demo(place, "--tape", str(path), "--speed", "max", "--json")
        said = shown.document()
        assert shown.code == USAGE
        assert said["schema"] == "robson.error/1"
        message = said["error"]["message"]
        assert str(path) in message
        assert "is neither bars nor trades" in message
        assert "\n" not in message
    record_property("note", f"demo: {len(paths)} book tickers refused")


WRONG = [
    (("--speed", "fast"), "--speed"),
    (("--side", "up"), "--side"),
    (("--tape", "nowhere.csv"), "nowhere.csv"),
    (("--strategy", "hope"), "hope"),
    (("--capital", "-1"), "--capital"),
    (("--profile", "live"), "simulated"),
]


@pytest.mark.parametrize(("arguments", "word"), WRONG, ids=lambda part: str(part[-1]))
def test_wrong_use_is_one_document(
    place: Path, arguments: tuple[str, ...], word: str, record_property: Any
) -> None:
    shown = demo(place, *arguments, "--json")

    said = shown.document()
    assert shown.code == said["exit"] == USAGE
    assert word in said["error"]["message"]
    record_property("happened", f"demo refused: {' '.join(arguments)}")

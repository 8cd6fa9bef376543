"""Broken tapes through the real programs: one line, an exit code, nothing made, no waiting.

The reader itself meets all of them in tests/unit/simulated; here a sample goes the whole way.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import ROOT, environment, refused
from tests.unit.simulated.broken_tapes import GOOD, NAME, Broken, broken

USAGE, INVALID = 64, 2
BOUND_S = 30.0
"""A pipe or a device that is read is read for ever."""
SAMPLE = (
    "bar, price: exponent, plain",
    "bar, price: nan, gzip",
    "trade, price: zero, CRLF",
    "bar, price: negative, byte order mark",
    "bar: high below low, plain",
    "bar: backward, gzip",
    "bar: conflicting duplicate, CRLF",
    "bar: 10 MB, plain",
    "trade: smaller id, plain",
    "gzip cut in its data",
    "gzip and rubbish behind it",
    "a bomb",
    "UTF-16",
    "Latin-1 row",
    "NUL bytes",
    "header only",
    "semicolons",
    "both kinds",
    "seconds",
    "book ticker",
)


def sample() -> list[Broken]:
    """The broken files that go all the way."""
    return [case for case in broken() if case.name in SAMPLE]


def demo(*arguments: str, **env: str) -> tuple[int, Any, str]:
    """Ask a demo for one document; its exit code, the document, what it said besides."""
    ran = subprocess.run(
        [sys.executable, "-m", "robson.cli.main", "demo", "--json", *arguments],
        cwd=ROOT,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    return ran.returncode, json.loads(ran.stdout), ran.stderr


def test_the_sample_is_whole() -> None:
    assert len(sample()) == len(SAMPLE)


@pytest.mark.parametrize("case", sample(), ids=lambda case: case.name)
def test_robsond_refuses_it_in_one_line(
    place: Path, case: Broken, record_property: Callable[[str, object], None]
) -> None:
    path = place / case.file
    path.write_bytes(case.data)

    ended = refused(place / "s", "--tape", str(path))

    said = ended.one_line(str(path), case.says, "Nothing was changed", "exit 64")
    assert ended.code == USAGE
    assert ended.after_s < BOUND_S
    assert case.line is None or f", line {case.line}: " in said
    assert made(place / "s") == []
    record_property("happened", f"broken tape refused by robsond: {case.name}")


def made(state: Path) -> list[str]:
    """What a refused start has left in a state directory."""
    return sorted(path.name for path in state.rglob("*") if path.is_file())


@pytest.mark.parametrize("case", sample()[::5], ids=lambda case: case.name)
def test_demo_refuses_it_in_one_document(
    place: Path, case: Broken, record_property: Callable[[str, object], None]
) -> None:
    path, temporary = place / case.file, place / "t"
    path.write_bytes(case.data)
    temporary.mkdir()

    code, told, said = demo("--tape", str(path), TMPDIR=str(temporary))

    assert code == INVALID
    assert told["error"]["code"] == "INVALID_ARGUMENT"
    assert case.says in told["error"]["message"]
    assert "\n" not in told["error"]["message"]
    assert said == ""
    assert list(temporary.iterdir()) == []
    record_property("happened", f"broken tape refused by robson demo: {case.name}")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))


OBJECTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "folder": (Path.mkdir, "is a directory"),
    "pipe": (_pipe, "is a pipe or device"),
    "socket": (_socket, "cannot be opened"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a pipe or device"),
    "kernel": (lambda path: path.symlink_to("/proc/self/mem"), "cannot be read"),
    "loop": (lambda path: path.symlink_to(path), "cannot be opened"),
    "nothing": (lambda _path: None, "No such file"),
}


@pytest.mark.parametrize("what", OBJECTS)
def test_what_is_no_file_is_refused_at_once(
    place: Path, what: str, record_property: Callable[[str, object], None]
) -> None:
    make, says = OBJECTS[what]
    path = place / NAME
    make(path)

    ended = refused(place / "s", "--tape", str(path))

    ended.one_line(str(path), says, "exit 64")
    assert ended.code == USAGE
    assert ended.after_s < BOUND_S
    assert made(place / "s") == []
    record_property("happened", f"broken tape refused by robsond: {what}")


def test_a_path_that_is_not_utf8_is_refused_in_printable_text(place: Path) -> None:
    path = os.fsdecode(os.fsencode(place) + b"/\xff\xfe.csv")
    Path(path).write_bytes(GOOD)

    ended = refused(place / "s", "--tape", path)

    assert ended.one_line("does not begin with a known pair", "exit 64").isprintable()
    assert ended.code == USAGE
    code, told, said = demo("--tape", path)
    assert (code, said) == (INVALID, "")
    assert "does not begin with a known pair" in told["error"]["message"]

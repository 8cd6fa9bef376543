"""``robson status`` on every kind of output a person may have: byte for byte, without a traceback.

Run with ROBSON_GOLDEN=write to renew the texts in golden/ after a change that was meant.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.fake_daemon import FakeBackend, listening
from tests.e2e.harness import ROOT, environment
from tests.e2e.terminals import BOUND_S, on_terminal

MAIN = (sys.executable, "-c", "from robson.cli.main import main; main()")
GOLDEN = Path(__file__).with_name("golden")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
USUAL = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}

# columns, rows, environment, options
TERMINALS: dict[str, tuple[int, int, dict[str, str], list[str]]] = {
    "60": (60, 40, USUAL, []),
    "80": (80, 40, USUAL, []),
    "120": (120, 40, USUAL, []),
    "no-color": (80, 40, {**USUAL, "NO_COLOR": "1"}, []),
    "no-color-option": (80, 40, USUAL, ["--no-color"]),
    "dumb": (80, 40, {**USUAL, "TERM": "dumb"}, []),
    "plain": (80, 40, USUAL, ["--plain"]),
    "ascii-locale": (80, 40, {"TERM": "xterm", "LC_ALL": "C"}, []),
    "ascii-asked": (80, 40, {**USUAL, "ROBSON_ASCII": "1"}, []),
    "low": (80, 6, USUAL, []),
}
SAME = {"no-color": "80", "no-color-option": "80", "plain": "dumb", "ascii-asked": "ascii-locale"}
"""Told in the same words."""
COLOURED = {"60", "80", "120", "ascii-locale", "ascii-asked", "low"}


@pytest.fixture(scope="module")
def door() -> Iterator[str]:
    with listening(FakeBackend()) as (_, doors):
        yield str(doors.socket)


def approved(name: str, text: str) -> str:
    file = GOLDEN / f"status-{name}.txt"
    if os.environ.get("ROBSON_GOLDEN") == "write" and name not in SAME:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return file.with_name(f"status-{SAME.get(name, name)}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TERMINALS)
def test_on_a_terminal(name: str, door: str, tmp_path: Path) -> None:
    columns, rows, env, options = TERMINALS[name]
    command = [*MAIN, "--daemon-url", door, "status", *options]
    with on_terminal(
        command, environment(HOME=str(tmp_path), **env), rows=rows, columns=columns
    ) as shown:
        code = shown.ended()
        raw = shown.raw
    text = ESCAPE.sub("", raw).replace("\r\n", "\n")

    assert code == 0
    assert "\x1b" not in text, "nothing but colour"
    assert ("\x1b" in raw) is (name in COLOURED)
    assert text == approved(name, text)
    assert max(map(len, text.splitlines())) <= columns
    assert text.isascii() is (name in ("dumb", "plain", "ascii-locale", "ascii-asked"))


def test_into_a_pipe(door: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*MAIN, "--daemon-url", door, "status"],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=True,
        cwd=ROOT,
        env=environment(HOME=str(tmp_path), LANG="C.UTF-8"),
    )

    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "pos_01K0C3VF00ABCDEFGH017K3QM4" in done.stdout, "programs get whole ids"
    assert done.stdout == approved("piped", done.stdout)


def test_a_low_terminal_repeats_the_verdict_at_the_prompt() -> None:
    lines = (GOLDEN / "status-low.txt").read_text(encoding="utf-8").splitlines()

    assert lines[-1] == lines[0]
    assert lines[0].startswith(("✓", " !"))

"""The page of the first day, typed as it stands: every fenced command, in its order.

``./tools/robsond run`` is what the page types into terminal one; it runs beside the others until
the page ends it, starts it anew, or works on its files.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.harness import ROOT, environment, folder, until

PAGE = ROOT / "docs" / "operations" / "first-day.md"
STATE = Path(".local/state/robson/sim")
BOUND_S = 120.0
CANNOT_SEE, DENIED = 3, 7


def lines(text: str) -> list[str]:
    """Every fenced command of a page."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


class Terminals:
    """Two of them: one in which a daemon may run, one for everything else."""

    def __init__(self, home: Path) -> None:
        self.state = home / STATE
        self.env = environment(HOME=str(home))
        self._daemon: subprocess.Popen[bytes] | None = None

    def type(self, line: str) -> int:
        """Type a command; its exit code."""
        if line.startswith("./tools/robsond run"):
            return self._start(line)
        if line.startswith(("rm ", "cp ")):
            self.stop()
        ran = subprocess.run(
            ["sh", "-c", line],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BOUND_S,
            check=False,
        )
        assert "Traceback" not in ran.stdout + ran.stderr, ran.stderr
        if line.startswith("kill -9 "):
            assert self._daemon is not None
            self._daemon.communicate(timeout=BOUND_S)
            assert self._daemon.returncode == -signal.SIGKILL
            self._daemon = None
        return ran.returncode

    def _start(self, line: str) -> int:
        self.stop()
        self._daemon = subprocess.Popen(
            ["sh", "-c", f"exec {line}"],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        daemon = self._daemon
        until(
            lambda: daemon.poll() is not None or self.type("./tools/robson status") == 0,
            f"{line} answers",
        )
        return daemon.poll() or 0

    def stop(self) -> None:
        """Ctrl-C in terminal one."""
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGINT)
            _, said = self._daemon.communicate(timeout=BOUND_S)
            assert self._daemon.returncode == 0, said
            self._daemon = None

    def close(self) -> None:
        """End what a failing test has left."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.communicate()


@contextmanager
def terminals() -> Iterator[Terminals]:
    with folder() as home:
        opened = Terminals(home)
        try:
            yield opened
        finally:
            opened.close()


def allowed(line: str, before: str) -> tuple[int, ...]:
    """What the page says about how a command ends."""
    if before.startswith("kill -9 "):
        return (CANNOT_SEE,)
    return (0, DENIED) if line.endswith("--dry-run") and " arm " in line else (0,)


@pytest.mark.timeout(600)
def test_the_first_day_as_it_is_written(record_property: Callable[[str, object], None]) -> None:
    typed = lines(PAGE.read_text(encoding="utf-8"))
    copy = Path("/tmp/robson-journal.copy")  # the page names it
    with terminals() as two:
        before = ""
        for line in typed:
            here = line.replace(str(copy), str(two.state.parent / copy.name))
            code = two.type(here)
            assert code in allowed(line, before), f"{line}: exit {code}"
            before = line
        two.stop()
        assert (two.state / "journal.db").exists()

    assert len(typed) > 20
    assert sum(line.startswith("kill -9") for line in typed) == 1
    record_property("note", f"docs: {len(typed)} commands of the first day typed and ended as said")
    record_property("happened", "kill -9: as the first day types it")


def test_a_command_that_ends_otherwise_is_found() -> None:
    with terminals() as two:
        assert two.type("./tools/robson status") not in allowed("./tools/robson status", "")
        assert two.type("./tools/robson no-such-command") not in allowed("x", "")
    assert lines("```sh\none\n\ntwo\n```\n```text\nthree\n```\n") == ["one", "two"]
    assert os.access(ROOT / "tools" / "robsond", os.X_OK)

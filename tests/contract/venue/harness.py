"""Starts a venue as anybody would, and lets other people's clients loose on it, each a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).resolve().parents[3]
CLIENTS = ROOT / ".venv" / "clients"
HERE = Path(__file__).resolve().parent
BOUND_S = 60.0
_OWN = {name: text for name, text in os.environ.items() if not name.startswith("ROBSON_")}


@attrs.frozen
class Started:
    """A venue that runs: where it says it is."""

    told: dict[str, Any]

    @property
    def rest(self) -> str:
        return str(self.told["rest"])

    @property
    def ws(self) -> str:
        return str(self.told["ws"])


@contextmanager
def venue(*options: str) -> Iterator[Started]:
    """A venue on a free port until the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "robson.sim", "venue", "--port", "0", "--json", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_OWN | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Started(json.loads(line))
    finally:
        process.terminate()
        _, said = process.communicate(timeout=BOUND_S)
    assert "Traceback" not in said, said


def client(name: str, *arguments: str) -> dict[str, Any]:
    """What a client of other people prints: one JSON document."""
    done = subprocess.run(
        [sys.executable, str(HERE / "clients" / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
        env=_OWN | {"PYTHONPATH": str(CLIENTS)},
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document

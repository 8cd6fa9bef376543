"""Ctrl-C while a program is still being loaded: one line and 130, whatever it loads just then."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import ROOT, environment

SENT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
program, where, *words = sys.argv[1:]
class Sends:
    def find_spec(self, name, *_):
        if name == where:
            print("sent", flush=True)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Sends())
sys.argv = [program, *words]
from robson import programs
sys.exit(getattr(programs, program)())
"""
"""A program, interrupted when it begins to load a module."""
WORDS = {
    "robson": ("status",),
    "robsond": ("run", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"),
    "robson_sim": ("books", "--state-dir", "nowhere"),
}
MOMENTS = [
    ("robson", "robson.cli.main"),
    ("robson", "robson.cli.parser"),
    ("robson", "robson.cli.session"),
    ("robsond", "robson.daemon.__main__"),
    ("robsond", "robson.daemon.config"),
    ("robsond", "robson.daemon.serving"),
    ("robsond", "robson.daemon.monitor"),
    ("robsond", "robson.connectors.simulated.generator"),
    ("robson_sim", "robson.sim.__main__"),
    ("robson_sim", "robson.sim.chaos.command"),
    ("robson_sim", "robson.sim.ledgers"),
]


def interrupted(
    place: Path, program: str, where: str, *more: str
) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [sys.executable, "-c", SENT, program, where, *WORDS[program], *more],
        env=environment(ROBSON_STATE_DIR=str(place / "state"), PYTHONPATH=str(ROOT)),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.stdout.startswith("sent\n"), ended.stderr
    return ended


@pytest.mark.parametrize(("program", "where"), MOMENTS, ids=lambda text: text)
def test_one_line(tmp_path: Path, program: str, where: str, record_property: Any) -> None:
    ended = interrupted(tmp_path, program, where)

    assert ended.returncode == 128 + signal.SIGINT
    assert ended.stdout == "sent\n"
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("error: interrupted")
    assert not (tmp_path / "state").exists()
    record_property("happened", f"{program} interrupted while it loads {where}")


def test_a_document_with_json(tmp_path: Path) -> None:
    for program, where in (MOMENTS[0], MOMENTS[-2]):
        ended = interrupted(tmp_path, program, where, "--json")

        document = json.loads(ended.stdout.removeprefix("sent\n"))
        assert document["error"]["code"] == "CANCELLED_BY_USER"

"""The same seeds give the same worlds, in another process and whatever Python hashes strings to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

SEEDS = "1..50"


def world(hash_seed: str, seeds: str = SEEDS) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "robson.sim", "world", "--seeds", seeds, "--json"],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_traces_are_equal_in_two_processes() -> None:
    one, two = world("1"), world("4242")
    for each in (one, two):
        del each["elapsed_s"], each["positions_per_s"]

    assert one == two
    assert one["reached"]["events"] > 1_000
    assert one["positions"] > 50


def test_a_trace_depends_on_the_seed() -> None:
    assert world("1", "1..1")["trace_sha256"] != world("1", "2..2")["trace_sha256"]

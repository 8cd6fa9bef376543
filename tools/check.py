"""Runs everything that a change must pass: the quick static checks first, then the tests.

A failed static check is shown in full and keeps the tests from running. Otherwise the exit code
and the last lines are pytest's own. Called by `./tools/test`, with pytest's arguments.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent  # not resolved: the venv's programs lie beside its python

STATIC = {
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "lint": [str(BIN / "ruff"), "check", "."],
    "types": [str(BIN / "mypy")],
    "imports": [str(BIN / "lint-imports"), "--no-logo"],
    "protos": [sys.executable, "tools/protos.py", "--check"],
}


def passes(name: str, command: list[str]) -> bool:
    """Run one static check and print its line, with its output only when it failed."""
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    took = time.monotonic() - started
    print(f"{'ok' if done.returncode == 0 else 'FAIL':5} {name:8} {took:6.1f} s", flush=True)
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


def main(arguments: list[str]) -> int:
    if "--mutants" in arguments:
        arguments.remove("--mutants")
        return subprocess.call([sys.executable, "tools/mutants.py", *arguments], cwd=ROOT)

    if "--rows" in arguments:
        arguments.remove("--rows")
        return subprocess.call([sys.executable, "tools/rows.py", *arguments], cwd=ROOT)

    failed = [name for name, command in STATIC.items() if not passes(name, command)]
    if failed:
        print(f"not passed: {', '.join(failed)}; the tests were not run")
        return 1
    # All but the long proofs, or those; with arguments, exactly what was asked for. Four workers
    # on two cores: a third of the time a test only waits for the process that it has started.
    workers = ["-n", "4", "--dist", "worksteal"]
    if not arguments:
        arguments = [*workers, "-m", "not long"]
    elif "--long" in arguments:  # a line for each, with how far it is: it takes its time
        arguments.remove("--long")
        told = ["-v", "--durations=0", "--durations-min=5"]
        arguments = [*workers, "-m", "long", *told, *arguments]
    # A shell that starts this in its background keeps Ctrl-C from it and from every process of a
    # test, and some tests are about Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The tests start hundreds of processes. They share one compiled copy of the code, also where
    # the shell keeps Python from writing one: each of them would compile all of it again.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

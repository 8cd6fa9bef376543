"""What whole processes cost: the time of a status, the daemon's memory, lives of the simulation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from bench_kit import CannotMeasure, Goal, Row, Run, Timed, alternate, output

from robson.api.client import CallFailed, Client
from robson.cli.demo_daemon import Daemon, environment
from robson.cli.problem import Problem
from robson.connectors.simulated.generator import generate, write_csv
from robson.domain.identity import Symbol

BASES = ("BTC", "ETH", "SOL", "BNB", "XRP", "ADA", "LTC", "DOT", "LINK", "AVAX")
POSITIONS = len(BASES)
READY_S, LIVES_S, CALL_S = 20.0, 25.0, 4.0
LOOK_S = 0.05
MEMORY = Goal(of="subject", must=120, aim=80)
SPEED = "100000"
"""A day a second: quick, and the tape does not end between two lives."""
CAPITAL = "1000"
"""Sizes one trade: ten planned losses of it are within a month's budget."""


@contextmanager
def _daemon(directory: Path, *options: str) -> Iterator[tuple[Daemon, Client]]:
    """A robsond of our own with free ports, and a client of it; killed at the end.

    Raises:
        CannotMeasure: it did not start, ended, or did not answer.
    """
    daemon = Daemon(directory, list(options))
    daemon.start()
    try:
        client = daemon.wait(time.sleep, READY_S)
        client.timeout_s = CALL_S
        try:
            yield daemon, client
        finally:
            client.close()
    except (CallFailed, Problem) as failed:
        raise CannotMeasure(" ".join(str(failed).split())) from None
    finally:
        daemon.kill()  # nothing in this directory is needed again


# --- status --------------------------------------------------------------------------------------


def _process(command: Sequence[str], environ: dict[str, str]) -> Timed:
    def once() -> float:
        started = time.perf_counter()
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=READY_S,
            check=False,
        )
        took = time.perf_counter() - started
        if done.returncode != 0:
            raise CannotMeasure(f"{Path(command[0]).name} ended with {done.returncode}")
        return took

    return once


def status(run: Run) -> list[Row]:
    """The whole process, as a script or a person would call it."""
    directory = run.folder("status")
    robson = str(Path(sys.executable).parent / "robson")
    ask = [robson, "status", "--json", "--state-dir", str(directory)]
    environ = environment(os.environ)
    rounds = run.count(15)
    with _daemon(directory, "--hold"):
        told = json.loads(output(ask, READY_S))  # also the first time, which is not measured
        if not str(told.get("schema", "")).startswith("robson.status/"):
            raise CannotMeasure("robson status --json did not answer with a status")
        asked = _process(ask, environ)
        bare = alternate(
            asked, _process([sys.executable, "-c", "pass"], environ), rounds=rounds, bound_s=10
        )
        grpc = alternate(
            asked,
            _process([sys.executable, "-c", "import grpc"], environ),
            rounds=rounds,
            bound_s=10,
        )
    what = "robson status --json, whole process, against a running daemon; floor: python -c"
    return [
        bare.row("status", f"{what} pass", "ms", Goal(of="subject", must=150, aim=110)),
        grpc.row("status.grpc", f"{what} 'import grpc'", "ms"),
    ]


# --- memory --------------------------------------------------------------------------------------


def _resident(daemon: Daemon) -> dict[str, float]:
    """Megabytes of a process by the kernel's account: now, and at the most so far."""
    lines = Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM")}


def _memory(name: str, what: str, resident: dict[str, float]) -> Row:
    return Row(
        name=name,
        what=f"VmRSS of robsond {what}",
        unit="MB",
        subject=resident["VmRSS"],
        goal=MEMORY,
        binds=True,
        more={"most": resident["VmHWM"]},
    )


def _arm(client: Client, base: str, key: str) -> None:
    client.arm(symbol=f"{base}USDT", strategy="now", capital=CAPITAL, idempotency_key=key)


def _tape(directory: Path, base: str, minutes: int) -> tuple[str, str]:
    path = directory / f"{base}USDT-1m.csv"
    write_csv(generate(7, symbol=Symbol(base, "USDT"), minutes=minutes), path)
    return "--tape", f"{base}/USDT={path}"


def _until(client: Client, count: int, *states: str) -> None:
    """Wait until so many positions are in one of these states."""
    until = time.monotonic() + LIVES_S
    while True:
        found = client.status(states=states).positions
        if len(found) >= count:
            return
        if time.monotonic() > until:
            raise CannotMeasure(f"{len(found)} of {count} positions came to be {states[0]}")
        time.sleep(LOOK_S)


def _lives(run: Run) -> Row:
    """Ten positions of one pair, one after another; the last is still open."""
    count = run.count(POSITIONS)
    tape = _tape(run.directory, BASES[0], minutes=60 * 24 * 60)
    with _daemon(run.folder("lives"), *tape, "--hold", "--speed", SPEED) as (daemon, client):
        for number in range(count - 1):
            _arm(client, BASES[0], f"life {number}")
            _until(client, number + 1, "closed", "cancelled")
        _arm(client, BASES[0], "the last")
        resident = _resident(daemon)
    return _memory(
        "memory.lives", f"with {count} positions of one pair, one after another", resident
    )


def _pairs(run: Run) -> Row:
    """Ten positions at once, each on a pair of its own."""
    count = run.count(POSITIONS)
    directory = run.folder("pairs")
    config = directory / "config.toml"
    config.write_text(f"[risk]\nmax_open_positions = {POSITIONS}\n")
    tapes = [part for base in BASES[:count] for part in _tape(directory, base, minutes=720)]
    options = (*tapes, "--config", str(config), "--hold", "--speed", "1")
    with _daemon(directory, *options) as (daemon, client):
        for base in BASES[:count]:
            _arm(client, base, base)
        _until(client, count, "active")
        resident = _resident(daemon)
    return _memory("memory.pairs", f"with {count} active positions, each on its own pair", resident)


PARTS = {"memory.lives": _lives, "memory.pairs": _pairs}


def memory(run: Run) -> list[Row]:
    """Resident memory, idle and with ten positions; a part that fails does not hide the others."""
    with _daemon(run.folder("idle"), "--hold") as (daemon, _):
        rows = [_memory("memory.idle", "after its start, one pair, no position", _resident(daemon))]
    for name, part in PARTS.items():
        try:
            rows.append(part(run))
        except CannotMeasure as why:
            rows.append(Row(name=name, what=f"{part.__doc__} {why}", binds=True))
    return rows


# --- world ---------------------------------------------------------------------------------------


def world(run: Run) -> list[Row]:
    """Lives of the deterministic simulation in a second, its start included."""
    if find_spec("robson.sim.__main__") is None:
        return [Row(name="world", what="robson.sim has no program to run yet")]
    seeds = run.count(200)
    started = time.perf_counter()
    output([sys.executable, "-m", "robson.sim", "world", "--json", "--seeds", f"1..{seeds}"], 30)
    took = time.perf_counter() - started
    what = f"worlds a second of robson-sim world --seeds 1..{seeds}, whole process"
    return [Row(name="world", what=what, unit="/s", subject=seeds / took)]

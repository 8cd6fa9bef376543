"""What whole processes cost: the time of a status, the daemon's memory, lives of the simulation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench_kit import CannotMeasure, Goal, Row, Run, Timed, alternate, output

from robson.api.client import CallFailed, Client
from robson.cli.demo_daemon import Daemon, environment
from robson.cli.problem import Problem
from robson.connectors.simulated.generator import generate, generate_history, write_csv
from robson.connectors.simulated.rules import instrument_for
from robson.sim.plans import plan_of
from robson.sim.runs import Total, add_up, live

POSITIONS = 10
BASES = tuple(f"COIN{number}" for number in range(POSITIONS))
"""Pairs that no table knows: their rules are read off the tape."""
READY_S, ACTIVE_S, CALL_S = 20.0, 6.0, 4.0
WORLDS_S = 8.0
LOOK_S = 0.05
MEMORY = Goal(of="subject", must=120, aim=80)
SEED = 20
"""A market in which a plan is sound at once: the demo's."""
BARE = "import grpc; print(open('/proc/self/status').read(), end='')"
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


def _megabytes(told: str) -> dict[str, float]:
    """What a process holds by the kernel's account: now, and at the most so far."""
    fields = dict(line.split(":", 1) for line in told.splitlines())
    return {name: int(fields[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM")}


def _memory(name: str, what: str, daemon: Daemon, floor: float) -> Row:
    resident = _megabytes(Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii"))
    return Row(
        name=name,
        what=f"VmRSS of robsond {what}; floor: a Python that has imported grpc",
        unit="MB",
        subject=resident["VmRSS"],
        floor=floor,
        ratio=resident["VmRSS"] / floor,
        goal=MEMORY,
        binds=True,
        more={"most": resident["VmHWM"]},
    )


def _arm(client: Client, base: str) -> None:
    client.arm(symbol=f"{base}USDT", strategy="now", capital=CAPITAL, idempotency_key=base)


def _prices(directory: Path) -> list[str]:
    """One market for all pairs, so that a plan which is sound on one is sound on each."""
    tape = generate(SEED)
    rules = instrument_for(tape.symbol, tape=tape)
    past = generate_history(SEED, instrument=rules, before_ns=tape.first_ns, price=tape.first_price)
    files = {"--tape": directory / "tape.csv", "--history": directory / "history.csv"}
    write_csv(tape, files["--tape"])
    write_csv(past, files["--history"])
    return [
        part
        for base in BASES
        for flag, path in files.items()
        for part in (flag, f"{base}/USDT={path}")
    ]


def _until(client: Client, count: int, state: str) -> None:
    """Wait until so many positions are in a state."""
    until = time.monotonic() + ACTIVE_S
    while True:
        found = client.status(states=(state,)).positions
        if len(found) >= count:
            return
        if time.monotonic() > until:
            raise CannotMeasure(f"{len(found)} of {count} came to be {state}")
        time.sleep(LOOK_S)


def _ten(run: Run, floor: float) -> Row:
    """Ten positions at once, each on a pair of its own."""
    directory = run.folder("ten")
    config = directory / "config.toml"
    config.write_text(f"[risk]\nmax_open_positions = {POSITIONS}\n")
    options = (*_prices(directory), "--config", str(config), "--hold", "--speed", "1")
    with _daemon(directory, *options) as (daemon, client):
        for base in BASES:
            _arm(client, base)
        _until(client, POSITIONS, "active")
        what = f"with {POSITIONS} active positions, each on a pair of its own"
        return _memory("memory.ten", what, daemon, floor)


def memory(run: Run) -> list[Row]:
    """Resident memory, idle and with ten positions; a failure of one does not hide the other."""
    floor = _megabytes(output([sys.executable, "-c", BARE], READY_S))["VmRSS"]
    with _daemon(run.folder("idle"), "--hold") as (daemon, _):
        rows = [_memory("memory.idle", "after its start, one pair, no position", daemon, floor)]
    try:
        rows.append(_ten(run, floor))
    except CannotMeasure as why:
        rows.append(Row(name="memory.ten", what=f"{POSITIONS} positions: {why}", binds=True))
    return rows


# --- world ---------------------------------------------------------------------------------------


def world(run: Run) -> list[Row]:
    """Positions that the deterministic simulation brings to life in a second, on one core."""
    bound_s = WORLDS_S * run.scale
    started = time.perf_counter()

    def seeds() -> Iterator[int]:
        seed = 0
        while seed == 0 or time.perf_counter() - started < bound_s:
            seed += 1
            yield seed

    worlds = (live(plan_of(seed, POSITIONS)) for seed in seeds())
    total = add_up(worlds, Total(1, None, POSITIONS))
    took = time.perf_counter() - started
    what = (
        f"positions a second that held something in robson.sim: {total.filled} of {total.armed}"
        f" armed, seeds 1..{total.seeds}, every rule asked, {len(total.violations)} violations"
    )
    return [Row(name="world", what=what, unit="/s", subject=total.filled / took)]

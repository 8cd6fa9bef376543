"""A million prices that change nothing: no row, no growth, and an answer at any time.

The position is active, its stop rests, and the tape stays inside the quiet band.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson.api.client import Client
from tests.e2e import shapes
from tests.e2e.harness import ROOT, Robsond, arm, environment, running, until

TICKS = 1_000_000
STEP_MS = 10
NEAR = 20_000
"""Hundredths: as far as the price goes from where it began, a third of the way to the stop."""
TAIL = 200_000
"""More of the same, so that the tape does not end while the last sample is taken."""
PARTS = 10
BOUND_S = 240.0
STATUS_S = 1.0
GROWTH_MB = 4.0
CALLS = 3
"""Descriptors and threads that come and go with a caller."""


@attrs.frozen
class Sample:
    """What a robsond holds by the kernel's account; how long a call and a whole command took."""

    memory_mb: float
    descriptors: int
    threads: int
    answered_s: float
    whole_s: float


def write_quiet(folder: Path, ticks: int) -> Path:
    """Trades that go up and down by one step and never far."""
    at_ms, middle = shapes.START_NS // 1_000_000, shapes.MIDDLE * 100
    path = folder / "BTCUSDT-trades.csv"
    with path.open("w", encoding="ascii") as out:
        out.write("trade_time_ms,price,trade_id\n")
        for number in range(ticks):
            away = abs(number * 7 % (4 * NEAR) - 2 * NEAR) - NEAR
            cents = middle + away
            at = at_ms + number * STEP_MS
            out.write(f"{at},{cents // 100}.{cents % 100:02d},{number + 1}\n")
    return path


def ask_status(robsond: Robsond) -> tuple[float, dict[str, Any]]:
    """Seconds for the whole process, and its document."""
    program = [sys.executable, "-m", "robson.cli.main", "--state-dir", str(robsond.place)]
    began = time.monotonic()
    ran = subprocess.run(
        [*program, "status", "--json"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return time.monotonic() - began, json.loads(ran.stdout)


def sample(robsond: Robsond, client: Client) -> Sample:
    """One look from outside and one through the kernel."""
    process = Path(f"/proc/{robsond.pid}")
    began = time.monotonic()
    client.status()
    answered_s = time.monotonic() - began
    whole_s, told = ask_status(robsond)
    assert [position["state"] for position in told["positions"]] == ["active"]
    fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return Sample(
        memory_mb=int(fields["VmRSS"].split()[0]) / 1024,
        descriptors=len(list((process / "fd").iterdir())),
        threads=int(fields["Threads"]),
        answered_s=answered_s,
        whole_s=whole_s,
    )


def watched(robsond: Robsond, client: Client) -> list[Sample]:
    """Samples all along, until so many prices were played."""

    def played() -> int:
        return int(json.loads(client.sim_report())["tape"]["rows_played"])

    samples = [sample(robsond, client)]
    for part in range(1, PARTS + 1):
        mark = TICKS * part // PARTS
        until(lambda mark=mark: played() >= mark, f"{mark} prices are played", BOUND_S)
        samples.append(sample(robsond, client))
    return samples


@pytest.mark.proves("I-36")
@pytest.mark.long
def test_a_million_quiet_ticks_leave_nothing_behind(place: Path, record_property: Any) -> None:
    tape, past = write_quiet(place, TICKS + TAIL), shapes.write_past(place)
    options = ("--tape", str(tape), "--history", str(past), "--hold", "--speed", "max")
    with running(place / "s", *options, fresh=True) as robsond:
        client = robsond.start()
        position = arm(client)
        robsond.protected(client, position)
        # The last thing that follows from an entry: the account is read once more.
        until(lambda: robsond.rows()[-1].name == "account_read", "the entry is dealt with")
        rows, began = len(robsond.rows()), time.monotonic()
        samples = watched(robsond, client)
        took = time.monotonic() - began
        robsond.kill()
        after = robsond.rows()

    assert [row.name for row in after[rows:]] == []
    settled, last = samples[1], samples[-1]
    assert last.memory_mb - settled.memory_mb < GROWTH_MB
    assert max(s.descriptors for s in samples) <= settled.descriptors + CALLS
    assert max(s.threads for s in samples) <= settled.threads + CALLS
    assert statistics.median(s.answered_s for s in samples) < STATUS_S
    assert statistics.median(s.whole_s for s in samples) < STATUS_S
    whole = [s.whole_s for s in samples]
    record_property(
        "note",
        f"quiet: {TICKS:,} prices in {took:.0f} s, {len(after) - rows} rows;"
        f" {settled.memory_mb:.1f} to {last.memory_mb:.1f} MB,"
        f" {settled.descriptors} to {last.descriptors} descriptors,"
        f" {settled.threads} to {last.threads} threads; {len(samples)} statuses, whole process"
        f" {statistics.median(whole):.2f} s, at the most {max(whole):.2f} s, answered in"
        f" {max(s.answered_s for s in samples) * 1000:.0f} ms at the most",
    )
    record_property("happened", "a million quiet ticks")

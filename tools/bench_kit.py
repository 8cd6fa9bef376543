"""Times subject and floor in turns and keeps what came of it; every measurement is built on this.

A machine is never quiet, so only numbers of one loop are compared: medians, with their spread.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import attrs

from robson.cli.demo_daemon import environment
from robson.domain.events import Event
from robson.store.codec import decode
from robson.store.reader import JournalReader

MOUNTS = Path("/proc/self/mountinfo")
IN_MEMORY = ("tmpfs", "ramfs")
NO_DISK = "a disk is to be measured, and {path} is {kind}: name a folder on a disk with TMPDIR"
LIFE_S = 30
ROWS = 1_000
"""More than the rows of one life."""

Timed = Callable[[], float]
"""Does its work and says how long one piece of it took, in seconds."""


class CannotMeasure(Exception):
    """What has to be measured is not there or does not work; the text says why, in one line."""


# --- figures -------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Goal:
    """What a figure must reach and should reach; both are upper bounds."""

    of: Literal["ratio", "subject"]
    must: float
    aim: float | None = None


@attrs.frozen(kw_only=True)
class Row:
    """One line of the answer. Without a ``subject`` it could not be measured: ``what`` says why.

    Attributes:
        what: subject and floor in words.
        spread: quartiles of the ratio, pair by pair.
        binds: a decision names a number for it.
        more: further figures, in the same unit unless their name says otherwise.
    """

    name: str
    what: str
    unit: str = ""
    subject: float | None = None
    floor: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    goal: Goal | None = None
    binds: bool = False
    more: Mapping[str, float] = attrs.Factory(dict)

    @property
    def judged(self) -> float | None:
        """The figure that the goal is about."""
        return self.ratio if self.goal and self.goal.of == "ratio" else self.subject

    @property
    def verdict(self) -> str:
        """``ok``, ``ok, short of aim``, ``MISSED``, ``NOT MEASURED``, or a dash without a goal."""
        figure = self.judged
        if figure is None:
            return "NOT MEASURED"
        if self.goal is None:
            return "-"
        if figure > self.goal.must:
            return "MISSED"
        aim = self.goal.aim
        return "ok" if aim is None or figure <= aim else "ok, short of aim"

    @property
    def failed(self) -> bool:
        """A must that is not known to hold."""
        return self.verdict == "MISSED" or (self.verdict == "NOT MEASURED" and self.binds)


# --- timing --------------------------------------------------------------------------------------


@attrs.frozen
class Pairs:
    """Times of subject and floor, in seconds, in the order in which they were taken."""

    subject: list[float]
    floor: list[float]

    def row(self, name: str, what: str, unit: str, goal: Goal | None = None) -> Row:
        """Medians, their ratio, and how far the pairs lie apart."""
        per_s = {"ns": 1e9, "us": 1e6, "ms": 1e3}[unit]
        ratios = [over / under for over, under in zip(self.subject, self.floor, strict=True)]
        subject, floor = statistics.median(self.subject), statistics.median(self.floor)
        return Row(
            name=name,
            what=what,
            unit=unit,
            subject=subject * per_s,
            floor=floor * per_s,
            ratio=subject / floor,
            spread=(quantile(ratios, 0.25), quantile(ratios, 0.75)),
            goal=goal,
            binds=goal is not None,
            more={
                "p95": quantile(self.subject, 0.95) * per_s,
                "p99": quantile(self.subject, 0.99) * per_s,
                "floor_p95": quantile(self.floor, 0.95) * per_s,
                "floor_p99": quantile(self.floor, 0.99) * per_s,
                "rounds": len(ratios),
            },
        )


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def alternate(subject: Timed, floor: Timed, *, rounds: int, bound_s: float) -> Pairs:
    """Measure both in every round, first one then the other, until rounds or time are used up."""
    pairs = Pairs([], [])
    until = time.perf_counter() + bound_s
    gc.collect()
    gc.freeze()  # as in robsond
    try:
        for number in range(rounds):
            if number % 2:
                pairs.floor.append(floor())
                pairs.subject.append(subject())
            else:
                pairs.subject.append(subject())
                pairs.floor.append(floor())
            if time.perf_counter() > until:
                break
    finally:
        gc.unfreeze()
    return pairs


def timed(work: Callable[[], object], pieces: int = 1) -> Timed:
    """Time of one piece of the work, in seconds."""

    def once() -> float:
        started = time.perf_counter()
        work()
        return (time.perf_counter() - started) / pieces

    return once


# --- the machine ---------------------------------------------------------------------------------


def filesystem(path: Path, mounts: str) -> str:
    """Type of the filesystem that holds a path, from the kernel's table of mounts."""
    best, kind = "", "unknown"
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        mount = re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), place.split()[4])
        if path.is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, rest.split()[0]
    return kind


def filesystem_here(path: Path) -> str:
    """The same, of this machine."""
    if not MOUNTS.exists():
        return "unknown"
    return filesystem(path.resolve(), MOUNTS.read_text(errors="surrogateescape"))


def machine(directory: Path) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "kernel": platform.release(),
        "filesystem": filesystem_here(directory),
        "directory": str(directory),
    }


# --- one run -------------------------------------------------------------------------------------


@attrs.define(slots=False)
class Run:
    """What measurements share. A ``scale`` below 1 is for trying them out, not for figures."""

    directory: Path
    scale: float = 1.0

    def count(self, full: int, least: int = 2) -> int:
        """A number of rounds or of things, scaled."""
        return max(least, int(full * self.scale))

    def folder(self, name: str) -> Path:
        """A new folder of this run."""
        made = self.directory / name
        made.mkdir(mode=0o700)
        return made

    @cached_property
    def life(self) -> tuple[Event, ...]:
        """All events of one position's life, as a real daemon wrote them."""
        directory = self.folder("life")
        options = ["--speed", "max", "--side", "long", "--keep", str(directory)]
        told = output([sys.executable, "-m", "robson.cli.main", "demo", "--json", *options], LIFE_S)
        account = json.loads(told)["positions"][0]["account"]
        rows = JournalReader(directory, account).rows(None, 0, ROWS)
        return tuple(decode(row.kind, row.payload) for row in rows)


def output(command: list[str], bound_s: float) -> str:
    """Run a program to its end.

    Raises:
        CannotMeasure: it failed, or took too long.
    """
    name = " ".join(Path(part).name if "/" in part else part for part in command[:5])
    try:
        done = subprocess.run(
            command,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=bound_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotMeasure(f"{name} did not end within {bound_s:g} s") from None
    except OSError as error:
        raise CannotMeasure(f"{name} cannot be started: {error.strerror}") from None
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
        raise CannotMeasure(f"{name} ended with {done.returncode}: {words[-1][:200]}")
    return done.stdout

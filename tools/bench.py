"""Measures what decisions name a number for, each beside a floor of the same run.

Usage: python tools/bench.py [--only NAME] [--json]. Exits 1 when a number that binds is missed or
could not be measured, 2 when it cannot be measured here. Disk figures need a disk: see TMPDIR.
"""

from __future__ import annotations

import argparse
import decimal
import json
import math
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple, NoReturn

import attrs
import bench_crowd
import bench_disk
import bench_live
import bench_past
import bench_prices
import bench_processes
import bench_storm
from bench_kit import IN_MEMORY, NO_DISK, CannotMeasure, Row, Run, filesystem_here, machine

from robson.domain.errors import RobsonError
from robson.domain.values import MONEY

SCHEMA = "robson.bench/1"
MISSED, UNUSABLE, INTERRUPTED = 1, 2, 130
WIDTH = 90
TAILS = {"p95": 15, "p99": 100}
"""So many rounds it takes for a tail to be more than the worst of them."""
HEADINGS = ("measured", "subject", "floor", "ratio", "must", "aim", "verdict")


class Measurement(NamedTuple):
    """How something is measured, and whether that is about the disk."""

    measure: Callable[[Run], list[Row]]
    disk: bool = False
    binds: bool = True


MEASUREMENTS = {
    "decision": Measurement(bench_crowd.decision),
    "past": Measurement(bench_past.past, binds=False),
    "tick": Measurement(bench_prices.tick, binds=False),
    "skip": Measurement(bench_prices.skip),
    "journal": Measurement(bench_disk.journal, disk=True),
    "status": Measurement(bench_processes.status),
    "memory": Measurement(bench_processes.memory),
    "storm": Measurement(bench_storm.storm),
    "live": Measurement(bench_live.live),
    "world": Measurement(bench_processes.world, binds=False),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CannotMeasure(f"{message}; see python tools/bench.py --help")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = _Parser(prog="bench.py", description="Measures Robson, as ratios inside one run.")
    made.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        choices=tuple(MEASUREMENTS),
        help=f"one of {', '.join(MEASUREMENTS)}; may be repeated",
    )
    made.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return made


def main(arguments: Sequence[str], *, scale: float = 1.0) -> int:
    """Measure and tell; returns the exit code."""
    decimal.setcontext(MONEY.copy())  # as in robsond
    try:
        args = parser().parse_args(arguments)
        names = [name for name in MEASUREMENTS if not args.only or name in args.only]
        return _bench(names, scale, as_json=args.json)
    except CannotMeasure as why:
        _progress("")
        sys.stderr.write(f"bench: {why}\n")
        return UNUSABLE
    except KeyboardInterrupt:
        _progress("")
        sys.stderr.write("bench: interrupted\n")
        return INTERRUPTED


def _bench(names: Sequence[str], scale: float, *, as_json: bool) -> int:
    started = time.monotonic()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="robson-bench-") as made:
        run = Run(Path(made), scale)
        kind = filesystem_here(run.directory)
        if kind in IN_MEMORY and any(MEASUREMENTS[name].disk for name in names):
            raise CannotMeasure(NO_DISK.format(path=run.directory.parent, kind=kind))
        known = machine(run.directory.parent)
        for name in names:
            _progress(f"measuring {name} ...")
            rows += _measured(name, run)
    _progress("")
    known["took_s"] = round(time.monotonic() - started, 1)
    missed = [row.name for row in rows if row.failed]
    if as_json:
        print(json.dumps(document(rows, known, missed), indent=1, allow_nan=False))
    else:
        print("\n".join(table(rows, known)))
    return MISSED if missed else 0


def _measured(name: str, run: Run) -> list[Row]:
    """The rows of one measurement; one that cannot be made is a row as well."""
    measurement = MEASUREMENTS[name]
    try:
        return measurement.measure(run)
    except (CannotMeasure, RobsonError, OSError) as why:
        told = " ".join(str(why).split())
        return [Row(name=name, what=told, binds=measurement.binds)]


def _progress(text: str) -> None:
    """What is being done, for a person who waits; gone afterwards."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


# --- what came of it -----------------------------------------------------------------------------


def document(rows: Sequence[Row], known: dict[str, Any], missed: Sequence[str]) -> dict[str, Any]:
    """All figures, rounded to what they can say."""
    return {
        "schema": SCHEMA,
        "machine": known,
        "rows": [{**_rounded(attrs.asdict(row)), "verdict": row.verdict} for row in rows],
        "missed": list(missed),
    }


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.4g}")
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case tuple():
            return [_rounded(inner) for inner in value]
        case _:
            return value


def table(rows: Sequence[Row], known: dict[str, Any]) -> list[str]:
    """The same for a person: the figures, then what each of them is."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(HEADINGS))]
    lines = [f"robson bench   {_where(known)}   {known['took_s']} s", ""]
    for row in cells:
        first, *figures, last = row
        middle = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=False)]
        lines.append("  ".join([first.ljust(widths[0]), *middle, last]).rstrip())
    lines.append("")
    for measured in rows:
        lines += _explained(measured, widths[0])
    if known["load"] > known["cores"]:
        lines += ["", "the machine was busy: ratios say more than times"]
    missed = [row.name for row in rows if row.failed]
    lines += ["", f"not reached: {', '.join(missed)}" if missed else "all that binds is reached"]
    return lines


def _explained(measured: Row, width: int) -> list[str]:
    """What a figure is, in words beside its name."""
    told = [part for text in (measured.what, _further(measured)) for part in wrap(text, WIDTH)]
    names = [measured.name, *("" for _ in told[1:])]
    return [f"{name.ljust(width)}  {part}" for name, part in zip(names, told, strict=True)]


def _where(known: dict[str, Any]) -> str:
    """The machine, in one line."""
    return (
        f"{known['cores']} cores, load {known['load']}, Python {known['python']},"
        f" SQLite {known['sqlite']}, Linux {known['kernel']},"
        f" {known['filesystem']} at {known['directory']}"
    )


def _cells(row: Row) -> tuple[str, ...]:
    goal = row.goal
    unit = "x" if goal and goal.of == "ratio" else f" {row.unit}"
    return (
        row.name,
        _figure(row.subject, f" {row.unit}"),
        _figure(row.floor, f" {row.unit}"),
        _figure(row.ratio, "x"),
        _figure(goal.must if goal else None, unit),
        _figure(goal.aim if goal else None, unit),
        row.verdict,
    )


def _figure(value: float | None, unit: str) -> str:
    """Three digits that count, never an exponent."""
    if value is None:
        return "-"
    whole = value == int(value)
    digits = 0 if whole else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}{unit}"


def _further(row: Row) -> str:
    """Spread and tails, where there are any."""
    if row.spread is None:
        return f"at the most {_figure(row.more['most'], f' {row.unit}')}" if row.more else ""
    rounds = int(row.more["rounds"])
    low, high = (_figure(edge, "") for edge in row.spread)
    parts = [f"{rounds} rounds", f"half of the ratios lie in {low} to {high}"]
    for tail, least in TAILS.items():
        if rounds >= least:
            subject, floor = row.more[tail], row.more[f"floor_{tail}"]
            parts.append(f"{tail} {_figure(subject, '')} against {_figure(floor, f' {row.unit}')}")
    return "; ".join(parts)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # no daemon is left behind
    sys.exit(main(sys.argv[1:]))

"""What a demo was asked for, the document it ends with, and the commands after it."""

from __future__ import annotations

import argparse
import gzip
import os
import shlex
import shutil
import sys
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from robson.api.document.text import number
from robson.cli.demo_crash import Crash
from robson.cli.demo_follow import Follower
from robson.cli.problem import Problem
from robson.cli.screens import figures, journal
from robson.cli.screens.facts import at, listed, text

SEED = 20
"""A generated life with a rung and a target; any other number gives another one."""
GENERATED_SPEED = "600"
BARS_SPEED = "2000"
TRADES_SPEED = "20"
STRATEGY = "now"
_BARS = b"open_time_ms"
_BY_NAME = {"demo": "robson demo", "robsond": "robsond"}
_BY_MODULE = {"demo": "robson.cli.main demo", "robsond": "robson.daemon"}
_DEEP = 2
_ONE_SIDED = ("iron-exit",)
"""Strategies that ship with one side; the other is refused."""
"""Folders from a checkout to the programs of its environment: .venv, bin."""

Document = dict[str, Any]


class Plan(NamedTuple):
    """The options, with their defaults."""

    tape: str | None
    history: str | None
    from_time: str | None
    symbol: str | None
    side: str | None
    strategy: str
    capital: str | None
    seed: int
    speed: str
    keep: str | None
    crash: bool
    json: bool
    no_colour: bool
    plain: bool
    given: tuple[tuple[str, str], ...]
    """What the person typed, for commands that go on from there."""

    @classmethod
    def of(cls, args: argparse.Namespace) -> Plan:
        """Read a command line.

        Raises:
            Problem: it asks for something that a demo is not.
        """
        said = vars(args)
        _check(said)
        seed, tape = said.get("seed"), said.get("tape")
        names = ("tape", "history", "from_time", "symbol", "side", "strategy", "capital", "seed")
        given = [(_flag(name), str(said[name])) for name in names if said.get(name) is not None]
        return cls(
            tape=tape,
            history=said.get("history"),
            from_time=said.get("from_time"),
            symbol=_symbol(said.get("symbol")),
            side=said.get("side"),
            strategy=said.get("strategy") or STRATEGY,
            capital=said.get("capital"),
            seed=SEED if seed is None else int(seed),
            speed=said.get("speed") or usual_speed(tape),
            keep=said.get("keep"),
            crash=bool(said.get("crash")),
            json=bool(said.get("json")),
            no_colour=bool(said.get("no_color")),
            plain=bool(said.get("plain")),
            given=tuple(given),
        )

    @property
    def idempotency_key(self) -> str:
        """The same for the same seed, so that two runs are the same byte for byte."""
        return f"demo-{self.seed}"

    def options(self) -> list[str]:
        """Of ``robsond run``."""
        options = ["--seed", str(self.seed), "--speed", self.speed, "--hold"]
        for name in ("tape", "history", "from_time"):
            value = getattr(self, name)
            if value is not None:
                options += [_flag(name), value]
        symbol = dict(self.given).get("--symbol")
        return [*options, "--symbol", symbol] if symbol else options


def _flag(name: str) -> str:
    return f"--{name.removesuffix('_time').replace('_', '-')}"


def _symbol(said: str | None) -> str | None:
    """BTC/USDT and btcusdt are BTCUSDT."""
    return said.replace("/", "").upper() if said else None


def _check(said: dict[str, Any]) -> None:
    if said.get("profile") not in (None, "sim"):
        raise Problem(
            "INVALID_ARGUMENT", "demo is always on the simulated exchange (--profile sim)."
        )
    if said.get("daemon_url") or said.get("state_dir"):
        raise Problem(
            "INVALID_ARGUMENT",
            "demo starts a robsond of its own. To keep its state, name a directory with --keep.",
        )
    keep = said.get("keep")
    kept = Path(keep) if keep else None
    if kept and kept.exists() and (not kept.is_dir() or any(kept.iterdir())):
        raise Problem(
            "INVALID_ARGUMENT",
            f"--keep {keep} is not an empty directory; name a new one.",
        )


def usual_speed(tape: str | None) -> str:
    """A life of bars lasts hours, one of recorded trades minutes; both are to be watched."""
    if tape is None:
        return GENERATED_SPEED
    try:
        with Path(tape).open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            head = gzip.GzipFile(fileobj=file).read(200) if packed else file.read(200)
    except (OSError, EOFError, zlib.error):
        return BARS_SPEED
    return BARS_SPEED if _BARS in head else TRADES_SPEED


# --- afterwards ----------------------------------------------------------------------------------


def rejections(follower: Follower) -> list[Document]:
    """Every signal that was not taken, with its numbers."""
    return [
        {
            "code": journal.pay(row, "code"),
            "message": journal.pay(row, "message"),
            "numbers": {str(name): value for name, value in journal.pay(row, "numbers") or []},
            "at": row.get("at"),
        }
        for row in journal.of(follower.own_rows, "signal_rejected")
    ]


def document(follower: Follower, report: Document | None, crash: Crash | None) -> Document:
    """``robson.demo/1``."""
    tape = at(report, "tape") or {"description": at(follower.status, "daemon", "tape")}
    return {
        "schema": "robson.demo/1",
        "tape": tape,
        "positions": [follower.position] if follower.position else [],
        "rejections": rejections(follower),
        "events": follower.rows,
        "invariants": {
            "checked": at(report, "invariants", "checked") or {},
            "violated": listed(report, "invariants", "violated"),
        },
        "waiting": listed(report, "waiting"),
        "lowest": number(f"{follower.lowest:f}") if follower.lowest is not None else None,
        "crash": None if crash is None else crash.document(),
    }


def commands(
    plan: Plan, follower: Follower, program: str, *, entered: bool
) -> tuple[tuple[str, str], ...]:
    """What makes sense now, as it can be typed where this run was started."""
    demo = shlex.split(started_as(program))
    typed = [word for pair in plan.given for word in pair]
    found: list[tuple[str, str]] = []
    if plan.keep:
        which = text(follower.position, "id")[-figures.SHORT_ID :]
        told = [*shlex.split(started_as(program, "robsond")), "explain", which]
        found.append((shlex.join([*told, "--state-dir", plan.keep]), "why, from the journal"))
    if not plan.crash and entered:
        found.append((shlex.join([*demo, *typed, "--crash"]), "kills the daemon on the way"))
    if not entered and plan.tape is None:
        fresh = [word for pair in plan.given if pair[0] != "--seed" for word in pair]
        found.append((shlex.join([*demo, *fresh, "--seed", str(plan.seed + 1)]), "another tape"))
    other = "long" if text(follower.position, "side") == "short" else "short"
    rest = [word for pair in plan.given if pair[0] != "--side" for word in pair]
    mirrored = shlex.join([*demo, *rest, "--side", other, "--speed", "max"])
    if plan.strategy not in _ONE_SIDED:
        found.append((mirrored, "the other side, at once"))
    return tuple(found)


def started_as(program: str, name: str = "demo") -> str:
    """How ``robson demo`` or ``robsond`` is typed here: by a script, by name, or by a path."""
    path, installed = Path(program).resolve(), shutil.which("robson")
    if installed and Path(installed).resolve() == path:
        return _BY_NAME[name]
    script = path.parents[_DEEP] / "tools" / name if len(path.parents) > _DEEP else path
    if path.parent.name == "bin" and os.access(script, os.X_OK):
        near = os.path.relpath(script)
        return shlex.quote(near if near.startswith("..") else f"./{near}")
    if path.name == "robson":
        own = path.with_name(_BY_NAME[name].partition(" ")[0])
        return shlex.quote(str(own)) + (" demo" if name == "demo" else "")
    return f"{shlex.quote(sys.executable)} -m {_BY_MODULE[name]}"

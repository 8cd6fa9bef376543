"""``robson demo``: one position's whole life on a simulated exchange, through a real daemon.

The demo starts a robsond of its own, is a client of it like any other, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robson.api import places
from robson.api.client import CallFailed
from robson.api.document.text import dumps
from robson.api.errors import INTERRUPTED
from robson.cli import demo_show
from robson.cli.demo_crash import READABLE_S, Crash
from robson.cli.demo_daemon import Daemon
from robson.cli.demo_follow import Follower
from robson.cli.demo_plan import Plan, commands, document, rejections
from robson.cli.problem import Problem
from robson.cli.screens import life, out, summary
from robson.cli.screens.facts import listed, text

NO_POSITION = 10
PREFIX = "robson-demo-"
_SHORTEST = "/tmp"  # noqa: S108 - a directory of its own is made in it, 0700
POLL_S = 0.1
LEAVE_S = 60.0
TAPE_END_S = 3.0
"""So long robsond has to leave by itself when the tape is over."""
GIVE_UP_S = 60.0
"""A daemon that does not answer for so long is not waited for."""


def run(args: argparse.Namespace) -> int:
    """Live one life and show it; returns the exit code.

    Raises:
        Problem: the daemon cannot be started, refuses the arm, or stops answering.
    """
    plan = Plan.of(args)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    surface = out.detect(sys.stdout, colour=not plan.no_colour, plain=plan.plain)
    with out.told_to_end(), _directory(plan.keep) as directory:
        daemon = Daemon(directory, plan.options())
        try:
            code = _live(plan, daemon, surface)
        except KeyboardInterrupt:
            daemon.stop(interrupted=True)
            return _interrupted(plan, surface)
        finally:
            daemon.stop()
    return code


@contextmanager
def _directory(keep: str | None) -> Iterator[Path]:
    """A state directory: the person's own, or one that is removed at the end."""
    if keep is not None:
        kept = Path(keep).resolve()
        _check_socket(kept)
        try:
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(
                "INVALID_ARGUMENT",
                f"--keep {keep} cannot be made: {error.strerror}. Name another directory.",
            ) from None
        yield kept
        return
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_short(tempfile.gettempdir())))
    try:
        _check_socket(made)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _short(folder: str) -> str:
    """A temporary folder in which a socket's path fits."""
    deepest = Path(folder) / f"{PREFIX}12345678" / places.SOCKET_NAME
    return _SHORTEST if places.path_too_long(str(deepest)) else folder


def _check_socket(directory: Path) -> None:
    if places.path_too_long(str(directory / places.SOCKET_NAME)):
        raise Problem(
            "INVALID_ARGUMENT",
            f"the path {directory} is too long for a socket in it. Name a shorter one with --keep"
            " or TMPDIR.",
        )


def _interrupted(plan: Plan, surface: out.Surface) -> int:
    if not plan.json:
        said = [[("Stopped by you. Nothing of it was real, and nothing is left running.", "")]]
        out.write(said, sys.stdout, surface)
    return INTERRUPTED


# --- the life ------------------------------------------------------------------------------------


def _live(plan: Plan, daemon: Daemon, surface: out.Surface) -> int:
    quiet = plan.json
    if not quiet:
        out.write(demo_show.opening(surface.page), sys.stdout, surface)
    daemon.start()
    follower = Follower(daemon.wait(time.sleep), daemon.door, plan.speed)
    if not follower.poll():
        raise Problem("UNAVAILABLE", "the demo's robsond does not answer.", {"simulated": True})
    if not quiet:
        notes = listed(follower.report, "tape", "warnings")
        out.write(demo_show.playing(follower.tape, notes, surface.page), sys.stdout, surface)
    _arm(plan, follower)
    crash = Crash() if plan.crash else None
    with demo_show.opened(surface, silent=quiet) as show:
        _follow(daemon, follower, show, crash, surface)
    if crash is not None:
        crash.prove(daemon.directory, text(follower.position, "id"))
    return _finish(plan, follower, crash, surface)


def _arm(plan: Plan, follower: Follower) -> None:
    """Arm through the API, as anybody would."""
    feeds = listed(follower.status, "daemon", "feed")
    symbol = plan.symbol or (text(feeds[0], "symbol") if feeds else "")
    try:
        answer = follower.client.arm(
            symbol=symbol,
            strategy=plan.strategy,
            side=plan.side,
            capital=plan.capital,
            idempotency_key=plan.idempotency_key,
        )
    except CallFailed as failed:
        raise Problem(failed.code, failed.message, failed.details) from None
    follower.armed(answer.position.id)


def _follow(
    daemon: Daemon,
    follower: Follower,
    show: demo_show.Silent,
    crash: Crash | None,
    surface: out.Surface,
) -> None:
    """Look, show, wait; until the position has ended and is settled."""
    over: float | None = None
    while True:
        follower.poll()
        show.step(follower.life())
        if follower.ended:
            return
        if follower.at_end and over is None:
            over = time.monotonic()
        if over is not None and time.monotonic() - over > TAPE_END_S:
            if text(follower.position, "state") == "armed":
                return
            _leave(follower)
            over = time.monotonic()
        if crash is not None and not crash.done and follower.protected:
            _crash(daemon, follower, show, crash, surface)
        if "q" in show.pause(POLL_S):
            raise KeyboardInterrupt
        daemon.check()
        if follower.silent_s > GIVE_UP_S:
            raise Problem(
                "UNAVAILABLE", "the demo's robsond stopped answering.", {"simulated": True}
            )


def _leave(follower: Follower) -> None:
    """The tape is over, and robsond has not left by itself: what is open leaves now."""
    try:
        for _ in follower.client.panic(reason="tape_end", timeout_s=LEAVE_S):
            continue
    except CallFailed as failed:
        raise Problem(failed.code, failed.message, failed.details) from None


def _crash(
    daemon: Daemon,
    follower: Follower,
    show: demo_show.Silent,
    crash: Crash,
    surface: out.Surface,
) -> None:
    crash.kill(daemon, follower)
    page = surface.page
    killed = follower.life(patient=True)._replace(banner=crash.banner(page))
    show.say(life.verdict(killed, page))
    until = time.monotonic() + (READABLE_S if surface.repaints else 0)
    while True:
        show.step(killed)
        if time.monotonic() >= until:
            break
        if "q" in show.pause(POLL_S):
            raise KeyboardInterrupt
    crash.restart(daemon, follower, show.pause)


# --- the end -------------------------------------------------------------------------------------


def _finish(plan: Plan, follower: Follower, crash: Crash | None, surface: out.Surface) -> int:
    report = follower.checks()
    if plan.json:
        told = document(follower, report, crash)
        out.write_text(dumps(told) + "\n", sys.stdout)
        return _code(follower, report, crash)
    page = surface.page
    ending = summary.Ending(
        follower.position,
        follower.own_rows,
        follower.lowest,
        report,
        crash.lines() if crash is not None else (),
        f"{plan.keep}: journal, the exchange's books, logs" if plan.keep else "",
        commands(plan, follower, sys.argv[0], entered=follower.entered),
    )
    if follower.entered:
        lines = summary.closed(ending, page)
        if surface.repaints:
            lines = [*life.picture(follower.life(patient=True), page), *lines]
    else:
        waiting = listed(report, "waiting")
        lines = summary.nothing_opened(rejections(follower), waiting, ending, page)
    out.write([[], *lines], sys.stdout, surface)
    return _code(follower, report, crash)


def _code(follower: Follower, report: object, crash: Crash | None) -> int:
    if listed(report, "invariants", "violated") or text(follower.position, "state") == "error":
        return 1
    if not follower.entered:
        return NO_POSITION
    return 0 if crash is None or crash.sound else 1

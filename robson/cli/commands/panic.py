"""``robson panic``: the one way in which a person leaves the market."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from robson.api.document.answers import error_block, panic
from robson.api.errors import INTERRUPTED, row_of
from robson.cli import output
from robson.cli.problem import Problem
from robson.cli.session import Session

WAIT_S = 60.0
_SPARE_S = 2.0
"""The daemon ends its stream before the deadline; the call must not end first."""


def run(args: argparse.Namespace, session: Session) -> int:
    """Leave, or show what leaving would be; returns the exit code."""
    ask_first = not (args.confirm or args.dry_run)
    if ask_first and not (sys.stdin.isatty() and sys.stdout.isatty() and not session.settings.json):
        raise Problem(
            "INVALID_ARGUMENT",
            "panic asks before it acts, and here is nobody to ask. Add --confirm to act, or"
            " --dry-run to look.",
        )
    session.before_change()
    if args.dry_run or ask_first:
        plan = _plan(args.symbol, session)
        if args.dry_run or not plan["steps"]:
            output.emit(
                "panic_preview" if plan["steps"] else "panic_nothing", plan, session.settings
            )
            return 0
        output.show("panic_preview", plan, session.settings)
        _confirm(plan)
    return _leave(args, session)


def _plan(symbol: str | None, session: Session) -> dict[str, Any]:
    """What panic would do, without doing it."""
    planned = session.ask(lambda: next(session.client.panic(symbol=symbol, dry_run=True)))
    suffix = f" --symbol {symbol}" if symbol else ""
    return panic(planned, session.url, then=f"robson panic{suffix} --confirm")


def _confirm(plan: dict[str, Any]) -> None:
    """Ask once; anything but yes changes nothing.

    Raises:
        Problem: the answer was no, or none.
    """
    from robson.cli.screens.panic import question

    try:
        answer = input(f"\n{question(plan)}")
    except EOFError:
        answer = ""
    except KeyboardInterrupt:
        output.write(sys.stdout, "\n")  # what is said next begins its own line
        raise
    if answer.strip().lower() not in ("y", "yes"):
        raise Problem("CANCELLED_BY_USER", "not confirmed. Nothing was changed.")


def _leave(args: argparse.Namespace, session: Session) -> int:
    wait_s = WAIT_S if args.wait else session.settings.timeout_s
    timeout_s = max(wait_s, session.settings.timeout_s) + _SPARE_S
    stream = session.change_stream(
        lambda: session.client.panic(symbol=args.symbol, timeout_s=timeout_s)
    )
    with _shown(session, wait=args.wait) as show:
        last, lost = _followed(stream, show, wait=args.wait)
    if last is None:
        raise Problem("PENDING", "panic was sent, and robsond said nothing about it.")
    if args.wait and not last.done and lost is None:
        lost = Problem("PENDING", "not everything is flat and settled yet. The exits go on.")
    block = error_block(lost.code, lost.message, lost.details) if lost else None
    document = panic(last, session.url, error=block, then="robson status")
    output.emit("panic" if document["steps"] else "panic_nothing", document, session.settings)
    if lost is None:
        return 0
    if not session.settings.json:
        output.note(lost.message)
    return row_of(lost.code).exit if lost.exit_code is None else lost.exit_code


@contextmanager
def _shown(session: Session, *, wait: bool) -> Iterator[Callable[[Any], None]]:
    """What to do with each progress: on a terminal the table is painted as it moves."""
    settings = session.settings
    if settings.json or not wait:
        yield lambda _progress: None
        return
    from robson.cli.screens import out
    from robson.cli.screens.panic import progress

    surface = out.detect(sys.stdout, colour=settings.colour, plain=settings.plain)
    if not surface.repaints:
        yield lambda _progress: None
        return
    # Each progress is a step and the last one may stand for long: none of them is left out.
    with out.live(sys.stdout, surface, time.monotonic, frame_s=0.0) as screen:

        def paint(answer: Any) -> None:
            screen.resized()
            screen.show(progress(panic(answer, session.url, then=""), screen.page))

        yield paint


def _followed(
    stream: Iterator[Any], show: Callable[[Any], None], *, wait: bool
) -> tuple[Any, Problem | None]:
    """The last progress that was seen, and why it was the last when it should not be.

    Ctrl-C leaves the view; the exits go on.
    """
    last: Any = None
    try:
        for last in stream:
            show(last)
            if not wait:
                break
    except Problem as problem:
        if last is None:
            raise
        return last, problem
    except KeyboardInterrupt:
        left = "the view was left. The exits go on."
        if last is None:
            left = "interrupted. robsond may have taken the command."
        cut = Problem("PENDING", left, exit_code=INTERRUPTED)
        if last is None:
            raise cut from None
        return last, cut
    return last, None

"""Prints what a call answers one by one: a line of JSON, or a line for a person, as each comes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from robson.api.client import CallFailed
from robson.api.document.text import dumps_line
from robson.api.errors import INTERRUPTED
from robson.cli import output
from robson.cli.session import Session

_AGAIN_S = 2.0
_LOST = ("UNAVAILABLE", "DEADLINE_EXCEEDED")

Open = Callable[[Session], Iterator[Any]]
"""Asks, from where the last answer was."""


def stream(session: Session, view: str, asked: Open, *, resumes: bool = False) -> int:
    """Print until the answers end or somebody leaves; returns the exit code.

    Args:
        session: where to ask.
        view: name of the screen of one answer.
        asked: gives documents; with ``resumes`` it is called again when the daemon went away.
        resumes: whether a second call goes on where the first was cut.

    Raises:
        Problem: refused, or the daemon went away and nothing resumes.
    """
    show = _printer(session, view)
    told = False
    try:
        while True:
            try:
                for document in asked(session):
                    show(document)
                    told = False
                return 0
            except CallFailed as failed:
                if not resumes or failed.answered or failed.code not in _LOST:
                    raise session.problem(failed) from None
            if not told:
                output.note(f"robsond does not answer on {session.url}; going on when it does")
                told = True
            time.sleep(_AGAIN_S)
            session = session.again()
    except KeyboardInterrupt:
        return INTERRUPTED


def _printer(session: Session, view: str) -> Callable[[dict[str, Any]], None]:
    settings = session.settings
    if settings.json:
        return lambda document: output.write(sys.stdout, f"{dumps_line(document)}\n")
    return lambda document: output.show(view, document, settings)

"""``robson status``: ask for one instant of everything and show it."""

from __future__ import annotations

import argparse
import sys

from robson.api.document.status import status
from robson.cli import output
from robson.cli.problem import Problem
from robson.cli.session import Session

_UNSEEN = ("UNAVAILABLE", "DEADLINE_EXCEEDED")


def run(args: argparse.Namespace, session: Session) -> int:
    """Print the status; returns the exit code."""
    states = tuple(dict.fromkeys(args.state or ()))
    if args.watch:
        from robson.cli import watching

        return watching.follow(
            session,
            lambda now: now.ask(lambda: now.client.status(symbol=args.symbol, states=states)),
        )
    try:
        answer = session.ask(lambda: session.client.status(symbol=args.symbol, states=states))
    except Problem as found:
        # That nobody answers is a finding of status, and not an error beside it.
        return output.problem(
            found, session.settings, sys.stdout if found.code in _UNSEEN else None
        )
    output.emit("status", status(answer, session.url), session.settings)
    return 0

"""``robson history``: closed positions and what they earned together."""

from __future__ import annotations

import argparse

from robson.api.document.answers import history
from robson.cli import output
from robson.cli.session import Session


def run(args: argparse.Namespace, session: Session) -> int:
    """Print the history; returns the exit code."""
    answer = session.ask(lambda: session.client.history(days=args.days, symbol=args.symbol))
    output.emit("history", history(answer, session.url), session.settings)
    return 0

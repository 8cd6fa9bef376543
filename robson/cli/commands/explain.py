"""``robson explain``: a position with every journal row that belongs to it."""

from __future__ import annotations

import argparse

from robson.api.document.answers import explain
from robson.cli import output
from robson.cli.session import Session


def run(args: argparse.Namespace, session: Session) -> int:
    """Print the explanation; returns the exit code."""
    answer = session.ask(lambda: session.client.explain(args.position))
    output.emit("explain", explain(answer, session.url), session.settings)
    return 0

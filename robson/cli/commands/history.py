"""``robson history``: closed positions and what they earned together."""

from __future__ import annotations

import argparse
import sys

from robson.api.document.answers import history
from robson.cli import output
from robson.cli.problem import Problem
from robson.cli.session import Session

_ALL = 1_000_000
"""A table for a program is not cut."""


def run(args: argparse.Namespace, session: Session) -> int:
    """Print the history; returns the exit code."""
    if args.since is not None and args.days is not None:
        raise Problem("INVALID_ARGUMENT", "--since and --days are both given; one is expected.")
    if args.csv and args.json:
        raise Problem("INVALID_ARGUMENT", "--csv and --json are both given; one is expected.")
    as_csv = not args.json and session.settings.csv
    answer = session.ask(
        lambda: session.client.history(
            days=args.days or 0,
            symbol=args.symbol,
            limit=_ALL if as_csv else 0,
            since_ns=args.since,
            until_ns=args.until,
        )
    )
    document = history(answer, session.url)
    if as_csv:
        from robson.cli import csv_rows

        output.write(sys.stdout, csv_rows.text(document["positions"]))
    else:
        output.emit("history", document, session.settings)
    return 0

"""``robson history``: closed positions and what they earned together."""

from __future__ import annotations

import argparse
import sys

from robson.api.document.answers import history
from robson.cli import output
from robson.cli.problem import Problem
from robson.cli.session import Session

_MOST = 20_000
"""As many as the daemon gives at once; a table that was cut says so."""


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
            limit=_MOST if as_csv else 0,
            since_ns=args.since,
            until_ns=args.until,
        )
    )
    document = history(answer, session.url)
    if as_csv:
        from robson.cli import csv_rows

        output.write(sys.stdout, csv_rows.text(document["positions"]))
        if document["truncated"]:
            output.note(f"these are the newest {_MOST}; ask for an earlier --until for the rest")
    else:
        output.emit("history", document, session.settings)
    return 0

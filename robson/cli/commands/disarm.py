"""``robson disarm``: stop waiting for a signal. It never closes a position."""

from __future__ import annotations

import argparse

from robson.api.document.answers import disarm
from robson.api.errors import row_of
from robson.cli import output
from robson.cli.session import Session

_FILLED = ("active", "exiting", "closed", "error")


def run(args: argparse.Namespace, session: Session) -> int:
    """Disarm and print what came of it; returns the exit code."""
    session.before_change()
    answer = session.change(lambda: session.client.disarm(args.position, force=args.force))
    symbol = answer.position.instrument.symbol
    document = disarm(answer, session.url, then=f"robson status --symbol {symbol}")
    output.emit("disarm", document, session.settings)
    filled = document["position"]["state"] in _FILLED
    return row_of("INVALID_STATE_TRANSITION").exit if filled else 0

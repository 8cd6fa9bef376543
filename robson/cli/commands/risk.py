"""``robson risk``: the month's budget and every limit that can deny an entry."""

from __future__ import annotations

import argparse

from robson.api.document.status import risk
from robson.cli import output
from robson.cli.session import Session


def run(_args: argparse.Namespace, session: Session) -> int:
    """Print budget, limits and gates; returns the exit code."""
    answer = session.ask(session.client.risk)
    output.emit("risk", risk(answer, session.url), session.settings)
    return 0

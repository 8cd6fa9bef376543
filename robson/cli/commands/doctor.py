"""``robson doctor``: have a running daemon check its machine and its exchange."""

from __future__ import annotations

import argparse

from robson.api.document.doctor import doctor
from robson.cli import output
from robson.cli.session import Session

SICK = 1
"""Exit code when a check has failed, or could not be made."""


def run(_args: argparse.Namespace, session: Session) -> int:
    """Print each check; returns the exit code."""
    document = doctor(session.ask(session.client.doctor), session.url)
    output.emit("doctor", document, session.settings)
    return 0 if document["ok"] else SICK

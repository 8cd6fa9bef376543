"""``robson logs``: the newest lines of the daemon's log, and with ``--follow`` each new one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from robson.api.document.records import log_line
from robson.cli import streaming
from robson.cli.session import Session


def run(args: argparse.Namespace, session: Session) -> int:
    """Print the lines; returns the exit code."""
    session.ask(session.client.daemon)  # the daemon that was meant, or none

    def lines(now: Session) -> Iterator[Any]:
        asked = now.client.logs(
            level=args.level or now.settings.level,
            position=args.position_id or "",
            lines=args.lines,
            follow=args.follow,
            timeout_s=None if args.follow else now.settings.timeout_s,
        )
        yield from map(log_line, asked)

    return streaming.stream(session, "log", lines)

"""``robson events``: journal rows from a sequence on, and with ``--follow`` each new one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from robson.api.document.records import event
from robson.cli import streaming
from robson.cli.problem import Problem
from robson.cli.session import Session


def run(args: argparse.Namespace, session: Session) -> int:
    """Print the rows; returns the exit code."""
    newest = session.ask(session.client.daemon).daemon.journal.seq
    if args.from_seq > newest + 1:
        raise Problem(
            "INVALID_ARGUMENT", f"--from is {args.from_seq}; the journal's newest row is {newest}."
        )
    seen = args.from_seq - 1

    def rows(now: Session) -> Iterator[Any]:
        nonlocal seen
        for row in now.client.watch(
            after_seq=seen,
            position=args.position_id or "",
            until_now=not args.follow,
            timeout_s=None if args.follow else now.settings.timeout_s,
        ):
            seen = row.seq
            yield event(row)

    return streaming.stream(session, "event", rows, resumes=args.follow)

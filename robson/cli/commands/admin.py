"""``robson admin``: what an operator says about entries. Nothing that is open is left alone."""

from __future__ import annotations

import argparse

from robson.api.document.admin import Answer, admin
from robson.api.document.records import daemon_config
from robson.cli import output
from robson.cli.problem import Problem
from robson.cli.session import Session

_STATES = {"resume": "running", "pause": "paused", "drain": "draining"}


def run(args: argparse.Namespace, session: Session) -> int:
    """Ask, and print where the account stands now; returns the exit code."""
    if args.action == "show-config":
        return _show_config(args, session)
    _check(args)
    session.before_change()
    answer = session.change(lambda: _asked(args, session))
    asked = {"action": args.action, "reason": args.reason, "scope": args.scope}
    document = admin(asked, answer, session.url, then="robson risk")
    output.emit("admin", document, session.settings)
    return 0


def _show_config(args: argparse.Namespace, session: Session) -> int:
    """The daemon's own configuration: to be read only."""
    for option in ("reason", "scope"):
        if getattr(args, option) is not None:
            said = f"--{option} belongs to what changes something, not to show-config."
            raise Problem("INVALID_ARGUMENT", said, {"option": f"--{option}"})
    answer = session.ask(session.client.config)
    output.emit("daemon_config", daemon_config(answer, session.url), session.settings)
    return 0


def _check(args: argparse.Namespace) -> None:
    """What belongs to one action only.

    Raises:
        Problem: it is missing there, or stands elsewhere.
    """
    if args.reason is None:
        said = "--reason is missing: say why, for whoever reads the journal."
        raise Problem("INVALID_ARGUMENT", said, {"option": "--reason"})
    freezes = args.action == "clear-degraded"
    if freezes and args.scope is None:
        raise Problem(
            "INVALID_ARGUMENT",
            "--scope is missing: a symbol or account, as robson status names it.",
            {"option": "--scope"},
        )
    if args.scope is not None and not freezes:
        said = f"--scope belongs to clear-degraded, not to {args.action}."
        raise Problem("INVALID_ARGUMENT", said, {"option": "--scope"})


def _asked(args: argparse.Namespace, session: Session) -> Answer:
    client = session.client
    match args.action:
        case "halt":
            return client.trigger_halt(reason=args.reason)
        case "clear-halt":
            return client.trigger_halt(reason=args.reason, clear=True)
        case "clear-degraded":
            return client.clear_degraded(args.scope, reason=args.reason)
        case _:
            return client.set_runtime_state(_STATES[args.action], reason=args.reason)

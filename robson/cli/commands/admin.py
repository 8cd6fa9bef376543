"""``robson admin``: what an operator says about entries. Nothing that is open is left alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from robson.api.document.admin import Answer, admin
from robson.api.document.doctor import doctor
from robson.api.document.records import daemon_config
from robson.cli import output
from robson.cli.commands.doctor import SICK
from robson.cli.problem import Problem
from robson.cli.session import Session

_STATES = {"resume": "running", "pause": "paused", "drain": "draining"}
OF_A_POSITION = ("resolve", "reconcile-close")
LARGEST_EVIDENCE = 60_000
"""Bytes: a request may have 64 KiB."""
_ONLY = {
    "scope": (
        ("clear-degraded",),
        ("clear-degraded",),
        "a symbol or account, as robson status names it.",
    ),
    "position-id": (OF_A_POSITION, OF_A_POSITION, "an id, the end of it, or the pair."),
    "as": (("resolve",), ("resolve",), "active, exiting, closed or cancelled."),
    "evidence-file": (
        OF_A_POSITION,
        ("reconcile-close",),
        "a JSON file with the trades that closed it.",
    ),
}
"""Options of some actions: which take them, which need them, and what is expected."""


def run(args: argparse.Namespace, session: Session) -> int:
    """Ask, and print where the account stands now; returns the exit code."""
    if args.action == "show-config":
        return _show_config(args, session)
    if args.action == "test-alert":
        return _test_alert(args, session)
    _check(args)
    evidence = _evidence(args.evidence_file)
    session.before_change()
    answer = session.change(lambda: _asked(args, evidence, session))
    asked = {"action": args.action, "reason": args.reason, "scope": args.scope}
    document = admin(asked, answer, session.url, then=_then(args, answer))
    output.emit("admin", document, session.settings)
    return 0


def _then(args: argparse.Namespace, answer: Answer) -> str:
    if args.action in OF_A_POSITION:
        symbol = answer.position.instrument.symbol  # type: ignore[union-attr]
        return f"robson reconcile --symbol {symbol}"
    return "robson risk"


def _show_config(args: argparse.Namespace, session: Session) -> int:
    """The daemon's own configuration: to be read only."""
    _takes_nothing(args)
    answer = session.ask(session.client.config)
    output.emit("daemon_config", daemon_config(answer, session.url), session.settings)
    return 0


def _test_alert(args: argparse.Namespace, session: Session) -> int:
    """A test by each way by which alerts leave; a code that is not 0 when one has not taken it."""
    _takes_nothing(args)
    document = doctor(session.ask(session.client.test_alert), session.url)
    output.emit("doctor", document, session.settings)
    return 0 if document["ok"] else SICK


def _takes_nothing(args: argparse.Namespace) -> None:
    for option in ("reason", *_ONLY):
        if getattr(args, _name(option)) is not None:
            raise _elsewhere(option, "what changes something", args.action)


def _check(args: argparse.Namespace) -> None:
    """What belongs to some actions only.

    Raises:
        Problem: it is missing there, or stands elsewhere.
    """
    if args.reason is None:
        raise _missing("reason", "say why, for whoever reads the journal.")
    for option, (takes, needs, said) in _ONLY.items():
        given = getattr(args, _name(option)) is not None
        if given and args.action not in takes:
            raise _elsewhere(option, " and ".join(takes), args.action)
        if not given and args.action in needs:
            raise _missing(option, said)


def _name(option: str) -> str:
    return "target" if option == "as" else option.replace("-", "_")


def _missing(option: str, said: str) -> Problem:
    option = f"--{option}"
    return Problem("INVALID_ARGUMENT", f"{option} is missing: {said}", {"option": option})


def _elsewhere(option: str, takes: str, action: str) -> Problem:
    option = f"--{option}"
    said = f"{option} belongs to {takes}, not to {action}."
    return Problem("INVALID_ARGUMENT", said, {"option": option})


def _evidence(path: str | None) -> str:
    """The text of a file with trades; empty without one.

    Raises:
        Problem: it cannot be read, or is more than a request holds.
    """
    if path is None:
        return ""
    try:
        if not Path(path).is_file():
            raise ValueError("there is no such file")
        with Path(path).open("rb") as file:
            found = file.read(LARGEST_EVIDENCE + 1)
        if len(found) > LARGEST_EVIDENCE:
            raise ValueError(f"it has more than {LARGEST_EVIDENCE:,} bytes")
        return found.decode()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else why
        said = f"{path} cannot be read as evidence: {why}."
        raise Problem("INVALID_ARGUMENT", said, {"option": "--evidence-file"}) from None


def _asked(args: argparse.Namespace, evidence: str, session: Session) -> Answer:
    client = session.client
    match args.action:
        case "halt":
            return client.trigger_halt(reason=args.reason)
        case "clear-halt":
            return client.trigger_halt(reason=args.reason, clear=True)
        case "clear-degraded":
            return client.clear_degraded(args.scope, reason=args.reason)
        case "hand-over":
            return client.hand_over(reason=args.reason)
        case "reconcile-close":
            return client.reconcile_close(args.position_id, evidence, reason=args.reason)
        case "resolve":
            return client.resolve(
                args.position_id, args.target, reason=args.reason, evidence_json=evidence
            )
        case _:
            return client.set_runtime_state(_STATES[args.action], reason=args.reason)

"""``robson arm``: wait for one signal, or show the whole plan."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from typing import Any

from robson.api.document.arm import arm
from robson.api.errors import row_of
from robson.cli import output
from robson.cli.problem import Problem
from robson.cli.session import Session

_POLL_S = 0.1
_ORDER = ("armed", "entering", "active", "exiting", "closed")
_ENDED = ("closed", "cancelled", "error")


def run(args: argparse.Namespace, session: Session) -> int:
    """Arm, or plan; returns the exit code."""
    _check_account(args.account, session.before_change())
    asked = {
        "symbol": args.symbol,
        "strategy": args.strategy,
        "side": args.side,
        "capital": session.settings.capital,
        "leverage": session.settings.leverage,
        "dry_run": args.dry_run,
        "idempotency_key": args.idempotency_key or ("" if args.dry_run else os.urandom(16).hex()),
    }
    call = session.ask if args.dry_run else session.change
    try:
        answer = call(lambda: session.client.arm(**asked))
    except Problem as found:
        # Whoever asks again with this key cannot arm twice.
        found.details.setdefault("idempotency_key", asked["idempotency_key"])
        raise
    symbol = (answer.preview if args.dry_run else answer.position).instrument.symbol
    then = _command(args, symbol) if args.dry_run else f"robson status --symbol {symbol}"
    document = arm(asked, answer, session.url, then=then)
    late: Problem | None = None
    if args.wait and not args.dry_run:
        document, late = _waited(args.wait, document, session)
    output.emit("arm", document, session.settings)
    if late is not None:
        output.note(late.message)
        return row_of(late.code).exit
    denials = (document["preview"] or {}).get("denials")
    return row_of(denials[0]["code"]).exit if denials else 0


def _check_account(wanted: str | None, who: Mapping[str, Any]) -> None:
    if wanted and wanted != who["account"]:
        raise Problem(
            "INVALID_ARGUMENT",
            f"the daemon trades account {who['account']}; --account {wanted} refuses it.",
            daemon=who,
        )


def _command(args: argparse.Namespace, symbol: str) -> str:
    """The same command without ``--dry-run``."""
    words = ["robson", "arm", symbol]
    for option in ("strategy", "side", "capital", "leverage"):
        value = getattr(args, option)
        if value is not None and (option, value) != ("strategy", "all-in"):
            words += [f"--{option}", str(value)]
    return " ".join(words)


def _waited(
    wanted: str, document: dict[str, Any], session: Session
) -> tuple[dict[str, Any], Problem | None]:
    """The position once it is in the wanted state, or beyond; a problem when it is not."""
    from robson.api.document.answers import get_position

    until = time.monotonic() + session.settings.timeout_s
    which = document["position"]["id"]
    while True:
        state = document["position"]["state"]
        if state == wanted or _is_beyond(state, wanted):
            return document, None
        if state in _ENDED or time.monotonic() >= until:
            return document, Problem(
                "PENDING", f"{which} is {state}, not {wanted} (--wait, --timeout)."
            )
        time.sleep(_POLL_S)
        answer = session.ask(lambda: session.client.position(which))
        document = {**document, "position": get_position(answer, session.url)["position"]}


def _is_beyond(state: str, wanted: str) -> bool:
    if state not in _ORDER or wanted not in _ORDER:
        return False
    return _ORDER.index(state) > _ORDER.index(wanted)

"""``robson reconcile``: what journal and exchange say of each pair now, and what follows."""

from __future__ import annotations

import argparse
from typing import Any

from robson.api.document.reconcile import reconcile
from robson.cli import output
from robson.cli.problem import Problem
from robson.cli.session import Session


def run(args: argparse.Namespace, session: Session) -> int:
    """Compare, and print each pair; returns the exit code."""
    named = [each for each in (args.symbol, args.position_id, args.all) if each]
    if len(named) > 1:
        said = "--symbol, --position-id and --all are three answers to one question; give one."
        raise Problem("INVALID_ARGUMENT", said, {"option": "--symbol"})
    symbol = args.symbol or _symbol_of(args.position_id, session)
    ask = lambda: session.client.reconcile(symbol, report_only=not args.apply)  # noqa: E731
    if args.apply:
        session.before_change()
        answer = session.change(ask)
    else:
        answer = session.ask(ask)
    document = reconcile(answer, session.url, then=_then(answer, symbol, applied=args.apply))
    output.emit("reconcile", document, session.settings)
    return 0


def _symbol_of(position: str | None, session: Session) -> str:
    """The pair of a position; empty for every pair."""
    if not position:
        return ""
    found = session.ask(lambda: session.client.position(position))
    symbol: str = found.position.instrument.symbol
    return symbol


def _then(answer: Any, symbol: str, *, applied: bool) -> str:
    if applied or not any(each.follows for each in answer.differences):
        return "robson status"
    return f"robson reconcile{f' --symbol {symbol}' if symbol else ''} --apply"

"""``robson init``: write the CLI's own file, with every key explained in it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

from robson.cli import config_file, output
from robson.cli.commands.config import shown
from robson.cli.problem import Problem
from robson.cli.settings import KEYS, everything, path_of, read_value

_ASKED = (
    ("daemon.url", "Where does the daemon listen? Empty: look for it"),
    ("output.format", "How are answers printed: table, json or csv?"),
    ("logging.level", "Least level that robson logs shows: debug, info, warning or error?"),
)


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the file; returns the exit code."""
    everything(args, environ, {})  # what cannot be shown afterwards is refused before
    path = path_of(args, environ)
    if os.path.lexists(path) and not args.force:
        raise Problem(
            "INVALID_ARGUMENT",
            f"{path} is there already. To change it: robson config set KEY VALUE; to replace it:"
            " robson init --force.",
        )
    chosen = {} if args.defaults else _asked()
    config_file.write(path, config_file.commented(chosen))
    shown("config_written", args, environ)
    return 0


def _asked() -> dict[str, object]:
    """What a person answers; an empty answer keeps the default.

    Raises:
        Problem: nobody is there to ask.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Problem(
            "INVALID_ARGUMENT",
            "init asks, and here is nobody to ask. Add --defaults to take every default.",
        )
    chosen: dict[str, object] = {}
    for key, question in _ASKED:
        default = KEYS[key].default
        answer = _answer(key, f"{question} [{default or 'look for it'}] ")
        if answer is not None and answer != default:
            chosen[key] = answer
    return chosen


def _answer(key: str, question: str) -> object:
    """The answer, asked again until the key takes it; None keeps the default."""
    while True:
        try:
            text = input(question).strip()
        except EOFError:
            raise Problem("CANCELLED_BY_USER", "not answered. Nothing was changed.") from None
        if not text:
            return None
        try:
            return read_value(key, text)
        except Problem as refused:
            output.note(refused.message)

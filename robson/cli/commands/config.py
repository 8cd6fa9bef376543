"""``robson config``: show the CLI's own keys and who said them; set one; go back to defaults."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robson.cli import config_file, doors, output
from robson.cli.problem import Problem
from robson.cli.settings import KEYS, everything, path_of, read_value, settings

_WORDS = {"show": (), "set": ("key", "value"), "reset": ("key",)}
_NEEDED = {"show": 0, "set": 2, "reset": 0}


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show, set or reset; returns the exit code."""
    _check_words(args)
    if args.action == "show":
        shown("config", args, environ)
        return 0
    everything(args, environ, {})  # what cannot be shown afterwards is refused before
    path = path_of(args, environ)
    if args.action == "set":
        value = read_value(args.key, args.value)
        text = config_file.read(path) or config_file.commented({})
        text = config_file.changed(text, path, args.key, value)
        if args.key == "daemon.url":
            doors.door_url(value)  # every later call would be refused for it
        config_file.write(path, text)
    elif args.key:
        read_default(args.key)
        config_file.write(path, config_file.changed(config_file.read(path), path, args.key, None))
    else:
        _reset(path)
    shown("config_written", args, environ)
    return 0


def _check_words(args: argparse.Namespace) -> None:
    given = [word for word in ("key", "value") if getattr(args, word) is not None]
    allowed = _WORDS[args.action]
    if len(given) < _NEEDED[args.action]:
        missing = allowed[len(given)].upper()
        raise Problem("INVALID_ARGUMENT", f"{missing} is missing. See robson config --help.")
    if len(given) > len(allowed):
        extra = getattr(args, given[len(allowed)])
        raise Problem(
            "INVALID_ARGUMENT", f"{extra} is one word too many. See robson config --help."
        )


def read_default(key: str) -> None:
    """Refuse a key that is none.

    Raises:
        Problem: there is no such key.
    """
    if key not in KEYS:
        read_value(key, "")


def _reset(path: str) -> None:
    """A new commented file; what was there is kept beside it."""
    old = config_file.read(path) if Path(path).exists() else ""
    if old:
        config_file.write(f"{path}.bak", old)
    config_file.write(path, config_file.commented({}))


def shown(view: str, args: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Print every key with its value and who said it, as a document or a screen."""
    output.emit(view, document(args, environ), settings(args, environ))


def document(
    args: argparse.Namespace, environ: Mapping[str, str], file: dict[str, Any] | None = None
) -> dict[str, Any]:
    """``robson.config/1``; ``file`` stands in for what is on the disk."""
    path = path_of(args, environ)
    return {
        "schema": "robson.config/1",
        "path": path,
        "exists": Path(path).is_file(),
        "settings": {
            key: {"value": found.value, "source": found.source, "by": found.name or None}
            for key, found in everything(args, environ, file).items()
        },
    }

"""The only place that writes: one JSON document, or a screen, or an error, or a note.

Screens are loaded when a person looks; without them a document is listed key by key.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from robson.api.errors import row_of
from robson.cli.problem import Problem
from robson.cli.settings import Settings

BROKEN_PIPE = 141
"""Exit code when whoever read our output has gone, as a shell reports it."""

_SCREENS = {
    "admin": ("risk", "admin"),
    "risk": ("risk", "risk"),
    "arm": ("arm", "arm"),
    "config": ("config", "config"),
    "config_written": ("config", "written"),
    "daemon_config": ("config", "daemon"),
    "doctor": ("doctor", "doctor"),
    "disarm": ("panic", "disarm"),
    "error": ("errors", "error"),
    "event": ("records", "event"),
    "explain": ("explain", "explain"),
    "history": ("history", "history"),
    "log": ("records", "log"),
    "panic": ("panic", "progress"),
    "panic_nothing": ("panic", "nothing"),
    "panic_preview": ("panic", "preview"),
    "reconcile": ("reconcile", "reconcile"),
    "status": ("status", "status"),
}
Document = Mapping[str, Any]


def emit(name: str, document: Document, settings: Settings) -> None:
    """Print a command's answer: as JSON, or as the screen called ``name``."""
    if settings.json:
        from robson.api.document.text import dumps

        write(sys.stdout, dumps(document) + "\n")
    else:
        show(name, document, settings)


def show(name: str, document: Document, settings: Settings, stream: TextIO | None = None) -> None:
    """Print a document for a person."""
    target = stream or sys.stdout
    module, view = _SCREENS[name]
    try:
        from importlib import import_module

        from robson.cli.screens import out

        screen = import_module(f"robson.cli.screens.{module}")
    except ModuleNotFoundError:
        lines = _plain_error(document) if name == "error" else listing(document)
        write(target, "".join(f"{line}\n" for line in lines))
        return
    surface = out.detect(target, colour=settings.colour, plain=settings.plain)
    lines = getattr(screen, view)(document, surface.page)
    verdict = lines[0] if name == "status" and lines else None
    out.write(lines, target, surface, verdict=verdict)


def problem(found: Problem, settings: Settings, stream: TextIO | None = None) -> int:
    """Say what went wrong, on stderr unless told; returns the exit code."""
    from robson.api.document.answers import error, error_block

    row = row_of(found.code)
    exit_code = row.exit if found.exit_code is None else found.exit_code
    block = error_block(row.code, found.message, found.details)
    document = error(block, exit_code, found.daemon)
    if settings.json:
        emit("error", document, settings)
    else:
        show("error", document, settings, stream or sys.stderr)
    return exit_code


def note(text: str) -> None:
    """One line beside the answer, on stderr."""
    write(sys.stderr, f"note: {text}\n")


def write(stream: TextIO, text: str) -> None:
    """Write and flush; a reader that has gone ends the process quietly.

    Raises:
        SystemExit: with 141 when nobody reads any more, with 1 when it cannot be written.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _forget(stream)
        raise SystemExit(BROKEN_PIPE) from None
    except OSError as error:
        _forget(stream)
        if stream is sys.stdout:
            note(f"the answer could not be written: {error.strerror}")
        raise SystemExit(1) from None


def _forget(stream: TextIO) -> None:
    """Let what is still in the buffer go nowhere, or Python complains about it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _plain_error(document: Document) -> Iterable[str]:
    said, code = document["error"]["message"], document["error"]["code"]
    unchanged = "" if code == "PENDING" or "Nothing was" in said else " Nothing was changed."
    yield f"error: {said}{unchanged} [{code}, exit {document['exit']}]"


def listing(document: Any, prefix: str = "") -> Iterable[str]:
    """Every value of a document with its path, one a line."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from listing(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(document, (list, tuple)):
        for place, value in enumerate(document):
            yield from listing(value, f"{prefix}[{place}]")
    else:
        yield f"{prefix}: {'-' if document is None else document}"

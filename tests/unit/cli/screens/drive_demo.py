"""Runs ``robson ARGS`` for tests: on a terminal of its own, with the exchange's books readable.

``books`` as the first argument makes it the reader of the books instead.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import termios
from pathlib import Path


def books(directory: str) -> None:
    """What ``robson-sim books --json`` prints."""
    from robson.connectors.simulated.books import SqliteBooks
    from robson.connectors.simulated.summary import document, summarise

    found = SqliteBooks(Path(directory) / "exchange" / "books.db", read_only=True)
    sys.stdout.write(json.dumps(document(summarise(found))))


def drive() -> int:
    """The command line, with Ctrl-C reaching this process where stdin is a terminal."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    from robson.cli import demo_crash
    from robson.cli.main import run

    demo_crash.PROGRAM = ("-m", "tests.unit.cli.screens.drive_demo")
    try:
        return run(sys.argv[1:], os.environ)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    if sys.argv[1] == "books":
        books(sys.argv[sys.argv.index("--state-dir") + 1])
    else:
        code = drive()
        sys.stdout.flush()
        os._exit(code)

"""``robson``: read the command line, load one command, print its answer, end.

Nothing of the daemon is loaded here, and of a command only what it needs. No way out shows a
traceback.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from robson.api.errors import INTERRUPTED
from robson.api.interrupts import hear
from robson.api.standard import open_standard_streams
from robson.cli import output, parser
from robson.cli.problem import Problem
from robson.cli.settings import DEFAULT_TIMEOUT_MS, Settings, settings

_ALONE = ("init", "config", "completion")


def main() -> NoReturn:
    """Run the command line of this process and end it, without waiting for idle threads."""
    open_standard_streams()
    gc.disable()  # nothing lives long enough to be collected
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    code = _ended(lambda: run(sys.argv[1:], os.environ))
    # What argparse has printed before it left is still in the buffer.
    unread = _ended(_flush)
    os._exit(code or unread)


def _ended(run_: Callable[[], int]) -> int:
    """The exit code of something, however it ends."""
    try:
        return run_()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED


def _flush() -> int:
    for stream in (sys.stdout, sys.stderr):
        output.write(stream, "")
    return 0


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what a command line says; returns the exit code.

    Raises:
        SystemExit: help was asked for, or nobody reads our output any more.
    """
    known = _early(argv)
    try:
        hear()
        args = parser.parse(argv)
        if args.version:
            return _version()
        if args.command is None:
            output.write(sys.stdout, parser.build().format_help())
            return 0
        if args.command in _ALONE:
            return _alone(args, environ)
        known = settings(args, environ)
        return _command(args, known, environ)
    except Problem as found:
        return output.problem(found, known)
    except KeyboardInterrupt:
        cut = Problem(
            "CANCELLED_BY_USER", "interrupted. Nothing was changed.", exit_code=INTERRUPTED
        )
        return output.problem(cut, known)
    except Exception as error:  # noqa: BLE001 - a person never sees a traceback
        return output.problem(_defect(error), known)


def _alone(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """A command that asks no daemon, and needs no file that can be read: it may be broken."""
    from importlib import import_module

    command = import_module(f"robson.cli.commands.{args.command}")
    code: int = command.run(args, environ)
    return code


def _command(args: argparse.Namespace, known: Settings, environ: Mapping[str, str]) -> int:
    from importlib import import_module

    if args.command == "demo":
        code: int = import_module("robson.cli.demo").run(args)
        return code
    command = import_module(f"robson.cli.commands.{args.command}")
    from robson.cli.session import Session

    exit_code: int = command.run(args, Session(known, environ))
    return exit_code


def _early(argv: Sequence[str]) -> Settings:
    """What must be known to report a command line that cannot be read."""
    return Settings(
        url=None,
        profile=None,
        state_dir=None,
        token_file=None,
        timeout_s=DEFAULT_TIMEOUT_MS / 1000,
        json="--json" in argv,
        colour="--no-color" not in argv,
        plain="--plain" in argv,
        verbose=False,
    )


def _version() -> int:
    from robson.api.version import installed

    known = installed("from a checkout that is not installed")
    output.write(sys.stdout, f"robson {known}\n")
    return 0


def _defect(error: Exception) -> Problem:
    """A bug of ours, said as one; where it happened helps whoever reports it."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else ""
    text = " ".join(str(error).split())
    return Problem("INTERNAL", f"a defect in robson: {type(error).__name__}{where}: {text}.")


if __name__ == "__main__":
    main()

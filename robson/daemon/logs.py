"""Logging: one sink, no variable values in tracebacks, nothing per tick."""

from __future__ import annotations

import sys
from pathlib import Path

from loguru import logger

FORMAT = "{time:YYYY-MM-DDTHH:mm:ss.SSS!UTC}Z {level: <7} {message}"


def to_nobody() -> None:
    """Take the default sink away: until there is a file, people hear one line and no more."""
    logger.remove()


def to_file(directory: Path) -> None:
    """Log into ``logs/robsond.log`` of a state directory."""
    folder = directory / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    logger.add(
        folder / "robsond.log",
        format=FORMAT,
        rotation="20 MB",
        retention=5,
        diagnose=False,
        backtrace=False,
    )


def note(message: str) -> None:
    """One line for people."""
    logger.info(message)


def failure(name: str, error: BaseException) -> None:
    """What ended the process: kind and text, with the places but no values."""
    logger.opt(exception=error).critical(f"{name} ended: {type(error).__name__}: {error}")


def tell(line: str) -> None:
    """A line on the terminal of whoever started the daemon."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

"""Logging: a file and the last lines in memory, no variable values in tracebacks, nothing per tick.

The lines in memory begin with the last ones of the file, so that they outlive the process.
"""

from __future__ import annotations

import atexit
import itertools
import re
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loguru import logger

from robson.api.told import LOG_LEVELS, LOG_LINES_KEPT, LogLine
from robson.domain.identity import PositionId
from robson.domain.values import NS_PER_MS, NS_PER_S

FORMAT = "{time:YYYY-MM-DDTHH:mm:ss.SSS!UTC}Z {level: <8} {message}"
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})Z (\w+) +(.*)")
_POSITION = re.compile(r"pos_[0-9A-Z]{26}")
_TAIL_BYTES = 512 * 1024
_LONGEST = 2_000
"""Characters of a line that is kept in memory; the file has all of it."""


class Ring:
    """The last lines, numbered. Written under the logger's own lock, read by any thread."""

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque(maxlen=LOG_LINES_KEPT)
        self._numbers = itertools.count(1)

    def write(self, message: Any) -> None:
        """One record of the logger, as its sink."""
        record = message.record
        at_ns = int(record["time"].timestamp() * 1_000_000) * 1_000
        self.add(at_ns, record["level"].name.lower(), record["message"])

    def add(self, at_ns: int, level: str, text: str) -> None:
        """One more line; the position it is about is the first one that it names."""
        named = _POSITION.search(text)
        self._lines.append(
            LogLine(
                number=next(self._numbers),
                at_ns=at_ns,
                level=level if level in LOG_LEVELS else "info",
                message=text[:_LONGEST],
                position=PositionId(named[0]) if named else None,
            )
        )

    def after(self, number: int) -> tuple[LogLine, ...]:
        """The lines after one, oldest first."""
        held = tuple(self._lines)  # in one go: the writer is another thread
        return held[max(0, number - held[0].number + 1) :] if held else ()


ring = Ring()
"""Of this process: there is one log, as there is one logger."""


def to_nobody() -> None:
    """Take the default sink away: until there is a file, people hear one line and no more."""
    logger.remove()


def to_file(directory: Path) -> None:
    """Log into ``logs/robsond.log`` of a state directory, and keep the last lines at hand."""
    folder = directory / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "robsond.log"
    for at_ns, level, text in _read(file):
        ring.add(at_ns, level, text)
    shown: Any = {"diagnose": False, "backtrace": False}
    logger.add(ring.write, format="{message}", **shown)
    # Last, and its errors are ours: the library would print a traceback for every line.
    logger.add(file, format=FORMAT, rotation="20 MB", retention=5, catch=False, **shown)
    atexit.register(_let_go)  # before the library's own farewell, which would tell its trouble


def _let_go() -> None:
    with suppress(OSError):
        logger.remove()


def _read(file: Path) -> Iterator[tuple[int, str, str]]:
    """The last lines of a log file; what is no line of ours, such as a traceback's, is left out."""
    if not file.exists():
        return
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - _TAIL_BYTES))
        text = opened.read().decode(errors="replace")
    for found in map(_LINE.fullmatch, text.splitlines()):
        if found:
            whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
            at_ns = int(whole.timestamp()) * NS_PER_S + int(found[2]) * NS_PER_MS
            yield at_ns, found[3].lower(), found[4]


def note(message: str, level: str = "info") -> None:
    """One line for people, about the first position that it names.

    A file that cannot be written costs this line there and nothing else: no thread ends for a log.
    """
    with suppress(OSError):
        logger.log(level.upper(), " ".join(message.splitlines()))


def failure(name: str, error: BaseException) -> None:
    """What ended the process: kind and text, with the places but no values."""
    with suppress(OSError):
        logger.opt(exception=error).critical(f"{name} ended: {type(error).__name__}: {error}")


def tell(line: str) -> None:
    """A line on the terminal of whoever started the daemon."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

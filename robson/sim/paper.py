"""Puts lines on a terminal or into a pipe: colour only repeats what a word already says."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TextIO

NOT_A_TERMINAL = 120
BROKEN_PIPE = 141
LABEL = 14
_SGR = {"alarm": "1;7;31", "ok": "32", "strong": "1", "quiet": "2"}
_TWINS = str.maketrans({"✓": "+", "█": "#", "░": ".", "→": ">"})


class Paper:
    """Writes to one stream. Without a terminal: no escapes, a fixed width."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self._stream = stream
        self.terminal = stream.isatty()
        size = shutil.get_terminal_size((80, 24)).columns if self.terminal else NOT_A_TERMINAL
        self.width = max(40, min(size, NOT_A_TERMINAL))
        plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        self._colour = self.terminal and not plain
        self._unicode = (stream.encoding or "ascii").lower().startswith("utf")

    def paint(self, text: str, style: str) -> str:
        """The text, in a style where there is colour."""
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if self._colour else text

    def say(self, line: str = "") -> None:
        """One line as it is.

        Raises:
            SystemExit: nobody reads any more, or it cannot be written.
        """
        text = line if self._unicode else line.translate(_TWINS)
        try:
            self._stream.write(f"{text.rstrip()}\n")
            self._stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            raise SystemExit(BROKEN_PIPE) from None
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            sys.stderr.write(f"note: the answer could not be written: {error.strerror}\n")
            raise SystemExit(1) from None

    def fact(self, label: str, *paragraphs: str, indent: int = 2) -> None:
        """A label and its text beside it; each paragraph begins on a line of its own."""
        begin = indent + LABEL
        for text in paragraphs:
            wrapped = textwrap.wrap(text, self.width - begin, break_on_hyphens=False) or [""]
            for line in wrapped:
                head = self.paint(label.ljust(LABEL), "quiet") if label else " " * LABEL
                self.say(f"{' ' * indent}{head}{soft(line)}")
                label = ""


class Progress:
    """How far a long work is, on the error stream, so that a program still reads clean output.

    On a terminal one line that repaints itself and leaves nothing behind; elsewhere a line a
    minute, so that a log of a run of hours shows that it moves.
    """

    _REPAINT_S = 0.25
    _LINE_S = 60.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._on = stream.isatty()
        self._painted = False
        self._shown_s = 0.0

    def show(self, text: str, elapsed_s: float) -> None:
        """``text`` is where the work stands after ``elapsed_s`` seconds."""
        if elapsed_s - self._shown_s < (self._REPAINT_S if self._on else self._LINE_S):
            return
        self._shown_s = elapsed_s
        self._painted = self._on
        self._stream.write(f"\r\x1b[2K{text}" if self._on else f"{text}\n")
        self._stream.flush()

    def keep(self, text: str) -> None:
        """A line that stays: what went wrong is known while the rest still runs."""
        self.clear()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the repainted line away."""
        if self._painted:
            self._painted = False
            self._stream.write("\r\x1b[2K")
            self._stream.flush()


def bar(done: int, total: int) -> str:
    """Twelve cells of a work and how much of it is done."""
    filled = 12 * done // total
    return "█" * filled + "░" * (12 - filled)


_MINUTES_S = 180


def left(done: int, total: int, elapsed_s: float) -> str:
    """Time still to go at the pace so far: seconds, from three minutes on minutes."""
    left_s = elapsed_s / done * (total - done) if done else 0.0
    return f"{left_s:.0f} s left" if left_s < _MINUTES_S else f"{left_s / 60:.0f} min left"


_HARD = "\u00a0"


def hard(text: str) -> str:
    """Text that never breaks: a number with its unit, a command to type."""
    return text.replace(" ", _HARD)


def soft(text: str) -> str:
    """The same with plain blanks, once lines are broken."""
    return text.replace(_HARD, " ")


def counted(counts: Iterable[tuple[str, int]]) -> str:
    """Names with their counts, each pair in one piece."""
    return "  ".join(hard(f"{name.replace('_', ' ')} {count:,}") for name, count in counts)


def figure(value: Decimal, places: int = 2) -> str:
    """A number for people."""
    return f"{value:,.{places}f}"


def error(message: str) -> None:
    """Say what was wrong, on one line."""
    sys.stderr.write(f"error: {message}\n")

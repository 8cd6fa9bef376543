"""Owns what a line is: text with styles, the symbols and their ASCII twins, and the page to fill.

Never prints, asks the time or knows about terminals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

PLAIN = ""
ALARM = "alarm"
WARN = "warn"
OK = "ok"
LEVEL = "level"
STRONG = "strong"
QUIET = "quiet"
STYLES = (PLAIN, ALARM, WARN, OK, LEVEL, STRONG, QUIET)

Segment = tuple[str, str]
Line = list[Segment]

HARD_SPACE = "\u00a0"
"""Joins a number to its unit and the words of a command; wrapping turns it into a space."""

_FIRST_BRAILLE, _LAST_BRAILLE = 0x2800, 0x28FF
_LONG_TAIL = re.compile(r"(\b\d+\.\d{8})\d+\b")
"""A quotient that somebody printed with all its digits."""


class Symbols(NamedTuple):
    """Every character of a screen that is not ASCII, or its twin."""

    ok: str = "✓"
    failed: str = "✗"
    attention: str = "!"
    arrow: str = "→"
    dot: str = "·"
    ellipsis: str = "…"
    rule: str = "─"
    stop: str = "━"
    guide: str = "┄"
    price: str = "●"
    lost: str = "█"
    risk: str = "▒"
    free: str = "░"
    block: str = "▆"
    pointer: str = "▸"
    braille: bool = True

    def clean(self, text: object) -> str:
        """Text from outside, made harmless: no control characters, no endless decimals, and
        ASCII where asked.
        """
        kept = "?" if text is None else "".join(map(_harmless, str(text)))
        kept = _LONG_TAIL.sub(r"\1", kept)
        return kept if self.braille or kept.isascii() else "".join(map(_ascii, kept))


UNICODE = Symbols()
ASCII = Symbols(
    ok="+",
    failed="x",
    attention="!",
    arrow="->",
    dot="-",
    ellipsis="...",
    rule="-",
    stop="=",
    guide=".",
    price="@",
    lost="#",
    risk="=",
    free=".",
    block="#",
    pointer=">",
    braille=False,
)
_TWINS = {
    u: a
    for u, a in zip(UNICODE, ASCII, strict=True)
    if isinstance(u, str) and isinstance(a, str) and u != a
}


class Page(NamedTuple):
    """What a view has to fill.

    ``plain`` is for screen readers and dumb terminals: sentences only, no columns, no symbols.
    ``full_ids`` where the text will be read by a program.
    """

    width: int = 80
    symbols: Symbols = UNICODE
    plain: bool = False
    full_ids: bool = False

    @property
    def prose(self) -> int:
        """Sentences are at most 100 columns wide."""
        return min(self.width, 100)


def _harmless(char: str) -> str:
    if char in "\n\t\r":
        return " "
    return "?" if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} else char


def _ascii(char: str) -> str:
    if char.isascii() or char == HARD_SPACE:
        return char
    if char in _TWINS:
        return _TWINS[char]
    if _FIRST_BRAILLE <= ord(char) <= _LAST_BRAILLE:
        return "*"
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base.isascii() else "?"


def cells(text: str) -> int:
    """How many columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def text_of(line: Iterable[Segment]) -> str:
    """The line as it reads without any style."""
    return "".join(text for text, _ in line).rstrip()


def width_of(line: Iterable[Segment]) -> int:
    """Columns the line takes, trailing blanks included."""
    return sum(cells(text) for text, _ in line)


def pad(line: Line, width: int) -> Line:
    """The line, filled with blanks up to a width."""
    missing = width - width_of(line)
    return [*line, (" " * missing, PLAIN)] if missing > 0 else list(line)


def spans(*parts: str | Segment) -> Line:
    """A line of plain texts and styled segments."""
    return [(part, PLAIN) if isinstance(part, str) else part for part in parts]

"""What robsond says when it starts: a title and labelled lines, folded where a terminal ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from textwrap import wrap

LABELS = 13
"""Where the text beside a label begins."""
_LEAST = 40


def banner(title: str, rows: Iterable[tuple[str, str]], width: int | None) -> list[str]:
    """The lines; ``width`` None, where no terminal reads them, folds nothing.

    A path or an address is never broken: it can be copied as it stands.
    """
    lines = [title]
    for label, text in rows:
        first, rest = f"  {label}".ljust(LABELS), " " * LABELS
        lines += [first + text] if width is None else _folded(text, first, rest, width)
    return lines


def _folded(text: str, first: str, rest: str, width: int) -> list[str]:
    return wrap(
        text,
        max(_LEAST, width),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def width_of_stdout() -> int | None:
    """Columns of the terminal that reads this; None where none does."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None

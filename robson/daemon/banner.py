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
        lines += folded(f"  {label}".ljust(LABELS), text, width)
    return lines


def folded(first: str, text: str, width: int | None) -> list[str]:
    """A text beside its label, and below itself where it does not fit."""
    if width is None:
        return [first + text]
    return wrap(
        text,
        max(_LEAST, width),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def width_of_stdout() -> int | None:
    """Columns of the terminal that reads this; None where none does."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None

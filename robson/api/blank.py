"""Finds what was left empty on a command line: most often a variable of a script that nobody set.

An empty value would mean "no such option": ``panic --symbol "$PAIR"`` would close everything.
"""

from __future__ import annotations

from collections.abc import Sequence


def left_empty(argv: Sequence[str]) -> str | None:
    """What is wrong: the first word, or value of an option, that is empty; None without one."""
    before = ""
    for word in argv:
        option, given, value = word.partition("=")
        if option.startswith("--") and given and not value.strip():
            return _empty(option)
        if not word.strip():
            return _empty(before if before.startswith("--") and "=" not in before else "a word")
        before = word
    return None


def _empty(what: str) -> str:
    return f"{what} is empty; a value is expected. Is a variable not set?"

"""Pieces of a Markdown page that is made from the code."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

WIDTH = 100


def made_from(source: str) -> str:
    """What keeps people from editing a page that is made."""
    return f"<!-- Made by tools/docs.py from {source}: change that, then run it. -->"


def paragraph(*sentences: str) -> str:
    """Prose, wrapped; neither a link nor what is in backticks breaks."""
    text = " ".join(sentences)
    whole = re.sub(r"`[^`]*`|\[[^]]*\]\([^)]*\)", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(whole, WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def table(*head: str, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"

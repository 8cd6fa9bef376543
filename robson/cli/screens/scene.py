"""Owns what a chapter is told from: its rows, all rows, the position, and how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from robson.cli.screens import journal
from robson.cli.screens.facts import Doc, text
from robson.cli.screens.line import PLAIN, STRONG, Line, Symbols


class Scene(NamedTuple):
    """A chapter's rows, and what they belong to."""

    rows: Sequence[Doc]
    everything: Sequence[Doc]
    p: Doc
    where: str
    symbols: Symbols

    def last(self, *kinds: str) -> Doc | None:
        """The chapter's last row of some kinds."""
        return journal.last(self.rows, *kinds)

    def clean(self, row: Doc | None, *path: str) -> str:
        """Text of a payload, made harmless."""
        return self.symbols.clean(text(row, "payload", *path)).rstrip(".")


def unknown(s: Scene, letter: str) -> Line:
    """What had no known outcome, and what settled it."""
    found = [
        row
        for row in journal.of(s.rows, "order_unknown")
        if text(row, "payload", "client_id")[2:3] == letter
    ]
    if not found:
        return []
    where = f"{s.where[0].upper()}{s.where[1:]}"
    resolved = s.last("order_resolved")
    outcome = {"found": "found it there", "absent": "proved that it is not there"}
    known = s.last("entry_filled", "entry_failed", "exit_filled", "insurance_filled")
    still = "asks on" if known is None else "asked until its outcome was known"
    ended = outcome.get(s.clean(resolved, "outcome"), still)
    return [
        (" ", PLAIN),
        (f"{where} did not answer ({s.clean(found[0], 'reason')}).", STRONG),
        (
            f" Robson did not send again: it looked the order up by its client id and {ended}.",
            PLAIN,
        ),
    ]

"""Owns what a chapter is told from: its rows, all rows, the position, and how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from robson.cli.screens import figures, journal
from robson.cli.screens.facts import Doc, text
from robson.cli.screens.journal import pay
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


def failed(s: Scene, what: str, rows: Sequence[Doc]) -> Line:
    """What the exchange has refused, by a code of its own, and what came to nothing without one."""
    line: Line = []
    for said, coded in (("was refused", True), ("came to nothing", False)):
        these = [row for row in rows if (pay(row, "code") is not None) is coded]
        if these:
            message = s.clean(these[-1], "message")
            line += [(f" {what} {said} {figures.often(len(these))}: {message}.", STRONG)]
    return line


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
    lost = {text(row, "payload", "client_id") for row in found}
    settled = [
        s.clean(row, "outcome")
        for row in journal.of(s.rows, "order_resolved")
        if text(row, "payload", "client_id") in lost
    ]
    known = s.last("entry_filled", "entry_failed", "exit_filled", "insurance_filled")
    ended = "asks on" if known is None else "asked until its outcome was known"
    if settled:
        ended = _OUTCOMES.get(settled[-1], ended)
    more = f", {figures.often(len(lost))}" if len(lost) > 1 else ""
    again = letter == "x" and "absent" in settled
    then = " Only then was another one sent, under an id of its own." if again else ""
    looked = "looked the order up by its client id"
    return [
        (" ", PLAIN),
        (f"{where} did not answer ({s.clean(found[0], 'reason')}){more}.", STRONG),
        (f" Robson did not send again: it {looked} and {ended}.{then}", PLAIN),
    ]


_OUTCOMES = {"found": "found it there", "absent": "proved that it is not there"}

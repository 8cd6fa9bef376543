"""Owns the tags and the four parts of a finding, and which of several leads: the worst.

Knows no document; views make findings and this module orders and lays them out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from robson.cli.screens.line import (
    ALARM,
    OK,
    PLAIN,
    QUIET,
    STRONG,
    WARN,
    Line,
    Page,
    Segment,
    Symbols,
    width_of,
)
from robson.cli.screens.prose import Prose, finish, whole, wrap


class Tag(NamedTuple):
    """A word of the closed list, and how loud it is."""

    word: str
    style: str

    @property
    def rank(self) -> int:
        """Place in the list; a lower one is worse."""
        return _RANKS[self.word]


UNPROTECTED = Tag("UNPROTECTED", ALARM)
CANNOT_SEE = Tag("CANNOT SEE", ALARM)
NEEDS_YOU = Tag("NEEDS YOU", ALARM)
ORDER_UNKNOWN = Tag("ORDER UNKNOWN", WARN)
NO_EXCHANGE = Tag("NO EXCHANGE", WARN)
SLOW_FEED = Tag("SLOW FEED", WARN)
NOT_LEADER = Tag("NOT LEADER", WARN)
MONTHLY_HALT = Tag("MONTHLY HALT", WARN)
PAUSED = Tag("PAUSED", WARN)
REPLICA_BEHIND = Tag("REPLICA BEHIND", WARN)
DISK_LOW = Tag("DISK LOW", WARN)
PROTECTED = Tag("PROTECTED", OK)
IDLE = Tag("IDLE", OK)

TAGS = (
    UNPROTECTED,
    CANNOT_SEE,
    NEEDS_YOU,
    ORDER_UNKNOWN,
    NO_EXCHANGE,
    SLOW_FEED,
    NOT_LEADER,
    MONTHLY_HALT,
    PAUSED,
    REPLICA_BEHIND,
    DISK_LOW,
    PROTECTED,
    IDLE,
)
_RANKS = {tag.word: rank for rank, tag in enumerate(TAGS)}

LABELS = 13
"""Where the text beside a tag or a label begins."""
FULL = 3
"""So many findings are printed whole."""


class Finding(NamedTuple):
    """What happened, what it means for the money, what Robson does, what you can do."""

    tag: Tag
    happened: Prose
    position: Prose
    robson: Prose
    you: Prose
    symbol: str = ""
    about: frozenset[str] = frozenset()
    """Ids of the positions concerned."""


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first; equals stay in the order in which they were found."""
    return sorted(findings, key=lambda finding: finding.tag.rank)


def command(text: str) -> Segment:
    """A command to type: never broken, and the fact of its line."""
    return (whole(text), STRONG)


def apart(text: str) -> Segment:
    """A command set off from the words before it by one more blank."""
    return (whole(f" {text}"), STRONG)


def tag_segment(tag: Tag, symbols: Symbols) -> Segment:
    """The tag as it stands at the head of a screen."""
    return block(tag.word, tag.style, symbols)


def block(word: str, style: str, symbols: Symbols) -> Segment:
    """A word with the mark of its style: a filled block for alarms and warnings."""
    if style == ALARM:
        return (f" !! {word} ", ALARM)
    if style == WARN:
        return (f" {symbols.attention} {word} ", WARN)
    return (f"{symbols.ok} {word}", style)


def headline(tag: Segment, body: Prose, page: Page, *, strong: bool = False) -> list[Line]:
    """The verdict line: the tag and one sentence."""
    sentence: Line = [(body, STRONG if strong else PLAIN)] if isinstance(body, str) else body
    gap = max(2, LABELS - width_of([tag]))
    first: Line = [tag, (" " * gap, PLAIN)]
    return wrap(sentence, page.prose, first=first, indent=LABELS)


def labelled(label: str, body: Prose, page: Page, *, margin: int = 3) -> list[Line]:
    """A quiet label and its sentences beside it."""
    if page.plain:
        return wrap([(f"{label}: ", PLAIN), *_line(body)], page.prose)
    first: Line = [(" " * margin, PLAIN), (label, QUIET)]
    return wrap(body, page.prose, first=first, indent=LABELS)


def finding_lines(finding: Finding, page: Page) -> list[Line]:
    """All four parts."""
    if page.plain:
        return _spoken(finding, page)
    lines = headline(tag_segment(finding.tag, page.symbols), finding.happened, page, strong=True)
    for label, body in parts(finding):
        lines.extend(labelled(label, body, page))
    return lines


def parts(finding: Finding) -> tuple[tuple[str, Prose], ...]:
    """The three parts after the headline, with their labels."""
    return (("Position", finding.position), ("Robson", finding.robson), ("You", finding.you))


def _spoken(finding: Finding, page: Page) -> list[Line]:
    lines = wrap(
        [("Verdict: ", PLAIN), (f"{finding.tag.word}. ", PLAIN), *_line(finding.happened)],
        page.prose,
    )
    for label, body in parts(finding):
        lines.extend(labelled(label, body, page))
    return lines


def _line(body: Prose) -> Line:
    return [(body, PLAIN)] if isinstance(body, str) else list(body)


def findings_lines(findings: Iterable[Finding], page: Page) -> list[Line]:
    """Up to three in full, worst first; how to see the rest."""
    worst_first = ordered(findings)
    lines: list[Line] = []
    for finding in worst_first[:FULL]:
        lines.extend(finding_lines(finding, page))
    rest = worst_first[FULL:]
    if rest:
        lines.extend(wrap(_and_more(rest), page.prose, indent=3, first=[("", PLAIN)]))
    return finish(lines, page)


def _and_more(rest: list[Finding]) -> Line:
    symbols = list(dict.fromkeys(finding.symbol for finding in rest if finding.symbol))
    text = f"robson status --symbol {symbols[0]}" if symbols else "robson status --json"
    return [(f"and {len(rest)} more: ", PLAIN), command(text)]


def gutter_of(findings: Iterable[Finding], position: str) -> Segment:
    """The mark left of a position's row: that of the worst finding about it."""
    about = [f.tag for f in ordered(findings) if position in f.about]
    if not about or about[0].style == OK:
        return ("", PLAIN)
    return ("!!", ALARM) if about[0].style == ALARM else ("!", WARN)

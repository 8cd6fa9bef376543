"""What a person reads in every bad situation, made into a page from the real screens.

Run with ROBSON_GOLDEN=write to renew docs/when-it-goes-wrong.md after a change that was meant.
"""

from __future__ import annotations

import os
import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from robson.cli.screens import explain, finding, status, watch
from robson.cli.screens.line import UNICODE, Page, text_of
from tests.contract.bad_days import DAYS, DOOR, BadDay, shown
from tests.unit.cli.screens.documents import numbers

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "when-it-goes-wrong.md"
SCREEN = Page(80, UNICODE)
OVER = "And of such a position in a world, once that is over, with times to the minute:"
EVERY = pytest.mark.parametrize("day", DAYS, ids=lambda day: day.title)
HEAD = """\
<!-- Made by tests/contract/test_when_it_goes_wrong.py from the screens: change those, then run it
with ROBSON_GOLDEN=write. -->

# When it goes wrong

What `robson status` says in each bad situation, at 80 columns. Each answers the same questions in
the same order: what happened and for how long, what guards the **Position** and what is not known
of it, what **Robson** does now, what **You** can do. The worst comes first; a calm screen has no
`!`. Every command that is named can be typed as it stands.
"""
SAYS_SO = re.compile(
    r"rests|No stop|no stop|nothing .*limits|Nothing is held|go on protecting|may have filled"
    r"|may be closed|keep their stops|exchange stops stay|Not everything"
)
"""Words that say what stands between a position and a loss, or that nothing does."""


def screen(day: BadDay) -> list[str]:
    """The screen, line by line."""
    document = numbers(shown(day.published())) if day.published is not None else None
    if document is None:
        lines = status.cannot_see(DOOR, SCREEN)
    elif day.silent_s is not None:
        lines = watch.everything(watch.Seen(document, day.silent_s, DOOR), SCREEN)
    else:
        lines = status.status(document, SCREEN)
    return [text_of(line) for line in lines]


CHANCE = (
    (r"(\d\d:\d\d):\d\d\.\d{3}", r"\1"),
    (r"rb([a-z])\w+\.\.\.\w+-\w+", r"rb\1..."),
    (r"\d+(\.\d)? (ms|s) (after|later)", r"some \2 \3"),
    (r"in (\d+m )?\d+ s$", "in some time"),
    (r"SHA-256 \w+", "SHA-256 35da"),
)
"""What differs from one world's chances to another's: nobody reads the page for it."""


def explanation(document: Any) -> list[str]:
    """What ``robson explain`` says of a position; how its entry was decided is left out."""
    lines = [text_of(line) for line in explain.explain(document, SCREEN)]
    for pattern, told in CHANCE:
        lines = [re.sub(pattern, told, line) for line in lines]
    armed, entry = (
        next(n for n, line in enumerate(lines) if line.startswith(f"  {title} "))
        for title in ("Armed", "Entry")
    )
    return ["$ robson explain SOLUSDT", *lines[:armed], "  ...", *lines[entry:]]


def said_by_robsond(day: BadDay) -> Iterator[str]:
    """What robsond says on stderr, from the table that tests/e2e/test_mistakes.py proves."""
    if day.robsond is None:
        return
    given, typed = day.robsond
    table = tomllib.loads((ROOT / "docs" / "mistakes.toml").read_text())
    [row] = [r for r in table["journal"]["rows"] if (r["given"], r["input"]) == (given, typed)]
    says = row["says"].replace("{here}/s", "/var/lib/robson").replace("{pid}", "4711")
    yield f"$ {typed}"
    told = f"error: {says} Nothing was changed. [{row['code']}, exit {row['exit']}]"
    yield from textwrap.wrap(told, SCREEN.width, break_on_hyphens=False)


def paragraph(text: str) -> str:
    """Prose of the page; what is in backticks does not break."""
    whole = re.sub(r"`[^`]*`", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(whole, 100, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for day in DAYS:
        command = "robson status --watch" if day.silent_s is not None else "robson status"
        told = [*said_by_robsond(day), f"$ {command}", *screen(day)]
        section = [f"## {day.title}", "", paragraph(day.when), "", "```", *told, "```", ""]
        if day.explained is not None:
            section += [OVER, "", "```", *explanation(day.explained()), "```", ""]
        parts.append("\n".join(section))
    return "\n".join(parts)


def test_the_page_shows_the_screens_as_they_are(record_property: Any) -> None:
    if os.environ.get("ROBSON_GOLDEN") == "write":
        PAGE.write_text(page(), encoding="utf-8")
    assert page() == PAGE.read_text(encoding="utf-8")
    record_property("note", f"when it goes wrong: {len(DAYS)} situations, each with its screen")


@EVERY
def test_each_answers_what_a_person_asks(day: BadDay) -> None:
    """Protected or not, by what, what is unknown, what Robson does, what one can do."""
    lines = screen(day)
    told = "\n".join(lines)
    if day.robsond is not None and day.published is not None:
        assert lines[0].startswith("✓ PROTECTED"), "the first daemon is well"
        return
    assert any(tag.word in lines[0] for tag in finding.TAGS if tag is not finding.PROTECTED)
    for label in ("Position", "Robson", "You"):
        assert re.search(rf"^   {label} +\S", told, re.MULTILINE), label
    position = re.search(r"^   Position  (.*?)^   Robson ", told, re.MULTILINE | re.DOTALL)
    assert position is not None
    assert SAYS_SO.search(" ".join(position[1].split())), position[1]
    assert max(map(len, lines)) <= SCREEN.width


def test_no_two_situations_look_alike() -> None:
    heads = ["".join(screen(day)[:5]) for day in DAYS if day.robsond is None]

    assert len(set(heads)) == len(heads)

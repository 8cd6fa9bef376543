"""One line of a stream for a person: a journal row with its facts, or a line of the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from robson.cli.screens import figures, journal
from robson.cli.screens.facts import Doc, at, text
from robson.cli.screens.line import HARD_SPACE, PLAIN, QUIET, STRONG, WARN, Line, Page
from robson.cli.screens.prose import finish, whole, wrap

KIND = 20
_SEQ = 6
_LEVEL = 9
_TOLD = ("position", "account", "scope", "schema")
_LOUD = {"warning": WARN, "error": STRONG, "critical": STRONG}


def event(document: Doc, page: Page) -> list[Line]:
    """A ``robson.event/1`` document: place, time, name, whose, and its facts."""
    seq, kind, whose = text(document, "seq"), journal.kind(document), _whose(document, page)
    when = figures.clock(document.get("at"), "", exact=True)
    told = sorted(_facts(at(document, "payload")), key=_is_id)  # what is looked for stands first
    facts = f" {HARD_SPACE}".join(whole(page.symbols.clean(each)) for each in told)
    if page.plain:
        about = f" of {whose}" if whose else ""
        return finish(wrap(f"{seq}, {when}: {kind}{about}. {facts}", page.width), page)
    first: Line = [
        (f"{seq:>{_SEQ}}  ", PLAIN),
        (f"{when}  ", QUIET),
        (kind.ljust(KIND), STRONG),
        ("  ", PLAIN),
    ]
    body: Line = [(whose or figures.NONE.ljust(figures.SHORT_ID), QUIET)]
    body.append((f" {HARD_SPACE}{facts}" if facts else "", PLAIN))
    return finish(wrap(body, page.width, first=first, indent=_SEQ + 2), page)


def _whose(document: Doc, page: Page) -> str:
    full = text(document, "position")
    return full if page.full_ids else full[-figures.SHORT_ID :]


def _is_id(fact: str) -> bool:
    return fact.partition(" ")[0].endswith(("_id", "_key", "_ms"))


def _facts(payload: Any) -> Iterator[str]:
    """Plain values of a payload; what is nested deeper is for ``--json``."""
    for key, value in payload.items() if isinstance(payload, dict) else ():
        if key in _TOLD or key.endswith("_ns") or value in (None, ""):
            continue
        if isinstance(value, (dict, list)):
            continue
        said = str(value).lower() if isinstance(value, bool) else str(value)
        yield f"{key} {said}"


def log(document: Doc, page: Page) -> list[Line]:
    """A ``robson.log/1`` document: time, level, text."""
    level, said = text(document, "level"), page.symbols.clean(text(document, "message"))
    when = figures.clock(document.get("at"), "", exact=True)
    if page.plain:
        return finish(wrap(f"{when}, {level}: {said}", page.width), page)
    first: Line = [(f"{when}  ", QUIET), (level, _LOUD.get(level, PLAIN))]
    first.append((" " * (_LEVEL - len(level)), PLAIN))
    return finish(wrap(said, page.width, first=first, indent=_SEQ + 2), page)

"""The screen of doctor, and of a test of the alerts: check by check, then what they come to."""

from __future__ import annotations

from collections.abc import Iterator

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, listed, text
from robson.cli.screens.line import ALARM, OK, PLAIN, QUIET, STRONG, WARN, Line, Page, Segment
from robson.cli.screens.prose import finish, wrap

_BESIDE = 15


def doctor(document: Doc, page: Page) -> list[Line]:
    """A ``robson.doctor/1`` document."""
    checks = listed(document, "checks")
    tag, said = _verdict(checks, page)
    lines = (
        wrap(f"Verdict: {tag[0].strip('!✓+ ')}. {said}", page.prose)
        if page.plain
        else f.headline(tag, said, page)
    )
    lines += f.labelled("Daemon", facts.reached(document), page)
    lines.append([])
    for check in checks:
        lines += _check(check, page)
    return finish(lines, page)


def _verdict(checks: list[Doc], page: Page) -> tuple[Segment, str]:
    """A check that could not be made is never a pass."""
    answers = [text(check, "answer") for check in checks]
    bad, unknown = answers.count("fail"), answers.count("unchecked")
    said = f"{answers.count('pass')} of {figures.count(len(checks), 'check')} passed."
    if bad:
        return f.block(f"{bad} FAILED", ALARM, page.symbols), said
    if unknown:
        return f.block(f"{unknown} NOT CHECKED", WARN, page.symbols), said
    return f.block("PASSED", OK, page.symbols), said


def _check(check: Doc, page: Page) -> Iterator[Line]:
    name, answer = text(check, "name"), text(check, "answer")
    said = page.symbols.clean(text(check, "said"))
    if page.plain:
        yield from wrap(f"{name}, {answer}: {said}", page.prose)
    else:
        first: Line = [_mark(check, page), (f" {name}", STRONG if answer == "fail" else PLAIN)]
        yield from wrap(said, page.prose, first=first, indent=_BESIDE)
    for label in ("means", "fix"):
        if text(check, label):
            first = [(" " * (0 if page.plain else _BESIDE), PLAIN), (label, QUIET), (" ", PLAIN)]
            body = page.symbols.clean(text(check, label))
            yield from wrap(body, page.prose, first=first, indent=_BESIDE + 6)


def _mark(check: Doc, page: Page) -> Segment:
    answer = text(check, "answer")
    if answer == "fail":
        return (f" {page.symbols.failed}", ALARM)
    if answer == "unchecked" or text(check, "means"):
        return (f" {page.symbols.attention}", WARN)
    return (f" {page.symbols.ok}", OK)

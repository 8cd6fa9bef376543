"""Refusals in one run of sentences; a full finding where money may be concerned.

The list of codes says for each whether anything can have changed.
"""

from __future__ import annotations

from robson.cli.screens import facts, figures, verdicts
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, listed, text
from robson.cli.screens.finding import Finding, apart
from robson.cli.screens.line import HARD_SPACE, PLAIN, QUIET, STRONG, Line, Page, spans
from robson.cli.screens.prose import finish, wrap

UNCHANGED = "Nothing was changed."
UNSEEN = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
UNKNOWN = ("ORDER_UNKNOWN", "PENDING", "EXCHANGE_UNAVAILABLE")
_INTERRUPTED = "CANCELLED_BY_USER"


def error(document: Doc, page: Page) -> list[Line]:
    """A ``robson.error/1`` document: one run of sentences, or a finding."""
    code = text(document, "error", "code")
    found = finding_of(document, page)
    if found is None:
        return _refused(document, code, page)
    mark = [(_mark(document, code), QUIET)]
    return [*f.findings_lines([found], page), *wrap(mark, page.prose, first=[("   ", PLAIN)])]


def _mark(document: Doc, code: str) -> str:
    return f"[{code}, exit {text(document, 'exit')}]".replace(" ", "\u00a0")


def _message(document: Doc, page: Page) -> str:
    said = page.symbols.clean(text(document, "error", "message")).strip()
    if not said:
        said = "It was refused without a reason"
    return said if said.endswith((".", "?", "!")) else f"{said}."


def _refused(document: Doc, code: str, page: Page) -> list[Line]:
    said = _message(document, page)
    body: Line = [(said, PLAIN)]
    candidates = listed(document, "error", "details", "candidates")
    if candidates:
        shown = ", ".join(page.symbols.clean(_candidate(each)) for each in candidates)
        body.append((f" Candidates: {shown}.", PLAIN))
    if UNCHANGED not in said and code != _INTERRUPTED:
        body.append((f" {UNCHANGED}", PLAIN))
    hint = page.symbols.clean(text(document, "error", "details", "hint")).strip()
    if hint and hint not in said:
        body += _hinted(hint)
    body.append((f" {_mark(document, code)}", PLAIN))
    lines = wrap(body, page.prose, first=[("error:", STRONG), (" ", PLAIN)], indent=7)
    return finish(lines, page)


def _hinted(hint: str) -> Line:
    """A hint is a command, or a sentence."""
    if hint.startswith(("robson ", "robsond ")):
        return spans(" Instead: ", apart(hint), f" {HARD_SPACE}")
    return spans(f" {hint[:1].upper()}{hint[1:].rstrip('.')}.")


def _candidate(each: object) -> str:
    if isinstance(each, str):
        return each
    full = facts.text(each, "id")
    words = (full[-figures.SHORT_ID :], facts.text(each, "symbol"), facts.text(each, "state"))
    return " ".join(filter(None, words)) or str(each)


# --- where money may be concerned ----------------------------------------------------------------


def finding_of(document: Doc, page: Page) -> Finding | None:
    """The finding behind an error; None for a refusal that changed nothing."""
    code = text(document, "error", "code")
    if at(document, "error", "details", "simulated"):
        return None
    said = _message(document, page)
    if not said.startswith("robson"):
        said = f"{said[:1].upper()}{said[1:]}"
    if code in UNSEEN:
        unseen = verdicts.cannot_see(said)
        return unseen._replace(happened=said, robson=_UNHEARD)
    if code in UNKNOWN:
        return _not_known(document, said)
    if code == "INTERNAL":
        return _internal(said)
    return None


_UNHEARD = "Nothing that this command asked for is known to have been done."


def _about(document: Doc) -> str:
    symbol = text(document, "error", "details", "symbol")
    return f"robson status --symbol {symbol}" if symbol else "robson status"


def _not_known(document: Doc, said: str) -> Finding:
    return Finding(
        f.ORDER_UNKNOWN,
        said,
        "The command was accepted. Whether it is done is not known here.",
        "Goes on until the outcome is known; nothing is sent twice.",
        spans("See what became of it: ", apart(_about(document))),
        at(document, "error", "details", "symbol") or "",
    )


def _internal(said: str) -> Finding:
    return Finding(
        f.NEEDS_YOU,
        said,
        "Whether the command took effect is not known. Stops that stand go on standing.",
        "Logged it. robsond goes on, or ends and starts again from its journal.",
        spans("See what is true now: ", apart("robson status")),
    )

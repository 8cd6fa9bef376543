"""The story of a position from its journal rows: chapters, each with the rows that prove it."""

from __future__ import annotations

from typing import NamedTuple

from robson.cli.screens import chapters, compared, facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.journal import kind, pay
from robson.cli.screens.line import (
    ALARM,
    HARD_SPACE,
    OK,
    PLAIN,
    QUIET,
    STRONG,
    Line,
    Page,
    Segment,
    spans,
)
from robson.cli.screens.prose import finish, wrap
from robson.cli.screens.story import story

INDENT = 12
MOST_RUNGS = 6
_LONG_ID = 20
_PURPOSE = 2
"""Place of the letter in a client order id that says what the order is for."""
_BY_KIND = {
    "position_armed": "Armed",
    "signal_received": "Stop",
    "signal_rejected": "Refused",
    "sizing_decided": "Size",
    "entry_requested": "Entry",
    "entry_accepted": "Entry",
    "entry_partly_filled": "Entry",
    "entry_cancelling": "Exit",
    "entry_filled": "Entry",
    "entry_failed": "Entry",
    "exit_prearmed": "Guard",
    "insurance_requested": "Guard",
    "insurance_placed": "Guard",
    "exit_triggered": "Exit",
    "panic_requested": "Exit",
    "exit_requested": "Exit",
    "exit_accepted": "Exit",
    "exit_filled": "Exit",
    "exit_retry": "Exit",
    "insurance_filled": "Exit",
    "position_closed": "Result",
    "repay_requested": "Result",
    "pnl_settled": "Result",
    "position_cancelled": "Cancelled",
    "cancel_requested": "Cancelled",
    "position_error": "Error",
    "position_resolved": "Resolved",
    **dict.fromkeys(compared.KINDS, "Compared"),
}
_BY_ORDER = {"e": "Entry", "x": "Exit"}
_STAYS = ("Exit", "Result")
"""Chapters that are not left again for an exchange stop that is taken off or put back."""


class Chapter(NamedTuple):
    """A title and the rows that belong to it."""

    title: str
    rows: tuple[Doc, ...]


def explain(document: Doc, page: Page) -> list[Line]:
    """A ``robson.explain/1`` document."""
    position, rows = at(document, "position") or {}, listed(document, "rows")
    lines = _head(position, page)
    told = story(position)
    if told:
        lines += [[], *wrap(told, page.prose)]
    lines.append([])
    for chapter in shortened(chaptered(rows)):
        lines += _chapter(chapter, document, rows, page)
    lines.append([])
    raw = f"robson explain {facts.id_of(position, page)} --json"
    foot: Line = [
        ("All of it comes from the journal. Raw events: ", QUIET),
        (raw.replace(" ", HARD_SPACE), QUIET),
    ]
    return finish([*lines, *wrap(foot, page.prose)], page)


# --- grouping ------------------------------------------------------------------------------------


def chaptered(rows: list[Doc]) -> list[Chapter]:
    """All rows, each in one chapter, in order."""
    grouped: list[tuple[str, list[Doc]]] = []
    for row in rows:
        title = _title(row, grouped[-1][0] if grouped else "Journal")
        if grouped and grouped[-1][0] == title and kind(row) != "signal_rejected":
            grouped[-1][1].append(row)
        else:
            grouped.append((title, [row]))
    return [Chapter(title, tuple(each)) for title, each in grouped]


def _title(row: Doc, current: str) -> str:
    if kind(row) == "stop_raised":
        return f"Rung {text(row, 'payload', 'rung')}"
    if kind(row) in ("order_sending", "order_unknown", "order_resolved"):
        letter = text(row, "payload", "client_id")[_PURPOSE : _PURPOSE + 1]
        return _BY_ORDER.get(letter, current)
    found = _BY_KIND.get(kind(row), current)
    if found == "Guard" and (current in _STAYS or current.startswith("Rung")):
        return current
    return found


def shortened(found: list[Chapter]) -> list[Chapter]:
    """A long climb as its first rung, the steps between as one chapter, and the last."""
    rungs = [chapter for chapter in found if chapter.title.startswith("Rung")]
    if len(rungs) <= MOST_RUNGS:
        return found
    first, last = rungs[0], rungs[-1]
    between = tuple(row for chapter in rungs[1:-1] for row in chapter.rows)
    merged = Chapter(f"{len(rungs) - 2} rungs", between)
    kept: list[Chapter] = []
    for chapter in found:
        if chapter is last:
            kept.append(merged)
        if chapter is first or chapter is last or not chapter.title.startswith("Rung"):
            kept.append(chapter)
    return kept


# --- laying out ----------------------------------------------------------------------------------


def _head(p: Doc, page: Page) -> list[Line]:
    state = text(p, "state")
    style = ALARM if state == "error" else OK if state in ("closed", "cancelled") else STRONG
    tag: Segment = (state, STRONG)
    if style != STRONG:
        tag = f.block(state.upper(), style, page.symbols)
    who = f"{facts.name(p)} {facts.id_of(p, page)}"
    body: Line = [(who, PLAIN)]
    if text(p, "exit_reason"):
        body += [(" by ", PLAIN), (text(p, "exit_reason"), STRONG)]
    body += _result(p)
    took = figures.seconds_between(p.get("entry_filled_at"), p.get("closed_at"))
    if took is not None:
        body.append((f" {HARD_SPACE}in{HARD_SPACE}{figures.age(took)}", PLAIN))
    if page.plain:
        return wrap([(f"Verdict: {state.upper()}. ", PLAIN), *body], page.prose)
    return wrap(body, page.prose, first=[tag, ("  ", PLAIN)], indent=INDENT)


def _result(p: Doc) -> Line:
    net, r = num(p, "realized_pnl"), num(p, "r_multiple")
    about = ""
    if net is None and num(p, "pnl_provisional") is not None:
        net, about = num(p, "pnl_provisional"), "not settled, about "
    if net is None:
        return []
    gap = f" {HARD_SPACE}{HARD_SPACE}"
    money = f"{about}{figures.pnl(net, facts.quote(p))}"
    line: Line = [(gap, PLAIN), (money, OK if net > 0 else PLAIN)]
    return [*line, (f" {HARD_SPACE}", PLAIN), (figures.in_r(r), STRONG)] if r is not None else line


def _chapter(chapter: Chapter, document: Doc, rows: list[Doc], page: Page) -> list[Line]:
    first = chapter.rows[0]
    when = figures.clock(first.get("at"), at(document, "position", "created_at"), exact=True)
    body = chapters.body(chapter.title, chapter.rows, document, rows, page)
    evidence = _evidence(chapter.rows, page)
    if page.plain:
        said = wrap([(f"{chapter.title}, {when}: ", PLAIN), *body], page.prose)
        return [*said, *wrap(evidence, page.prose)]
    head = spans("  ", (chapter.title.ljust(INDENT - 2), STRONG), (when, QUIET))
    lead: Line = [(" " * INDENT, PLAIN)]
    lines = wrap(body, page.prose, first=lead, indent=INDENT) if body else []
    return [head, *lines, *wrap([(evidence, QUIET)], page.prose, first=lead, indent=INDENT)]


def _evidence(rows: tuple[Doc, ...], page: Page) -> str:
    """Journal rows, exchange ids, client ids and epochs."""
    parts = [f"journal {_ranges([int(row['seq']) for row in rows])}"]
    orders = dict.fromkeys(str(pay(row, "order_id")) for row in rows if pay(row, "order_id"))
    parts += [f"order {each}" for each in orders]
    own = dict.fromkeys(str(pay(row, "client_id")) for row in rows if pay(row, "client_id"))
    parts += [f"client id {_shortened_id(page.symbols.clean(each), page)}" for each in own]
    epochs = dict.fromkeys(text(row, "epoch") for row in rows)
    parts += [f"epoch {each}" for each in epochs]
    return f" {HARD_SPACE}".join(part.replace(" ", HARD_SPACE) for part in parts)


def _shortened_id(client_id: str, page: Page) -> str:
    if page.full_ids or len(client_id) < _LONG_ID:
        return client_id
    return f"{client_id[:7]}...{client_id[-7:]}"


def _ranges(numbers: list[int]) -> str:
    """1044-1047, 1049."""
    spans_: list[list[int]] = []
    for number in numbers:
        if spans_ and number == spans_[-1][1] + 1:
            spans_[-1][1] = number
        else:
            spans_.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans_)

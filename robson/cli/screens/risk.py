"""The risk screen: what stands in the way of an entry, the month, the day, and every gate."""

from __future__ import annotations

from robson.cli.screens import facts, figures, foot, gates, scopes
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.line import (
    HARD_SPACE,
    OK,
    PLAIN,
    QUIET,
    STRONG,
    WARN,
    Line,
    Page,
    Segment,
    pad,
    spans,
    text_of,
)
from robson.cli.screens.prose import finish, wrap
from robson.cli.screens.table import Cell, Column, spoken, table, width_needed

_LIMIT, _LEAST_LIMIT = 3, 16
"""Which column the limit is, and how narrow it may become before columns are given up."""


def risk(document: Doc, page: Page) -> list[Line]:
    """A ``robson.risk/1`` document."""
    return finish([*_verdict(document, page), [], *_figures(document, page)], page)


def admin(document: Doc, page: Page) -> list[Line]:
    """A ``robson.admin/1`` document: what was asked for, and what holds now."""
    said = _said(document, page)
    lines = (
        wrap(f"Verdict: DONE. {said}", page.prose)
        if page.plain
        else f.headline(f.block("DONE", OK, page.symbols), said, page)
    )
    lines += f.labelled("Daemon", facts.reached(document), page)
    found = [*scopes.scopes(document, page.symbols, [])]
    if found:
        lines += [[], *f.findings_lines(found, page)]
    if text(document, "next"):
        lines += [
            [],
            *wrap(spans(("Next", QUIET), "  ", f.apart(text(document, "next"))), page.prose),
        ]
    return finish(lines, page)


def _said(document: Doc, page: Page) -> str:
    action, reason = text(document, "action"), page.symbols.clean(text(document, "reason"))
    if action == "halt":
        return f"No entry until the month ends or the halt is cleared. Reason: {reason}."
    if action == "clear-halt":
        return f"The halt is cleared. Reason: {reason}."
    if action in ("resolve", "reconcile-close"):
        position = at(document, "position") or {}
        state = text(position, "state")
        return f"{facts.name(position)} {facts.id_of(position, page)} is {state}. Reason: {reason}."
    if action == "clear-degraded":
        return f"{text(document, 'scope')} takes entries again. Reason: {reason}."
    state, was = text(document, "daemon", "runtime_state"), text(document, "was")
    return f"Runtime state {was} {page.symbols.arrow} {state}. Reason: {reason}."


def _verdict(document: Doc, page: Page) -> list[Line]:
    found = [*scopes.scopes(document, page.symbols, [])]
    if found:
        return f.findings_lines(found, page)
    denying = [gate for gate in listed(document, "risk", "gates") if gate.get("ok") is False]
    slots = num(document, "risk", "slots")
    if denying:
        codes = ", ".join(text(gate, "code") for gate in denying)
        said, word, style = f"An entry would be refused: {codes}.", "NO ENTRY", WARN
    elif not slots:
        said, word, style = "No full planned loss fits into the month any more.", "NO ROOM", WARN
    else:
        fits = figures.count(int(slots), "planned loss", "planned losses")
        said, word, style = f"{fits} of full size still fit into the month.", "ROOM", OK
    if page.plain:
        return wrap(f"Verdict: {word}. {said}", page.prose)
    return f.headline(f.block(word, style, page.symbols), said, page)


def _figures(document: Doc, page: Page) -> list[Line]:
    return [
        *foot.month(document, page),
        *_day(document, page),
        *_credit(document, page),
        [],
        *_gates(document, page),
    ]


def _credit(document: Doc, page: Page) -> list[Line]:
    """What the exchange would lend, pair by pair, as it last said."""
    lines: list[Line] = []
    for each in listed(document, "risk", "credit"):
        asset, lent = text(each, "asset"), num(each, "amount")
        amount = (
            figures.free(lent, asset)
            if asset == text(document, "risk", "asset")
            else figures.quantity(lent and lent.normalize(), asset=asset)
        )
        seconds = figures.seconds_between(each.get("read_at"), at(document, "as_of"))
        said = f"{text(each, 'symbol')}: up to {amount} more, asked {figures.age(seconds)} ago"
        if page.plain:
            lines += wrap(f"Credit: {said}.", page.prose)
        else:
            label = pad([("Credit" if not lines else "", QUIET)], foot.LABEL)
            lines += wrap(said, page.prose, first=label, indent=foot.LABEL)
    return lines


def _day(document: Doc, page: Page) -> list[Line]:
    daily = at(document, "risk", "daily")
    until = figures.deadline(at(daily, "resets_at"), at(document, "as_of"))
    limit = num(daily, "limit")
    lost = figures.pnl(num(daily, "pnl"))
    parts = [f"result {lost}" + ("" if limit is None else f" of {figures.pnl(limit)}")]
    made, most = num(daily, "trades"), num(daily, "trades_limit")
    parts.append(f"entries {made}" + ("" if most is None else f" of {most}"))
    told = num(daily, "trades_warn")
    if told is not None and made is not None and made >= told:
        parts[-1] += f" (told from {told})"
    said = f"{', '.join(parts)}, until {until}"
    if page.plain:
        return wrap(f"Day: {said}.", page.prose)
    return wrap(said, page.prose, first=pad([("Day", QUIET)], foot.LABEL), indent=foot.LABEL)


def _gates(document: Doc, page: Page) -> list[Line]:
    columns = [Column("Gate"), Column("Code"), Column("Now"), Column("Limit"), Column("Frees up")]
    known = sorted(listed(document, "risk", "gates"), key=_place)
    rows = [_cells(gate, page) for gate in known]
    if page.plain:
        return [line for said in spoken(columns, rows) for line in wrap(said, page.prose)]
    marks = [_mark(gate, page) for gate in known]
    bare = [[*row[:_LIMIT], "", *row[_LIMIT + 1 :]] for row in rows]
    room = page.width - width_needed(columns, bare, gap=2, margin=2) + len(columns[_LIMIT].head)
    if room < _LEAST_LIMIT:
        return [line for row in rows for line in _block(row, page)]
    shown: list[list[Cell]] = []
    gutters: list[Segment] = []
    for row, mark in zip(rows, marks, strict=True):
        folded = _folded(row, room)
        shown += folded
        gutters += [mark, *[("", PLAIN)] * (len(folded) - 1)]
    return table(columns, shown, gap=2, margin=2, gutters=gutters)


def _place(gate: Doc) -> tuple[int, str]:
    """By number, 6b after 6."""
    number = text(gate, "number")
    digits = number.rstrip("b")
    return (int(digits) if digits.isdecimal() else 0, number)


def _folded(row: list[Cell], room: int) -> list[list[Cell]]:
    """A gate, and lines below it for what its limit says beyond the column's room."""
    limit = row[_LIMIT]
    said = limit[0] if isinstance(limit, tuple) else limit
    first, *rest = [text_of(line) for line in wrap(said, room)]
    below: list[list[Cell]] = [["", "", "", more, ""] for more in rest]
    return [[*row[:_LIMIT], first, *row[_LIMIT + 1 :]], *below]


def _mark(gate: Doc, page: Page) -> tuple[str, str]:
    return (page.symbols.attention, WARN) if gate.get("ok") is False else ("", PLAIN)


def _cells(gate: Doc, page: Page) -> list[Cell]:
    denies = gate.get("ok") is False
    code = text(gate, "code")
    freed = figures.instant(gate.get("resets"))
    return [
        text(gate, "number"),
        (code, STRONG if denies else PLAIN),
        gates.shown(code, gate.get("value"), page),
        gates.shown(code, gate.get("limit"), page),
        (f"{freed:%m-%d %H:%M}" if freed else figures.NONE, QUIET),
    ]


def _block(row: list[Cell], page: Page) -> list[Line]:
    """A gate whose cells do not fit into columns."""
    number, code, now, limit, resets = (
        cell if isinstance(cell, tuple) else (cell, PLAIN) for cell in row
    )
    body: Line = [code]
    for label, (said, style) in (("now", now), ("limit", limit), ("until", resets)):
        if said != figures.NONE:
            body += [(f" {label} ", QUIET), (said.replace(" ", HARD_SPACE), style)]
    return wrap(body, page.width, first=[(f"{number[0]:>4}  ", QUIET)], indent=6)

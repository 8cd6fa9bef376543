"""Leaving: what panic would do, how far it is, and what disarm did."""

from __future__ import annotations

from robson.cli.screens import facts, figures, leaving
from robson.cli.screens import finding as f
from robson.cli.screens.arm import next_line
from robson.cli.screens.facts import Doc, at, listed, text
from robson.cli.screens.finding import apart
from robson.cli.screens.line import ALARM, OK, PLAIN, STRONG, Line, Page, Segment, spans, width_of
from robson.cli.screens.prose import Prose, finish, wrap
from robson.cli.screens.table import Cell, Column, spoken, table

MARGIN = 2


def preview(document: Doc, page: Page) -> list[Line]:
    """What a ``robson.panic/1`` document of a dry run would do, before anybody says yes."""
    steps = listed(document, "steps")
    if not steps:
        return nothing(document, page)
    exits = [step for step in steps if step.get("action") != "cancel"]
    armed = len(steps) - len(exits)
    lines = _headed(page, _intent(len(exits), armed))
    lines += _beside(facts.reached(document), page)
    lines.append([])
    lines += _tabled(
        page,
        [
            Column("Symbol", least=7),
            Column("Side", least=5),
            Column("Does now"),
            Column("At about", "point"),
            Column("PnL about", "point"),
        ],
        [leaving.would(step) for step in steps],
    )
    lines.append([])
    body = leaving.result(document, [leaving.position(step) for step in exits], dry=True)
    lines += wrap(body, page.prose, first=[(" " * MARGIN, PLAIN)], indent=MARGIN)
    return finish([*lines, *_left_open(document, page)], page)


def question(document: Doc) -> str:
    """The one question, answered by a key and Enter."""
    many = len(listed(document, "steps"))
    return f"Close {f'all {many}' if many > 1 else 'it'} now? [y/N] "


def nothing(document: Doc, page: Page) -> list[Line]:
    """Nothing is open: nothing to leave."""
    lines = _verdict(page, f.block("IDLE", OK, page.symbols), "Nothing is open: nothing to close.")
    return [*lines, *_left_open(document, page)]


def progress(document: Doc, page: Page) -> list[Line]:
    """How far a panic is; what is not settled yet follows as a finding."""
    steps = listed(document, "steps")
    if not steps:
        return nothing(document, page)
    actors = {text(step, "position", "trigger", "actor") for step in steps} - {""}
    who = f" by {page.symbols.clean(', '.join(sorted(actors)))}" if actors else ""
    took = leaving.took(document)
    if at(document, "done"):
        lines = _verdict(
            page, f.block("FLAT", OK, page.symbols), leaving.done(document, steps, took)
        )
    else:
        when = figures.clock(document.get("started_at"))
        lines = _headed(page, f"started {when} UTC{who} \u00a0\u00a0{took}")
    lines.append([])
    lines += _tabled(
        page,
        [
            Column("Symbol", least=7),
            Column("Decided"),
            Column("Stop off"),
            Column("Exit", least=28),
            Column("Flat"),
            Column("Settled", "right"),
        ],
        [leaving.going(step, document) for step in steps],
    )
    lines += _left_open(document, page)
    unsettled = [leaving.unsettled(document, step) for step in steps if leaving.is_open(step)]
    if unsettled and at(document, "error") is not None:
        lines += [[], *f.findings_lines(unsettled, page)]
    if at(document, "done") and text(document, "next"):
        lines += [[], *next_line(text(document, "next"), page)]
    return finish(lines, page)


def interrupted(page: Page) -> list[Line]:
    """Ctrl-C left the view, not the exits."""
    body = spans("The view is closed. The exits go on; to see them: ", apart("robson status"))
    return finish(wrap(body, page.prose), page)


def disarm(document: Doc, page: Page) -> list[Line]:
    """A ``robson.disarm/1`` document."""
    position = at(document, "position") or {}
    who = f"{facts.name(position)} {facts.id_of(position, page)}"
    outcome = text(document, "outcome")
    arrow = page.symbols.arrow
    if outcome == "cancel_requested":
        return f.findings_lines([leaving.cancel_requested(position)], page)
    said = (
        f"{who}: armed {arrow} cancelled. Nothing was at risk."
        if outcome == "cancelled"
        else f"{who} was cancelled before: nothing to do."
    )
    lines = _verdict(page, f.block("CANCELLED", OK, page.symbols), said)
    lines += f.labelled("Daemon", facts.reached(document), page)
    return finish([*lines, [], *next_line(text(document, "next"), page)], page)


# --- heads ---------------------------------------------------------------------------------------


def _verdict(page: Page, tag: Segment, said: Prose) -> list[Line]:
    if page.plain:
        word = tag[0].split(" ", 1)[1]
        return wrap(f"Verdict: {word}. {said}", page.prose)
    return f.headline(tag, said, page)


def _headed(page: Page, said: str) -> list[Line]:
    if page.plain:
        return wrap(f"PANIC: {said}", page.prose)
    first: Line = [(" PANIC ", ALARM), ("  ", PLAIN)]
    return wrap([(said, STRONG)], page.prose, first=first, indent=width_of(first))


def _beside(said: str, page: Page) -> list[Line]:
    indent = 0 if page.plain else 9
    return wrap(said, page.prose, first=[(" " * indent, PLAIN)], indent=indent)


def _intent(exits: int, armed: int) -> str:
    cancels = f"cancel {armed} armed one{'s' if armed > 1 else ''}"
    if not exits:
        return f"{cancels[0].upper()}{cancels[1:]}; nothing is at risk."
    closes = f"Close {figures.count(exits, 'position')} at market"
    return f"{closes} and {cancels}." if armed else f"{closes}."


def _tabled(page: Page, columns: list[Column], rows: list[list[Cell]]) -> list[Line]:
    if page.plain:
        return [line for said in spoken(columns, rows) for line in wrap(said, page.prose)]
    for gap, spare in ((2, True), (1, False)):
        shown = [column if spare else column._replace(least=0) for column in columns]
        lines = table(shown, rows, gap=gap, margin=MARGIN)
        if all(width_of(line) <= page.width for line in lines):
            return lines
    return [line for row in rows for line in _block(columns, row)]


def _block(columns: list[Column], row: list[Cell]) -> list[Line]:
    """A row of a table that does not fit: a line for each value."""
    lines: list[Line] = []
    for column, cell in zip(columns, row, strict=True):
        value: Segment = cell if isinstance(cell, tuple) else (cell, PLAIN)
        if not lines:
            lines.append([(" " * MARGIN, PLAIN), (value[0].strip(), STRONG)])
        elif value[0].strip() != figures.NONE:
            lines.append([(f"{' ' * (MARGIN + 2)}{column.head}: ", PLAIN), value])
    return lines


def _left_open(document: Doc, page: Page) -> list[Line]:
    symbols = listed(document, "left_open")
    if not symbols:
        return []
    body = f"Left open, because not asked for: {', '.join(map(str, symbols))}."
    return [[], *wrap(body, page.prose, first=[(" " * MARGIN, PLAIN)], indent=MARGIN)]

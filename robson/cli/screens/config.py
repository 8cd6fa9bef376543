"""Configuration, the CLI's own or the daemon's: every key, its value, and who said it."""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, text
from robson.cli.screens.finding import apart
from robson.cli.screens.line import OK, PLAIN, QUIET, STRONG, Line, Page, cells, spans
from robson.cli.screens.prose import finish, wrap
from robson.cli.screens.table import Cell, Column, spoken, table, width_needed

_GAP = 2


def config(document: Doc, page: Page) -> list[Line]:
    """A ``robson.config/1`` document."""
    where = f"{page.symbols.clean(text(document, 'path'))}"
    known = where if at(document, "exists") else f"{where} (there is none)"
    head = [("Config", STRONG), ("  ", PLAIN)]
    return finish(
        [*wrap(known, page.prose, first=head, indent=8), [], *_table(document, page)], page
    )


def written(document: Doc, page: Page) -> list[Line]:
    """The same after a change: where it was written, and what holds now."""
    path = page.symbols.clean(text(document, "path"))
    said = f"{path}, readable by you alone."
    if page.plain:
        lines = wrap(f"Verdict: WRITTEN. {said}", page.prose)
    else:
        lines = f.headline(f.block("WRITTEN", OK, page.symbols), said, page)
    lines += [[], *_table(document, page), []]
    lines += wrap(
        spans(("Next", QUIET), "  ", apart("robson status")),
        page.prose,
    )
    return finish(lines, page)


def daemon(document: Doc, page: Page) -> list[Line]:
    """A ``robson.daemon_config/1`` document."""
    head = [("Config", STRONG), ("  ", PLAIN)]
    known = f"of robsond: {facts.reached(document)}. It is read at its start."
    lines = [*wrap(known, page.prose, first=head, indent=8), [], *_table(document, page)]
    return finish(lines, page)


def _table(document: Doc, page: Page) -> list[Line]:
    columns = [Column("Key"), Column("Value"), Column("From")]
    rows = [_cells(key, each, page) for key, each in (at(document, "settings") or {}).items()]
    if page.plain:
        return [line for said in spoken(columns, rows) for line in wrap(said, page.prose)]
    short = _fitting(columns, rows, page)
    lines = table(columns, short, gap=_GAP, margin=_GAP)
    laid, keys = iter(lines[1:]), max(cells(_text(row[0])) for row in rows)
    body = [[next(laid)] if row in short else _block(row, keys, page) for row in rows]
    return [lines[0], *(line for each in body for line in each)]


def _fitting(columns: list[Column], rows: list[list[Cell]], page: Page) -> list[list[Cell]]:
    """The rows that stand in columns; what makes them too wide is told on lines of its own."""
    short = list(rows)
    while short and width_needed(columns, short, gap=_GAP, margin=_GAP) > page.width:
        short.remove(max(short, key=lambda row: sum(cells(_text(cell)) for cell in row[1:])))
    return short


def _text(cell: Cell) -> str:
    return cell[0] if isinstance(cell, tuple) else cell


def _cells(key: str, found: Doc, page: Page) -> list[Cell]:
    value = found.get("value")
    said = figures.NONE if value in (None, "") else page.symbols.clean(value)
    if found.get("secret"):
        said = "withheld"
    if isinstance(value, bool):
        said = "true" if value else "false"
    source = text(found, "source")
    by = page.symbols.clean(text(found, "by")) if found.get("by") else ""
    loud = STRONG if source != "default" else PLAIN
    return [key, (said, loud), (f"{source} {by}".strip(), QUIET)]


def _block(row: list[Cell], keys: int, page: Page) -> list[Line]:
    """A key whose value does not fit into a column."""
    key, value, source = (cell if isinstance(cell, tuple) else (cell, PLAIN) for cell in row)
    body: Line = [value, (" ", PLAIN), source]
    first: Line = [(f"{' ' * _GAP}{key[0].ljust(keys)}{' ' * _GAP}", PLAIN)]
    return wrap(body, page.width, first=first, indent=2 * _GAP)

"""Why this stop: the levels that were found, which one the rule takes, and why not the others."""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.journal import level_word, ordinal
from robson.cli.screens.line import LEVEL, PLAIN, QUIET, STRONG, Line, Page, width_of
from robson.cli.screens.prose import wrap
from robson.cli.screens.table import Cell, Column, spoken, table

MOST_LEVELS = 6


def why(preview: Doc, page: Page) -> list[Line]:
    """The search for the stop, as it went: what else refuses the entry is not said here."""
    search, side = at(preview, "stop_search"), text(preview, "side")
    found = listed(search, "levels")
    where = "above" if side == "short" else "below"
    said = f"{level_word(side)}s {where} the entry, nearest first"
    if not found:
        said = f"no {level_word(side)} in {text(search, 'candles')} candles"
    first: Line = [("WHY THIS STOP", STRONG), ("   ", PLAIN)]
    head = wrap([(said, QUIET)], page.prose, first=first, indent=16)
    shown = found[:MOST_LEVELS]
    lines = _rows(preview, search, shown, page)
    if len(found) > len(shown):
        lines.append([(f"  and {len(found) - len(shown)} farther ones", QUIET)])
    return [*head, *lines, *_without_level(preview, search, page)]


def _rows(preview: Doc, search: Doc, shown: list[Doc], page: Page) -> list[Line]:
    rows = [_level_cells(preview, level, search) for level in shown]
    columns = [Column(""), Column("", "right"), Column(""), Column("")]
    if page.plain:
        return [line for said in spoken(columns, rows) for line in wrap(said, page.prose)]
    mark = (page.symbols.pointer, LEVEL)
    gutters = [mark if level.get("verdict") == "chosen" else ("", PLAIN) for level in shown]
    return _kept(table(columns, rows, gap=3, gutters=gutters, margin=2)[1:], page)


def _kept(lines: list[Line], page: Page) -> list[Line]:
    """Rows that fit; the notes of narrow pages go below."""
    kept: list[Line] = []
    for line in lines:
        if width_of(line) <= page.width:
            kept.append(line)
        else:
            kept += [line[:-2], [("      ", PLAIN), line[-1]]]
    return kept


def _level_cells(preview: Doc, level: Doc, search: Doc) -> list[Cell]:
    chosen = level.get("verdict") == "chosen"
    style = STRONG if chosen else PLAIN
    touches = figures.count(int(num(level, "touches") or 0), "touch", "touches")
    cells = [
        f"{text(level, 'n')}  {facts.price_of(preview, level.get('price'))}",
        figures.signed_pct(level.get("distance_pct")),
        touches,
    ]
    note = _verdict(level, search)
    return [*((cell, style) for cell in cells), (note, STRONG if chosen else QUIET)]


def _verdict(level: Doc, search: Doc) -> str:
    wanted = ordinal(int(num(search, "level_n") or 0))
    low, high = (num(search, key) for key in ("min_bps", "max_bps"))
    words = {
        "chosen": "chosen",
        "nearer": f"too near: the rule takes the {wanted}",
        "below_min": f"nearer than {figures.share((low or 0) / 100)}",
        "above_max": f"farther than {figures.share((high or 0) / 100)}",
    }
    return words.get(text(level, "verdict"), "")


def _without_level(preview: Doc, search: Doc, page: Page) -> list[Line]:
    if text(search, "method") != "atr":
        return []
    average = facts.price_of(preview, at(search, "atr"))
    range_ = f"1.5 times the average range of 14 candles ({average})"
    body = f"No level fits, so the stop is {range_}."
    if any(text(denial, "code") == "stop_invalid" for denial in listed(preview, "denials")):
        body = f"No level fits, and {range_} does not either."
    return wrap(body, page.prose, first=[("  ", PLAIN)], indent=2)

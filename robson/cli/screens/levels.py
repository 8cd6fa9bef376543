"""Why this stop: the levels that were found, which one the rule takes, and why not the others."""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.journal import level_word, ordinal
from robson.cli.screens.line import LEVEL, PLAIN, QUIET, STRONG, Line, Page, width_of
from robson.cli.screens.prose import wrap
from robson.cli.screens.table import Cell, Column, table

MOST_LEVELS = 6


def why(plan: Doc | None, preview: Doc, page: Page) -> list[Line]:
    search, side = at(preview, "stop_search"), text(preview, "side")
    levels = listed(search, "levels")
    where = "above" if side == "short" else "below"
    said = f"{level_word(side)}s {where} the entry, nearest first"
    if not levels:
        said = f"no {level_word(side)} in {text(search, 'candles')} candles"
    head = wrap([(said, QUIET)], page.prose, first=[("WHY THIS STOP", STRONG), ("   ", PLAIN)], indent=16)
    shown = levels[:MOST_LEVELS]
    rows = [_level_cells(preview, level, search) for level in shown]
    if page.plain:
        said_rows = [", ".join(_plain(cell) for cell in row if _plain(cell)) for row in rows]
        spoken_rows = [line for said in said_rows for line in wrap(f"{said}.", page.prose)]
        return [*head, *spoken_rows, *_without_level(plan, preview, search, page)]
    mark = (page.symbols.pointer, LEVEL)
    gutters = [mark if level.get("verdict") == "chosen" else ("", PLAIN) for level in shown]
    columns = [Column(""), Column("", "right"), Column(""), Column("")]
    lines = table(columns, rows, gap=3, gutters=gutters, margin=2)[1:] if rows else []
    if len(levels) > len(shown):
        lines.append([(f"  and {len(levels) - len(shown)} farther ones", QUIET)])
    return [*head, *_kept(lines, page), *_without_level(plan, preview, search, page)]


def _plain(cell: Cell) -> str:
    return cell[0] if isinstance(cell, tuple) else cell


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
        _pct(level.get("distance_pct")),
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


def _without_level(plan: Doc | None, preview: Doc, search: Doc, page: Page) -> list[Line]:
    if text(search, "method") != "atr":
        return []
    average = facts.price_of(preview, at(search, "atr"))
    range_ = f"1.5 times the average range of 14 candles ({average})"
    body = f"No level fits, so the stop is {range_}."
    if plan is None:
        body = f"No level fits, and {range_} does not either."
    return wrap(body, page.prose, first=[("  ", PLAIN)], indent=2)



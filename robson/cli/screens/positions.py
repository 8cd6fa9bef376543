"""The table of positions: what each holds, where it leaves, what it stands at.

Narrow pages get a block of labelled values for each position, screen readers a sentence.
"""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, num, text
from robson.cli.screens.finding import Finding
from robson.cli.screens.line import LEVEL, OK, PLAIN, QUIET, STRONG, Line, Page, Segment, pad
from robson.cli.screens.prose import wrap
from robson.cli.screens.table import Cell, Column, table, width_needed

TABLE_FROM = 79
WIDE_FROM = 100
GUTTER = 3


def _columns(page: Page) -> list[Column]:
    money = ("Entry", "SL", "SG")
    return [
        Column("ID", least=6),
        Column("Symbol", least=8),
        Column("Side", least=5),
        Column("State", least=8),
        *(Column(head, "right", 10) for head in money),
        Column("PnL", "right", 8),
        Column("Leverage" if page.width >= WIDE_FROM else "Lev", "right", 3),
    ]


def positions(shown: list[Doc], found: list[Finding], page: Page) -> list[Line]:
    """All of them, those that a finding is about marked; then what the armed ones wait for."""
    short = facts.ids(shown, page)
    rows = [_cells(p, short[text(p, "id")]) for p in shown]
    gap = 2 if page.width >= WIDE_FROM else 1
    columns = _columns(page)
    wide = width_needed(columns, rows, gap=gap, margin=GUTTER)
    if page.plain:
        lines = [line for p in shown for line in _sentence(p, page)]
    elif page.width < TABLE_FROM or wide > page.width:
        lines = _blocks(shown, rows, found)
    else:
        gutters = [f.gutter_of(found, text(p, "id")) for p in shown]
        lines = table(columns, rows, gap=gap, gutters=gutters, margin=GUTTER)
    return [*lines, *_waiting(shown, page), *_paid_elsewhere(shown, page)]


def _cells(position: Doc, short: str) -> list[Cell]:
    side = text(position, "side") or figures.NONE
    return [
        (short, QUIET),
        text(position, "symbol"),
        side,
        text(position, "state"),
        _level(position, "entry_price"),
        (_level(position, "stop_loss"), LEVEL if facts.covered(position) else PLAIN),
        _target(position),
        _result(position),
        f"{text(position, 'leverage')}x",
    ]


def _level(position: Doc, key: str) -> str:
    """A price; ``-`` where there is none yet, ``?`` where there must be one."""
    if position.get(key) is not None:
        return facts.price_of(position, position[key])
    return figures.UNKNOWN if facts.held(position) else figures.NONE


def _target(position: Doc) -> str:
    """The stop-gain; a strategy may have none."""
    found = position.get("stop_gain")
    return figures.NONE if found is None else facts.price_of(position, found)


def _result(position: Doc) -> Cell:
    value = num(position, "realized_pnl")
    if value is None:
        value = num(position, "pnl_provisional")
    if value is None:
        value = num(position, "unrealized_pnl")
    if value is None:
        return figures.UNKNOWN if facts.held(position) else figures.NONE
    return (figures.pnl(value), OK if value > 0 else PLAIN)


def _blocks(positions: list[Doc], rows: list[list[Cell]], found: list[Finding]) -> list[Line]:
    """Narrow: a head line and a line for each number."""
    lines: list[Line] = []
    for position, row in zip(positions, rows, strict=True):
        mark = f.gutter_of(found, text(position, "id"))
        who: Line = [
            *pad([mark] if mark[0] else [], GUTTER),
            (f"{facts.name(position)}, {text(position, 'state')}  ", STRONG),
            (str(row[0][0]), QUIET),
        ]
        lines.append(who)
        for label, cell in zip(("Entry", "SL", "SG", "PnL", "Leverage"), row[4:], strict=True):
            value: Segment = cell if isinstance(cell, tuple) else (cell, PLAIN)
            if value[0] != figures.NONE:
                lines.append([(" " * (GUTTER + 2), PLAIN), (f"{label}: ", QUIET), value])
    return lines


def _sentence(position: Doc, page: Page) -> list[Line]:
    """One position as a screen reader says it."""
    cells = _cells(position, facts.id_of(position, page))
    values = [cell[0] if isinstance(cell, tuple) else cell for cell in cells]
    said = f"{facts.name(position)}, {values[3]}."
    for label, value in zip(("Entry", "Stop", "Stop-gain", "PnL"), values[4:8], strict=True):
        if value != figures.NONE:
            unit = f"\u00a0{facts.quote(position)}" if label == "PnL" and value != "?" else ""
            said += f" {label}:\u00a0{value}{unit}."
    return wrap(f"{said} Id:\u00a0{values[0]}.", page.prose)


def _waiting(positions: list[Doc], page: Page) -> list[Line]:
    """What the armed ones wait for."""
    lines: list[Line] = []
    short = facts.ids(positions, page)
    for position in positions:
        reason = facts.waited_for(position, page.symbols)
        if text(position, "state") == "armed" and reason:
            lines += _below(f"{short[text(position, 'id')]} waits for {reason}.", page)
    return lines


def _paid_elsewhere(positions: list[Doc], page: Page) -> list[Line]:
    """Fees in what is not traded: whose price nobody here knows, so that no figure holds them."""
    short = facts.ids(positions, page)
    return [
        line
        for position in positions
        if (paid := facts.paid_elsewhere(position, page.symbols))
        for line in _below(
            f"{short[text(position, 'id')]} paid {paid} of fees on top. Robson knows no price of"
            " it: it is in no figure here and in no limit.",
            page,
        )
    ]


def _below(said: str, page: Page) -> list[Line]:
    return wrap([(said, QUIET)], page.prose, first=[(" " * GUTTER, PLAIN)], indent=GUTTER)

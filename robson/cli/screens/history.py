"""The history screen: what closed, what it earned, and every loss that went beyond its plan."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from robson.cli.screens import facts, figures
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.finding import command
from robson.cli.screens.line import OK, PLAIN, QUIET, STRONG, Line, Page, spans, width_of
from robson.cli.screens.prose import finish, wrap
from robson.cli.screens.table import Cell, Column, spoken, table

BARS_FROM = 90
LANE = 10


def history(document: Doc, page: Page) -> list[Line]:
    """A ``robson.history/1`` document."""
    positions = listed(document, "positions")
    lines = wrap(_head(document, positions), page.prose, first=[("History", STRONG), ("  ", PLAIN)])
    if positions:
        lines += [[], *_table(positions, page), [], *_summary(document, positions, page)]
    notes = [*_notes(document, positions, page)]
    if notes:
        lines += [[], *notes]
    return finish(lines, page)


def _head(document: Doc, positions: list[Doc]) -> str:
    days, since = num(document, "days"), figures.instant(document.get("since"))
    end = figures.instant(document.get("until") or document.get("as_of"))
    until = f" to {_minute(end)}\u00a0UTC" if end else ""
    symbol = f"{text(document, 'symbol')}, " if text(document, "symbol") else ""
    span = figures.count(int(days), "day") if days else _minute(since) if since else figures.UNKNOWN
    if not positions:
        return f"{span}{until}, {symbol}nothing closed"
    return f"{span}{until}, {symbol}{figures.count(len(positions), 'closed position')}"


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d}\u00a0{when:%H:%M}"


def _table(positions: list[Doc], page: Page) -> list[Line]:
    short = facts.ids(positions, page)
    columns = [
        Column("Closed"),
        Column("ID"),
        Column("Symbol"),
        Column("Side"),
        Column("By"),
        Column("PnL", "right", 8),
        Column("R", "right", 6),
    ]
    rows = [_cells(p, short[text(p, "id")]) for p in positions]
    if page.plain:
        return [line for said in spoken(columns, rows) for line in wrap(said, page.prose)]
    lines = table(columns, rows, gap=2, margin=2)
    widest = max(map(width_of, lines))
    if widest > page.width:
        return [line for row in rows for line in _block(columns, row)]
    if page.width >= BARS_FROM and widest + 2 + 2 * LANE + 1 <= page.width:
        return _with_bars(lines, positions, page)
    return lines


def _cells(p: Doc, short: str) -> list[Cell]:
    when = figures.instant(p.get("closed_at"))
    result = num(p, "realized_pnl")
    unsettled = result is None
    if unsettled:
        result = num(p, "pnl_provisional")
    pnl = ("~" if unsettled and result is not None else "") + figures.pnl(result)
    r = num(p, "r_multiple")
    return [
        f"{when:%m-%d %H:%M}" if when else figures.UNKNOWN,
        (short, QUIET),
        text(p, "symbol"),
        text(p, "side"),
        text(p, "exit_reason"),
        (pnl, OK if result is not None and result > 0 else PLAIN),
        figures.UNKNOWN if r is None else _bare_r(r),
    ]


def _bare_r(r: Decimal) -> str:
    return figures.in_r(r).partition("\u00a0")[0]


def _block(columns: list[Column], row: list[Cell]) -> list[Line]:
    texts = [cell if isinstance(cell, tuple) else (cell, PLAIN) for cell in row]
    closed, short, symbol, side, by, pnl, r = texts
    head: Line = [("  ", PLAIN), closed, ("  ", PLAIN), short]
    body: Line = [("    ", PLAIN), symbol, (" ", PLAIN), side, (" by ", PLAIN), by]
    money: Line = [("    PnL: ", PLAIN), pnl, ("  R: ", PLAIN), r]
    return [head, body, money] if columns else []


def _with_bars(lines: list[Line], positions: list[Doc], page: Page) -> list[Line]:
    """Each result around a centre line, scaled to the largest."""
    results = [num(p, "r_multiple") for p in positions]
    largest = max((abs(r) for r in results if r is not None), default=Decimal(0))
    widest = max(map(width_of, lines))
    shown = [lines[0]]
    for line, r in zip(lines[1:], results, strict=True):
        lane = _lane(r, largest, page)
        gap = (" " * (widest - width_of(line) + 2), PLAIN)
        shown.append([*line, gap, *lane])
    return shown


def _lane(r: Decimal | None, largest: Decimal, page: Page) -> Line:
    many = 0
    if r is not None and largest:
        many = max(1, int((abs(r) * LANE / largest).to_integral_value()))
    bar = page.symbols.block * many
    if r is None or r < 0:
        return [(" " * (LANE - many) + bar, PLAIN), ("|", QUIET)]
    return [(" " * LANE, PLAIN), ("|", QUIET), (bar, OK)]


def _summary(document: Doc, positions: list[Doc], page: Page) -> list[Line]:
    stats = at(document, "stats")
    quote = facts.quote(positions[0])
    won = f"{text(stats, 'won')} of {text(stats, 'closed')}"
    parts: list[Line] = [
        spans(("net ", QUIET), (figures.pnl(at(stats, "net"), quote), STRONG)),
        spans((figures.in_r(at(stats, "r_total")), STRONG)),
        spans(("won ", QUIET), won),
    ]
    if num(stats, "r_average") is not None:
        parts.append(spans(("average ", QUIET), figures.in_r(stats["r_average"])))
    if num(stats, "largest_loss") is not None:
        loss = f"{figures.pnl(stats['largest_loss'])} ({figures.in_r(stats['largest_loss_r'])})"
        parts.append(spans(("largest loss ", QUIET), loss))
    parts.append(spans(("fees ", QUIET), figures.risk(at(stats, "fees"))))
    parts.append(spans(("interest ", QUIET), figures.risk(at(stats, "interest"))))
    return _flow(parts, page)


def _flow(parts: list[Line], page: Page) -> list[Line]:
    """Parts beside the label, as many on a line as fit."""
    if page.plain:
        said = "; ".join("".join(t for t, _ in part) for part in parts)
        return wrap(f"Summary: {said}.", page.prose)
    lines: list[Line] = [[("SUMMARY", STRONG), ("  ", PLAIN)]]
    fresh = True
    for part in parts:
        if not fresh and width_of(lines[-1]) + 3 + width_of(part) > page.prose:
            lines.append([(" " * 9, PLAIN)])
            fresh = True
        lines[-1] += [*([] if fresh else [("   ", PLAIN)]), *part]
        fresh = False
    return lines


# --- notes ---------------------------------------------------------------------------------------


def _notes(document: Doc, positions: list[Doc], page: Page) -> list[Line]:
    known = {text(p, "id"): p for p in positions}
    short = facts.ids(positions, page)
    lines: list[Line] = []
    for each in listed(document, "stats", "over_plan"):
        if each in known:
            lines += _note(_beyond(known[each], short[each]), page)
    for each in positions:
        if paid := facts.paid_elsewhere(each, page.symbols):
            who = short[text(each, "id")]
            said = spans(f"{who} paid {paid} of fees on top, in none of these figures.")
            lines += _note(said, page)
    unsettled = int(num(document, "stats", "unsettled") or 0)
    if unsettled:
        does = "is" if unsettled == 1 else "are"
        body = f"{unsettled} {does} not settled yet (~) and not in the sums."
        lines += _note(spans(body), page)
    if document.get("truncated"):
        lines += _note(spans("There are more; this shows the newest. Ask for fewer days."), page)
    return lines


def _note(body: Line, page: Page) -> list[Line]:
    if page.plain:
        return wrap([("Note: ", PLAIN), *body], page.prose)
    return wrap(body, page.prose, first=spans("  ", ("Note", QUIET)), indent=9)


def _beyond(p: Doc, short: str) -> Line:
    r = num(p, "r_multiple")
    over = figures.in_r(-1 - r).lstrip("+") if r is not None and r < -1 else ""
    said = f"{short} lost {over or 'a little'} more than planned"
    price, stop = num(p, "exit_price"), num(p, "trigger", "stop") or num(p, "stop_loss")
    if price is not None and stop:
        sign = -1 if text(p, "side") == "short" else 1
        past = (stop - price) * sign / stop
        if past > 0:
            said += f": filled {figures.lost_percent(past, signed=False)} past the stop"
    return spans(f"{said}. See ", command(f"robson explain {short}"))

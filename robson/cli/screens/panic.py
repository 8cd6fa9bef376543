"""Leaving: what panic would do, how far it is, and what disarm did."""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.arm import next_line
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.finding import Finding, apart
from robson.cli.screens.line import ALARM, OK, PLAIN, STRONG, Line, Page, Segment, spans, width_of
from robson.cli.screens.prose import Prose, soft, wrap
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
        [_would(step) for step in steps],
    )
    lines.append([])
    body = _result(document, [p for p in map(_position, exits)], dry=True)
    lines += wrap(body, page.prose, first=[(" " * MARGIN, PLAIN)], indent=MARGIN)
    return [soft(line) for line in [*lines, *_left_open(document, page)]]


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
    took = figures.age(at(document, "elapsed_s"))
    if at(document, "done"):
        lines = _verdict(page, f.block("FLAT", OK, page.symbols), _done(document, steps, took))
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
        [_going(step, document) for step in steps],
    )
    lines += _left_open(document, page)
    unsettled = [_unsettled(document, step) for step in steps if _is_open(step)]
    if unsettled and at(document, "error") is not None:
        lines += [[], *f.findings_lines(unsettled, page)]
    if at(document, "done") and text(document, "next"):
        lines += [[], *next_line(text(document, "next"), page)]
    return [soft(line) for line in lines]


def interrupted(page: Page) -> list[Line]:
    """Ctrl-C left the view, not the exits."""
    body = spans("The view is closed. The exits go on; to see them: ", apart("robson status"))
    return [soft(line) for line in wrap(body, page.prose)]


def disarm(document: Doc, page: Page) -> list[Line]:
    """A ``robson.disarm/1`` document."""
    position = at(document, "position") or {}
    who = f"{facts.name(position)} {facts.id_of(position, page)}"
    outcome = text(document, "outcome")
    arrow = page.symbols.arrow
    if outcome == "cancel_requested":
        return f.findings_lines([_cancel_requested(position)], page)
    said = (
        f"{who}: armed {arrow} cancelled. Nothing was at risk."
        if outcome == "cancelled"
        else f"{who} was cancelled before: nothing to do."
    )
    lines = _verdict(page, f.block("CANCELLED", OK, page.symbols), said)
    lines += f.labelled("Daemon", facts.reached(document), page)
    return [soft(line) for line in [*lines, [], *next_line(text(document, "next"), page)]]


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
    lines = table(columns, rows, gap=2, margin=MARGIN)
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


# --- steps ---------------------------------------------------------------------------------------


def _position(step: Doc) -> Doc:
    found: Doc = at(step, "position") or {}
    return found


def _would(step: Doc) -> list[Cell]:
    p, action = _position(step), text(step, "action")
    does = "buy " if text(p, "side") == "short" else "sell"
    quantity = facts.quantity_of(p, p.get("quantity")).replace("\u00a0", " ")
    words = {
        "exit": f"{does} {quantity}",
        "cancel": "cancel, nothing at risk",
        "exit_on_fill": "exit as soon as the entry fills",
        "already_exiting": "nothing more: it exits already",
    }
    result = num(step, "result")
    priced = action in ("exit", "already_exiting")
    return [
        text(p, "symbol"),
        text(p, "side"),
        words.get(action, action),
        facts.price_of(p, at(p, "price", "value")) if priced else figures.NONE,
        _signed(result) if priced else figures.NONE,
    ]


def _signed(result: object) -> Cell:
    found = figures.number(result)
    return (figures.pnl(found), OK if found is not None and found > 0 else PLAIN)


def _result(document: Doc, exits: list[Doc], *, dry: bool) -> Line:
    if not exits:
        return spans("Nothing was traded, so nothing is lost. This cannot be undone.")
    total = figures.pnl(at(document, "result"), facts.quote(exits[0]))
    about = "about " if dry else ""
    each = "Each" if len(exits) > 1 else "The"
    own = "its own" if len(exits) > 1 else "the"
    return spans(
        f"Result {about}",
        (total, STRONG),
        f" after fees. {each} exchange stop is cancelled only just before {own} exit. This cannot"
        " be undone.",
    )


def _done(document: Doc, steps: list[Doc], took: str) -> Line:
    closed = [s for s in steps if text(s, "action") != "cancel"]
    parts = [f"{figures.count(len(closed), 'position')} closed"] if closed else []
    if len(steps) > len(closed):
        parts.append(f"{len(steps) - len(closed)} cancelled")
    said = spans(f"{', '.join(parts)} in {took}.")
    if closed:
        total = figures.pnl(at(document, "result"), facts.quote(_position(closed[0])))
        said += spans(" Result ", (total, STRONG), " after all costs.")
    return said


_YES = {True: "yes", False: "no"}


def _going(step: Doc, document: Doc) -> list[Cell]:
    p = _position(step)
    traded = text(step, "action") != "cancel"
    settled = step.get("settled")
    result: Cell = figures.NONE
    if traded:
        result = _signed(step.get("result")) if settled else figures.UNKNOWN
    stop_off = step.get("stop_off")
    flat = step.get("flat")
    return [
        text(p, "symbol"),
        _YES[bool(step.get("decided"))],
        figures.NONE if stop_off is None else _YES[bool(stop_off)],
        _exit_text(p, traded, document),
        (figures.UNKNOWN if traded else figures.NONE) if flat is None else _YES[bool(flat)],
        result,
    ]


def _exit_text(p: Doc, traded: bool, document: Doc) -> str:
    if not traded:
        return "cancelled, nothing to sell"
    if p.get("exit_price") is not None:
        price = facts.price_of(p, p["exit_price"])
        word = facts.exit_word(p)
        sold = facts.quantity_of(p, at(p, "exit_order", "quantity") or p.get("quantity"), unit=False)
        return f"{word} {sold} at {price}"
    order = at(p, "exit_order")
    since = figures.age(figures.seconds_between(at(order, "sent_at"), document.get("as_of")))
    words = {
        "prepared": "about to be sent",
        "sending": f"sent {since} ago",
        "unknown": f"no answer for {since}",
        "resting": f"taken {since} ago",
        "failed": "refused, tried again",
    }
    said = words.get(text(order, "status"), "waits for the stop to be off")
    return said.replace("\u00a0", " ")


# --- what is not settled -------------------------------------------------------------------------


def _is_open(step: Doc) -> bool:
    return text(step, "action") != "cancel" and not (step.get("flat") and step.get("settled"))


def _unsettled(document: Doc, step: Doc) -> Finding:
    p = _position(step)
    where = facts.venue(document)
    unknown = text(p, "exit_order", "status") == "unknown"
    took = figures.age(at(document, "elapsed_s"))
    flat = bool(step.get("flat"))
    what = "is flat and not settled" if flat else "is not flat"
    means = (
        "Nothing is held any more; its fees or its debt are not known yet."
        if flat
        else "It is decided and durable, and may or may not be closed already."
    )
    does = (
        f"Asks {where} for the exit by its client id; sends another only when it is proved absent."
        if unknown
        else "Goes on until it is flat and settled, also when this command ends."
    )
    return Finding(
        f.ORDER_UNKNOWN if unknown else f.NEEDS_YOU if not flat else f.ORDER_UNKNOWN,
        f"{facts.name(p)} {what} after {took}.",
        means,
        does,
        spans("Watch until it is closed: ", apart(f"robson status --symbol {text(p, 'symbol')}")),
        text(p, "symbol"),
        frozenset({text(p, "id")}),
    )


def _cancel_requested(p: Doc) -> Finding:
    return Finding(
        f.ORDER_UNKNOWN,
        f"{facts.name(p)}: the entry is being taken back.",
        "It may still fill. If it does, the position is active and gets its exchange stop.",
        "Cancels the entry order and says what became of it.",
        spans("See which it was: ", apart(f"robson status --symbol {text(p, 'symbol')}")),
        text(p, "symbol"),
        frozenset({text(p, "id")}),
    )

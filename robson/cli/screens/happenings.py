"""One line for each thing that happened: a time, a word, a sentence.

Rows that say nothing to a person (an order being prepared) give no line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from robson.cli.screens import facts, figures, journal
from robson.cli.screens.facts import Doc, at, text
from robson.cli.screens.journal import pay, pay_num
from robson.cli.screens.line import PLAIN, QUIET, Line, Page, Symbols
from robson.cli.screens.prose import wrap

WORD = 9
_REASONS = {
    "stop_gain": "touched the stop-gain",
    "stop_loss": "crossed the stop",
    "trailing_stop": "crossed the raised stop",
    "insurance_stop": "set off the exchange stop",
}


class Happening(NamedTuple):
    """When, one word, and what."""

    at: str
    word: str
    said: str


def happening(row: Doc, position: Doc, rows: Sequence[Doc], symbols: Symbols) -> Happening | None:
    """What a journal row says to a person; None when nothing."""
    saying = _SAYINGS.get(journal.kind(row))
    found = saying(row, position, rows, symbols) if saying else None
    return Happening(text(row, "at"), *found) if found else None


def line_of(one: Happening, page: Page, *, today: Any = None) -> list[Line]:
    """The happening on the page."""
    if page.plain:
        return wrap(f"{figures.clock(one.at)} {one.word}: {one.said}.", page.prose)
    when = figures.clock(one.at, today)
    first: Line = [(f"{when} ", QUIET), (one.word.ljust(WORD), PLAIN)]
    return wrap(one.said, page.prose, first=first, indent=len(when) + 1 + WORD)


Said = tuple[str, str] | None


def _armed(_row: Doc, p: Doc, _rows: Sequence[Doc], symbols: Symbols) -> Said:
    strategy, side = text(p, "strategy", "name"), text(p, "side") or "either side"
    waits = facts.waited_for(p, symbols)
    told = f"; waits for {waits}" if waits else ""
    return "armed", f"{text(p, 'symbol')} {side}, strategy {strategy}{told}"


def _signal(row: Doc, p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    stop = _chart_level(row, p)
    how = journal.stop_found(pay(row, "audit"), text(row, "payload", "side"))
    return "signal", f"technical stop {stop}: {how}"


def _chart_level(row: Doc, p: Doc) -> str:
    """The level the audit chose; the position knows it too."""
    n = pay_num(row, "audit", "selected_n")
    levels = pay(row, "audit", "levels") or []
    if n is not None and int(n) <= len(levels):
        return facts.price_of(p, levels[int(n) - 1].get("price"))
    return facts.price_of(p, p.get("technical_stop"))


def _refused(row: Doc, _p: Doc, _rows: Sequence[Doc], symbols: Symbols) -> Said:
    return "refused", f"{text(row, 'payload', 'code')}: {symbols.clean(pay(row, 'message'))}"


def _sized(row: Doc, p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    quantity = facts.quantity_of(p, pay(row, "plan", "sizing", "quantity"))
    planned = figures.risk(pay(row, "plan", "sizing", "planned_risk"), facts.quote(p))
    return "sized", f"{quantity}: the stop would lose {planned} with all costs"


def _filled(row: Doc, p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    quantity = facts.quantity_of(p, pay(row, "quantity"))
    found = ", found by its client id" if pay(row, "reconciled") else ""
    return (
        "filled",
        f"{facts.entry_word(p)} {quantity} at {facts.price_of(p, pay(row, 'price'))}{found}",
    )


def _guarded(row: Doc, p: Doc, rows: Sequence[Doc], _symbols: Symbols) -> Said:
    after = figures.lag(journal.resting_after(row, rows))
    first = journal.of(rows, "insurance_placed")[0]["seq"] == row["seq"]
    stop = facts.price_of(p, pay(row, "stop_price"))
    if first:
        return "guarded", f"exchange stop {stop} rests, {after} after the fill"
    return "guarded", f"exchange stop moved to {stop}, {after} without one"


def _raised(row: Doc, p: Doc, _rows: Sequence[Doc], symbols: Symbols) -> Said:
    was, stop = facts.price_of(p, pay(row, "was")), facts.price_of(p, pay(row, "stop"))
    reached = facts.climbed(p, pay_num(row, "rung"), pay(row, "price"))
    return "stop up", f"price reached {reached}: stop {was} {symbols.arrow} {stop}"


def _stop_failed(row: Doc, _p: Doc, _rows: Sequence[Doc], symbols: Symbols) -> Said:
    how = "refused" if pay(row, "code") is not None else "not there"
    return "not set", f"exchange stop {how}: {symbols.clean(pay(row, 'message'))}; tried again"


def _unknown(row: Doc, _p: Doc, _rows: Sequence[Doc], symbols: Symbols) -> Said:
    return (
        "unknown",
        f"an order has no answer ({symbols.clean(pay(row, 'reason'))}): asked, not resent",
    )


def _resolved(row: Doc, _p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    return "known", f"the unknown order is {text(row, 'payload', 'outcome')}"


def _leaving(row: Doc, p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    reason, price = text(row, "payload", "reason"), pay(row, "price")
    if reason in _REASONS and price is not None:
        return "exit", f"a trade at {facts.price_of(p, price)} {_REASONS[reason]}"
    return "exit", "the tape ended" if reason == "tape_end" else f"by {reason}"


def _left(row: Doc, p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    quantity = facts.quantity_of(p, pay(row, "quantity"))
    return facts.exit_word(p).split()[0], f"{quantity} at {facts.price_of(p, pay(row, 'price'))}"


def _stopped_out(row: Doc, p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    price = facts.price_of(p, at((pay(row, "fills") or [{}])[0], "price"))
    return "exit", f"the exchange stop executed at {price}"


def _cancelled(row: Doc, _p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    return "ended", f"by {text(row, 'payload', 'reason')}; nothing was at risk"


def _not_entered(row: Doc, _p: Doc, _rows: Sequence[Doc], symbols: Symbols) -> Said:
    said = symbols.clean(pay(row, "message"))
    return "no entry", f"{text(row, 'payload', 'reason')}{f': {said}' if said else ''}"


def _settled(row: Doc, p: Doc, _rows: Sequence[Doc], _symbols: Symbols) -> Said:
    net = figures.pnl(pay(row, "net"), facts.quote(p))
    return "settled", f"{net}, {figures.in_r(pay(row, 'r_multiple'))} after all costs"


def _failed(row: Doc, _p: Doc, _rows: Sequence[Doc], symbols: Symbols) -> Said:
    return "error", f"{text(row, 'payload', 'code')}: {symbols.clean(pay(row, 'message'))}"


_SAYINGS: dict[str, Callable[[Doc, Doc, Sequence[Doc], Symbols], Said]] = {
    "position_armed": _armed,
    "signal_received": _signal,
    "signal_rejected": _refused,
    "sizing_decided": _sized,
    "entry_partly_filled": _filled,
    "entry_filled": _filled,
    "entry_failed": _not_entered,
    "order_unknown": _unknown,
    "order_resolved": _resolved,
    "insurance_placed": _guarded,
    "insurance_failed": _stop_failed,
    "insurance_filled": _stopped_out,
    "stop_raised": _raised,
    "exit_triggered": _leaving,
    "exit_filled": _left,
    "position_cancelled": _cancelled,
    "position_error": _failed,
    "pnl_settled": _settled,
}

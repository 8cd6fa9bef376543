"""What each chapter of a position's life says: one to three sentences with the numbers.

What was unknown, and what was settled in the end, is what stands out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from robson.cli.screens import facts, figures, journal
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.journal import pay, pay_num
from robson.cli.screens.line import PLAIN, STRONG, Line, Page, Symbols, spans


class _Scene(NamedTuple):
    """A chapter's rows, and what they belong to."""

    rows: Sequence[Doc]
    everything: Sequence[Doc]
    p: Doc
    where: str
    symbols: Symbols

    def last(self, *kinds: str) -> Doc | None:
        """The chapter's last row of some kinds."""
        return journal.last(self.rows, *kinds)

    def clean(self, row: Doc | None, *path: str) -> str:
        """Text of a payload, made harmless."""
        return self.symbols.clean(text(row, "payload", *path)).rstrip(".")


def body(
    title: str, rows: Sequence[Doc], document: Doc, everything: Sequence[Doc], page: Page
) -> Line:
    """The sentences of a chapter; empty where only the evidence is left to show."""
    scene = _Scene(
        rows, everything, at(document, "position") or {}, facts.venue(document), page.symbols
    )
    if title.startswith("Rung"):
        return _rung(scene)
    if title.endswith("rungs"):
        return _climb(scene)
    writing = _WRITERS.get(title)
    return writing(scene) if writing else []


# --- chapters ------------------------------------------------------------------------------------


def _armed(s: _Scene) -> Line:
    row = s.last("position_armed")
    strategy = pay(row, "strategy")
    capital = pay_num(row, "capital")
    capped = f", capital at most {figures.money(capital, facts.quote(s.p))}" if capital else ""
    actor = s.clean(row, "actor") or "somebody"
    return spans(
        f"Armed by {actor} with strategy {text(strategy, 'name')} (detector"
        f" {text(strategy, 'detector')}), leverage {text(row, 'payload', 'leverage')}x{capped}."
    )


def _stop(s: _Scene) -> Line:
    row = s.last("signal_received")
    audit, side = pay(row, "audit"), text(row, "payload", "side")
    levels = listed(audit, "levels")
    entry = pay_num(row, "entry_ref")
    where = "above" if side == "short" else "below"
    word = journal.level_word(side)
    found = figures.count(len(levels), word)
    n = num(audit, "selected_n")
    said = f"{text(audit, 'candles')} candles gave {found} {where} {facts.price_of(s.p, entry)}."
    confidence = f" Confidence {text(audit, 'confidence')}."
    if n is None or int(n) > len(levels):
        atr = facts.price_of(s.p, at(audit, "atr"))
        stop = facts.price_of(s.p, s.p.get("technical_stop"))
        range_ = f"1.5 times the average range ({atr})"
        return spans(f"{said} None fits; the stop is {range_}: {stop}.{confidence}")
    level = levels[int(n) - 1]
    away = num(level, "distance")
    share = figures.percent(away / entry) if away is not None and entry else "?"
    low, high = ((num(audit, key) or 0) / 100 for key in ("min_bps", "max_bps"))
    touches = figures.count(int(num(level, "touches") or 0), "touch", "touches")
    chosen = f"{journal.ordinal(int(n))}: {facts.price_of(s.p, level.get('price'))}, {touches}"
    return spans(
        f"{said} The rule takes the {chosen}, {share} away, inside {figures.share(low)} to"
        f" {figures.share(high)}.{confidence}"
    )


def _refused(s: _Scene) -> Line:
    row = s.last("signal_rejected")
    price = facts.price_of(s.p, pay(row, "entry_ref"))
    numbers = pay(row, "numbers") or []
    shown = ", ".join(
        f"{s.symbols.clean(name)} {s.symbols.clean(value)}" for name, value in numbers
    )
    said = f"A signal at {price} was not taken: {s.clean(row, 'code')}, {s.clean(row, 'message')}."
    return spans(f"{said} Numbers: {shown}." if shown else said)


def _size(s: _Scene) -> Line:
    row = s.last("sizing_decided")
    sizing = pay(row, "plan", "sizing")
    terms = journal.terms(
        journal.sizing_of(row or {}),
        step=at(s.p, "instrument", "step"),
        decimals=int(num(s.p, "instrument", "price_decimals") or 2),
    )
    base, quote = text(s.p, "instrument", "base"), facts.quote(s.p)
    made = " + ".join(f"{name} {value}" for name, value in terms.named)
    share = figures.share(at(sizing, "risk_pct"))
    capital = figures.money(at(sizing, "capital"))
    quantity = facts.quantity_of(s.p, at(sizing, "quantity"))
    planned = figures.risk(at(sizing, "planned_risk"), quote)
    limit = figures.with_unit(terms.limit, quote)
    told = f"{limit} ({share} of {capital}) / {terms.unit} loss per {base} ({made})"
    if text(sizing, "binding") in ("risk", ""):
        return spans(f"{told} = {quantity}. Planned loss {planned}.")
    by_risk = facts.quantity_of(s.p, at(sizing, "qty_risk"))
    limits = {"margin": "Margin allows", "max_qty": "The exchange allows"}
    allowed = limits.get(text(sizing, "binding"), "Another limit allows")
    return spans(f"{told} = {by_risk}. {allowed} only {quantity}. Planned loss {planned}.")


def _entry(s: _Scene) -> Line:
    filled, failed = s.last("entry_filled"), s.last("entry_failed")
    line: Line = []
    if filled is not None:
        word = facts.entry_word(s.p)
        quantity = facts.quantity_of(s.p, pay(filled, "quantity"))
        price = facts.price_of(s.p, pay(filled, "price"))
        line = spans(f"{word.capitalize()} {quantity} at market, at {price} on average.")
    elif failed is not None:
        message = s.clean(failed, "message")
        more = f": {message}" if message else ""
        line = spans(f"No entry, by {s.clean(failed, 'reason')}{more}. Nothing was traded.")
    return [*line, *_unknown(s, "e")]


def _unknown(s: _Scene, letter: str) -> Line:
    """What had no known outcome, and what settled it."""
    found = [
        row
        for row in journal.of(s.rows, "order_unknown")
        if text(row, "payload", "client_id")[2:3] == letter
    ]
    if not found:
        return []
    where = f"{s.where[0].upper()}{s.where[1:]}"
    resolved = s.last("order_resolved")
    outcome = {"found": "found it there", "absent": "proved that it is not there"}
    known = s.last("entry_filled", "entry_failed", "exit_filled", "insurance_filled")
    still = "asks on" if known is None else "asked until its outcome was known"
    ended = outcome.get(s.clean(resolved, "outcome"), still)
    return [
        (" ", PLAIN),
        (f"{where} did not answer ({s.clean(found[0], 'reason')}).", STRONG),
        (
            f" Robson did not send again: it looked the order up by its client id and {ended}.",
            PLAIN,
        ),
    ]


def _guard(s: _Scene) -> Line:
    placed, failed = s.last("insurance_placed"), journal.of(s.rows, "insurance_failed")
    line: Line = []
    if placed is not None:
        stop = facts.price_of(s.p, pay(placed, "stop_price"))
        quantity = facts.quantity_of(s.p, pay(placed, "quantity"))
        after = figures.lag(journal.resting_after(placed, s.everything))
        line = spans(
            f"Exchange stop {stop} rests at {s.where} for all {quantity}, {after} after the fill."
        )
    if failed:
        many = figures.often(len(failed))
        line += [(f" It was refused {many}: {s.clean(failed[-1], 'message')}.", STRONG)]
    if s.last("insurance_gone") is not None:
        line += [(" It was gone and nobody had said why.", STRONG)]
    return line


def _rung(s: _Scene) -> Line:
    row = s.last("stop_raised")
    was, stop = facts.price_of(s.p, pay(row, "was")), facts.price_of(s.p, pay(row, "stop"))
    spans_ = figures.count(int(pay_num(row, "rung") or 0), "span")
    price = facts.price_of(s.p, pay(row, "price"))
    said = f"Price reached +{spans_} ({price}). Stop raised {was} {s.symbols.arrow} {stop}"
    placed = s.last("insurance_placed")
    if placed is None:
        return spans(f"{said}; the exchange stop stayed where it was.")
    bare = figures.lag(journal.resting_after(placed, s.everything))
    rests = facts.price_of(s.p, pay(placed, "stop_price"))
    return spans(f"{said}; exchange stop replaced by {rests}, {bare} without one.")


def _climb(s: _Scene) -> Line:
    raised = journal.of(s.rows, "stop_raised")
    if not raised:
        return []
    was, stop = (
        facts.price_of(s.p, pay(raised[0], "was")),
        facts.price_of(s.p, pay(raised[-1], "stop")),
    )
    moved = len(journal.of(s.rows, "insurance_placed"))
    return spans(
        f"Stop raised {was} {s.symbols.arrow} {stop} in {figures.count(len(raised), 'step')};"
        f" exchange stop replaced {figures.often(moved)}."
    )


_RULES = {
    "stop_gain": "touched the stop-gain",
    "stop_loss": "crossed the stop",
    "trailing_stop": "crossed the raised stop",
}


def _exit(s: _Scene) -> Line:
    trigger, asked = s.last("exit_triggered"), s.last("panic_requested")
    line: Line = []
    if trigger is not None:
        line = spans(_cause(s, trigger))
    elif asked is not None:
        line = spans(f"{s.clean(asked, 'actor')} asked to leave ({s.clean(asked, 'reason')}).")
    by_stop, by_exit = s.last("insurance_filled"), s.last("exit_filled")
    word, fill = facts.exit_word(s.p), by_exit or by_stop
    if fill is not None:
        who = " Robson" if by_exit is not None else " The exchange stop"
        ns = journal.first_fill_ns(fill)
        after = journal.seconds(pay(trigger, "tick_ns"), ns)
        later = f", {figures.lag(after)} later" if after is not None else ""
        sold = facts.quantity_of(s.p, pay(fill, "quantity") or s.p.get("entry_quantity"))
        price = pay(fill, "price") or at((pay(fill, "fills") or [{}])[0], "price")
        line += spans(f"{who} {word} {sold} at {facts.price_of(s.p, price)} on average{later}.")
    retries = journal.of(s.rows, "exit_retry")
    if retries:
        many = figures.often(len(retries))
        line += [(f" The exit was refused {many}: {s.clean(retries[-1], 'message')}.", STRONG)]
    return [*line, *_unknown(s, "x")]


def _cause(s: _Scene, trigger: Doc) -> str:
    reason, price = s.clean(trigger, "reason"), pay(trigger, "price")
    actor = s.clean(trigger, "actor")
    if reason == "tape_end":
        return "The tape ended with the position open."
    if actor:
        return f"{actor} asked to leave ({reason})."
    if price is None:
        return f"It was to leave by {reason}."
    rule = _RULES.get(reason, f"made it leave by {reason}")
    jumped = pay(trigger, "jumped_from")
    over = f" It jumped there from {facts.price_of(s.p, jumped)}." if jumped else ""
    return f"A trade at {facts.price_of(s.p, price)} {rule}.{over}"


def _result(s: _Scene) -> Line:
    settled = s.last("pnl_settled")
    if settled is None:
        gross = figures.pnl(pay(s.last("position_closed"), "gross"), facts.quote(s.p))
        return spans(f"Gross {gross}. ", ("Fees or debt are not known yet.", STRONG))
    net = figures.pnl(pay(settled, "net"), facts.quote(s.p))
    fees, interest = (figures.risk(pay(settled, key)) for key in ("fees", "interest"))
    gross = figures.pnl(pay(settled, "gross"))
    r = figures.in_r(pay(settled, "r_multiple"))
    return spans(
        f"Gross {gross}, fees {fees}, interest {interest}: ",
        (f"net {net}, {r}", STRONG),
        ". No debt left.",
    )


def _cancelled(s: _Scene) -> Line:
    row = s.last("position_cancelled", "cancel_requested")
    by = f" by {s.clean(row, 'actor')}" if s.clean(row, "actor") else ""
    if s.last("position_cancelled") is None:
        return spans(f"The entry was to be taken back{by}.")
    return spans(f"Cancelled{by}: {s.clean(s.last('position_cancelled'), 'reason')}.")


def _error(s: _Scene) -> Line:
    row = s.last("position_error")
    said = f"{s.clean(row, 'code')}: {s.clean(row, 'message')}."
    return spans((said, STRONG), " A person has to decide; the stop stays judged and insured.")


def _resolved(s: _Scene) -> Line:
    row = s.last("position_resolved")
    return spans(
        f"{s.clean(row, 'actor')} said, with evidence, that it is {s.clean(row, 'target')}."
    )


_WRITERS: dict[str, Callable[[_Scene], Line]] = {
    "Armed": _armed,
    "Stop": _stop,
    "Refused": _refused,
    "Size": _size,
    "Entry": _entry,
    "Guard": _guard,
    "Exit": _exit,
    "Result": _result,
    "Cancelled": _cancelled,
    "Error": _error,
    "Resolved": _resolved,
}

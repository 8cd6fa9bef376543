"""What each chapter of a position's life says: one to three sentences with the numbers.

What was unknown, and what was settled in the end, is what stands out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from robson.cli.screens import compared, endings, facts, figures, journal
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.journal import pay, pay_num
from robson.cli.screens.line import STRONG, Line, Page, spans
from robson.cli.screens.scene import Scene, failed, unknown


def body(
    title: str, rows: Sequence[Doc], document: Doc, everything: Sequence[Doc], page: Page
) -> Line:
    """The sentences of a chapter; empty where only the evidence is left to show."""
    scene = Scene(
        rows, everything, at(document, "position") or {}, facts.venue(document), page.symbols
    )
    if title.startswith("Rung"):
        return _rung(scene)
    if title.endswith("rungs"):
        return _climb(scene)
    writing = _WRITERS.get(title)
    return writing(scene) if writing else []


# --- chapters ------------------------------------------------------------------------------------


def _armed(s: Scene) -> Line:
    row = s.last("position_armed")
    strategy = pay(row, "strategy")
    capital = pay_num(row, "capital")
    capped = f", capital at most {figures.money(capital, facts.quote(s.p))}" if capital else ""
    actor = s.clean(row, "actor") or "somebody"
    return spans(
        f"Armed by {actor} with strategy {text(strategy, 'name')} (detector"
        f" {text(strategy, 'detector')}), leverage {text(row, 'payload', 'leverage')}x{capped}."
    )


def _stop(s: Scene) -> Line:
    row = s.last("signal_received")
    audit, side = pay(row, "audit"), text(row, "payload", "side")
    levels = listed(audit, "levels")
    entry = pay_num(row, "entry_ref")
    where = "above" if side == "short" else "below"
    word = journal.level_word(side)
    found = figures.count(len(levels), word)
    n = num(audit, "selected_n")
    if text(audit, "method") == "operator_supplied":
        supplied = facts.price_of(s.p, s.p.get("technical_stop"))
        return spans(f"The signal was injected with its stop: {supplied}.{_layers(s, audit)}")
    said = f"{text(audit, 'candles')} candles gave {found} {where} {facts.price_of(s.p, entry)}."
    confidence = f" Confidence {text(audit, 'confidence')}."
    if n is None or int(n) > len(levels):
        atr = facts.price_of(s.p, at(audit, "atr"))
        stop = facts.price_of(s.p, s.p.get("technical_stop"))
        range_ = f"1.5 times the average range ({atr})"
        return spans(
            f"{said} No level fits; the stop is {range_}: {stop}.{confidence}{_layers(s, audit)}"
        )
    level = levels[int(n) - 1]
    away = num(level, "distance")
    share = figures.percent(away / entry) if away is not None and entry else "?"
    low, high = ((num(audit, key) or 0) / 100 for key in ("min_bps", "max_bps"))
    touches = figures.count(int(num(level, "touches") or 0), "touch", "touches")
    chosen = f"{journal.ordinal(int(n))}: {facts.price_of(s.p, level.get('price'))}, {touches}"
    return spans(
        f"{said} The rule takes the {chosen}, {share} away, inside {figures.share(low)} to"
        f" {figures.share(high)}.{confidence}{_layers(s, audit)}"
    )


def _layers(s: Scene, audit: Doc) -> str:
    """What was made of the level before it became the stop; nothing where nothing was."""
    guard, buffer = num(audit, "guard"), num(audit, "buffer")
    said = ""
    if guard is not None:
        said += f" The guard, the extreme of the recent candles, is {facts.price_of(s.p, guard)}."
    if buffer:
        said += f" The buffer behind that is {facts.price_of(s.p, buffer)}."
    return f"{said} The stop is {facts.price_of(s.p, at(audit, 'stop'))}." if said else ""


def _refused(s: Scene) -> Line:
    row = s.last("signal_rejected")
    price = facts.price_of(s.p, pay(row, "entry_ref"))
    numbers = pay(row, "numbers") or []
    code = s.clean(row, "code")
    named = [(facts.measured(code, str(name)), value) for name, value in numbers]
    shown = ", ".join(f"{s.symbols.clean(name)} {s.symbols.clean(value)}" for name, value in named)
    said = f"A signal at {price} was not taken: {code}, {s.clean(row, 'message')}."
    return spans(f"{said} Numbers: {shown}." if shown else said)


def _size(s: Scene) -> Line:
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


def _entry(s: Scene) -> Line:
    filled, failed = s.last("entry_filled"), s.last("entry_failed")
    line: Line = []
    if filled is not None:
        word = facts.entry_word(s.p)
        quantity = facts.quantity_of(s.p, pay(filled, "quantity"))
        price = facts.price_of(s.p, pay(filled, "price"))
        line = spans(f"{word.capitalize()} {quantity} at market, at {price} on average.")
        if at(s.p, "insurance", "enabled") is False:
            line += [(" No exchange stop was placed: insurance.enabled was false.", STRONG)]
    elif failed is not None:
        message = s.clean(failed, "message")
        more = f": {message}" if message else ""
        line = spans(f"No entry, by {s.clean(failed, 'reason')}{more}. Nothing was traded.")
    return [*line, *unknown(s, "e")]


def _guard(s: Scene) -> Line:
    placed = s.last("insurance_placed")
    line: Line = []
    if placed is not None:
        stop = facts.price_of(s.p, pay(placed, "stop_price"))
        quantity = facts.quantity_of(s.p, pay(placed, "quantity"))
        after = figures.lag(journal.resting_after(placed, s.everything))
        line = spans(
            f"Exchange stop {stop} rests at {s.where} for all {quantity}, {after} after the fill."
        )
    line += failed(s, "It", journal.of(s.rows, "insurance_failed"))
    if s.last("insurance_gone") is not None:
        line += [(" It was gone and nobody had said why.", STRONG)]
    return line


def _rung(s: Scene) -> Line:
    row = s.last("stop_raised")
    was, stop = facts.price_of(s.p, pay(row, "was")), facts.price_of(s.p, pay(row, "stop"))
    price = facts.price_of(s.p, pay(row, "price"))
    reached = facts.climbed(s.p, pay_num(row, "rung"), pay(row, "price"))
    where = reached if reached == price else f"{reached} ({price})"
    released = s.last("guard_released")
    guard = f", guard {facts.price_of(s.p, pay(released, 'guard'))} released" if released else ""
    said = f"Price reached {where}. Stop raised {was} {s.symbols.arrow} {stop}{guard}"
    placed = s.last("insurance_placed")
    if placed is None:
        return spans(f"{said}; the exchange stop stayed where it was.")
    bare = figures.lag(journal.resting_after(placed, s.everything))
    rests = facts.price_of(s.p, pay(placed, "stop_price"))
    return spans(f"{said}; exchange stop replaced by {rests}, {bare} without one.")


def _climb(s: Scene) -> Line:
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


_WRITERS: dict[str, Callable[[Scene], Line]] = {
    "Armed": _armed,
    "Stop": _stop,
    "Refused": _refused,
    "Size": _size,
    "Entry": _entry,
    "Guard": _guard,
    "Exit": endings.leaving,
    "Result": endings.result,
    "Cancelled": endings.cancelled,
    "Error": endings.error,
    "Compared": compared.compared,
    "Resolved": compared.resolved,
}

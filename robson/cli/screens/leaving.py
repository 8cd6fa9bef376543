"""What leaving does to one position: what it would do, how far it is, what is not settled yet."""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, num, text
from robson.cli.screens.finding import Finding, apart
from robson.cli.screens.line import OK, PLAIN, STRONG, Line, spans
from robson.cli.screens.table import Cell


def position(step: Doc) -> Doc:
    """The position of a step."""
    found: Doc = at(step, "position") or {}
    return found


def would(step: Doc) -> list[Cell]:
    """A row of the preview."""
    p, action = position(step), text(step, "action")
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


def result(document: Doc, exits: list[Doc], *, dry: bool) -> Line:
    """What it comes to, in one sentence."""
    if not exits:
        return spans("Nothing was traded, so nothing is lost. This cannot be undone.")
    total = figures.pnl(at(document, "result"), facts.quote(exits[0]))
    about = "about " if dry else ""
    return spans(
        f"Result {about}",
        (total, STRONG),
        f" after fees.{_stops_off(exits)} This cannot be undone.",
    )


def _stops_off(exits: list[Doc]) -> str:
    """When exchange stops are taken off; nothing where none was to rest."""
    bare = [each for each in exits if at(each, "insurance", "enabled") is False]
    if len(bare) == len(exits):
        return ""
    each = "Each" if len(exits) > 1 else "The"
    own = "its own" if len(exits) > 1 else "the"
    return f" {each} exchange stop is cancelled only just before {own} exit."


def took(document: Doc) -> str:
    """How long it has been going; a tape has a time of its own."""
    told = figures.age(at(document, "elapsed_s"))
    return f"{told} of the tape's time" if facts.profile(document) == "sim" else told


def done(document: Doc, steps: list[Doc], took: str) -> Line:
    """What was done, in one sentence."""
    closed = [s for s in steps if text(s, "action") != "cancel"]
    parts = [f"{figures.count(len(closed), 'position')} closed"] if closed else []
    if len(steps) > len(closed):
        parts.append(f"{len(steps) - len(closed)} cancelled")
    said = spans(f"{', '.join(parts)} in {took}.")
    if closed:
        total = figures.pnl(at(document, "result"), facts.quote(position(closed[0])))
        said += spans(" Result ", (total, STRONG), " after all costs.")
    return said


_YES = {True: "yes", False: "no"}


def going(step: Doc, document: Doc) -> list[Cell]:
    """A row of the progress."""
    p = position(step)
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
        _exit_text(p, document) if traded else "cancelled, nothing to sell",
        (figures.UNKNOWN if traded else figures.NONE) if flat is None else _YES[bool(flat)],
        result,
    ]


def _exit_text(p: Doc, document: Doc) -> str:
    if p.get("exit_price") is not None:
        price = facts.price_of(p, p["exit_price"])
        word = facts.exit_word(p)
        sold = facts.quantity_of(
            p, at(p, "exit_order", "quantity") or p.get("quantity"), unit=False
        )
        return f"{word} {sold} at {price}"
    order = at(p, "exit_order")
    since = figures.age(figures.seconds_between(at(order, "sent_at"), document.get("as_of")))
    words = {
        "prepared": "about to be sent",
        "sending": f"sent {since} ago",
        "unknown": f"no answer for {since}",
        "resting": f"taken {since} ago",
        "failed": "came to nothing, tried again",
    }
    said = words.get(text(order, "status"), "waits for the stop to be off")
    return said.replace("\u00a0", " ")


# --- what is not settled -------------------------------------------------------------------------


def is_open(step: Doc) -> bool:
    """Whether it is not yet flat and settled."""
    return text(step, "action") != "cancel" and not (step.get("flat") and step.get("settled"))


def unsettled(document: Doc, step: Doc) -> Finding:
    """What is still open, as a finding."""
    p = position(step)
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


def cancel_requested(p: Doc) -> Finding:
    """An entry that is being taken back."""
    return Finding(
        f.ORDER_UNKNOWN,
        f"{facts.name(p)}: the entry is being taken back.",
        "It may still fill. If it does, the position is active and gets its exchange stop.",
        "Cancels the entry order and says what became of it.",
        spans("See which it was: ", apart(f"robson status --symbol {text(p, 'symbol')}")),
        text(p, "symbol"),
        frozenset({text(p, "id")}),
    )

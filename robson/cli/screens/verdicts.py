"""Reads a status document and says what is wrong with it, as findings with all four parts.

What each kind of trouble means for the money, what Robson does and what a person can do is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from robson.cli.screens import facts, figures, scopes
from robson.cli.screens import finding as f
from robson.cli.screens.advice import explaining, guarded, panicking, you
from robson.cli.screens.facts import Doc, at, listed, text
from robson.cli.screens.finding import Finding
from robson.cli.screens.line import HARD_SPACE, Symbols

STALE_S = 10
"""An answer older than this says nothing about now."""
_PURPOSES = {"entry": "entry order", "exit": "exit order", "insurance": "exchange stop"}


def findings(document: Doc, symbols: Symbols, *, silent_s: float | None = None) -> list[Finding]:
    """Everything that is wrong, worst first; empty when nothing is.

    ``silent_s`` is how old the document is, where the caller knows.
    """
    found: list[Finding] = []
    if silent_s is not None and silent_s > STALE_S:
        found.append(cannot_see(text(document, "daemon", "door"), silent_s=silent_s))
    for position in listed(document, "positions"):
        found.extend(_of_position(document, position, symbols))
    found.extend(scopes.scopes(document, symbols, found))
    return f.ordered(found)


def cannot_see(door: str, *, silent_s: float | None = None, reason: str = "") -> Finding:
    """No answer, or only an old one."""
    happened = f"robsond does not answer on {door}."
    if silent_s is not None:
        happened = f"No answer from robsond on {door} for {figures.age(silent_s)}."
    return Finding(
        f.CANNOT_SEE,
        happened,
        "Exchange stops that rest go on protecting; which ones do is not known from here. Robson's"
        " own stop is judged only while robsond runs.",
        f"This command only asked.{' ' + reason if reason else ''}",
        you("Start it again, with the options it had:", _start(door)),
    )


_STARTS = {
    "paper": " --profile paper",
    "live": " --profile live",
    "observe": " --profile live --observe",
}


def _start(door: str) -> str:
    """What began the daemon of a door, as far as the usual place of its socket tells."""
    found = re.search(r"/robson/(\w+)/robsond\.sock", door)
    return f"robsond run{_STARTS.get(found[1], '') if found else ''}"


def _of_position(document: Doc, position: Doc, symbols: Symbols) -> Iterator[Finding]:
    naked = facts.naked_s(position)
    partly = facts.held(position) and at(position, "insurance", "state") == "resting"
    if naked is not None and (naked > facts.WINDOW_S or (partly and not facts.covered(position))):
        yield _unprotected(document, position, symbols)
    if at(position, "frozen", "is") or text(position, "state") == "error":
        yield _needsyou(document, position, symbols)
    for order in listed(position, "orders"):
        if order.get("status") == "unknown":
            yield _order_unknown(document, position, order)


# --- a position ----------------------------------------------------------------------------------


def _unprotected(document: Doc, position: Doc, symbols: Symbols) -> Finding:
    where = facts.venue(document)
    quantity = facts.quantity_of(position, position.get("quantity"), unit=False)
    exiting = text(position, "state") == "exiting"
    later = _still_at(document)
    advice = (
        you(f"Look at {where} yourself if this is still red at {later}:", explaining(position))
        if exiting
        else you(
            f"If this is still red at {later}:"
            if at(position, "insurance", "enabled") is not False
            else "It stays so. To leave it:",
            panicking(position),
        )
    )
    return Finding(
        f.UNPROTECTED,
        f"{facts.name(position)} {quantity}: {_how_bare(position, where)}.",
        _while_naked(document, position),
        _about_stop(document, position, symbols),
        advice,
        text(position, "symbol"),
        frozenset({text(position, "id")}),
    )


def _how_bare(position: Doc, where: str) -> str:
    if at(position, "insurance", "state") == "resting":
        rests = facts.quantity_of(position, at(position, "insurance", "quantity"))
        return f"a stop rests at {where} for only {rests} of it"
    return f"no stop rests at {where} for {figures.age(facts.naked_s(position))}"


def _still_at(document: Doc) -> str:
    now = figures.instant(at(document, "as_of"))
    if now is None:
        return "the next look"
    return f"{(now + timedelta(minutes=2)).replace(second=0):%H:%M}{HARD_SPACE}UTC"


def _while_naked(document: Doc, position: Doc) -> str:
    if not listed(document, "daemon", "leader"):
        return "This node does not lead, so it does not exit either. Nothing here limits the loss."
    if text(position, "state") == "exiting":
        return "It is being closed at market. Until that is confirmed nothing limits the loss."
    stop = facts.price_of(position, position.get("stop_loss"))
    rest = " of the rest" if at(position, "insurance", "state") == "resting" else ""
    return (
        f"Robson still watches {stop} and would exit. If this host dies now, nothing limits"
        f" the loss{rest}."
    )


def _about_stop(document: Doc, position: Doc, symbols: Symbols) -> str:
    where = facts.venue(document)
    state, tries = text(position, "insurance", "state"), text(position, "insurance", "attempts")
    error = symbols.clean(text(position, "insurance", "error")).rstrip(".")
    if not listed(document, "daemon", "leader"):
        return "Sends nothing from here: only the node that leads places stops and exits."
    if text(position, "state") == "exiting":
        return "Took the exchange stop off for the exit and follows the exit until it is flat."
    if at(position, "insurance", "enabled") is False:
        return "Places none: insurance.enabled was false when it was entered. Judges every price."
    if state == "resting":
        rests = facts.quantity_of(position, at(position, "insurance", "quantity"))
        return (
            f"Rests a stop for only {rests}, looks every 30{HARD_SPACE}s what else is free, and"
            " places one for the whole quantity then."
        )
    if state == "gone":
        return f"The exchange stop is not open any more. Robson asks {where} what became of it."
    said = f" {where[0].upper()}{where[1:]} answers {error}." if error else ""
    if state == "failed":
        return f"Tries to place it again, at least every 30{HARD_SPACE}s (try {tries}).{said}"
    return f"Asked for it (try {tries}) and waits for the answer.{said}"


def _needsyou(document: Doc, position: Doc, symbols: Symbols) -> Finding:
    reason = symbols.clean(text(position, "frozen", "reason")) or "no reason was given"
    in_error = text(position, "state") == "error"
    word = "in state error" if in_error else "frozen"
    short = text(position, "id")[-figures.SHORT_ID :]
    say = f'robson admin resolve --position-id {short} --as active --reason "..."'
    what = ("To say what it is:", say) if in_error else ()
    return Finding(
        f.NEEDS_YOU,
        f"{text(position, 'symbol')} is {word}: {reason.rstrip('.')}.",
        guarded(document, position),
        "Sends nothing but exits for it until a person decides.",
        you("Read what happened:", explaining(position), "To leave:", panicking(position), *what),
        text(position, "symbol"),
        frozenset({text(position, "id")}),
    )


def _order_unknown(document: Doc, position: Doc, order: Doc) -> Finding:
    where, purpose = facts.venue(document), text(order, "purpose")
    since = figures.seconds_between(order.get("sent_at"), at(document, "as_of"))
    what = _PURPOSES.get(purpose, f"{purpose} order")
    means = {
        "entry": "It may have filled or not. If it did, no exchange stop rests for it yet.",
        "exit": "It may be closed or not. Robson goes on as if it were still open.",
    }
    return Finding(
        f.ORDER_UNKNOWN,
        f"{facts.name(position)}: no answer to the {what} for {figures.age(since)}.",
        means.get(purpose) or guarded(document, position),
        f"Does not send it again: asks {where} for it by its client id until it is found or"
        " proved absent.",
        you("Nothing. To follow it:", explaining(position)),
        text(position, "symbol"),
        frozenset({text(position, "id")}),
    )

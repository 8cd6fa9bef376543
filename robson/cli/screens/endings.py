"""The last chapters of a position: how it left, what it came to, or why it never began."""

from __future__ import annotations

from robson.cli.screens import facts, figures, journal
from robson.cli.screens.facts import Doc, at
from robson.cli.screens.journal import pay
from robson.cli.screens.line import PLAIN, STRONG, Line, spans
from robson.cli.screens.scene import Scene, failed, unknown

_RULES = {
    "stop_gain": "touched the stop-gain",
    "stop_loss": "crossed the stop",
    "trailing_stop": "crossed the raised stop",
}


def leaving(s: Scene) -> Line:
    """What made it leave, and how it got out."""
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
        after = journal.seconds(journal.due_ns(trigger), ns)
        later = f", {figures.lag(after)} later" if after is not None else ""
        sold = facts.quantity_of(s.p, pay(fill, "quantity") or s.p.get("entry_quantity"))
        price = pay(fill, "price") or at((pay(fill, "fills") or [{}])[0], "price")
        line += spans(f"{who} {word} {sold} at {facts.price_of(s.p, price)} on average{later}.")
    lost = [row for row in journal.of(s.rows, "exit_retry") if not pay(row, "proof")]
    return [*line, *failed(s, "The exit", lost), *unknown(s, "x")]


def _cause(s: Scene, trigger: Doc) -> str:
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


def result(s: Scene) -> Line:
    """What it came to."""
    settled = s.last("pnl_settled")
    if settled is None:
        gross = figures.pnl(pay(s.last("position_closed"), "gross"), facts.quote(s.p))
        return spans(f"Gross {gross}. ", ("Fees or debt are not known yet.", STRONG))
    net = figures.pnl(pay(settled, "net"), facts.quote(s.p))
    fees, interest = (figures.risk(pay(settled, key)) for key in ("fees", "interest"))
    gross = figures.pnl(pay(settled, "gross"))
    r = figures.in_r(pay(settled, "r_multiple"))
    line = spans(
        f"Gross {gross}, fees {fees}, interest {interest}: ",
        (f"net {net}, {r}", STRONG),
        ". No debt left.",
    )
    if other := facts.paid_elsewhere(s.p, s.symbols):
        said = f" {other} of fees came on top, and is in none of these figures:"
        line += [(said, STRONG), (f" {s.where} takes fees in what is not traded.", PLAIN)]
    return line


def cancelled(s: Scene) -> Line:
    """Ended before any fill."""
    row = s.last("position_cancelled", "cancel_requested")
    by = f" by {s.clean(row, 'actor')}" if s.clean(row, "actor") else ""
    if s.last("position_cancelled") is None:
        return spans(f"The entry was to be taken back{by}.")
    return spans(f"Cancelled{by}: {s.clean(s.last('position_cancelled'), 'reason')}.")


def error(s: Scene) -> Line:
    """Robson could not decide."""
    row = s.last("position_error")
    said = f"{s.clean(row, 'code')}: {s.clean(row, 'message')}."
    return spans((said, STRONG), " A person has to decide; the stop stays judged and insured.")

"""How a position's life went, in one sentence; nothing while it goes on."""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens.facts import Doc, at, num, text

_CANCELLED = {
    "disarmed_by_user": "A person disarmed it before any signal was taken. Nothing was traded.",
    "panic_before_entry": "A person left before any entry. Nothing was traded.",
    "entry_exhausted": "The one attempt to enter was refused, or cut off by the end of the process."
    " Nothing was traded.",
    "entry_rejected": "The exchange refused the entry. Nothing was traded.",
}


def story(p: Doc) -> str:
    """How it went, in one sentence; empty while it goes on."""
    state, reason = text(p, "state"), text(p, "exit_reason")
    if state == "cancelled":
        return _CANCELLED.get(reason, f"It ended by {reason} before any fill. Nothing was traded.")
    if state != "closed":
        return ""
    when = figures.minute(at(p, "trigger", "at") or p.get("closed_at"))
    up, down = ("fell", "rose") if text(p, "side") == "short" else ("rose", "fell")
    did = "bought everything back" if text(p, "side") == "short" else "sold everything"
    spans_ = num(p, "strategy", "stop_gain_spans")
    far = f"{figures.in_spans(spans_)} {facts.beyond(p)} the entry" if spans_ else "on"
    leaves = f"and Robson {did} at market"
    first = facts.price_of(p, p.get("first_stop"))
    stop = facts.price_of(p, at(p, "trigger", "stop") or p.get("stop_loss"))
    told = {
        "stop_gain": f"The price {up} {far}, reached the stop-gain at {when}, {leaves}.",
        "stop_loss": f"The price {down} to the stop {first} at {when}, {leaves}.",
        "trailing_stop": f"The price {down} back to the raised stop {stop} at {when}, {leaves}.",
        "insurance_stop": f"The exchange stop closed it at {when}.",
        "risk_overrun": f"The entry filled so far from its plan that Robson left at {when}.",
        "user_panic": f"A person asked to leave at {when}, {leaves}.",
        "reconciled_external": f"Somebody else's orders closed it; Robson found that at {when}.",
        "tape_end": f"The tape ended at {when}, {leaves}.",
    }
    return told.get(reason, f"It was closed by {reason} at {when}.")

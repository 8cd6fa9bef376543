"""Reads the JSON documents: what a position holds, what rests for it, what its numbers are in text.

Only looks up and names; how it is laid out is the business of the views.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from robson.cli.screens import figures
from robson.cli.screens.line import Page, Symbols

Doc = Mapping[str, Any]

WINDOW_S = 3
"""So long a filled quantity may be without an exchange stop before it is an alarm."""
_WHOLE = Decimal("0.99")
"""The debt of a short grows by interest; so little more is not an uncovered quantity."""
HELD_STATES = ("active", "exiting", "error")


def at(document: Any, *path: str) -> Any:
    """A value deep in a document; None where any part of the way is missing."""
    for key in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def listed(document: Any, *path: str) -> list[Any]:
    """A list deep in a document; empty where there is none."""
    found = at(document, *path)
    return list(found) if isinstance(found, (list, tuple)) else []


def num(document: Any, *path: str) -> Decimal | None:
    """A number deep in a document."""
    return figures.number(at(document, *path))


def text(document: Any, *path: str) -> str:
    """A text deep in a document; empty where there is none."""
    found = at(document, *path)
    return "" if found is None else str(found)


# --- positions -----------------------------------------------------------------------------------


def held(position: Doc) -> bool:
    """Whether the position has, or may have, filled quantity."""
    state = text(position, "state")
    if state == "entering":
        return at(position, "entry_price") is not None
    return state in HELD_STATES and (state != "error" or at(position, "entry_price") is not None)


def naked_s(position: Doc) -> Decimal | None:
    """Seconds since nothing rests for what is held; None while it is covered."""
    if not held(position):
        return None
    known = num(position, "protection", "unprotected_s")
    if known is not None or text(position, "state") == "exiting":
        return known
    return None if covered(position) else Decimal(0)


def covered(position: Doc) -> bool:
    """Whether an exchange stop rests for the whole quantity."""
    if at(position, "insurance", "state") != "resting":
        return False
    rests, holds = num(position, "insurance", "quantity"), num(position, "quantity")
    return rests is None or holds is None or rests >= holds * _WHOLE


def price_of(position: Doc, value: Any) -> str:
    """A price of the position's pair."""
    return figures.price(value, at(position, "instrument", "tick"))


def quantity_of(position: Doc, value: Any, *, unit: bool = True) -> str:
    """A quantity of the position's pair, with its asset."""
    base = text(position, "instrument", "base") if unit else ""
    return figures.quantity(value, at(position, "instrument", "step"), base)


def quote(position: Doc) -> str:
    """The asset the position's money is in."""
    return text(position, "instrument", "quote")


def paid_elsewhere(position: Doc, symbols: Symbols) -> str:
    """Fees that were taken in what is not traded, such as BNB; empty where none were."""
    return " and ".join(
        f"{figures.quantity(each.get('amount'))}\u00a0{symbols.clean(each.get('asset'))}"
        for each in listed(position, "other_fees")
    )


def name(position: Doc) -> str:
    """Pair and side."""
    return f"{text(position, 'symbol')} {text(position, 'side')}".strip()


def entry_word(position: Doc) -> str:
    """What the entry did: bought or sold."""
    return "sold" if text(position, "side") == "short" else "bought"


def exit_word(position: Doc) -> str:
    """What the exit did: sold or bought back."""
    return "bought back" if text(position, "side") == "short" else "sold"


def beyond(position: Doc) -> str:
    """Where the gain lies."""
    return "below" if text(position, "side") == "short" else "above"


def ids(positions: Iterable[Doc], page: Page) -> dict[str, str]:
    """The text of each position's id: short for people, whole for programs."""
    full = [text(position, "id") for position in positions]
    return {each: each for each in full} if page.full_ids else figures.short_ids(full)


def id_of(position: Doc, page: Page) -> str:
    """The text of one position's id."""
    return ids([position], page)[text(position, "id")]


def climbed(position: Doc, rung: Decimal | None, price: Any) -> str:
    """Where a price was when it raised the stop: in spans where a rung is one span."""
    if rung and at(position, "trailing", "mode") != "continuous":
        return f"+{figures.in_spans(rung)}"
    return price_of(position, price)


def measured(code: str, name: str) -> str:
    """Name of a number behind a refusal, without the refusal's own name in it."""
    return name.removeprefix(code).strip("_").replace("_", " ") or "value"


def waited_for(document: Doc, symbols: Symbols) -> str:
    """What an armed position waits for; empty when it waits for nothing."""
    said = symbols.clean(text(document, "waiting_for")).rstrip(".").removeprefix("waits for ")
    return "" if said.startswith("nothing") else said


# --- who answered --------------------------------------------------------------------------------


def profile(document: Doc) -> str:
    """sim, paper or live."""
    return text(document, "daemon", "profile")


def observes(document: Doc) -> bool:
    """Whether the daemon reads everything and sends no order."""
    return bool(at(document, "daemon", "observes"))


def venue(document: Doc) -> str:
    """Where the orders are."""
    where = {"sim": "the simulated exchange", "paper": "the simulated account"}
    return where.get(profile(document), "Binance")


def reached(document: Doc) -> str:
    """Which daemon answered: profile, account and door."""
    return (
        f"{profile(document)}, account {text(document, 'daemon', 'account')},"
        f" by {text(document, 'daemon', 'door')}"
    )

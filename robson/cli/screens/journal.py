"""Reads journal rows: their kinds, their payloads, and the terms that a size was made of.

A payload is the event as the journal holds it: decimals are text, times nanoseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from robson.cli.screens import facts, figures
from robson.cli.screens.facts import Doc, at, num, text

NS_PER_S = 1_000_000_000
MOST_PLACES = 12


def kind(row: Doc) -> str:
    """Name of the event, without its version."""
    return text(row, "kind").partition(".v")[0]


def of(rows: Iterable[Doc], *kinds: str) -> list[Doc]:
    """The rows of some kinds, in order."""
    return [row for row in rows if kind(row) in kinds]


def last(rows: Iterable[Doc], *kinds: str) -> Doc | None:
    """The last row of some kinds."""
    return next(reversed(of(rows, *kinds)), None)


def pay(row: Doc | None, *path: str) -> Any:
    """A value of a row's payload."""
    return at(row, "payload", *path)


def pay_num(row: Doc | None, *path: str) -> Decimal | None:
    """A number of a row's payload."""
    return num(row, "payload", *path)


def first_fill_ns(row: Doc | None) -> int | None:
    """When the first fill of a row happened, on the exchange's clock."""
    fills = pay(row, "fills") or []
    known = [num(fill, "at_ns") for fill in fills]
    return min((int(each) for each in known if each is not None), default=None)


_BY_TRADE = ("stop_loss", "trailing_stop", "stop_gain", "insurance_stop", "liquidation")


def due_ns(trigger: Doc | None) -> Any:
    """When it was to leave: at the trade that did it; by a person or another rule, when said."""
    by_trade = pay(trigger, "reason") in _BY_TRADE
    return (by_trade and pay(trigger, "tick_ns")) or pay(trigger, "at_ns")


def seconds(earlier_ns: Any, later_ns: Any) -> Decimal | None:
    """Seconds between two times of payloads; None when either is missing."""
    if earlier_ns is None or later_ns is None:
        return None
    return max(Decimal(0), Decimal(int(later_ns) - int(earlier_ns)) / NS_PER_S)


_BARE_FROM = ("entry_partly_filled", "entry_filled", "insurance_cancelled")
"""What is held, or was covered, has no stop from one of these on."""


def resting_after(row: Doc, rows: Iterable[Doc]) -> Decimal | None:
    """How long nothing rested before this exchange stop was taken by the exchange."""
    accepted = pay(row, "accepted_ns")
    before = [r for r in of(rows, *_BARE_FROM) if r["seq"] < row["seq"]]
    if not before:
        return None
    since = before[-1]
    if kind(since) != "insurance_cancelled":
        return seconds(first_fill_ns(since), accepted)
    return seconds(pay(since, "cancelled_ns"), accepted)


# --- how the stop was found ----------------------------------------------------------------------

_ORDINALS = ("", "nearest", "2nd", "3rd", "4th", "5th")


def level_word(side: str) -> str:
    """What a level on the loss side is called."""
    return "resistance" if side == "short" else "support"


def stop_found(audit: Doc | None, side: str) -> str:
    """In a few words, how the chart gave the stop."""
    chosen = num(audit, "selected_n")
    if audit is None:
        return "no level"
    if chosen is None:
        return "1.5 times the average range, for want of a level"
    levels = facts.listed(audit, "levels")
    n = int(chosen)
    touches = num(levels[n - 1], "touches") if n <= len(levels) else None
    said = f"{ordinal(n)} {level_word(side)} on 15m"
    return said if touches is None else f"{said}, {figures.count(int(touches), 'touch', 'touches')}"


def ordinal(n: int) -> str:
    """Which of the levels, nearest first."""
    return _ORDINALS[n] if n < len(_ORDINALS) else f"{n}th"


# --- the size ------------------------------------------------------------------------------------


class Terms(NamedTuple):
    """The loss of one unit, term by term, in text that adds up and divides out."""

    limit: str
    named: tuple[tuple[str, str], ...]
    unit: str


def terms(sizing: Doc, *, step: Any, decimals: int) -> Terms:
    """The terms of a size, with as many decimals as it takes to multiply out to the quantity.

    ``sizing`` names ``risk_limit``, ``quantity`` and the terms ``span fees gap slip interest``.
    """
    limit, quantity = num(sizing, "risk_limit") or Decimal(0), num(sizing, "quantity")
    exact = [(name, num(sizing, name) or Decimal(0)) for name in _TERMS]
    grid = figures.number(step) or Decimal(1)
    paid = figures.rounded(limit, _CENT)
    by_risk = text(sizing, "binding") in ("risk", "")
    for places in range(decimals, MOST_PLACES + 1):
        unit_of_last = Decimal(1).scaleb(-places)
        shown = [(name, figures.rounded(value, unit_of_last)) for name, value in exact]
        unit = sum((value for _, value in shown), Decimal(0))
        if not by_risk or quantity is None:
            break
        if unit and paid / unit // grid * grid == quantity:
            break
    named = tuple((n, figures.grouped(v, places)) for n, v in shown if v or n == "span")
    return Terms(figures.grouped(paid, 2), named, figures.grouped(unit, places))


_CENT = Decimal("0.01")
_TERMS = ("span", "fees", "gap", "slip", "interest")


def sizing_of(row: Doc) -> dict[str, Any]:
    """The sizing of a ``sizing_decided`` row, by the names of :func:`terms`."""
    sizing = pay(row, "plan", "sizing")
    return {
        "risk_limit": at(sizing, "cap_risk"),
        "quantity": at(sizing, "quantity"),
        "span": at(sizing, "span_term"),
        "fees": at(sizing, "fee_term"),
        "gap": at(sizing, "gap_term"),
        "slip": at(sizing, "slip_term"),
        "interest": at(sizing, "interest_unit"),
        "binding": at(sizing, "binding"),
    }

"""In which state of a position each fault has struck, by the venue's books and log alone.

A request begins a state when it comes in; what the exchange then does ends it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from robson.connectors.simulated.entries import (
    DebtRepaid,
    Entry,
    Filled,
    InterestCharged,
    LoanTaken,
    OrderAccepted,
)
from robson.domain.identity import Purpose
from robson.sim.chaos.verdict import SMALL, purpose
from robson.sim.venue.kinds import STREAMS

ARMING, ENTERING, INSURING, HOLDING = "arming", "entering", "insuring", "holding"
MOVING, EXITING, REPAYING, SETTLING = "moving", "exiting", "repaying", "settling"
STATES = (ARMING, ENTERING, INSURING, HOLDING, MOVING, EXITING, REPAYING, SETTLING)
"""Nothing sent yet; the entry is on its way; filled, and no stop yet; a stop rests; it is taken
away for another one; or to leave; out, and something is owed; nothing is owed."""
_MS = 1_000_000
_ZERO = Decimal(0)
_ORDERS = ("entry", "insurance", "exit", "cancel")

Row = Mapping[str, Any]
Timeline = list[tuple[int, str]]
"""From which of the exchange's milliseconds on a position is in which state."""


def struck_in(
    strikes: Iterable[Row], rows: Sequence[Row], timeline: Timeline
) -> Counter[tuple[str, str]]:
    """How often each role was struck in each state: a request in that which it begins, else in
    that in which it found the position.
    """
    found: Counter[tuple[str, str]] = Counter()
    begun = {place: state for place, _, state in _asked(rows)}
    for place, row in enumerate(rows):
        state = begun.get(place) or state_before(timeline, row["at_ms"])
        found[row["role"], state] += len(row["struck"])
    for one in strikes:
        if one["role"] in STREAMS:
            found[one["role"], state_before(timeline, one["at_ms"])] += 1
    return +found


def state_before(timeline: Timeline, at_ms: int) -> str:
    """The state up to an instant."""
    place = bisect_left(timeline, at_ms, key=lambda one: one[0])
    return timeline[place - 1][1] if place else ARMING


def timeline_of(entries: Iterable[Entry], rows: Sequence[Row]) -> Timeline:
    """Every change of state of one life."""
    changes = [(at_ms, state) for _, at_ms, state in _asked(rows)] + _happened(entries)
    changes.sort(key=lambda one: one[0])
    found: Timeline = []
    state = ARMING
    for at_ms, became in changes:
        # An entry of the next position is no part of the last; what is late changes nothing back.
        if became == ENTERING and state not in (ARMING, ENTERING, SETTLING):
            continue
        if became == INSURING and state not in (ARMING, ENTERING):
            continue
        if became != state:
            found.append((at_ms, became))
            state = became
    return found


def _asked(rows: Sequence[Row]) -> list[tuple[int, int, str]]:
    """Requests that begin something, by place and time; a cancel begins what the next order is."""
    orders = [
        (place, row)
        for place, row in enumerate(rows)
        if row["role"] in _ORDERS and row["method"] != "GET"
    ]
    found: list[tuple[int, int, str]] = []
    for nth, (place, row) in enumerate(orders):
        role = row["role"]
        if role == "cancel":
            then = (each["role"] for _, each in orders[nth + 1 :] if each["role"] != "cancel")
            role = "moving" if next(then, "exit") == "insurance" else "exit"
        if began := {"entry": ENTERING, "exit": EXITING, "moving": MOVING}.get(role):
            found.append((place, row["at_ms"], began))
    return found


def _happened(entries: Iterable[Entry]) -> Timeline:
    """What fills, rests and is owed; only what an order of ours did."""
    found: Timeline = []
    orders: dict[int, Purpose | None] = {}
    held = entered = _ZERO
    owed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        at_ms = entry.at_ns // _MS
        match entry:
            case OrderAccepted(order_id=order_id, client_id=client_id):
                orders[order_id] = purpose(client_id)
                if orders[order_id] is Purpose.INSURANCE and held > entered * SMALL:
                    found.append((at_ms, HOLDING))
            case Filled(order_id=order_id, quantity=quantity) if orders.get(order_id) is not None:
                enters = orders.get(order_id) is Purpose.ENTRY
                held += quantity if enters else -quantity
                entered += quantity if enters else _ZERO
                out = not enters and held <= entered * SMALL
                left = REPAYING if any(owed.values()) else SETTLING
                found.append((at_ms, INSURING if enters else left if out else EXITING))
            case LoanTaken() | InterestCharged():
                owed[entry.asset] += entry.amount
            case DebtRepaid():
                owed[entry.asset] -= entry.interest + entry.principal
            case _:
                continue
        if found and found[-1][1] in (SETTLING, REPAYING) and held <= entered * SMALL:
            found.append((at_ms, REPAYING if any(owed.values()) else SETTLING))
    return found

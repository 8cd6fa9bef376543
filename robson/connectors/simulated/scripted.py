"""Plays a script of faults: on the wire, at the exchange and on the feed, counted line by line.

Which request is the nth of its kind is counted in the order in which requests leave, from the start
of the process; chance comes from the seed. So the same run meets the same faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from random import Random

import attrs

from robson.connectors.simulated.driver import Trip, Wire
from robson.connectors.simulated.fault_script import Fault
from robson.connectors.simulated.faults import Piece
from robson.connectors.simulated.feed import Feed
from robson.connectors.simulated.kinds import Strike
from robson.connectors.simulated.roles import role_of, role_of_id
from robson.connectors.simulated.troubles import TroubledExchange, TroubledWire, nanoseconds
from robson.domain.intents import Intent

TRADES = 3
"""In how many trades a book gives an order that it gives in several."""


class Script:
    """The faults of one run, and how often each struck."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self.faults = tuple(faults)
        self.struck = [0] * len(self.faults)
        self._met = [0] * len(self.faults)
        self._came: set[str] = set()
        self._random = Random(f"faults {seed}")  # noqa: S311 - reproducible, not secret

    def came(self, role: str | None) -> None:
        """A request of this role has come in: what waits for one counts from here on."""
        if role is not None:
            self._came.add(role)

    def due(self, kind: str, role: str | None) -> Fault | None:
        """The first fault of a kind that is to strike this request; all of them count it."""
        found: Fault | None = None
        for place, fault in enumerate(self.faults):
            waits = fault.after is not None and fault.after not in self._came
            if fault.kind == kind and role in fault.requests and not waits:
                self._met[place] += 1
                if self._is_due(fault, self._met[place]):
                    found = found or fault
        return found

    def strike(self, fault: Fault) -> None:
        """It has struck."""
        self.struck[self.faults.index(fault)] += 1

    def strikes(self, kind: str, role: str | None) -> Fault | None:
        """The fault that is due, which strikes at once."""
        fault = self.due(kind, role)
        if fault is not None:
            self.strike(fault)
        return fault

    def against(self, kind: str, request: Intent) -> Strike | None:
        """The fault that strikes a request."""
        fault = self.strikes(kind, role_of(request))
        return Strike(fault.seconds, fault.share) if fault else None

    def _is_due(self, fault: Fault, met: int) -> bool:
        if fault.nth is not None:
            return met == fault.nth
        if fault.every is not None:
            return met % fault.every == 0
        return self._random.randrange(10**6) < (fault.probability or 0) * 10**6

    def told(self) -> Sequence[str]:
        """How often each struck, zero said, in the order of the file."""
        return [
            f"{fault.name} (line {fault.line}) struck {struck} of {met} times"
            for fault, struck, met in zip(self.faults, self.struck, self._met, strict=True)
        ]


class ScriptedWire(TroubledWire):
    """A wire that loses, delays and holds what the script says."""

    def __init__(self, script: Script, wire: Wire, feed: Feed) -> None:
        super().__init__(script.against, feed)
        self._script = script
        self._wire = wire

    def trip(self, request: Intent, now_ns: int) -> Trip:
        """The other wire's trip, with what goes wrong on it."""
        role, trip = role_of(request), self._wire.trip(request, now_ns)
        self._script.came(role)
        out_ns, back_ns, held_ns = trip.out_ns, trip.back_ns, trip.held_ns
        if self._script.strikes("lost_request", role):
            out_ns = None
        if self._script.strikes("lost_answer", role):
            back_ns = None
        for kind in ("late_answer", "stalled_answer"):
            if late := self._script.strikes(kind, role):
                back_ns = None if back_ns is None else back_ns + nanoseconds(late.seconds)
        if held := self._script.strikes("held_request", role):
            held_ns += nanoseconds(held.seconds)
        trip = attrs.evolve(trip, out_ns=out_ns, back_ns=back_ns, held_ns=held_ns)
        return self.trouble(request, trip, now_ns)


class ScriptedExchange(TroubledExchange):
    """An exchange that does what the script says. What an order meets is decided once."""

    def __init__(self, script: Script) -> None:
        super().__init__(script.against)
        self._script = script
        self._hidden: dict[str, int] = {}
        self._dropping: dict[str, Fault | None] = {}

    def hides_order(self, client_id: str, since_accept_ns: int) -> bool:
        """Deny that an order exists."""
        if client_id not in self._hidden:
            fault = self._script.strikes("hidden_order", role_of_id(client_id))
            self._hidden[client_id] = nanoseconds(fault.seconds) if fault else 0
        return since_accept_ns < self._hidden[client_id]

    def skips_repay(self, client_id: str) -> bool:
        """Leave a debt alone."""
        return self._script.strikes("skipped_repay", role_of_id(client_id)) is not None

    def drops_stop(self, client_id: str, since_accept_ns: int) -> bool:
        """End a resting stop."""
        if client_id not in self._dropping:
            self._dropping[client_id] = self._script.due("dropped_stop", role_of_id(client_id))
        fault = self._dropping[client_id]
        if fault is None or since_accept_ns < nanoseconds(fault.seconds):
            return False
        self._script.strike(fault)
        self._dropping[client_id] = None
        return True

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        """Give an order less than all, in several trades, or some of it later."""
        role = role_of_id(client_id)
        dead = self._script.strikes("dead_stop", role)
        thin = self._script.strikes("thin_book", role)
        slow = self._script.strikes("slow_matching", role)
        several = self._script.strikes("several_trades", role)
        if not (dead or thin or slow or several):
            return None
        if dead:
            return ()
        whole = _part(quantity, thin.share) if thin else quantity
        if slow is None:
            return _pieces(whole, TRADES if several else 1)
        now = _part(whole, slow.share)
        later = Piece(quantity=whole - now, after_ns=max(1, nanoseconds(slow.seconds)))
        return (*_pieces(now, TRADES if several else 1), later)


def _pieces(quantity: Decimal, count: int) -> tuple[Piece, ...]:
    """So many trades, each a basis point dearer; the last takes what division leaves."""
    each = _part(quantity, 1 / Decimal(count))
    sizes = [*[each] * (count - 1), quantity - each * (count - 1)]
    return tuple(Piece(quantity=size, worse_bps=Decimal(place)) for place, size in enumerate(sizes))


def _part(quantity: Decimal, share: Decimal) -> Decimal:
    """A share of a quantity, down to the quantity's own last decimal."""
    return (quantity * share).quantize(quantity, rounding="ROUND_FLOOR")

"""Measures on the exchange's own clock how long a filled position had no resting stop.

It reads the exchange's books alone: what the daemon believes about its stops plays no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs

from robson.connectors.simulated.entries import (
    Entry,
    Filled,
    OrderAccepted,
    OrderClosed,
    Triggered,
)
from robson.domain.identity import OurOrder, Purpose, read_client_order_id
from robson.domain.instrument import Instrument
from robson.domain.values import Action


@attrs.frozen
class Bare:
    """A stretch without a stop that is over. ``position`` is the hash its order ids carry."""

    position: str
    since_ns: int
    until_ns: int


class Cover:
    """What is held and what rests, entry by entry.

    Attributes:
        filled: hashes of the positions that ever held anything, in order.
        holds: hash of the position that holds now, and whether it is a long.
        largest: the largest quantity that was ever held.
    """

    def __init__(self, rules: Instrument) -> None:
        self._rules = rules
        self._orders: dict[int, tuple[OurOrder, Action]] = {}
        self._stops: set[int] = set()
        self._left = Decimal(0)
        self._bare_ns: int | None = None
        self.filled: list[str] = []
        self.holds: tuple[str, bool] | None = None
        self.largest = Decimal(0)

    def read(self, entries: Sequence[Entry]) -> Iterator[Bare]:
        """Take entries in; gives the stretches that are over."""
        for entry in entries:
            held = self.holds
            self._note(entry)
            bare = self.holds is not None and not self._stops
            if bare and self._bare_ns is None:
                self._bare_ns = entry.at_ns
            elif not bare and self._bare_ns is not None:
                if held is not None and entry.at_ns > self._bare_ns:
                    yield Bare(held[0], self._bare_ns, entry.at_ns)
                self._bare_ns = None

    def _note(self, entry: Entry) -> None:
        match entry:
            case OrderAccepted():
                ours = read_client_order_id(entry.client_id)
                if ours is not None:
                    self._orders[entry.order_id] = (ours, entry.action)
                if entry.stop_price is not None:
                    self._stops.add(entry.order_id)
            case Triggered() | OrderClosed():
                self._stops.discard(entry.order_id)
            case Filled() if entry.order_id in self._orders:
                self._fill(entry, *self._orders[entry.order_id])
            case _:
                pass

    def _fill(self, entry: Filled, ours: OurOrder, action: Action) -> None:
        """Buys of base bring it in net of the fee; what is left of a short is what it owes."""
        taken = entry.commission if entry.commission_asset == self._rules.symbol.base else 0
        moved = entry.quantity - taken
        if ours.purpose is Purpose.ENTRY:
            self._left = moved
            self.largest = max(self.largest, moved)
            self.holds = (ours.position_hash, action is Action.BUY)
            self.filled.append(ours.position_hash)
            return
        self._left -= moved
        if self._rules.floor_quantity(max(self._left, Decimal(0))) <= 0:
            self.holds = None

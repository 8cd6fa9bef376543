"""Measures on the exchange's own clock how long a filled position had no resting stop.

It reads the exchange's books alone: what the daemon believes about its stops plays no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs

from robson.connectors.simulated.entries import (
    Deposited,
    Entry,
    Filled,
    InterestCharged,
    OrderAccepted,
    OrderClosed,
    Triggered,
    Withdrawn,
)
from robson.domain.identity import OurOrder, Purpose, read_client_order_id
from robson.domain.instrument import Instrument
from robson.domain.values import Action
from robson.sim.others import Others

ZERO = Decimal(0)


@attrs.frozen
class Bare:
    """A stretch without a stop that is over. ``position`` is the hash its order ids carry.

    ``moved``: a stop rested before it, and one rests after it.
    """

    position: str
    since_ns: int
    until_ns: int
    moved: bool


class Cover:
    """What is held and what rests, entry by entry.

    Attributes:
        filled: hashes of the positions that ever held anything, in order.
        holds: hash of the position that holds now, and whether it is a long.
        others: what a person owns of the base, and forced trades.
        largest: the largest quantity that was ever held.
        dust: base that lay in the wallet before the last entry, a person's too.
    """

    def __init__(self, rules: Instrument) -> None:
        self._rules = rules
        self._orders: dict[int, tuple[OurOrder | None, Action]] = {}
        self._stops: set[int] = set()
        self._net = ZERO
        self._before = ZERO
        self._bare_ns: int | None = None
        self._rested = False
        self.others = Others(rules.symbol.base)
        self.filled: list[str] = []
        self.holds: tuple[str, bool] | None = None
        self.largest = self.dust = ZERO

    @property
    def rests(self) -> bool:
        """Whether a stop of ours rests."""
        return bool(self._stops)

    def read(self, entries: Sequence[Entry]) -> Iterator[Bare]:
        """Take entries in; gives the stretches that are over."""
        for entry in entries:
            held = self.holds
            self.others.read(entry)
            self._note(entry)
            bare = self.holds is not None and not self._stops
            self._rested = self._rested and self.holds is not None
            if bare and self._bare_ns is None:
                self._bare_ns = entry.at_ns
            elif not bare and self._bare_ns is not None:
                if held is not None and entry.at_ns > self._bare_ns:
                    moved = self._rested and self.rests
                    yield Bare(held[0], self._bare_ns, entry.at_ns, moved)
                self._bare_ns = None
            self._rested = self._rested or (self.holds is not None and self.rests)

    def _note(self, entry: Entry) -> None:
        match entry:
            case OrderAccepted():
                ours = read_client_order_id(entry.client_id)
                self._orders[entry.order_id] = (ours, entry.action)
                if entry.stop_price is not None and ours is not None:
                    self._stops.add(entry.order_id)
            case Triggered() | OrderClosed():
                self._stops.discard(entry.order_id)
            case Filled():
                self._fill(entry, *self._orders[entry.order_id])
            case Deposited() if entry.asset == self._rules.symbol.base:
                self._net += entry.amount
            case Withdrawn() if entry.asset == self._rules.symbol.base:
                self._net -= entry.amount
            case InterestCharged() if entry.asset == self._rules.symbol.base:
                self._net -= entry.amount
            case _:
                pass

    def _fill(self, entry: Filled, ours: OurOrder | None, action: Action) -> None:
        buys = action is Action.BUY
        taken = entry.commission if entry.commission_asset == self._rules.symbol.base else ZERO
        before = self._net
        self._net += (entry.quantity if buys else -entry.quantity) - taken
        if ours is not None and ours.purpose is Purpose.ENTRY:
            self.largest = max(self.largest, abs(self._net))
            if not self.filled or self.filled[-1] != ours.position_hash:
                self.others.left(before)
                self._before = before - self.others.own
                self.dust = max(ZERO, before)
                self.others.forced_ns = None
                self.filled.append(ours.position_hash)
            if self._left(entry.price, long=buys):
                self.holds = (ours.position_hash, buys)
        elif self.holds is not None and not self._left(entry.price, long=self.holds[1]):
            self.holds = None

    def _left(self, price: Decimal, *, long: bool) -> bool:
        """Whether anything is left that can be sold, or is owed."""
        if long:
            mine = self._net - self.others.own - self._before
            return self._rules.exit_quantity(mine, price) is not None
        # Base that a person sold is owed all the same, and is not held (R11).
        return self._net + self.others.taken + self.others.sold_again < 0

"""What others did on the pair, by the exchange's books alone: a person's own base, forced trades.

The wallet is judged by what is left when their part is taken out of it: a person may hold base
beside a position, and may sell of it; the exchange may close by force while an exit is on its way.
"""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.entries import (
    Deposited,
    Entry,
    Filled,
    OrderAccepted,
    OrderClosed,
    Triggered,
    Withdrawn,
)
from robson.domain.identity import read_client_order_id
from robson.domain.reports import FORCED_PREFIX
from robson.domain.values import NS_PER_S, Action

ZERO = Decimal(0)
EXCESS_NS = 5 * NS_PER_S
"""A forced trade may have doubled an exit that was on its way: so long until that is sold again."""


class Others:
    """A person's part of the base in a pair, and when the exchange last traded by force.

    Attributes:
        own: base that a person brought in or bought, less what was sold by hand; never negative,
            because a sale beyond it was of what is ours.
        most: the most of it since the last entry: a short may have been closed by so much (R10).
        taken: sold by hand beyond that since the last entry; where it was borrowed, it is owed.
        rest: orders of a person that rest.
        forced_ns: when the exchange last traded by force since the last entry; None for never.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._orders: dict[int, tuple[bool, Action]] = {}
        self.own = self.most = self.taken = ZERO
        self.rest: set[int] = set()
        self.forced_ns: int | None = None

    def read(self, entry: Entry) -> None:
        """Take an entry in."""
        match entry:
            case OrderAccepted() if read_client_order_id(entry.client_id) is None:
                forced = entry.client_id.startswith(FORCED_PREFIX)
                self._orders[entry.order_id] = forced, entry.action
                if entry.stop_price is not None:
                    self.rest.add(entry.order_id)
            case OrderClosed() | Triggered():
                self.rest.discard(entry.order_id)
            case Filled() if entry.order_id in self._orders:
                forced, action = self._orders[entry.order_id]
                self._filled(entry, action, forced=forced)
            case Deposited() if entry.asset == self._base:
                self.own += entry.amount
                self.most = max(self.most, self.own)
            case Withdrawn() if entry.asset == self._base:
                self.own = max(ZERO, self.own - entry.amount)
            case _:
                pass

    def _filled(self, entry: Filled, action: Action, *, forced: bool) -> None:
        if forced:
            self.forced_ns = entry.at_ns
            return
        taken = entry.commission if entry.commission_asset == self._base else ZERO
        moved = entry.quantity - taken if action is Action.BUY else -entry.quantity
        self.taken += max(ZERO, -(self.own + moved))
        self.own = max(ZERO, self.own + moved)
        self.most = max(self.most, self.own)

    @property
    def sold_again(self) -> Decimal:
        """What a person had once and has no more. Of a short that was closed by it, so much is owed
        again that no position holds (R11: adopt nothing, manage our quantity).
        """
        return self.most - self.own

    def left(self, net: Decimal) -> None:
        """Another entry: what is not in the wallet any more went into the last way out."""
        self.own = self.most = min(self.own, max(ZERO, net))
        self.taken = ZERO

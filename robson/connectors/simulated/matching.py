"""One symbol's market: where the price stands, and the orders that wait for it.

Prices are whole ticks here. A resting order costs nothing while the price stays between the
nearest; neither does an account short of its liquidation. An order with a limit that the market has
passed waits for the market to come back to it.
"""

from __future__ import annotations

from bisect import insort
from decimal import Decimal

from robson.connectors.simulated.orders import Order
from robson.domain.instrument import Instrument, worse_price
from robson.domain.values import Action, Price

_NEVER = 1 << 62


class Market:
    """The price of one symbol and its resting stops, whoever owns them.

    Attributes:
        ticks: the market price; None until the first one.
        low: the highest price below the market at which something happens (a SELL stop triggers, an
            account is liquidated), or a price that is never reached.
        high: the lowest above the market, likewise.
        quote: best bid and ask, where somebody tells them: takers trade at these then.
    """

    __slots__ = (
        "_falling",
        "_forced",
        "_last",
        "_rising",
        "high",
        "instrument",
        "low",
        "quote",
        "stops",
        "ticks",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.ticks: int | None = None
        self.quote: tuple[Price, Price] | None = None
        self._last: tuple[int, Price] | None = None
        self.low = -_NEVER
        self.high = _NEVER
        self.stops: dict[int, Order] = {}
        self._falling: list[tuple[int, int]] = []
        self._rising: list[tuple[int, int]] = []
        self._forced: tuple[int | None, int | None] = (None, None)

    @property
    def price(self) -> Price | None:
        """The market price."""
        return None if self.ticks is None else self.last

    @property
    def last(self) -> Price:
        """The market price, where it is known that there is one."""
        assert self.ticks is not None, "no order is taken before the first price"
        if self._last is None or self._last[0] != self.ticks:
            self._last = (self.ticks, self.instrument.price_of(self.ticks))
        return self._last[1]

    def ticks_of(self, price: Decimal) -> int:
        """A price as ticks; one that is off this grid (rules have changed) counts as the lower."""
        return self.instrument.ticks(self.instrument.price_down(price))

    def taker_price(self, action: Action, slippage_bps: Decimal) -> Price:
        """What a market order pays now: the market moved against it, onto the next worse tick."""
        rules = self.instrument
        opposite = self.last if self.quote is None else self.quote[action is Action.BUY]
        slipped = worse_price(opposite, action, slippage_bps)
        if action is Action.BUY:
            return rules.price_up(slipped)
        return rules.price_down(max(slipped, rules.price_of(1)))

    def would_trigger(self, action: Action, stop: Decimal, *, profit: bool = False) -> bool:
        """Whether the market already stands at a trigger or beyond it; ``profit``: on its better
        side.
        """
        assert self.ticks is not None, "no order is taken before the first price"
        ticks = self.ticks_of(stop)
        falls = (action is Action.SELL) != profit
        return self.ticks <= ticks if falls else self.ticks >= ticks

    def is_on_the_way(self, ticks: int, end: int) -> bool:
        """Whether a walk from here to ``end`` comes past a price."""
        assert self.ticks is not None, "nothing is on its way before the first price"
        return min(self.ticks, end) <= ticks <= max(self.ticks, end)

    def takes(self, order: Order) -> bool:
        """Whether the market stands within an order's limit; without one, always."""
        if order.price is None:
            return True
        limit = self.ticks_of(order.price)
        assert self.ticks is not None, "no order is taken before the first price"
        return self.ticks >= limit if order.action is Action.SELL else self.ticks <= limit

    def _edge(self, order: Order) -> tuple[bool, int]:
        """Whether an order waits for the market to fall, and to where, in ticks."""
        price = order.stop_price if order.waits else order.price
        assert price is not None, "only an order with a price of its own rests"
        sells, above = order.action is Action.SELL, not order.waits or order.type.takes_profit
        return sells != above, self.ticks_of(price)

    def rest(self, order: Order) -> None:
        """Let an order wait for its trigger, or at its limit."""
        falls, ticks = self._edge(order)
        self.stops[order.order_id] = order
        if falls:
            insort(self._falling, (-ticks, order.order_id))
        else:
            insort(self._rising, (ticks, order.order_id))
        self._nearest()

    def unrest(self, order: Order) -> None:
        """Take a stop out, if it is there: triggered, cancelled or dropped."""
        if order.order_id not in self.stops:
            return
        falls, ticks = self._edge(order)
        del self.stops[order.order_id]
        if falls:
            self._falling.remove((-ticks, order.order_id))
        else:
            self._rising.remove((ticks, order.order_id))
        self._nearest()

    def aim(self, forced: tuple[int | None, int | None]) -> None:
        """Note the nearest prices below and above at which an account is liquidated."""
        self._forced = forced
        self._nearest()

    def _nearest(self) -> None:
        low, high = self.nearest()
        self.low = -_NEVER if low is None else low
        self.high = _NEVER if high is None else high

    def nearest(self) -> tuple[int | None, int | None]:
        """The nearest prices below and above at which something happens."""
        falls = [-ticks for ticks, _ in self._falling[:1]]
        rises = [ticks for ticks, _ in self._rising[:1]]
        low, high = self._forced
        falls += [] if low is None else [low]
        rises += [] if high is None else [high]
        return max(falls, default=None), min(rises, default=None)

    def met_by(self, ticks: int) -> tuple[Order, int] | None:
        """The stop that a move to this price meets first, and its trigger. Of two: the older."""
        if self._falling and ticks <= -self._falling[0][0]:
            return self.stops[self._falling[0][1]], -self._falling[0][0]
        if self._rising and ticks >= self._rising[0][0]:
            return self.stops[self._rising[0][1]], self._rising[0][0]
        return None

    def forced_before(self, ticks: int) -> int | None:
        """The price on the way, short of this one, at which an account is liquidated first."""
        assert self.ticks is not None, "nothing is on its way before the first price"
        low, high = self._forced
        if low is not None and ticks < low < self.ticks:
            return low
        return high if high is not None and self.ticks < high < ticks else None

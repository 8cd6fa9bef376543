"""The exchange's rules for one symbol, and rounding as acts with names.

Quantising counts steps on the exchange's own grid, never decimal places: a tick may be 0.05.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

import attrs

from robson.domain.errors import InvalidValue
from robson.domain.identity import Symbol
from robson.domain.values import MONEY, Action, Price, Quantity, Side, Ticks


@attrs.frozen(kw_only=True)
class Instrument:
    """Symbol rules. A zero ``market_step``, ``market_max_qty`` or ``max_qty`` is no rule.

    Attributes:
        tick: price grid, in quote; the grid starts at ``min_price``.
        step: quantity grid, in base.
        min_notional: smallest order value in quote.
        order_types: names as the exchange lists them (``MARKET``, ``STOP_LOSS``).
        taker_fee: fraction of the received asset charged for taking.
        max_leverage: most assets to own capital that the exchange lends up to on this pair.
        liquidation_ratio: margin level at which the exchange closes the pair by force.
        derived: the rules were read off a tape, not told by an exchange.
    """

    symbol: Symbol
    tick: Decimal
    step: Decimal
    min_price: Decimal = Decimal(0)
    min_qty: Decimal = Decimal(0)
    max_qty: Decimal = Decimal(0)
    market_step: Decimal = Decimal(0)
    market_max_qty: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    order_types: frozenset[str] = frozenset({"LIMIT", "MARKET", "STOP_LOSS"})
    taker_fee: Decimal = Decimal("0.001")
    max_leverage: int = 10
    liquidation_ratio: Decimal = Decimal("1.05")
    derived: bool = False

    def __attrs_post_init__(self) -> None:
        if not (self.tick > 0 and self.step > 0):
            raise InvalidValue(
                f"{self.symbol}: tick {self.tick} and step {self.step} must be above 0"
            )

    def _grid(self, price: Decimal, rounding: str) -> int:
        with localcontext(MONEY):
            return int(((price - self.min_price) / self.tick).to_integral_value(rounding=rounding))

    def _price(self, ticks: int) -> Price:
        return Price(MONEY.fma(self.tick, ticks, self.min_price))

    def price_down(self, price: Decimal) -> Price:
        """The nearest allowed price at or below."""
        return self._price(self._grid(price, ROUND_FLOOR))

    def price_up(self, price: Decimal) -> Price:
        """The nearest allowed price at or above."""
        return self._price(self._grid(price, ROUND_CEILING))

    def stop_price(self, price: Decimal, side: Side) -> Price:
        """A protective stop, rounded adversely: away from the market, so it never tightens."""
        return self.price_down(price) if side is Side.LONG else self.price_up(price)

    def target_price(self, price: Decimal, side: Side) -> Price:
        """A stop-gain, rounded away from the entry."""
        return self.price_up(price) if side is Side.LONG else self.price_down(price)

    def ticks(self, price: Decimal) -> Ticks:
        """An on-grid price as whole ticks.

        Raises:
            InvalidValue: the price is off the grid.
        """
        # For each price that comes in: the context named, where a local one costs as much again.
        count = MONEY.divide(MONEY.subtract(price, self.min_price), self.tick)
        if count != MONEY.to_integral_value(count):
            raise InvalidValue(f"{self.symbol}: {price} is not on the tick grid {self.tick}")
        return Ticks(int(count))

    def price_of(self, ticks: int) -> Price:
        """The price of a whole number of ticks."""
        return self._price(ticks)

    @property
    def order_step(self) -> Decimal:
        """The coarser of the two quantity grids that a market order must satisfy."""
        return max(self.step, self.market_step)

    @property
    def order_max(self) -> Decimal | None:
        """Largest market order, or None where the exchange names no limit."""
        limits = [limit for limit in (self.max_qty, self.market_max_qty) if limit > 0]
        return min(limits) if limits else None

    def floor_quantity(self, quantity: Decimal) -> Decimal:
        """Round down to the step; may be zero."""
        with localcontext(MONEY):
            return quantity // self.order_step * self.order_step

    def ceil_quantity(self, quantity: Decimal) -> Decimal:
        """Round up to the step: the buy-back of a short."""
        with localcontext(MONEY):
            steps, rest = divmod(quantity, self.order_step)
            return (steps + (1 if rest > 0 else 0)) * self.order_step

    def refuses(self, quantity: Decimal, price: Decimal) -> str | None:
        """Name of the filter that refuses a market order, or None when it may be sent."""
        if quantity <= 0 or quantity < self.min_qty:
            return "LOT_SIZE"
        if self.order_max is not None and quantity > self.order_max:
            return "MARKET_LOT_SIZE"
        if self.floor_quantity(quantity) != quantity:
            return "LOT_SIZE"
        return "NOTIONAL" if quantity * price < self.min_notional else None

    def exit_quantity(self, quantity: Decimal, price: Decimal | None = None) -> Quantity | None:
        """What can be sold of a holding; None when the holding is dust.

        With a price, what is worth less than the smallest order is dust too.
        """
        floored = self.floor_quantity(quantity)
        if floored <= 0 or floored < self.min_qty:
            return None
        if price is not None and floored * price < self.min_notional:
            return None
        return Quantity(floored)

    def stop_order_types(self, *, limit_first: bool = False) -> tuple[str, ...]:
        """The resting stops this symbol takes, the better one first: market on trigger."""
        known = ("STOP_LOSS", "STOP_LOSS_LIMIT")
        listed = tuple(name for name in known if name in self.order_types)
        return listed[::-1] if limit_first else listed

    def stop_order_type(self) -> str | None:
        """The resting stop this symbol takes; None for none."""
        return next(iter(self.stop_order_types()), None)


def worse_price(price: Decimal, action: Action, bps: Decimal) -> Decimal:
    """A price moved against an order by basis points: slippage."""
    share = bps / 10_000
    return price * (1 + share) if action is Action.BUY else price * (1 - share)

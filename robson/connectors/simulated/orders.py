"""Orders of one account, and which of them a client order id means.

An id is unique among open orders only: one whose order has ended may be used again, and then names
the newer order.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from operator import attrgetter

import attrs

from robson.connectors.simulated.entries import Delayed, TimeInForce
from robson.domain.identity import Scope
from robson.domain.intents import OrderType, PlaceOrder, SideEffect
from robson.domain.reports import Fill, OrderState, OrderStatus
from robson.domain.values import Action, ExchangeNs, Price, Quantity


@attrs.frozen(kw_only=True)
class LimitOrder(PlaceOrder):
    """An order that names how long its limit holds, and what a cancel does with its loan."""

    time_in_force: TimeInForce = TimeInForce.GTC
    keeps_loan: bool = False


@attrs.define(kw_only=True)
class Order:
    """One order over its whole life.

    Attributes:
        price: the limit of an order that has one.
        triggered: a stop that the market has met; it does not wait for that any more.
        borrowed: principal that was lent to it.
        locked: what it holds back of the wallet it spends from, while it is open.
        quote_executed: quote moved by its trades.
        delayed: trades that are fixed and not carried out yet, the next one first.
    """

    order_id: int
    scope: Scope
    client_id: str
    action: Action
    type: OrderType
    quantity: Quantity
    side_effect: SideEffect
    stop_price: Price | None
    price: Price | None
    accepted_ns: ExchangeNs
    updated_ns: ExchangeNs
    time_in_force: TimeInForce = TimeInForce.GTC
    keeps_loan: bool = False
    status: OrderStatus = OrderStatus.NEW
    triggered: bool = False
    executed: Decimal = Decimal(0)
    quote_executed: Decimal = Decimal(0)
    borrowed: Decimal = Decimal(0)
    locked: Decimal = Decimal(0)
    fills: list[Fill] = attrs.field(factory=list)
    delayed: list[Delayed] = attrs.field(factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it can still trade."""
        return not self.status.is_final

    @property
    def waits(self) -> bool:
        """Whether it is a stop that waits for its price."""
        return self.is_open and self.stop_price is not None and not self.triggered

    @property
    def rests(self) -> bool:
        """Whether it waits on the market: for its trigger, or at its limit."""
        return self.waits or (self.is_open and self.price is not None)

    @property
    def left(self) -> Quantity:
        """What has not traded yet."""
        return Quantity(self.quantity - self.executed)

    def state(self, *, with_fills: bool = False) -> OrderState:
        """The order as an answer carries it; fills only where it may trade at once."""
        return OrderState(
            client_id=self.client_id,
            order_id=self.order_id,
            status=self.status,
            action=self.action,
            type=self.type,
            quantity=self.quantity,
            executed=self.executed,
            quote_executed=self.quote_executed,
            stop_price=self.stop_price,
            at_ns=self.updated_ns,
            fills=tuple(self.fills) if with_fills else None,
        )


@attrs.define
class Orders:
    """The orders of one account, oldest first, with what is asked of them at hand."""

    all: list[Order] = attrs.field(factory=list)
    fills: list[Fill] = attrs.field(factory=list)
    _latest: dict[str, Order] = attrs.field(factory=dict)
    _open: dict[int, Order] = attrs.field(factory=dict)

    def accept(self, order: Order) -> None:
        """Add a new order; from now on its client id means this one."""
        self.all.append(order)
        self._latest[order.client_id] = order
        self._open[order.order_id] = order

    def ended(self, order: Order) -> None:
        """Note that an order is no longer open."""
        self._open.pop(order.order_id, None)

    def latest(self, client_id: str) -> Order | None:
        """The newest order of a client id."""
        return self._latest.get(client_id)

    def open_with(self, client_id: str) -> Order | None:
        """The open order of a client id: the newest, since a second open one is refused."""
        order = self._latest.get(client_id)
        return order if order is not None and order.is_open else None

    def open(self) -> tuple[Order, ...]:
        """All open orders, oldest first."""
        return tuple(self._open.values())

    def since(self, since_ns: int) -> tuple[Order, ...]:
        """Open orders, and all orders accepted at or after an exchange time; oldest first."""
        first = bisect_left(self.all, since_ns, key=attrgetter("accepted_ns"))
        newer = self.all[first:]
        edge = newer[0].order_id if newer else None
        older = [order for order in self.open() if edge is None or order.order_id < edge]
        return (*older, *newer)

    def fills_since(self, since_ns: int, order_id: int | None) -> tuple[Fill, ...]:
        """Trades at or after an exchange time, of one order or of all."""
        first = bisect_left(self.fills, since_ns, key=attrgetter("at_ns"))
        return tuple(
            fill for fill in self.fills[first:] if order_id is None or fill.order_id == order_id
        )

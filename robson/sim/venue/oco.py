"""Two orders of which one cancels the other: how the exchange takes, meets and ends them.

They hold back once what either would spend: the leg that costs more carries the lock, the other one
is free. What ends one ends the other first, so that its balance is there.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.account import Account
from robson.connectors.simulated.entries import ListAccepted
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.floor import cost
from robson.connectors.simulated.orders import LimitOrder, Order
from robson.domain.identity import ClientOrderId
from robson.domain.intents import OrderType
from robson.domain.reports import Answer, ApiError, OrderStatus
from robson.domain.values import Action, ExchangeNs, Price
from robson.sim.venue.refusals import refused


@attrs.frozen(kw_only=True)
class OcoOrder(LimitOrder):
    """The stop of a pair, which names the other one: a limit that only makes.

    Attributes:
        list_id: the id of both together.
    """

    maker_id: ClientOrderId
    maker_price: Price
    list_id: str

    @property
    def maker(self) -> LimitOrder:
        """The other order."""
        return LimitOrder(
            scope=self.scope,
            position=self.position,
            purpose=self.purpose,
            client_id=self.maker_id,
            action=self.action,
            type=OrderType.LIMIT_MAKER,
            quantity=self.quantity,
            side_effect=self.side_effect,
            stop_price=None,
            price=self.maker_price,
            timestamp_ms=self.timestamp_ms,
            recv_window_ms=self.recv_window_ms,
            keeps_loan=self.keeps_loan,
        )

    @property
    def stop_costs(self) -> Decimal:
        """What the stop spends at its own price."""
        price = self.price or self.stop_price
        assert price is not None, "the shape of a stop was checked"
        return cost(self.action, self.quantity, price)

    @property
    def maker_costs(self) -> Decimal:
        """What the limit spends."""
        return cost(self.action, self.quantity, self.maker_price)


class OcoExchange(SimExchange):
    """An exchange that also takes pairs of orders."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._doors[OcoOrder] = self._place_both

    # --- taking them -----------------------------------------------------------------------------

    def _place_both(self, request: OcoOrder, account: Account, at_ns: ExchangeNs) -> Answer:
        for leg in (request, request.maker):
            refusing = self._place_refuses(leg, account, at_ns)
            if refusing is not None:
                return self._ledger.refuse(refusing)
        wrong = self._both_refuse(request, account)
        return wrong or self._accept_both(request, account, at_ns).state()

    def _both_refuse(self, request: OcoOrder, account: Account) -> ApiError | None:
        last, stop = self._markets[request.scope.symbol].last, request.stop_price
        assert stop is not None, "the shape of a stop was checked"
        low, high = sorted((stop, request.maker_price))
        above = request.maker_price if request.action is Action.SELL else stop
        if not low < last < high or above != high:
            return refused("oco_prices").answer
        known = [
            one.client_id for one in self.open_lists(account) if one.client_id == request.list_id
        ]
        if known or request.client_id == request.maker_id:
            return refused("duplicate").answer
        costs = max(request.stop_costs, request.maker_costs)
        if account.spends(request.action).free < costs:
            return self._ledger.refuse(Rule.INSUFFICIENT_BALANCE)
        return None

    def _accept_both(self, request: OcoOrder, account: Account, at_ns: ExchangeNs) -> Order:
        ledger, market = self._ledger, self._markets[request.scope.symbol]
        number = ledger.state.last_order_id
        stop_carries = request.stop_costs >= request.maker_costs
        ledger.record(
            ListAccepted(
                at_ns=at_ns,
                scope=request.scope,
                list_id=len(ledger.state.lists) + 1,
                client_id=request.list_id,
                stop=number + 1,
                maker=number + 2,
                carrier=number + (1 if stop_carries else 2),
            )
        )
        stop = self._accept(request, account, at_ns)
        maker = self._accept(request.maker, account, at_ns)
        carrier = stop if stop_carries else maker
        self._lock(carrier, account, max(request.stop_costs, request.maker_costs), at_ns)
        for leg in (stop, maker):
            market.rest(leg)
        ledger.counts.bit(Rule.STOP_RESTING)
        return stop

    def open_lists(self, account: Account) -> list[ListAccepted]:
        """Lists of an account with an order that can still trade."""
        state = self._ledger.state
        found = {order.order_id: state.list_of(order.order_id) for order in account.orders.open()}
        return list({one.list_id: one for one in found.values() if one is not None}.values())

    # --- what ends them --------------------------------------------------------------------------

    def meet(self, order: Order, at_ns: ExchangeNs, *, jumped: bool) -> None:
        """The one that is met goes on alone, with what the other one held back."""
        other = self._other(order)
        if other is not None:
            super().withdraw(other, OrderStatus.EXPIRED, at_ns)
            if not order.locked:
                account = self._ledger.state.accounts[order.scope]
                price = order.price or order.stop_price
                assert price is not None, "both of them wait for a price"
                self._lock(order, account, cost(order.action, order.quantity, price), at_ns)
        super().meet(order, at_ns, jumped=jumped)

    def withdraw(self, order: Order, status: OrderStatus, at_ns: ExchangeNs) -> None:
        """Take both back; the one that holds nothing goes first."""
        if not order.is_open:
            return  # it went with the other one
        other = self._other(order)
        both = [order] if other is None else sorted((order, other), key=lambda one: one.locked)
        for leg in both:
            super().withdraw(leg, status, at_ns)

    def _other(self, order: Order) -> Order | None:
        """The open order that an order would cancel; None for none."""
        state = self._ledger.state
        found = state.list_of(order.order_id)
        if found is None:
            return None
        other = state.orders[found.maker if order.order_id == found.stop else found.stop]
        return other if other.is_open else None

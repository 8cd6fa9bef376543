"""What others do at the exchange, straight in its books: trade, place, take away, forget."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.orders import Order
from robson.domain.identity import ClientOrderId, PositionId, Purpose
from robson.domain.intents import CancelOrder, Intent, OrderType, PlaceOrder, SideEffect
from robson.domain.reports import OrderState, OrderStatus
from robson.domain.values import NS_PER_MS, Action, ExchangeNs, Price, Quantity
from robson.sim.faults import POLL_NS, RECOVERY_NS
from tests.simulation.worlds import Bench

NOBODY = PositionId.of(0)


def asks(bench: Bench, request: Intent) -> OrderState:
    """Put a request past the wire's own points, at which a request of ours could die."""
    bench.world.faults.excuse("outsider", bench.world.clock.now_ns + POLL_NS + RECOVERY_NS)
    stamped = attrs.evolve(request, timestamp_ms=bench.world.clock.now_ns // NS_PER_MS)
    at_ns = ExchangeNs(bench.world.clock.now_ns)
    answer = SimExchange.handle(bench.world.exchange, stamped, at_ns=at_ns)
    assert isinstance(answer, OrderState), answer
    return answer


def trades(
    bench: Bench, action: Action, quantity: Decimal, name: str = "web_1", *, repays: bool = True
) -> OrderState:
    """Somebody else trades at market."""
    return asks(
        bench,
        PlaceOrder(
            scope=bench.world.scope,
            position=NOBODY,
            purpose=Purpose.ENTRY,
            client_id=ClientOrderId(name),
            action=action,
            type=OrderType.MARKET,
            quantity=Quantity(quantity),
            side_effect=SideEffect.REPAY if repays else SideEffect.NONE,
        ),
    )


def rests(
    bench: Bench, action: Action, quantity: Decimal, stop: Decimal, name: str = "web_2"
) -> OrderState:
    """Somebody lets a stop rest; under an id of ours it is one of ours that was forgotten."""
    limited = "STOP_LOSS" not in bench.world.instrument.order_types
    return asks(
        bench,
        PlaceOrder(
            scope=bench.world.scope,
            position=NOBODY,
            purpose=Purpose.ENTRY,
            client_id=ClientOrderId(name),
            action=action,
            type=OrderType.STOP_LOSS_LIMIT if limited else OrderType.STOP_LOSS,
            quantity=Quantity(quantity),
            side_effect=SideEffect.NONE,
            stop_price=Price(stop),
            price=Price(stop) if limited else None,
        ),
    )


def borrows(bench: Bench, quantity: Decimal) -> OrderState:
    """Somebody sells base that he has borrowed for it."""
    return asks(
        bench,
        PlaceOrder(
            scope=bench.world.scope,
            position=NOBODY,
            purpose=Purpose.ENTRY,
            client_id=ClientOrderId("web_4"),
            action=Action.SELL,
            type=OrderType.MARKET,
            quantity=Quantity(quantity),
            side_effect=SideEffect.BORROW,
        ),
    )


def cancels(bench: Bench, client_id: str | None) -> OrderState:
    """Somebody takes an order away."""
    assert client_id is not None
    return asks(
        bench,
        CancelOrder(
            scope=bench.world.scope,
            position=NOBODY,
            target=ClientOrderId(client_id),
            cancel_id=ClientOrderId("web_c"),
        ),
    )


def forgets(bench: Bench, client_id: str | None) -> None:
    """The exchange loses a resting order, and every word of it."""
    order = resting(bench, client_id)
    exchange, at_ns = bench.world.exchange, ExchangeNs(bench.world.clock.now_ns)
    with exchange._transaction(at_ns):
        exchange.withdraw(order, OrderStatus.EXPIRED, at_ns)
    orders = exchange.state.accounts[bench.world.scope].orders
    orders.all.remove(order)
    del orders._latest[order.client_id]


def resting(bench: Bench, client_id: str | None) -> Order:
    """An order that rests at the exchange."""
    orders = bench.world.exchange.state.accounts[bench.world.scope].orders
    order = orders.open_with(client_id or "")
    assert order is not None, f"{client_id} does not rest"
    return order


def open_ids(bench: Bench) -> list[str]:
    """Client ids of what rests at the exchange."""
    orders = bench.world.exchange.state.accounts[bench.world.scope].orders
    return [order.client_id for order in orders.open()]

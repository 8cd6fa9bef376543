"""Somebody else at the same pair: orders that carry no id of ours, sent past the daemon.

What they do excuses what follows from it, as any fault does.
"""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.exchange import SimExchange
from robson.domain.identity import ClientOrderId, PositionId, Purpose
from robson.domain.intents import CancelOrder, OrderType, PlaceOrder, SideEffect
from robson.domain.reports import Answer, OrderState
from robson.domain.values import NS_PER_MS, Action, Price, Quantity
from robson.sim.faults import RECOVERY_NS
from robson.sim.world import World

NOBODY = PositionId("pos_00000000000000000000000000")


def place(
    world: World,
    action: Action,
    quantity: Decimal,
    *,
    client_id: str = "web_1",
    stop_price: Decimal | None = None,
    side_effect: SideEffect = SideEffect.REPAY,
) -> OrderState:
    """An order at market, or one that rests; it must be taken."""
    now = world.clock.exchange_ns()
    world.faults.excuse("stranger", now + RECOVERY_NS)
    answer = SimExchange.handle(
        world.exchange,
        PlaceOrder(
            scope=world.scope,
            position=NOBODY,
            purpose=Purpose.UNTRACKED,
            client_id=ClientOrderId(client_id),
            action=action,
            type=OrderType.MARKET if stop_price is None else OrderType.STOP_LOSS,
            quantity=Quantity(quantity),
            side_effect=side_effect,
            stop_price=None if stop_price is None else Price(stop_price),
            timestamp_ms=now // NS_PER_MS,
        ),
        at_ns=now,
    )
    assert isinstance(answer, OrderState), answer
    return answer


def cancel(world: World, target: str) -> Answer:
    """Take an order back, whoever has placed it."""
    now = world.clock.exchange_ns()
    world.faults.excuse("stranger", now + RECOVERY_NS)
    order = CancelOrder(
        scope=world.scope,
        position=NOBODY,
        target=ClientOrderId(target),
        cancel_id=ClientOrderId("web_cancel"),
        timestamp_ms=now // NS_PER_MS,
    )
    return SimExchange.handle(world.exchange, order, at_ns=now)

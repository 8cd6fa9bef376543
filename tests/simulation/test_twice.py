"""An exchange that executes every order twice: the laws have to say so, or they prove nothing."""

from __future__ import annotations

import pytest

from robson.connectors.simulated.orders import Order
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.values import ExchangeNs, Price, Side
from robson.sim.runs import live
from robson.sim.seams import WatchedExchange
from tests.simulation.worlds import plan


def executes_twice(purpose: Purpose) -> type[WatchedExchange]:
    """An exchange with a defect of its own, at orders of one purpose."""

    class Twice(WatchedExchange):
        def execute(self, order: Order, price: Price, at_ns: ExchangeNs) -> None:
            super().execute(order, price, at_ns)
            ours = read_client_order_id(order.client_id)
            if ours is not None and ours.purpose is purpose:
                super().execute(order, price, at_ns)

    return Twice


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
@pytest.mark.parametrize(
    ("purpose", "rules"),
    [(Purpose.ENTRY, {"B1", "M6"}), (Purpose.EXIT, {"B1", "S1"})],
    ids=["entry", "exit"],
)
def test_is_violated(side: Side, purpose: Purpose, rules: set[str]) -> None:
    sane = live(plan(1, side))
    twice = live(plan(1, side), exchange=executes_twice(purpose))

    assert sane.violations == ()
    assert rules <= {found.rule for found in twice.violations}

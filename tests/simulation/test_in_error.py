"""What the exchange says of a position's orders while a person decides what the position is.

In ``error`` only what protects goes on. What became of an entry or an exit meanwhile is asked for
again afterwards, so nothing of it is lost and nothing is folded that the state does not allow.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson.api.published import Settled
from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.errors import Refused
from robson.domain.identity import Purpose
from robson.domain.intents import Intent, PlaceOrder
from robson.domain.lifecycle import PositionState
from robson.domain.reports import ApiError, Fill, OrderState, OrderStatus
from robson.domain.values import Price, Side
from robson.domain.view import OrderRecord
from robson.engine.adopt import adopt
from robson.sim.faults import RECOVERY_NS, FaultPlan, FaultyExchange
from tests.simulation.test_reconcile import Read, held, passes
from tests.simulation.test_testimony import in_error, resolving, said, trades
from tests.simulation.worlds import SEED, Bench


class RefusesOneExit(FaultPlan):
    """The exchange refuses the first exit."""

    def __init__(self) -> None:
        super().__init__(SEED)
        self.exchange = _Refusing(self)


class _Refusing(FaultyExchange):
    _done = False

    def rejects(self, request: Intent, at_ns: int) -> ApiError | None:
        first = isinstance(request, PlaceOrder) and request.purpose is Purpose.EXIT
        if not first or self._done:
            return None
        self._done = True
        return ApiError(status=400, code=-2010, message="Account has insufficient balance.")


def exits(bench: Bench) -> list[OrderRecord]:
    """The exits that the journal knows."""
    return [each for each in bench.view.orders if each.order.purpose is Purpose.EXIT]


def filled(bench: Bench, record: OrderRecord) -> OrderState:
    """An order as the exchange tells it once all of it has traded."""
    now_ns, order = bench.world.clock.exchange_ns(), record.order
    price = order.stop_price or Price("1")
    fill = Fill(
        trade_id=990,
        order_id=99,
        client_id=record.client_id,
        action=order.action,
        price=price,
        quantity=order.quantity,
        commission=Decimal(0),
        commission_asset=bench.world.instrument.symbol.quote,
        at_ns=now_ns,
    )
    return OrderState(
        order_id=99,
        client_id=record.client_id,
        status=OrderStatus.FILLED,
        action=order.action,
        type=order.type,
        quantity=order.quantity,
        executed=order.quantity,
        quote_executed=order.quantity * price,
        stop_price=order.stop_price,
        at_ns=now_ns,
        fills=(fill,),
    )


@pytest.mark.parametrize("refused", [False, True], ids=["filled", "refused"])
def test_what_an_exit_is_answered_is_asked_for_again(
    *, refused: bool, record_property: Any
) -> None:
    """Journal: error, with an exit on its way. Exchange: it has traded, or it was refused."""
    bench = Read([], seconds=900, faults=RefusesOneExit() if refused else None)
    bench.active(Side.LONG)
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: [each.status for each in exits(bench)] == ["sending"])
    bench.world.faults.excuse("person", bench.world.clock.now_ns + RECOVERY_NS)
    in_error(bench)
    passes(bench, 2)
    (record,) = exits(bench)
    assert (bench.view.state, record.status) == (PositionState.ERROR, "unknown")
    assert bench.events(e.ExitFilled, e.ExitRetry) == []
    early = said(bench, resolving(bench, "closed", trades(bench, record.client_id)))
    assert isinstance(early, Refused)
    assert "may still trade; ask again in 1" in early.message
    passes(bench, 18)
    target, evidence = ("exiting", None) if refused else ("closed", trades(bench, record.client_id))
    assert isinstance(said(bench, resolving(bench, target, evidence)), Settled)

    assert bench.settled().closed is not None
    assert len(bench.requests(Purpose.EXIT)) == 1 + refused
    record_property("happened", f"an exit answered in error: {'refused' if refused else 'filled'}")


def test_what_a_stop_has_traded_leaves_the_position(record_property: Any) -> None:
    """Journal: error on the way out, the stop being taken back. Exchange: the stop has traded."""
    bench = held()
    record = bench.view.order(bench.view.insurance.client_id or "")
    assert record is not None
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: bench.view.insurance.state == "cancelling")
    in_error(bench, seconds=0)
    assert (bench.view.state, bench.view.trigger is None) == (PositionState.ERROR, False)
    custody = bench.world.monitor.custody
    order, ctx = filled(bench, record), custody.context(bench.world.symbol)
    custody.carry_out(bench.view, adopt(bench.view, record, order, ctx, asked=True))

    assert bench.view.state is PositionState.EXITING
    assert bench.view.insurance_fills == order.fills
    record_property("happened", "a stop that traded in error")

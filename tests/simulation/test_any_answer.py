"""Whatever the exchange answers about an order, in whatever state a position is: the law allows it.

Views are taken from whole lives, at every event; each is asked with every answer to each request
that may be on its way for it. A person may have put it into ``error``, or ended it, meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import ClientOrderId, Purpose
from robson.domain.intents import CancelOrder, Intent, QueryOrder
from robson.domain.lifecycle import IllegalEvent, PositionState, TableLaw
from robson.domain.position import Position
from robson.domain.reports import (
    CancelGone,
    Fill,
    NotSent,
    OrderRejected,
    OrderReported,
    OrderState,
    OrderStatus,
    OutcomeUnknown,
    Report,
)
from robson.domain.values import Price, Quantity, Side
from robson.domain.view import OrderRecord, PositionView
from robson.engine.absence import decide_absent
from robson.engine.adopt import a_person_decides, adopt
from robson.engine.context import Context, Decision
from robson.engine.decide import decide_report
from tests.simulation.worlds import Bench, Script, first_price

SIDES = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
HALF = Decimal("0.5")


class Seen(Bench):
    """A bench that keeps every view that its position has had."""

    def live(self, side: Side) -> list[PositionView]:
        """Enter, be asked to leave, settle; every view on the way."""
        views: dict[int, PositionView] = {}
        asked = False

        def look() -> bool:
            nonlocal asked
            for view in self.views:
                views.setdefault(view.version, view)
                if view.insurance.state == "resting" and not asked:
                    asked = True
                    self.world.ask(Panic(actor="t"))
            return bool(views) and not self.world.monitor.roster.live()

        self.arm(side)
        self.world.until(look, at_most=20_000)
        return list(views.values())


def lives(side: Side) -> Iterator[tuple[PositionView, Context]]:
    """Views of lives in which each order was lost once, and what else may have become of them."""
    for script in (
        Script(leaves_lots=3),
        Script(lost=Purpose.ENTRY, hidden_s=2),
        Script(lost=Purpose.INSURANCE),
        Script(lost=Purpose.INSURANCE, request=True),
        Script(lost=Purpose.EXIT, hidden_s=2),
        Script(lost=Purpose.EXIT, request=True),
    ):
        bench = Seen([(1, first_price())], seconds=200, faults=script)
        for view in bench.live(side):
            ctx = bench.world.monitor.custody.context(bench.world.symbol)
            yield from ((each, attrs.evolve(ctx, account=each.account)) for each in fates(view))


def fates(view: PositionView) -> Iterator[PositionView]:
    """The view, and the same once nobody knew what it was, or a person had ended it.

    Nobody ends what has a request on its way.
    """
    yield view
    if view.state.may_hold:
        failed = e.PositionFailed(
            position=view.id, at_ns=view.updated_ns, code="unknown_order", message="planted"
        )
        yield attrs.evolve(view, state=PositionState.ERROR, error=failed)
        over = PositionState.CLOSED if view.entry is not None else PositionState.CANCELLED
        if all(record.status != "sending" for record in view.orders):
            yield attrs.evolve(view, state=over)


def ends(record: OrderRecord, ctx: Context) -> Iterator[OrderState]:
    """Every word of the exchange on an order: open, over, in part, with its fills or without."""
    whole = record.order.quantity
    part = Quantity(max(ctx.instrument.floor_quantity(whole * HALF), ctx.instrument.min_qty))
    nothing = Decimal(0)
    for status, executed in (
        (OrderStatus.NEW, nothing),
        (OrderStatus.PARTIALLY_FILLED, part),
        (OrderStatus.FILLED, whole),
        (OrderStatus.CANCELED, nothing),
        (OrderStatus.CANCELED, part),
        (OrderStatus.EXPIRED, nothing),
        (OrderStatus.EXPIRED, part),
        (OrderStatus.REJECTED, nothing),
    ):
        fill = _fill(record, Quantity(executed), ctx) if executed else None
        for fills in (None, (fill,) if fill else ()):
            yield OrderState(
                client_id=record.client_id,
                order_id=record.order_id or 77,
                status=status,
                action=record.order.action,
                type=record.order.type,
                quantity=whole,
                executed=executed,
                quote_executed=executed,
                stop_price=record.order.stop_price,
                at_ns=ctx.now_ns,
                fills=fills,
            )


def _fill(record: OrderRecord, quantity: Quantity, ctx: Context) -> Fill:
    return Fill(
        trade_id=990,
        order_id=record.order_id or 77,
        client_id=record.client_id,
        action=record.order.action,
        price=ctx.price or Price("1"),
        quantity=quantity,
        commission=Decimal(0),
        commission_asset=ctx.instrument.symbol.quote,
        at_ns=ctx.now_ns,
    )


def answers(view: PositionView, ctx: Context) -> Iterator[tuple[str, Decision]]:
    """What follows from every answer that may still come, by name."""
    for record in view.orders:
        told = list(ends(record, ctx))
        if record.status == "sending":
            for report in _to(record.order, told, ctx):
                yield f"placed: {_name(report)}", decide_report(view, report, ctx)
        question = QueryOrder(scope=view.scope, position=view.id, target=record.client_id)
        for order in told if record.status != "prepared" else ():
            report = OrderReported(intent=question, order=order, **_times(ctx))
            yield f"asked: {_name(report)}", decide_report(view, report, ctx)
        cancel = CancelOrder(
            scope=view.scope,
            position=view.id,
            target=record.client_id,
            cancel_id=ClientOrderId("rbc-0"),
        )
        if record.order.purpose in (Purpose.ENTRY, Purpose.INSURANCE):
            for report in (*_to(cancel, told, ctx), CancelGone(intent=cancel, **_times(ctx))):
                yield f"cancelled: {_name(report)}", decide_report(view, report, ctx)
        if record.status == "unknown" and not a_person_decides(view, record):
            for order in told:
                yield f"found: {order.status.value}", adopt(view, record, order, ctx, asked=True)
            yield "absent", decide_absent(view, record.order, (("settled_ns", "0"),), ctx)


def _to(request: Intent, told: list[OrderState], ctx: Context) -> Iterator[Report]:
    for order in told:
        yield OrderReported(intent=request, order=order, **_times(ctx))
    for code, message in ((-2010, "would trigger immediately"), (-1003, "busy"), (-2011, "gone")):
        yield OrderRejected(intent=request, code=code, message=message, **_times(ctx))
    yield OutcomeUnknown(intent=request, reason="silence", **_times(ctx))
    yield NotSent(intent=request, reason="refused", **_times(ctx))


def _times(ctx: Context) -> dict[str, Any]:
    return {"sent_ns": ctx.now_ns, "received_ns": ctx.now_ns}


def _name(report: Report) -> str:
    order = getattr(report, "order", None)
    if order is None:
        return type(report).__name__
    return f"{order.status.value} {order.executed} {'with' if order.fills else 'without'} fills"


@SIDES
def test_no_answer_leads_to_what_the_law_forbids(side: Side, record_property: Any) -> None:
    asked, states, illegal = 0, set(), []
    for view, ctx in lives(side):
        states.add(view.state)
        for name, decision in answers(view, ctx):
            asked += 1
            position = Position(view, TableLaw())
            try:
                for event in decision.events:
                    position.apply(event)
            except IllegalEvent as wrong:
                orders = [(o.order.purpose.name, o.status) for o in view.orders]
                illegal.append(
                    f"{view.state.value} {view.insurance.state} {orders} {name}: {wrong}"
                )
    assert sorted(set(illegal)) == []
    assert states == set(PositionState) - {PositionState.ARMED}, "armed, it has no order"
    record_property("happened", f"answers to a {side.value} in {len(states)} states: {asked}")

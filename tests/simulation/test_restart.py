"""What a restart owes a position, and what an orderly stop leaves behind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson.domain.accounts import Stopped
from robson.domain.commands import Arm
from robson.domain.events import PositionArmed
from robson.domain.identity import Purpose
from robson.domain.intents import OrderType
from robson.domain.lifecycle import PositionState
from robson.domain.ports import Recorded
from robson.domain.reports import OrderStatus
from robson.domain.values import NS_PER_S, Side
from robson.domain.view import PositionView
from robson.sim.faults import Crash
from tests.simulation.worlds import Bench, first_price

FALLS_AT, DIES_AT, DEAD_S = 40, 30, 20
OWED_S = 5


def between_the_stops(side: Side) -> Decimal:
    """A price past the stop, and short of the exchange's."""
    plan = Bench([]).active(side).plan
    assert plan is not None
    middle = (plan.stops.stop + plan.insurance.stop_price) / 2
    return middle.quantize(Decimal("0.01"))


def order_of(bench: Bench, view: PositionView) -> OrderStatus:
    truth = bench.checks.truth(bench.world.scope)
    order = truth.order(view.insurance.client_id)
    assert order is not None
    assert order.type is OrderType.STOP_LOSS
    return order.status


@pytest.mark.proves("R5", "P9")
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_a_stop_crossed_while_dead_is_left_within_five_seconds(side: Side) -> None:
    bench = Bench([(FALLS_AT, between_the_stops(side))])
    insured = bench.active(side)
    bench.at(DIES_AT)
    bench.world.kill(dead_ns=DEAD_S * NS_PER_S)
    started_ns = bench.world.clock.now_ns

    assert order_of(bench, insured) is OrderStatus.NEW  # nobody has met it
    view = bench.settled()

    assert view.trigger is not None
    assert view.trigger.reason == "stop_loss"
    assert view.exit_fills
    assert not view.insurance_fills
    took_s = (view.exit_fills[-1].at_ns - started_ns) / NS_PER_S
    assert 0 < took_s <= OWED_S


@pytest.mark.proves("R7", "I-24")
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_a_stop_met_at_the_exchange_while_dead_closes_by_it(side: Side) -> None:
    far = first_price() * (1 - side.sign * Decimal("0.05"))
    bench = Bench([(FALLS_AT, far.quantize(Decimal("0.01")))])
    insured = bench.active(side)
    bench.at(DIES_AT)
    bench.world.kill(dead_ns=DEAD_S * NS_PER_S)

    assert order_of(bench, insured) is OrderStatus.FILLED
    view = bench.settled()

    assert view.insurance_fills
    assert not view.exit_fills
    assert view.closed is not None
    assert view.closed.by == "insurance"


@pytest.mark.proves("I-20")
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_an_orderly_stop_leaves_the_stop_resting(side: Side) -> None:
    bench = Bench([(FALLS_AT, between_the_stops(side))])
    insured = bench.active(side)
    bench.at(DIES_AT)
    bench.world.stop()

    rows = [recorded.event for recorded in bench.world.journal.read()]
    assert isinstance(rows[-1], Stopped)
    assert order_of(bench, insured) is OrderStatus.NEW

    bench.world.resume(DEAD_S * NS_PER_S)
    assert bench.settled().exit_fills


def test_a_quiet_restart_changes_nothing_but_renews_the_way_out() -> None:
    bench = Bench([])
    before = bench.active(Side.LONG)
    bench.at(DIES_AT)
    bench.world.kill(dead_ns=NS_PER_S)
    bench.at(DIES_AT + OWED_S)
    after = bench.view

    assert (after.state, after.stop, after.insurance) == (
        before.state,
        before.stop,
        before.insurance,
    )
    assert after.prearmed is not None
    assert after.prearmed.exit.client_id.endswith("-1")
    assert order_of(bench, after) is OrderStatus.NEW


@pytest.mark.proves("I-13", "I-48")
def test_one_attempt_that_the_end_of_the_process_cut_off_is_over() -> None:
    """Who enters at arm was to have entered in a life that is over: it waits for nothing now."""
    bench = Bench([])
    died: list[str] = []

    class DiesOnceArmed:
        """The process ends between the row that arms and the one that takes the signal."""

        def witness(self, recorded: Recorded, view: PositionView | None) -> None:
            if isinstance(recorded.event, PositionArmed) and not died:
                died.append(recorded.event.position)
                raise Crash("armed")
            bench.checks.witness(recorded, view)

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.checks, name)

    bench.world.observer = DiesOnceArmed()  # type: ignore[assignment]
    bench.arm(Side.LONG)
    bench.at(DIES_AT)

    assert died == [bench.view.id]
    assert (bench.view.state, bench.view.cancel_reason) == (
        PositionState.CANCELLED,
        "entry_exhausted",
    )
    assert bench.requests(Purpose.ENTRY) == []


@pytest.mark.parametrize("restarts", [False, True], ids=["same process", "another process"])
def test_a_key_is_remembered_when_its_position_is_over(*, restarts: bool) -> None:
    bench = Bench([(FALLS_AT, between_the_stops(Side.LONG))])
    bench.active(Side.LONG)
    first = bench.settled()
    if restarts:
        bench.world.kill(dead_ns=DEAD_S * NS_PER_S)

    same = Arm(
        symbol=bench.world.symbol,
        strategy=first.strategy.name,
        idempotency_key=first.idempotency_key,
        actor="t",
        side=first.side,
        capital=first.capital,
    )
    asked = bench.world.ask(same)
    bench.world.until(asked.answer.done)

    answer = asked.answer.result()
    assert (answer.repeated, answer.position.id) == (True, first.id)
    assert [view.id for view in bench.views] == [first.id]

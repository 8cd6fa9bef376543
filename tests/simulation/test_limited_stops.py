"""Symbols whose only stop has a limit: it protects, and is not trusted past its limit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.intents import OrderType
from robson.domain.plan import EntryPlan
from robson.domain.values import NS_PER_S, Side
from tests.simulation.worlds import Bench

SIDES = pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
FALLS_AT, BACK_AT = 8, 20
TICK = Decimal("0.01")


def plan_of(side: Side) -> EntryPlan:
    plan = Bench([], only_limited=True).active(side).plan
    assert plan is not None
    return plan


def far_past_the_limit(side: Side) -> Decimal:
    return (plan_of(side).insurance.stop_price * (1 - side.sign * Decimal("0.03"))).quantize(TICK)


def counts(bench: Bench) -> dict[str, int]:
    return bench.world.exchange.counts()


@pytest.mark.proves("P6")
@SIDES
def test_it_rests_with_its_limit_behind_and_is_cancelled_before_the_exit(side: Side) -> None:
    stops = plan_of(side)
    between = ((stops.stops.stop + stops.insurance.stop_price) / 2).quantize(TICK)
    bench = Bench([(FALLS_AT, between)], only_limited=True)
    view = bench.active(side)
    stop = view.latest(Purpose.INSURANCE)
    assert stop is not None
    assert stop.order.type is OrderType.STOP_LOSS_LIMIT
    assert stop.order.price is not None
    assert stop.order.stop_price is not None
    behind = (stop.order.stop_price - stop.order.price) * side.sign * 100 / stop.order.stop_price
    assert Decimal("1.5") <= behind < Decimal("1.51")
    view = bench.settled()

    assert view.closed is not None
    assert (view.closed.reason, view.closed.by) == ("stop_loss", "exit")
    assert counts(bench)["cancelled"] == 1
    assert len(bench.requests(Purpose.EXIT)) == 1


@SIDES
def test_the_market_walks_through_it_while_nobody_looks(side: Side) -> None:
    beyond = (plan_of(side).insurance.stop_price - side.sign * TICK).quantize(TICK)
    bench = Bench([(FALLS_AT, beyond)], only_limited=True)
    bench.active(side)
    bench.world.kill(dead_ns=30 * NS_PER_S)
    view = bench.settled()

    assert view.closed is not None
    assert (view.closed.reason, view.closed.by) == ("insurance_stop", "insurance")
    assert bench.requests(Purpose.EXIT) == []


@pytest.mark.proves("P5", "H")
@SIDES
def test_a_jump_past_the_limit_is_left_at_market(side: Side) -> None:
    """Triggered and unfilled: Robson takes the stop back and goes."""
    bench = Bench([(FALLS_AT, far_past_the_limit(side))], only_limited=True)
    bench.active(side)
    view = bench.settled()

    assert counts(bench)["limit_stop_passed"] == 1
    assert view.closed is not None
    assert (view.closed.reason, view.closed.by) == ("stop_loss", "exit")
    assert len(bench.requests(Purpose.EXIT)) == 1


@pytest.mark.proves("P5")
@SIDES
def test_a_restart_finds_it_triggered_and_unfilled(side: Side) -> None:
    bench = Bench([(FALLS_AT, far_past_the_limit(side))], only_limited=True)
    bench.active(side)
    bench.world.kill(dead_ns=30 * NS_PER_S)
    view = bench.settled()

    assert counts(bench)["limit_stop_passed"] == 1
    assert view.closed is not None
    assert view.closed.by == "exit"
    assert not view.insurance_fills


@SIDES
def test_it_fills_when_the_market_comes_back_to_its_limit(side: Side) -> None:
    plan = plan_of(side)
    back = plan.stops.stop + side.sign * TICK
    bench = Bench([(FALLS_AT, far_past_the_limit(side)), (BACK_AT, back)], only_limited=True)
    bench.active(side)
    bench.world.kill(dead_ns=30 * NS_PER_S)
    view = bench.settled()

    assert counts(bench)["limit_stop_filled_later"] == 1
    assert view.closed is not None
    assert view.closed.by == "insurance"
    told = [row.event for row in bench.world.journal.read()]
    reasons = [event.reason for event in told if isinstance(event, e.ExitTriggered)]
    assert reasons == ["insurance_stop"]

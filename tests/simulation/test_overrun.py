"""A fill so far from its plan that it is not held: out at market, and both risks told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson.connectors.simulated.faults import Piece
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.lifecycle import PositionState
from robson.domain.values import Side
from robson.engine.exposure import actual_risk, overruns
from robson.sim.faults import FaultyExchange
from tests.simulation.worlds import BALANCE, Bench, Script

MOST = BALANCE * Decimal("1.5") / 100
SIDES = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)


class Slipped(Script):
    """The entry is filled so much worse than the market, once."""

    def __init__(self, worse_bps: Decimal) -> None:
        super().__init__()
        self.exchange = _Slipping(self, worse_bps)


class _Slipping(FaultyExchange):
    def __init__(self, script: Slipped, worse_bps: Decimal) -> None:
        super().__init__(script)
        self._script = script
        self._worse_bps = worse_bps

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        ours = read_client_order_id(client_id)
        if ours is None or ours.purpose is not Purpose.ENTRY:
            return None
        self._script.strike("thin_book")
        return (Piece(quantity=quantity, worse_bps=self._worse_bps),)


def worse_bps(side: Side, times: Decimal) -> Decimal:
    """How much worse the fill has to be for so many times the planned risk."""
    plan = Bench([]).active(side).plan
    assert plan is not None
    unit, entry = plan.sizing.loss_unit, plan.stops.entry_ref
    return (unit * (times - 1) / entry * 10_000).quantize(Decimal("0.1"))


def lived(side: Side, times: str) -> Bench:
    bench = Bench([], faults=Slipped(worse_bps(side, Decimal(times))))
    bench.arm(side)
    bench.world.until(lambda: bench.view.entry is not None, at_most=20_000)
    return bench


@SIDES
def test_a_fill_that_risks_more_than_one_and_a_half_percent_is_left(side: Side) -> None:
    bench = lived(side, "1.6")
    view = bench.settled()

    assert view.trigger is not None
    assert (view.state, view.trigger.reason) == (PositionState.CLOSED, "risk_overrun")
    assert view.plan is not None
    assert view.plan.sizing.planned_risk <= BALANCE / 100
    assert actual_risk(view) > MOST
    assert bench.requests(Purpose.INSURANCE) == [], "nothing rests that would have to be taken off"
    assert len(bench.requests(Purpose.EXIT)) == 1


@SIDES
def test_a_fill_that_risks_a_little_less_is_held(side: Side) -> None:
    bench = lived(side, "1.4")
    bench.world.until(lambda: bench.view.insurance.state == "resting", at_most=20_000)
    view = bench.view

    assert view.trigger is None
    assert BALANCE * Decimal("1.3") / 100 < actual_risk(view) < MOST
    assert not overruns(view)


@SIDES
def test_a_restart_between_fill_and_decision_decides_the_same(side: Side) -> None:
    """It is asked of the position's state, so whoever asks finds the same."""
    bench = lived(side, "1.6")
    bench.world.kill(dead_ns=1_000_000_000)
    view = bench.settled()

    assert view.trigger is not None
    assert view.trigger.reason == "risk_overrun"


@SIDES
def test_a_fill_as_expected_risks_what_was_planned(side: Side) -> None:
    view = Bench([]).active(side)
    assert view.plan is not None
    planned = view.plan.sizing.planned_risk
    assert abs(actual_risk(view) - planned) < planned / 20

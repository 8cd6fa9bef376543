"""The monitor touches only positions that something happened to; looking at all finds no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from robson.daemon.messages import Wake
from robson.daemon.monitor import Message, Monitor
from robson.daemon.ticks import CAPTURE_MAX
from robson.domain.events import ExitTriggered
from robson.domain.values import Side
from robson.domain.view import PositionView
from robson.engine.band import EVERYTHING, Band, quiet_band
from robson.engine.decide import watch_of
from robson.engine.exits import first_rung
from robson.engine.pursue import pursue
from robson.sim import world
from robson.sim.plans import plan_of
from robson.sim.runs import live
from tests.simulation.worlds import Bench

SEEDS = range(1, 41)
POSITIONS = 3


class LookingAtAll(Monitor):
    """After every message, asks of every position what the index answers from memory."""

    looked = quiet = 0

    def step(self, message: Message) -> None:
        super().step(message)
        views = self.roster.live()
        for symbol in self.markets:
            bands = [self._band_of(view) for view in views if str(view.scope.symbol) == symbol]
            low = max((band.low for band in bands), default=EVERYTHING.low)
            high = min((band.high for band in bands), default=EVERYTHING.high)
            assert self.lookout.band(symbol) == (low, high)
        for view in views:
            self._owes_nothing(view)
        assert self.custody.pursuits.keys() == {view.id for view in views}

    def _band_of(self, view: PositionView) -> Band:
        LookingAtAll.looked += 1
        pursuit = self.custody.pursuits[view.id]
        asked_first = view.insurance.state == "resting" and not pursuit.verified
        if pursuit.trigger is not None or asked_first:
            return EVERYTHING
        watch = watch_of(view, self.markets[str(view.scope.symbol)].instrument)
        return EVERYTHING if watch is None else quiet_band(watch)

    def _owes_nothing(self, view: PositionView) -> None:
        pursuit = self.custody.pursuits[view.id]
        if pursuit.trigger is not None:
            assert self.custody.now() < pursuit.trigger.due_ns
            return
        LookingAtAll.quiet += 1
        ctx = self.custody.context(str(view.scope.symbol), pursuit)
        owed = pursue(view, ctx, pursuit.known()).decision
        assert not owed.events, owed.events
        assert not owed.intents, owed.intents


def test_nobody_else_is_concerned(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setattr(world, "Monitor", LookingAtAll)
    filled = 0
    for seed in SEEDS:
        outcome = live(plan_of(seed, POSITIONS))
        assert outcome.violations == ()
        filled += outcome.filled

    assert filled > len(SEEDS)
    assert LookingAtAll.looked > 1_000
    assert LookingAtAll.quiet > 1_000
    record_property(
        "note",
        f"index of the monitor: {len(SEEDS)} worlds, {filled} filled, {LookingAtAll.looked} bands"
        f" worked out again, {LookingAtAll.quiet} positions found to owe nothing",
    )


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_captured_prices_meet_the_position_that_the_price_before_has_left(side: Side) -> None:
    """A price at the raised stop comes with the price that raised it, in one turn."""
    bench = Bench([])
    view = bench.active(side)
    monitor, symbol = bench.world.monitor, bench.world.symbol
    watch = watch_of(view, bench.world.instrument)
    assert watch is not None
    rung = first_rung(watch.ladder, watch.stop, watch.rung)
    assert rung is not None
    board, now = monitor.markets[symbol].board, bench.world.clock.exchange_ns()
    woken = [
        board.offer(bench.world.instrument.ticks(price), now, jump=True)
        for price in (rung.price, rung.stop)
    ]
    monitor.step(Wake(symbol))

    assert woken == [True, False]
    after = monitor.roster.view(view.id)
    assert (after.rung, after.stop) == (1, rung.stop)
    trigger = monitor.custody.pursuit(view.id).trigger
    assert trigger is not None
    (hit,) = (event for event in trigger.events if isinstance(event, ExitTriggered))
    assert (hit.reason, hit.price) == ("trailing_stop", rung.stop)


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_extremes_whose_order_is_lost_meet_the_stop_first(side: Side) -> None:
    """So many prices that low, high and last are left, of which two would end the position."""
    bench = Bench([])
    view = bench.active(side)
    assert view.stop is not None
    assert view.plan is not None
    assert view.plan.stops.stop_gain is not None
    monitor, symbol, rules = bench.world.monitor, bench.world.symbol, bench.world.instrument
    board, now = monitor.markets[symbol].board, bench.world.clock.exchange_ns()
    quiet = rules.ticks(rules.price_down(view.plan.stops.entry_ref))
    ends = [rules.ticks(price) for price in (view.plan.stops.stop_gain, view.stop)]
    board.hold()  # as in a step: from here on nothing leaves ahead of its decision
    for price in (*ends, *[quiet] * CAPTURE_MAX):
        board.offer(price, now, jump=True)
    monitor.step(Wake(symbol))

    trigger = monitor.custody.pursuit(view.id).trigger
    assert trigger is not None
    (hit,) = (event for event in trigger.events if isinstance(event, ExitTriggered))
    assert (hit.reason, hit.price) == ("stop_loss", view.stop)

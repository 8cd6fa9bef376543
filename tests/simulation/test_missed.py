"""What a broken line has kept from a daemon comes at any instant, even as a way out is leaving."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson.daemon.messages import Missed, Unseen
from robson.domain.values import ExchangeNs, Side
from tests.simulation.worlds import Bench, first_price

FAR = Decimal("0.1")


@pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
def test_a_rung_that_was_missed_moves_no_stop_of_who_is_leaving(
    side: Side, record_property: Any
) -> None:
    """The exit has left, its trigger is written when the cancel is answered: in between, a gap.

    Taken for a rung there, it would be an event that no leaving position can have.
    """
    stop = first_price() * (1 - side.sign * FAR)
    bench = Bench([(60, stop)])
    bench.active(side)
    world, position = bench.world, bench.view.id
    pursuit = world.monitor.custody.pursuit(position)
    assert world.until(lambda: pursuit.trigger is not None)
    best = int(
        world.instrument.ticks(world.instrument.price_down(first_price() * (1 + side.sign * FAR)))
    )
    last = world.monitor.markets[str(world.symbol)].board.last
    assert last is not None
    missed = Unseen(*sorted((best, last.price)))
    before = bench.view.stop

    world.monitor.step(Missed({str(world.symbol): missed}))

    left = bench.settled()
    assert left.stop == before
    record_property("note", f"missed while leaving, {side.value}: nothing moved")


@pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
@pytest.mark.parametrize("late_ns", [-1, 0], ids=["spans", "follows"])
def test_a_rung_of_before_the_entry_moves_no_stop(
    side: Side, late_ns: int, record_property: Any
) -> None:
    """A gap that began before the fill holds prices the position never lived through."""
    bench = Bench([(600, first_price() * (1 + side.sign * FAR / 100))])
    bench.active(side)
    entry, before, rules = bench.view.entry, bench.view.stop, bench.world.instrument
    assert entry is not None
    best = int(rules.ticks(rules.price_down(first_price() * (1 + side.sign * FAR))))
    last = bench.world.monitor.markets[str(bench.world.symbol)].board.last
    assert last is not None
    began_ns = ExchangeNs(entry.fills[0].at_ns + late_ns)
    missed = Unseen(*sorted((best, last.price)), began_ns)

    bench.world.monitor.step(Missed({str(bench.world.symbol): missed}))

    moved = bench.view.stop != before
    assert moved is (late_ns == 0)
    record_property("note", f"gap {late_ns} ns after the fill, {side.value}: moved {moved}")

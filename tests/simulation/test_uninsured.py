"""Where the exchange stop rests by configuration, and a position that was entered without one.

A position keeps the terms that it was entered with: no start under other settings moves its stop.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.plan import InsuranceTerms
from robson.domain.values import NS_PER_S, Side
from tests.simulation.test_month import Turning
from tests.simulation.worlds import first_price

SIDES = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
OFF = InsuranceTerms(enabled=False)


def fell(side: Side) -> Decimal:
    """A price well beyond the stop."""
    return (first_price() * (1 - side.sign * Decimal("0.06"))).quantize(Decimal("0.01"))


@SIDES
@pytest.mark.parametrize(
    ("terms", "binding"),
    [
        (InsuranceTerms(buffer_pct=Decimal("0.2"), span_ratio=Decimal(1)), "buffer"),
        (InsuranceTerms(buffer_pct=Decimal(10), span_ratio=Decimal("0.5")), "span"),
    ],
)
def test_the_stop_rests_where_the_terms_say(
    side: Side, terms: InsuranceTerms, binding: str, record_property: Any
) -> None:
    """The lesser of a percentage of the stop and a share of the span, on the tick grid."""
    bench = Turning(insurance=terms)
    view = bench.active(side)
    assert view.plan is not None
    stops, tick = view.plan.stops, bench.world.instrument.tick
    by = {
        "buffer": terms.buffer_pct * stops.stop / 100,
        "span": terms.span_ratio * stops.span,
    }
    offset = max(3 * tick, by[binding])
    assert by[binding] == min(by.values())
    assert view.insurance.stop_price is not None
    found = (stops.stop - view.insurance.stop_price) * side.sign
    assert 0 <= found - offset < tick, "farther by less than a tick"
    record_property("happened", f"exchange stop by {binding}: {side.value}")


@SIDES
def test_other_settings_move_no_stop_that_rests(side: Side) -> None:
    bench = Turning()
    rests = bench.active(side).insurance.stop_price
    world = bench.world
    world.settings = attrs.evolve(world.settings, insurance=InsuranceTerms(span_ratio=Decimal(1)))
    world.kill(dead_ns=NS_PER_S)
    bench.at(40)
    assert bench.view.insurance.stop_price == rests
    assert len(bench.requests(Purpose.INSURANCE)) == 1


@SIDES
def test_without_an_exchange_stop_robson_alone_protects_and_alerts_nobody(
    side: Side, record_property: Any
) -> None:
    bench = Turning([(60, fell(side))], insurance=OFF)
    bench.arm(side)
    bench.world.until(lambda: bench.view.state is PositionState.ACTIVE, at_most=20_000)
    bench.at(45)
    assert bench.requests(Purpose.INSURANCE) == []
    assert bench.view.bare_since_ns is not None, "it is counted as unprotected all the same"
    assert bench.events(e.ProtectionAlerted, e.ScopeFrozen) == []
    bench.world.kill(dead_ns=NS_PER_S)
    bench.world.until(lambda: not bench.world.monitor.roster.live(), at_most=20_000)
    bench.checks.finish(0)
    rules = {violation.rule for violation in bench.checks.audit.violations}
    assert rules == {"S10"}, "the world's own count of bare time, and no other law"
    view = bench.view
    assert view.closed is not None
    assert view.closed.reason == "stop_loss"
    assert len(bench.requests(Purpose.EXIT)) == 1
    assert bench.requests(Purpose.INSURANCE) == []
    record_property("happened", f"held and left without an exchange stop: {side.value}")


def test_a_panic_needs_no_exchange_stop() -> None:
    bench = Turning(insurance=OFF)
    bench.arm(Side.LONG)
    bench.world.until(lambda: bench.view.state is PositionState.ACTIVE, at_most=20_000)
    bench.world.ask(Panic(actor="t"))
    assert bench.settled().state is PositionState.CLOSED

"""An exit matched after its repeat finds what a person bought between the two: told, and frozen.

ADR 0025. Whole worlds under every check; the exchange keeps the first exit unseen for ten seconds.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robson.domain.commands import Panic
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.values import Action, Quantity, Side
from robson.sim.window import status_of
from robson.sim.world import ACCOUNT
from tests.simulation import outsiders
from tests.simulation.test_faults import One
from tests.simulation.worlds import Bench

LATE_S = 10


def exits(bench: Bench) -> int:
    return sum(record.order.purpose is Purpose.EXIT for record in bench.view.orders)


def left_late(*, theirs: str = "0") -> Bench:
    """A long leaves, and its exit is matched late; a person has so much base of each it has."""
    one = One("late_matching", seconds=LATE_S)
    bench = Bench([], seconds=240, faults=one)
    view = bench.active(Side.LONG)
    if Decimal(theirs):
        assert view.entry is not None
        more = bench.world.instrument.floor_quantity(view.entry.held * Decimal(theirs))
        base, now = bench.world.instrument.symbol.base, bench.world.clock.exchange_ns()
        bench.world.exchange.deposit(bench.world.scope, base, more, at_ns=now)
    one.load("exit")
    bench.world.ask(Panic(actor="t"))
    assert bench.world.until(lambda: bool(bench.view.exit_fills))
    assert one.counts["late_matching"] == 1
    return bench


def sold_and_late() -> Bench:
    """The repeat of a long's exit has sold it; the first one is still to be matched."""
    bench = left_late()
    assert exits(bench) == 2, "behind the asset fence it was sent again"
    return bench


def test_it_finds_nothing_where_nobody_bought() -> None:
    bench = sold_and_late()
    view = bench.settled()
    assert view.entry is not None
    assert sum(fill.quantity for fill in view.exit_fills) <= view.entry.held
    assert bench.world.monitor.roster.standing.frozen == ()


def test_base_that_was_there_before_keeps_it_from_being_sent_again() -> None:
    bench = left_late(theirs="2")
    view = bench.settled()
    assert view.entry is not None
    assert exits(bench) == 1, "a second sale would find base"
    assert bench.checks.truth(bench.world.scope).account.base.total >= view.entry.held


def bought_between(bench: Bench, part: str) -> Quantity:
    sold = bench.view.exit_fills[0].quantity
    bought = bench.world.instrument.floor_quantity(sold * Decimal(part))
    outsiders.trades(bench, Action.BUY, bought)
    return bought


def test_it_sells_what_a_person_bought_and_that_is_said(record_property: Any) -> None:
    bench = sold_and_late()
    bought = bought_between(bench, "2")
    view = bench.settled()

    assert view.state is PositionState.CLOSED
    (frozen,) = bench.world.monitor.roster.standing.frozen
    assert (frozen.scope, frozen.code) == (bench.world.symbol, "sold_twice")
    status = status_of(bench.world.monitor, ACCOUNT, bench.world.began_ns)
    assert any("was sold twice" in str(each) for each in status["daemon"]["degraded"])
    assert exits(bench) == 2, "nothing more is traded for it"
    record_property("happened", f"sold twice: {bought} bought between, {frozen.reason}")


def test_what_is_too_little_for_it_stays_a_persons() -> None:
    """A sale is for all or nothing: the exchange refuses one that the base does not cover."""
    bench = sold_and_late()
    bought = bought_between(bench, "0.5")
    bench.settled()

    assert bench.checks.truth(bench.world.scope).account.base.total >= bought * Decimal("0.99")
    assert "sold_twice" not in {each.code for each in bench.world.monitor.roster.standing.frozen}

"""The month turns once: under way, over a crash, with a clock that steps; positions stay.

The tape begins 50 seconds before the first of December. What the month says is worked out again
from the exchange's own books.
"""

from __future__ import annotations

from array import array
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.driver import Trip
from robson.connectors.simulated.tape import Tape
from robson.domain import events as e
from robson.domain.commands import SetHalt
from robson.domain.errors import Refused
from robson.domain.intents import CancelOrder, Intent
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs, MonotonicNs, Side
from robson.engine.settings import Settings
from tests.oracle import budget_oracle
from tests.simulation import worlds
from tests.simulation.worlds import Bench, first_price

DAYS_NS = (11 * 24 + 12) * 3600 * NS_PER_S
"""From where the tapes of the seed begin to the last minute of November."""
TURNS_AT = 50
ROSE = (first_price() * Decimal("1.002")).quantize(Decimal("0.01"))


def later(tape: Tape) -> Tape:
    """The same tape at another time; the one given is shared by others and stays."""
    times = array("q", (at_ns + DAYS_NS for at_ns in tape.columns.times))
    return replace(tape, columns=tape.columns._replace(times=times))


class Turning(Bench):
    """A bench whose 50th second is the first of December."""

    def __init__(
        self,
        prices: Any = (),
        *,
        seconds: int = 120,
        faults: worlds.FaultPlan | None = None,
        **settings: Any,
    ) -> None:
        market = worlds.tapes(prices, seconds)
        shifted = attrs.evolve(market, tape=later(market.tape), past=later(market.past))
        self.world = worlds.World(
            worlds.SEED, shifted, faults=faults, settings=Settings(**settings)
        )
        self.checks = worlds.Checks(self.world)
        self.world.observer = self.checks

    def events(self, *kinds: type) -> list[Any]:
        """What the journal holds of some kinds, in order."""
        return [row.event for row in self.world.journal.read() if isinstance(row.event, kinds)]

    @property
    def months(self) -> list[str]:
        return [event.month for event in self.events(e.MonthOpened)]


def as_it_is(bench: Bench) -> tuple[object, ...]:
    """What must not change because a month turned."""
    view = bench.view
    return (view.state, view.stop, view.rung, view.insurance, view.orders, view.prearmed)


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_the_month_turns_once_and_touches_no_position(side: Side, record_property: Any) -> None:
    bench = Turning([(20, ROSE)])
    bench.active(side)
    bench.at(TURNS_AT - 2)
    before, requests = as_it_is(bench), len(bench.world.exchange.request_log(bench.world.scope))
    bench.at(TURNS_AT + 2)

    assert bench.months == ["2025-11", "2025-12"]
    assert as_it_is(bench) == before
    asked = bench.world.exchange.request_log(bench.world.scope)[requests:]
    assert {entry.request for entry in asked} <= {"ReadAccount", "ReadTransfers", "QueryOrder"}
    (opened,) = bench.events(e.MonthOpened)[1:]
    late_ns = opened.at_ns - (bench.world.began_ns + TURNS_AT * NS_PER_S)
    assert 0 <= late_ns < NS_PER_S
    record_property("happened", "month turned: a position was held")


class SlowCancels(worlds.FaultyWire):
    """A wire on which the answer to a cancel takes longer than anything else."""

    def trip(self, request: Intent, now_ns: int) -> Trip:
        back_ms = 100 if isinstance(request, CancelOrder) else 10
        return Trip(out_ns=10 * NS_PER_MS, back_ns=back_ms * NS_PER_MS)


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_a_way_out_that_is_decided_at_the_turn_is_written_down_before_it(
    side: Side, record_property: Any
) -> None:
    """Its trigger waits for the cancel's answer while the month's accounts come in."""
    beyond = (first_price() * (1 + side.sign * Decimal("0.05"))).quantize(Decimal("0.01"))
    script = worlds.Script()
    script.wire = SlowCancels(script)
    bench = Turning([(TURNS_AT, beyond)], faults=script)
    bench.active(side)
    bench.settled()

    rows = [
        (type(row.event), row.event.at_ns)
        for row in bench.world.journal.read()
        if isinstance(row.event, (e.MonthOpened, e.ExitTriggered))
    ]
    assert [kind for kind, _ in rows] == [e.MonthOpened, e.ExitTriggered, e.MonthOpened]
    assert rows[1][1] < rows[2][1]
    assert not bench.checks.audit.violations
    record_property("happened", "month turned: a way out was decided at the same instant")


@pytest.mark.proves("I-37")
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_a_carried_position_counts_from_its_value_at_the_boundary(
    side: Side, record_property: Any
) -> None:
    """Basis and capital base by the oracle, from fills, the exchange's account and its index."""
    bench = Turning([(20, ROSE), (70, first_price() * (1 - side.sign * Decimal("0.05")) // 1)])
    bench.active(side)
    bench.at(TURNS_AT + 2)
    (carried,), opened = bench.events(e.PositionCarried), bench.events(e.MonthOpened)[1]
    view, truth = bench.view, bench.checks.truth(bench.world.scope).account
    assert view.entry is not None
    base = view.scope.symbol.base

    def of(fill: Any) -> tuple[Decimal, Decimal, Decimal]:
        in_base = fill.commission_asset == base
        return (fill.price, fill.quantity, fill.commission * (fill.price if in_base else 1))

    worth = budget_oracle.worth(
        side.value,
        [of(fill) for fill in view.entry.fills],
        [],
        view.entry.held,
        truth.index_price,
        interest_base=truth.base.interest,
        interest_quote=truth.quote.interest,
    )
    assert 0 <= Fraction(carried.basis) - worth < Fraction(1, 10**12)
    assert (carried.basis > 0) is (side is Side.LONG)
    downside = budget_oracle.latent_loss(
        side.value,
        view.entry.held,
        view.entry.price,
        view.stop or 0,
        bench.world.instrument.taker_fee,
        bench.world.settings.gap_bps,
        basis=carried.basis,
    )
    error = Fraction(opened.capital_base) - (Fraction(truth.equity) - downside)
    assert abs(error) < Fraction(1, 10**9)

    settled = bench.settled().settled
    assert settled is not None
    standing = bench.world.monitor.roster.standing
    assert standing.month_net == settled.net - carried.basis
    assert standing.basis == ()
    record_property("happened", "month turned: a carried result counted by its delta")


@pytest.mark.proves("I-22", "I-37")
@pytest.mark.parametrize(
    ("dies_at", "dead_s"), [(40, 5), (45, 10), (49, 1), (50, 3), (51, 5), (60, 5)]
)
def test_a_restart_before_at_and_after_the_boundary_opens_one_month(
    dies_at: int, dead_s: int, record_property: Any
) -> None:
    bench = Turning([(20, ROSE)])
    bench.active(Side.LONG)
    bench.at(dies_at)
    bench.world.kill(dead_ns=dead_s * NS_PER_S)
    bench.at(100)
    again = bench.world.monitor.roster.standing
    bench.world.kill(dead_ns=NS_PER_S)

    assert bench.months == ["2025-11", "2025-12"]
    assert len(bench.events(e.PositionCarried)) == 1
    assert bench.world.monitor.roster.standing == again, "the journal alone says where it stands"
    assert bench.world.crashes == 2
    record_property("happened", "month turned: restarts around the boundary")


@pytest.mark.parametrize("back_s", [30, 3600])
def test_a_clock_that_steps_back_over_the_boundary_opens_nothing_again(back_s: int) -> None:
    bench = Turning()
    bench.active(Side.LONG)
    bench.at(TURNS_AT + 5)
    stepped = Stepped(bench.world.clock, -back_s)
    bench.world.monitor.custody._clock = stepped
    bench.world.monitor.calendar.look()
    bench.world.monitor.custody._clock = bench.world.clock
    bench.at(TURNS_AT + 10)

    assert stepped.asked > 0
    assert bench.months == ["2025-11", "2025-12"]


def test_a_clock_that_steps_forward_opens_the_month_once() -> None:
    """Two months pass between two looks: the one that is now is opened, the other never was."""
    bench = Turning()
    bench.active(Side.LONG)
    bench.at(10)
    bench.world.monitor.custody._clock = Stepped(bench.world.clock, 40 * 86_400)
    bench.world.monitor.calendar.look()
    bench.at(15)

    assert bench.months == ["2025-11", "2026-01"]


@attrs.define
class Stepped:
    """A clock that somebody has set."""

    inner: Any
    by_s: int
    asked: int = 0

    def exchange_ns(self) -> ExchangeNs:
        self.asked += 1
        return ExchangeNs(self.inner.exchange_ns() + self.by_s * NS_PER_S)

    def signing_ns(self) -> ExchangeNs:
        return self.exchange_ns()

    def monotonic_ns(self) -> MonotonicNs:
        found: MonotonicNs = self.inner.monotonic_ns()
        return found


def test_the_boundary_ends_a_halt_and_a_restart_does_not(record_property: Any) -> None:
    bench = Turning()
    bench.active(Side.LONG)
    bench.at(20)
    bench.world.ask(SetHalt(on=True, reason="enough", actor="ops"))
    bench.world.kill(dead_ns=5 * NS_PER_S)

    halt = bench.world.monitor.roster.standing.halt
    assert halt is not None
    assert (halt.reason, halt.actor) == ("enough", "ops")
    again = bench.world.ask(SetHalt(on=True, reason="twice", actor="ops")).answer
    assert isinstance(again.exception(), Refused)
    bench.at(TURNS_AT + 2)

    assert bench.world.monitor.roster.standing.halt is None
    (cleared,) = bench.events(e.HaltCleared)
    assert (cleared.reason, cleared.actor) == ("2025-12 opened", None)
    record_property("happened", "halt: kept over a restart, ended by the month")

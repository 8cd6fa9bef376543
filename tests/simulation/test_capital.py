"""Money leaves the account in the middle of a month: the base falls with it, and never rises.

By typed transfers alone: what a trade loses or wins is counted by the month and moves no base.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from robson.connectors.simulated.entries import Deposited, Withdrawn
from robson.connectors.simulated.faults import Deed
from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.intents import Intent
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, Side
from robson.sim.faults import FaultPlan, FaultyExchange
from robson.sim.world import World
from tests.oracle.budget_oracle import base_after
from tests.simulation.test_govern import arm
from tests.simulation.worlds import BALANCE, SEED, Bench, first_price


class Moving(FaultPlan):
    """Somebody moves money with the next request, as often as a test says so."""

    def __init__(self) -> None:
        super().__init__(SEED)
        self.deeds: list[Deed] = []
        self.silent = False
        self.exchange = _Moving(self)


class _Moving(FaultyExchange):
    def __init__(self, plan: Moving) -> None:
        super().__init__(plan)
        self._moving = plan

    def meddles(self, request: Intent, at_ns: int) -> tuple[Deed, ...]:
        deeds, self._moving.deeds = tuple(self._moving.deeds), []
        for deed in deeds:
            self._moving.strike(deed.kind)
        return deeds


def begun(prices: Any = (), seconds: int = 1_500) -> tuple[Bench, Moving]:
    faults = Moving()
    bench = Bench(prices, seconds=seconds, faults=faults)
    bench.world.deposit(BALANCE)
    bench.world.start()
    bench.world.until(
        lambda: bench.world.monitor.roster.month is not None and bench.world.board.has_price
    )
    return bench, faults


def base(bench: Bench) -> Decimal:
    return bench.world.monitor.roster.standing.capital_base


def second(bench: Bench) -> int:
    return (bench.world.clock.now_ns - bench.world.began_ns) // NS_PER_S


def moved(world: World) -> list[tuple[int, Decimal]]:
    """Every transfer since the month opened, by the exchange's own books."""
    month = world.monitor.roster.month
    assert month is not None
    return [
        (entry.at_ns, entry.amount * (1 if isinstance(entry, Deposited) else -1))
        for entry in world.exchange.books.entries()
        if isinstance(entry, Deposited | Withdrawn) and entry.at_ns > month.at_ns
    ]


def rows(bench: Bench, *kinds: type) -> list[Any]:
    return [row.event for row in bench.world.journal.read() if isinstance(row.event, kinds)]


def look(bench: Bench, faults: Moving, kind: str | None = None, share: str = "0") -> None:
    """Move money, and let a minute pass, in which the pair is read."""
    if kind is not None:
        faults.deeds.append(Deed(kind=kind, share=Decimal(share)))
    bench.at(second(bench) + 200)


def test_a_withdrawal_lowers_the_base_and_a_deposit_never_raises_it(record_property: Any) -> None:
    bench, faults = begun()
    assert base(bench) == BALANCE
    steps = (
        ("foreign_withdrawal", "0.3"),
        ("foreign_deposit", "0.5"),
        ("foreign_withdrawal", "0.1"),
    )
    for kind, share in steps:
        before = base(bench)
        look(bench, faults, kind, share)
        assert Fraction(base(bench)) == base_after(BALANCE, moved(bench.world))
        assert base(bench) <= before
    assert base(bench) == BALANCE * Decimal("0.7")
    (told,) = rows(bench, e.CapitalRecalibrated)
    assert (told.was, told.capital_base) == (BALANCE, base(bench))
    budget = bench.world.monitor.custody.budget()
    assert budget.budget == base(bench) * 4 / 100
    bench.world.kill(dead_ns=NS_PER_S)
    look(bench, faults)
    assert len(rows(bench, e.CapitalRecalibrated)) == 1, "a restart tells it again to nobody"
    record_property("happened", "capital base lowered by a withdrawal: 1")


@pytest.mark.proves("I-25")
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_what_a_trade_loses_moves_no_base(side: Side, record_property: Any) -> None:
    """The loss is consumed of the month; taken off the base as well it would count twice."""
    gone = (first_price() * (1 - side.sign * Decimal("0.06"))).quantize(Decimal("0.01"))
    faults = Moving()
    bench = Bench([(30, gone)], seconds=400, faults=faults)
    bench.active(side)
    view = bench.settled()
    bench.at(350)
    assert view.settled is not None
    assert view.settled.net < -BALANCE / 100, "more than was planned"
    assert base(bench) == BALANCE
    assert rows(bench, e.CapitalRecalibrated) == []
    assert bench.world.monitor.custody.budget().consumed == -view.settled.net
    log = bench.world.exchange.request_log(bench.world.scope)
    assert any(entry.request == "ReadTransfers" for entry in log), (
        "the changed wallet was asked about"
    )
    record_property("happened", f"a loss beyond the plan moved no base: {side.value}")


@pytest.mark.proves("I-32")
def test_a_close_under_way_keeps_the_base_until_it_is_settled(record_property: Any) -> None:
    bench, faults = begun()
    assert arm(bench, "held") is None
    bench.world.until(lambda: bench.view.insurance.state == "resting", at_most=20_000)
    bench.at(second(bench) + 5)
    faults.deeds.append(Deed(kind="foreign_withdrawal", share=Decimal("0.2")))
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: bench.view.state is PositionState.EXITING, at_most=20_000)
    while bench.view.settled is None:
        assert base(bench) == BALANCE
        assert bench.world.once()
    look(bench, faults)
    (told,) = rows(bench, e.CapitalRecalibrated)
    settled = bench.view.settled
    assert settled is not None
    assert told.at_ns >= settled.at_ns
    assert Fraction(base(bench)) == base_after(BALANCE, moved(bench.world)) < BALANCE
    record_property("happened", "base kept while a close was under way: 1")

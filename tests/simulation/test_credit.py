"""What the exchange lends bounds an entry: asked at arm and at the signal, denied before it leaves.

Limits are the exchange's own, by asset; a fault lowers them, and what is refused at the order is a
definite no.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.ledger import Terms
from robson.domain import events as e
from robson.domain.commands import Arm, Panic
from robson.domain.errors import Refused
from robson.domain.identity import Purpose
from robson.domain.intents import Intent, PlaceOrder
from robson.domain.lifecycle import PositionState
from robson.domain.values import Side
from robson.engine.detectors.protocol import DetectorSignal
from robson.sim.faults import FaultPlan, FaultyExchange
from tests.simulation.worlds import BALANCE, SEED, Bench

SIDES = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)


class Scarce(FaultPlan):
    """The exchange lends a share of what it would, to every request or to orders only."""

    def __init__(self, share: str, *, orders_only: bool = False) -> None:
        super().__init__(SEED)
        self.exchange = _Scarce(self, Decimal(share), orders_only=orders_only)


class _Scarce(FaultyExchange):
    def __init__(self, plan: FaultPlan, share: Decimal, *, orders_only: bool) -> None:
        super().__init__(plan)
        self._plan_, self.share, self._orders_only = plan, share, orders_only

    def lends(self, request: Intent, at_ns: int) -> Decimal:
        if self._orders_only and not isinstance(request, PlaceOrder):
            return Decimal(1)
        self._plan_.strike("little_to_lend")
        return self.share


def limited(bench: Bench, **limits: Decimal) -> None:
    """Let the exchange lend no more than so much of an asset to one account."""
    ledger = bench.world.exchange._ledger
    ledger.terms = attrs.evolve(ledger.terms, limits=limits)


def usual(side: Side) -> Decimal:
    plan = Bench([]).active(side).plan
    assert plan is not None
    return plan.sizing.quantity


def asset(bench: Bench, side: Side) -> str:
    symbol = bench.world.instrument.symbol
    return symbol.quote if side is Side.LONG else symbol.base


def begun(bench: Bench) -> Bench:
    bench.world.deposit(BALANCE)
    bench.world.start()
    bench.world.until(
        lambda: bench.world.monitor.roster.month is not None and bench.world.board.has_price
    )
    return bench


def arm(bench: Bench, side: Side) -> Refused | None:
    asked = bench.world.ask(
        Arm(symbol=bench.world.symbol, strategy="now", idempotency_key="k", actor="t", side=side)
    )
    bench.world.until(asked.answer.done)
    error = asked.answer.exception()
    assert error is None or isinstance(error, Refused)
    return error


def test_a_short_is_sized_by_what_is_lent_of_its_base(record_property: Any) -> None:
    bench, most = Bench([]), (usual(Side.SHORT) / 3).quantize(Decimal("0.0001"))
    limited(bench, **{asset(bench, Side.SHORT): most})
    plan = bench.active(Side.SHORT).plan
    assert plan is not None
    assert plan.sizing.binding == "borrow"
    assert plan.sizing.qty_borrow == most
    assert plan.sizing.quantity == bench.world.instrument.floor_quantity(most)
    (sized,) = [r.event for r in bench.world.journal.read() if isinstance(r.event, e.SizingDecided)]
    assert sized.credit is not None
    assert sized.credit.base == most
    record_property("happened", "size bounded by what is lent: short")
    bench.world.ask(Panic(actor="t"))
    bench.settled()


def test_a_long_may_spend_its_own_and_what_is_lent(record_property: Any) -> None:
    """What it has free and what the limit lends, over the price it expects to pay."""
    bench = Bench([])
    limited(bench, **{asset(bench, Side.LONG): Decimal(1)})
    view = bench.active(Side.LONG)
    assert view.plan is not None
    sizing = view.plan.sizing
    wanted = (BALANCE + 1) / sizing.entry_fill
    assert sizing.qty_borrow is not None
    assert 0 <= wanted - sizing.qty_borrow < Decimal("1E-7")
    assert sizing.quantity <= sizing.qty_borrow
    assert (sizing.binding == "borrow") is (usual(Side.LONG) > wanted)
    assert view.entry is not None
    owed = view.account.quote.borrowed if view.account else Decimal(0)
    assert owed <= 1
    record_property("happened", "size bounded by what is lent: long")
    bench.world.ask(Panic(actor="t"))
    bench.settled()


def test_nothing_to_lend_is_refused_at_arm_with_its_numbers(record_property: Any) -> None:
    bench = begun(Bench([]))
    limited(bench, **{asset(bench, Side.SHORT): Decimal(0)})
    refused = arm(bench, Side.SHORT)
    assert refused is not None
    assert refused.code == "insufficient_margin"
    numbers = dict(refused.numbers)
    assert Decimal(numbers["insufficient_margin"]) == 0
    assert Decimal(numbers["insufficient_margin_limit"]) > 0
    assert bench.views == []
    assert bench.requests(Purpose.ENTRY) == []
    assert arm(bench, Side.LONG) is None, "a long has money of its own"
    record_property("happened", "gate denied at arm, what is lent: 1")


def test_what_is_lent_less_at_the_signal_is_denied_before_an_order_leaves(
    record_property: Any,
) -> None:
    """Armed while there was enough; the system's inventory is gone when the signal comes."""
    bench = begun(Bench([], seconds=3_000, faults=(scarce := Scarce("1"))))
    asked = bench.world.ask(
        Arm(
            symbol=bench.world.symbol,
            strategy="all-in",
            idempotency_key="k",
            actor="t",
            side=Side.SHORT,
        )
    )
    bench.world.until(asked.answer.done)
    assert asked.answer.exception() is None
    scarce.exchange.share = Decimal(0)
    view = bench.view
    monitor = bench.world.monitor
    price = monitor.custody.context(bench.world.symbol).price
    assert price is not None
    monitor._signal(view, monitor.desk.seen(view, DetectorSignal(side=Side.SHORT, entry_ref=price)))
    bench.world.until(lambda: bench.view.rejection is not None, at_most=5_000)
    rejection = bench.view.rejection
    assert rejection is not None
    assert "insufficient_margin" in dict(rejection.numbers)
    assert bench.requests(Purpose.ENTRY) == []
    assert bench.view.state is PositionState.ARMED
    record_property("happened", "gate denied at the signal, what is lent: 1")


def test_a_loan_that_is_gone_between_question_and_order_fails_the_entry() -> None:
    bench = begun(Bench([], faults=Scarce("0", orders_only=True)))
    assert arm(bench, Side.SHORT) is None
    bench.world.until(lambda: bench.view.state.is_terminal, at_most=5_000)
    failed = [r.event for r in bench.world.journal.read() if isinstance(r.event, e.EntryFailed)]
    assert [event.code for event in failed] == [-3045]
    assert len(bench.requests(Purpose.ENTRY)) == 1, "never again"


def test_the_exchange_says_what_it_lends_by_equity_and_by_limit() -> None:
    bench = begun(Bench([]))
    bench.world.until(lambda: bool(bench.world.monitor.custody.unreconciled) is False)
    arm(bench, Side.LONG)
    symbol = bench.world.symbol
    told = bench.world.monitor.custody.credit[symbol].credit
    assert told is not None
    room = BALANCE * (Terms().max_leverage - 1)
    assert told.quote == room
    price = bench.world.monitor.custody.credit[symbol].account.index_price
    assert 0 <= room / price - told.base < Decimal("1E-8")

"""Orders that fill in pieces, late, in part or not at all: protected, left whole, paid back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.entries import InterestCharged
from robson.connectors.simulated.faults import Piece
from robson.domain import events as e
from robson.domain.commands import Arm, Panic
from robson.domain.errors import Refused
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, Side
from robson.engine.insuring import wanted_stop
from robson.engine.orders import insured_quantity
from robson.engine.settle import LAG_NS
from robson.sim.faults import FaultPlan, FaultyExchange
from robson.sim.world import World
from tests.simulation.worlds import Bench, first_price

SIDES = pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
Recorder = Callable[[str, object], None]
Shares = tuple[tuple[str, int], ...]
"""Of an order: which part of it trades after how many seconds."""


class Book(FaultPlan):
    """A book that gives the first order of a purpose these shares, and every other one all."""

    def __init__(self, purpose: Purpose, *shares: tuple[str, int]) -> None:
        super().__init__(0)
        self.exchange = _Shared(self, purpose, shares)


class _Shared(FaultyExchange):
    def __init__(self, plan: Book, purpose: Purpose, shares: Shares) -> None:
        super().__init__(plan)
        self.plan, self.purpose, self.shares = plan, purpose, shares

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        ours = read_client_order_id(client_id)
        if ours is None or ours.purpose is not self.purpose or self.plan.counts["book"]:
            return None
        self.plan.strike("book")
        lot = self.plan.lot
        return tuple(
            Piece(quantity=max(lot, quantity * Decimal(share) // lot * lot), after_ns=s * NS_PER_S)
            for share, s in self.shares
        )


def bench_of(book: Book, *prices: tuple[int, Decimal]) -> Bench:
    return Bench(list(prices), faults=book)


def events(world: World, *kinds: type) -> list[e.PositionEvent]:
    return [row.event for row in world.journal.read() if isinstance(row.event, kinds)]


def stop_of(side: Side) -> Decimal:
    plan = Bench([]).active(side).plan
    assert plan is not None
    return plan.stops.stop


@pytest.mark.proves("R4", "I-20", "I-33", "P11")
@SIDES
def test_an_open_entry_is_protected_after_a_second_and_grows(
    side: Side, record_property: Recorder
) -> None:
    book = Book(Purpose.ENTRY, ("0.4", 0), ("0.3", 7), ("0.3", 14))
    bench = bench_of(book, (90, stop_of(side) - side.sign * Decimal("0.01")))
    bench.arm(side)
    bench.world.until(lambda: bench.view.insurance.state == "resting", at_most=20_000)
    view, opened = bench.view, bench.view.entry
    assert view.entry_open
    assert opened is not None
    took_ns = view.insurance.accepted_ns - opened.fills[0].at_ns  # type: ignore[operator]
    assert NS_PER_S <= took_ns <= 2 * NS_PER_S
    assert [len(event.fills) for event in events(bench.world, e.EntryPartlyFilled)] == [1]

    bench.at(60)
    view = bench.view
    assert (view.state, view.entry_open) == (PositionState.ACTIVE, False)
    assert [len(x.fills) for x in events(bench.world, e.EntryPartlyFilled, e.EntryFilled)] == [
        *(1, 2),
        3,
    ]
    stops = [event.quantity for event in events(bench.world, e.InsurancePlaced)]
    assert stops == sorted(stops)
    assert len(set(stops)) == len(stops) == 3, "placed again each time there was more to cover"
    view = bench.settled()
    assert view.entry is not None
    lots = bench.world.instrument.order_step
    assert view.orders[0].order.quantity - view.entry.quantity <= 2 * lots
    record_property("happened", f"open entry protected after {took_ns / NS_PER_S:.2f} s")


@SIDES
def test_the_stop_is_hit_while_the_entry_is_open(side: Side) -> None:
    """The rest of the entry is taken back; what it had bought by then is left whole."""
    beyond = stop_of(side) - side.sign * Decimal("0.01")
    book = Book(Purpose.ENTRY, ("0.4", 0), ("0.2", 9), ("0.3", 60))
    bench = bench_of(book, (8, beyond))
    bench.arm(side)
    view = bench.settled()

    (cancelling,) = events(bench.world, e.EntryCancelling)
    assert isinstance(cancelling, e.EntryCancelling)
    assert cancelling.cancel.target == view.orders[0].client_id
    (ended,) = events(bench.world, e.EntryFilled)
    assert isinstance(ended, e.EntryFilled)
    assert ended.quantity < view.orders[0].order.quantity
    assert view.closed is not None
    assert view.closed.reason == "stop_loss"


@SIDES
def test_panic_takes_an_unfilled_entry_back(side: Side) -> None:
    bench = bench_of(Book(Purpose.ENTRY, ("1", 30)))
    bench.arm(side)
    bench.world.until(lambda: bench.view.orders[0].status == "resting", at_most=20_000)
    bench.world.ask(Panic(actor="t"))
    bench.at(20)
    view = bench.settled()

    assert view.state is PositionState.CANCELLED
    account = bench.checks.truth(bench.world.scope).account
    assert account.quote.debt == account.base.debt == 0 or side is Side.SHORT
    assert len(events(bench.world, e.EntryCancelling)) == 1


@SIDES
def test_an_exit_that_trades_late_is_waited_for(side: Side) -> None:
    """One market exit, accepted and then filled in three trades; nobody sends a second one."""
    beyond = stop_of(side) - side.sign * Decimal("0.01")
    bench = bench_of(Book(Purpose.EXIT, ("0.4", 0), ("0.3", 2), ("0.3", 4)), (8, beyond))
    bench.active(side)
    bench.world.faults.excuse("book", bench.world.clock.now_ns + 60 * NS_PER_S)
    view = bench.settled()

    assert len(events(bench.world, e.ExitAccepted)) == 1
    assert len(view.exit_fills) >= 3
    assert len(bench.requests(Purpose.EXIT)) <= 2, "one, and one for a rounded rest"


@pytest.mark.proves("R4", "P13")
def test_a_long_too_small_to_sell_is_left_as_dust() -> None:
    bench = bench_of(Book(Purpose.ENTRY, ("0", 0)))
    bench.arm(Side.LONG)
    view = bench.settled()

    assert view.closed is not None
    assert (view.closed.reason, view.closed.by) == ("entry_dust", "reconciled")
    assert view.closed.quantity == view.closed.gross == 0
    assert 0 < view.closed.dust * first_price() < bench.world.instrument.min_notional
    assert bench.requests(Purpose.INSURANCE) == bench.requests(Purpose.EXIT) == []


@pytest.mark.proves("R11")
def test_dust_beside_base_of_a_person_closes_and_their_base_stays() -> None:
    """Nothing of it was ever sold; the account has more than dust, which is not the position's."""
    bench = bench_of(Book(Purpose.ENTRY, ("0", 0)))
    world, base = bench.world, bench.world.instrument.symbol.base
    bench.arm(Side.LONG)
    theirs = Decimal(2)
    world.until(lambda: bench.view.entry is not None, at_most=20_000)
    world.exchange.deposit(world.scope, base, theirs, at_ns=world.clock.exchange_ns())
    view = bench.settled()

    assert view.closed is not None
    assert (view.closed.reason, view.error) == ("entry_dust", None)
    assert 0 < view.closed.dust * first_price() < bench.world.instrument.min_notional
    assert bench.requests(Purpose.INSURANCE) == bench.requests(Purpose.EXIT) == []
    assert bench.checks.truth(world.scope).account.base.free > theirs


@pytest.mark.proves("R11")
def test_a_short_too_small_to_buy_back_that_a_person_covers_closes() -> None:
    """It owes less than any order, and base that somebody brought is more than that."""
    bench = bench_of(Book(Purpose.ENTRY, ("0", 0)))
    world, base = bench.world, bench.world.instrument.symbol.base
    bench.arm(Side.SHORT)
    world.until(lambda: bench.view.entry is not None, at_most=20_000)
    world.exchange.deposit(world.scope, base, Decimal(2), at_ns=world.clock.exchange_ns())
    held = bench.view.entry
    assert held is not None
    world.ask(Panic(actor="t"))
    view = bench.settled()

    assert view.closed is not None
    assert view.closed.at_ns - held.at_ns >= LAG_NS, "an account may lag behind the entry so long"
    assert bench.checks.truth(world.scope).account.base.debt == 0


@pytest.mark.proves("R20", "P14", "I-02")
def test_a_loan_without_a_fill_is_paid_back() -> None:
    """The exchange lends when it takes an order, and keeps lending when nothing executes."""
    bench = bench_of(Book(Purpose.ENTRY))
    bench.arm(Side.SHORT)
    bench.world.until(lambda: bench.view.state is PositionState.CANCELLED, at_most=20_000)
    owed = bench.checks.truth(bench.world.scope).account.base
    assert owed.borrowed == bench.view.orders[0].order.quantity
    assert not bench.view.is_settled
    view = bench.settled()

    assert view.repay_attempts == 1
    left = bench.checks.truth(bench.world.scope).account.base
    assert (left.debt, left.free) == (owed.interest, 0), "interest in base that nobody has"
    (charged,) = events(bench.world, e.LoanCharged)
    paid = [
        entry.amount
        for entry in bench.world.exchange.books.entries()
        if isinstance(entry, InterestCharged)
    ]
    price = view.account.index_price if view.account else 0
    assert charged.interest == sum(paid) * price > 0
    standing = bench.world.monitor.roster.standing
    assert standing.month_net == standing.day.net == -charged.interest, "the month has lost it"


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_interest_that_nobody_has_is_bought_back_by_the_next_short(
    side: Side, record_property: Any
) -> None:
    """A long would have to owe it for ever, so it is refused; a short's way out pays it."""
    bench = bench_of(Book(Purpose.ENTRY))
    bench.arm(Side.SHORT)
    bench.settled()
    owed = bench.checks.truth(bench.world.scope).account.base.debt
    assert 0 < owed <= bench.world.instrument.order_step
    asked = bench.world.ask(
        Arm(symbol=bench.world.symbol, strategy="now", idempotency_key="2", actor="t", side=side)
    )
    bench.world.until(asked.answer.done)
    error = asked.answer.exception()
    if side is Side.LONG:
        assert isinstance(error, Refused)
        assert error.code == "wallet_not_clean"
        return
    assert error is None
    bench.world.until(lambda: bench.views[-1].insurance.state == "resting", at_most=20_000)
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: not bench.world.monitor.roster.live(), at_most=20_000)
    assert bench.views[-1].settled is not None
    assert bench.checks.truth(bench.world.scope).account.base.debt == 0
    assert bench.checks.audit.violations == [], [str(v) for v in bench.checks.audit.violations]
    record_property("happened", "interest that nobody had was bought back by the next short")


@pytest.mark.parametrize("share", ["1", "0.9", "0.5", "0.1"])
def test_the_stop_of_next_to_nothing_is_an_order_wherever_it_rests(share: str) -> None:
    """A short of less than the smallest order is bought back by that order, at the stop in force.

    As many units as would do at the entry are worth too little where the stop lies far below it.
    """
    bench = bench_of(Book(Purpose.ENTRY, ("0.000001", 0)))
    view = bench.active(Side.SHORT)
    rules = bench.world.instrument
    assert view.entry is not None
    assert view.stop is not None
    assert view.entry.held == rules.order_step, "next to nothing was sold"
    followed = attrs.evolve(view, stop=rules.price_of(rules.ticks(view.stop * Decimal(share))))
    ctx = bench.world.monitor.custody.context(str(view.scope.symbol))

    quantity = insured_quantity(followed, ctx)
    assert rules.exit_quantity(quantity, wanted_stop(followed, ctx)) == quantity

"""Answers that never came, orders that the exchange denies, and stops that are simply gone."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.domain import events as e
from robson.domain.identity import PositionId, Purpose
from robson.domain.intents import QueryOrder, ReadAccount
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, Balance
from robson.domain.values import NS_PER_S, Quantity, Side
from robson.domain.view import InsuranceView, OrderRecord
from robson.engine.leaving import leaving
from robson.engine.orders import exit_order
from robson.engine.settle import decide_account
from robson.engine.step import Known
from tests.simulation.worlds import Bench, Script, first_price

FALLS_AT = 60
SETTLE_S = 16
ZERO = Decimal(0)
BOTH = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)


def past_both_stops(side: Side) -> Decimal:
    return (first_price() * (1 - side.sign * Decimal("0.05"))).quantize(Decimal("0.01"))


def events(bench: Bench) -> list[object]:
    return [recorded.event for recorded in bench.world.journal.read()]


@pytest.mark.proves("R2", "P1", "P2", "I-50", "I-18")
@BOTH
def test_an_entry_that_the_exchange_denies_for_a_while_is_found(side: Side) -> None:
    script = Script(lost=Purpose.ENTRY, hidden_s=12)
    bench = Bench([(FALLS_AT, past_both_stops(side))], faults=script)
    view = bench.active(side)

    assert script.counts["lost_answer"] == 1
    assert script.counts["hidden_order"] > 2  # -2013, again and again, was no proof
    assert view.entry is not None
    assert view.entry.reconciled
    assert len(bench.requests(Purpose.ENTRY)) == 1
    bench.settled()
    assert len(bench.requests(Purpose.ENTRY)) == 1


@pytest.mark.proves("R3")
@BOTH
def test_an_entry_that_was_lost_is_absent_only_after_the_settle_time(side: Side) -> None:
    script = Script(lost=Purpose.ENTRY, request=True)
    bench = Bench([], faults=script)
    bench.arm(side)
    view = bench.settled()

    assert (view.state, view.cancel_reason) == (PositionState.CANCELLED, "absent")
    assert bench.requests(Purpose.ENTRY) == []
    (failed,) = [event for event in events(bench) if isinstance(event, e.EntryFailed)]
    (sent,) = [event for event in events(bench) if isinstance(event, e.OrderSending)]
    assert failed.at_ns - sent.at_ns > SETTLE_S * NS_PER_S


@pytest.mark.proves("A", "P7", "I-35", "P12")
@BOTH
def test_a_gap_past_both_stops_is_left_once(side: Side) -> None:
    """The exchange's stop fills in the instant in which Robson cancels it: gone, not cancelled."""
    bench = Bench([(FALLS_AT, past_both_stops(side))])
    bench.active(side)
    view = bench.settled()

    assert any(isinstance(event, e.InsuranceGone) for event in events(bench))
    assert not any(isinstance(event, e.InsuranceCancelled) for event in events(bench))
    assert view.insurance_fills
    assert bench.requests(Purpose.EXIT) == []


@pytest.mark.proves("R17", "P8")
@BOTH
def test_an_exit_whose_answer_is_lost_is_found_and_not_repeated(side: Side) -> None:
    script = Script(lost=Purpose.EXIT)
    bench = Bench([(FALLS_AT, _between(side))], faults=script)
    bench.active(side)
    view = bench.settled()

    assert script.counts["lost_answer"] == 1
    assert any(isinstance(event, e.OrderUnknown) for event in events(bench))
    assert len(bench.requests(Purpose.EXIT)) == 1
    assert len(view.exit_fills) == 1


@BOTH
def test_an_account_of_before_the_entry_is_nothing_to_hold_a_lost_exit_against(side: Side) -> None:
    """An answer that lags shows no position; were it believed, no absence could be proved again."""
    bench = Bench([])
    view = bench.active(side)
    account = read_account(bench)
    nothing = Balance(
        asset=account.base.asset, free=ZERO, locked=ZERO, borrowed=ZERO, interest=ZERO
    )
    ctx = bench.world.monitor.custody.context(str(view.scope.symbol))

    assert decide_account(view, attrs.evolve(account, base=nothing), ctx).events == ()
    (read,) = decide_account(view, account, ctx).events
    assert isinstance(read, e.AccountRead)


def read_account(bench: Bench) -> AccountSnapshot:
    world = bench.world
    question = ReadAccount(scope=world.scope, position=PositionId("pos_01J00000000000000000000000"))
    now = world.clock.exchange_ns()
    answer = world.exchange.handle(question, at_ns=now, arrived_ns=now, forwarded_ns=now)
    assert isinstance(answer, AccountSnapshot)
    return answer


@BOTH
def test_an_exit_that_was_accepted_is_asked_about_after_its_repeat_was_refused(side: Side) -> None:
    """A repeat is refused, then the first is found to wait: its fills are asked for, of itself."""
    bench = Bench([])
    view = bench.active(side)
    ctx = bench.world.monitor.custody.context(str(view.scope.symbol))
    ours, exits = view.orders, []
    for attempt, status in enumerate(("resting", "failed")):
        order = exit_order(view, ctx, quantity=Quantity(Decimal(1)), attempt=attempt)
        exits.append(OrderRecord(order=order, attempt=attempt, status=status))
    gone = attrs.evolve(
        view,
        state=PositionState.EXITING,
        orders=(*ours, *exits),
        insurance=InsuranceView(state="none"),
    )

    (question,) = leaving(gone, ctx, Known()).decision.intents
    assert isinstance(question, QueryOrder)
    assert question.target == exits[0].client_id


def _between(side: Side) -> Decimal:
    plan = Bench([]).active(side).plan
    assert plan is not None
    return ((plan.stops.stop + plan.insurance.stop_price) / 2).quantize(Decimal("0.01"))


@pytest.mark.proves("R20", "P14", "I-46")
def test_a_debt_that_was_left_is_repaid_before_it_is_settled() -> None:
    script = Script(skips_repay=True)
    bench = Bench([(FALLS_AT, _between(Side.SHORT))], faults=script)
    bench.active(Side.SHORT)
    view = bench.settled()

    assert script.counts["skipped_repay"] == 1
    assert view.repay_attempts >= 1
    account = bench.checks.truth(bench.world.scope).account
    assert (account.base.debt, account.quote.debt) == (0, 0)
    kinds = [type(event) for event in events(bench)]
    assert kinds.index(e.PositionClosed) < kinds.index(e.RepayRequested) < kinds.index(e.PnlSettled)


@pytest.mark.proves("P13")
def test_a_residue_below_the_smallest_order_is_dust() -> None:
    """A thin book leaves two lots, worth less than any order: nothing more can be sold."""
    script = Script(leaves_lots=2)
    bench = Bench([(FALLS_AT, _between(Side.LONG))], faults=script)
    bench.active(Side.LONG)
    view = bench.settled()

    assert script.counts["thin_book"] == 1
    assert len(bench.requests(Purpose.EXIT)) == 1
    assert view.closed is not None
    lots = bench.world.instrument.order_step
    assert 2 * lots <= view.closed.dust < 3 * lots
    assert view.closed.dust * first_price() < bench.world.instrument.min_notional

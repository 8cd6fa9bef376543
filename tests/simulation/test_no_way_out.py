"""Exits that the exchange refuses: one for each proof that the position is open, and an end.

The account was liquidated and owes more than it has; somebody else has closed the position, or
holds its inventory back. Every request is counted.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.account import Account
from robson.connectors.simulated.orders import Order
from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import Purpose, client_order_id
from robson.domain.intents import PlaceOrder
from robson.domain.lifecycle import PositionState
from robson.domain.reports import ApiError
from robson.domain.values import MONEY, NS_PER_S, Action, ExchangeNs, Price, Side
from robson.sim.seams import WatchedExchange
from tests.simulation import outsiders, worlds
from tests.simulation.test_month import Turning
from tests.simulation.worlds import Bench, first_price

SIDES = pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
FALLS_AT = 30
TICK = Decimal("0.01")


def excuse(bench: Bench) -> None:
    """What others do is nobody's fault here, however long it lasts."""
    faults, now_ns = bench.world.faults, bench.world.clock.now_ns
    faults.excuse("stranger", now_ns + 300 * NS_PER_S)


def rows(bench: Bench, *kinds: type) -> list[Any]:
    return [row.event for row in bench.world.journal.read() if isinstance(row.event, kinds)]


def asked(bench: Bench, since_ns: int = 0) -> list[str]:
    """Requests that the exchange saw, in order."""
    log = bench.world.exchange.request_log(bench.world.scope)
    return [entry.request for entry in log if entry.at_ns >= since_ns]


def bankrupt_at(side: Side) -> Price:
    """A price so far beyond that of the liquidation that the debt cannot be repaid."""
    bench = Turning(seconds=60)
    bench.active(side)
    rules, accounts = bench.world.instrument, bench.world.exchange.state.accounts
    with localcontext(MONEY):
        price = accounts[bench.world.scope].liquidate_price(rules.liquidation_ratio)
        assert price is not None
        return rules.price_down(price * (1 - side.sign * Decimal("0.6")))


@pytest.mark.proves("C", "I-35")
def test_a_bankrupt_short_ends_in_one_error_and_asks_no_more(
    monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    monkeypatch.setattr(worlds, "SEED", 1)
    bench = Turning([(FALLS_AT, bankrupt_at(Side.SHORT))], seconds=1200)
    bench.active(Side.SHORT)
    bench.at(FALLS_AT + 60)
    view, said = bench.view, len(rows(bench, object))
    assert bench.world.exchange.counts()["liquidation_leaves_debt"] == 1
    assert (view.state, len(bench.requests(Purpose.EXIT))) == (PositionState.ERROR, 0)
    assert view.error is not None
    assert view.error.code == "exit_impossible"
    for text in ("owes 1.25052091 ETH", "USDT is free", "Move USDT into the isolated pair"):
        assert text in view.error.message
    assert all(fill.is_forced for fill in view.exit_fills)
    bench.at(500)

    since_ns = bench.world.began_ns + (FALLS_AT + 60) * 1_000_000_000
    assert len(rows(bench, object)) == said, "not a row for what nobody can do anything about"
    assert set(asked(bench, since_ns)) <= {"ReadAccount"}
    assert len(asked(bench, since_ns)) <= 42, "no more than the level is read"
    record_property("happened", "a bankrupt short stands still")


@pytest.mark.proves("C")
def test_a_bankrupt_short_is_left_once_somebody_moves_money_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worlds, "SEED", 1)
    bench = Turning([(FALLS_AT, bankrupt_at(Side.SHORT))], seconds=400)
    bench.active(Side.SHORT)
    bench.at(FALLS_AT + 30)
    assert bench.view.state is PositionState.ERROR
    bench.world.ask(Panic(actor="t"))
    bench.at(FALLS_AT + 60)
    assert bench.view.state is PositionState.ERROR, "nothing has changed"
    assert bench.requests(Purpose.EXIT) == []
    bench.world.deposit(Decimal(20_000))
    bench.world.ask(Panic(actor="t"))
    bench.at(FALLS_AT + 90)
    assert bench.view.closed is not None
    assert len(bench.requests(Purpose.EXIT)) == 1
    assert bench.world.exchange.state.accounts[bench.world.scope].base.debt == 0


@pytest.mark.proves("R20")
def test_a_long_that_owes_after_its_liquidation_writes_no_row_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worlds, "SEED", 1)
    bench = Turning([(FALLS_AT, bankrupt_at(Side.LONG))], seconds=1200)
    bench.active(Side.LONG)
    bench.at(FALLS_AT + 60)
    assert (bench.view.state, bench.view.settled) == (PositionState.CLOSED, None)
    said, (frozen,) = len(rows(bench, object)), rows(bench, e.ScopeFrozen)
    assert "owes 1182." in frozen.reason
    assert len(bench.requests(Purpose.EXIT)) <= 1
    bench.at(500)
    assert len(rows(bench, object)) == said
    bench.world.deposit(Decimal(2_000))
    bench.at(560)
    assert bench.view.settled is not None


class Overtaken(WatchedExchange):
    """Somebody else sells what we hold in the instant in which our exit arrives."""

    due = True

    def take(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Order | ApiError:
        """Their order goes first."""
        if request.purpose is Purpose.EXIT and self.due:
            self.due = False
            theirs = super().take(attrs.evolve(request, client_id="web_1"), account, at_ns)
            assert isinstance(theirs, Order)
        return super().take(request, account, at_ns)


def past_our_stop_alone(side: Side) -> Decimal:
    """Between our stop and the exchange's."""
    plan = Bench([]).active(side).plan
    assert plan is not None
    return ((plan.stops.stop + plan.insurance.stop_price) / 2).quantize(TICK)


@pytest.mark.proves("I", "R19", "I-35")
def test_an_exit_that_was_overtaken_is_refused_once_and_closed_by_evidence(
    record_property: Any,
) -> None:
    bench = Bench([(FALLS_AT, past_our_stop_alone(Side.LONG))], exchange=Overtaken)
    bench.active(Side.LONG)
    view = bench.settled()
    assert len(bench.requests(Purpose.EXIT)) == 1, "one attempt, refused"
    (retry,) = rows(bench, e.ExitRetry)
    assert retry.code == -2010
    assert view.closed is not None
    assert (view.closed.reason, view.closed.by) == ("stop_loss", "reconciled")
    assert {fill.client_id for fill in view.exit_fills} == {"web_1"}
    record_property("happened", "overtaken, refused once, closed by their trades")


@pytest.mark.proves("I", "R19")
@SIDES
def test_who_is_flat_already_sends_no_exit_at_all(side: Side, record_property: Any) -> None:
    """The account is read before an exit of a short; a long's exit is refused by the exchange."""
    bench = Bench([(FALLS_AT, past_our_stop_alone(side))], seconds=200)
    view = bench.active(side)
    excuse(bench)
    bench.at(FALLS_AT - 2)
    world, stop = bench.world, view.insurance.client_id
    assert stop is not None
    outsiders.cancels(bench, stop)
    held = world.exchange.state.accounts[world.scope].base
    quantity = held.free if side is Side.LONG else held.debt / Decimal("0.999")
    rules = world.instrument
    theirs = rules.floor_quantity(quantity) if side is Side.LONG else rules.ceil_quantity(quantity)
    outsiders.trades(bench, side.exit_action, theirs)
    view = bench.settled()
    assert view.closed is not None
    assert view.closed.by == "reconciled"
    assert len(bench.requests(Purpose.EXIT)) <= (1 if side is Side.LONG else 0)
    record_property("happened", f"flat before the exit: {side.value}")


@pytest.mark.proves("C")
@SIDES
def test_a_stop_of_ours_that_locks_the_exit_is_taken_back(side: Side) -> None:
    """The journal does not know it: its placing was told as refused, and it rests."""
    bench = Bench([(FALLS_AT, past_our_stop_alone(side))], seconds=200)
    view = bench.active(side)
    excuse(bench)
    bench.at(FALLS_AT - 2)
    world, first = bench.world, view.insurance
    assert first.client_id is not None
    assert first.quantity is not None
    assert first.stop_price is not None
    outsiders.cancels(bench, first.client_id)
    hidden = client_order_id(Purpose.INSURANCE, world.scope, view.id, attempt=30, epoch=1)
    outsiders.rests(bench, side.exit_action, first.quantity, first.stop_price, hidden)
    view = bench.settled()
    assert view.closed is not None
    assert view.closed.by == "exit"
    assert [each.client_id for each in rows(bench, e.InsurancePlaced)] == [first.client_id, hidden]
    assert len(bench.requests(Purpose.EXIT)) <= 2


@pytest.mark.proves("C", "R21")
def test_what_somebody_else_holds_back_is_told_and_never_hammered(record_property: Any) -> None:
    bench = Bench([(FALLS_AT, past_our_stop_alone(Side.LONG))], seconds=400)
    view = bench.active(Side.LONG)
    excuse(bench)
    bench.at(FALLS_AT - 2)
    stop = view.insurance
    assert stop.client_id is not None
    assert stop.quantity is not None
    outsiders.cancels(bench, stop.client_id)
    deep = first_price() / 2 // TICK * TICK
    outsiders.rests(bench, Action.SELL, stop.quantity, deep, "web_1")
    bench.at(FALLS_AT + 100)
    view = bench.view
    assert view.error is not None
    assert "held back by web_1, which is not Robson's" in view.error.message
    assert len(bench.requests(Purpose.EXIT)) == 1
    outsiders.cancels(bench, "web_1")
    bench.world.ask(Panic(actor="t"))
    assert bench.settled().closed is not None
    record_property("happened", "a stranger's order locked a long")

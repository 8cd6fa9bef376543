"""The exchange stop over its life: refused, moved, outgrown by interest; what is bare is counted.

Both types of stop, long and short, in whole worlds under every check.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.tape import Columns
from robson.daemon import reconciler
from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import Purpose
from robson.domain.intents import Intent, OrderType, PlaceOrder, QueryOrder
from robson.domain.lifecycle import PositionState
from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_S, ExchangeNs, Price, Side
from robson.domain.view import PositionView
from robson.engine import insuring
from robson.engine.pursue import pursue
from robson.engine.settings import Settings
from robson.engine.step import Known
from robson.sim.faults import FaultPlan, FaultyExchange
from tests.simulation import outsiders, worlds
from tests.simulation.worlds import SEED, Bench, Script, first_price

SIDES = pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
TYPES = pytest.mark.parametrize("limited", [False, True], ids=["market", "limit"])
TICK = Decimal("0.01")
FILTER = ApiError(status=400, code=-1013, message="Filter failure: PERCENT_PRICE_BY_SIDE")
BUSY = ApiError(status=429, code=-1003, message="Too many requests")
DAY_S = 86_400


class Refusing(FaultPlan):
    """The exchange refuses stops as long as a test says so."""

    def __init__(self, refuses: Callable[[PlaceOrder, int], ApiError | None]) -> None:
        super().__init__(SEED)
        self.exchange = _Refuses(self, refuses)


class _Refuses(FaultyExchange):
    def __init__(self, plan: FaultPlan, refuses: Callable[..., ApiError | None]) -> None:
        super().__init__(plan)
        self._plan_, self._refuses_ = plan, refuses
        self.asked: list[PlaceOrder] = []

    def rejects(self, request: Intent, *_: Any) -> ApiError | None:
        """Refuse what the test wants refused, and excuse what follows."""
        if not isinstance(request, PlaceOrder) or request.purpose is not Purpose.INSURANCE:
            return None
        self.asked.append(request)
        no = self._refuses_(request, len(self.asked))
        if no is not None:
            self._plan_.strike("refused_stop")
            self._plan_.excuse("refused_stop", self._plan_.clock.now_ns + 40 * NS_PER_S)
        return no


def rose(side: Side) -> Decimal:
    """A price beyond the first rung, which moves the stop, and short of the target."""
    plan = Bench([]).active(side).plan
    assert plan is not None
    return (first_price() + side.sign * plan.stops.span * Decimal("1.5")).quantize(TICK)


def rows(bench: Bench, *kinds: type) -> list[Any]:
    return [row.event for row in bench.world.journal.read() if isinstance(row.event, kinds)]


def stops(bench: Bench) -> list[PlaceOrder]:
    return [event.order for event in rows(bench, e.InsuranceRequested)]


# --- refused -------------------------------------------------------------------------------------


@SIDES
def test_the_other_type_is_tried_at_once(side: Side, record_property: Any) -> None:
    faults = Refusing(lambda order, _: FILTER if order.type is OrderType.STOP_LOSS else None)
    bench = Bench([], faults=faults)
    view = bench.active(side)
    assert [order.type for order in stops(bench)] == [
        OrderType.STOP_LOSS,
        OrderType.STOP_LOSS_LIMIT,
    ]
    assert view.insurance.error is None
    assert view.bare_after_fill_ns < NS_PER_S, "one round trip more, and no second of waiting"
    assert faults.counts["refused_stop"] == 1
    record_property("happened", f"the other type was taken: {side.value}")


def test_a_busy_exchange_is_not_asked_again_at_once() -> None:
    faults = Refusing(lambda _, number: BUSY if number <= 3 else None)
    bench = Bench([], faults=faults)
    bench.active(Side.LONG)
    asked = [event.at_ns for event in rows(bench, e.InsuranceRequested)]
    waits = [(b - a) // NS_PER_S for a, b in pairwise(asked)]
    assert waits == [1, 2, 4]


def test_retries_slow_down_and_never_end_and_the_symbol_takes_no_entry() -> None:
    faults = Refusing(lambda *_: FILTER)
    bench = Bench([], seconds=200, faults=faults)
    bench.arm(Side.LONG)
    bench.at(150)
    view = bench.view
    assert view.state is PositionState.ACTIVE, "never left only because no stop was taken"
    assert view.insurance.error == f"{FILTER.code}: {FILTER.message}"
    assert bench.requests(Purpose.EXIT) == []
    asked = [event.at_ns for event in rows(bench, e.InsuranceRequested)]
    waits = [(b - a) // NS_PER_S for a, b in pairwise(asked)]
    assert waits == [0, 2, 4, 8, 16, 30, 30, 30]
    (frozen,) = rows(bench, e.ScopeFrozen)
    assert (frozen.scope, frozen.code) == (bench.world.symbol, "unprotected")
    assert FILTER.message in frozen.reason
    assert view.bare_since_ns is not None, "it is counted while it lasts"
    late_s = (frozen.at_ns - view.bare_since_ns) / NS_PER_S
    assert 30 <= late_s < 31


@SIDES
def test_a_stop_that_would_trigger_runs_the_stop_rule(side: Side) -> None:
    no = ApiError(status=400, code=-2010, message="Stop price would trigger immediately.")
    bench = Bench([], faults=Refusing(lambda *_: no))
    bench.arm(side)
    view = bench.settled()
    assert view.closed is not None
    assert (view.closed.reason, len(bench.requests(Purpose.EXIT))) == ("stop_loss", 1)
    assert len(stops(bench)) == 1


# --- moved: race F -------------------------------------------------------------------------------


@pytest.mark.proves("F")
@SIDES
@TYPES
def test_a_refused_move_takes_the_old_price_again(
    side: Side, record_property: Any, *, limited: bool
) -> None:
    faults = Refusing(lambda _, number: FILTER if number == 2 else None)
    bench = Bench([(20, rose(side))], seconds=200, faults=faults, only_limited=limited)
    first = bench.active(side).insurance.stop_price
    bench.at(60)
    asked = stops(bench)
    assert [order.stop_price == first for order in asked] == [True, False, True]
    assert asked[0].type is asked[2].type
    assert bench.view.insurance.state == "resting"
    assert bench.view.stop != bench.view.plan.stops.stop, "ours has moved all the same"
    assert bench.view.bare_replacing_ns < NS_PER_S
    bench.at(100)
    moved = stops(bench)[3:]
    assert [order.stop_price for order in moved] == [asked[1].stop_price], "a minute later, again"
    record_property("happened", f"old price again: {side.value}")


@SIDES
def test_a_first_stop_that_was_refused_is_no_refused_move(side: Side) -> None:
    """It rests where it belongs in the end, and follows the price without a minute of waiting."""
    faults = Refusing(lambda _, number: BUSY if number == 1 else None)
    bench = Bench([(20, rose(side))], faults=faults)
    first = bench.active(side).insurance.stop_price
    bench.at(30)
    assert [order.stop_price == first for order in stops(bench)] == [True, True, False]
    assert bench.view.insurance.state == "resting"


@pytest.mark.proves("F")
def test_then_the_other_type_at_the_old_price() -> None:
    faults = Refusing(lambda _, number: FILTER if number in (2, 3) else None)
    bench = Bench([(20, rose(Side.LONG))], seconds=120, faults=faults)
    first = bench.active(Side.LONG).insurance.stop_price
    bench.at(60)
    third, fourth = stops(bench)[2:4]
    assert (third.type, fourth.type) == (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)
    assert (third.stop_price, fourth.stop_price) == (first, first)
    assert bench.view.insurance.state == "resting"


@pytest.mark.proves("F")
@SIDES
@pytest.mark.parametrize("near", [True, False], ids=["near", "far"])
def test_bare_for_long_it_is_left_only_near_the_stop(side: Side, *, near: bool) -> None:
    probe = Bench([(20, rose(side))])
    probe.active(side)
    probe.at(40)
    stop, plan = probe.view.stop, probe.view.plan
    assert stop is not None
    assert plan is not None
    close = (stop + side.sign * plan.stops.span / 5).quantize(TICK)
    prices = [(20, rose(side)), *([(40, close)] if near else [])]
    bench = Bench(
        prices, seconds=120, faults=Refusing(lambda _, number: FILTER if number > 1 else None)
    )
    bench.active(side)
    bench.at(45)
    assert bench.view.state is PositionState.ACTIVE
    bench.at(80)
    if not near:
        assert bench.view.state is PositionState.ACTIVE
        return
    view = bench.settled()
    assert view.closed is not None
    assert view.closed.reason == "degraded_mode"


@pytest.mark.proves("P18")
@SIDES
def test_moves_are_coalesced_and_wait_for_a_price_that_is_far(side: Side) -> None:
    """Two rungs within five seconds are one move; near the stop there is none at all."""
    plan = Bench([]).active(side).plan
    assert plan is not None
    span, sign = plan.stops.span, side.sign

    def price(spans: str) -> Decimal:
        return (first_price() + sign * span * Decimal(spans)).quantize(TICK)

    settings = Settings()
    prices = [(20, price("1.05")), (21, price("1.5")), (22, price("1.9")), (26, price("1.95"))]
    bench = Bench(prices, seconds=60)
    bench.active(side)
    bench.at(50)
    asked = stops(bench)
    times = [event.accepted_ns for event in rows(bench, e.InsurancePlaced)]
    gaps = [b - a for a, b in pairwise(times)]
    assert len(asked) == 2
    assert min(gaps) >= settings.min_replace_s * NS_PER_S


# --- outgrown by interest ------------------------------------------------------------------------


def weeks(bench_prices: int) -> Any:
    """A tape that stands still, a trade every quarter of an hour."""
    base = worlds._base()
    begin_ns, ticks = base.tape.first_ns, int(first_price().scaleb(base.tape.places))
    times = [begin_ns + each * 900 * NS_PER_S for each in range(bench_prices)]
    columns = Columns(array("q", times), (array("q", [ticks] * bench_prices),))
    return attrs.evolve(base, tape=replace(base.tape, columns=columns, bar_ns=0))


ASKED = {
    "too early": (0, 0, 29, False),
    "in time": (0, 0, 30, True),
    "in time, though something else was asked": (0, 29, 31, True),
    "nobody answered": (0, 30, 31, True),
    "nobody answered just now": (0, 30, 30, False),
}
"""Seconds: the stop was heard of, something was last asked, now; and whether it is asked about."""


def test_a_resting_stop_is_asked_about_whatever_else_is_asked(record_property: Any) -> None:
    """It may vanish at any time, so neither another question nor a lost answer puts it off."""
    bench = Bench([])
    view = bench.active(Side.LONG)
    begin_ns, ctx = (
        view.insurance.accepted_ns,
        bench.world.monitor.custody.context(bench.world.symbol),
    )
    assert begin_ns is not None
    for name, (heard, asked, now, asks) in ASKED.items():
        at = [ExchangeNs(begin_ns + each * NS_PER_S) for each in (heard, asked, now)]
        known = Known(stop_ns=at[0], asked_ns=at[1])
        step = pursue(view, attrs.evolve(ctx, now_ns=at[2]), known)
        found = [intent for intent in step.decision.intents if isinstance(intent, QueryOrder)]
        assert bool(found) is asks, name
    record_property("happened", f"a resting stop asked about or not: {len(ASKED)}")


def test_a_stop_that_waits_to_be_moved_is_asked_about(record_property: Any) -> None:
    """A move that was refused is tried again after a minute; until then it may vanish as any."""
    bench = Bench([])
    bench.active(Side.LONG)
    bench.at(4)
    view, begin_ns = bench.view, ExchangeNs(bench.world.clock.now_ns)
    assert view.plan is not None
    stops = view.plan.stops
    (rests,) = (o for o in view.orders if o.status == "resting")
    moved = [attrs.evolve(rests, status=status) for status in ("done", "failed")]
    later = attrs.evolve(view, stop=stops.entry_ref, orders=(*moved, *view.orders))
    ctx = bench.world.monitor.custody.context(bench.world.symbol)
    far = attrs.evolve(ctx, price=Price(stops.entry_ref + stops.span), now_ns=begin_ns)
    step = pursue(later, far, Known(stop_ns=begin_ns, asked_ns=begin_ns))
    assert not step.acts
    assert step.due_ns == begin_ns + insuring.INSURANCE_POLL_NS
    record_property("happened", "a stop that waits to be moved is asked about")


def test_a_stop_placed_since_the_start_needs_no_question(record_property: Any) -> None:
    """Journal: an entry of unknown outcome. What is placed for it now is known to rest."""
    bench = Bench([], faults=Script(lost=Purpose.ENTRY))
    bench.arm(Side.LONG)
    bench.world.until(lambda: any(order.status == "unknown" for order in bench.view.orders))
    bench.world.kill(dead_ns=NS_PER_S)
    bench.world.until(lambda: bench.view.insurance.state == "resting")
    pursuit = bench.world.monitor.custody.pursuits[bench.view.id]
    assert (pursuit.verified, pursuit.stop_ns) == (True, 0)
    record_property("happened", "a stop placed since the start")


@pytest.mark.proves("P14")
def test_the_stop_of_a_short_covers_the_debt_for_weeks(
    monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    monkeypatch.setattr(worlds, "tapes", lambda _prices, _seconds: weeks(22 * 96))
    for module, name in ((insuring, "INSURANCE_POLL_NS"), (reconciler, "EVERY_NS")):
        monkeypatch.setattr(module, name, 6 * 3600 * NS_PER_S)  # what is asked often is no news
    bench = Bench([])
    bench.world.settings = attrs.evolve(Settings(), margin_poll_s=6 * 3600)
    bench.active(Side.SHORT)
    world, rules, checked = bench.world, bench.world.instrument, 0
    for day in range(1, 85):
        bench.at(day * DAY_S // 4)
        view = bench.view
        debt = world.exchange.state.accounts[world.scope].base.debt
        rests = view.insurance.quantity
        assert view.insurance.state == "resting"
        assert rests is not None
        assert rests * (1 - rules.taker_fee) >= debt, f"day {day / 4}: {rests} for {debt}"
        checked += 1
    moves = len(stops(bench)) - 1
    reads = len(rows(bench, e.AccountRead))
    assert 20 <= moves <= 40, f"{moves} moves in 21 days"
    assert reads <= 21 * 5
    assert bench.view.bare_replacing_ns < moves * NS_PER_S
    record_property("happened", f"{checked} looks in 21 days, {moves} moves for interest")


# --- refused before the entry --------------------------------------------------------------------


def test_an_entry_whose_stop_could_not_rest_is_refused_with_numbers() -> None:
    """The limit lies behind the trigger, so the same stop is worth less, and below the least."""
    probe = Bench([], only_limited=True)
    plan = probe.active(Side.LONG).plan
    assert plan is not None
    quantity = probe.view.insurance.quantity
    assert quantity is not None
    worth = quantity * plan.insurance.stop_price
    least = (worth * Decimal("0.99")).quantize(TICK)

    def armed(*, limited: bool) -> PositionView:
        bench = Bench([], only_limited=limited)
        for market in (bench.world.exchange.market(bench.world.instrument.symbol),):
            market.instrument = attrs.evolve(market.instrument, min_notional=least)
        bench.world.instrument = attrs.evolve(bench.world.instrument, min_notional=least)
        bench.arm(Side.LONG)
        bench.at(10)
        return bench.view

    assert armed(limited=False).insurance.state == "resting"
    refused = armed(limited=True)
    assert refused.state is PositionState.CANCELLED
    assert refused.rejection is not None
    assert refused.rejection.code == "size_too_small"
    assert "NOTIONAL" in refused.rejection.message
    assert f"{least}" in refused.rejection.message


# --- what is bare, by cause ----------------------------------------------------------------------


@SIDES
def test_every_bare_stretch_is_counted_by_its_cause(side: Side, record_property: Any) -> None:
    """From the exchange's own times: the fill, a move, a stop that vanished, the way out."""
    bench = Bench([(20, rose(side))], seconds=200)
    bench.active(side)
    bench.at(60)
    view = bench.view
    (filled,), placed = rows(bench, e.EntryFilled), rows(bench, e.InsurancePlaced)
    (moved,) = rows(bench, e.InsuranceCancelled)
    assert view.bare_after_fill_ns == placed[0].accepted_ns - filled.fills[0].at_ns
    assert view.bare_replacing_ns == placed[1].accepted_ns - moved.cancelled_ns
    assert view.bare_vanished_ns == 0
    gone_ns = bench.world.clock.now_ns
    bench.world.faults.excuse("stranger", gone_ns + 40 * NS_PER_S)
    outsiders.cancels(bench, view.insurance.client_id)
    bench.at(100)
    view = bench.view
    assert view.insurance.state == "resting"
    assert view.bare_vanished_ns == rows(bench, e.InsurancePlaced)[-1].accepted_ns - gone_ns
    assert 0 < view.bare_vanished_ns <= 31 * NS_PER_S, "asked after each 30 s"
    assert view.bare_replacing_ns == placed[1].accepted_ns - moved.cancelled_ns, "and not again"
    bench.world.ask(Panic(actor="t"))
    view = bench.settled()
    cancelled = rows(bench, e.InsuranceCancelled)[-1]
    assert view.bare_before_exit_ns == view.exit_fills[-1].at_ns - cancelled.cancelled_ns
    record_property("happened", f"four causes counted: {side.value}")

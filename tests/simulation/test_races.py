"""The races of the exchange stop, each from a written-down start to both ends, in every order.

Before: the journal says active and resting, the exchange says NEW. After: what closed it, how often
anything traded, and an account that is flat. Every law watches.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.faults import Piece
from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import Purpose
from robson.domain.intents import QueryOrder
from robson.domain.lifecycle import PositionState
from robson.domain.reports import OrderReported, OrderStatus
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs, Side
from robson.engine.leaving import fence_of
from robson.sim.faults import REBORN_NS, CrashAt
from tests.simulation import outsiders
from tests.simulation.races import (
    BEGINS,
    TICK,
    WAY,
    Race,
    Steady,
    once,
    past_both,
    past_ours,
    plan_of,
    rung,
)
from tests.simulation.worlds import first_price

SIDES = pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
TYPES = pytest.mark.parametrize("limited", [False, True], ids=["market", "limit"])
ORDERS = {
    "at once": 0,
    "before": WAY - 5 * NS_PER_MS,
    "same ms, before": WAY - 1,
    "same instant": WAY,
    "same ms, after": WAY + 1,
    "after": WAY + 5 * NS_PER_MS,
    "long after": 2 * WAY + 5 * NS_PER_MS,
}
"""When the market meets the exchange's stop, after ours was crossed and the cancel has left."""
MOMENTS = tuple(step * 10 * NS_PER_MS for step in range(11))
"""From before the first request of a sequence has left until its last answer is back."""


def rows(race: Race, *kinds: type) -> list[Any]:
    return [row.event for row in race.world.journal.read() if isinstance(row.event, kinds)]


# --- A, M: both ways out -------------------------------------------------------------------------


@pytest.mark.proves("A", "M", "I-39")
@SIDES
@TYPES
@pytest.mark.parametrize("order", ORDERS)
def test_the_stop_triggers_while_ours_is_on_its_way(
    order: str, side: Side, record_property: Any, *, limited: bool
) -> None:
    meets_ns = ORDERS[order]
    prices = [(meets_ns, past_both(side))]
    if meets_ns:
        prices.insert(0, (0, past_ours(side)))
    race = Race(prices, only_limited=limited)
    before = race.begin(side)
    view = race.over()
    theirs = meets_ns < WAY
    assert view.closed is not None
    assert view.closed.reason == "stop_loss"
    assert view.closed.by == ("insurance" if theirs else "exit")
    assert race.stop(before).status is (OrderStatus.FILLED if theirs else OrderStatus.CANCELED)
    assert len(race.requests(Purpose.EXIT)) == (0 if theirs else 1)
    assert race.executed_exits() == 1, "once, whoever was first"
    assert len(rows(race, e.InsuranceGone)) == (1 if theirs else 0), "gone is not cancelled"
    record_property("happened", f"A and M {order}: {side.value}")


@pytest.mark.proves("A")
@SIDES
def test_the_stop_has_traded_in_part_when_the_cancel_comes(side: Side) -> None:
    """The thin book gives part of it; what is left is left at market, and no more."""
    faults = Steady()
    given = faults.exchange.book
    struck: list[str] = []

    def book(client_id: str, quantity: Decimal) -> Any:
        if not client_id.startswith("rbs"):
            return given(client_id, quantity)
        struck.append(client_id)
        half = quantity / 2 // race.world.instrument.order_step * race.world.instrument.order_step
        return (Piece(quantity=half),)

    faults.exchange.book = book  # type: ignore[method-assign]
    race = Race([(0, past_both(side))], faults=faults)
    race.begin(side)
    view = race.over()
    assert len(struck) == 1
    assert view.closed is not None
    assert view.insurance_fills
    assert view.exit_fills
    assert len(race.requests(Purpose.EXIT)) == 1
    assert view.bare_before_exit_ns > 0, "between the two nothing rested"


# --- B: the cancel has an unknown outcome --------------------------------------------------------


@pytest.mark.proves("B")
@SIDES
@pytest.mark.parametrize("half", ["request", "answer"])
@pytest.mark.parametrize("meets", [False, True], ids=["holds", "meets"])
def test_no_exit_while_nobody_knows_of_the_stop(
    side: Side, half: str, record_property: Any, *, meets: bool
) -> None:
    prices = [(0, past_ours(side)), *([(NS_PER_S, past_both(side))] if meets else [])]
    race = Race(prices, faults=Steady(once(Purpose.CANCEL, half)))
    before = race.begin(side)
    race.at_ns(4 * NS_PER_S)
    assert race.requests(Purpose.EXIT) == [], "its answer is still awaited"
    view = race.over()
    theirs = meets and half == "request"
    assert view.closed is not None
    assert view.closed.by == ("insurance" if theirs else "exit")
    assert race.stop(before).status is (OrderStatus.FILLED if theirs else OrderStatus.CANCELED)
    assert race.executed_exits() == 1
    record_property("happened", f"B {half} lost, {'met' if meets else 'not met'}: {side.value}")


# --- C: confirmed, and the exit is refused: see also test_no_way_out -----------------------------


@pytest.mark.proves("C")
def test_what_somebody_has_sold_meanwhile_makes_the_exit_smaller(record_property: Any) -> None:
    race = Race([(0, past_ours(Side.LONG))])
    view = race.begin(Side.LONG)
    race.world.faults.excuse("stranger", race.world.clock.now_ns + 60 * NS_PER_S)
    race.at_ns(WAY + 5 * NS_PER_MS)
    assert race.stop(view).status is OrderStatus.CANCELED
    rules = race.world.instrument
    free = race.world.exchange.state.accounts[race.world.scope].base.free
    outsiders.trades(race, Side.LONG.exit_action, rules.floor_quantity(free / 3))
    view = race.over()
    assert view.closed is not None
    (retry,) = rows(race, e.ExitRetry)
    assert retry.code == -2010
    assert len(race.requests(Purpose.EXIT)) == 2, "the whole, and what there was"
    record_property("happened", "C: refused, read, recomputed")


# --- D: dead between the cancel and the exit -----------------------------------------------------


@pytest.mark.proves("D", "R18", "I-24")
@SIDES
@pytest.mark.parametrize(
    "point",
    [
        "cancel.send:before",
        "cancel.send:after",
        "cancel.accept:after",
        "cancel.answer:before",
        "exit.send:before",
        "exit.send:after",
        "exit.accept:before",
        "exit.accept:after",
        "exit.result:before",
    ],
)
def test_the_process_dies_between_the_cancel_and_the_exit(
    point: str, side: Side, record_property: Any
) -> None:
    faults = Steady()
    race = Race([(0, past_ours(side))], faults=faults)
    race.begin(side)
    faults.crash_at = CrashAt(point, faults.passed[point] + 1)
    view = race.over()
    assert faults.died_at == [point]
    assert view.closed is not None
    assert (view.closed.reason, view.closed.by) == ("stop_loss", "exit")
    assert race.executed_exits() == 1
    assert len(race.requests(Purpose.EXIT)) == 1, "what may have been sent is looked for first"
    record_property("happened", f"D {point}: {side.value}")


# --- E: the exit's outcome is unknown ------------------------------------------------------------


@pytest.mark.proves("E")
@SIDES
def test_an_exit_that_is_matched_late_executes_once(side: Side, record_property: Any) -> None:
    """Nobody finds it for eight seconds. Another one may leave only where it would be refused."""
    race = Race([(0, past_ours(side))], faults=Steady(once(Purpose.EXIT, "late")))
    race.begin(side)
    view = race.over()
    assert view.closed is not None
    assert view.closed.by == "exit"
    assert race.executed_exits() == 1
    record_property("happened", f"E matched late: {side.value}")


@pytest.mark.proves("E")
@SIDES
@pytest.mark.parametrize("half", ["request", "answer"])
def test_an_exit_without_an_answer_executes_once(
    side: Side, half: str, record_property: Any
) -> None:
    race = Race([(0, past_ours(side))], faults=Steady(once(Purpose.EXIT, half)))
    before = race.begin(side)
    view = race.over()
    assert race.stop(before).status is OrderStatus.CANCELED
    assert view.closed is not None
    assert view.closed.by == "exit"
    assert race.executed_exits() == 1
    assert len(race.requests(Purpose.EXIT)) == 1, "of those that arrived"
    (resolved,) = rows(race, e.OrderResolved)
    assert resolved.outcome == ("absent" if half == "request" else "found")
    record_property("happened", f"E {half} lost: {side.value}")


# --- G: a late word of an old stop ---------------------------------------------------------------


@pytest.mark.proves("G", "I-36")
@SIDES
@pytest.mark.parametrize("when", ["closed", "settled"])
@pytest.mark.parametrize("trade", ["known", "unknown"])
def test_a_fill_that_is_told_after_the_close_counts_no_second_time(
    side: Side, when: str, trade: str, record_property: Any
) -> None:
    """An unknown one is no business of a position that is over: the account is looked at for it."""
    race = Race([(0, past_both(side))])
    before = race.begin(side)
    world = race.world
    state = PositionState.CLOSED
    world.until(lambda: race.view.state is state and (when == "closed" or race.view.is_settled))
    view, said = race.view, len(rows(race, object))
    stop = race.stop(before)
    assert stop.status is OrderStatus.FILLED
    assert stop.fills
    if trade == "unknown":
        late = attrs.evolve(stop.fills[0], trade_id=999)
        stop = attrs.evolve(stop, fills=(*stop.fills, late))
    now = ExchangeNs(world.clock.now_ns)
    record = view.order(stop.client_id)
    assert record is not None
    asked = QueryOrder(scope=world.scope, position=view.id, target=record.client_id)
    for intent in (record.order, asked):
        pursuit = world.monitor.custody.pursuits.get(view.id)
        if pursuit is not None:
            pursuit.reading.append(intent)  # it was asked, and only now is answered
        told = OrderReported(intent=intent, sent_ns=now, received_ns=now, order=stop)
        world.monitor.step(told)
    assert len(rows(race, object)) == said
    assert race.view.insurance_fills == view.insurance_fills
    assert race.over().settled is not None
    assert race.executed_exits() == 1
    record_property("happened", f"G {when}, {trade}: {side.value}")


# --- H: triggered and unfilled: see also test_limited_stops --------------------------------------


@pytest.mark.proves("H")
@SIDES
@pytest.mark.parametrize("order", ["at once", "same ms, before", "same ms, after"])
def test_a_stop_past_its_limit_is_taken_back_and_left_at_market(
    side: Side, order: str, record_property: Any
) -> None:
    far = plan_of(side, only_limited=True).insurance.stop_price * (1 - side.sign * Decimal("0.03"))
    prices = [(ORDERS[order], far.quantize(TICK))]
    if ORDERS[order]:
        prices.insert(0, (0, past_ours(side)))
    race = Race(prices, only_limited=True)
    before = race.begin(side)
    view = race.over()
    passed = ORDERS[order] < WAY
    assert race.world.exchange.counts()["limit_stop_passed"] == int(passed)
    assert race.stop(before).status is OrderStatus.CANCELED
    assert view.closed is not None
    assert (view.closed.by, view.insurance_fills) == ("exit", ())
    assert race.executed_exits() == 1
    record_property("happened", f"H {order}: {side.value}")


# --- K: panic during a replacement ---------------------------------------------------------------


@pytest.mark.proves("K")
@SIDES
@pytest.mark.parametrize("after_ns", MOMENTS, ids=lambda ns: f"{ns // NS_PER_MS}ms")
def test_panic_at_every_moment_of_a_replacement(
    side: Side, after_ns: int, record_property: Any
) -> None:
    race = Race([(0, rung(side))])
    race.begin(side)
    race.at_ns(after_ns)
    resting = race.view.insurance.state
    began_ns = race.world.clock.now_ns
    race.world.ask(Panic(actor="t"))
    view = race.over()
    assert view.closed is not None
    assert (view.closed.reason, view.closed.by) == ("user_panic", "exit")
    assert race.executed_exits() == 1
    assert view.exit_fills[-1].at_ns - began_ns <= NS_PER_S
    record_property("happened", f"K while {resting}: {side.value}")


@pytest.mark.proves("K")
@SIDES
@pytest.mark.parametrize("lost", ["cancel request", "cancel answer", "stop request", "stop answer"])
def test_panic_while_a_half_of_the_replacement_is_lost(
    side: Side, lost: str, record_property: Any
) -> None:
    what, half = lost.split()
    loses = once(Purpose.CANCEL, half) if what == "cancel" else once(Purpose.INSURANCE, half, nth=2)
    race = Race([(0, rung(side))], faults=Steady(loses))
    race.begin(side)
    race.at_ns(NS_PER_S)
    race.world.ask(Panic(actor="t"))
    began_ns = race.world.clock.now_ns
    view = race.over()
    assert view.closed is not None
    assert view.closed.reason == "user_panic"
    assert race.executed_exits() == 1
    took_s = (view.exit_fills[-1].at_ns - began_ns) / NS_PER_S
    # The answer that never comes is awaited for 5 s. A long then leaves; a short's second buy could
    # open a long, so it waits until a stop that nobody has seen is proved absent.
    proved = side is Side.SHORT and lost == "stop request"
    assert took_s <= (24 if proved else 8)
    record_property("happened", f"K {lost} lost: {side.value}")


# --- M at a restart ------------------------------------------------------------------------------


@pytest.mark.proves("M", "R7")
@SIDES
@pytest.mark.parametrize("order", ["at once", "same ms, before", "same instant", "after"])
def test_the_stop_is_met_while_the_process_that_cancelled_it_is_dead(
    side: Side, order: str, record_property: Any
) -> None:
    prices = [(ORDERS[order], past_both(side))]
    if ORDERS[order]:
        prices.insert(0, (0, past_ours(side)))
    faults = Steady()
    race = Race(prices, faults=faults)
    before = race.begin(side)
    race.at_ns(WAY // 2)
    faults.excuse("crash", race.world.clock.now_ns + 2 * NS_PER_S + REBORN_NS)
    race.world.kill(dead_ns=2 * NS_PER_S)
    view = race.over()
    theirs = ORDERS[order] < WAY
    assert view.closed is not None
    assert view.closed.by == ("insurance" if theirs else "exit")
    assert race.stop(before).status is (OrderStatus.FILLED if theirs else OrderStatus.CANCELED)
    assert race.executed_exits() == 1
    record_property("happened", f"M over a death, {order}: {side.value}")


# --- a stop that nobody has seen -----------------------------------------------------------------

OWN = Decimal(1500)
"""Capital of a short whose money would pay for a second buy-back: no asset fence."""
FENCED = pytest.mark.parametrize(
    ("side", "fence"), [(Side.LONG, "asset"), (Side.SHORT, "asset"), (Side.SHORT, "settle")]
)
SEEN = 380 * NS_PER_MS
"""After the first stop has left, the last question of a round that finds nothing is answered."""


def unseen_stop(late_ns: int, prices: list[tuple[int, Decimal]], fence: str) -> Race:
    """A race whose first stop is matched so late after it arrived; prices from the beginning."""
    faults = Steady(once(Purpose.INSURANCE, "late"), late_ns=late_ns)
    race = Race([(at_ns - BEGINS, price) for at_ns, price in prices], faults=faults)
    race.capital = OWN if fence == "settle" else None
    return race


def leaves_ns(side: Side, fence: str) -> int:
    """When the first stop leaves; its answer says at once that nobody knows."""
    race = unseen_stop(8 * NS_PER_S, [], fence)
    race.arm(side)
    race.world.until(lambda: bool(rows(race, e.InsuranceRequested)))
    (requested,) = rows(race, e.InsuranceRequested)
    found: int = requested.at_ns - race.world.began_ns
    return found


@pytest.mark.proves("E", "P8")
def test_an_exit_behind_the_settle_fence_waits_for_the_proof(record_property: Any) -> None:
    """A second buy-back would be taken, and open a long; the first is matched much later."""
    race = Race([(0, past_ours(Side.SHORT))], faults=Steady(once(Purpose.EXIT, "late")))
    race.capital = OWN
    race.begin(Side.SHORT)
    assert fence_of(race.view) == "settle"
    race.at_ns(7 * NS_PER_S)
    assert race.requests(Purpose.EXIT) == [], "it is not matched yet, and no other has left"
    view = race.over()
    assert view.closed is not None
    assert len(race.requests(Purpose.EXIT)) == 1
    assert race.executed_exits() == 1
    record_property("happened", "E behind the settle fence")


@pytest.mark.proves("P1")
@FENCED
def test_a_stop_that_comes_after_its_repeat_is_refused(
    side: Side, fence: str, record_property: Any
) -> None:
    """Matched eight seconds late; meanwhile the same stop rests, or is waited for."""
    race = unseen_stop(8 * NS_PER_S, [], fence)
    race.arm(side)
    race.at_ns(3 * NS_PER_S - BEGINS)
    again = fence == "asset"
    assert race.view.insurance.state == ("resting" if again else "placing")
    race.at_ns(0)
    assert race.view.insurance.state == "resting"
    stops = race.requests(Purpose.INSURANCE)
    assert len(stops) == (2 if again else 1)
    assert len(set(stops)) == 1, "one id"
    assert race.world.exchange.counts()["id_open_duplicate"] == (1 if again else 0)
    assert len(outsiders.open_ids(race)) == 1
    race.world.ask(Panic(actor="t"))
    race.over()
    assert race.executed_exits() == 1
    record_property("happened", f"late after its repeat: {side.value}, {fence}")


@pytest.mark.proves("R7", "P8")
@FENCED
@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
def test_a_stop_that_filled_before_it_was_sent_again(
    side: Side, fence: str, record_property: Any, *, seen: bool
) -> None:
    """Matched after all was read, met at once, and the price is back before the next one comes."""
    seen_ns = leaves_ns(side, fence) + SEEN
    met_ns, back_ns = seen_ns + 25 * NS_PER_MS, seen_ns + 30 * NS_PER_MS
    prices = [(met_ns, past_both(side)), (back_ns, first_price())]
    race = unseen_stop(SEEN + 22 * NS_PER_MS - WAY, prices, fence)
    race.arm(side)
    if not seen:
        silent_ns = race.world.clock.now_ns + NS_PER_S
        race.world.faults.feed.silent_ns = silent_ns
        race.world.faults.excuse("feed_silence", silent_ns)
    view = race.over()
    assert view.closed is not None
    assert view.closed.by == "insurance"
    assert race.requests(Purpose.EXIT) == []
    assert race.executed_exits() == 1
    stops = race.requests(Purpose.INSURANCE)
    assert len(stops) == (2 if fence == "asset" else 1), "refused: nothing is left to trade with"
    record_property("happened", f"filled before its repeat: {side.value}, {fence}")

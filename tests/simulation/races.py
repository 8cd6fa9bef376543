"""Two events in every order: a wire of known latency, prices to the nanosecond, and what is after.

A request takes 20 ms to the exchange and its answer 20 ms back. The position's stop rests; at
``BEGINS`` the first of the two events happens.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal

import attrs

from robson.connectors.simulated.driver import TOTAL_NS, Trip
from robson.connectors.simulated.tape import Columns
from robson.domain.identity import Purpose
from robson.domain.intents import CancelOrder, Intent, PlaceOrder
from robson.domain.plan import EntryPlan
from robson.domain.reports import ApiError, OrderState
from robson.domain.values import NS_PER_MS, NS_PER_S, Side
from robson.domain.view import PositionView
from robson.sim.checks import Checks
from robson.sim.faults import RECOVERY_NS, FaultPlan, FaultyWire
from robson.sim.seams import WatchedExchange
from robson.sim.world import World
from tests.simulation import worlds
from tests.simulation.worlds import SEED, Bench, first_price

BEGINS = 30 * NS_PER_S
WAY = 20 * NS_PER_MS
TICK = Decimal("0.01")
LATE_NS = 8 * NS_PER_S
"""What matching may take; what the exchange says meanwhile is that it does not know."""
UNKNOWN = ApiError(status=504, code=-1007, message="Timeout waiting for response from backend.")
Loses = Callable[[Intent], str | None]


class Steady(FaultPlan):
    """Every request takes the same time; ``loses`` names the half of one that is lost, once.

    ``late`` loses nothing: the exchange carries it out long after it was asked, ``late_ns``.
    """

    def __init__(self, loses: Loses = lambda _request: None, *, late_ns: int = LATE_NS) -> None:
        super().__init__(SEED)
        self.late_ns = late_ns
        self.wire = _SteadyWire(self, loses)


class _SteadyWire(FaultyWire):
    def __init__(self, plan: FaultPlan, loses: Loses) -> None:
        super().__init__(plan)
        self._steady, self._loses = plan, loses

    def trip(self, request: Intent, now_ns: int) -> Trip:
        """Out and back, unless it is lost."""
        lost = self._loses(request)
        if lost is None:
            return Trip(out_ns=WAY, back_ns=WAY)
        if lost == "late":
            self._steady.strike("slow_matching")
            late_ns = self._steady.late_ns
            self._steady.excuse("late", now_ns + late_ns + RECOVERY_NS)
            return Trip(out_ns=WAY, back_ns=WAY, matching_ns=late_ns, told=UNKNOWN)
        self._steady.strike(f"lost_{lost}")
        self._steady.excuse("lost", now_ns + TOTAL_NS + RECOVERY_NS)
        return Trip(out_ns=None if lost == "request" else WAY, back_ns=None)


def once(purpose: Purpose, half: str, *, nth: int = 1) -> Loses:
    """Lose the request, or the answer, of the nth order of a purpose."""
    seen: list[Intent] = []

    def loses(request: Intent) -> str | None:
        cancels = isinstance(request, CancelOrder) and purpose is Purpose.CANCEL
        places = isinstance(request, PlaceOrder) and request.purpose is purpose
        if not (cancels or places):
            return None
        seen.append(request)
        return half if len(seen) == nth else None

    return loses


class Race(Bench):
    """A bench whose prices change at nanoseconds after ``BEGINS``."""

    def __init__(
        self,
        prices: Iterable[tuple[int, Decimal]] = (),
        *,
        faults: FaultPlan | None = None,
        exchange: type[WatchedExchange] = WatchedExchange,
        only_limited: bool = False,
        seconds: int = 150,
    ) -> None:
        self.world = World(
            SEED,
            _market({BEGINS + at_ns: price for at_ns, price in prices}, seconds),
            faults=faults or Steady(),
            exchange=exchange,
            only_limited=only_limited,
        )
        self.checks = Checks(self.world)
        self.world.observer = self.checks

    def begin(self, side: Side) -> PositionView:
        """Both before: active and resting in the journal, NEW at the exchange."""
        self.active(side)
        self.at_ns(-NS_PER_S)
        view = self.view
        assert (view.state.value, view.insurance.state) == ("active", "resting")
        assert self.stop(view).status.value == "NEW"
        return view

    def at_ns(self, after_ns: int) -> None:
        """Go to exactly so long after ``BEGINS``; what is due at that instant has not happened."""
        world, due_ns = self.world, self.world.began_ns + BEGINS + after_ns
        while True:
            market_ns = world.driver.next_ns()
            timer_ns = world.monitor.next_due_ns(market_ns)
            nexts = [at for at in (market_ns, timer_ns) if at is not None]
            if not nexts or min(nexts) >= due_ns:
                break
            world.once()
        world.clock.move_to(max(world.clock.now_ns, due_ns))

    def stop(self, view: PositionView) -> OrderState:
        """The exchange's own word for the stop."""
        order = self.checks.truth(self.world.scope).order(view.insurance.client_id)
        assert order is not None
        return order

    def cancels_before_exits(self) -> bool:
        """Whether no exit reached the exchange while a stop rested: none overlaps."""
        log = self.world.exchange.request_log(self.world.scope)
        exits = set(self.requests(Purpose.EXIT))
        first = next((n for n, entry in enumerate(log) if entry.target in exits), None)
        return first is None or any(entry.request == "CancelOrder" for entry in log[:first])

    def executed_exits(self) -> int:
        """Orders of ours that traded on the way out, the stop included."""
        account = self.checks.truth(self.world.scope)
        return sum(
            1
            for order in account.orders
            if order.client_id[:3] in ("rbx", "rbs") and order.executed
        )

    def over(self) -> PositionView:
        """Both after: settled under every law, flat and without a debt or an order."""
        view = self.settled()
        account = self.checks.truth(self.world.scope).account
        assert account.base.debt == account.quote.debt == 0
        assert account.open_orders == ()
        assert self.world.instrument.exit_quantity(account.base.total, account.index_price) is None
        assert self.cancels_before_exits()
        return view


def _market(prices: dict[int, Decimal], seconds: int) -> worlds.Market:
    base = worlds._base()
    times = sorted({*prices, *(each * NS_PER_S for each in range(seconds))})
    now, column = first_price(), []
    for at_ns in times:
        now = prices.get(at_ns, now)
        column.append(int(now.scaleb(base.tape.places)))
    begin_ns = base.tape.first_ns
    columns = Columns(array("q", (begin_ns + at_ns for at_ns in times)), (array("q", column),))
    return attrs.evolve(base, tape=replace(base.tape, columns=columns, bar_ns=0))


def plan_of(side: Side, *, only_limited: bool = False) -> EntryPlan:
    """What the position of every race is planned as."""
    plan = Race(only_limited=only_limited, seconds=10).active(side).plan
    assert plan is not None
    return plan


def past_ours(side: Side) -> Decimal:
    """Past our stop, short of the exchange's."""
    plan = plan_of(side)
    return ((plan.stops.stop + plan.insurance.stop_price) / 2).quantize(TICK)


def past_both(side: Side) -> Decimal:
    """A tick past the exchange's stop."""
    return plan_of(side).insurance.stop_price - side.sign * TICK


def rung(side: Side) -> Decimal:
    """Past the first rung: the stop moves, and the exchange's has to follow."""
    span = plan_of(side).stops.span
    return (first_price() + side.sign * span * Decimal("1.5")).quantize(TICK)

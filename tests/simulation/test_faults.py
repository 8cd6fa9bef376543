"""One fault at one moment of one position's life: what Robson then does, and how often it asks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from robson.connectors.simulated.kinds import Strike
from robson.connectors.simulated.roles import role_of, role_of_id
from robson.domain.identity import Purpose
from robson.domain.intents import Intent
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, Side
from robson.sim.faults import RECOVERY_NS, FaultPlan
from tests.simulation.worlds import SEED, Bench, first_price

FALLS_AT = 60
BOTH = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)


class One(FaultPlan):
    """One fault of a kind, against the nth request for something from when it is loaded.

    Attributes:
        left: when each request left, and what for.
    """

    def __init__(self, kind: str, *, seconds: int = 0, share: str = "0") -> None:
        super().__init__(SEED)
        self.kind = kind
        self.left: list[tuple[int, str]] = []
        self._strike = Strike(Decimal(seconds), Decimal(share))
        self._role: str | None = None
        self._after = 0
        self._target: Intent | None = None

    def load(self, role: str, nth: int = 1) -> One:
        """The nth request of a role from now on is struck."""
        self._role, self._after = role, nth
        return self

    def draw(self, request: Intent) -> None:
        """Count it."""
        self.left.append((self.clock.now_ns, role_of(request)))
        if role_of(request) == self._role:
            self._after -= 1
            if self._after == 0:
                self._target = request

    def against(self, kind: str, request: Intent) -> Strike | None:
        """The fault, once."""
        if kind != self.kind or request is not self._target:
            return None
        self._target = None
        self.strike(kind)
        self.excuse(kind, self.clock.now_ns + int(self._strike.seconds) * NS_PER_S + RECOVERY_NS)
        return self._strike

    def between(self, since_s: int, until_s: int, bench: Bench) -> list[str]:
        """What left in a stretch of seconds after the world began."""
        began = bench.world.began_ns
        span = (began + since_s * NS_PER_S, began + until_s * NS_PER_S)
        return [role for at_ns, role in self.left if span[0] <= at_ns < span[1]]


def beyond(side: Side, share: str) -> Decimal:
    price = first_price() * (1 - side.sign * Decimal(share))
    return price.quantize(Decimal("0.01"))


def between_stops(side: Side) -> Decimal:
    plan = Bench([]).active(side).plan
    assert plan is not None
    return ((plan.stops.stop + plan.insurance.stop_price) / 2).quantize(Decimal("0.01"))


# --- the exchange is away ------------------------------------------------------------------------

AWAY = ("outage", "maintenance", "banned", "key_revoked")


@pytest.mark.parametrize("kind", AWAY)
@BOTH
def test_a_resting_stop_is_all_that_is_needed_and_nobody_hammers(
    kind: str, side: Side, record_property: Callable[[str, object], None]
) -> None:
    one = One(kind, seconds=600)
    bench = Bench([(400, beyond(side, "0.05"))], seconds=900, faults=one)
    bench.active(side)
    one.load("question")
    bench.at(20)
    bench.at(620)
    asked = one.between(20, 620, bench)

    assert one.counts[kind] == 1
    assert 10 < len(asked) <= 600 // 2
    assert bench.settled().state is PositionState.CLOSED
    record_property("note", f"away for 600 s ({kind}, {side.value}): {len(asked)} requests")


@pytest.mark.parametrize("kind", AWAY)
@BOTH
def test_an_exit_that_cannot_be_sent_probes_seldom(
    kind: str, side: Side, record_property: Callable[[str, object], None]
) -> None:
    """The price rests between both stops: Robson wants out, and the exchange is not there."""
    one = One(kind, seconds=300)
    bench = Bench([(FALLS_AT, between_stops(side))], seconds=900, faults=one)
    bench.active(side)
    one.load("cancel")
    bench.at(FALLS_AT + 300)
    asked = one.between(FALLS_AT, FALLS_AT + 300, bench)

    assert one.counts[kind] == 1
    assert 10 < len(asked) <= 300 // 2
    assert bench.settled().state is PositionState.CLOSED
    record_property("note", f"out of reach for 300 s ({kind}, {side.value}): {len(asked)} requests")


@pytest.mark.parametrize("kind", AWAY)
def test_a_start_while_the_exchange_is_away_probes_seldom(
    kind: str, record_property: Callable[[str, object], None]
) -> None:
    one = One(kind, seconds=300)
    bench = Bench([], seconds=900, faults=one)
    bench.active(Side.LONG)
    bench.at(50)
    one.load("question")
    bench.world.kill(dead_ns=NS_PER_S)
    bench.at(351)
    asked = one.between(51, 351, bench)

    assert one.counts[kind] == 1
    assert 10 < len(asked) <= 300
    record_property("note", f"started into 300 s of absence ({kind}): {len(asked)} requests")


# --- the outcome is not known, or is told twice --------------------------------------------------

UNSURE = ("bus_error", "backend_timeout", "html_page", "late_matching", "answer_twice")


@pytest.mark.parametrize("kind", [*UNSURE, "answers_swapped"])
@pytest.mark.parametrize("role", ["entry", "insurance", "exit"])
def test_what_may_have_happened_happens_once(kind: str, role: str) -> None:
    one = One(kind, seconds=6)
    bench = Bench([(FALLS_AT, between_stops(Side.SHORT))], seconds=300, faults=one)
    if role == "exit":
        bench.active(Side.SHORT)
        one.load(role)
    else:
        one.load(role)
        bench.active(Side.SHORT)
    view = bench.settled()

    assert one.counts[kind] == 1
    assert view.state is PositionState.CLOSED
    stops = bench.requests(Purpose.INSURANCE)
    assert len(bench.requests(Purpose.ENTRY)) == len(set(stops)) == 1
    assert len(stops) <= 2, "a stop that nobody has seen may be asked for again, under its own id"
    orders = bench.world.exchange.state.orders.values()
    done = [role_of_id(order.client_id) for order in orders if order.executed]
    assert sorted(done, key=str) == ["entry", "exit"]  # a fenced exit may be asked for twice


# --- orders are refused for a while --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["halted", "filters_grown", "clock_stepped", "price_band"])
@BOTH
def test_an_exit_that_is_refused_is_tried_again_and_not_in_a_storm(kind: str, side: Side) -> None:
    one = One(kind, seconds=60)
    bench = Bench([(FALLS_AT, between_stops(side))], seconds=300, faults=one)
    bench.active(side)
    one.load("exit")
    view = bench.settled()

    assert one.counts[kind] == 1
    assert view.state is PositionState.CLOSED
    stamped_again = 2 if kind == "clock_stepped" else 0
    assert 1 < len(bench.requests(Purpose.EXIT)) <= 60 // 5 + 2 + stamped_again


# --- a stop that somebody cancelled --------------------------------------------------------------


@BOTH
def test_a_stop_that_a_person_cancelled_is_placed_again(side: Side) -> None:
    one = One("foreign_cancel")
    bench = Bench([(150, beyond(side, "0.05"))], seconds=400, faults=one)
    bench.active(side)
    one.load("question")
    bench.at(FALLS_AT)

    assert one.counts["foreign_cancel"] == 1
    assert len(bench.world.exchange.market(bench.world.instrument.symbol).stops) == 1
    assert len(bench.requests(Purpose.INSURANCE)) == 2
    assert bench.settled().state is PositionState.CLOSED

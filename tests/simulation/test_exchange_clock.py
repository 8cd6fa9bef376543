"""The exchange's clock is behind ours: what it refuses for that is stamped again, and goes out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.clock import VirtualClock
from robson.domain.commands import Panic
from robson.domain.identity import Purpose
from robson.domain.intents import CancelOrder, Intent, PlaceOrder
from robson.domain.lifecycle import PositionState
from robson.domain.reports import Answer, ApiError
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs, Side
from robson.sim.seams import WatchedExchange
from tests.simulation.races import BEGINS, Race, Steady, past_ours

SIDES = pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
BEHIND_NS = 8 * NS_PER_S
AHEAD = ApiError(
    status=400, code=-1021, message="Timestamp for this request was 1000ms ahead of the server's."
)


class SetBack(WatchedExchange):
    """An exchange whose clock was set back at an instant; it is right again after a while.

    Attributes:
        refused: what it refused for its time.
    """

    behind_ns = 0
    refused: tuple[Intent, ...] = ()

    def handle(self, request: Intent, *, at_ns: ExchangeNs, **when: Any) -> Answer:
        """Refuse what was signed ahead of its own time."""
        if not self.behind_ns or not isinstance(request, PlaceOrder | CancelOrder):
            return super().handle(request, at_ns=at_ns, **when)
        shown_ms = (at_ns - self.behind_ns) // NS_PER_MS
        if (request.timestamp_ms or 0) >= shown_ms + 1_000:
            self.refused = (*self.refused, request)
            return AHEAD
        stamped = (request.timestamp_ms or 0) + self.behind_ns // NS_PER_MS
        return super().handle(attrs.evolve(request, timestamp_ms=stamped), at_ns=at_ns, **when)


class Measured(VirtualClock):
    """A clock that learns from the first refusal what the exchange's shows, if it learns."""

    exchange: SetBack
    learns = True

    def signing_ns(self) -> ExchangeNs:
        """As an answer has told it."""
        known = self.learns and bool(self.exchange.refused)
        return ExchangeNs(self.now_ns - (self.exchange.behind_ns if known else 0))


def set_back(prices: list[tuple[int, Decimal]], *, learns: bool = True) -> tuple[Race, SetBack]:
    """A race at an exchange whose clock can be set back."""
    race = Race(prices, faults=Steady(), exchange=SetBack)
    exchange = race.world.exchange
    assert isinstance(exchange, SetBack)
    clock = race.world.clock
    clock.__class__ = Measured
    assert isinstance(clock, Measured)
    clock.exchange, clock.learns = exchange, learns
    return race, exchange


@pytest.mark.proves("P15")
@SIDES
def test_a_way_out_is_stamped_again_and_leaves_at_once(side: Side, record_property: Any) -> None:
    race, exchange = set_back([(0, past_ours(side))])
    race.begin(side)
    exchange.behind_ns = BEHIND_NS
    race.world.faults.excuse("clock_stepped", race.world.clock.now_ns + 2 * NS_PER_S)
    view = race.over()
    assert view.closed is not None
    took_ns = view.exit_fills[-1].at_ns - race.world.began_ns - BEGINS
    assert took_ns <= NS_PER_S // 4, "one refusal and one round trip more"
    assert [type(each) for each in exchange.refused] == [CancelOrder]
    assert race.executed_exits() == 1
    record_property("happened", f"stamped again: {side.value}")


@pytest.mark.proves("P15")
@SIDES
def test_a_time_that_cannot_be_measured_blocks_no_exit(side: Side, record_property: Any) -> None:
    """Each request is stamped again twice; then it is tried at its own pace, until it is taken."""
    race, exchange = set_back([(0, past_ours(side))], learns=False)
    race.begin(side)
    exchange.behind_ns = BEHIND_NS
    race.world.faults.excuse("clock_stepped", race.world.clock.now_ns + 60 * NS_PER_S)
    race.at_ns(10 * NS_PER_S)
    assert race.view.state is PositionState.EXITING
    asked = len(exchange.refused)
    assert 3 <= asked <= 40, "neither given up nor hammered"
    exchange.behind_ns = 0
    view = race.over()
    assert view.closed is not None
    took_ns = view.exit_fills[-1].at_ns - race.world.began_ns - BEGINS - 10 * NS_PER_S
    assert took_ns <= 6 * NS_PER_S
    assert race.executed_exits() == 1
    record_property("happened", f"refused {asked} times: {side.value}")


@pytest.mark.proves("P15")
@SIDES
def test_a_stop_is_stamped_again(side: Side, record_property: Any) -> None:
    race, exchange = set_back([])
    race.arm(side)
    race.world.until(lambda: race.view.state is PositionState.ACTIVE)
    assert race.view.insurance.state == "placing"
    exchange.behind_ns = BEHIND_NS
    race.at_ns(5 * NS_PER_S - BEGINS)
    assert race.view.insurance.state == "resting"
    assert 0 < race.view.bare_after_fill_ns < NS_PER_S // 4
    (refused,) = exchange.refused
    assert isinstance(refused, PlaceOrder)
    assert refused.purpose is Purpose.INSURANCE
    exchange.behind_ns = 0
    race.world.ask(Panic(actor="t"))
    race.over()
    record_property("happened", f"a stop stamped again: {side.value}")

"""The process dies at every point of the orders that open, protect and close a position."""

from __future__ import annotations

from collections import Counter

import pytest

from robson.connectors.simulated.entries import RequestLogged
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.lifecycle import PositionState
from robson.domain.values import Side
from robson.sim.faults import CrashAt
from robson.sim.runs import Outcome, Reaching, live
from robson.sim.seams import POINTS
from robson.sim.world import World
from tests.simulation.worlds import plan

SEED = {Side.LONG: 1, Side.SHORT: 3}
NO_ENTRY = ("entry.intent:before", "entry.intent:after", "entry.send:before")
"""The process dies before the entry has left; so it never leaves."""


class Kept:
    """A life with the world it was lived in."""

    def __init__(self, side: Side, point: str) -> None:
        self.world: World | None = None
        self.outcome: Outcome = live(
            plan(SEED[side], side, crash_at=CrashAt(point)), observed=self._keep
        )

    def _keep(self, world: World, checks: Reaching) -> Reaching:
        self.world = world
        return checks

    def entries(self) -> Counter[str]:
        """Entry requests that the exchange has seen, by client id."""
        assert self.world is not None
        log = self.world.exchange.request_log(self.world.scope)
        return Counter(
            request.target
            for request in log
            if isinstance(request, RequestLogged)
            and request.request == "PlaceOrder"
            and (ours := read_client_order_id(request.target or "")) is not None
            and ours.purpose is Purpose.ENTRY
        )


@pytest.mark.proves("P9", "I-24")
@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
@pytest.mark.parametrize("point", POINTS)
def test_survives(point: str, side: Side) -> None:
    kept = Kept(side, point)
    outcome, world = kept.outcome, kept.world
    assert world is not None

    assert world.faults.died_at == [point]
    assert outcome.violations == ()
    # S8 has compared every settled position's fills, wallet and debt with the exchange's.
    assert outcome.evaluated["S8"] > 0
    assert outcome.evaluated["S16"] > 0

    entries = kept.entries()
    assert sum(entries.values()) == (0 if point in NO_ENTRY else 1)
    (view,) = outcome.views
    ended = PositionState.CANCELLED if point in NO_ENTRY else PositionState.CLOSED
    assert (view.state, view.is_settled) == (ended, True)


def test_without_a_crash_every_point_is_passed() -> None:
    passed: Counter[str] = Counter()
    for side in Side:
        kept = Kept(side, "nowhere")
        assert kept.world is not None
        assert kept.world.faults.died_at == []
        passed.update(kept.world.faults.passed)

    assert [point for point in POINTS if passed[point] < len(Side)] == []

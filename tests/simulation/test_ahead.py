"""A cancel that a price lets leave before the monitor has judged that price.

Whatever the monitor hears first, the price is judged first, and by the state that was when it came.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from robson.daemon.messages import Asked, TimerDue, Wake
from robson.daemon.monitor import Message
from robson.domain.commands import Panic
from robson.domain.errors import InvariantViolated
from robson.domain.events import ExitTriggered
from robson.domain.intents import CancelOrder, Intent
from robson.domain.values import Side
from robson.domain.view import PositionView
from robson.sim.runs import live
from robson.sim.world import World
from tests.simulation.worlds import Bench, plan

SIDES = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
HEARD: dict[str, Callable[[str], Message]] = {
    "wake": Wake,
    "timer": lambda _symbol: TimerDue(),
    "panic": lambda _symbol: Asked(Panic(actor="test", reason="test"), _Unheard()),
}


class _Unheard:
    def set_result(self, _result: object) -> None: ...

    def set_exception(self, error: BaseException) -> None:
        raise error


class Ahead:
    """A position that rests behind its stop, and every intent that is handed over from then on."""

    def __init__(self, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench([])
        self.view: PositionView = bench.active(side)
        self.world: World = bench.world
        self.monitor = bench.world.monitor
        self.symbol = bench.world.symbol
        self.sent: list[Intent] = []
        lanes = bench.world._lanes
        shipped = lanes.send

        def send(intent: Intent) -> None:
            self.sent.append(intent)
            shipped(intent)

        monkeypatch.setattr(lanes, "send", send)
        self.monitor.custody.ahead = send
        self.monitor.lookout._seen.clear()
        self.monitor.lookout.look(self.view.id)
        self.monitor.prices.wires_up()

    def price(self, at: Any) -> bool:
        rules, now = self.world.instrument, self.world.clock.exchange_ns()
        return self.monitor.markets[self.symbol].board.offer(rules.ticks(at), now, jump=True)

    def cancels(self) -> list[CancelOrder]:
        return [each for each in self.sent if isinstance(each, CancelOrder)]

    def trigger(self) -> ExitTriggered:
        pending = self.monitor.custody.pursuit(self.view.id).trigger
        assert pending is not None, "no way out is under way"
        (hit,) = (event for event in pending.events if isinstance(event, ExitTriggered))
        return hit


@SIDES
@pytest.mark.parametrize("heard", HEARD)
def test_the_price_is_judged_before_whatever_is_heard_first(
    heard: str, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Ahead(side, monkeypatch)
    assert ahead.view.stop is not None
    woken = ahead.price(ahead.view.stop)

    assert woken
    (left,) = ahead.cancels()
    assert left.timestamp_ms, "its time was bound when it left"
    assert left.target == ahead.view.insurance.client_id
    assert ahead.monitor.custody.pursuits[ahead.view.id].trigger is None, "nobody has judged it yet"

    ahead.monitor.step(HEARD[heard](ahead.symbol))

    assert ahead.cancels() == [left], "it leaves once"
    assert left in ahead.monitor.custody.pursuits[ahead.view.id].sending
    assert (ahead.trigger().reason, ahead.trigger().price) == ("stop_loss", ahead.view.stop)


@SIDES
def test_a_price_at_the_target_lets_it_leave_too(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Ahead(side, monkeypatch)
    assert ahead.view.plan is not None
    gain = ahead.view.plan.stops.stop_gain
    assert gain is not None
    ahead.price(gain)
    ahead.price(ahead.view.stop)  # and the one after it changes nothing
    ahead.monitor.step(Wake(ahead.symbol))

    assert len(ahead.cancels()) == 1
    assert (ahead.trigger().reason, ahead.trigger().price) == ("stop_gain", gain)


@SIDES
def test_nothing_leaves_by_a_wire_once_the_way_out_is_under_way(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Ahead(side, monkeypatch)
    ahead.price(ahead.view.stop)
    ahead.monitor.step(Wake(ahead.symbol))

    assert ahead.monitor.lookout.wires == {}
    ahead.price(ahead.view.stop)
    ahead.monitor.step(Wake(ahead.symbol))
    assert len(ahead.cancels()) == 1


def test_a_cancel_that_no_position_wants_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The restart finds an exchange stop cancelled that its journal has resting, and leaves."""
    ahead = Ahead(Side.LONG, monkeypatch)
    (wire,) = ahead.monitor.lookout.wires.values()
    board = ahead.monitor.markets[ahead.symbol].board
    narrow = (wire.low, wire.low + 2)
    while board.take_or_publish(narrow):
        pass
    board.put_up(attrs.evolve(wire, low=narrow[0], high=narrow[1]))
    assert ahead.view.plan is not None
    ahead.price(ahead.view.plan.stops.entry_ref)

    with pytest.raises(InvariantViolated, match="no position wanted it"):
        ahead.monitor.step(Wake(ahead.symbol))


def test_worlds_leave_ahead_of_their_decisions(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """In seeded worlds a wire is what most ways out leave by, and every law is asked of them."""
    left: list[Intent] = []
    shipped = World._boot

    def boot(world: World) -> None:
        shipped(world)
        lanes = world._lanes
        noted = lanes.has_left
        monkeypatch.setattr(
            lanes, "has_left", lambda intent: (left.append(intent), noted(intent))[1]
        )

    monkeypatch.setattr(World, "_boot", boot)
    outcomes = [live(plan(seed, side)) for seed in range(1, 9) for side in Side]

    assert all(outcome.violations == () for outcome in outcomes)
    assert len(left) > len(outcomes) // 3
    record_property("note", f"ahead: {len(left)} cancels in {len(outcomes)} worlds")

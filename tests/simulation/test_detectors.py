"""Detectors over arm, restart and disarm: there before arm is answered, unheard once taken off."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson.domain.commands import Arm, Disarm
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, Price, Side
from robson.engine.detectors.protocol import DetectorSignal
from tests.simulation.worlds import BALANCE, Bench, first_price


def armed() -> tuple[Bench, list[bool]]:
    """A position that waits for a crossing; whether somebody listened when arm was answered."""
    bench, listened = Bench([]), []
    world = bench.world
    world.deposit(BALANCE)
    world.start()
    world.until(lambda: world.monitor.roster.month is not None and world.board.has_price)
    arm = Arm(
        symbol=world.symbol, strategy="all-in", idempotency_key="k", actor="t", side=Side.LONG
    )
    asked = world.ask(arm)

    def answered(_answer: Any) -> None:
        (view,) = bench.views
        listened.append(world.monitor.custody.pursuit(view.id).detector is not None)

    asked.answer.add_done_callback(answered)
    world.until(asked.answer.done)
    return bench, listened


@pytest.mark.proves("I-13")
def test_a_detector_listens_before_arm_is_answered_and_before_a_restart_is_over(
    record_property: Any,
) -> None:
    bench, listened = armed()
    assert listened == [True]
    first = bench.world.monitor.custody.pursuit(bench.view.id)
    bench.world.kill(dead_ns=NS_PER_S)
    second = bench.world.monitor.custody.pursuit(bench.view.id)
    assert second is not first
    assert second.detector is not None
    assert second.detector is not first.detector
    assert bench.view.state is PositionState.ARMED
    record_property("happened", "listens before arm returns, and after a restart")


@pytest.mark.proves("I-13")
def test_a_signal_of_an_earlier_detector_is_dropped(record_property: Any) -> None:
    """It had fired, and waits for the account while the detector is put on anew."""
    bench, _ = armed()
    monitor = bench.world.monitor
    pursuit = monitor.custody.pursuit(bench.view.id)
    fired = DetectorSignal(side=Side.LONG, entry_ref=Price(first_price()))
    monitor._signal(bench.view, monitor.desk.seen(bench.view, fired))
    said = pursuit.signal
    assert said is not None
    monitor.desk.watch(bench.view, pursuit)
    assert pursuit.generation == said.generation + 1
    bench.at(10)
    assert pursuit.signal is None
    assert (bench.view.state, bench.view.signals) == (PositionState.ARMED, ())
    assert bench.requests(Purpose.ENTRY) == []

    monitor._signal(bench.view, monitor.desk.seen(bench.view, fired))
    bench.at(12)
    assert bench.view.signals, "one of its own is judged"
    record_property("happened", "an old signal dropped, a new one judged")


def test_a_disarm_wins_over_a_signal_that_waits(record_property: Any) -> None:
    bench, _ = armed()
    monitor, view = bench.world.monitor, bench.view
    pursuit = monitor.custody.pursuit(view.id)
    was = pursuit.generation
    fired = DetectorSignal(side=Side.LONG, entry_ref=Price(first_price()))
    pending = monitor.desk.seen(view, fired)
    monitor._signal(view, pending)
    bench.world.ask(Disarm(position=view.id, actor="t"))
    assert pursuit.generation == was + 1
    pursuit.signal = attrs.evolve(pending)
    bench.at(10)
    assert bench.view.state is PositionState.CANCELLED
    assert bench.requests(Purpose.ENTRY) == []
    record_property("happened", "a disarm won")

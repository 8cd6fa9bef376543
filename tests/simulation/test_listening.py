"""After a refused signal a position listens to none for a while, longer with each in a row."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from robson.domain.commands import Arm, Disarm
from robson.domain.lifecycle import PositionState
from robson.domain.reports import CandleClosed
from robson.domain.values import CANDLE_NS, NS_PER_S, Candle, ExchangeNs, Price, Side
from robson.engine.detectors.protocol import DetectorSignal
from robson.engine.rearm import listens_ns
from robson.engine.settings import Settings
from tests.simulation.worlds import BALANCE, Bench, first_price

SECONDS = 400


@attrs.frozen
class Eager:
    """Fires at every candle: far from the market, which is refused, or at it."""

    entry_ref: Price

    def on_candle(self, candles: Sequence[Candle]) -> DetectorSignal | None:
        return DetectorSignal(side=Side.LONG, entry_ref=self.entry_ref)

    def on_arm(self, candles: Sequence[Candle], live_price: Price) -> DetectorSignal | None:
        return None

    def waiting_for(self, candles: Sequence[Candle]) -> str:
        return "waits for nothing"


FAR = Eager(Price(first_price() * 2))


class Waiting(Bench):
    """A position of a strategy that waits, and candles that close when the test says so."""

    def __init__(self) -> None:
        super().__init__([], seconds=SECONDS)
        world = self.world
        world.deposit(BALANCE)
        world.start()
        world.until(lambda: world.monitor.roster.month is not None and world.board.has_price)
        world.ask(Arm(symbol=world.symbol, strategy="all-in", idempotency_key="k", actor="t"))
        world.until(lambda: bool(self.views))

    def closes(self, second: int, detector: Eager = FAR) -> int:
        """A candle closes at a second; refusals so far."""
        self.at(second)
        world = self.world
        pursuit = world.monitor.custody.pursuit(self.view.id)
        pursuit.detector = detector
        # Of no use to the analyser, which drops a candle that has not really closed.
        forming_ns = world.clock.now_ns // CANDLE_NS * CANDLE_NS
        candle = attrs.evolve(world.candles[-1], open_ns=forming_ns)
        world.inbox.append(CandleClosed(symbol=world.symbol, candle=candle))
        world.once()
        world.until(lambda: not pursuit.reading)
        return self.view.rejections


def test_the_pause_doubles_with_each_refusal_in_a_row() -> None:
    bench = Waiting()
    heard = {second: bench.closes(second) for second in (10, 12, 14, 16, 20, 25, 27, 45, 48)}

    assert heard == {10: 1, 12: 1, 14: 1, 16: 2, 20: 2, 25: 2, 27: 3, 45: 3, 48: 4}
    assert bench.view.refusals == 4


def test_a_signal_that_clears_the_gates_ends_the_row() -> None:
    bench = Waiting()
    assert bench.closes(10) == 1
    assert bench.closes(16, Eager(first_price())) == 1
    view = bench.view

    assert view.state is not PositionState.ARMED
    assert (view.refusals, view.refused_ns) == (0, None)


def test_a_restart_does_not_shorten_the_pause() -> None:
    bench = Waiting()
    assert [bench.closes(10), bench.closes(16)] == [1, 2]
    bench.world.kill(dead_ns=NS_PER_S)

    assert [bench.closes(22), bench.closes(27)] == [2, 3]


def test_disarming_ends_the_waiting() -> None:
    bench = Waiting()
    assert bench.closes(10) == 1
    asked = bench.world.ask(Disarm(position=bench.view.id, actor="t"))

    assert asked.answer.result(0).outcome == "cancelled"
    assert bench.closes(30) == 1


@pytest.mark.parametrize(
    ("refusals", "pause_s"), [(0, None), (1, 5), (2, 10), (7, 320), (8, 640), (9, 900), (400, 900)]
)
def test_the_pause_has_a_bound(refusals: int, pause_s: int | None) -> None:
    view = attrs.evolve(
        Waiting().view, refusals=refusals, refused_ns=ExchangeNs(100) if refusals else None
    )
    expected = 0 if pause_s is None else 100 + pause_s * NS_PER_S
    assert listens_ns(view, Settings()) == expected

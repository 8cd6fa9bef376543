"""Injected signals: the gates of any other, judged once, told again as they were answered."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import attrs
import pytest

from robson.api.published import Injected
from robson.daemon.strategies import Shelf
from robson.domain.commands import Arm, Disarm, InjectSignal
from robson.domain.errors import Refused
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.reports import OutcomeUnknown
from robson.domain.strategy import STRATEGIES, DetectorKind, StrategyConfig
from robson.domain.values import NS_PER_S, Price, Side
from robson.engine.settings import Settings
from tests.simulation.worlds import BALANCE, Bench, first_price

ENTRY = first_price()
STOP = Price((ENTRY * 99 / 100).quantize(ENTRY))
ABOVE = Price((ENTRY * 101 / 100).quantize(ENTRY))
MANUAL = StrategyConfig(name="manual", bias=None, detector=DetectorKind.MANUAL)


class Waiting(Bench):
    """A position that waits for a signal from outside."""

    def __init__(self, *, allowed: bool = True, strategy: str = "manual") -> None:
        super().__init__([], seconds=200)
        world = self.world
        world.settings = Settings(manual_signals=allowed)
        world.deposit(BALANCE)
        world.start()
        self.know()
        world.until(lambda: world.monitor.roster.month is not None and world.board.has_price)
        world.ask(Arm(symbol=world.symbol, strategy=strategy, idempotency_key="k", actor="t"))
        world.until(lambda: bool(self.views))

    def know(self) -> None:
        """The shelf of a daemon that has read a file."""
        self.world.monitor.custody.strategies = Shelf(known={**STRATEGIES, "manual": MANUAL})

    def put(self, signal_id: str = "a", **more: Any) -> Future[Any]:
        command = InjectSignal(
            **{"position": self.view.id, "signal_id": signal_id, "stop": STOP, "actor": "t", **more}
        )
        return self.world.ask(command).answer

    def told(self, signal_id: str = "a", **more: Any) -> Injected:
        answer = self.put(signal_id, **more)
        self.world.until(answer.done)
        found: Injected = answer.result(0)
        return found

    def refused(self, signal_id: str = "a", **more: Any) -> Refused:
        answer = self.put(signal_id, **more)
        self.world.until(answer.done)
        with pytest.raises(Refused) as refused:
            answer.result(0)
        return refused.value


@pytest.mark.parametrize(("stop", "side"), [(STOP, Side.LONG), (ABOVE, Side.SHORT)], ids=str)
def test_a_signal_enters_behind_the_stop_that_came_with_it(stop: Price, side: Side) -> None:
    bench = Waiting()
    told = bench.told(stop=stop)

    assert (told.code, told.repeated, told.position.state) == ("", False, PositionState.ENTERING)
    bench.world.until(lambda: bench.view.insurance.state == "resting")
    view = bench.view
    assert view.side is side
    assert view.signal is not None
    assert view.signal.signal_id == "a"
    assert view.signal.audit.method == "operator_supplied"
    assert view.plan is not None
    assert view.plan.stops.technical_stop == stop
    assert view.signal.audit.stop == view.plan.stops.stop


def test_a_known_id_is_answered_as_it_was_and_changes_nothing() -> None:
    bench = Waiting()
    assert bench.told().code == ""
    rows = bench.world.monitor.roster.seq
    again = bench.told(stop=ABOVE)

    assert (again.code, again.repeated) == ("", True)
    assert bench.world.monitor.roster.seq == rows
    assert len(bench.view.signals) == 1


def test_a_refusal_is_an_answer_and_is_told_again_also_after_a_restart() -> None:
    """The stop is held against the bounds of any other; what was refused is not tried again."""
    bench = Waiting()
    near = Price(ENTRY - ENTRY / 10_000)
    told = bench.told(stop=near)

    assert (told.code, told.position.state) == ("stop_invalid", PositionState.ARMED)
    assert "bps away; allowed is 10 to 1000 bps" in told.message
    assert bench.view.rejection is not None
    assert bench.view.rejection.audit is not None
    assert bench.view.rejection.audit.method == "operator_supplied"
    bench.world.kill(dead_ns=NS_PER_S)
    again = bench.told(stop=STOP)
    assert (again.code, again.message, again.repeated) == ("stop_invalid", told.message, True)
    bench.world.until(lambda: not bench.world.monitor.custody.unreconciled)
    assert bench.told("b").code == ""
    assert bench.view.signals == (("a", "stop_invalid"), ("b", ""))


def test_two_who_tell_the_same_signal_at_once_get_one_answer() -> None:
    bench = Waiting()
    command = InjectSignal(position=bench.view.id, signal_id="a", stop=STOP, actor="t")
    first, second = bench.world.ask(command).answer, bench.world.ask(command).answer
    other = bench.put("b")
    bench.world.until(lambda: first.done() and second.done() and other.done())

    assert (first.result(0).repeated, second.result(0).repeated) == (False, True)
    assert first.result(0).code == second.result(0).code == ""
    with pytest.raises(Refused, match="is judging another signal"):
        other.result(0)


def test_disarming_wins_over_a_signal_that_is_being_judged() -> None:
    bench = Waiting()
    answer = bench.put()
    bench.world.ask(Disarm(position=bench.view.id, actor="t"))
    bench.world.until(answer.done)

    with pytest.raises(Refused, match="took no signal: position is cancelled"):
        answer.result(0)
    assert bench.view.state is PositionState.CANCELLED
    assert bench.requests(Purpose.ENTRY) == []


def test_a_signal_whose_account_cannot_be_read_is_refused_and_does_not_block_the_next() -> None:
    bench = Waiting()
    answer = bench.put()
    [asked] = bench.world.monitor.custody.pursuit(bench.view.id).reading
    now = bench.world.clock.exchange_ns()
    lost = OutcomeUnknown(intent=asked, sent_ns=now, received_ns=now, reason="no answer")
    bench.world.inbox.append(lost)
    bench.world.until(answer.done)

    told = answer.result(0)
    assert (told.code, told.message) == ("wallet_not_clean", "the pair's account could not be read")
    assert bench.told("b").code == ""


def test_a_price_that_has_drifted_from_the_signal_is_refused() -> None:
    bench = Waiting()
    far = Price((ENTRY * 101 / 100).quantize(ENTRY))
    told = bench.told(entry_ref=far)
    assert told.code == "price_drift"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"side": Side.SHORT}, "INVALID_ARGUMENT", "a short at"),
        ({"entry_ref": STOP}, "INVALID_ARGUMENT", "needs one"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(
    more: dict[str, Any], code: str, words: str
) -> None:
    bench = Waiting()
    rows = bench.world.monitor.roster.seq
    refused = bench.refused(**more)
    assert (refused.code, words in str(refused)) == (code, True)
    assert bench.world.monitor.roster.seq == rows


def test_who_may_be_told_a_signal() -> None:
    assert Waiting(allowed=False).refused().code == "MANUAL_SIGNALS_OFF"
    wrong = Waiting(strategy="all-in").refused()
    assert (wrong.code, "only manual takes injected signals" in str(wrong)) == (
        "INVALID_ARGUMENT",
        True,
    )
    bench = Waiting()
    assert bench.told().code == ""
    after = bench.refused("b")
    assert (after.code, "takes no signal: position is" in str(after)) == (
        "INVALID_STATE_TRANSITION",
        True,
    )
    elsewhere = attrs.evolve(bench.view).id[:-1] + "0"
    assert bench.refused(position=elsewhere).code == "IDEMPOTENCY_CONFLICT"
    assert bench.refused("c", position=elsewhere).code == "POSITION_NOT_FOUND"

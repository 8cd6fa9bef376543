"""Who takes no entries and for how long: runtime states, the monthly halt, a frozen scope.

Exits are never in it: what is open is managed in every state.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson.daemon.messages import RulesChanged
from robson.domain import events as e
from robson.domain.accounts import RuntimeState
from robson.domain.commands import Arm, ClearFrozen, Panic, SetHalt, SetRuntimeState
from robson.domain.errors import Refused
from robson.domain.instrument import Instrument
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, Side
from tests.simulation.test_month import Turning
from tests.simulation.worlds import BALANCE, Bench

RUNNING, PAUSED = RuntimeState.RUNNING, RuntimeState.PAUSED
DRAINING, STOPPED = RuntimeState.DRAINING, RuntimeState.STOPPED
FLAP_S = 300


def set_state(bench: Bench, state: RuntimeState) -> Refused | None:
    """Ask for a state; the refusal, or None when it holds now."""
    asked = bench.world.ask(SetRuntimeState(state=state, reason="a reason", actor="ops@here"))
    error = asked.answer.exception()
    assert error is None or isinstance(error, Refused)
    return error


def arm(bench: Bench, key: str, strategy: str = "now") -> str | None:
    """Arm; the code it was refused with, or None."""
    symbol = bench.world.symbol
    asked = bench.world.ask(
        Arm(symbol=symbol, strategy=strategy, idempotency_key=key, actor="t", side=Side.LONG)
    )
    bench.world.until(asked.answer.done)
    error = asked.answer.exception()
    assert error is None or isinstance(error, Refused)
    return error.code if error else None


def hold(bench: Bench) -> None:
    """Arm, and go on until the exchange stop rests."""
    assert arm(bench, "held") is None
    assert bench.world.until(lambda: bench.view.insurance.state == "resting", at_most=10_000)


def state_of(bench: Bench) -> RuntimeState:
    return bench.world.monitor.roster.standing.state


def begun(seconds: int = 900, **settings: Any) -> Turning:
    bench = Turning(seconds=seconds, **settings)
    bench.world.deposit(BALANCE)
    bench.world.start()
    bench.world.until(
        lambda: bench.world.monitor.roster.month is not None and bench.world.board.has_price
    )
    return bench


ALLOWED = {(RUNNING, PAUSED), (RUNNING, DRAINING), (PAUSED, RUNNING), (PAUSED, DRAINING)}
ALLOWED |= {(STOPPED, RUNNING)}


@pytest.mark.parametrize("was", list(RuntimeState), ids=lambda state: state.value)
@pytest.mark.parametrize("wanted", list(RuntimeState), ids=lambda state: state.value)
def test_every_step_that_may_be_asked_for(
    was: RuntimeState, wanted: RuntimeState, record_property: Any
) -> None:
    bench = begun()
    if was is DRAINING:
        hold(bench)  # it drains as long as something is open
    if was is not RUNNING:
        first = DRAINING if was is STOPPED else was
        assert set_state(bench, first) is None
    assert state_of(bench) is was
    bench.at(FLAP_S + 60)
    seq = bench.world.monitor.roster.seq
    refused = set_state(bench, wanted)

    if (was, wanted) in ALLOWED:
        assert refused is None
        assert state_of(bench) in (wanted, STOPPED)
    else:
        assert refused is not None
        assert refused.code == "INVALID_STATE_TRANSITION"
        assert bench.world.monitor.roster.seq == seq, "nothing was written"
    record_property("happened", f"runtime step {'refused' if refused else 'taken'}: {was.value}")


def test_a_pause_refuses_entries_manages_exits_and_survives_a_restart() -> None:
    bench = begun()
    hold(bench)
    assert set_state(bench, PAUSED) is None
    bench.world.kill(dead_ns=2 * NS_PER_S)

    assert state_of(bench) is PAUSED
    assert arm(bench, "other") == "not_running"
    bench.world.ask(Panic(actor="t"))
    view = bench.settled()
    assert view.state is PositionState.CLOSED
    assert arm(bench, "third") == "not_running"


def test_entries_are_taken_again_five_minutes_after_a_change_and_not_before() -> None:
    bench = begun()
    assert set_state(bench, PAUSED) is None
    changed_s = (bench.world.clock.now_ns - bench.world.began_ns) // NS_PER_S
    bench.at(changed_s + FLAP_S - 2)
    early = set_state(bench, RUNNING)
    assert early is not None
    assert 0 < int(dict(early.numbers)["wait_s"]) <= 3
    assert set_state(bench, DRAINING) is None, "less may be asked for at any time"
    bench.at(changed_s + 2 * FLAP_S + 2)
    assert set_state(bench, RUNNING) is None
    assert arm(bench, "after") is None


def test_a_drain_ends_what_only_waits_and_stops_when_the_rest_is_flat() -> None:
    bench = begun()
    assert arm(bench, "waits", strategy="all-in") is None
    assert set_state(bench, DRAINING) is None

    view = bench.view
    assert (view.state, view.cancel_reason) == (PositionState.CANCELLED, "shutdown_policy")
    assert state_of(bench) is STOPPED
    changes = bench.events(e.RuntimeStateChanged)
    assert [(each.was, each.state, each.actor) for each in changes] == [
        (RUNNING, DRAINING, "ops@here"),
        (DRAINING, STOPPED, None),
    ]


def test_a_drain_lets_what_is_held_live() -> None:
    bench = begun()
    hold(bench)
    assert set_state(bench, DRAINING) is None
    bench.at(60)
    assert (state_of(bench), bench.view.state) == (DRAINING, PositionState.ACTIVE)
    bench.world.ask(Panic(actor="t"))
    bench.settled()
    assert state_of(bench) is STOPPED


@pytest.mark.parametrize(("on_halt", "reason"), [("hold", None), ("close", "monthly_halt")])
def test_a_halt_holds_or_closes_what_is_open(on_halt: str, reason: str | None) -> None:
    bench = begun(on_halt=on_halt)
    hold(bench)
    bench.world.ask(SetHalt(on=True, reason="enough", actor="ops"))
    bench.at(40)

    assert arm(bench, "other") == "monthly_halt"
    if reason is None:
        assert bench.view.state is PositionState.ACTIVE
        assert bench.view.insurance.state == "resting"
        return
    view = bench.settled()
    assert view.closed is not None
    assert view.closed.reason == reason


def test_a_halt_asked_for_while_an_entry_is_under_way_leaves_on_the_fill() -> None:
    bench = begun(on_halt="close")
    assert arm(bench, "one") is None
    bench.world.until(lambda: bench.view.state is PositionState.ENTERING)
    bench.world.ask(SetHalt(on=True, reason="enough", actor="ops"))
    view = bench.settled()

    assert view.closed is not None
    assert view.closed.reason == "monthly_halt"


def test_a_halt_is_cleared_by_an_operator_only_while_the_month_has_something_left() -> None:
    bench = begun()
    assert isinstance(_clear(bench), Refused), "nothing is halted"
    bench.world.ask(SetHalt(on=True, reason="enough", actor="ops"))
    assert _clear(bench) is None
    assert arm(bench, "after") is None


def test_a_month_that_is_used_up_is_opened_by_nobody_and_told_once() -> None:
    bench = begun()
    custody = bench.world.monitor.custody
    now = custody.budget()
    used_up = attrs.evolve(now, realised_net=-now.budget)
    custody.budget = lambda *_: used_up  # type: ignore[method-assign]
    bench.world.ask(SetHalt(on=True, reason="enough", actor="ops"))
    refused = _clear(bench)

    assert isinstance(refused, Refused)
    assert refused.code == "HALTED"
    assert arm(bench, "after") == "monthly_halt"
    bench.at(40)
    told = [row.event for row in bench.world.journal.read() if isinstance(row.event, e.HaltEntered)]
    assert len(told) == 1


def _clear(bench: Bench) -> BaseException | None:
    asked = bench.world.ask(SetHalt(on=False, reason="agreed", actor="ops"))
    return asked.answer.exception()


def test_a_frozen_account_denies_until_a_person_has_looked() -> None:
    bench = begun()
    bench.world.monitor.governor.freeze("account", "the margin level is 1.05")
    bench.world.monitor.governor.freeze("account", "again")
    assert len(bench.events(e.ScopeFrozen)) == 1
    assert arm(bench, "one") == "degraded"
    bench.world.kill(dead_ns=NS_PER_S)
    assert arm(bench, "two") == "degraded"
    other = bench.world.ask(ClearFrozen(scope="ETHUSDT", reason="no", actor="ops"))
    assert isinstance(other.answer.exception(), Refused)
    bench.world.ask(ClearFrozen(scope="account", reason="looked", actor="ops"))
    assert arm(bench, "three") is None


def tell_rules(bench: Bench, what: str, now: Instrument | None) -> None:
    """The exchange has other rules."""
    bench.world.monitor.step(RulesChanged(str(bench.world.symbol), what, now))


def rules(bench: Bench) -> Instrument:
    """The rules that the pair is traded by."""
    return bench.world.monitor.markets[str(bench.world.symbol)].instrument


def test_a_pair_whose_prices_are_counted_otherwise_waits_for_a_start() -> None:
    bench = begun()
    tell_rules(bench, "tick 0.01 to 0.1", None)
    (frozen,) = bench.events(e.ScopeFrozen)
    assert (frozen.scope, frozen.code) == (str(bench.world.symbol), "rules_changed")
    assert "tick 0.01 to 0.1" in frozen.reason
    assert "start robsond again" in frozen.reason
    assert arm(bench, "one") == "degraded"
    bench.world.kill(dead_ns=NS_PER_S)
    assert arm(bench, "two") is None, "a start has read them"
    (cleared,) = bench.events(e.ScopeCleared)
    assert cleared.actor == "robson"


def test_other_rules_of_sizes_count_as_soon_as_no_position_needs_the_old(
    record_property: Any,
) -> None:
    bench = begun()
    usual = rules(bench)
    coarser = attrs.evolve(usual, step=usual.step * 10)
    tell_rules(bench, "step", coarser)
    assert rules(bench) == coarser
    assert bench.events(e.ScopeFrozen) == []
    hold(bench)
    assert bench.view.entry is not None
    assert bench.view.entry.quantity % coarser.step == 0
    tell_rules(bench, "step", usual)
    assert rules(bench) == coarser, "it was entered by these"
    assert "count once it is over" in bench.events(e.ScopeFrozen)[0].reason
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: rules(bench) == usual)
    assert bench.view.settled is not None
    assert bench.world.monitor.roster.standing.frozen == ()
    assert arm(bench, "again") is None
    record_property("happened", "other rules were taken when a position was over")


def test_old_rules_that_come_back_are_no_reason_to_wait() -> None:
    bench = begun()
    usual = rules(bench)
    hold(bench)
    tell_rules(bench, "step", attrs.evolve(usual, step=usual.step * 10))
    assert len(bench.world.monitor.roster.standing.frozen) == 1
    tell_rules(bench, "step", usual)
    assert rules(bench) == usual
    assert bench.world.monitor.roster.standing.frozen == ()


def test_what_a_person_has_to_look_at_stays_frozen() -> None:
    bench = begun()
    symbol, usual = str(bench.world.symbol), rules(bench)
    bench.world.monitor.governor.freeze(symbol, "looks wrong", "wallet_flipped")
    tell_rules(bench, "tick", None)
    tell_rules(bench, "tick", usual)
    assert len(bench.world.monitor.roster.standing.frozen) == 2
    assert bench.events(e.ScopeCleared) == []

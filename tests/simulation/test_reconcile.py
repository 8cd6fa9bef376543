"""What others have done at the exchange is found, followed, and written down: one test a row.

Each begins with what the journal and the exchange say, and ends with what both say afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from robson.api.published import Difference
from robson.connectors.simulated.driver import Trip
from robson.daemon.messages import Unseen
from robson.domain import events as e
from robson.domain.commands import ClearFrozen, Panic, Reconcile
from robson.domain.errors import Refused
from robson.domain.identity import Purpose, client_order_id
from robson.domain.intents import Intent
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, ExchangeNs, Price, Side
from robson.engine.pair import GRACE_NS
from robson.engine.reconcile import ROWS
from robson.sim.faults import FaultPlan, FaultyWire
from tests.simulation import outsiders
from tests.simulation.test_govern import arm
from tests.simulation.worlds import BALANCE, SEED, Bench, Script, first_price

Note = Callable[[str, object], None]
BOTH = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
LOOKED_S = 75
"""Within so many seconds everything is looked at, and what was missed is looked at again."""


class Read(Bench):
    """A bench whose journal is read by kinds."""

    def events(self, *kinds: type) -> list[Any]:
        """What the journal holds of some kinds, in order."""
        return [row.event for row in self.world.journal.read() if isinstance(row.event, kinds)]


def held(side: Side = Side.LONG, seconds: int = 900) -> Read:
    """A position whose exchange stop rests, in a quiet market."""
    bench = Read([], seconds=seconds)
    bench.active(side)
    return bench


def passes(bench: Bench, seconds: int = LOOKED_S) -> None:
    """Let time pass."""
    due_ns = bench.world.clock.now_ns + seconds * NS_PER_S
    bench.world.until(lambda: bench.world.clock.now_ns >= due_ns)


def restarted(bench: Bench) -> None:
    """The process dies, and another one looks at everything."""
    bench.world.kill(dead_ns=NS_PER_S)
    passes(bench, 5)


def rows(bench: Read) -> list[str]:
    """Rows of the table that were followed, in order."""
    return [event.row for event in bench.events(e.Reconciled)]


def part(bench: Bench, share: str) -> Decimal:
    """The order that leaves a share of what is held."""
    view, rules = bench.view, bench.world.instrument
    assert view.entry is not None
    held_ = view.entry.held * Decimal(share)
    if view.side is Side.LONG:
        return rules.floor_quantity(held_)
    return rules.ceil_quantity(held_ / (1 - rules.taker_fee))


def codes(bench: Bench) -> list[str]:
    """What the symbol is frozen for."""
    return [each.code for each in bench.world.monitor.roster.standing.frozen]


def test_the_table_is_the_one_that_is_tested() -> None:
    rows_ = {f"R{number}" for number in (8, 9, 10, 11, 12, 13, 14, 15, 16, 21, 22, 25)}
    assert ROWS.keys() == rows_ | {"missed"}


# --- prices that nobody saw ----------------------------------------------------------------------


@BOTH
@pytest.mark.proves("R6", "I-21")
def test_a_stop_crossed_unseen_is_forgiven_when_the_price_is_back(
    side: Side, record_property: Note
) -> None:
    """Journal: active. Exchange: the price went beyond the stop, and has come back."""
    bench = held(side)
    stop, rules = bench.view.stop, bench.world.instrument
    assert stop is not None
    worst = rules.ticks(Price(stop - side.sign * rules.tick))
    live = rules.ticks(first_price())
    unseen = Unseen(min(worst, live), max(worst, live))
    bench.world.monitor.recover({bench.world.symbol: unseen})
    passes(bench, 5)

    (forgiven,) = bench.events(e.GapForgiven)
    assert (forgiven.stop, forgiven.extreme) == (stop, rules.price_of(worst))
    assert bench.view.state is PositionState.ACTIVE
    assert (bench.requests(Purpose.EXIT), len(outsiders.open_ids(bench))) == ([], 1)
    record_property("happened", f"R6: a {side.value} held through a gap")


@pytest.mark.proves("R24", "I-48")
def test_an_exchange_that_does_not_answer_changes_nothing(record_property: Note) -> None:
    """Journal: nothing. Exchange: silent, then there."""
    bench = Read([], seconds=300, faults=Silent(20))
    bench.world.deposit(BALANCE)
    bench.world.start()
    bench.at(10)
    assert bench.world.monitor.custody.unreconciled == {bench.world.symbol}
    passes(bench, 40)

    assert bench.world.monitor.custody.unreconciled == set()
    assert [type(event) for event in bench.events(object)] == [e.Started, e.MonthOpened]
    record_property("happened", "R24: waited for the exchange")


class Silent(FaultPlan):
    """The exchange answers nothing for so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(SEED)
        self.wire = _SilentWire(self, seconds)


class _SilentWire(FaultyWire):
    def __init__(self, plan: FaultPlan, seconds: int) -> None:
        super().__init__(plan)
        self._silent_ns, self._began_ns = seconds * NS_PER_S, -1

    def trip(self, request: Intent, now_ns: int) -> Trip:
        usual = super().trip(request, now_ns)
        self._began_ns = now_ns if self._began_ns < 0 else self._began_ns
        silent = now_ns - self._began_ns < self._silent_ns
        return Trip(out_ns=None, back_ns=None) if silent else usual


# --- the exchange stop ---------------------------------------------------------------------------


@BOTH
@pytest.mark.proves("R12", "P7", "I-28")
def test_a_stop_that_the_exchange_forgot_is_placed_again(side: Side, record_property: Note) -> None:
    """Journal: a stop rests. Exchange: knows nothing of it, the position is there."""
    bench = held(side)
    first = bench.view.insurance.client_id
    outsiders.forgets(bench, first)
    assert outsiders.open_ids(bench) == []
    passes(bench)

    assert rows(bench) == ["R12"]
    again = bench.view.insurance
    assert (again.state, again.client_id != first) == ("resting", True)
    assert outsiders.open_ids(bench) == [again.client_id]
    assert codes(bench) == []
    record_property("happened", f"R12: a forgotten stop of a {side.value} placed again")


@pytest.mark.proves("R13")
def test_a_stop_that_rests_elsewhere_is_put_right(record_property: Note) -> None:
    """Journal: a stop rests at its price. Exchange: it rests closer, and for less."""
    bench = held(Side.SHORT)
    wanted = bench.view.insurance
    assert wanted.client_id is not None
    assert wanted.stop_price is not None
    outsiders.cancels(bench, wanted.client_id)
    nearer = wanted.stop_price - 5 * bench.world.instrument.tick
    outsiders.rests(bench, Side.SHORT.exit_action, part(bench, "0.9"), nearer, wanted.client_id)
    passes(bench)

    assert rows(bench) == ["R13"]
    again = bench.view.insurance
    assert again.client_id != wanted.client_id
    assert again.stop_price == wanted.stop_price
    assert (again.quantity or 0) >= (wanted.quantity or 0)
    (rests,) = outsiders.open_ids(bench)
    assert outsiders.resting(bench, rests).stop_price == wanted.stop_price
    record_property("happened", "R13: a stop elsewhere replaced")


@pytest.mark.proves("R14", "I-24")
def test_a_stop_that_the_journal_gave_up_is_adopted(record_property: Note) -> None:
    """Journal: the stop failed. Exchange: it rests."""
    bench = held(Side.SHORT)
    view = bench.view
    stop = view.insurance.client_id
    assert stop is not None
    failed = e.InsuranceFailed(
        position=view.id,
        at_ns=bench.world.clock.exchange_ns(),
        client_id=stop,
        code=None,
        message="proved absent, and wrongly",
    )
    monitor = bench.world.monitor
    monitor.custody.pursuit(view.id).failed_ns = ExchangeNs(failed.at_ns + 900 * NS_PER_S)
    monitor.roster.commit((failed,))
    assert bench.view.insurance.state == "failed"
    monitor.reconciler.soon(bench.world.symbol)
    monitor.reconciler.look()
    passes(bench, 5)

    assert rows(bench) == ["R14"]
    assert (bench.view.insurance.state, bench.view.insurance.client_id) == ("resting", stop)
    assert outsiders.open_ids(bench) == [stop], "nothing was placed beside it"
    record_property("happened", "R14: a stop adopted")


# --- what is held --------------------------------------------------------------------------------


def closes(bench: Bench, share: str = "1", name: str = "web_1", *, stop: bool = True) -> None:
    """Somebody takes our stop away and trades a share of what is held."""
    view = bench.view
    assert view.side is not None
    if stop:
        outsiders.cancels(bench, view.insurance.client_id)
    outsiders.trades(bench, view.side.exit_action, part(bench, share), name)


@BOTH
@pytest.mark.proves("R8", "I-10", "I-34", "I-35")
def test_what_somebody_else_closed_is_closed_by_his_trades(
    side: Side, record_property: Note
) -> None:
    """Journal: active. Exchange: flat, by one order that is not ours."""
    bench = held(side)
    closes(bench, "1" if side is Side.LONG else "1.0005")  # with an hour's interest
    passes(bench, 30)
    assert bench.view.state is PositionState.ACTIVE, "one look proves nothing"
    passes(bench, 2 * LOOKED_S)

    view = bench.view
    assert view.closed is not None
    assert (view.closed.reason, view.closed.by) == ("reconciled_external", "reconciled")
    assert {fill.client_id for fill in view.exit_fills} == {"web_1"}
    assert (view.settled is not None, bench.requests(Purpose.EXIT)) == (True, [])
    assert outsiders.open_ids(bench) == []
    (missed,) = bench.events(e.HoldingMissed)
    assert view.closed.at_ns - missed.at_ns >= GRACE_NS
    record_property("happened", f"R8: a {side.value} closed by somebody else's trades")


@pytest.mark.proves("R9", "I-34", "I-47")
def test_what_two_orders_could_explain_is_left_to_a_person(record_property: Note) -> None:
    """Journal: active. Exchange: flat, and no single order explains it."""
    bench = held()
    outsiders.cancels(bench, bench.view.insurance.client_id)
    closes(bench, "0.5", "web_1", stop=False)
    closes(bench, "0.5", "web_3", stop=False)
    passes(bench, 3 * LOOKED_S)

    assert bench.view.state is PositionState.ACTIVE
    assert "stale_active" in codes(bench)
    assert len(bench.events(e.HoldingMissed)) == 1, "the first instant is kept"
    assert bench.view.exit_fills == ()
    record_property("happened", "R9: left to a person")


@BOTH
@pytest.mark.proves("R10")
def test_what_somebody_else_sold_in_part_is_no_longer_held(
    side: Side, record_property: Note
) -> None:
    """Journal: active. Exchange: half of it is gone, by trades that are not ours."""
    bench = held(side)
    closes(bench, "0.5", stop=side is Side.LONG)
    passes(bench, 3 * LOOKED_S)

    assert rows(bench)[-1] == "R10"
    assert bench.view.state is PositionState.ACTIVE
    assert codes(bench) == ["quantity_mismatch"]
    (rests,) = outsiders.open_ids(bench)
    assert part(bench, "0.45") < outsiders.resting(bench, rests).quantity < part(bench, "0.55")
    bench.world.ask(Panic(actor="t"))
    assert bench.settled().closed is not None
    record_property("happened", f"R10: half of a {side.value} was gone")


@BOTH
@pytest.mark.proves("R11")
def test_what_is_there_beside_a_position_is_not_adopted(side: Side, record_property: Note) -> None:
    """Journal: active. Exchange: more is there than that."""
    bench = held(side)
    held_before = bench.view.entry
    if side is Side.LONG:
        world, base = bench.world, bench.world.instrument.symbol.base
        world.exchange.deposit(
            world.scope, base, part(bench, "0.5"), at_ns=world.clock.exchange_ns()
        )
    else:
        outsiders.borrows(bench, part(bench, "0.5"))
    passes(bench)

    assert codes(bench) == ["untracked_exposure"]
    assert bench.view.entry == held_before
    assert bench.view.state is PositionState.ACTIVE
    assert (bench.requests(Purpose.EXIT), len(outsiders.open_ids(bench))) == ([], 1)
    record_property("happened", f"R11: more than a {side.value} holds was there")


@BOTH
@pytest.mark.proves("R25", "P1", "I-10")
def test_an_entry_that_fills_after_its_absence_was_proved_is_left(
    side: Side, record_property: Note
) -> None:
    """Journal: cancelled, the entry is proved absent. Exchange: it has filled after all."""
    bench = Read([], seconds=900, faults=Script(lost=Purpose.ENTRY, request=True))
    bench.arm(side)
    first = bench.settled()
    assert (first.cancel_reason, bench.requests(Purpose.ENTRY)) == ("absent", [])
    order = first.orders[0].order
    outsiders.asks(bench, order)
    passes(bench)

    (again,) = [view for view in bench.views if view.id != first.id]
    assert again.idempotency_key.startswith(f"recovered_from {first.id}")
    assert again.closed is not None
    assert (again.closed.reason, again.entry is not None) == ("degraded_mode", True)
    assert codes(bench) == ["recovered_entry"]
    account = bench.checks.truth(bench.world.scope).account
    assert (account.base.debt, account.quote.debt) == (0, 0)
    passes(bench, 2 * LOOKED_S)
    assert (len(bench.views), rows(bench)) == (2, ["R25"]), "once"
    record_property("happened", f"R25: a {side.value} entry that nobody held was left")


@pytest.mark.proves("R22", "I-14")
def test_what_no_position_explains_freezes_the_pair(record_property: Note) -> None:
    """Journal: nothing. Exchange: base that no position bought."""
    bench = held()
    bench.world.ask(Panic(actor="t"))
    bench.settled()
    world, base = bench.world, bench.world.instrument.symbol.base
    some = part(bench, "1")
    world.exchange.deposit(world.scope, base, some, at_ns=world.clock.exchange_ns())
    passes(bench)

    assert codes(bench) == ["untracked_exposure"]
    assert arm(bench, "other") == "degraded"
    account = bench.checks.truth(world.scope).account
    assert account.base.total >= some, "nothing of it was sold"
    record_property("happened", "R22: base of nobody")


# --- orders that nobody needs --------------------------------------------------------------------


@pytest.mark.proves("R15")
@pytest.mark.parametrize("over", [True, False], ids=["closed", "has-another"])
def test_a_stop_that_nobody_needs_is_taken_back(*, over: bool, record_property: Note) -> None:
    """Journal: closed, or another stop rests. Exchange: a stop of that position rests."""
    bench = held(Side.SHORT)
    view = bench.view
    assert view.stop is not None
    if over:
        bench.world.ask(Panic(actor="t"))
        bench.settled()
    left = client_order_id(Purpose.INSURANCE, view.scope, view.id, attempt=9, epoch=0)
    outsiders.rests(bench, Side.SHORT.exit_action, part(bench, "0.3"), view.stop, left)
    kept = bench.view.insurance.client_id
    restarted(bench)

    assert rows(bench) == ["R15"]
    assert outsiders.open_ids(bench) == ([] if over else [kept])
    assert bench.view.state is (PositionState.CLOSED if over else PositionState.ACTIVE)
    record_property("happened", f"R15: an orphan stop taken back, {'closed' if over else 'active'}")


@pytest.mark.proves("R16")
def test_an_entry_that_nobody_waits_for_is_taken_back(record_property: Note) -> None:
    """Journal: the position is over. Exchange: an entry of it is open."""
    bench = held()
    view = bench.view
    bench.world.ask(Panic(actor="t"))
    bench.settled()
    assert view.side is not None
    entry = client_order_id(Purpose.ENTRY, view.scope, view.id, attempt=9, epoch=0)
    outsiders.rests(bench, view.side.entry_action, part(bench, "0.3"), first_price() * 2, entry)
    restarted(bench)

    assert rows(bench) == ["R16"]
    assert outsiders.open_ids(bench) == []
    record_property("happened", "R16: an open entry taken back")


# --- what is not ours ----------------------------------------------------------------------------


@pytest.mark.proves("R21", "I-14", "P22", "I-41")
def test_a_foreign_order_freezes_the_pair_and_is_left_alone(record_property: Note) -> None:
    """Journal: nothing. Exchange: an order that nobody here sent."""
    bench = held()
    bench.world.ask(Panic(actor="t"))
    bench.settled()
    far = first_price() * 2
    outsiders.rests(bench, Side.LONG.entry_action, part(bench, "0.2"), far)
    passes(bench)

    assert codes(bench) == ["foreign_order"]
    assert outsiders.open_ids(bench) == ["web_2"]
    assert arm(bench, "other") == "degraded"
    (frozen,) = bench.events(e.ScopeFrozen)
    assert dict(frozen.evidence)["client_id"] == "web_2"
    restarted(bench)
    passes(bench)
    assert len(bench.events(e.ScopeFrozen)) == 1, "said once"
    record_property("happened", "R21: a foreign order froze its pair")


@pytest.mark.proves("R21")
def test_a_pair_thaws_only_when_a_look_finds_nothing_any_more(record_property: Note) -> None:
    """A person clears: the pair is looked at again first, and what is still there is told."""
    bench = held()
    bench.world.ask(Panic(actor="t"))
    bench.settled()
    outsiders.rests(bench, Side.LONG.entry_action, part(bench, "0.2"), first_price() * 2)
    passes(bench)

    refused = cleared(bench)
    assert isinstance(refused, Refused)
    assert (refused.code, dict(refused.numbers)["client_id"]) == ("STILL_DEGRADED", "web_2")
    assert codes(bench) == ["foreign_order"]
    (found,) = looked(bench)
    assert (found.row, found.freezes, found.follows) == ("R21", True, False)
    outsiders.cancels(bench, "web_2")
    assert cleared(bench) is None
    assert (codes(bench), looked(bench)) == ([], ())
    assert arm(bench, "other") is None
    record_property("happened", "clear-degraded: refused, then done")


def cleared(bench: Bench) -> BaseException | None:
    asked = bench.world.ask(ClearFrozen(scope=bench.world.symbol, reason="looked", actor="ops"))
    bench.world.until(asked.answer.done)
    return asked.answer.exception()


def looked(bench: Bench) -> tuple[Difference, ...]:
    asked = bench.world.ask(Reconcile(actor="t"))
    bench.world.until(asked.answer.done)
    found: tuple[Difference, ...] = asked.answer.result().found
    return found


@pytest.mark.proves("I-17", "P10")
def test_looking_again_changes_nothing(record_property: Any) -> None:
    """Journal and exchange agree: a look writes no row and sends no order."""
    bench = held()
    passes(bench, 15)
    written = len(list(bench.world.journal.read()))
    asked = len(bench.world.exchange.request_log(bench.world.scope))
    passes(bench, 300)
    requests = bench.world.exchange.request_log(bench.world.scope)[asked:]

    assert len(list(bench.world.journal.read())) == written
    looks = [entry for entry in requests if entry.request == "ReadAccount"]
    # The account's transfers are the calendar's question: they change no position.
    asked_for = {entry.request for entry in requests} - {"ReadTransfers"}
    assert asked_for == {"ReadAccount", "QueryOrder"}
    assert len(looks) == 5
    record_property("happened", f"looks that changed nothing: {len(looks)}")

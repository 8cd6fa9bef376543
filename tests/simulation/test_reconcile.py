"""What others have done at the exchange is found, followed, and written down: one test a row.

Each begins with what the journal and the exchange say, and ends with what both say afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import Purpose, client_order_id
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, Side
from robson.engine.reconcile import ROWS
from tests.simulation import outsiders
from tests.simulation.test_govern import arm
from tests.simulation.worlds import Bench, first_price

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
    """A share of what was entered, as an order may have it."""
    assert bench.view.entry is not None
    return bench.world.instrument.floor_quantity(bench.view.entry.quantity * Decimal(share))


def codes(bench: Bench) -> list[str]:
    """What the symbol is frozen for."""
    return [each.code for each in bench.world.monitor.roster.standing.frozen]


def test_the_table_is_the_one_that_is_tested() -> None:
    marked = {"R7", "R12", "R13", "R14", "R15", "R16", "missed", "R8", "R9", "R10", "R11"}
    assert ROWS.keys() == marked | {"R21", "R22"}


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


# --- what is not ours ----------------------------------------------------------------------------


@pytest.mark.proves("R21", "I-14", "P22")
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
    assert {entry.request for entry in requests} == {"ReadAccount", "QueryOrder"}
    assert len(looks) == 5
    record_property("happened", f"looks that changed nothing: {len(looks)}")

"""An account that was read just after a fill may be of before it, however late its answer is used.

What counts is when it was read: an answer may be kept waiting on its way.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, OrderStatus
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs, Side
from robson.domain.view import PositionView
from robson.engine.context import Context
from robson.engine.leaving import exit_now, leaving
from robson.engine.settle import LAG_NS, decide_account
from robson.engine.step import Known
from tests.simulation.test_any_answer import Seen, ends
from tests.simulation.test_unknown import read_account
from tests.simulation.worlds import Bench, Script, first_price


def left(side: Side) -> tuple[PositionView, Context, AccountSnapshot]:
    """A position all of whose exit has filled, and its account as it was before that."""
    bench = Bench([], seconds=60)
    bench.active(side)
    before = read_account(bench)
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: bool(bench.view.exit_fills))
    held = attrs.evolve(before, at_ns=bench.view.exit_fills[-1].at_ns)
    return bench.view, bench.world.monitor.custody.context(bench.world.symbol), held


def found_late(view: PositionView) -> PositionView:
    """The same, where a part of it was traded by somebody else earlier, and found last."""
    (fill,) = view.exit_fills
    cut = {"quantity": fill.quantity / 8, "commission": fill.commission / 8}
    left = {name: getattr(fill, name) - part for name, part in cut.items()}
    theirs = attrs.evolve(fill, **cut, at_ns=ExchangeNs(fill.at_ns - 2 * LAG_NS))
    return attrs.evolve(view, exit_fills=(attrs.evolve(fill, **left), theirs))


def used(
    ctx: Context, held: AccountSnapshot, *, read_ns: int, after_ns: int
) -> tuple[Context, AccountSnapshot]:
    """The same account, read so long after the fill, and used so long after that."""
    account = attrs.evolve(held, at_ns=ExchangeNs(held.at_ns + read_ns))
    return attrs.evolve(ctx, account=account, now_ns=ExchangeNs(account.at_ns + after_ns)), account


def test_a_debt_that_was_bought_back_is_not_bought_a_second_time(record_property: Any) -> None:
    """Journal: bought back. Exchange: owes nothing. An old answer, 14 s late, owes all of it."""
    view, ctx, held = left(Side.SHORT)
    late, _ = used(ctx, held, read_ns=50 * NS_PER_MS, after_ns=14 * NS_PER_S)
    assert exit_now(view, late) == exit_now(found_late(view), late) == 0
    record_property("happened", "a debt of before a fill, not bought")
    sure, _ = used(ctx, held, read_ns=LAG_NS, after_ns=0)
    assert exit_now(view, sure) > 0, "what is still owed so long after the fill is owed"


def test_base_that_was_sold_is_no_exposure_of_others(record_property: Any) -> None:
    """Journal: sold. Exchange: sold. An old answer, 14 s late, still has all of it."""
    view, ctx, held = left(Side.LONG)
    late, account = used(ctx, held, read_ns=50 * NS_PER_MS, after_ns=14 * NS_PER_S)
    assert decide_account(view, account, late).events == ()
    assert decide_account(found_late(view), account, late).events == ()
    record_property("happened", "base of before a fill, of nobody else's")
    sure, account = used(ctx, held, read_ns=LAG_NS, after_ns=0)
    (closed,) = decide_account(view, account, sure).events
    assert isinstance(closed, e.PositionClosed), "what is there so long after the fill is another's"


@pytest.mark.parametrize("side", Side, ids=lambda side: side.value)
def test_a_stop_that_was_taken_back_is_not_brought_back(side: Side, record_property: Any) -> None:
    """Journal: cancelled. Exchange: cancelled. A list of before that still shows it at rest."""
    asked = 0
    bench = Seen([(1, first_price())], seconds=200, faults=Script(leaves_lots=3))
    for view in bench.live(side):
        ctx = bench.world.monitor.custody.context(bench.world.symbol)
        ended = [o for o in view.orders if o.order.purpose is Purpose.INSURANCE]
        if view.state is not PositionState.EXITING or [o.status for o in ended] != ["done"]:
            continue
        assert view.account is not None
        now_ns = ExchangeNs(view.updated_ns + NS_PER_S)
        (shown,) = [state for state in ends(ended[0], ctx) if state.status is OrderStatus.NEW][:1]
        account = attrs.evolve(view.account, at_ns=now_ns, open_orders=(shown,))
        late = attrs.evolve(ctx, account=account, now_ns=now_ns)
        step = leaving(view, late, Known(trades_ns=now_ns))
        made = [type(event) for event in step.decision.events]
        assert e.InsurancePlaced not in made
        assert e.InsuranceRequested not in made
        asked += 1
    assert asked
    record_property("happened", f"{asked} lists of before the end of a stop, {side.value}")

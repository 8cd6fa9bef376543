"""One position after another on one pair: what earlier ones left does not belong to the next."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.domain.lifecycle import PositionState
from robson.domain.values import Side
from robson.sim.plans import Plan, Wish
from robson.sim.runs import Outcome, Reaching, live
from robson.sim.world import World
from tests.simulation.worlds import plan

POSITIONS = 40
SHARE = Decimal("0.02")


def many(seed: int, side: Side) -> tuple[Outcome, World]:
    """So many lives in one wallet, with nothing going wrong."""
    one: Plan = plan(seed, side)
    wish: Wish = attrs.evolve(one.wishes[0], share=SHARE)
    kept: list[World] = []

    def keep(world: World, checks: Reaching) -> Reaching:
        kept.append(world)
        return checks

    outcome = live(attrs.evolve(one, wishes=(wish,) * POSITIONS), observed=keep)
    return outcome, kept[0]


@pytest.mark.proves("P13")
def test_dust_does_not_add_up(record_property: Any) -> None:
    outcome, world = many(5, Side.LONG)

    assert outcome.violations == ()
    left = [view.closed.dust for view in outcome.views if view.closed]
    assert max(left) < world.instrument.order_step
    kept = sum(bool(dust) for dust in left)
    assert kept > POSITIONS // 2, "nearly each leaves some"
    assert outcome.reach.counts["refusals"]["wallet_not_clean"] == 0
    states = Counter(view.state for view in outcome.views)
    assert states[PositionState.CLOSED] > POSITIONS // 2
    assert all(view.is_settled for view in outcome.views)
    assert all(view.error is None for view in outcome.views)
    record_property("note", f"dust: {kept} lives in a row left some, at most {max(left):f}")


def test_shorts_in_a_row_owe_nothing_in_between() -> None:
    outcome, world = many(8, Side.SHORT)

    assert outcome.violations == ()
    assert outcome.filled > POSITIONS // 2
    wallet = world.exchange.state.accounts[world.scope]
    assert (wallet.base.debt, wallet.quote.debt) == (0, 0)

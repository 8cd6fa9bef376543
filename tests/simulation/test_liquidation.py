"""A jump through both stops and the price of the liquidation, in whole worlds under every check.

The exchange takes the position: our stop expires unfilled and an order nobody here sent trades. The
position closes by those fills, and the account's own money is what its result says.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from typing import Any, NamedTuple

import pytest

from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.exchange_rules import Rule
from robson.domain.values import MONEY, NS_PER_S, Price, Side
from robson.engine.margin import level_of
from tests.simulation import worlds
from tests.simulation.test_month import Turning
from tests.simulation.worlds import BALANCE

DEEP = Decimal("0.02")
"""So far beyond the price of the liquidation: the account is not bankrupt yet."""
SEEDS = {
    Side.LONG: (1, 4, 5, 7, 11, 12, 15, 17, 18, 24, 25, 28, 30, 32),
    Side.SHORT: (1, 2, 3, 5, 6, 8, 9, 10, 12, 13, 15, 16),
}
"""Pasts whose technical stop is near enough for an entry that borrows; a short always does."""
LIVES = [(side, seed) for side, seeds in SEEDS.items() for seed in seeds]


class Life(NamedTuple):
    """Where and when the price jumps: between two readings of the level, or on one."""

    side: Side
    at_s: int
    price: Price


@cache
def target(side: Side, seed: int) -> Price:
    """A price at which the held position is liquidated and its debt can still be repaid."""
    bench = Turning(seconds=60)
    bench.active(side)
    rules, accounts = bench.world.instrument, bench.world.exchange.state.accounts
    with localcontext(MONEY):
        price = accounts[bench.world.scope].liquidate_price(rules.liquidation_ratio)
        assert price is not None, f"seed {seed} borrows nothing"
        return rules.price_down(price * (1 - side.sign * DEEP))


@pytest.fixture(params=LIVES, ids=[f"{side.value}-{seed}" for side, seed in LIVES])
def life(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Life:
    side, seed = request.param
    monkeypatch.setattr(worlds, "SEED", seed)
    return Life(side, 30 + seed, target(side, seed))


def test_a_jump_beyond_everything_closes_by_the_evidence(life: Life, record_property: Any) -> None:
    bench = Turning([(life.at_s, life.price)], seconds=240)
    bench.active(life.side)
    bench.at(life.at_s + 60)
    view, counts = bench.settled(), bench.world.exchange.counts()

    assert counts[Rule.LIQUIDATED.value] == 1
    assert counts[Rule.LIQUIDATION_LEAVES_DEBT.value] == 0
    assert view.closed is not None
    assert view.settled is not None
    assert view.closed.reason == "liquidation"
    assert view.exit_fills
    assert all(fill.is_forced for fill in view.exit_fills), "nothing of ours was traded"
    assert view.insurance.state == "none" or view.insurance.executed == 0
    audit = Conservation(bench.world.exchange.books, bench.world.exchange.state).check()
    assert audit.differences == ()
    account = bench.checks.truth(bench.world.scope).account
    assert (level_of(account), account.open_orders) == (None, ())
    left = account.quote.total + account.base.total * view.closed.price
    assert abs(left - BALANCE - view.settled.net) < BALANCE / 1000, "the result is what is left"
    record_property("happened", f"liquidated and closed: {life.side.value}")


@pytest.mark.proves("I-24")
def test_a_process_that_is_dead_meanwhile_finds_the_evidence(
    life: Life, record_property: Any
) -> None:
    bench = Turning([(life.at_s, life.price)], seconds=240)
    bench.active(life.side)
    bench.at(life.at_s - 3)
    bench.world.kill(dead_ns=10 * NS_PER_S)
    bench.at(life.at_s + 60)
    view = bench.settled()
    assert view.closed is not None
    assert (view.closed.reason, view.insurance_fills) == ("liquidation", ())
    assert all(fill.is_forced for fill in view.exit_fills)
    record_property("happened", f"liquidated while dead: {life.side.value}")

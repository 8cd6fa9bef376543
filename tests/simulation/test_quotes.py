"""Whole lives on pairs of other quotes and at extreme prices, under every check."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson.domain.identity import Symbol
from robson.domain.values import Side
from robson.sim import markets
from tests.simulation import worlds
from tests.simulation.worlds import Bench

PAIRS = [
    (Symbol("BTC", "USDC"), "1000000", "0.01"),
    (Symbol("BTC", "BRL"), "550000", "1"),
    (Symbol("ETH", "BTC"), "0.03512", "0.00001"),
    (Symbol("LINK", "ETH"), "0.00512", "0.00000001"),
    (Symbol("DOGE", "FDUSD"), "0.15", "0.00001"),
    (Symbol("PEPE", "USDT"), "0.00001234", "0.00000001"),
]

FAR = Decimal("0.2")
"""Of the price: beyond both stops."""
COARSE = [
    (Symbol("SHIB", "USDC"), "0.00000100", "0.00000001"),
    (Symbol("SHIB", "BTC"), "0.00000001", "0.00000001"),
]
"""Ticks of a hundredth of the price, and of all of it: no stop fits between."""


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_a_whole_life(
    pair: Any, side: Side, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    monkeypatch.setattr(markets, "_PAIRS", (pair,))
    first = worlds.first_price()
    tick = Decimal(pair[2])
    target = first * (1 - side.sign * FAR) // tick * tick
    bench = Bench([(20, target)], seconds=120)
    bench.active(side)
    view = bench.settled()
    assert view.closed is not None
    assert view.settled is not None
    record_property("happened", f"whole life: {pair[0].quote}")


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
@pytest.mark.parametrize("pair", COARSE, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_a_tick_too_coarse_for_a_stop_is_no_entry(
    pair: Any, side: Side, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    monkeypatch.setattr(markets, "_PAIRS", (pair,))
    bench = Bench([], seconds=60)
    bench.arm(side)
    view = bench.settled()
    assert bench.world.exchange.state.orders == {}
    assert view.cancel_reason == "entry_exhausted"
    record_property("happened", "no entry: the tick is too coarse")

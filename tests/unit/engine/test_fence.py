"""When the exchange itself would refuse a second exit, and when it would not."""

from __future__ import annotations

import pytest

from robson.domain.values import Side
from robson.engine.orders import exit_fence
from tests.unit.engine.builders import D


@pytest.mark.parametrize(
    ("quote", "cost", "fence"),
    [("1499", "1000", "asset"), ("1999.99", "1000", "asset"), ("2000", "1000", "settle")],
)
def test_a_short_is_fenced_while_two_buy_backs_cannot_be_paid(
    quote: str, cost: str, fence: str
) -> None:
    assert exit_fence(Side.SHORT, quote=D(quote), cost=D(cost)) == fence


def test_a_long_has_nothing_to_sell_twice() -> None:
    assert exit_fence(Side.LONG, quote=D(10**9), cost=D(1)) == "asset"

"""What Binance says of trades, orders and rates, in our words: each side, each rounding."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson.connectors.binance import messages as m
from robson.connectors.binance import telling
from robson.domain.values import NS_PER_MS, Action


@pytest.mark.parametrize(("is_buyer", "action"), [(True, Action.BUY), (False, Action.SELL)])
def test_a_trade_is_of_the_side_that_it_says(*, is_buyer: bool, action: Action) -> None:
    row = m.Trade(
        id=7,
        orderId=3,
        price=m.Amount("10.5"),
        qty=m.Amount("2"),
        commission=m.Amount("0.002"),
        commissionAsset="BTC",
        isBuyer=is_buyer,
        time=1_763_553_303_304,
    )
    told = telling.fill(row, "rbe-1")
    assert (told.action, told.trade_id, told.order_id, told.client_id) == (action, 7, 3, "rbe-1")
    assert (told.price, told.quantity, told.commission) == (
        Decimal("10.5"),
        Decimal(2),
        Decimal("0.002"),
    )
    assert told.at_ns == 1_763_553_303_304 * NS_PER_MS


@pytest.mark.parametrize(
    ("daily", "hourly"),
    [("0.00024", "0.00001"), ("0.0002401", "0.00001001"), ("0.00000001", "0.00000001")],
)
def test_an_hour_of_interest_is_never_less_than_it_will_be(daily: str, hourly: str) -> None:
    """Against the reader: what a loan costs is rounded up, however little is left of it."""
    assert telling.hourly(Decimal(daily)) == Decimal(hourly)


def test_microseconds_are_told_as_the_instant_that_they_are() -> None:
    assert telling.ns(1_763_553_303_304_999) == telling.ns(1_763_553_303_304)

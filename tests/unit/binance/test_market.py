"""What is public of a pair: closed candles, gaps by number and by minute, its rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson.connectors.binance.api import Api
from robson.connectors.binance.clock import ExchangeClock
from robson.connectors.binance.keys import Key
from robson.connectors.binance.limits import Limits
from robson.connectors.binance.market import Extremes, Market, instrument
from robson.connectors.binance.messages import Listing, Tier
from robson.connectors.binance.signing import HmacSigner
from robson.domain.errors import ConfigError
from robson.domain.values import NS_PER_MS
from tests.unit.binance.test_exchange import Binance

MINUTE = 60_000
QUARTER = 15 * MINUTE
T0 = 1_795_292_100_000
"""A full quarter of an hour."""


def asking(*answers: Any) -> tuple[Market, Binance]:
    door, clock = Binance(*answers), ExchangeClock(lambda: 0, T0 * NS_PER_MS)
    return Market(Api(door, None, Limits(lambda: T0), clock)), door


def row(open_ms: int, prices: str = "4 9 1 5", length_ms: int = QUARTER) -> list[Any]:
    """A row of klines: open, high, low, close."""
    return [open_ms, *prices.split(), "1", open_ms + length_ms - 1, "1", 1, "1", "1", "0"]


def trade(number: int, price: str, at_ms: int = T0) -> dict[str, Any]:
    return {"a": number, "p": price, "T": at_ms}


def test_a_candle_that_forms_is_none() -> None:
    market, door = asking([row(T0 - QUARTER), row(T0)])
    (found,) = market.candles("BTCUSDT", now_ms=T0 + QUARTER - 1)
    assert found.open_ns == (T0 - QUARTER) * NS_PER_MS
    assert (found.open, found.high, found.low, found.close) == (4, 9, 1, 5)
    assert door.asked[0][2]["interval"] == "15m"


def test_candles_of_long_ago_come_page_by_page() -> None:
    first = [row(T0 + n * QUARTER) for n in range(1_000)]
    market, door = asking(first, [row(T0 + 1_000 * QUARTER)])
    found = market.candles("BTCUSDT", now_ms=T0 + 2_000 * QUARTER, since_ms=T0)
    assert [each.open_ns for each in found] == [
        (T0 + n * QUARTER) * NS_PER_MS for n in range(1_001)
    ]
    assert [int(params["startTime"]) for _, _, params in door.asked] == [T0, T0 + 1_000 * QUARTER]


def test_a_gap_is_told_up_to_the_trade_that_was_heard() -> None:
    market, door = asking([trade(7, "10"), trade(8, "8"), trade(9, "12"), trade(10, "99")])
    assert market.gap("BTCUSDT", from_id=7, before_id=10) == Extremes(
        Decimal(8), Decimal(12), 9, T0
    )
    assert door.asked[0][2]["fromId"] == "7"
    market, _ = asking([])
    assert market.gap("BTCUSDT", from_id=7) is None


def test_a_long_gap_is_read_to_its_end() -> None:
    page = [trade(number, "10") for number in range(1_000)]
    market, door = asking(page, [trade(1_000, "3")])
    found = market.gap("BTCUSDT", from_id=0)
    assert found is not None
    assert (found.low, found.last_id) == (3, 1_000)
    assert door.asked[1][2]["fromId"] == "1000", "no trade lies between two pages"


def test_the_time_since_an_instant_holds_nothing_of_before() -> None:
    """The rest of its own minute by trades, whole minutes by their candles."""
    since, now = T0 + 20_000, T0 + 3 * MINUTE + 5_000
    minutes = [row(T0 + n * MINUTE, f"5 {8 + n} {4 - n} 5", MINUTE) for n in (1, 2, 3)]
    market, door = asking([trade(1, "6", since), trade(2, "7", T0 + MINUTE)], minutes)
    assert market.since("BTCUSDT", since_ms=since, now_ms=now) == Extremes(Decimal(1), Decimal(11))
    (_, _, trades), (_, _, candles) = door.asked
    assert (int(trades["startTime"]), int(trades["endTime"])) == (since, T0 + MINUTE - 1)
    assert (int(candles["startTime"]), candles["interval"]) == (T0 + MINUTE, "1m")
    market, _ = asking([trade(1, "6", since), trade(2, "7", since + 1)])
    assert market.since("BTCUSDT", since_ms=since, now_ms=since + 5) == Extremes(
        Decimal(6), Decimal(7), 2
    )


def test_the_first_tier_is_the_one_of_a_small_loan() -> None:
    rows = [
        {"tier": number, "effectiveMultiple": str(11 - number), "liquidationRiskRatio": "1.1"}
        for number in (3, 1, 2)
    ]
    door, clock = Binance(rows), ExchangeClock(lambda: 0, T0 * NS_PER_MS)
    market = Market(Api(door, Key("k", HmacSigner("s")), Limits(lambda: T0), clock))
    assert market.tier("BTCUSDT") == Tier(1, Decimal(10), Decimal("1.1"))


FILTERS: tuple[dict[str, Any], ...] = (
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "9000", "stepSize": "0.001"},
    {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "42", "stepSize": "0.01"},
)


def listing(*more: dict[str, Any], status: str = "TRADING", margin: bool = True) -> Listing:
    return Listing("BTCUSDT", "BTC", "USDT", ("MARKET",), (*FILTERS, *more), status, margin)


def test_each_rule_is_read_from_its_own_filter() -> None:
    """The smallest order stands in NOTIONAL, or by its older name."""
    found = instrument(listing({"filterType": "NOTIONAL", "minNotional": "5"}))
    assert (found.tick, found.step, found.min_qty, found.max_qty) == (
        Decimal("0.01"),
        Decimal("0.001"),
        Decimal("0.001"),
        9_000,
    )
    assert (found.market_step, found.market_max_qty) == (Decimal("0.01"), 42)
    assert found.min_notional == 5
    older = instrument(listing({"filterType": "MIN_NOTIONAL", "minNotional": "10"}))
    assert older.min_notional == 10
    assert instrument(listing()).min_notional == 0


@pytest.mark.parametrize(
    ("status", "margin"), [("HALT", True), ("BREAK", True), ("TRADING", False)]
)
def test_a_pair_that_is_not_open_is_not_traded(status: str, *, margin: bool) -> None:
    with pytest.raises(ConfigError, match="cannot be traded on margin now"):
        instrument(listing(status=status, margin=margin))

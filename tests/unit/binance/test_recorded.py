"""Recorded messages through the parsers: trades equal the recorded rows, one by one."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.binance import messages as m
from robson.connectors.binance.market import instrument
from robson.connectors.binance.messages import read
from robson.connectors.binance.stream import Quoted, Traded, parsed
from robson.connectors.binance.telling import account, order_state
from robson.domain.errors import ConfigError
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.reports import OrderStatus
from robson.domain.values import NS_PER_MS, ExchangeNs

NOW = ExchangeNs(0)


@pytest.mark.parametrize("pair", ["BTCUSDT", "ETHUSDT"])
def test_trades_and_quotes_row_by_row(tapes: Path | None, pair: str, record_property: Any) -> None:
    if tapes is None:
        record_property("note", "recorded messages absent: nothing was compared")
        return
    trades = list(_rows(tapes / "ticks" / f"{pair}-trades-20240808.csv.gz"))
    quotes = list(_rows(tapes / "ticks" / f"{pair}-bookticker-20240808.csv.gz"))
    with gzip.open(tapes / "ws" / f"{pair}-spot-ws-20240808.txt.gz", "rb") as lines:
        heard = [parsed(line.partition(b" ")[2]) for line in lines]

    traded = [each for each in heard if isinstance(each, Traded)]
    for said, row in zip(traded, trades, strict=True):
        assert said.symbol == pair
        assert said.number == int(row["trade_id"])
        assert said.price == Decimal(row["price"])
        assert said.at_ns == int(row["trade_time_ms"]) * NS_PER_MS
        assert said.said_ns == int(row["event_time_ms"]) * NS_PER_MS
    quoted = [each for each in heard if isinstance(each, Quoted)]
    for book, row in zip(quoted, quotes, strict=True):
        assert (book.bid, book.ask) == (Decimal(row["bid_price"]), Decimal(row["ask_price"]))
    assert len(trades) > 6_000
    record_property("note", f"binance: {len(trades)} recorded trades of {pair} equal their rows")


def test_recorded_rest_answers(tapes: Path | None, record_property: Any) -> None:
    if tapes is None:
        record_property("note", "recorded messages absent: nothing was compared")
        return
    name = "rest_isolated_margin_account_1INCHUSDT"
    scope = Scope(AccountId("main"), Symbol("1INCH", "USDT"))
    found = read(_payload(tapes, name), m.Account)
    snapshot = account(found, scope, orders=(), hourly={}, at_ns=NOW)
    assert snapshot is not None
    assert (snapshot.quote.free, snapshot.index_price) == (Decimal(11), Decimal("0.59184331"))

    order = read(_payload(tapes, "rest_order_full_market_BTCUSDT_2021-03-31"), m.Order)
    assert order_state(order, NOW).status is OrderStatus.FILLED
    assert sum(fill.qty for fill in order.fills or ()) == order.executedQty


@pytest.mark.parametrize(
    "name", ["exchangeInfo_mainnet_2021-10-12", "exchangeInfo_2024-09-08_testnet-like"]
)
def test_recorded_rules(tapes: Path | None, name: str, record_property: Any) -> None:
    """Both names of the filter for small orders; no `STOP_LOSS` on the large pairs."""
    if tapes is None:
        record_property("note", "recorded messages absent: nothing was compared")
        return
    read_ = 0
    for listing in read(_payload(tapes, name), m.Info).symbols:
        if not listing.isMarginTradingAllowed:
            with pytest.raises(ConfigError, match="cannot be traded on margin"):
                instrument(listing)
            continue
        rules = instrument(listing)
        assert str(rules.symbol) == listing.symbol
        assert rules.min_notional > 0
        assert rules.stop_order_types() == ("STOP_LOSS_LIMIT",)
        read_ += 1
    record_property("note", f"binance: rules of {read_} recorded pairs read from {name}")


def _rows(path: Path) -> Any:
    with gzip.open(path, "rt", encoding="ascii") as file:
        yield from csv.DictReader(file)


def _payload(tapes: Path, name: str) -> bytes:
    document = json.loads((tapes / "messages" / f"{name}.json").read_text(encoding="utf-8"))
    return json.dumps(document["payload"]).encode()

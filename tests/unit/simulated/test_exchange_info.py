"""A file in Binance's format is followed, and only its tick gives way to a finer tape."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.simulated.rules import instrument_for, rules_for
from robson.connectors.simulated.tape import Tape
from robson.connectors.simulated.tape_reader import read_tape
from robson.domain.errors import ConfigError
from robson.domain.identity import Symbol

BNB = Symbol("BNB", "USDT")
TapeOf = Callable[..., Tape]

FILTERS: list[dict[str, Any]] = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "9", "tickSize": "0.10000000"},
    {"filterType": "LOT_SIZE", "minQty": "0.00200000", "maxQty": "900.0", "stepSize": "0.00100000"},
    {"filterType": "MARKET_LOT_SIZE", "minQty": "0.0", "maxQty": "129.84", "stepSize": "0.00000"},
    {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
]


def exchange_info(*filters: dict[str, Any], **changes: object) -> dict[str, Any]:
    entry = {
        "symbol": "BNBUSDT",
        "baseAsset": "BNB",
        "quoteAsset": "USDT",
        "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS_LIMIT"],
        "filters": [*filters] or FILTERS,
    }
    return {"timezone": "UTC", "symbols": [entry | changes]}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], Path]:
    """Write a document as a JSON file; text and bytes as they are."""

    def to_file(document: object) -> Path:
        path = tmp_path / "info.json"
        if isinstance(document, bytes):
            path.write_bytes(document)
        else:
            path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return to_file


@pytest.fixture
def tape_of(tmp_path: Path) -> TapeOf:
    """A tape of trades at some prices."""

    def read(*prices: str, pair: str = "BNB/USDT") -> Tape:
        rows = "".join(f"{1_700_000_000_000 + at},{price}\n" for at, price in enumerate(prices))
        path = tmp_path / "tape.csv"
        path.write_text("timestamp_ms,price\n" + rows)
        return read_tape(path, symbol=pair)

    return read


def test_a_file_of_rules_is_followed(write: Callable[[object], Path], tape_of: TapeOf) -> None:
    told = rules_for(BNB, tape=tape_of("600.1", "599"), exchange_info=write(exchange_info()))

    instrument = told.instrument
    assert (told.source, told.warnings, instrument.derived) == ("exchange-info", (), False)
    assert (instrument.tick, instrument.min_price) == (Decimal("0.1"), Decimal("0.1"))
    assert (instrument.step, instrument.min_qty) == (Decimal("0.001"), Decimal("0.002"))
    assert (instrument.market_step, instrument.market_max_qty) == (Decimal(0), Decimal("129.84"))
    assert (instrument.max_qty, instrument.min_notional) == (Decimal(900), Decimal(5))
    assert instrument.stop_order_type() == "STOP_LOSS_LIMIT"
    assert instrument.symbol == BNB


def test_the_exchange_splits_the_pair(write: Callable[[object], Path]) -> None:
    path = write(exchange_info(symbol="ABCBTC", baseAsset="ABCB", quoteAsset="TC"))

    assert instrument_for(Symbol("ABC", "BTC"), exchange_info=path).symbol == Symbol("ABCB", "TC")


def test_numbers_may_be_numbers_and_old_names_are_known(write: Callable[[object], Path]) -> None:
    text = (
        '{"payload": {"symbols": [{"symbol": "BNBUSDT", "orderTypes": ["MARKET"], "filters": ['
        '{"filterType": "PRICE_FILTER", "tickSize": 0.05, "minPrice": 0},'
        '{"filterType": "LOT_SIZE", "stepSize": 1, "minQty": 1, "maxQty": 90000},'
        '{"filterType": "MIN_NOTIONAL", "minNotional": 10}]}]}}'
    )

    instrument = instrument_for(BNB, exchange_info=write(text))

    assert (instrument.tick, instrument.step) == (Decimal("0.05"), Decimal(1))
    assert (instrument.min_notional, instrument.order_max) == (Decimal(10), Decimal(90000))
    assert instrument.symbol == BNB


@pytest.mark.parametrize(
    ("price", "tick"), [("600.25", "0.01"), ("600.123", "0.001"), ("0.05", "0.01")]
)
def test_a_tape_finer_than_the_file_keeps_its_prices(
    write: Callable[[object], Path], tape_of: TapeOf, price: str, tick: str
) -> None:
    tape = tape_of("600.1", price)

    told = rules_for(BNB, tape=tape, exchange_info=write(exchange_info()))

    assert (told.source, told.instrument.derived) == ("exchange-info", True)
    assert told.instrument.tick == Decimal(tick)
    assert told.instrument.step == Decimal("0.001")
    assert "its tick 0.10000000 does not hold the prices" in told.warnings[0]
    assert tape.in_ticks(told.instrument)


def test_a_tick_of_other_digits_gives_way_to_a_common_one(
    write: Callable[[object], Path], tape_of: TapeOf
) -> None:
    quarter = {"filterType": "PRICE_FILTER", "tickSize": "0.25"}
    path = write(exchange_info(quarter, *FILTERS[1:]))

    assert instrument_for(BNB, tape=tape_of("1.1"), exchange_info=path).tick == Decimal("0.05")
    assert instrument_for(BNB, tape=tape_of("1.75"), exchange_info=path).tick == Decimal("0.25")


def test_a_tick_of_zero_is_no_rule(write: Callable[[object], Path], tape_of: TapeOf) -> None:
    path = write(exchange_info({"filterType": "PRICE_FILTER", "tickSize": "0"}, *FILTERS[1:]))

    assert instrument_for(BNB, tape=tape_of("1.25"), exchange_info=path).tick == Decimal("0.01")
    with pytest.raises(ConfigError, match="no tickSize above 0"):
        instrument_for(BNB, exchange_info=path)


BAD_FILES: dict[str, tuple[object, str]] = {
    "empty": ("", "is not exchangeInfo in JSON"),
    "no-json": ("{", "is not exchangeInfo in JSON"),
    "binary": (b"\xff\xfe\xfd", "is not exchangeInfo in JSON"),
    "cut-gzip": (b"\x1f\x8b\x08\0\0\0\0\0", "is not exchangeInfo in JSON"),
    "deep": ("[" * 100_000, "is not exchangeInfo in JSON"),
    "list": ([], "no list 'symbols'"),
    "error": ({"code": -1121, "msg": "Invalid symbol."}, "no list 'symbols'"),
    "other-symbol": (exchange_info(symbol="ETHUSDT"), "does not list BNBUSDT; it lists ETHUSDT"),
    "no-symbol": ({"symbols": []}, "does not list BNBUSDT; it lists nothing"),
    "no-filters": (exchange_info(filters=None), "BNBUSDT has no list 'filters'"),
    "no-types": (exchange_info(orderTypes="MARKET"), "BNBUSDT has no list 'orderTypes'"),
    "no-step": (exchange_info(FILTERS[0]), "LOT_SIZE has no stepSize above 0"),
    "word": (exchange_info({"filterType": "LOT_SIZE", "stepSize": "x"}), "stepSize is 'x'"),
    "nan": (exchange_info({"filterType": "LOT_SIZE", "stepSize": "NaN"}), "stepSize is 'NaN'"),
    "minus": (exchange_info({"filterType": "LOT_SIZE", "minQty": "-1"}), "minQty is '-1'"),
    "true": (exchange_info({"filterType": "LOT_SIZE", "minQty": True}), "minQty is 'True'"),
    "null": (exchange_info({"filterType": "LOT_SIZE", "minQty": None}), "minQty is 'None'"),
    "huge": (exchange_info({"filterType": "LOT_SIZE", "maxQty": "1e999999"}), "maxQty is"),
    "tiny": (exchange_info({"filterType": "PRICE_FILTER", "tickSize": "1e-99"}), "tickSize is"),
}


@pytest.mark.parametrize("name", list(BAD_FILES))
def test_a_file_that_gives_no_rules_is_refused_in_one_line(
    write: Callable[[object], Path], name: str
) -> None:
    content, what = BAD_FILES[name]
    path = write(content)

    with pytest.raises(ConfigError) as caught:
        rules_for(BNB, exchange_info=path)

    assert str(caught.value).startswith(f"{path}: ")
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        rules_for(BNB, exchange_info=tmp_path / "none.json")

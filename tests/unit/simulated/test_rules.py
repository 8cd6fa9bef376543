"""Rules are told, known or derived, in this order, and every price of the tape fits them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from robson.connectors.simulated.generator import generate
from robson.connectors.simulated.rules import rules_for
from robson.connectors.simulated.tape import Tape
from robson.connectors.simulated.tape_reader import read_tape
from robson.domain.errors import ConfigError, TapeError
from robson.domain.identity import Symbol

BTC = Symbol("BTC", "USDT")
TapeOf = Callable[..., Tape]


@pytest.fixture
def tape_of(tmp_path: Path) -> TapeOf:
    """A tape of trades at some prices."""

    def read(*prices: str, pair: str = "BNB/USDT") -> Tape:
        rows = "".join(f"{1_700_000_000_000 + at},{price}\n" for at, price in enumerate(prices))
        path = tmp_path / "tape.csv"
        path.write_text("timestamp_ms,price\n" + rows)
        return read_tape(path, symbol=pair)

    return read


# ----------------------------------------------------------------------------------------- known


@pytest.mark.parametrize(
    ("pair", "tick", "step"),
    [
        ("BTC/USDT", "0.01", "0.00001"),
        ("ETH/USDT", "0.01", "0.0001"),
        ("SOL/USDT", "0.01", "0.001"),
        ("BNB/USDT", "0.01", "0.001"),
        ("XRP/USDT", "0.0001", "0.1"),
        ("XRP/ETH", "0.00000001", "1"),
        ("ETH/BTC", "0.00001", "0.0001"),
    ],
)
def test_well_known_pairs_need_no_file(pair: str, tick: str, step: str) -> None:
    base, quote = pair.split("/")
    tape = generate(symbol=Symbol(base, quote))

    known = rules_for(tape.symbol, tape=tape)

    assert (known.source, known.instrument.derived) == ("built-in", False)
    assert (known.instrument.tick, known.instrument.step) == (Decimal(tick), Decimal(step))
    assert known.instrument.min_notional > 0
    assert known.instrument.stop_order_type() == "STOP_LOSS"
    assert rules_for(tape.symbol) == known


def test_the_table_counts_only_where_the_tape_fits(tape_of: TapeOf) -> None:
    rules = rules_for(BTC, tape=tape_of("60000.001", pair="BTC/USDT"))

    assert (rules.source, rules.instrument.derived) == ("derived", True)
    assert rules.instrument.tick == Decimal("0.001")


# --------------------------------------------------------------------------------------- derived


@pytest.mark.parametrize(
    ("prices", "pair", "tick", "step"),
    [
        (("100.50000000", "99.25"), "FOO/USDT", "0.01", "0.0001"),
        (("100", "101", "30000"), "FOO/USDT", "1", "0.000001"),
        (("0.50000",), "FOO/USDT", "0.1", "0.1"),
        (("0.00000123",), "FOO/USDT", "0.00000001", "1"),
        (("0.00141342",), "FOO/ETH", "0.00000001", "0.001"),
        (("0.05",), "FOO/BTC", "0.01", "0.00001"),
        (("25",), "FOO/BAR", "1", "0.0001"),
        (("90000000000",), "FOO/BAR", "1", "0.00000001"),
    ],
)
def test_rules_are_read_off_the_prices(
    tape_of: TapeOf, prices: tuple[str, ...], pair: str, tick: str, step: str
) -> None:
    tape = tape_of(*prices, pair=pair)

    rules = rules_for(tape.symbol, tape=tape)

    instrument = rules.instrument
    assert (rules.source, instrument.derived) == ("derived", True)
    assert (instrument.tick, instrument.step) == (Decimal(tick), Decimal(step))
    assert tape.in_ticks(instrument)
    # The smallest order loses at most a hundredth to the step, where balances are that fine.
    if instrument.min_notional:
        assert instrument.step * tape.highest_price <= instrument.min_notional / 100


def test_nothing_known_and_no_tape_is_refused() -> None:
    with pytest.raises(ConfigError, match="pass --exchange-info FILE"):
        rules_for(Symbol("FOO", "BAR"))


def test_prices_that_no_order_can_name_are_refused(tape_of: TapeOf) -> None:
    with pytest.raises(TapeError, match="prices of 9 decimals; expected at most 8"):
        rules_for(Symbol("DOGE", "BTC"), tape=tape_of("0.000001780", "0.000001781"))
    assert rules_for(BTC, tape=tape_of("0.00000178000", "0.00000179")).instrument.tick == Decimal(
        "0.00000001"
    )


# -------------------------------------------------------------------------------------- recorded


def test_recorded_rules_and_tapes_fit_each_other(tapes: Path | None) -> None:
    if tapes is None:
        assert rules_for(BTC, tape=generate(1)).source == "built-in"
        return
    modern = tapes / "messages/exchangeInfo_2024-09-08_testnet-like.json"
    older = tapes / "messages/exchangeInfo_mainnet_2021-10-12.json"
    btc = read_tape(tapes / "ticks/BTCUSDT-trades-20240808.csv.gz")
    xrp = read_tape(tapes / "ticks/XRPETH-aggtrades-2019-10-11_2019-10-13.csv.gz")

    told = rules_for(BTC, tape=btc, exchange_info=modern)
    assert (told.warnings, told.instrument.derived) == ((), False)
    assert told.instrument.tick == told.instrument.min_price == Decimal("0.01")
    assert told.instrument.market_max_qty == Decimal("129.84957276")
    assert told.instrument.stop_order_type() == "STOP_LOSS_LIMIT"
    assert rules_for(BTC, exchange_info=older).instrument.min_notional == 10
    assert rules_for(xrp.symbol, tape=xrp).source == "built-in"
    finer = rules_for(xrp.symbol, tape=xrp, exchange_info=older)
    assert finer.instrument.tick == Decimal("0.00000001")
    assert finer.instrument.derived
    assert len(finer.warnings) == 1

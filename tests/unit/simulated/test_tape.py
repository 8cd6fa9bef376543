"""Tapes are read exactly; what is refused stands in ``test_tape_refusals``."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson.connectors.simulated.generator import generate, write_csv
from robson.connectors.simulated.tape import Bar, Tape, Trade
from robson.connectors.simulated.tape_reader import read_tape
from robson.connectors.simulated.tape_source import FinerPrice, units_of
from robson.domain.errors import TapeError
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.values import CANDLE_NS, NS_PER_MS, NS_PER_S, Ticks

Writer = Callable[..., Path]

HEADER = "open_time_ms,open,high,low,close,volume\n"
FIRST = "1700000040000,100.5,101,99.25,100,1\n"
SECOND = "1700000100000,100,102,100,101.5,2\n"
TRADES = "trade_time_ms,price,quantity,trade_id\n"
BTC = Symbol("BTC", "USDT")
CENTS = Instrument(symbol=BTC, tick=Decimal("0.01"), step=Decimal("0.001"))

# Rows that the recordings hold, and how many of them repeat the row before.
RECORDED = {
    "klines/BTCUSDT-1m-2021-04-20_2021-05-20.csv.gz": (42915, 0, 60),
    "klines/ETHUSDT-1m-2021-04-20_2021-05-20.csv.gz": (42915, 0, 60),
    "klines/BTCUSDT-1m-2025-05-20_2025-08-18.csv.gz": (130708, 0, 60),
    "klines/ETHUSDT-1m-2025-05-20_2025-08-18.csv.gz": (130708, 0, 60),
    "klines/BTCUSDT-15m-2024-09-01_2025-08-27.csv.gz": (34571, 0, 900),
    "klines/ETHUSDT-15m-2024-09-01_2025-08-27.csv.gz": (34571, 0, 900),
    "klines/BTCUSDT-5m-2019-11-15_2020-03-12.csv.gz": (33960, 1, 300),
    "ticks/BTCUSDT-trades-20240808.csv.gz": (9757, 0, 0),
    "ticks/ETHUSDT-trades-20240808.csv.gz": (6106, 0, 0),
    "ticks/BTCUSDT-100ms-2021-05-19T132020Z-flash-crash.csv": (1000, 0, 0),
    "ticks/XRPETH-aggtrades-2019-10-11_2019-10-13.csv.gz": (12477, 0, 0),
}


@pytest.fixture
def tape_file(tmp_path: Path) -> Writer:
    """Write a CSV file and give its path."""

    def write(content: str | bytes, name: str = "BTCUSDT-1m.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# -------------------------------------------------------------------------------- what is read


def test_bars_are_read_exactly(tape_file: Writer) -> None:
    tape = read_tape(tape_file(HEADER + FIRST + SECOND))

    assert (tape.kind, tape.symbol, len(tape), tape.skipped) == ("bars", BTC, 2, 0)
    assert tape.first_ns == 1700000040000 * NS_PER_MS
    assert tape.last_ns == tape.first_ns + 60 * NS_PER_S
    assert tape.end_ns == tape.last_ns + 60 * NS_PER_S
    prices = map(Ticks, (10050, 10100, 9925, 10000))
    assert next(tape.rows(CENTS)) == Bar(tape.first_ns, 60 * NS_PER_S, *prices)
    assert str(tape.first_price) == "100.5"
    assert tape.highest_price == 102
    assert not tape.synthetic


def test_trades_keep_order_time_and_id(tape_file: Writer) -> None:
    rows = "1700000000000,100.5,1,7\n1700000000000,100.6,1,8\n1700000000001,100.4,1,12\n"
    tape = read_tape(tape_file(TRADES + rows))

    assert tape.kind == "trades"
    assert tape.end_ns == tape.last_ns
    assert [(row.price, row.id) for row in tape.rows(CENTS) if isinstance(row, Trade)] == [
        (10050, 7),
        (10060, 8),
        (10040, 12),
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("event_time_ms,trade_time_ms,price", "5,1700000000000,100"),
        ("timestamp_ms,event_time_ms,price", "5,1700000000000,100"),
        ("timestamp_ms,price", "1700000000000,100"),
        ("price,agg_trade_id,trade_time_ms", "100,3,1700000000000"),
    ],
)
def test_the_best_time_of_a_trade_is_taken(tape_file: Writer, header: str, row: str) -> None:
    tape = read_tape(tape_file(f"{header}\n{row}\n"))

    assert tape.first_ns == 1700000000000 * NS_PER_MS
    assert [row.id for row in tape.rows(CENTS)] == [3 if "agg" in header else None]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + (HEADER + FIRST + SECOND).encode(),
        (HEADER + FIRST + SECOND).replace("\n", "\r\n").encode(),
        (HEADER + FIRST + SECOND).rstrip("\n").encode(),
        ("\n" + HEADER + FIRST + "\n" + SECOND + "\n\n").encode(),
        gzip.compress((HEADER + FIRST + SECOND).encode()),
        (HEADER + FIRST + SECOND).replace(",", " , ").encode(),
        ('"open_time_ms",open,"high",low,close,volume\n' + FIRST + SECOND).encode(),
        (HEADER + FIRST.replace("100.5", '"0100.50000000000"') + SECOND).encode(),
        (HEADER + FIRST.replace("99.25", "99.250000000000000000") + SECOND).encode(),
    ],
    ids=["bom", "crlf", "no-eol", "blank", "gzip", "spaces", "quotes", "zeros", "many-zeros"],
)
def test_harmless_differences_change_nothing(tape_file: Writer, content: bytes) -> None:
    plain_rows = read_tape(tape_file(HEADER + FIRST + SECOND)).rows(CENTS)

    assert list(read_tape(tape_file(content)).rows(CENTS)) == list(plain_rows)


def test_prices_finer_than_usual_stay_exact(tape_file: Writer) -> None:
    rows = "1700000000000,0.5\n1700000001000,0.0000000012345\n"
    tape = read_tape(tape_file("timestamp_ms,price\n" + rows))

    assert tape.places == 13
    assert tape.decimals == 13
    assert tape.price(tape.columns.prices[0][1]) == Decimal("0.0000000012345")


@given(whole=st.integers(0, 10**9), decimals=st.text("0123456789", max_size=8))
def test_a_price_is_its_decimal_text(whole: int, decimals: str) -> None:
    text = f"{whole}.{decimals}"

    if Decimal(text) > 0:
        assert units_of(text.encode(), 8) == Decimal(text) * 10**8
    else:
        with pytest.raises(ValueError, match="zero"):
            units_of(text.encode(), 8)


@given(st.binary(max_size=30))
def test_foreign_bytes_are_a_number_or_refused(text: bytes) -> None:
    try:
        units = units_of(text, 8)
    except (ValueError, FinerPrice):
        return
    assert re.fullmatch(rb"\s*\d*\.?\d*\s*", text)
    assert 0 < units < 2**63


def test_identical_bars_are_left_out_counted_and_said_once(tape_file: Writer) -> None:
    tape = read_tape(tape_file(HEADER + FIRST + FIRST + FIRST + SECOND))

    assert (len(tape), tape.skipped) == (2, 2)
    assert len(tape.warnings) == 1
    assert "2 rows repeat" in tape.warnings[0]


def test_a_repeated_trade_id_is_left_out_and_rows_without_ids_never(tape_file: Writer) -> None:
    rows = "1700000000000,100,1,7\n" * 3
    tape = read_tape(tape_file(TRADES + rows))
    without = read_tape(tape_file("trade_time_ms,price\n" + "1700000000000,100\n" * 3))

    assert (len(tape), tape.skipped, len(tape.warnings)) == (1, 2, 1)
    assert (len(without), without.skipped, without.warnings) == (3, 0, ())


def test_the_length_of_bars_is_the_most_common_distance(tape_file: Writer) -> None:
    minutes = [0, 1, 2, 9, 10]
    rows = "".join(f"{1700000040000 + 60000 * m},1,1,1,1,0\n" for m in minutes)

    assert read_tape(tape_file(HEADER + rows)).bar_ns == 60 * NS_PER_S
    assert read_tape(tape_file(HEADER + FIRST)).bar_ns == CANDLE_NS


# ------------------------------------------------------------------------------ what it answers


def test_the_past_and_the_rest_are_split_between_rows(tape_file: Writer) -> None:
    tape = read_tape(tape_file(HEADER + FIRST + SECOND))

    past, rest = tape.split(tape.first_ns + 1)
    assert past is not None
    assert [*past.rows(CENTS), *rest.rows(CENTS)] == list(tape.rows(CENTS))
    assert rest.first_ns == tape.last_ns >= past.end_ns
    assert tape.split(tape.first_ns)[0] is None
    with pytest.raises(TapeError, match="no row at or after"):
        tape.split(tape.last_ns + 1)


def test_reading_on_from_a_row_gives_the_rows_from_there(tape_file: Writer) -> None:
    tape = read_tape(tape_file(HEADER + FIRST + SECOND))

    assert list(tape.rows(CENTS, start=1)) == list(tape.rows(CENTS))[1:]
    assert tape.index_at(tape.last_ns) == 1


def test_ticks_count_from_the_lowest_price_and_never_round(tape_file: Writer) -> None:
    tape = read_tape(tape_file(HEADER + FIRST + SECOND))
    offset = Instrument(
        symbol=BTC, tick=Decimal("0.25"), step=Decimal(1), min_price=Decimal("0.25")
    )
    prices = [tape.price(units) for column in tape.columns.prices for units in column]

    ticks = [tick for column in tape.in_ticks(offset).prices for tick in column]
    assert ticks == [offset.ticks(price) for price in prices]
    assert [offset.price_of(tick) for tick in ticks] == prices
    for tick, low in [("0.5", "0"), ("0.25", "0.1"), ("0.25", "99.5"), ("10", "0")]:
        coarse = Instrument(symbol=BTC, tick=Decimal(tick), step=Decimal(1), min_price=Decimal(low))
        assert not tape.fits(coarse.tick, coarse.min_price)
        with pytest.raises(TapeError, match="off the tick grid"):
            tape.in_ticks(coarse)


def same(one: Tape, other: Tape) -> bool:
    return (one.columns, one.places, one.bar_ns) == (other.columns, other.places, other.bar_ns)


@pytest.mark.parametrize("name", ["BTCUSDT.csv", "BTCUSDT.csv.gz"])
def test_a_generated_tape_reads_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    tape = generate(3, minutes=300)
    write_csv(tape, tmp_path / name)

    assert same(read_tape(tmp_path / name), tape)


@pytest.mark.parametrize("name", list(RECORDED))
def test_recorded_tapes_load_whole(name: str, tapes: Path | None, tmp_path: Path) -> None:
    copy = tmp_path / f"{Path(name).name.split('-')[0]}.csv.gz"
    if tapes is None:
        write_csv(generate(7), copy)
        assert same(read_tape(copy), generate(7))
        return
    tape = read_tape(tapes / name)

    rows, repeated, length_s = RECORDED[name]
    assert (len(tape) + tape.skipped, tape.skipped) == (rows, repeated)
    assert len(tape.warnings) == (1 if repeated else 0)
    assert tape.bar_ns == length_s * NS_PER_S
    assert str(tape.symbol) == Path(name).name.split("-")[0]
    assert tape.kind == ("bars" if length_s else "trades")
    _, end = tape.split(tape.columns.times[-5000:][0])
    write_csv(end, copy)
    assert same(read_tape(copy), end)

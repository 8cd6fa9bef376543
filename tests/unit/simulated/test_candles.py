"""Candles come from rows alone, at their close, and a slot without rows stays a gap."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson.connectors.simulated.candles import CandleBuilder, SeenCandle
from robson.connectors.simulated.generator import generate, generate_history
from robson.connectors.simulated.rules import instrument_for
from robson.connectors.simulated.tape import Bar, Row, Tape, Trade
from robson.connectors.simulated.tape_reader import read_tape
from robson.domain.errors import TapeError
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.values import CANDLE_NS, NS_PER_S, Candle, Price, Ticks

MINUTE = 60 * NS_PER_S
T0 = 1_700_000_100 * NS_PER_S
"""The beginning of a candle: 22:15 UTC."""
CENTS = Instrument(symbol=Symbol("BTC", "USDT"), tick=Decimal("0.01"), step=Decimal("0.001"))


def bar(open_ns: int, *prices: int, length_ns: int = MINUTE) -> Bar:
    open_, high, low, close = map(Ticks, prices)
    return Bar(open_ns, length_ns, open_, high, low, close)


def flat(minute: int, price: int = 100, length_ns: int = MINUTE) -> Bar:
    return bar(T0 + minute * MINUTE, price, price, price, price, length_ns=length_ns)


def trade(second: int, price: int) -> Trade:
    return Trade(T0 + second * NS_PER_S, Ticks(price), None)


def candle(index: int, *prices: str) -> Candle:
    return Candle(T0 + index * CANDLE_NS, *map(Price, prices))


def built(rows: Iterable[Row], instrument: Instrument = CENTS) -> list[Candle]:
    """All candles of some rows, the last one when its time is over."""
    builder, candles, end_ns = CandleBuilder(instrument), [], 0
    for row in rows:
        candles += builder.feed(row)
        end_ns = row.end_ns if isinstance(row, Bar) else row.time_ns
    return candles + builder.close_until(end_ns + CANDLE_NS)


def test_fifteen_minutes_make_one_candle() -> None:
    rows = [bar(T0, 100, 120, 90, 110), bar(T0 + MINUTE, 111, 130, 111, 112), flat(14, 95)]

    assert built(rows) == [candle(0, "1.00", "1.30", "0.90", "0.95")]


def test_a_candle_closes_before_the_row_that_begins_at_its_close() -> None:
    builder = CandleBuilder(CENTS)
    assert builder.feed(flat(0)) == builder.feed(flat(14, 105)) == []

    assert builder.feed(flat(15, 999)) == [candle(0, "1.00", "1.05", "1.00", "1.05")]


def test_a_candle_closes_by_the_clock_when_no_row_comes() -> None:
    builder = CandleBuilder(CENTS)
    builder.feed(flat(0))

    assert builder.close_until(T0 + CANDLE_NS - 1) == []
    assert builder.close_until(T0 + CANDLE_NS) == [candle(0, "1", "1", "1", "1")]
    assert builder.close_until(T0 + 9 * CANDLE_NS) == []
    assert builder.feed(flat(9 * 15)) == []


def test_a_first_candle_without_its_beginning_is_left_out() -> None:
    assert built([flat(1), flat(15), flat(30)]) == [
        candle(1, "1", "1", "1", "1"),
        candle(2, "1", "1", "1", "1"),
    ]
    assert built([trade(1, 100), trade(899, 100)]) == []
    assert built([trade(0, 100)]) == [candle(0, "1", "1", "1", "1")]


def test_one_late_row_makes_a_candle_and_an_empty_slot_makes_none() -> None:
    rows = [flat(0), flat(29, 101), flat(60, 102)]

    assert [(one.open_ns - T0) // CANDLE_NS for one in built(rows)] == [0, 1, 4]
    assert [one.close for one in built(rows)] == [Price("1"), Price("1.01"), Price("1.02")]


def test_trades_belong_to_the_candle_of_their_instant() -> None:
    rows = [trade(0, 100), trade(899, 90), trade(900, 200), trade(901, 150)]

    assert built(rows) == [
        candle(0, "1", "1", "0.9", "0.9"),
        candle(1, "2", "2", "1.5", "1.5"),
    ]


def test_a_bar_over_a_close_belongs_to_the_candle_in_which_it_ends() -> None:
    ten = 10 * MINUTE
    builder = CandleBuilder(CENTS)
    builder.feed(flat(0, 100, ten))

    assert builder.feed(flat(10, 200, ten)) == []
    assert builder.close_until(T0 + CANDLE_NS) == [candle(0, "1", "1", "1", "1")]
    assert builder.feed(flat(20, 150, ten)) == []
    assert builder.close_until(T0 + 2 * CANDLE_NS) == [candle(1, "2", "2", "1.5", "1.5")]


def test_bars_longer_than_a_candle_are_refused() -> None:
    assert built([flat(0, 100, CANDLE_NS)]) == [candle(0, "1", "1", "1", "1")]
    with pytest.raises(TapeError, match="bars are 1800 s long; expected at most 900 s"):
        CandleBuilder(CENTS).feed(flat(0, 100, 2 * CANDLE_NS))


def test_a_row_of_a_closed_candle_is_refused() -> None:
    builder = CandleBuilder(CENTS)
    builder.feed(flat(16))
    with pytest.raises(TapeError, match="belongs to a candle before"):
        builder.feed(flat(14))
    builder.close_until(T0 + 2 * CANDLE_NS)
    with pytest.raises(TapeError, match="belongs to a candle before"):
        builder.feed(flat(17))


@st.composite
def minutes(draw: st.DrawFn) -> list[Bar]:
    chosen = sorted(draw(st.sets(st.integers(0, 100), min_size=1, max_size=40)))
    prices = st.lists(st.integers(1, 10**6), min_size=4, max_size=4).map(sorted)
    rows = []
    for minute in chosen:
        low, open_, close, high = draw(prices)
        rows.append(bar(T0 + minute * MINUTE, open_, high, low, close))
    return rows


def assert_candles_follow_from_rows(rows: list[Row], instrument: Instrument) -> int:
    """Compare with candles made slot by slot, without a builder; the number of candles."""
    slots: dict[int, list[Row]] = {}
    for row in rows:
        slots.setdefault(row[0] // CANDLE_NS * CANDLE_NS, []).append(row)
    first = min(slots)
    if rows[0][0] > first:
        del slots[first]
    candles = built(rows, instrument)

    assert [one.open_ns for one in candles] == sorted(slots)
    for one in candles:
        inside = [row[2:] if isinstance(row, Bar) else (row.price,) for row in slots[one.open_ns]]
        prices = [price for row in inside for price in row]
        expected = (inside[0][0], max(prices), min(prices), inside[-1][-1])
        assert (one.open, one.high, one.low, one.close) == tuple(map(instrument.price_of, expected))
    return len(candles)


@given(rows=minutes())
def test_candles_are_what_their_rows_say(rows: list[Row]) -> None:
    assert_candles_follow_from_rows(rows, CENTS)


def test_generated_history_and_tape_make_a_whole_lookback() -> None:
    tape = generate(1)
    instrument = instrument_for(tape.symbol, tape=tape)
    history = generate_history(
        1, instrument=instrument, before_ns=tape.first_ns, price=tape.first_price
    )
    builder = CandleBuilder(instrument)

    candles = [one for row in history.rows(instrument) for one in builder.feed(row)]
    candles += builder.feed(next(tape.rows(instrument)))

    assert [one.open_ns for one in candles] == [
        tape.first_ns - count * CANDLE_NS for count in range(104, 0, -1)
    ]
    assert candles[-1].close == tape.first_price


def test_generated_and_recorded_tapes_make_their_candles(tapes: Path | None) -> None:
    def check(tape: Tape) -> int:
        instrument = instrument_for(tape.symbol, tape=tape)
        return assert_candles_follow_from_rows(list(tape.rows(instrument)), instrument)

    assert check(generate(2)) == 48
    if tapes is None:
        return
    assert check(read_tape(tapes / "klines/BTCUSDT-5m-2019-11-15_2020-03-12.csv.gz")) > 11000
    assert check(read_tape(tapes / "ticks/BTCUSDT-trades-20240808.csv.gz")) == 1
    xrp = check(read_tape(tapes / "ticks/XRPETH-aggtrades-2019-10-11_2019-10-13.csv.gz"))
    assert 200 < xrp <= 238


def test_the_forming_candle_is_what_was_shown_and_nothing_before_or_after() -> None:
    seen = SeenCandle(CENTS)
    assert seen.at(T0) is None
    seen.see(T0 - 1, Ticks(900))
    seen.see(T0, Ticks(100))
    seen.see(T0 + 5 * MINUTE, Ticks(130), Ticks(90), Ticks(110))
    assert seen.at(T0 + 6 * MINUTE) == candle(0, "1.00", "1.30", "0.90", "1.10")
    assert seen.at(T0 + CANDLE_NS - 1) is not None
    assert seen.at(T0 + CANDLE_NS) is None

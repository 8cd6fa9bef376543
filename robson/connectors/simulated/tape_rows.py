"""Turns the fields of bars and trades into columns, and names the line that cannot be right.

It never repairs a row. The one thing it leaves out is a row that repeats the row before it, and it
counts those.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from robson.connectors.simulated.tape import Columns
from robson.connectors.simulated.tape_source import Table, shown, time_ns_of, units_of, whole_of
from robson.domain.errors import TapeError
from robson.domain.values import NS_PER_MS

BAR_COLUMNS = ("open_time_ms", "open", "high", "low", "close")
TRADE_TIMES = ("trade_time_ms", "event_time_ms", "timestamp_ms")
"""Columns that may hold a trade's time, the best first: the match, the gateway, a bucket."""
TRADE_IDS = ("trade_id", "agg_trade_id")

_Prices = tuple[int, int, int, int]
"""Open, high, low, close."""


class ParsedRows(NamedTuple):
    """Rows that were read.

    Attributes:
        lines: line number of each row that was kept.
        skipped: rows left out because they repeat the one before.
    """

    columns: Columns
    lines: array[int]
    skipped: int
    warnings: tuple[str, ...]


def read_bars(table: Table, places: int) -> ParsedRows:
    """All bars of a table; prices in units of ``10**-places``.

    Raises:
        TapeError: a bad number, a bar that contradicts itself, or time that does not advance.
        FinerPrice: a price has more decimals than ``places``.
    """
    times, lines = array("q"), array("q")
    opens, highs, lows, closes = prices = (array("q"), array("q"), array("q"), array("q"))
    before_ns, before, skipped = -1, (0, 0, 0, 0), 0
    for number, time_ns, bar in _bars(table, places):
        if time_ns <= before_ns:
            if time_ns == before_ns and bar == before:
                skipped += 1
                continue
            raise _bad_order(table, number, time_ns, before_ns)
        before_ns, before = time_ns, bar
        times.append(time_ns)
        lines.append(number)
        opens.append(bar[0])
        highs.append(bar[1])
        lows.append(bar[2])
        closes.append(bar[3])
    return ParsedRows(Columns(times, prices), lines, skipped, _repeats(table, skipped, "bar"))


def _bars(table: Table, places: int) -> Iterator[tuple[int, int, _Prices]]:
    """Line number, time and prices of every bar, each bar possible in itself."""
    at, opened, top, bottom, closed = (table.header.index(column) for column in BAR_COLUMNS)
    for number, fields in table.records:
        try:
            time_ns = time_ns_of(fields[at])
            open_ = units_of(fields[opened], places)
            high = units_of(fields[top], places)
            low = units_of(fields[bottom], places)
            close = units_of(fields[closed], places)
        except ValueError as error:
            raise _bad_field(table, number, fields, BAR_COLUMNS, places) from error
        if not low <= open_ <= high or not low <= close <= high:
            raise _bad_bar(table, number, fields, (open_, high, low, close))
        yield number, time_ns, (open_, high, low, close)


def read_trades(table: Table, places: int) -> ParsedRows:
    """All trades of a table; the price in units of ``10**-places``.

    Trades of one instant are normal, and rows without ids are all kept. A row with the id of the
    row before it is the same trade recorded twice.

    Raises:
        TapeError: a bad number, a smaller id, or time that goes back.
        FinerPrice: a price has more decimals than ``places``.
    """
    used = trade_columns(table.header)
    at, price_at, *id_at = (table.header.index(column) for column in used)
    times, prices, ids, lines = array("q"), array("q"), array("q"), array("q")
    before_ns, before_id, skipped = -1, -1, 0
    for number, fields in table.records:
        try:
            time_ns = time_ns_of(fields[at])
            price = units_of(fields[price_at], places)
            trade_id = whole_of(fields[id_at[0]]) if id_at else number
        except ValueError as error:
            raise _bad_field(table, number, fields, used, places) from error
        if trade_id == before_id:
            skipped += 1
            continue
        if trade_id < before_id:
            raise TapeError(
                f"{table.name}, line {number}: {used[-1]} {trade_id} comes after {before_id};"
                " expected ids that grow"
            )
        if time_ns < before_ns:
            raise _bad_order(table, number, time_ns, before_ns)
        before_ns, before_id = time_ns, trade_id
        times.append(time_ns)
        prices.append(price)
        lines.append(number)
        if id_at:
            ids.append(trade_id)
    columns = Columns(times, (prices,), ids if id_at else None)
    return ParsedRows(columns, lines, skipped, _repeats(table, skipped, used[-1]))


def trade_columns(header: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a trade that are used: time, price, and an id where there is one.

    Empty when the header is not one of trades.
    """
    time = next((column for column in TRADE_TIMES if column in header), None)
    if time is None or "price" not in header:
        return ()
    found = next((column for column in TRADE_IDS if column in header), None)
    return (time, "price") if found is None else (time, "price", found)


def _repeats(table: Table, skipped: int, what: str) -> tuple[str, ...]:
    if not skipped:
        return ()
    rows = "1 row repeats" if skipped == 1 else f"{skipped} rows repeat"
    return (f"{table.name}: {rows} the {what} of the row before and was left out",)


def _bad_field(
    table: Table, number: int, fields: list[bytes], columns: tuple[str, ...], places: int
) -> TapeError:
    """Find the field that could not be read; only called once reading the row failed."""
    for column in columns:
        text = fields[table.header.index(column)]
        try:
            if column.endswith("_ms"):
                wanted = "whole milliseconds since 1970"
                time_ns_of(text)
            elif column in TRADE_IDS:
                wanted = "a whole number"
                whole_of(text)
            else:
                wanted = "a price above zero as plain decimal text"
                units_of(text, places)
        except ValueError as error:
            what = f"{column} {shown(text, 40)!r} {error}"
            return TapeError(f"{table.name}, line {number}: {what}; expected {wanted}")
    raise AssertionError(fields)


def _bad_bar(table: Table, number: int, fields: list[bytes], bar: _Prices) -> TapeError:
    said = {column: shown(fields[table.header.index(column)], 40) for column in BAR_COLUMNS[1:]}
    open_, high, low, _ = bar
    if high < low:
        what = f"high {said['high']} is below low {said['low']}"
    else:
        outside = "close" if low <= open_ <= high else "open"
        what = f"{outside} {said[outside]} is outside {said['low']} to {said['high']}"
    return TapeError(f"{table.name}, line {number}: {what}; expected low <= open, close <= high")


def _bad_order(table: Table, number: int, time_ns: int, before_ns: int) -> TapeError:
    now, before = time_ns // NS_PER_MS, before_ns // NS_PER_MS
    if now == before:
        what = f"a second row for {now} with other prices; expected one row for each time"
    else:
        what = f"time goes back from {before} to {now}; expected rows in order of time"
    return TapeError(f"{table.name}, line {number}: {what}")

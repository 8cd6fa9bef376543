"""Reads tapes from CSV files, plain or gzip: bars or trades, told apart by their columns.

It never guesses: a file of neither kind, a pair it cannot name and a bar that overlaps the next
are refused in one line.
"""

from __future__ import annotations

from array import array
from collections import Counter
from operator import sub
from pathlib import Path

from robson.connectors.simulated.tape import Tape, TapeKind
from robson.connectors.simulated.tape_rows import (
    BAR_COLUMNS,
    TRADE_TIMES,
    ParsedRows,
    read_bars,
    read_trades,
    trade_columns,
)
from robson.connectors.simulated.tape_source import FinerPrice, Table, open_table, shown
from robson.connectors.simulated.tape_symbol import symbol_in_name, symbol_of
from robson.domain.errors import TapeError
from robson.domain.identity import Symbol
from robson.domain.values import CANDLE_NS, NS_PER_MS

_USUAL_PLACES = 8
_EARLIEST_NS = 946_684_800_000 * NS_PER_MS
"""The year 2000: no price before it is in milliseconds."""
# Seconds from 2000 to 2100, taken for milliseconds, all fall into these weeks of 1970.
_SECONDS_NS = range(946_684_800 * NS_PER_MS, 4_102_444_800 * NS_PER_MS)
_OTHER_SEPARATORS = (";", "\t", "|")


def read_tape(path: Path | str, *, symbol: str | None = None) -> Tape:
    """Read a whole tape.

    Args:
        path: CSV file with a header, plain or gzip.
        symbol: ``BASE/QUOTE`` or a plain pair; without it the file name says.

    Raises:
        TapeError: the file cannot be used; says file, line, what was wrong, what was expected.
    """
    places = _USUAL_PLACES
    while True:
        try:
            with open_table(Path(path)) as table:
                return _read(Path(path), table, symbol, places)
        except FinerPrice as finer:
            # Rare, so the file is read again: every price of a tape has the same unit.
            places = finer.places


def _read(path: Path, table: Table, symbol: str | None, places: int) -> Tape:
    kind = _kind_of(table)
    pair, warnings = _pair(path, symbol)
    parsed = (read_bars if kind == "bars" else read_trades)(table, places)
    if not parsed.lines:
        raise TapeError(f"{table.name}: has a header but no rows")
    _check_beginning(table, parsed)
    return Tape(
        name=table.name,
        kind=kind,
        symbol=pair,
        columns=parsed.columns,
        places=places,
        bar_ns=_bar_length(table, parsed) if kind == "bars" else 0,
        skipped=parsed.skipped,
        warnings=warnings + parsed.warnings,
    )


def _check_beginning(table: Table, parsed: ParsedRows) -> None:
    """Rows are in order of time, so only the first can be too early."""
    first_ns = parsed.columns.times[0]
    if first_ns < _EARLIEST_NS:
        what = "looks like seconds" if first_ns in _SECONDS_NS else "is before the year 2000"
        raise TapeError(
            f"{table.name}, line {parsed.lines[0]}: {first_ns // NS_PER_MS} {what};"
            " expected milliseconds since 1970"
        )


def _kind_of(table: Table) -> TapeKind:
    twice = sorted(name for name, count in Counter(table.header).items() if name and count > 1)
    if twice:
        raise TapeError(f"{table.name}: its header names {shown(twice[0])!r} twice")
    bars, trades = set(BAR_COLUMNS) <= set(table.header), trade_columns(table.header)
    if bars and trades:
        raise TapeError(
            f"{table.name}: is both bars and trades by its columns; take out"
            f" {' and '.join(trades[:2])}, or those of bars: {', '.join(BAR_COLUMNS)}"
        )
    if bars or trades:
        return "bars" if bars else "trades"
    separator = next((s for s in _OTHER_SEPARATORS if s in "".join(table.header)), None)
    if separator is not None:
        raise TapeError(f"{table.name}: keeps its columns apart by {separator!r}; expected ','")
    raise TapeError(
        f"{table.name}: is neither bars nor trades: its first line is"
        f" {shown(','.join(table.header))!r}; bars need {','.join(BAR_COLUMNS)};"
        f" trades need price and one of {', '.join(TRADE_TIMES)}"
    )


def _pair(path: Path, symbol: str | None) -> tuple[Symbol, tuple[str, ...]]:
    if symbol is None:
        return symbol_in_name(path), ()
    pair = symbol_of(symbol)
    try:
        named = symbol_in_name(path)
    except TapeError:
        return pair, ()
    if str(named) == str(pair):
        return pair, ()
    return pair, (f"{shown(path)}: is played as {pair}, though its name says {named}",)


def _bar_length(table: Table, parsed: ParsedRows) -> int:
    """The most common distance between bars, the smaller of equals; a lone bar fills a candle."""
    times = parsed.columns.times
    distances: array[int] = array("q", map(sub, times[1:], times))
    if not distances:
        return CANDLE_NS
    count = Counter(distances)
    length = min(count, key=lambda distance: (-count[distance], distance))
    nearest = min(distances)
    if nearest < length:
        # Two bars at once would be two prices at once.
        line = parsed.lines[distances.index(nearest) + 1]
        raise TapeError(
            f"{table.name}, line {line}: begins {nearest // NS_PER_MS} ms after the bar before;"
            f" expected {length // NS_PER_MS} ms, the length of most bars, or more"
        )
    return length

"""Some 250 files that are no tapes, and those that only look odd, made anew for each test.

A fault of one row stands in bars or trades and comes plain, packed, with a byte order mark and with
the line ends of another system, because none of these may move the line number.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import NamedTuple

NAME = "BTCUSDT-x.csv"
BARS = "open_time_ms,open,high,low,close,volume"
TRADES = "trade_time_ms,price,quantity,trade_id"
_BEGIN_MS = 1_763_553_600_000
_BAD_LINE = 5


class Broken(NamedTuple):
    """A file that is no tape: what is said about it, and the line it is about, where there is one.

    ``begins`` is the number of the line after which it cannot be read, where nothing better is
    known.
    """

    name: str
    data: bytes
    says: str
    line: int | None = None
    file: str = NAME


class Odd(NamedTuple):
    """A file that is a tape all the same: how many rows it has, how many were left out."""

    name: str
    data: bytes
    rows: int
    skipped: int = 0
    file: str = NAME


def bar(row: int, prices: str = "100.5,101,99.25,100") -> str:
    """A good bar, one minute after the one before."""
    return f"{_BEGIN_MS + row * 60_000},{prices},1"


def trade(row: int, price: str = "100.5") -> str:
    """A good trade, one second after the one before."""
    return f"{_BEGIN_MS + row * 1_000},{price},1,{row + 7}"


def text(header: str, rows: list[str]) -> bytes:
    """A file of these rows."""
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def _bars(broken: str) -> bytes:
    return text(BARS, [bar(0), bar(1), bar(2), broken, bar(4)])


def _trades(broken: str) -> bytes:
    return text(TRADES, [trade(0), trade(1), trade(2), broken, trade(4)])


def _at(row: int, ms: int = 0) -> str:
    return str(_BEGIN_MS + row * 60_000 + ms)


# --- one row -------------------------------------------------------------------------------------

# What stands in place of a price, and what is said of it.
_NO_PRICE = {
    "exponent": ("1e5", "is written with an exponent"),
    "negative exponent": ("1.5E-3", "is written with an exponent"),
    "nan": ("NaN", "is not a number"),
    "inf": ("inf", "is not a number"),
    "minus infinity": ("-Infinity", "is not a number"),
    "zero": ("0", "is zero"),
    "zeros": ("000.000", "is zero"),
    "negative": ("-1.5", "is negative"),
    "empty": ("", "is empty"),
    "blank": ("  ", "is empty"),
    "word": ("sixty", "is not a number"),
    "null": ("null", "is not a number"),
    "underscore": ("1_000", "is not a number"),
    "hexadecimal": ("0x64", "is not a number"),
    "plus": ("+100", "is not a number"),
    "two points": ("1.0.0", "is not a number"),
    "point": (".", "is not a number"),
    "dollars": ("$100", "is not a number"),
    "decimal comma in quotes": ('"100,5"', "is not a number"),
    "other digits": ("\u0661\u0660\u0660", "is not a number"),
    "too large": ("9" * 30, "is too large"),
    "too fine": ("100." + "1" * 25, "more than 18 decimals"),
    "nul byte": ("10\0", "is not a number"),
    "escape": ("\x1b[31m5", "\\x1b[31m5"),
}
_NO_TIME = {
    "fraction": (f"{_BEGIN_MS}.5", "is not a whole number"),
    "exponent": ("1.7e12", "is not a whole number"),
    "date": ("2025-11-19T12:00", "is not a whole number"),
    "empty": ("", "is empty"),
    "negative": ("-5", "is not a whole number"),
    "microseconds": (f"{_BEGIN_MS}000", "microseconds"),
    "nanoseconds": (f"{_BEGIN_MS}000000", "is too large"),
}
_NO_BAR = {
    "high below low": (f"{_at(3)},5,4,6,5,1", "high 4 is below low 6"),
    "open above high": (f"{_at(3)},9,8,6,7,1", "open 9 is outside 6 to 8"),
    "open below low": (f"{_at(3)},5,8,6,7,1", "open 5 is outside 6 to 8"),
    "close above high": (f"{_at(3)},7,8,6,8.01,1", "close 8.01 is outside 6 to 8"),
    "close below low": (f"{_at(3)},7,8,6,5.99,1", "close 5.99 is outside 6 to 8"),
    "backward": (f"{_at(1)},7,8,6,7,1", "time goes back from"),
    "seconds": (f"{_BEGIN_MS // 1000},7,8,6,7,1", "time goes back from"),
    "conflicting duplicate": (f"{_at(2)},7,8,6,7,1", "a second row for"),
    "half a bar early": (f"{_at(2, 30_000)},7,8,6,7,1", "begins 30000 ms after the bar before"),
    "too few": (f"{_at(3)},7,8,6,7", "has 5 fields; the header names 6"),
    "too many": (f"{_at(3)},7,8,6,7,1,1", "has 7 fields; the header names 6"),
    "one field": ("7", "has 1 fields; the header names 6"),
    "semicolons": (f"{_at(3)};7;8;6;7;1", "has 1 fields; the header names 6"),
    "tabs": (f"{_at(3)}\t7\t8\t6\t7\t1", "has 1 fields; the header names 6"),
    "decimal comma": (f"{_at(3)},7,5,8,5,6,5,7,5,1", "has 10 fields; the header names 6"),
    "header again": (BARS, "open_time_ms 'open_time_ms' is not a whole number"),
    "comment": ("# made by hand", "has 1 fields; the header names 6"),
    "open quotes": (f'{_at(3)},7,"8,6,7,1', "broken quotes"),
    "10 MB": (f"{_at(3)},7,8,6,7,{'1' * 10_000_000}", "is longer than 1000000 bytes"),
}
_NO_TRADE = {
    "backward": (f"{_BEGIN_MS + 500},7,1,10", "time goes back from"),
    "smaller id": (f"{_BEGIN_MS + 3000},7,1,8", "trade_id 8 comes after 9"),
    "word as id": (f"{_BEGIN_MS + 3000},7,1,x", "trade_id 'x' is not a whole number"),
    "no id": (f"{_BEGIN_MS + 3000},7,1,", "trade_id '' is empty"),
    "negative id": (f"{_BEGIN_MS + 3000},7,1,-9", "trade_id '-9' is not a whole number"),
    "endless id": (f"{_BEGIN_MS + 3000},7,1,{'9' * 40}", "is too large"),
    "too few": (f"{_BEGIN_MS + 3000},7", "has 2 fields; the header names 4"),
    "too many": (f"{_BEGIN_MS + 3000},7,1,10,1", "has 5 fields; the header names 4"),
}


def _row_faults() -> Iterator[tuple[str, bytes, str]]:
    """Name, file, and what is said: each about line 5."""
    for what, (price, says) in _NO_PRICE.items():
        yield f"bar, price: {what}", _bars(f"{_at(3)},100,{price},100,100,1"), says
        yield f"trade, price: {what}", _trades(f"{_BEGIN_MS + 3000},{price},1,10"), says
    for what, (time, says) in _NO_TIME.items():
        yield f"bar, time: {what}", _bars(f"{time},100,100,100,100,1"), says
        yield f"trade, time: {what}", _trades(f"{time},100,1,10"), says
    for what, (row, says) in _NO_BAR.items():
        yield f"bar: {what}", _bars(row), says
    for what, (row, says) in _NO_TRADE.items():
        yield f"trade: {what}", _trades(row), says


_WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
}


def broken_rows() -> Iterator[Broken]:
    """Each fault of one row in each wrapping."""
    for what, data, says in _row_faults():
        for how, wrap in _WRAPPINGS.items():
            yield Broken(f"{what}, {how}", wrap(data), says, _BAD_LINE)


# --- the whole file ------------------------------------------------------------------------------

GOOD = text(BARS, [bar(row) for row in range(40)])
_PACKED = gzip.compress(GOOD, mtime=0)
_NEITHER = "is neither bars nor trades"


def _first(header: str, row: str) -> bytes:
    return text(header, [row])


def broken_files() -> tuple[Broken, ...]:
    """Files of which more than a row is wrong."""
    return (
        Broken("empty", b"", "is empty"),
        Broken("blank lines", b"\n \n\r\n", "is empty"),
        Broken("a byte order mark alone", b"\xef\xbb\xbf", "is empty"),
        Broken("packed emptiness", gzip.compress(b""), "is empty"),
        Broken("header only", text(BARS, []), "has a header but no rows"),
        Broken("header of trades only", text(TRADES, []), "has a header but no rows"),
        Broken("header without an end", BARS.encode(), "has a header but no rows"),
        Broken("no header", text(bar(0), [bar(1)]), _NEITHER),
        Broken("UTF-16", GOOD.decode().encode("utf-16"), "UTF-16"),
        Broken("UTF-16, big end first", b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), "UTF-16"),
        Broken("UTF-16 without a mark", GOOD.decode().encode("utf-16-le"), "UTF-16"),
        Broken("UTF-32", GOOD.decode().encode("utf-32"), "UTF-16"),
        Broken("Latin-1 header", "\xf6ffnung,h\xf6chst\n1,2\n".encode("latin-1"), _NEITHER),
        Broken("Latin-1 row", _bars(f"{_at(3)},1,1,1,1,1").replace(b",1,1,1,1,", b",1,\xe9,1,1,"),
               "is not a number", _BAD_LINE),
        Broken("NUL bytes", bytes(4096), "is not UTF-8 text"),
        Broken("NUL bytes after a crash", GOOD + bytes(4096), "has 1 fields", 42),
        Broken("binary", b"ARROW1\0\0\xff\xff", "not UTF-8"),
        Broken("zip", b"PK\x03\x04 and so on", "zip archive"),
        Broken("zstd", b"\x28\xb5\x2f\xfd and so on", "zstd"),
        Broken("xz", b"\xfd7zXZ\0 and so on", "xz"),
        Broken("bzip2", b"BZh91AY&SY and so on", "bzip2"),
        Broken("JSON", b'[{"open_time_ms": 1}]\n', _NEITHER),
        Broken("HTML", b"<!DOCTYPE html>\n<html></html>\n", _NEITHER),
        Broken("line ends of another age", GOOD.replace(b"\n", b"\r"), "line"),
        Broken("gzip cut in its data", _PACKED[: len(_PACKED) // 2], "cut off"),
        Broken("gzip cut in its header", _PACKED[:6], "cut off"),
        Broken("gzip without its sum", _PACKED[:-8], "cut off"),
        Broken("gzip with a wrong sum", _PACKED[:-8] + bytes(8), "cannot be read"),
        Broken("gzip with wrong data", _PACKED[:10] + b"\xff" * 40, "cannot be read"),
        Broken("gzip and rubbish behind it", _PACKED + b"rubbish", "cannot be read"),
        Broken("gzip in gzip", gzip.compress(_PACKED), "packed twice"),
        Broken("a bomb", gzip.compress(b"x" * (64 << 20), compresslevel=1), "is longer than", 1),
        Broken("10 MB header", b"x" * 10_000_000, "is longer than", 1),
        Broken("semicolons", GOOD.replace(b",", b";"), "columns apart by ';'"),
        Broken("tabs", GOOD.replace(b",", b"\t"), "columns apart by '\\t'"),
        Broken("capitals", GOOD.replace(b"open_time_ms", b"Open_Time_MS"), _NEITHER),
        Broken("a foreign header", _first("date,o,h,l,c", "1,2,3,4,5"), _NEITHER),
        Broken("book ticker", _first("recv_time_us,update_id,bid_price,ask_price", "1,2,3,4"),
               _NEITHER),
        Broken("no close", _first("open_time_ms,open,high,low", "1,2,3,4"), _NEITHER),
        Broken("no price", _first("trade_time_ms,quantity,trade_id", "1,2,3"), _NEITHER),
        Broken("no time", _first("price,quantity,trade_id", "1,2,3"), _NEITHER),
        Broken("both kinds", _first(f"{BARS},trade_time_ms,price", f"{bar(0)},{_at(0)},1"),
               "is both bars and trades"),
        Broken("a column twice", _first(f"{BARS},open", f"{bar(0)},1"), "names 'open' twice"),
        Broken("seconds", _first(BARS, "1763553600,1,1,1,1,1"), "looks like seconds", 2),
        Broken("days", _first(BARS, "20411,1,1,1,1,1"), "is before the year 2000", 2),
        Broken("time zero", _first(BARS, "0,1,1,1,1,1"), "is before the year 2000", 2),
        Broken("trades in seconds", _first(TRADES, "1763553600,1,1,1"), "looks like seconds", 2),
        Broken("trades at time zero", _first(TRADES, "0,1,1,1"), "is before the year 2000", 2),
        Broken("the year 2200", _first(BARS, "7258118400000,1,1,1,1,1"), "past the year 2100", 2),
        Broken("no pair in the name", GOOD, "does not begin with a known pair", file="prices.csv"),
        Broken("an unknown quote", GOOD, "does not begin with a known pair", file="BTCXYZ-1m.csv"),
    )  # fmt: skip


def broken() -> tuple[Broken, ...]:
    """Every file that must be refused."""
    return (*broken_rows(), *broken_files())


# --- odd, and right ------------------------------------------------------------------------------


def odd() -> tuple[Odd, ...]:
    """Files that are read all the same."""
    wide = text(
        BARS + "".join(f",more{n}" for n in range(44)),
        [bar(row) + ",junk" * 44 for row in range(3)],
    )
    quoted = text(BARS, [",".join(f'"{field}"' for field in bar(row).split(",")) for row in (0, 1)])
    return (
        *(Odd(how, wrap(GOOD), 40) for how, wrap in _WRAPPINGS.items()),
        Odd("both marks", b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"), 40),
        Odd("packed, and not named so", _PACKED, 40),
        Odd("named as packed, and not so", GOOD, 40, file="BTCUSDT-x.csv.gz"),
        Odd("two packed parts", gzip.compress(GOOD[:300]) + gzip.compress(GOOD[300:]), 40),
        Odd("zeros behind the packed data", _PACKED + bytes(512), 40),
        Odd("no end of the last line", GOOD.rstrip(b"\n"), 40),
        Odd("blank lines", GOOD.replace(b"\n", b"\n\n") + b"\n \n", 40),
        Odd("blanks around fields", GOOD.replace(b",", b" , "), 40),
        Odd("one row", text(BARS, [bar(0)]), 1),
        Odd("one trade", text(TRADES, [trade(0)]), 1),
        Odd("50 columns", wide, 3),
        Odd("quoted fields", quoted, 2),
        Odd("an identical bar", text(BARS, [bar(0), bar(1), bar(1), bar(2)]), 3, 1),
        Odd("many identical bars", text(BARS, [bar(0)] * 500 + [bar(1)]), 2, 499),
        Odd("a repeated id", text(TRADES, [trade(0), trade(1), trade(1), trade(2)]), 3, 1),
        Odd("trades of one instant", text(TRADES, [f"{_BEGIN_MS},1,1,{n}" for n in range(9)]), 9),
        Odd("trades without ids", text("timestamp_ms,price", [f"{_BEGIN_MS},1"] * 9), 9),
        Odd("a name in other letters", GOOD, 40, file="btcusdt-\u00e9t\u00e9.csv"),
        Odd("18 decimals", text(TRADES, [trade(0, "1.000000000000000001")]), 1),
    )

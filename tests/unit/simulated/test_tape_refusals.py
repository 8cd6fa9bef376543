"""What is no tape is refused in one line that names file, line, fault and cure."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from robson.connectors.simulated.tape_reader import read_tape
from robson.connectors.simulated.tape_symbol import symbol_of
from robson.domain.errors import TapeError
from robson.domain.identity import Symbol

Writer = Callable[..., Path]

HEADER = "open_time_ms,open,high,low,close,volume\n"
FIRST = "1700000040000,100.5,101,99.25,100,1\n"
TRADES = "trade_time_ms,price,quantity,trade_id\n"
BTC = Symbol("BTC", "USDT")


@pytest.fixture
def tape_file(tmp_path: Path) -> Writer:
    """Write a CSV file and give its path."""

    def write(content: str | bytes, name: str = "BTCUSDT-1m.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path: Path, **options: str) -> str:
    """The one line with which a tape is refused."""
    with pytest.raises(TapeError) as caught:
        read_tape(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("1700000100000,1,1e2,1,1,0", "high '1e2' is written with an exponent"),
        ("1700000100000,NaN,1,1,1,0", "open 'NaN' is not a number"),
        ("1700000100000,1,1,-inf,1,0", "low '-inf' is not a number"),
        ("1700000100000,1,1,0.00,1,0", "low '0.00' is zero"),
        ("1700000100000,1,1,1,-5.5,0", "close '-5.5' is negative"),
        ("1700000100000,1,1,1,,0", "close '' is empty"),
        ("1700000100000,1,1,1,1_0,0", "close '1_0' is not a number"),
        ("1700000100000,1,1,1,\u0663,0", "is not a number"),
        ("1700000100000,1,1,1,1.2.3,0", "close '1.2.3' is not a number"),
        ("1700000100000,1,1,1,.,0", "close '.' is not a number"),
        ("1700000100000,1,99999999999999999999,1,1,0", "too large"),
        ("1700000100000,1,1.0000000000000000001,1,1,0", "more than 18 decimals"),
        (f"1700000100000,1,{'9' * 5000},1,1,0", "too large"),
        ("1700000100000.0,1,1,1,1,0", "open_time_ms '1700000100000.0' is not a whole number"),
        ("-5,1,1,1,1,0", "open_time_ms '-5' is not a whole number"),
        ("1700000100000000,1,1,1,1,0", "microseconds"),
        ("1700000100000,1,1,2,1,0", "high 1 is below low 2"),
        ("1700000100000,3,2,1,1,0", "open 3 is outside 1 to 2"),
        ("1700000100000,1,2,1,0.5,0", "close 0.5 is outside 1 to 2"),
        ("1700000039999,1,1,1,1,0", "goes back from 1700000040000 to 1700000039999"),
        ("1700000040000,1,1,1,1,0", "a second row for 1700000040000 with other prices"),
        ("1700000100000,1,1,1", "has 4 fields; the header names 6"),
        ("1700000100000,1,1,1,1,0,", "has 7 fields; the header names 6"),
        ('1700000100000,1,"1,1,1,0', "broken quotes"),
    ],
)
def test_a_bad_bar_is_refused_with_its_line(tape_file: Writer, row: str, what: str) -> None:
    path = tape_file(HEADER + FIRST + row + "\n")

    message = refusal(path)

    assert message.startswith(f"{path}, line 3: ")
    assert what in message


def test_line_numbers_count_what_was_left_out(tape_file: Writer) -> None:
    path = tape_file(HEADER + FIRST + "\n" + FIRST + "x,1,1,1,1,0\n")

    assert refusal(path).startswith(f"{path}, line 5: open_time_ms 'x' is not a whole number")


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("1700000000001,100,1,6", "trade_id 6 comes after 7; expected ids that grow"),
        ("1699999999999,100,1,8", "goes back"),
        ("1700000000001,100,1,x", "trade_id 'x' is not a whole number"),
        ("1700000000001,-1,1,8", "price '-1' is negative"),
    ],
)
def test_a_bad_trade_is_refused_with_its_line(tape_file: Writer, row: str, what: str) -> None:
    path = tape_file(f"{TRADES}1700000000000,100,1,7\n{row}\n")

    message = refusal(path)

    assert message.startswith(f"{path}, line 3: ")
    assert what in message


def test_a_bar_that_overlaps_the_next_is_refused(tape_file: Writer) -> None:
    starts = [0, 60000, 90000, 150000]
    path = tape_file(HEADER + "".join(f"{1700000040000 + ms},1,1,1,1,0\n" for ms in starts))

    assert refusal(path).startswith(f"{path}, line 4: begins 30000 ms after the bar before")


PACKED = gzip.compress((HEADER + FIRST * 9).encode(), mtime=0)
NO_TAPES: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "is empty"),
    "blank": ("\n\n", "is empty"),
    "header-only": (HEADER, "has a header but no rows"),
    "quotes": ("recv_time_us,update_id,bid_price,ask_price\n1,2,3,4\n", "neither bars nor trades"),
    "no-header": (FIRST, "neither bars nor trades"),
    "no-close": ("open_time_ms,open,high,low\n", "bars need open_time_ms,open,high,low,close"),
    "twice": ("open_time_ms,open,high,low,close,open\n", "names 'open' twice"),
    "seconds": (HEADER + "1700000040,1,1,1,1,0\n", "looks like seconds"),
    "utf-16": ((HEADER + FIRST).encode("utf-16"), "UTF-16"),
    "utf-16-without-mark": ((HEADER + FIRST).encode("utf-16-le"), "UTF-16"),
    "zip": (b"PK\x03\x04 and so on", "zip archive"),
    "binary": (b"ARROW1\0\0\xff\xff", "not UTF-8"),
    "cut-off": (PACKED[:-30], "cut off"),
    "wrong-sum": (PACKED[:-8] + b"\0" * 8, "cannot be read"),
    "wrong-data": (PACKED[:10] + b"\xff" * 30, "cannot be read"),
    "long-line": (
        HEADER + FIRST.rstrip() + "0" * 1_000_001,
        "line 2: is longer than 1000000 bytes",
    ),
    "bomb": (gzip.compress(b"x" * 3_000_000, mtime=0), "line 1: is longer than 1000000 bytes"),
    "escapes": ("\x1b[31mevil,price\n1,2\n", "\\x1b[31mevil"),
}


@pytest.mark.parametrize("name", list(NO_TAPES))
def test_a_file_that_is_no_tape_is_refused_in_one_line(tape_file: Writer, name: str) -> None:
    content, what = NO_TAPES[name]
    path = tape_file(content)

    message = refusal(path)

    assert message.startswith(str(path))
    assert what in message
    assert len(message) < 600


def test_a_line_without_end_is_not_read_whole(tape_file: Writer) -> None:
    path = tape_file(gzip.compress(b"x" * (64 << 20), compresslevel=1, mtime=0))

    tracemalloc.start()
    try:
        refusal(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 8 << 20


@pytest.mark.timeout(20)
def test_a_path_that_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "BTCUSDT-pipe.csv")

    assert "is a directory" in refusal(tmp_path)
    assert "is a pipe or device" in refusal(tmp_path / "BTCUSDT-pipe.csv")
    assert "is a pipe or device" in refusal(Path(os.devnull))
    assert "No such file" in refusal(tmp_path / "BTCUSDT-none.csv")
    assert "cannot be opened" in refusal(Path("BTCUSDT\0.csv"))


def test_refusing_leaves_no_file_open(tape_file: Writer) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for content in ("", HEADER, gzip.compress(HEADER.encode()), HEADER + "x\n"):
        refusal(tape_file(content))

    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("pair", ["BTCUSDT", "ETHUSDT"])
def test_a_book_ticker_is_refused_in_one_line(
    pair: str, tapes: Path | None, tape_file: Writer
) -> None:
    header = "recv_time_us,update_id,bid_price,bid_qty,ask_price,ask_qty"
    paths = [tape_file(f"{header}\n1,2,3,4,5,6\n")]
    if tapes is not None:
        paths.append(tapes / f"ticks/{pair}-bookticker-20240808.csv.gz")

    for path in paths:
        message = refusal(path)
        assert message.startswith(f"{path}: is neither bars nor trades")
        assert header in message


# --------------------------------------------------------------------------------- which pair


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("BTCUSDT-1m-2025.csv.gz", BTC),
        ("btcusdt.csv", BTC),
        ("BTC_USDT-1m.csv", BTC),
        ("WBTC-USDT-1m.csv", Symbol("WBTC", "USDT")),
        ("ETHBTC-1m.csv", Symbol("ETH", "BTC")),
        ("1000SATSFDUSD-1m.csv", Symbol("1000SATS", "FDUSD")),
        ("XRPETH-aggtrades.csv", Symbol("XRP", "ETH")),
        ("BTCUSDT_1m.csv", BTC),
    ],
)
def test_the_file_name_names_the_pair(tape_file: Writer, name: str, pair: Symbol) -> None:
    assert read_tape(tape_file(HEADER + FIRST, name)).symbol == pair


@pytest.mark.parametrize(
    "name", ["prices.csv", "USDT-1m.csv", "FOOBAR-1m.csv", "-1m.csv", "\u00dfBTC"]
)
def test_a_name_without_a_known_pair_asks_for_symbol(tape_file: Writer, name: str) -> None:
    path = tape_file(HEADER + FIRST, name)

    assert "pass --symbol BASE/QUOTE" in refusal(path)
    assert read_tape(path, symbol="foo/bar").symbol == Symbol("FOO", "BAR")


def test_the_symbol_that_was_passed_wins_and_a_contradiction_is_said(tape_file: Writer) -> None:
    path = tape_file(HEADER + FIRST)

    assert read_tape(path, symbol="BTC/USDT").warnings == ()
    other = read_tape(path, symbol="ETHUSDT")
    assert other.symbol == Symbol("ETH", "USDT")
    assert "played as ETHUSDT, though its name says BTCUSDT" in other.warnings[0]


@pytest.mark.parametrize("text", ["", "/", "BTC/", "BTC/US DT", "USDT", "BTC/USDT/X", "FOOBAR"])
def test_a_symbol_that_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(TapeError, match="--symbol BASE/QUOTE"):
        symbol_of(text)

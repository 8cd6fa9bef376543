"""Tapes whose every level is known beforehand, written as the CSV files that robsond reads.

The past has supports at 59,640 and 59,400 and resistances at 60,360 and 60,600, and ends at 60,000.
So a long entered there has its stop at 59,400, its exchange stop at 59,250, its first rung at
60,600 and its target at 61,200; a short mirrors it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

from robson.connectors.simulated.generator import write_csv
from robson.connectors.simulated.tape import Columns, Tape
from robson.domain.identity import Symbol
from robson.domain.values import CANDLE_NS, NS_PER_MS, NS_PER_S

START_NS = 1_763_553_600 * NS_PER_S  # 2025-11-19 12:00 UTC, a whole quarter of an hour
MIDDLE = 60_000
STOP = {"long": 59_400, "short": 60_600}
EXCHANGE_STOP = {"long": 59_250, "short": 60_750}
RUNG = {"long": 60_600, "short": 59_400}
TARGET = {"long": 61_200, "short": 58_800}
BTC, ETH = Symbol("BTC", "USDT"), Symbol("ETH", "USDT")
"""Of both the prices are alike: what differs is the pair."""

_PAST_CANDLES = 106
_SWINGS = {2: ("low", 59_640), 6: ("high", 60_360), 10: ("low", 59_400), 14: ("high", 60_600)}

Bar = tuple[int, int, int, int]


def _tape(
    name: str, start_ns: int, bar_ns: int, rows: Sequence[tuple[int, ...]], symbol: Symbol
) -> Tape:
    """Prices in cents."""
    times = array("q", (start_ns + place * bar_ns for place in range(len(rows))))
    columns = tuple(array("q", column) for column in zip(*rows, strict=True))
    return Tape(
        name=name,
        kind="bars",
        symbol=symbol,
        columns=Columns(times, columns),
        places=2,
        bar_ns=bar_ns,
    )


def write_past(folder: Path, symbol: Symbol = BTC) -> Path:
    """The candles before the tape."""
    rows: list[Bar] = []
    for place in range(_PAST_CANDLES):
        low, high = MIDDLE - 150, MIDDLE + 150
        which, level = _SWINGS.get(place % 16, ("", 0))
        low, high = (
            (level, high)
            if which == "low"
            else (low, level)
            if which == "high"
            else (
                low,
                high,
            )
        )
        rows.append((MIDDLE * 100, high * 100, low * 100, MIDDLE * 100))
    path = folder / f"{symbol}-past.csv"
    start_ns = START_NS - _PAST_CANDLES * CANDLE_NS
    write_csv(_tape("past", start_ns, CANDLE_NS, rows, symbol), path)
    return path


def write_path(
    folder: Path, prices: Sequence[int], *, bar_s: int = 60, symbol: Symbol = BTC
) -> Path:
    """A tape that walks straight from each price to the next, one bar for each step."""
    rows = [
        (near * 100, max(near, far) * 100, min(near, far) * 100, far * 100)
        for near, far in pairwise(prices)
    ]
    path = folder / f"{symbol}-tape.csv"
    write_csv(_tape("tape", START_NS, bar_s * NS_PER_S, rows, symbol), path)
    return path


def write_jump(folder: Path, *, to: int, after: int, minutes: int) -> Path:
    """A price that stands still, and after so many minutes is suddenly elsewhere."""
    prices = [MIDDLE] * after + [to] * (minutes - after)
    rows = [(price * 100, price * 100 + 100, price * 100, price * 100) for price in prices]
    path = folder / f"{BTC}-tape.csv"
    write_csv(_tape("tape", START_NS, 60 * NS_PER_S, rows, BTC), path)
    return path


def write_noise(
    folder: Path, prices: Sequence[int], *, seed: int, steps: int, step_ms: int
) -> Path:
    """Trades at uneven times around the way from price to price; some share a millisecond."""
    chance = Random(f"noise {seed}")
    rows, at_ms = [], START_NS // NS_PER_MS
    for near, far in pairwise(prices):
        for step in range(steps):
            middle = near * 100 + (far - near) * 100 * step // steps
            rows.append((at_ms, middle + int(chance.random() * 2000) - 1000))
            if chance.random() >= 0.2:
                at_ms += int(2 * chance.random() * step_ms)
    path = folder / "BTCUSDT-trades.csv"
    lines = [
        f"{at_ms},{cents // 100}.{cents % 100:02d},{number}"
        for number, (at_ms, cents) in enumerate(rows, 1)
    ]
    path.write_text("\n".join(["trade_time_ms,price,trade_id", *lines, ""]))
    return path


def level(*, long: bool, price: int) -> int:
    """A price of a long's path, mirrored for a short."""
    return price if long else 2 * MIDDLE - price


def mirrored(prices: Sequence[int], side: str) -> list[int]:
    """A long's path, for either side."""
    return [level(long=side == "long", price=price) for price in prices]


def still(minutes: int, price: int = MIDDLE) -> list[int]:
    """So long the price all but stands."""
    return [price + minute % 2 for minute in range(minutes)]

"""Makes tapes where none was recorded: bars with jumps, silences, and volatility in clusters.

One seed gives one tape, byte for byte, on every platform: chance comes from ``Random.random`` alone
and all that follows is whole numbers. It never passes for a market: its tapes are ``generated``.
"""

from __future__ import annotations

import gzip
from array import array
from collections.abc import Iterator
from decimal import Decimal, localcontext
from pathlib import Path
from random import Random

from robson.connectors.simulated.tape import Columns, Tape
from robson.domain.errors import InvalidValue
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.values import CANDLE_NS, MONEY, NS_PER_MS, NS_PER_S, Price, plain

BAR_NS = 60 * NS_PER_S
DEFAULT_SYMBOL = Symbol("BTC", "USDT")
DEFAULT_START_NS = 1_763_553_600 * NS_PER_S
"""2025-11-19 12:00 UTC: far from a month's end, where budgets begin anew."""
DEFAULT_MINUTES = 12 * 60

# First price and tick, in quote, where nobody names them.
_USUAL = {
    "BTCUSDT": ("60000", "0.01"),
    "ETHUSDT": ("3000", "0.01"),
    "SOLUSDT": ("150", "0.01"),
    "BNBUSDT": ("600", "0.01"),
    "XRPUSDT": ("0.6", "0.0001"),
    "ETHBTC": ("0.05", "0.00001"),
    "XRPETH": ("0.0002", "0.00000001"),
}
_UNUSUAL = ("100", "0.01")

_STEPS = 6
"""Moves of the price in a minute; its wicks come from them."""
_FINE = 20
"""Binary places that the price keeps below the tape's unit, so that small moves add up."""
_PPB = 1_000_000_000
_CALM_PPB = 450_000
"""Volatility of a quiet minute, in parts of 10**9 of the price: 0.045 %."""
_WILD_PPB = 3_000_000
_BLOCK = 240
"""Minutes in which one jump and one silence happen, each at its own chance minute."""
_QUIET_START = 20
_SHORTEST_BLOCK = 60

_Minute = tuple[int, int, int, int]
"""Open, high, low, close, in the tape's units."""


def generate(
    seed: int = 1,
    *,
    symbol: Symbol = DEFAULT_SYMBOL,
    start_ns: int = DEFAULT_START_NS,
    start_price: Decimal | None = None,
    tick: Decimal | None = None,
    minutes: int = DEFAULT_MINUTES,
) -> Tape:
    """A tape of one-minute bars; a silence leaves bars out.

    Args:
        seed: whole number; each pair has its own tape for it.
        symbol: the pair.
        start_ns: beginning of the first bar, a whole minute, nanoseconds since 1970 UTC.
        start_price: the first open, in quote; None for a usual price of the pair.
        tick: grid of all prices, in quote; None for a usual one.
        minutes: length, silences included.

    Raises:
        InvalidValue: ``start_price`` is off the grid, ``start_ns`` no whole minute, no minutes.
    """
    if start_ns % BAR_NS or minutes < 1:
        raise InvalidValue(f"{minutes} minutes from {start_ns} ns are not whole minutes")
    usual_price, usual_tick = map(Decimal, _USUAL.get(str(symbol), _UNUSUAL))
    units = _Units(start_price or usual_price, tick or usual_tick, Decimal(0))
    # Not for secrets: one seed must give one tape.
    market = _Market(Random(f"tape {seed} {symbol}"), units)  # noqa: S311
    rows = [(start_ns + index * BAR_NS, bar) for index, bar in market.minutes(minutes)]
    return _tape(f"generated (seed {seed})", symbol, rows, units.places)


def generate_history(
    seed: int = 1, *, instrument: Instrument, before_ns: int, price: Decimal, hours: int = 26
) -> Tape:
    """One-minute bars that end at a tape's first price, at the last whole minute before it.

    They begin ``hours`` before the 15-minute candle in which ``before_ns`` lies, so that all the
    candles of these hours are whole. A silence is shorter than a candle.

    Args:
        seed: whole number; each pair has its own history for it.
        instrument: the pair and its tick grid.
        before_ns: beginning of the tape that follows, nanoseconds since 1970 UTC.
        price: its first price, in quote, on the instrument's grid.
        hours: 26 make 104 candles.

    Raises:
        InvalidValue: the price is off the grid, or the hours do not fit between 1970 and then.
    """
    end_ns = before_ns // BAR_NS * BAR_NS
    start_ns = before_ns // CANDLE_NS * CANDLE_NS - hours * 3600 * NS_PER_S
    if not 0 <= start_ns < end_ns:
        raise InvalidValue(f"{hours} hours of history do not fit before {before_ns} ns")
    units = _Units(price, instrument.tick, instrument.min_price)
    market = _Market(Random(f"history {seed} {instrument.symbol}"), units)  # noqa: S311
    # Walked away from the price and then turned round: so the last close is that price exactly.
    turned = [
        (end_ns - (index + 1) * BAR_NS, (close, high, low, open_))
        for index, (open_, high, low, close) in market.minutes((end_ns - start_ns) // BAR_NS)
    ]
    name = f"generated history (seed {seed})"
    return _tape(name, instrument.symbol, turned[::-1], units.places)


def write_csv(tape: Tape, path: Path) -> None:
    """Write a tape so that it reads back the same; packed when the name ends in ``.gz``.

    The volume that bars carry in such files is not known here and written as 0.
    """
    times, prices, ids = tape.columns
    stamps = [str(time // NS_PER_MS) for time in times]
    texts = [[plain(tape.price(units)) for units in column] for column in prices]
    if tape.bar_ns:
        header, columns = "open_time_ms,open,high,low,close,volume", [*texts, ["0"] * len(stamps)]
    elif ids is None:
        header, columns = "trade_time_ms,price", texts
    else:
        header, columns = "trade_time_ms,price,trade_id", [*texts, [str(one) for one in ids]]
    lines = [header, *(",".join(row) for row in zip(stamps, *columns, strict=True)), ""]
    content = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _tape(name: str, symbol: Symbol, rows: list[tuple[int, _Minute]], places: int) -> Tape:
    try:
        prices = tuple(array("q", column) for column in zip(*(bar for _, bar in rows), strict=True))
    except OverflowError as error:
        raise InvalidValue(f"{name}: prices of {places} decimals do not fit 64 bits") from error
    return Tape(
        name=name,
        kind="generated",
        symbol=symbol,
        columns=Columns(array("q", (time for time, _ in rows)), prices),
        places=places,
        bar_ns=BAR_NS,
    )


class _Units:
    """A first price, a tick and the beginning of the grid as whole numbers of one unit."""

    def __init__(self, price: Decimal, tick: Decimal, base: Decimal) -> None:
        if tick <= 0:
            raise InvalidValue(f"tick {tick} must be above 0")
        with localcontext(MONEY):
            self.places = 8
            while any(value.scaleb(self.places) % 1 for value in (Price(price), tick, base)):
                self.places += 1
            self.price, self.tick, self.base = (
                int(value.scaleb(self.places)) for value in (price, tick, base)
            )
        if (self.price - self.base) % self.tick:
            raise InvalidValue(f"price {price} is not on the tick grid {tick}")

    def on_grid(self, units: int) -> int:
        """The grid price at or below; never below the first tick."""
        count = max(1, (units - self.base) // self.tick)
        return self.base + count * self.tick


class _Market:
    """A price that walks in small steps whose size comes in clusters."""

    def __init__(self, chance: Random, units: _Units) -> None:
        self._chance = chance
        self._units = units
        self._price = units.price << _FINE
        self._volatility_ppb = _CALM_PPB

    def minutes(self, count: int) -> Iterator[tuple[int, _Minute]]:
        """Index and bar of each minute that is not silent; the first opens at the first price."""
        for begin in range(0, count, _BLOCK):
            length = min(_BLOCK, count - begin)
            jump, silence = self._events(length)
            for index in range(length):
                if index == jump:
                    self._jump()
                bar = self._minute()
                if index not in silence:
                    yield begin + index, bar

    def _events(self, length: int) -> tuple[int, range]:
        """The minute of the jump, and the silent minutes, of one block."""
        if length < _SHORTEST_BLOCK:
            return -1, range(0)
        jump = _QUIET_START + self._below(length - _QUIET_START)
        silence = _QUIET_START + self._below(length - _QUIET_START - 10)
        return jump, range(silence, silence + 2 + self._below(6))

    def _minute(self) -> _Minute:
        chance, units = self._chance, self._units
        self._volatility_ppb += (_CALM_PPB - self._volatility_ppb) // 40
        if self._below(120) == 0:
            self._volatility_ppb = min(3 * self._volatility_ppb, _WILD_PPB)
        open_ = units.on_grid(self._price >> _FINE)
        path = [open_]
        for _ in range(_STEPS):
            # Four even chances make a bell well enough; their variance is a third.
            bell = sum(int(chance.random() * 2**32) for _ in range(4)) - 2 * 2**32
            self._move(self._volatility_ppb * bell * 7071 // 10_000 >> 32)
            path.append(units.on_grid(self._price >> _FINE))
        return open_, max(path), min(path), path[-1]

    def _jump(self) -> None:
        """Between two bars the price is elsewhere: 0.15 to 0.8 %; and the market wakes up."""
        size_ppb = 1_500_000 + self._below(6_500_000)
        self._move(size_ppb if self._below(2) else -size_ppb)
        self._volatility_ppb = min(2 * self._volatility_ppb, _WILD_PPB)

    def _move(self, ppb: int) -> None:
        way = self._price * abs(ppb) // _PPB
        self._price += way if ppb > 0 else -way

    def _below(self, limit: int) -> int:
        return int(self._chance.random() * limit)

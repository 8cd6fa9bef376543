"""A tape: the recorded or generated prices of one pair, in order, held compactly.

Prices are kept as whole numbers of the tape's own unit and leave as whole ticks of an instrument,
exactly or not at all. It never reads a file (``tape_reader`` does) and never rounds a price.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from itertools import repeat
from typing import Literal, NamedTuple

from robson.domain.errors import TapeError
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.values import MONEY, Price, Ticks

TapeKind = Literal["bars", "trades", "generated"]
"""What the rows are, or that they are bars which no market ever traded."""

_GCD_BATCH = 4096


class Bar(NamedTuple):
    """What the price did from ``open_ns`` for ``length_ns``; prices in ticks."""

    open_ns: int
    length_ns: int
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks

    @property
    def end_ns(self) -> int:
        """The instant at which the price is the close."""
        return self.open_ns + self.length_ns


class Trade(NamedTuple):
    """One trade; the price is in ticks. ``id`` orders trades of one instant, None without ids."""

    time_ns: int
    price: Ticks
    id: int | None


Row = Bar | Trade


class Columns(NamedTuple):
    """The rows of a tape, one array of 64-bit integers for each column.

    Attributes:
        times: first instant of each row, nanoseconds since 1970 UTC.
        prices: open, high, low, close of bars; the one price of trades.
        ids: trade ids, where the tape has them.
    """

    times: array[int]
    prices: tuple[array[int], ...]
    ids: array[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tape:
    """The prices of one pair in order of time; never empty.

    Attributes:
        name: the file, or how it was generated.
        columns: the rows; prices in units of ``10**-places`` quote.
        bar_ns: length of a bar in nanoseconds; 0 for trades.
        skipped: rows that repeated the one before and were left out.
        warnings: sentences that a person should read once.
    """

    name: str
    kind: TapeKind
    symbol: Symbol
    columns: Columns
    places: int
    bar_ns: int
    skipped: int = 0
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.columns.times)

    @property
    def synthetic(self) -> bool:
        """No market ever traded these prices."""
        return self.kind == "generated"

    @property
    def first_ns(self) -> int:
        """Beginning of the first row."""
        return self.columns.times[0]

    @property
    def last_ns(self) -> int:
        """Beginning of the last row."""
        return self.columns.times[-1]

    @property
    def end_ns(self) -> int:
        """The instant of the last price: the end of the last bar, or the last trade."""
        return self.last_ns + self.bar_ns

    @property
    def first_price(self) -> Price:
        """The first open or trade."""
        return self.price(self.columns.prices[0][0])

    @property
    def highest_price(self) -> Price:
        """The highest price of all rows."""
        return self.price(max(max(column) for column in self.columns.prices))

    def price(self, units: int) -> Price:
        """A number of the tape's units as a price, without trailing zeros."""
        places = self.places
        while places and units % 10 == 0:
            units, places = units // 10, places - 1
        with localcontext(MONEY):
            return Price(Decimal(units).scaleb(-places))

    @property
    def decimals(self) -> int:
        """Decimals that its prices use once trailing zeros are stripped."""
        common, zeros = self._common_unit(), 0
        while zeros < self.places and common % 10 == 0:
            common, zeros = common // 10, zeros + 1
        return self.places - zeros

    def fits(self, tick: Decimal, min_price: Decimal = Decimal(0)) -> bool:
        """Whether every price lies on the grid of ``tick`` that begins at ``min_price``."""
        grid = _Grid(self.places, tick, min_price)
        if grid.base % grid.tick == 0:
            on_grid = self._common_unit() * grid.factor % grid.tick == 0
        else:
            on_grid = all(grid.holds(units) for column in self.columns.prices for units in column)
        return on_grid and all(
            min(column) * grid.factor >= grid.base for column in self.columns.prices
        )

    def in_ticks(self, instrument: Instrument, *, start: int = 0) -> Columns:
        """The columns from row ``start`` on, prices as whole ticks of the instrument.

        Raises:
            TapeError: a price is not on the instrument's tick grid.
        """
        grid = _Grid(self.places, instrument.tick, instrument.min_price)
        if not self.fits(instrument.tick, instrument.min_price):
            raise TapeError(f"{self.name}: has prices off the tick grid {instrument.tick:f}")
        prices = tuple(array("q", grid.counts(column[start:])) for column in self.columns.prices)
        ids = self.columns.ids
        return Columns(self.columns.times[start:], prices, None if ids is None else ids[start:])

    def rows(self, instrument: Instrument, *, start: int = 0) -> Iterator[Row]:
        """The rows from row ``start`` on, prices as whole ticks of the instrument.

        Raises:
            TapeError: a price is not on the instrument's tick grid.
        """
        times, prices, ids = self.in_ticks(instrument, start=start)
        ticks = [map(Ticks, column) for column in prices]
        if self.bar_ns:
            return map(Bar, times, repeat(self.bar_ns), *ticks)
        return map(Trade, times, ticks[0], repeat(None) if ids is None else ids)

    def index_at(self, at_ns: int) -> int:
        """Index of the first row that begins at or after an instant; ``len`` when none does."""
        return bisect_left(self.columns.times, at_ns)

    def split(self, at_ns: int) -> tuple[Tape | None, Tape]:
        """Rows that begin before an instant, and the rest: the past and the tape to play.

        A bar that is under way at the instant belongs to the past, for the rest begins after it.

        Raises:
            TapeError: no row begins at or after the instant.
        """
        index = self.index_at(at_ns)
        if index == len(self):
            raise TapeError(f"{self.name}: has no row at or after the time asked for")
        return self._slice(0, index) if index else None, self._slice(index, len(self))

    def _slice(self, begin: int, end: int) -> Tape:
        times, prices, ids = self.columns
        kept = Columns(
            times[begin:end],
            tuple(column[begin:end] for column in prices),
            None if ids is None else ids[begin:end],
        )
        return replace(self, columns=kept)

    def _common_unit(self) -> int:
        """The largest number of units of which every price is a multiple."""
        common = 0
        for column in self.columns.prices:
            for begin in range(0, len(column), _GCD_BATCH):
                common = math.gcd(common, *column[begin : begin + _GCD_BATCH])
        return common


class _Grid:
    """Tape units against an instrument's tick grid, both in the finest unit of the two."""

    def __init__(self, places: int, tick: Decimal, min_price: Decimal) -> None:
        finest = max(places, _places(tick), _places(min_price))
        self.factor: int = 10 ** (finest - places)
        with localcontext(MONEY):
            self.tick = int(tick.scaleb(finest))
            self.base = int(min_price.scaleb(finest))

    def holds(self, units: int) -> bool:
        return not (units * self.factor - self.base) % self.tick

    def counts(self, column: Iterable[int]) -> Iterator[int]:
        factor, base, tick = self.factor, self.base, self.tick
        return ((units * factor - base) // tick for units in column)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), value
    return max(0, -exponent)

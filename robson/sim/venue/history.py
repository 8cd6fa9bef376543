"""What the venue's markets did: every trade it printed, and bars of every interval made of minutes.

Trades that a tape does not tell the size of get one from their number. One trade is one aggregate.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal

import attrs

from robson.connectors.simulated.tape import Bar, Row
from robson.domain.instrument import Instrument
from robson.domain.values import NS_PER_MS

MINUTE_MS = 60_000
INTERVALS = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360,
    "8h": 480, "12h": 720, "1d": 1440, "3d": 4320, "1w": 10080,
}  # fmt: skip
"""Minutes of each interval; those of a second and of a month are not kept."""
_WEEK_OFFSET_MS = 4 * 86_400_000
"""The epoch was a Thursday, weeks begin on Mondays."""
KEPT = 200_000
_SIZES = 4999


@attrs.frozen
class Print:
    """One trade on the market: ticks, its size in base, milliseconds of exchange time."""

    id: int
    ticks: int
    quantity: Decimal
    at_ms: int
    buyer_is_maker: bool


@attrs.define
class Bin:
    """What happened in some time; prices in ticks, amounts as they add up."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    base: Decimal
    quote: Decimal
    taken: Decimal
    first: int = -1
    last: int = -1

    def join(self, later: Bin) -> None:
        """Let it go on with a later one."""
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close = later.close
        self.base += later.base
        self.quote += later.quote
        self.taken += later.taken
        self.first = later.first if self.first < 0 else self.first
        self.last = later.last if later.last >= 0 else self.last

    @property
    def trades(self) -> int:
        """How many trades are in it, as far as they were told one by one."""
        return self.last - self.first + 1 if self.first >= 0 else int(self.base > 0)


def interval_ms(name: str) -> int | None:
    """Length of an interval; None for one that is not kept."""
    minutes = INTERVALS.get(name)
    return None if minutes is None else minutes * MINUTE_MS


def open_of(at_ms: int, length_ms: int) -> int:
    """When the bar of an instant opened."""
    offset = _WEEK_OFFSET_MS if length_ms == INTERVALS["1w"] * MINUTE_MS else 0
    return (at_ms - offset) // length_ms * length_ms + offset


class History:
    """One pair's past. ``first_id`` is the number of the first trade that it will print."""

    def __init__(self, instrument: Instrument, first_id: int) -> None:
        self.instrument = instrument
        self.prints: deque[Print] = deque(maxlen=KEPT)
        self._minutes: list[Bin] = []
        self._next_id = first_id
        self._last_ticks = 0

    def remember(self, rows: Iterable[Row], before_ns: int) -> None:
        """Rows of the time before the venue opened; they make bars and no trades."""
        for row in rows:
            if row[0] >= before_ns:
                return
            prices = row[2:] if isinstance(row, Bar) else (row.price,)
            base = self._size(row[0] // NS_PER_MS // 1000)
            self._add(
                Bin(
                    row[0] // NS_PER_MS // MINUTE_MS * MINUTE_MS,
                    prices[0],
                    max(prices),
                    min(prices),
                    prices[-1],
                    base,
                    base * self.instrument.price_of(prices[-1]),
                    base / 2,
                )
            )

    def print(self, ticks: int, at_ns: int) -> Print:
        """A trade at a price, to which size and number are given."""
        made = Print(
            self._next_id,
            ticks,
            self._size(self._next_id),
            at_ns // NS_PER_MS,
            ticks < self._last_ticks,
        )
        self._next_id, self._last_ticks = self._next_id + 1, ticks
        return self.keep(made)

    def keep(self, made: Print) -> Print:
        """A trade as it is."""
        ticks = made.ticks
        self.prints.append(made)
        quote = made.quantity * self.instrument.price_of(ticks)
        taken = Decimal(0) if made.buyer_is_maker else made.quantity
        self._add(
            Bin(
                made.at_ms // MINUTE_MS * MINUTE_MS,
                ticks,
                ticks,
                ticks,
                ticks,
                made.quantity,
                quote,
                taken,
                made.id,
                made.id,
            )
        )
        return made

    def _size(self, seed: int) -> Decimal:
        return (1 + seed * 7919 % _SIZES) * self.instrument.step

    def _add(self, one: Bin) -> None:
        if self._minutes and self._minutes[-1].open_ms == one.open_ms:
            self._minutes[-1].join(one)
        elif not self._minutes or self._minutes[-1].open_ms < one.open_ms:
            self._minutes.append(one)

    def prints_from(self, from_id: int) -> Iterator[Print]:
        """Kept trades from a number on."""
        skip = from_id - self.prints[0].id if self.prints else 0
        return (one for place, one in enumerate(self.prints) if place >= skip)

    def bars(
        self, length_ms: int, start_ms: int | None, end_ms: int | None, limit: int
    ) -> list[Bin]:
        """Bars of a length: from a start on, oldest first; without a start the newest ones."""
        bars: list[Bin] = []
        first = 0
        if start_ms is not None:
            opens = open_of(start_ms + length_ms - 1, length_ms)
            first = bisect_left(self._minutes, opens, key=lambda minute: minute.open_ms)
        else:
            newest = self._minutes[-1].open_ms if end_ms is None and self._minutes else end_ms or 0
            since = open_of(newest, length_ms) - (limit - 1) * length_ms
            first = bisect_left(self._minutes, since, key=lambda minute: minute.open_ms)
        for minute in self._minutes[first:]:
            opens = open_of(minute.open_ms, length_ms)
            if end_ms is not None and opens > end_ms:
                break
            if bars and bars[-1].open_ms == opens:
                bars[-1].join(minute)
            elif start_ms is not None and len(bars) == limit:
                break
            else:
                bars.append(attrs.evolve(minute, open_ms=opens))
        return bars[-limit:]

    def whole_bars(
        self, length_ms: int, start_ms: int | None, end_ms: int | None, limit: int, now_ms: int
    ) -> list[Bin]:
        """The same, with a flat bar where nothing was traded, up to the one that forms now."""
        last = min(now_ms, now_ms if end_ms is None else end_ms)
        opens = open_of(last, length_ms)
        first = opens - (limit - 1) * length_ms
        if start_ms is not None:
            first = open_of(start_ms + length_ms - 1, length_ms)
            opens = min(opens, first + (limit - 1) * length_ms)
        if not self._minutes:
            return []
        first = max(first, open_of(self._minutes[0].open_ms, length_ms))
        traded = {one.open_ms: one for one in self.bars(length_ms, first, last, limit)}
        every = range(first, opens + 1, length_ms)
        return [traded.get(at_ms) or self._flat(at_ms) for at_ms in every]

    def _flat(self, opens_ms: int) -> Bin:
        """A bar without a trade, at the last price before it."""
        place = bisect_left(self._minutes, opens_ms, key=lambda minute: minute.open_ms)
        close = self._minutes[max(place - 1, 0)].close
        nothing = Decimal(0)
        return Bin(opens_ms, close, close, close, close, nothing, nothing, nothing)

    def bar(self, length_ms: int, at_ms: int) -> Bin | None:
        """The bar of an instant, as far as it has come: flat without a trade, None before any."""
        opens = open_of(at_ms, length_ms)
        found = self.bars(length_ms, opens, opens, 1)
        if found:
            return found[0]
        return self._flat(opens) if self._minutes and self._minutes[0].open_ms < opens else None

    def stretch(self, since_ms: int) -> Bin:
        """All that happened from an instant on, as one bar."""
        place = bisect_left(self._minutes, since_ms, key=lambda minute: minute.open_ms)
        whole = self._flat(since_ms)
        if place < len(self._minutes):
            whole.open = whole.high = whole.low = self._minutes[place].open
        for minute in self._minutes[place:]:
            whole.join(minute)
        return whole

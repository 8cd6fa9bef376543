"""Builds the closed 15-minute candles that the rows of a tape make.

Candles are aligned to the epoch. A candle exists only where a row is: a slot without one is a gap,
never an invented candle. A candle is closed when its time is over, never before.
"""

from __future__ import annotations

from robson.connectors.simulated.tape import Bar, Row
from robson.domain.errors import TapeError
from robson.domain.instrument import Instrument
from robson.domain.values import CANDLE_NS, NS_PER_S, Candle, Ticks


class CandleBuilder:
    """Folds rows into candles; a history and the tape after it go through one builder.

    A bar belongs to the candle in which it ends, so that no candle knows a price from after its
    close. The first candle is left out when the rows begin later than it does.

    Args:
        instrument: turns the rows' ticks into prices.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._forming: list[_Forming] = []
        self._begin_ns: int | None = None
        self._closed_ns = 0

    def feed(self, row: Row) -> list[Candle]:
        """Take a row; returns the candles that closed at or before its beginning, oldest first.

        They are to be handled before the row's first price.

        Raises:
            TapeError: the row is longer than a candle, or belongs to one that has closed.
        """
        begin_ns = row[0]
        length_ns, prices = (row.length_ns, row[2:]) if isinstance(row, Bar) else (1, (row.price,))
        if length_ns > CANDLE_NS:
            raise TapeError(
                f"bars are {length_ns // NS_PER_S} s long; expected at most {CANDLE_NS // NS_PER_S}"
                " s, the length of the candles that are made of them"
            )
        closed = self.close_until(begin_ns)
        slot_ns = (begin_ns + length_ns - 1) // CANDLE_NS * CANDLE_NS
        newest_ns = self._forming[-1].open_ns if self._forming else self._closed_ns
        if slot_ns < newest_ns:
            raise TapeError(f"a row at {begin_ns} ns belongs to a candle before {newest_ns} ns")
        if self._begin_ns is None:
            self._begin_ns = begin_ns
        if not self._forming or slot_ns > newest_ns:
            self._forming.append(_Forming(slot_ns, prices[0]))
        self._forming[-1].add(prices)
        return closed

    def close_until(self, at_ns: int) -> list[Candle]:
        """The candles that closed at or before an instant and were not handed out yet."""
        self._closed_ns = max(self._closed_ns, at_ns // CANDLE_NS * CANDLE_NS)
        due = [forming for forming in self._forming if forming.open_ns + CANDLE_NS <= at_ns]
        self._forming = self._forming[len(due) :]
        # Only the first candle of all can be without its beginning.
        whole = [forming for forming in due if forming.open_ns >= (self._begin_ns or 0)]
        return [forming.candle(self._instrument) for forming in whole]


class SeenCandle:
    """The candle that has not closed, made of the prices that were shown so far and no others."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._forming: _Forming | None = None

    def see(self, at_ns: int, *prices: Ticks) -> None:
        """Prices that were shown at an instant, in order."""
        open_ns = at_ns // CANDLE_NS * CANDLE_NS
        if self._forming is None or self._forming.open_ns != open_ns:
            self._forming = _Forming(open_ns, prices[0])
        self._forming.add(prices)

    def at(self, now_ns: int) -> Candle | None:
        """As far as it has come; None while no price of it was shown."""
        forming = self._forming
        if forming is None or forming.open_ns + CANDLE_NS <= now_ns:
            return None
        return forming.candle(self._instrument)


class _Forming:
    """A candle that has not closed; prices in ticks."""

    def __init__(self, open_ns: int, open_: Ticks) -> None:
        self.open_ns = open_ns
        self.open = self.high = self.low = self.close = open_

    def add(self, prices: tuple[Ticks, ...]) -> None:
        self.high = max(self.high, *prices)
        self.low = min(self.low, *prices)
        self.close = prices[-1]

    def candle(self, instrument: Instrument) -> Candle:
        price = instrument.price_of
        return Candle(
            open_ns=self.open_ns,
            open=price(self.open),
            high=price(self.high),
            low=price(self.low),
            close=price(self.close),
        )

"""Plays a tape past everything that nobody waits for, in one go.

The daemon's player stops at every row and turn of the price, because a person looks on. A world has
nobody who looks between two things that happen: it goes on until a price leaves the band of the
daemon's board, or meets what rests at the exchange. What is then seen is the same.
"""

from __future__ import annotations

from robson.connectors.simulated.legs import Leg
from robson.connectors.simulated.player import Player
from robson.connectors.simulated.tape import Bar, Row
from robson.domain.values import NS_PER_S, Candle, ExchangeNs

COAST_NS = 20 * NS_PER_S
"""The longest time without a look: faults may strike at any of them."""


class Coaster(Player):
    """A player that coasts. ``_until_ns`` is how far, as long as nobody waits for another price."""

    _all: list[Row] | None = None
    _quiet: tuple[int, int] = (0, 0)
    _until_ns = 0
    _woken = False

    def passed(self, price: int) -> None:
        """A price was left behind: for whoever wants to hear of it."""

    def _next_price_ns(self) -> int:
        quiet = self._band()
        if quiet is None:
            return super()._next_price_ns()
        if quiet != self._quiet or self._until_ns <= self._at_ns:
            self._quiet, self._until_ns = quiet, self._coasts_until(quiet)
        return self._until_ns

    def _band(self) -> tuple[int, int] | None:
        """The prices strictly between which nobody waits; None where each has to be shown."""
        market, band = self._exchange.market(self.instrument.symbol), self._board.band
        low, high = market.low, market.high
        if band is None or self._price is None:
            return None
        low, high = max(low, band[0]), min(high, band[1])
        return (low, high) if low < self._price < high else None

    def _coasts_until(self, quiet: tuple[int, int]) -> int:
        """The first instant at which somebody waits for a price, or it is time for a look."""
        low, high = quiet
        limit_ns = self._at_ns + COAST_NS
        last_ns = self._at_ns
        for leg in self._legs:
            if not low < leg.end < high:
                return super()._next_price_ns() if leg is self._legs[0] else leg.start_ns
            last_ns = leg.end_ns
            if last_ns >= limit_ns:
                return last_ns
        if self._row is None:
            return last_ns
        for row in self._rows_ahead():
            if row[0] >= limit_ns or not _is_quiet(row, low, high):
                return row[0]
            last_ns = row.end_ns if isinstance(row, Bar) else row[0]
        return last_ns

    def _rows_ahead(self) -> list[Row]:
        if self._all is None:
            self._all = list(self.tape.rows(self.instrument))
        begin = self.rows_played
        return self._all[begin : begin + 64]

    def candles_at(self, at_ns: int) -> list[Candle]:
        """Candles that close at an instant; every row that began before it belongs to them."""
        if at_ns < self._candle_ns:
            return []
        self._skip(at_ns, before=True)
        return super().candles_at(at_ns)

    def go_to(self, at_ns: int) -> bool:
        """Bring the price to an instant, past what nobody waits for. True: somebody wakes."""
        self._skip(at_ns, before=False)
        woken = super().go_to(at_ns) or self._woken
        self._at_ns, self._woken = max(self._at_ns, at_ns), False
        return woken

    def _skip(self, at_ns: int, *, before: bool) -> None:
        """Take every leg that is over by an instant as gone, as long as nobody waits on it."""
        quiet = self._band()
        if quiet is None:
            return
        low, high = quiet
        gone: Leg | None = None
        end_ns = at_ns - 1 if before else at_ns
        while True:
            if not self._legs:
                if self._row is None or self._row[0] > end_ns:
                    break
                self._open_row()
            leg = self._legs[0]
            if leg.end_ns > end_ns or not low < leg.end < high:
                break
            gone = self._legs.pop(0)
            self.passed(int(gone.end))
            self._price = gone.end
            self._seen.see(gone.end_ns, gone.end)
        if gone is None:
            return
        now = ExchangeNs(at_ns)
        symbol = self.instrument.symbol
        self._exchange.on_price(symbol, int(gone.end), at_ns=now, jump=gone.is_jump)
        # A quiet price wakes nobody, but a wrong one in its place does.
        woken = self._board.offer(int(gone.end), ExchangeNs(gone.end_ns), jump=gone.is_jump)
        self._woken = woken or self._woken


def _is_quiet(row: Row, low: int, high: int) -> bool:
    if isinstance(row, Bar):
        return low < row.low and row.high < high
    return low < row.price < high

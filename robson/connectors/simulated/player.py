"""Plays one symbol's tape into the exchange and onto a board, edge by edge.

Between two edges (the band the board waits for, the stops that rest) nothing can happen, so the
player names the next instant at which something can, and is asked to go there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from robson.connectors.simulated.candles import CandleBuilder, SeenCandle
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.legs import Extreme, Leg, PricePath, price_at, time_at
from robson.connectors.simulated.tape import Bar, Row, Tape, Trade
from robson.domain.instrument import Instrument
from robson.domain.values import CANDLE_NS, Candle, ExchangeNs, Side, Ticks

GLIDE_MAX = 256
"""Trades of one go: whoever waits for the market's thread does not wait longer."""


class Board(Protocol):
    """Where prices are left for whoever judges them."""

    @property
    def band(self) -> tuple[int, int] | None:
        """Prices strictly between need no thought; None while every price is kept."""

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        """Leave a price; True when somebody has to be woken."""


class Player:
    """One tape on its way. ``held`` says which side is held when a bar opens."""

    def __init__(
        self,
        tape: Tape,
        instrument: Instrument,
        exchange: SimExchange,
        board: Board,
        held: Callable[[], Side | None],
    ) -> None:
        self.tape = tape
        self.instrument = instrument
        self.symbol = str(instrument.symbol)
        self._exchange = exchange
        self._board = board
        self._held = held
        self._builder = CandleBuilder(instrument)
        self._seen = SeenCandle(instrument)
        self._path = PricePath()
        self._rows: Iterator[Row] = tape.rows(instrument)
        self._row: Row | None = next(self._rows, None)
        self._legs: list[Leg] = []
        self._at_ns = self._row[0] if self._row else 0
        self._price: Ticks | None = None
        self._candle_ns = self._at_ns // CANDLE_NS * CANDLE_NS + CANDLE_NS
        self.rows_played = 0

    def remember(self, history: Tape) -> list[Candle]:
        """Candles of what was before the tape, from rows of the same symbol."""
        closed: list[Candle] = []
        begin = self._row[0] if self._row else history.end_ns
        for row in history.rows(self.instrument):
            if row[0] < begin:
                closed += self._builder.feed(row)
                self._seen.see(row[0], *(row[2:] if isinstance(row, Bar) else (row.price,)))
        return closed + self._builder.close_until(begin)

    def resume(self, at_ns: int) -> list[Candle]:
        """Go to an instant inside the tape without showing anybody the way; its candles."""
        closed: list[Candle] = []
        while (due := self.next_ns()) is not None and due <= at_ns:
            closed += self.candles_at(due)
            if not self._legs and self._row is not None and self._row[0] <= due:
                self._open_row()
            while self._legs and self._legs[0].end_ns <= min(due, at_ns):
                leg = self._legs.pop(0)
                self._price = leg.end
                self._seen.see(leg.end_ns, leg.end)
            if self._legs and self._legs[0].start_ns < at_ns < self._legs[0].end_ns:
                break
        if self._legs and self._legs[0].start_ns <= at_ns:
            self._price = price_at(self._legs[0], at_ns)
            self._seen.see(at_ns, self._price)
        return closed + self.candles_at(at_ns)

    @property
    def price(self) -> Ticks | None:
        """Where the tape stands; None before its first price."""
        return self._price

    @property
    def shown(self) -> bool:
        """Whether a first price has been seen."""
        return self._price is not None

    def forming(self, now_ns: int) -> Candle | None:
        """The candle that has not closed, as far as its prices were shown."""
        return self._seen.at(now_ns)

    @property
    def at_end(self) -> bool:
        """Nothing of the tape is left to play."""
        return self._row is None and not self._legs

    def next_ns(self) -> int | None:
        """The next instant at which the price, a row or a candle can matter; None at the end."""
        if self.at_end:
            return None
        return min(self._candle_ns, self._next_price_ns())

    def _next_price_ns(self) -> int:
        if not self._legs:
            assert self._row is not None
            return self._row[0]
        leg = self._legs[0]
        edge = self._edge(leg)
        at_ns = leg.end_ns if edge is None else time_at(leg, edge)
        return leg.end_ns if at_ns is None else at_ns

    def _edge(self, leg: Leg) -> Ticks | None:
        """The nearest price on the rest of a walked leg that somebody waits for."""
        if leg.is_jump or leg.start == leg.end or self._price is None:
            return None
        falls, rises = self._exchange.next_trigger(self.instrument.symbol)
        low, high = self._board.band or (None, None)
        if leg.end > leg.start:
            ahead = [p for p in (high, rises) if p is not None and self._price < p <= leg.end]
            return Ticks(min(ahead)) if ahead else None
        ahead = [p for p in (low, falls) if p is not None and leg.end <= p < self._price]
        return Ticks(max(ahead)) if ahead else None

    def candles_at(self, at_ns: int) -> list[Candle]:
        """Candles that close at an instant; handled before a row that begins there."""
        if at_ns < self._candle_ns:
            return []
        self._candle_ns = at_ns // CANDLE_NS * CANDLE_NS + CANDLE_NS
        return self._builder.close_until(at_ns)

    def go_to(self, at_ns: int) -> bool:
        """Bring the price to an instant; one edge, row or leg at a time. True: somebody wakes.

        The caller never goes past ``next_ns``, so nothing in between is skipped.
        """
        if not self._legs and self._row is not None and self._row[0] <= at_ns:
            self._open_row()
        if not self._legs:
            return False
        leg = self._legs[0]
        if at_ns < leg.start_ns:
            return False
        edge = self._edge(leg)
        due = edge is not None and time_at(leg, edge) == at_ns
        price = edge if due and edge is not None else price_at(leg, at_ns)
        if at_ns == leg.end_ns and price == leg.end:
            self._legs.pop(0)
        self._at_ns = at_ns
        return self._leave(price, at_ns, jump=leg.is_jump)

    def glide(self, before_ns: int | None) -> int | None:
        """Play trades as long as their prices wake nobody, short of an instant and of a candle.

        Returns the instant of the last one; None when there was none.
        """
        low, high = self._between()
        limit_ns = self._candle_ns if before_ns is None else min(before_ns, self._candle_ns)
        end_ns = None
        for _ in range(GLIDE_MAX):
            row = self._row
            if self._legs or not isinstance(row, Trade) or row.time_ns >= limit_ns:
                break
            if not low < row.price < high:
                break
            end_ns = row.time_ns
            self.go_to(end_ns)
        return end_ns

    def _between(self) -> tuple[int, int]:
        """The prices strictly between which nobody waits for any; none while all are kept."""
        market, band = self._exchange.market(self.instrument.symbol), self._board.band
        if band is None:
            return (0, 0)
        return (max(market.low, band[0]), min(market.high, band[1]))

    def _open_row(self) -> None:
        assert self._row is not None
        side = self._held()
        adverse: Extreme = "high" if side is Side.SHORT else "low"
        self._builder.feed(self._row)
        legs = self._path.walk(self._row, adverse)
        # Standing still between rows is not a leg here: only what moves or is traded is played.
        self._legs = [leg for leg in legs if leg.start_ns >= self._row[0]]
        if self._price is None and not self._legs[0].is_jump:
            first = self._legs[0]
            self._legs.insert(0, Leg(first.start_ns, first.start, first.start_ns, first.start))
        self._row = next(self._rows, None)
        self.rows_played += 1

    def _leave(self, price: Ticks, at_ns: int, *, jump: bool) -> bool:
        moved = price != self._price
        self._seen.see(at_ns, price)
        if not moved and not jump:
            return False
        self._price = price
        at = ExchangeNs(at_ns)
        self._exchange.on_price(self.instrument.symbol, int(price), at_ns=at, jump=jump)
        return self._board.offer(int(price), at, jump=jump)

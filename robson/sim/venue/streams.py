"""Market streams: trades, best prices and bars, to everybody who has subscribed to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from robson.sim.venue.commands import MAX_STREAMS, Listener
from robson.sim.venue.depth import SIZE
from robson.sim.venue.frames import Frames, combined_shutdown, raw_shutdown
from robson.sim.venue.history import Print, interval_ms, open_of
from robson.sim.venue.market import Market, Pair
from robson.sim.venue.periodic import Periodic
from robson.sim.venue.public import best
from robson.sim.venue.sockets import Connection, text_of
from robson.sim.venue.units import in_microseconds, wants_microseconds
from robson.sim.venue.wire import ms, padded

KLINE_MS, BOOK_MS = 2000, 500
"""How often a bar is told while it forms, and a book that has not moved."""
_KLINE = re.compile(r"([a-z0-9]+)@kline_([0-9]+[mhdw])")


class Streams:
    """Everybody who listens to the market."""

    def __init__(self, market: Market, connect: Callable[[], Connection], *, speed: float) -> None:
        self._market = market
        self._speed = speed
        self._connect = connect
        self._listeners: list[Listener] = []
        self._updates = ms(market.now_ns())
        self._booked_ms: dict[str, int] = {}
        self._barred: dict[str, tuple[int, int]] = {}
        self._periodic = Periodic(market, self.publish)
        market.printed.append(self._printed)

    @property
    def count(self) -> int:
        """How many connections listen."""
        return len(self._listeners)

    # --- what is told ----------------------------------------------------------------------------

    def publish(self, name: str, data: Any) -> None:
        """Tell a frame to whoever wants its stream."""
        told: dict[tuple[bool, bool], str] = {}
        role = name.partition("@")[2].partition("_")[0]
        for listener in list(self._listeners):
            if name not in listener.names:
                continue
            form = (listener.combined, listener.micro)
            if form not in told:
                timed = in_microseconds(data) if listener.micro else data
                told[form] = text_of({"stream": name, "data": timed} if form[0] else timed)
            listener.frames.tell(told[form], role)

    def _recorded(self, name: str, wrapped: str, data: str) -> None:
        """Tell a recorded frame as its bytes are."""
        role = name.partition("@")[2].partition("_")[0]
        for listener in list(self._listeners):
            if name in listener.names:
                listener.frames.tell(wrapped if listener.combined else data, role)

    def _replay(self) -> None:
        market, recording = self._market, self._market.recording
        if recording is None or market.held:
            return
        pair = market.pairs[recording.symbol]
        for trade in recording.play(market.now_ns(), self._recorded):
            ticks = pair.instrument.ticks(trade.price)
            pair.history.keep(
                Print(trade.id, ticks, trade.quantity, trade.at_ms, trade.buyer_is_maker)
            )

    def _printed(self, symbol: str, made: Print) -> None:
        pair = self._market.pairs[symbol]
        name, now = symbol.lower(), max(made.at_ms, ms(self._market.driver.clock.now_ns))
        price, size = padded(pair.instrument.price_of(made.ticks)), padded(made.quantity)
        traded = {"T": made.at_ms, "m": made.buyer_is_maker, "M": True}
        head = {"E": now, "s": symbol}
        self.publish(
            f"{name}@trade",
            {"e": "trade", **head, "t": made.id, "p": price, "q": size, **traded},
        )
        self.publish(
            f"{name}@aggTrade",
            {
                "e": "aggTrade",
                **head,
                "a": made.id,
                "p": price,
                "q": size,
                "f": made.id,
                "l": made.id,
                **traded,
            },
        )
        self._book(pair, now)

    def tick(self) -> None:
        """Tell books and bars that are due."""
        self._replay()
        now = ms(self._market.driver.clock.now_ns)
        recording = self._market.recording
        for symbol, pair in self._market.pairs.items():
            if recording is not None and symbol == recording.symbol:
                continue
            if now - self._booked_ms.get(symbol, 0) >= BOOK_MS:
                self._book(pair, now)
        names = {name for listener in self._listeners for name in listener.names}
        recorded = None if recording is None else f"{recording.symbol.lower()}@"
        self._periodic.tick((n for n in names if not recorded or not n.startswith(recorded)), now)
        for name in names:
            found = _KLINE.fullmatch(name)
            pair_of = self._market.pairs.get(found[1].upper()) if found else None
            length = interval_ms(found[2]) if found else None
            if found and pair_of and length:
                self._bar(name, pair_of, found[2], length, now)

    def _book(self, pair: Pair, now: int) -> None:
        self._booked_ms[pair.symbol] = now
        self._updates += 1
        bid, ask = best(self._market, pair)
        self.publish(
            f"{pair.symbol.lower()}@bookTicker",
            {
                "u": self._updates,
                "s": pair.symbol,
                "b": bid,
                "B": SIZE,
                "a": ask,
                "A": SIZE,
            },
        )

    def _bar(self, name: str, pair: Pair, interval: str, length: int, now: int) -> None:
        """Tell a bar each two seconds, and once more, closed, when its time is over."""
        opens = open_of(now, length)
        told_ms, told_open = self._barred.get(name, (0, opens))
        if told_open < opens:
            self._kline(name, pair, interval, (length, told_open), now, closed=True)
            told_ms = 0
        if now - told_ms >= KLINE_MS:
            self._kline(name, pair, interval, (length, opens), now, closed=False)
            self._barred[name] = (now, opens)

    def _kline(
        self,
        name: str,
        pair: Pair,
        interval: str,
        which: tuple[int, int],
        now: int,
        *,
        closed: bool,
    ) -> None:
        length, opens = which
        bar = pair.history.bar(length, opens)
        if bar is None:
            return
        price = pair.instrument.price_of
        self.publish(
            name,
            {
                "e": "kline",
                "E": now,
                "s": pair.symbol,
                "k": {
                    "t": opens,
                    "T": opens + length - 1,
                    "s": pair.symbol,
                    "i": interval,
                    "f": bar.first,
                    "L": bar.last,
                    "o": padded(price(bar.open)),
                    "c": padded(price(bar.close)),
                    "h": padded(price(bar.high)),
                    "l": padded(price(bar.low)),
                    "v": padded(bar.base),
                    "n": bar.trades,
                    "x": closed,
                    "q": padded(bar.quote),
                    "V": padded(bar.taken),
                    "Q": padded(bar.taken * price(bar.close)),
                    "B": "0",
                },
            },
        )

    # --- who listens -----------------------------------------------------------------------------

    async def serve(
        self, request: web.Request, names: Iterable[str], *, combined: bool
    ) -> web.StreamResponse:
        """Let a connection listen, and change what it listens to.

        Raises:
            Refused: the address asks for a unit of time that there is not.
        """
        micro = wants_microseconds(request.query.get("timeUnit"))
        connection = self._connect()
        frames = Frames(
            connection,
            self._market.script,
            speed=self._speed,
            shutdown=combined_shutdown if combined else raw_shutdown,
        )
        listener = Listener(connection, frames, filter(None, names), combined=combined, micro=micro)
        if len(listener.names) > MAX_STREAMS:
            connection.end()
        self._listeners.append(listener)
        self._market.release()

        async def heard(message: Any) -> None:
            listener.connection.send(listener.command(message))

        try:
            return await listener.connection.serve(request, heard)
        finally:
            self._listeners.remove(listener)

"""One connection to the market streams: frames as they come, and prices out of them.

A connection only listens. When to open another, and when to believe neither, is the feed's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from robson.connectors.binance import messages as m
from robson.connectors.binance.market import at, bar
from robson.connectors.binance.messages import BadMessage, read
from robson.connectors.binance.socket import CONNECT_S, Connection, StreamBroken
from robson.domain.errors import InvalidValue
from robson.domain.values import Candle, ExchangeNs, Price

SHUTDOWN = b"serverShutdown"


@attrs.frozen
class Traded:
    """A price that was traded. ``number`` rises by one from each trade to the next."""

    symbol: str
    price: Price
    at_ns: ExchangeNs
    said_ns: ExchangeNs
    number: int


@attrs.frozen
class Stands:
    """A candle as it stands; its close is the last price. ``closed``: it is over."""

    symbol: str
    candle: Candle
    at_ns: ExchangeNs
    closed: bool


@attrs.frozen
class Quoted:
    """The best bid and ask; the stream does not say of when."""

    symbol: str
    bid: Price
    ask: Price


@attrs.frozen
class Closing:
    """The server is going to end this connection: a new one is needed at once."""


Heard = Traded | Stands | Quoted | Closing


def names(symbols: Sequence[str], *kinds: str) -> str:
    """The combined stream of pairs."""
    return "/".join(f"{symbol.lower()}@{kind}" for symbol in symbols for kind in kinds)


_NAMES_TRADES, _NAME = b'@aggTrade","data"', 64
TRADES, CANDLES, BOOK = "aggTrade", "kline_15m", "bookTicker"


class MarketStream:
    """A connection that listens to the combined stream.

    Args:
        url: of the server, without a path.
        streams: what to listen to, see :func:`names`.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(
        self,
        url: str,
        streams: str,
        monotonic_s: Callable[[], float],
        *,
        within_s: float = CONNECT_S,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._connection = Connection(f"{url}/stream?streams={streams}", within_s=within_s)
        self.made_s = monotonic_s()
        self.heard_s: float | None = None

    def receive(self, within_s: float) -> Heard | None:
        """The next thing it says; None when it says nothing in time.

        Raises:
            StreamBroken: it has ended, or says what is no message.
        """
        data = self._connection.receive(within_s)
        if data is None:
            return None
        try:
            heard = parsed(data)
        except (BadMessage, InvalidValue) as error:
            raise StreamBroken(f"says what is no message: {error}") from None
        if heard is not None:
            self.heard_s = self._monotonic_s()
        return heard

    def close(self) -> None:
        """Let go, without waiting for the other side."""
        self._connection.close()


def parsed(data: bytes) -> Heard | None:
    """What a frame says; None for one that nobody asked for.

    Raises:
        BadMessage, InvalidValue: it is no frame, or holds no price.
    """
    if _NAMES_TRADES in data[:_NAME]:  # nearly all that comes: one reading instead of two
        return _told(read(data, m.TradeFrame).data)
    frame = read(data, m.Frame)
    if SHUTDOWN in data:
        return Closing()
    kind = frame.stream.partition("@")[2]
    reader = _READERS.get(kind)
    return reader(frame.data) if reader is not None else None


def _trade(data: Any) -> Heard:
    return _told(read(data, m.StreamTrade))


def _told(found: m.StreamTrade) -> Heard:
    number = found.a if found.a >= 0 else found.t
    return Traded(found.s, Price(found.p), at(found.T), at(found.E), number)


def _candle(data: Any) -> Heard:
    found = read(data, m.StreamKline)
    return Stands(found.s, bar(found.k), at(found.E), found.k.x)


def _book(data: Any) -> Heard:
    found = read(data, m.StreamBook)
    return Quoted(found.s, Price(found.b), Price(found.a))


_READERS: dict[str, Callable[[Any], Heard]] = {
    TRADES: _trade,
    "trade": _trade,
    CANDLES: _candle,
    BOOK: _book,
}

"""One connection to the market streams: frames as they come, and prices out of them.

A connection only listens. When to open another, and when to believe neither, is the feed's to say.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import websocket

from robson.connectors.binance import messages as m
from robson.connectors.binance.market import at, bar
from robson.connectors.binance.messages import BadMessage, read
from robson.domain.errors import InvalidValue
from robson.domain.values import Candle, ExchangeNs, Price

CONNECT_S = 5.0
LARGEST = 1 << 20
"""Bytes of a frame; the longest that these streams send has a few hundred."""
SHUTDOWN = b"serverShutdown"


class StreamBroken(OSError):
    """The connection is of no more use."""


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


TRADES, CANDLES, BOOK = "aggTrade", "kline_15m", "bookTicker"


class _Frames(websocket.frame_buffer):
    """Refuses a frame by its length, before its bytes are taken in."""

    def recv_length(self) -> None:
        super().recv_length()
        if self.length is not None and self.length > LARGEST:
            raise websocket.WebSocketPayloadException(f"a frame of {self.length} bytes")


class _Socket(websocket.WebSocket):
    """Takes text as bytes: who reads it finds out whether it is UTF-8."""

    def __init__(self) -> None:
        super().__init__(skip_utf8_validation=True, sslopt={"cert_reqs": ssl.CERT_REQUIRED})
        self.frame_buffer = _Frames(self._recv, skip_utf8_validation=True)


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
        self._socket = _Socket()
        self._socket.settimeout(within_s)
        try:
            self._socket.connect(  # type: ignore[no-untyped-call]
                f"{url}/stream?streams={streams}",
                suppress_origin=True,
                http_no_proxy=["*"],
                redirect_limit=0,
            )
        except (websocket.WebSocketException, OSError) as error:
            self.close()
            raise StreamBroken(_said(error)) from None
        self.made_s = monotonic_s()
        self.heard_s: float | None = None

    def receive(self, within_s: float) -> Heard | None:
        """The next thing it says; None when it says nothing in time.

        Raises:
            StreamBroken: it has ended, or says what is no message.
        """
        self._socket.settimeout(within_s)
        try:
            opcode, data = self._socket.recv_data()
        except (websocket.WebSocketTimeoutException, ssl.SSLWantReadError):
            return None
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise StreamBroken(_said(error)) from None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise StreamBroken("the server has closed it")
        try:
            heard = parsed(data)
        except (BadMessage, InvalidValue) as error:
            raise StreamBroken(f"says what is no message: {error}") from None
        if heard is not None:
            self.heard_s = self._monotonic_s()
        return heard

    def close(self) -> None:
        """Let go, without waiting for the other side."""
        self._socket.shutdown()  # type: ignore[no-untyped-call]


def parsed(data: bytes) -> Heard | None:
    """What a frame says; None for one that nobody asked for.

    Raises:
        BadMessage, InvalidValue: it is no frame, or holds no price.
    """
    frame = read(data, m.Frame)
    if SHUTDOWN in data:
        return Closing()
    kind = frame.stream.partition("@")[2]
    reader = _READERS.get(kind)
    return reader(frame.data) if reader is not None else None


def _trade(data: Any) -> Heard:
    found = read(data, m.StreamTrade)
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


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]

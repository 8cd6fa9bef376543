"""What happens on an account, told at once: a hint and never a fact, for facts are asked for.

Binance has changed the way to this stream three times. So it stands behind a protocol, and nothing
depends on it: without it the same is learnt a little later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol

import attrs

from robson.connectors.binance import endpoints
from robson.connectors.binance import messages as m
from robson.connectors.binance.api import Api
from robson.connectors.binance.messages import BadMessage, read
from robson.connectors.binance.socket import Connection, StreamBroken
from robson.connectors.binance.telling import ns

VALID_MS = 24 * 3_600_000
"""How long a token is asked to last; half of it is used."""
ANSWER_S = 5.0
ORDER, ENDED, SHUTDOWN = "executionReport", "eventStreamTerminated", "serverShutdown"


@attrs.frozen
class OrderMoved:
    """An order is now ``status``. ``client_id`` is the order's own, whoever cancelled it."""

    symbol: str
    client_id: str
    status: str


def moved(said: bytes) -> OrderMoved | None:
    """What a frame says of an order; None for one that is about something else.

    Raises:
        BadMessage: it is no frame.
        StreamBroken: it is the last one.
    """
    event = read(said, m.UserFrame).event
    kind = read(event, m.UserEvent).e
    if kind in (ENDED, SHUTDOWN):
        raise StreamBroken(f"it has said {kind}")
    if kind != ORDER:
        return None
    order = read(event, m.OrderEvent)
    # Recorded ones say "null" in words where there is no other id.
    own = order.C if order.C not in ("", "null") else order.c
    return OrderMoved(order.s, own, order.X)


class UserStream(Protocol):
    """One pair's account, listened to."""

    def receive(self, within_s: float) -> OrderMoved | None:
        """What has happened next; None when nothing was said in time.

        Raises:
            StreamBroken: it has ended: make another.
        """

    def close(self) -> None:
        """Let go."""


class TokenStream:
    """The stream that a listen token opens, on the WebSocket API.

    Raises:
        Failed: no token was given.
        OSError: no connection, or the token was not taken.
    """

    def __init__(self, api: Api, url: str, symbol: str, monotonic_s: Callable[[], float]) -> None:
        params: dict[str, str | int] = {
            "symbol": symbol,
            "isIsolated": "true",
            "validity": VALID_MS,
        }
        token = api.ask(endpoints.LISTEN_TOKEN, params, m.Token)
        self._monotonic_s = monotonic_s
        left_s = (ns(token.expirationTime) - api.now_ns()) / 1_000_000_000
        self._until_s = monotonic_s() + left_s / 2
        self._connection = Connection(f"{url}/ws-api/v3", within_s=ANSWER_S)
        try:
            self._subscribe(token.token)
        except (OSError, BadMessage):
            self._connection.close()
            raise

    def _subscribe(self, token: str) -> None:
        method = "userDataStream.subscribe.listenToken"
        asked = {"id": "u-1", "method": method, "params": {"listenToken": token}}
        self._connection.send(json.dumps(asked))
        said = self._connection.receive(ANSWER_S)
        status = read(said, m.Subscribed).status if said is not None else 0
        if status != 200:  # noqa: PLR2004 - of a WebSocket's answer, as in HTTP
            raise StreamBroken(f"the listen token was not taken (status {status})")

    def receive(self, within_s: float) -> OrderMoved | None:
        """See :class:`UserStream`. Half of its time is enough: then it is over for us."""
        if self._monotonic_s() > self._until_s:
            raise StreamBroken("the token has lived half of its time")
        said = self._connection.receive(within_s)
        if said is None:
            return None
        try:
            return moved(said)
        except BadMessage as error:
            raise StreamBroken(f"says what is no message: {error}") from None

    def close(self) -> None:
        """Let go, without waiting for the other side."""
        self._connection.close()

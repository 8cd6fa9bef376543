"""Words for a request that nobody answered, found as the real connector finds them, with a secret.

A library's error quotes the address with its signature and the header with the key. What is told
of it to the daemon is the connector's to say: so a world's rows and screens hold only what a real
one's would, and a secret among them is found.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NoReturn

from robson.connectors.binance.api import Api
from robson.connectors.binance.clock import ExchangeClock
from robson.connectors.binance.exchange import BinanceExchange
from robson.connectors.binance.http import PoolDoor, SessionDoor
from robson.connectors.binance.keys import Key
from robson.connectors.binance.limits import MINUTE_MS, Limits
from robson.connectors.binance.signing import HmacSigner
from robson.domain.intents import Intent
from robson.domain.reports import NoAnswer
from robson.domain.values import NS_PER_MS
from robson.exec.lanes import Lane, lane_of

URL = "http://127.0.0.1:1"
SIGNED = "signature="
"""What stands in every address that may not be told."""
UNANSWERED = "no whole answer"
"""How the connector begins to say that no answer came."""


class _Deaf:
    """A way on which nothing comes back; its error says all that was sent."""

    is_connected = True

    def close(self) -> None:
        """There is nothing to let go."""

    def request(self, method: str, url: str, *, headers: dict[str, str], **_: Any) -> NoReturn:
        raise ConnectionError(f"{method} {url} with {headers}: the line went dead")

    def put(self, asked: bytes) -> NoReturn:
        """A request as bytes."""
        raise ConnectionError(f"{asked!r}: the line went dead")


class _DeafPool(PoolDoor):
    def __init__(self) -> None:
        super().__init__(URL, lambda: 0.0)
        self._make: Any = _Deaf


class _DeafSession(SessionDoor):
    def __init__(self) -> None:
        super().__init__(URL, lambda: 0.0)
        self._session: Any = _Deaf()


class Unheard:
    """A connector with a key of its own, of which no request is ever answered.

    Args:
        secret: what nothing that it says may hold.
        now_ns: the exchange's time.
    """

    def __init__(self, secret: str, now_ns: Callable[[], int]) -> None:
        minutes = itertools.count()  # no budget ever runs out
        limits = Limits(lambda: next(minutes) * MINUTE_MS)
        clock, key = ExchangeClock(now_ns, now_ns()), Key(secret, HmacSigner(secret))
        clock.sample(sent_ns=now_ns(), received_ns=now_ns(), server_ms=now_ns() // NS_PER_MS)
        self._urgent = BinanceExchange(Api(_DeafPool(), key, limits, clock), clock)
        self._usual = BinanceExchange(Api(_DeafSession(), key, limits, clock), clock)

    def call(self, request: Intent) -> NoAnswer:
        """What the connector says of a request that was lost."""
        way = self._urgent if lane_of(request) is Lane.URGENT else self._usual
        answer = way.call(request)
        assert isinstance(answer, NoAnswer), f"{request} was never sent, and is answered {answer}"
        return answer

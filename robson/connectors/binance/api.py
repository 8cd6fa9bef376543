"""One request to one endpoint: within the limits, signed, sent once, its answer read or explained.

Everything above says what it wants as a value; everything below carries bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

from robson.connectors.binance.addresses import loopback_url
from robson.connectors.binance.clock import ExchangeClock
from robson.connectors.binance.endpoints import TIME, Endpoint, Security
from robson.connectors.binance.errors import CLOCK, LIMITS, answer_of
from robson.connectors.binance.http import Broken, Door, NothingLeft, Reply
from robson.connectors.binance.keys import Key
from robson.connectors.binance.limits import Limits
from robson.connectors.binance.messages import BadMessage, Error, Time, read
from robson.connectors.binance.signing import encoded, signed
from robson.domain.errors import RobsonError
from robson.domain.reports import Answer, ApiError, NeverSent, NoAnswer
from robson.domain.values import NS_PER_MS

OK = 200
T = TypeVar("T")
Params = Mapping[str, str | int]


class Failed(RobsonError):
    """An endpoint has not given what it was asked for; ``answer`` says what that means."""

    def __init__(self, endpoint: Endpoint, answer: Answer) -> None:
        said = getattr(answer, "reason", None) or getattr(answer, "message", "")
        super().__init__(f"{endpoint.method} {endpoint.path}: {said}")
        self.answer = answer

    @property
    def is_final(self) -> bool:
        """Whether asking again would be answered in the same way."""
        return isinstance(self.answer, ApiError) and self.answer.status not in LIMITS


class Api:
    """Binance by one door.

    Args:
        key: who asks; None for public endpoints alone.

    Raises:
        ConfigError: the door leads elsewhere than to this machine, and there is a key.
    """

    def __init__(self, door: Door, key: Key | None, limits: Limits, clock: ExchangeClock) -> None:
        if key is not None:
            loopback_url(door.url, "http", "https")
        self._door = door
        self._key = key
        self._limits = limits
        self._clock = clock

    def ask(
        self,
        endpoint: Endpoint,
        params: Params,
        kind: type[T],
        *,
        weight: int | None = None,
        urgent: bool = False,
    ) -> T:
        """Send one request and read its answer.

        Args:
            endpoint: what is asked.
            params: with what. A request to be signed has a timestamp already, or gets one here.
            kind: of the answer, see :mod:`messages`.
            weight: where it is not the endpoint's usual one.
            urgent: it leaves risk, so only the exchange itself keeps it from being sent.

        Raises:
            Failed: with the answer that a lane reports.
        """
        wait_ns = self._limits.take(endpoint, weight=weight, urgent=urgent)
        if wait_ns:
            raise Failed(endpoint, _kept_back(wait_ns))
        query, headers = self._dressed(endpoint, params)
        sent = partial(self._door.send, endpoint.method, endpoint.path, query, headers)
        return self._answered(endpoint, sent, kind)

    def begin(self, endpoint: Endpoint, params: Params, kind: type[T]) -> Callable[[], T] | None:
        """Send an urgent request and wait for nothing; its answer is read by calling what is
        returned, once. None where no connection is ready: nothing has left.
        """
        sent = self._door.begin(endpoint.method, endpoint.path, *self._dressed(endpoint, params))
        if sent is None:
            return None
        self._limits.take(endpoint, urgent=True)
        return partial(self._answered, endpoint, sent, kind)

    def _answered(self, endpoint: Endpoint, sent: Callable[[], Reply], kind: type[T]) -> T:
        try:
            reply = sent()
        except NothingLeft as error:
            raise Failed(endpoint, NeverSent(reason=str(error))) from None
        except Broken as error:
            raise Failed(endpoint, NoAnswer(reason=str(error))) from None
        return self._heard(endpoint, reply, kind)

    def _dressed(self, endpoint: Endpoint, params: Params) -> tuple[str, dict[str, str]]:
        """The query and the headers."""
        if endpoint.security is Security.NONE:
            return encoded(params), {}
        assert self._key is not None, f"{endpoint.path} asks for a key"
        headers = {"X-MBX-APIKEY": self._key.api_key}
        if endpoint.security is Security.KEY:
            return encoded(params), headers
        if "timestamp" not in params:
            window = {"recvWindow": 5_000, "timestamp": self._clock.exchange_ns() // NS_PER_MS}
            params = {**params, **window}
        return signed(params, self._key.signer), headers

    def _heard(self, endpoint: Endpoint, reply: Reply, kind: type[T]) -> T:
        wait_s = self._limits.heard(endpoint, reply.status, reply.headers)
        if reply.status == OK:
            try:
                return read(reply.body, kind)
            except BadMessage as error:
                raise Failed(endpoint, NoAnswer(reason=f"cannot be read: {error}")) from None
        code, message = explained(reply)
        answer = answer_of(
            reply.status,
            code,
            message,
            retry_after_s=wait_s if reply.status in LIMITS else 0,
            now_ms=self._clock.exchange_ns() // NS_PER_MS,
        )
        if code == CLOCK:
            self._clock.distrust()
            with suppress(Failed):
                self.tell_time()
        raise Failed(endpoint, answer)

    def now_ns(self) -> int:
        """The exchange's time."""
        return self._clock.exchange_ns()

    def tell_time(self) -> None:
        """Set the clock by the exchange's; asking keeps a connection warm, too.

        Raises:
            Failed: it does not say.
        """
        sent_ns = self._clock.monotonic_ns()
        told = self.ask(TIME, {}, Time, urgent=True)
        received_ns = self._clock.monotonic_ns()
        self._clock.sample(sent_ns=sent_ns, received_ns=received_ns, server_ms=told.serverTime)


def explained(reply: Reply) -> tuple[int, str]:
    """The code and the text of an error; of what is no JSON (a firewall's page), its kind."""
    try:
        found = read(reply.body, Error)
        return found.code, found.msg
    except BadMessage:
        kind = reply.headers.get("content-type", "nothing").partition(";")[0]
        return 0, _BLOCKED.get(reply.status, f"HTTP {reply.status} with {kind}")


_BLOCKED = {
    403: "HTTP 403: a firewall keeps this address out",
    418: "HTTP 418: this address is banned",
    429: "HTTP 429: too many requests",
    451: "HTTP 451: the exchange does not serve the country of this address",
}


def told(ask: Callable[[], Answer]) -> Answer:
    """An answer as the port wants it: what failed is an answer too."""
    try:
        return ask()
    except Failed as failed:
        return failed.answer
    except BadMessage as error:
        return NoAnswer(reason=f"cannot be read: {error}")


def _kept_back(wait_ns: int) -> ApiError:
    """Our own no, in the exchange's form: nothing has left."""
    message = "not sent: the weight of this minute is used up"
    return ApiError(status=429, code=0, message=message, retry_after_ns=wait_ns)

"""The WebSocket API: public questions, and the user streams that tokens open."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
from aiohttp import web

from robson.domain.reports import ApiError
from robson.sim.venue import public, tickers
from robson.sim.venue.asked import Asked, check_read
from robson.sim.venue.endpoints import Budget, Endpoint, Security, Table
from robson.sim.venue.frames import Frames, user_shutdown
from robson.sim.venue.limits import HEADERS, Limits
from robson.sim.venue.market import Market
from robson.sim.venue.refusals import Refused, refused
from robson.sim.venue.sockets import Connection, text_of
from robson.sim.venue.units import in_microseconds, wants_microseconds
from robson.sim.venue.user_streams import Subscription, UserStreams
from robson.sim.venue.wire import ms

_ENDPOINTS: Table = {**public.ENDPOINTS, **tickers.ENDPOINTS}
_PUBLIC = {
    "ping": "ping",
    "time": "time",
    "exchangeInfo": "exchangeInfo",
    "depth": "depth",
    "klines": "klines",
    "uiKlines": "uiKlines",
    "avgPrice": "avgPrice",
    "ticker": "ticker",
    "ticker.24hr": "ticker/24hr",
    "ticker.tradingDay": "ticker/tradingDay",
    "ticker.price": "ticker/price",
    "ticker.book": "ticker/bookTicker",
    "trades.aggregate": "aggTrades",
    "trades.recent": "trades",
}
_NO_TOKEN = ApiError(status=400, code=-1209, message="Invalid listenToken.")
Tell = Callable[[dict[str, Any]], None]


@attrs.define
class _Session:
    """One connection: how it hears of its account, since when, and what its answers carry."""

    tell: Tell
    since_ms: int
    limits_shown: bool
    micro: bool


async def _itself(_asked: Asked) -> Any:
    """Connecting, and what is said about the connection itself."""
    return {}


_DOOR = Endpoint(handler=_itself, params=None, security=Security.NONE, budget=Budget.API, weight=2)


class WsApi:
    """One address, where every message is a request."""

    def __init__(
        self,
        market: Market,
        users: UserStreams,
        connect: Callable[[], Connection],
        limits: Limits,
        *,
        speed: float,
    ) -> None:
        self._speed = speed
        self._market = market
        self._users = users
        self._connect = connect
        self._limits = limits

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer until the connection ends; its subscriptions end with it.

        Raises:
            Refused: the address asks for a unit of time that there is not.
        """
        micro = wants_microseconds(request.query.get("timeUnit"))
        shown = request.query.get("returnRateLimits", "true").lower() != "false"
        connection = self._connect()
        frames = Frames(connection, self._market.script, speed=self._speed, shutdown=user_shutdown)

        def tell(event: dict[str, Any]) -> None:
            frames.tell(text_of(in_microseconds(event) if micro else event), "user")

        session = _Session(tell, ms(self._market.play()), shown, micro)
        self._spend(_DOOR, {})

        async def heard(message: Any) -> None:
            connection.send(await self._answer(message, session))

        try:
            return await connection.serve(request, heard)
        finally:
            self._users.leave(tell)

    async def _answer(self, message: Any, session: _Session) -> dict[str, Any]:
        number = message.get("id") if isinstance(message, dict) else None
        shown, count = session.limits_shown, 0
        told: dict[str, Any] = {"id": number}
        try:
            method, given = _meant(message)
            shown = given.pop("returnRateLimits", "true" if shown else "false") != "false"
            endpoint = self._endpoint(method)
            count = self._spend(endpoint, given)
            check_read(endpoint.params, given)
            result = await self._result(method, endpoint, given, session)
            told |= {"status": 200, "result": in_microseconds(result) if session.micro else result}
        except Refused as refusal:
            error = refusal.answer
            said: dict[str, Any] = {"code": error.code, "msg": error.message}
            if error.retry_after_ns:
                now_ns = self._market.driver.clock.now_ns
                data = {"serverTime": ms(now_ns), "retryAfter": ms(now_ns + error.retry_after_ns)}
                said["data"], count = data, Budget.API.value
            told |= {"status": error.status, "error": said}
        return told | ({"rateLimits": _limits(count or self._limits.used_of_api)} if shown else {})

    def _spend(self, endpoint: Endpoint, given: dict[str, str]) -> int:
        """Take a request's weight of the budget that it shares with ``/api``; what is used now."""
        now_ns = self._market.play()
        weight = endpoint.weight_of(given)
        return int(self._limits.take(endpoint, "", "", weight, now_ns)[HEADERS[Budget.API]])

    @staticmethod
    def _endpoint(method: str) -> Endpoint:
        if method in _PUBLIC:
            return _ENDPOINTS["GET", f"/api/v3/{_PUBLIC[method]}"]
        if method.startswith(("session.", "userDataStream.")):
            return _DOOR
        raise refused("unsupported")

    async def _result(
        self, method: str, endpoint: Endpoint, given: dict[str, str], session: _Session
    ) -> Any:
        users, now_ns = self._users, self._market.play()
        match method:
            case "userDataStream.subscribe.listenToken":
                made = users.subscribe(given.get("listenToken", ""), session.tell)
                if made is None:
                    raise Refused(_NO_TOKEN)
                return {"subscriptionId": made.number, "expirationTime": made.expires_ms * 1000}
            case "userDataStream.unsubscribe":
                number = given.get("subscriptionId")
                if number is not None and not number.isdecimal():
                    raise refused("illegal", "subscriptionId", "^[0-9]{1,20}$")
                users.leave(session.tell, None if number is None else int(number))
                return {}
            case "session.subscriptions":
                return [_told(one) for one in users.of(session.tell)]
            case "session.status" | "session.logout":
                return self._status(session)
        if endpoint is _DOOR:
            raise refused("unsupported")
        asked = Asked(market=self._market, values=given, at_ns=now_ns, key=None)
        return await endpoint.handler(asked)

    def _status(self, session: _Session) -> dict[str, Any]:
        """A session that nobody has logged on to: there are no keys for that here."""
        return {
            "apiKey": None,
            "authorizedSince": None,
            "connectedSince": session.since_ms,
            "returnRateLimits": session.limits_shown,
            "serverTime": ms(self._market.driver.clock.now_ns),
            "userDataStream": bool(self._users.of(session.tell)),
        }


def _meant(message: Any) -> tuple[str, dict[str, str]]:
    """Method and parameters of a message, whose method may name the version.

    Raises:
        Refused: it is no request.
    """
    if not isinstance(message, dict):
        raise refused("no_json")
    if not isinstance(message.get("method"), str):
        raise refused("missing", "method")
    given = message.get("params")
    if not isinstance(given, dict | None):
        raise refused("no_object", "params")
    words = {name: _text(value) for name, value in (given or {}).items()}
    return message["method"].removeprefix("v3/"), words


def _text(value: Any) -> str:
    """A parameter as a query would have it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _limits(count: int) -> list[dict[str, Any]]:
    row = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
    return [row | {"limit": Budget.API.value, "count": count}]


def _told(one: Subscription) -> dict[str, Any]:
    return {"subscriptionId": one.number, "expirationTime": one.expires_ms * 1000}

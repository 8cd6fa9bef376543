"""The WebSocket API: public questions, and the user streams that tokens open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from robson.domain.reports import ApiError
from robson.sim.venue.asked import Asked
from robson.sim.venue.frames import Frames, user_shutdown
from robson.sim.venue.market import Market
from robson.sim.venue.public import ENDPOINTS
from robson.sim.venue.refusals import Refused, refused
from robson.sim.venue.sockets import Connection, text_of
from robson.sim.venue.user_streams import Subscription, UserStreams

_PUBLIC = {
    "ping": "ping",
    "time": "time",
    "exchangeInfo": "exchangeInfo",
    "klines": "klines",
    "avgPrice": "avgPrice",
    "ticker.price": "ticker/price",
    "ticker.book": "ticker/bookTicker",
    "trades.aggregate": "aggTrades",
    "trades.recent": "trades",
}
_LIMITS = [
    {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 6000,
        "count": 2,
    }
]
_NO_TOKEN = ApiError(status=400, code=-1209, message="Invalid listenToken.")


class WsApi:
    """One address, where every message is a request."""

    def __init__(
        self,
        market: Market,
        users: UserStreams,
        connect: Callable[[], Connection],
        *,
        speed: float,
    ) -> None:
        self._speed = speed
        self._market = market
        self._users = users
        self._connect = connect

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer until the connection ends; its subscriptions end with it."""
        connection = self._connect()
        frames = Frames(connection, self._market.script, speed=self._speed, shutdown=user_shutdown)

        def tell(event: dict[str, Any]) -> None:
            frames.tell(text_of(event), "user")

        async def heard(message: Any) -> None:
            connection.send(await self._answer(message, tell))

        try:
            return await connection.serve(request, heard)
        finally:
            self._users.leave(tell)

    async def _answer(self, message: Any, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        number = message.get("id") if isinstance(message, dict) else None
        try:
            if not isinstance(message, dict) or not isinstance(message.get("method"), str):
                raise refused("missing", "method")
            given = message.get("params") or {}
            if not isinstance(given, dict):
                raise refused("missing", "params")
            result = await self._result(message["method"], given, tell)
        except Refused as refusal:
            error = refusal.answer
            told = {"code": error.code, "msg": error.message}
            return {"id": number, "status": error.status, "error": told, "rateLimits": _LIMITS}
        return {"id": number, "status": 200, "result": result, "rateLimits": _LIMITS}

    async def _result(
        self, method: str, given: dict[str, Any], tell: Callable[[dict[str, Any]], None]
    ) -> Any:
        users = self._users
        match method:
            case "userDataStream.subscribe.listenToken":
                made = users.subscribe(str(given.get("listenToken", "")), tell)
                if made is None:
                    raise Refused(_NO_TOKEN)
                return {"subscriptionId": made.number, "expirationTime": made.expires_ms * 1000}
            case "userDataStream.unsubscribe":
                users.leave(tell, given.get("subscriptionId"))
                return {}
            case "session.subscriptions":
                return [_told(one) for one in users.of(tell)]
        if method not in _PUBLIC:
            raise refused("unsupported")
        now_ns = self._market.play()
        values = {name: str(value) for name, value in given.items()}
        asked = Asked(market=self._market, values=values, at_ns=now_ns, key=None)
        return await ENDPOINTS["GET", f"/api/v3/{_PUBLIC[method]}"].handler(asked)


def _told(one: Subscription) -> dict[str, Any]:
    return {"subscriptionId": one.number, "expirationTime": one.expires_ms * 1000}

"""The venue's doors: Binance's REST and WebSocket addresses on one port of this machine."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_S
from robson.sim.venue import accounts, margin, money, public
from robson.sim.venue.asked import (
    Asked,
    Received,
    check_read,
    check_signed,
    known_key,
    received,
)
from robson.sim.venue.endpoints import Endpoint, Security, Table
from robson.sim.venue.keys import Keys
from robson.sim.venue.limits import Limits
from robson.sim.venue.margin import Vanished
from robson.sim.venue.market import Market
from robson.sim.venue.refusals import Refused
from robson.sim.venue.sockets import Connection, text_of
from robson.sim.venue.streams import Streams
from robson.sim.venue.user_streams import UserStreams
from robson.sim.venue.ws_api import WsApi

TICK_S = 0.05
ENDPOINTS: Table = public.ENDPOINTS | margin.ENDPOINTS | accounts.ENDPOINTS | money.ENDPOINTS
_NOT_FOUND = "<html><head><title>404 Not Found</title></head><body>404 Not Found</body></html>"


class Venue:
    """Answers requests and tells the streams, until it is told to end."""

    def __init__(
        self, market: Market, keys: Keys, *, speed: float, monotonic_s: Callable[[], float]
    ) -> None:
        self.market = market
        self.keys = keys
        self.limits = Limits()
        connect = functools.partial(Connection, monotonic_s, speed)
        self.streams = Streams(market, connect)
        self.users = UserStreams(market)
        self._ws_api = WsApi(market, self.users, connect)
        self._endpoints = ENDPOINTS | self.users.endpoints()

    def app(self) -> web.Application:
        """Everything that callers can reach."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/ws", self._raw)
        app.router.add_get("/ws/{names:.+}", self._raw)
        app.router.add_get("/stream", self._combined)
        app.router.add_get("/ws-api/v3", self._ws_api.serve)
        app.router.add_route("*", "/{path:.*}", self._rest)
        return app

    async def run(self) -> None:
        """Let time pass, for ever."""
        while True:
            self.market.play()
            self.streams.tick()
            self.users.tick()
            await asyncio.sleep(TICK_S)

    # --- streams ---------------------------------------------------------------------------------

    async def _raw(self, request: web.Request) -> web.StreamResponse:
        names = request.match_info.get("names", "").split("/")
        return await self.streams.serve(request, names, combined=False)

    async def _combined(self, request: web.Request) -> web.StreamResponse:
        names = request.query.get("streams", "").split("/")
        return await self.streams.serve(request, names, combined=True)

    # --- requests --------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        endpoint = self._endpoints.get((request.method, request.path))
        if endpoint is None:
            return web.Response(status=404, text=_NOT_FOUND, content_type="text/html")
        _, _, query = request.raw_path.partition("?")
        got = received(query.encode("latin-1", "replace"), await request.read())
        headers: dict[str, str] = {}
        try:
            asked = self._asked(endpoint, request, got, headers)
            return _json(await endpoint.handler(asked), 200, headers)
        except Refused as refusal:
            return _error(refusal.answer, headers)
        except Vanished:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)

    def _asked(
        self, endpoint: Endpoint, request: web.Request, got: Received, headers: dict[str, str]
    ) -> Asked:
        """The request, where it may be answered.

        Raises:
            Refused: over its limit, without a key, not signed or not in time.
        """
        now_ns, values = self.market.play(), got.values
        shown = request.headers.get("X-MBX-APIKEY")
        weight = endpoint.weight_of(values)
        headers |= self.limits.take(endpoint, request.path, shown or "", weight, now_ns)
        key = None if endpoint.security is Security.NONE else known_key(self.keys, shown)
        window = 0
        if key is not None and endpoint.security is Security.SIGNED:
            window = check_signed(key, got, now_ns)
        check_read(endpoint.params, values)
        return Asked(
            market=self.market, values=values, at_ns=now_ns, key=key, recv_window_ms=window
        )


def _json(document: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        status=status,
        text=text_of(document),
        content_type="application/json",
        headers=dict(headers),
    )


def _error(error: ApiError, headers: dict[str, str]) -> web.Response:
    if error.retry_after_ns:
        headers["Retry-After"] = str(-(-error.retry_after_ns // NS_PER_S))
    if error.code == 0:
        return web.Response(
            status=error.status, text=error.message, content_type="text/html", headers=headers
        )
    return _json({"code": error.code, "msg": error.message}, error.status, headers)

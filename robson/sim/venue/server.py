"""The venue's doors: Binance's REST and WebSocket addresses on one port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakSet

from aiohttp import web

from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_S
from robson.sim.venue import (
    accounts,
    customers,
    lists,
    margin,
    money,
    placing,
    public,
    tickers,
    tokens,
)
from robson.sim.venue.asked import (
    Asked,
    Received,
    check_read,
    check_signed,
    known_key,
    received,
)
from robson.sim.venue.endpoints import Budget, Endpoint, Security, Table
from robson.sim.venue.keys import Keys
from robson.sim.venue.limits import Limits
from robson.sim.venue.log import RequestLog, Row, role_of_request, target_of
from robson.sim.venue.margin import Vanished
from robson.sim.venue.market import Market
from robson.sim.venue.outage import Outage
from robson.sim.venue.refusals import Refused, refused
from robson.sim.venue.sockets import Connection, text_of
from robson.sim.venue.streams import Streams
from robson.sim.venue.units import in_microseconds, wants_microseconds
from robson.sim.venue.user_streams import UserStreams
from robson.sim.venue.wire import ms
from robson.sim.venue.ws_api import WsApi

TICK_S = 0.05
STREAM = "stream"
"""The role of a connection for frames that was asked for while there was an outage."""
SPEED = "X-Venue-Speed"
"""A header that no exchange sends: so many of its seconds are in one of the machine's."""
ENDPOINTS: Table = {
    **public.ENDPOINTS,
    **tickers.ENDPOINTS,
    **customers.ENDPOINTS,
    **margin.ENDPOINTS,
    **placing.ENDPOINTS,
    **lists.ENDPOINTS,
    **accounts.ENDPOINTS,
    **money.ENDPOINTS,
    **tokens.ENDPOINTS,
}
_GONE = {
    "/api/v3/userDataStream",
    "/sapi/v1/userDataStream",
    "/sapi/v1/userDataStream/isolated",
}
"""Where listen keys were, until 2026-02-20."""
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_PAGES = {"blocked": (403, "403 Forbidden"), "page": (503, "503 Service Unavailable")}


class Venue:
    """Answers requests and tells the streams, until it is told to end."""

    def __init__(
        self, market: Market, keys: Keys, *, speed: float, monotonic_s: Callable[[], float]
    ) -> None:
        self.market = market
        self.keys = keys
        self.limits = Limits()
        self.log = RequestLog()
        self._speed = speed
        self._pace = {} if speed == 1 else {SPEED: f"{speed:g}"}
        self._connections: WeakSet[Connection] = WeakSet()
        self.outage = Outage(lambda: ms(market.now_ns()), self._freeze)

        def connect() -> Connection:
            made = Connection(monotonic_s, speed)
            self._connections.add(made)
            return made

        self.streams = Streams(market, connect, speed=speed)
        self.users = UserStreams(market)
        self._ws_api = WsApi(market, self.users, connect, self.limits, speed=speed)

    def app(self) -> web.Application:
        """Everything that callers can reach."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/ws", self._raw)
        app.router.add_get("/ws/{names:.+}", self._raw)
        app.router.add_get("/stream", self._combined)
        app.router.add_get("/ws-api/v3", self._api)
        app.router.add_route("*", "/{path:.*}", self._rest)
        return app

    async def run(self) -> None:
        """Let time pass, for ever."""
        while True:
            self.market.play()
            self.streams.tick()
            self.users.tick()
            await self.outage.tick()
            await asyncio.sleep(TICK_S)

    # --- streams ---------------------------------------------------------------------------------

    def _freeze(self, seconds: float) -> None:
        for connection in self._connections:
            connection.freeze(seconds)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        if self.outage.lasts:
            return await self._away(request)
        return await _opened(self._ws_api.serve(request))

    async def _away(self, request: web.Request) -> web.StreamResponse:
        row = self.log.begin(
            at_ms=ms(self.market.play()),
            method=request.method,
            path=request.path,
            role=STREAM,
            key="",
            target="",
            weight=0,
        )
        return await self.outage.meet(request, row)

    async def _raw(self, request: web.Request) -> web.StreamResponse:
        if self.outage.lasts:
            return await self._away(request)
        names = request.match_info.get("names", "").split("/")
        return await _opened(self.streams.serve(request, names, combined=False))

    async def _combined(self, request: web.Request) -> web.StreamResponse:
        if self.outage.lasts:
            return await self._away(request)
        names = request.query.get("streams", "").split("/")
        return await _opened(self.streams.serve(request, names, combined=True))

    # --- requests --------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        endpoint = ENDPOINTS.get((request.method, request.path))
        _, _, query = request.raw_path.partition("?")
        got = received(query.encode("latin-1", "replace"), await request.read())
        row = self.log.begin(
            at_ms=ms(self.market.play()),
            method=request.method,
            path=request.path,
            role=role_of_request(request.method, request.path, endpoint, got.values),
            key=request.headers.get("X-MBX-APIKEY", ""),
            target=target_of(got.values),
            weight=endpoint.weight_of(got.values) if endpoint else 0,
        )
        self.market.script.came(row.role)
        told = self.market.script.strikes_told
        before = len(told)

        def note() -> None:
            row.until_ms = ms(self.market.now_ns())
            row.struck = tuple(one["kind"] for one in told[before:] if one["role"] == row.role)

        try:
            return await self._in_trouble(request, endpoint, got, row, note)
        finally:
            note()

    async def _in_trouble(
        self,
        request: web.Request,
        endpoint: Endpoint | None,
        got: Received,
        row: Row,
        note: Callable[[], None],
    ) -> web.StreamResponse:
        """Answer, with what goes wrong on the way in and out."""
        if self.outage.lasts:
            return await self.outage.meet(request, row)
        strikes = self.market.script.strikes
        if jump := strikes("clock_jumps", row.role):
            self.market.skip(int(jump.seconds * 1000))
        if strikes("cut_before", row.role):
            return _cut(request, row)
        for kind, (status, title) in _PAGES.items():
            if strikes(kind, row.role):
                return _sent(_html(status, _PAGE.format(title)), row)
        if strikes("wrong_country", row.role):
            return _sent(_error(_WRONG_COUNTRY, {}), row, _WRONG_COUNTRY.code)
        if late := strikes("throttled", row.role):
            error = refused("too_many", 0).answer
            headers = {"Retry-After": str(int(late.seconds))}
            return _sent(_error(error, headers), row, error.code)
        response = await self._answered(request, endpoint, got, row)
        if response is None or strikes("cut_after", row.role):
            return _cut(request, row)
        if strikes("body_cut", row.role):
            return await _halved(request, response, row)
        if strikes("body_slow", row.role):
            note()  # the end may be long in coming
            return await _trickled(request, response, 1 / self._speed)
        return response

    async def _answered(
        self, request: web.Request, endpoint: Endpoint | None, got: Received, row: Row
    ) -> web.Response | None:
        """The answer; None when the script says that none comes."""
        if endpoint is None:
            gone = request.path in _GONE
            status, title = (410, "410 Gone") if gone else (404, "404 Not Found")
            return _sent(_html(status, _PAGE.format(title)), row)
        headers: dict[str, str] = {}
        try:
            asked = self._asked(endpoint, request, got, headers)
            micro = endpoint.budget is Budget.API and wants_microseconds(
                request.headers.get("X-MBX-TIME-UNIT")
            )
            told = await endpoint.handler(asked)
            return _sent(_json(in_microseconds(told) if micro else told, 200, headers), row)
        except Refused as refusal:
            return _sent(_error(refusal.answer, headers), row, refusal.answer.code)
        except Vanished:
            return None

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
        headers |= self._pace
        headers |= self.limits.take(endpoint, request.path, shown or "", weight, now_ns)
        if got.twice is not None:
            raise refused("twice", got.twice)
        key = None if endpoint.security is Security.NONE else known_key(self.keys, shown)
        window = 0
        if key is not None and endpoint.security is Security.SIGNED:
            window = check_signed(key, got, now_ns)
        check_read(endpoint.params, values)
        return Asked(
            market=self.market, values=values, at_ns=now_ns, key=key, recv_window_ms=window
        )


# --- answers -------------------------------------------------------------------------------------

_WRONG_COUNTRY = ApiError(
    status=451,
    code=0,
    message="Service unavailable from a restricted location according to 'b. Eligibility' in"
    " https://www.binance.com/en/terms. Please contact customer service if you believe you received"
    " this message in error.",
)


async def _opened(served: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    """A connection for frames; or why there is none."""
    try:
        return await served
    except Refused as refusal:
        return _error(refusal.answer, {})


def _json(document: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        status=status,
        text=text_of(document),
        content_type="application/json",
        headers=dict(headers),
    )


def _html(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def _error(error: ApiError, headers: dict[str, str]) -> web.Response:
    if error.retry_after_ns:
        headers["Retry-After"] = str(-(-error.retry_after_ns // NS_PER_S))
    if error.code == 0 and error.message.startswith("<"):
        return _html(error.status, error.message, headers)
    return _json({"code": error.code, "msg": error.message}, error.status, headers)


def _sent(response: web.Response, row: Row, code: int = 0) -> web.Response:
    row.status, row.code = response.status, code
    return response


def _cut(request: web.Request, row: Row) -> web.Response:
    """Hang up; what is returned goes nowhere."""
    row.status, row.code = 0, 0
    if request.transport is not None:
        assert isinstance(request.transport, asyncio.Transport)
        request.transport.abort()
    return web.Response(status=500)


def _begun(response: web.Response) -> web.StreamResponse:
    begun = web.StreamResponse(status=response.status, headers=response.headers)
    begun.content_length = len(_body(response))
    return begun


def _body(response: web.Response) -> bytes:
    assert isinstance(response.body, bytes), "every answer here is text"
    return response.body


async def _halved(request: web.Request, response: web.Response, row: Row) -> web.StreamResponse:
    begun, body = _begun(response), _body(response)
    with contextlib.suppress(ConnectionError):
        await begun.prepare(request)
        await begun.write(body[: len(body) // 2])
        await asyncio.sleep(0.05)
    _cut(request, row)
    return begun


async def _trickled(
    request: web.Request, response: web.Response, each_s: float
) -> web.StreamResponse:
    begun, body = _begun(response), _body(response)
    with contextlib.suppress(ConnectionError):
        await begun.prepare(request)
        for place in range(len(body)):
            await begun.write(body[place : place + 1])
            await asyncio.sleep(each_s)
        await begun.write_eof()
    return begun

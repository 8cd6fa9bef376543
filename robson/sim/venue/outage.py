"""The venue out of service for a while: refused, cut, mute, or a page to everybody.

It lasts so many of the exchange's seconds. What comes in meanwhile is in the request log, but for
what the machine itself refuses while nobody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from aiohttp import web

from robson.domain.errors import InvalidValue
from robson.sim.venue.log import Row

MODES = ("refused", "cut", "mute", "page")
"""Nobody listens; connections are cut as they come; nothing is answered; 503 with a page."""
_PAGE = "<html><head><title>503</title></head><body><h1>503 Service Unavailable</h1></body></html>"
_LOOK_S = 0.1


class Door:
    """One address that callers can reach, closed and opened again."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner = runner
        self._host = host
        self.port = port
        self._site: web.TCPSite | None = None

    async def open(self) -> None:
        """Listen; a port of 0 becomes one that is free.

        Raises:
            OSError: somebody else has it.
        """
        self._site = web.TCPSite(self._runner, self._host, self.port)
        await self._site.start()
        self.port = self.port or self._runner.addresses[-1][1]

    async def shut(self) -> None:
        """Listen no more; what is connected stays."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    def cut(self) -> None:
        """Abort every connection."""
        server = self._runner.server
        for each in server.connections if server is not None else ():
            if each.transport is not None:
                assert isinstance(each.transport, asyncio.Transport)
                each.transport.abort()


class Outage:
    """None, or the one that lasts.

    Args:
        now_ms: the exchange's time.
        freeze: lets every connection that there is say nothing for so many seconds.
    """

    def __init__(self, now_ms: Callable[[], int], freeze: Callable[[float], None]) -> None:
        self.doors: Iterable[Door] = ()
        self._now_ms = now_ms
        self._freeze = freeze
        self._mode = ""
        self._until_ms = 0
        self._over = asyncio.Event()

    @property
    def lasts(self) -> bool:
        """Whether there is one now."""
        return bool(self._mode)

    async def begin(self, mode: str, seconds: float) -> None:
        """From now on.

        Raises:
            InvalidValue: there is no such mode, or one lasts already.
        """
        if mode not in MODES or self._mode:
            raise InvalidValue(f"an outage is one of {', '.join(MODES)}, one at a time")
        self._mode, self._until_ms = mode, self._now_ms() + int(seconds * 1_000)
        self._over.clear()
        if mode == "mute":
            self._freeze(seconds)
            return
        for door in self.doors:
            if mode == "refused":
                await door.shut()
            door.cut()

    async def tick(self) -> None:
        """End it when its time has come."""
        if not self._mode or self._now_ms() < self._until_ms:
            return
        mode, self._mode = self._mode, ""
        self._over.set()
        for door in self.doors:
            if mode == "refused":
                await door.open()
            if mode == "mute":
                door.cut()

    async def meet(self, request: web.Request, row: Row) -> web.StreamResponse:
        """What becomes of a request that comes in meanwhile."""
        if self._mode == "page":
            row.status = 503
            return web.Response(status=503, text=_PAGE, content_type="text/html")
        row.status = 0
        while self._mode == "mute" and request.transport is not None:  # until the caller gives up
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _LOOK_S)
        if request.transport is not None:
            request.transport.close()
        return web.Response(status=500)

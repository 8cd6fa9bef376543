"""One WebSocket connection: a queue of frames to send, pings, and the limits Binance sets on it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

PING_S, PONG_S, LIFE_S = 20.0, 60.0, 86_400.0
"""A ping each so often, cut without a pong for so long, and cut anyway after a day."""
_LEAST_PING_S, _LEAST_PONG_S = 1.0, 5.0
"""However fast the exchange's time runs, a reader is real."""
MESSAGES_S = 5
"""So many messages a second may come in: text, pings, and pongs that no ping asked for."""
_BEHIND = 50_000
"""A caller that has so many frames to read is hung up on."""
_MAX_BYTES = 1 << 20

Heard = Callable[[Any], Awaitable[None]]


def text_of(document: Any) -> str:
    """A document as it goes over the wire."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


class Connection:
    """Sends in order, from a queue, so that nobody waits for a slow reader.

    Args:
        monotonic_s: real seconds.
        speed: how much faster a connection ages, as everything at a scaled venue.
    """

    def __init__(self, monotonic_s: Callable[[], float], speed: float) -> None:
        self._ws = web.WebSocketResponse(autoping=False, max_msg_size=_MAX_BYTES)
        self._monotonic_s = monotonic_s
        self._speed = speed
        self._queue: deque[str] = deque()
        self._wake = asyncio.Event()
        self._heard: deque[float] = deque(maxlen=MESSAGES_S + 1)
        self._alive_s = monotonic_s()
        self._frozen_s = 0.0
        self._ending = False
        self._unanswered = 0
        self._transport: asyncio.Transport | None = None

    # --- what is sent ----------------------------------------------------------------------------

    def send(self, document: Any) -> None:
        """Queue a document."""
        self.send_text(text_of(document))

    def send_text(self, text: str) -> None:
        """Queue a frame as it is."""
        self._queue.append(text)
        if len(self._queue) > _BEHIND:
            self._ending = True
        self._wake.set()

    def end(self) -> None:
        """Close the connection once what is queued has gone."""
        self._ending = True
        self._wake.set()

    def cut(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def tear(self, text: str) -> None:
        """Send half of a frame, then nothing more."""
        body = text.encode()
        if self._transport is not None:
            self._transport.write(
                b"\x81\x7f" + struct.pack("!Q", len(body)) + body[: len(body) // 2]
            )
            asyncio.get_running_loop().call_later(0.05, self.cut)

    def freeze(self, seconds: float) -> None:
        """Say nothing at all for so long, neither frames nor pings nor pongs."""
        self._frozen_s = self._monotonic_s() + seconds / self._speed

    @property
    def _frozen(self) -> bool:
        return self._monotonic_s() < self._frozen_s

    # --- while it lasts --------------------------------------------------------------------------

    async def serve(self, request: web.Request, heard: Heard) -> web.StreamResponse:
        """Talk until one side ends it; ``heard`` gets every message, as JSON where it is some."""
        try:
            await self._ws.prepare(request)
        except ConnectionError:
            return web.Response(status=499)  # whoever asked has gone
        self._transport = request.transport
        tasks = [asyncio.ensure_future(part) for part in (self._write(), self._keep())]
        try:
            async for message in self._ws:
                if not self._asked_for(message) and self._too_many():
                    break
                if message.type is WSMsgType.PING and not self._frozen:
                    await self._ws.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._alive_s = self._monotonic_s()
                elif message.type is WSMsgType.TEXT:
                    await heard(_json(message.data))
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(ConnectionError):
                await self._ws.close(code=WSCloseCode.OK)
        return self._ws

    def _asked_for(self, message: WSMessage) -> bool:
        """Whether it is the answer to a ping, of which a late reader has several at once."""
        if message.type is not WSMsgType.PONG or not self._unanswered:
            return False
        self._unanswered -= 1
        return True

    def _too_many(self) -> bool:
        now_s = self._monotonic_s()
        self._heard.append(now_s)
        full = len(self._heard) == self._heard.maxlen
        return full and now_s - self._heard[0] < 1.0

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    if self._frozen:
                        await asyncio.sleep(self._frozen_s - self._monotonic_s())
                    await self._ws.send_str(self._queue.popleft())
                if self._ending:
                    await self._ws.close(code=WSCloseCode.GOING_AWAY)
                    return

    async def _keep(self) -> None:
        """Ping, and end what does not answer or is too old.

        Time in which the venue itself was stopped is nobody's silence.
        """
        began_s, pings = self._monotonic_s(), 0
        each_s = max(PING_S / self._speed, _LEAST_PING_S)
        with contextlib.suppress(ConnectionError):
            while True:
                slept_from_s = self._monotonic_s()
                await asyncio.sleep(each_s)
                now_s = self._monotonic_s()
                stopped_s = now_s - slept_from_s - each_s
                began_s, self._alive_s = began_s + stopped_s, self._alive_s + stopped_s
                age_s = (now_s - began_s) * self._speed
                patience_s = max((PONG_S + PING_S) / self._speed, _LEAST_PONG_S)
                if age_s > LIFE_S or now_s - self._alive_s > patience_s:
                    self.end()
                    return
                pings += 1
                self._unanswered += 1
                if not self._frozen:
                    await self._ws.ping(str(pings).encode())


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None

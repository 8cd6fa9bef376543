"""The smallest client there is: signs what it is told to sign, and shows what came back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import attrs

BOUND_S = 20.0


@attrs.frozen
class Came:
    """One answer. ``status`` 0: none, and ``text`` says how it failed."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> int | None:
        return self.json.get("code") if self.text.startswith("{") else None


@attrs.frozen
class Caller:
    """Speaks to one venue with one key."""

    rest: str
    key: str = "test-key"
    secret: str = "test-secret"
    bound_s: float = BOUND_S
    window_ms: int = 0

    def ask(self, method: str, path: str, query: str = "", body: str = "") -> Came:
        """A request as it is."""
        door = http.client.HTTPConnection(urlsplit(self.rest).netloc, timeout=self.bound_s)
        headers = {"X-MBX-APIKEY": self.key} if self.key else {}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            door.request(method, f"{path}?{query}" if query else path, body or None, headers)
            answer = door.getresponse()
            return Came(answer.status, dict(answer.getheaders()), answer.read().decode())
        except (OSError, http.client.HTTPException) as error:
            return Came(0, {}, type(error).__name__)
        finally:
            door.close()

    def signed(self, method: str, path: str, *, in_body: bool = False, **values: object) -> Came:
        """A request signed now, as text or in its body."""
        values.setdefault("timestamp", self.now_ms())
        if self.window_ms:
            values.setdefault("recvWindow", self.window_ms)
        text = "&".join(f"{name}={quote(str(value))}" for name, value in values.items())
        text += f"&signature={self.signature(text)}"
        return self.ask(method, path, *(("", text) if in_body else (text, "")))

    def now_ms(self) -> int:
        """The venue's time."""
        return int(self.public("time").json["serverTime"])

    def signature(self, text: str) -> str:
        """HMAC of a payload."""
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def order(self, **values: object) -> Came:
        """An order on the isolated pair; an entry unless it says otherwise."""
        usual = {
            "symbol": "BTCUSDT",
            "isIsolated": "TRUE",
            "side": "BUY",
            "type": "MARKET",
            "quantity": "0.01",
        }
        return self.signed("POST", "/sapi/v1/margin/order", **(usual | values))

    def public(self, path: str, **values: object) -> Came:
        """A question that nobody signs."""
        query = "&".join(f"{name}={value}" for name, value in values.items())
        return self.ask("GET", f"/api/v3/{path}", query)


@attrs.frozen
class Operator:
    """The hand behind the venue."""

    door: str

    def get(self, path: str) -> Any:
        return Caller(self.door, key="").ask("GET", path).json

    def post(self, path: str, **values: object) -> Any:
        netloc = urlsplit(self.door).netloc
        door = http.client.HTTPConnection(netloc, timeout=BOUND_S)
        door.request("POST", path, json.dumps(values), {"Content-Type": "application/json"})
        answer = door.getresponse()
        told = json.loads(answer.read())
        door.close()
        assert answer.status == 200, told
        return told

    def fault(self, **values: object) -> int:
        """Add a fault; its line."""
        return int(self.post("/fault", **values)["line"])

    def struck(self, line: int) -> int:
        """How often the fault of a line has struck."""
        [row] = [row for row in self.get("/faults")["faults"] if row["line"] == line]
        return int(row["struck"])


def heard(
    url: str,
    each: Callable[[int], object],
    times: int,
    *,
    say: object = None,
    again: int = 0,
    least: int = 0,
    quiet_s: float = 0.25,
) -> list[Any]:
    """What a WebSocket says while something is done so many times, until it is quiet or ends.

    Text frames, then what ended it: the kind of the last message, or ``quiet``. The ``least``
    messages that must come are waited for; it is quiet when nothing follows them.
    """

    async def listen() -> list[Any]:
        frames: list[Any] = []
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, max_msg_size=1 << 20) as socket,
        ):
            if say is not None:
                await socket.send_json(say)
                frames.append((await socket.receive(BOUND_S)).data)
            for _ in range(again):
                await socket.send_json(say)
            for number in range(times):
                await asyncio.to_thread(each, number)
            while True:
                wait_s = BOUND_S if len(frames) < least else quiet_s
                try:
                    message = await asyncio.wait_for(socket.receive(), wait_s)
                except TimeoutError:
                    return [*frames, "quiet"]
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return [*frames, message.type.name]
                frames.append(message.data)

    return asyncio.run(listen())

"""The operator's port: books, log, strikes, and a hand on the price. No caller is to know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from robson.connectors.simulated.fault_script import fault_of
from robson.connectors.simulated.summary import document, summarise
from robson.domain.errors import InvalidValue, RobsonError
from robson.domain.values import Price, decimal_of
from robson.sim.venue.kinds import KINDS
from robson.sim.venue.server import Venue
from robson.sim.venue.sockets import text_of
from robson.sim.venue.wire import ms, padded

_LONGEST_S = 86_400
_STANDING: dict[str, tuple[type, str]] = {
    "rights": (dict, "object"),
    "burn": (dict, "object"),
    "disabled": (list, "list"),
    "order_types": (list, "list"),
}
Answer = Callable[[web.Request], Awaitable[Any]]


class Operator:
    """Looks behind the venue's doors, and moves what only a market or a fault moves."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def app(self) -> web.Application:
        """Everything the operator can ask for."""
        app = web.Application()
        gets: dict[str, Answer] = {
            "/books": self._books,
            "/log": self._log,
            "/faults": self._faults,
            "/market": self._market,
        }
        posts: dict[str, Answer] = {
            "/price": self._price,
            "/fault": self._fault,
            "/calm": self._calm,
            "/revoke": self._revoke,
            "/clock": self._clock,
            "/outage": self._outage,
            "/standing": self._standing,
        }
        for path, answer in gets.items():
            app.router.add_get(path, _spoken(answer))
        for path, answer in posts.items():
            app.router.add_post(path, _spoken(answer))
        return app

    async def _books(self, _request: web.Request) -> Any:
        self._venue.market.play()
        return document(summarise(self._venue.market.books))

    async def _log(self, request: web.Request) -> Any:
        after = _whole("after", request.query.get("after", "0"))
        return {"rows": self._venue.log.after(after)}

    async def _faults(self, _request: web.Request) -> Any:
        script = self._venue.market.script
        return {"faults": script.counters(), "strikes": script.strikes_told}

    async def _market(self, _request: web.Request) -> Any:
        at_ns, market = self._venue.market.play(), self._venue.market
        prices = {
            name: padded(market.exchange.market(pair.instrument.symbol).last)
            for name, pair in market.pairs.items()
        }
        recording = market.recording
        return {
            "at_ms": ms(at_ns),
            "prices": prices,
            "listeners": self._venue.streams.count,
            "replayed": recording.replayed if recording is not None else None,
        }

    async def _price(self, request: web.Request) -> Any:
        said = await _said(request, "symbol", "price")
        self._venue.market.move(str(said["symbol"]), Price(decimal_of(str(said["price"]))))
        return {}

    async def _fault(self, request: web.Request) -> Any:
        script = self._venue.market.script
        line = len(script.faults) + 1
        script.add(fault_of(await _said(request), KINDS, where="fault", line=line))
        return {"line": line}

    async def _calm(self, _request: web.Request) -> Any:
        self._venue.market.script.calm()
        return {}

    async def _revoke(self, request: web.Request) -> Any:
        said = await _said(request, "api_key")
        return {"revoked": self._venue.keys.revoke(str(said["api_key"]))}

    async def _clock(self, request: web.Request) -> Any:
        said = await _said(request, "ahead_ms")
        self._venue.market.skip(_whole("ahead_ms", said["ahead_ms"]))
        return {"at_ms": ms(self._venue.market.play())}

    async def _outage(self, request: web.Request) -> Any:
        said = await _said(request, "mode", "seconds")
        seconds = decimal_of(str(said["seconds"]))
        if not 0 <= seconds <= _LONGEST_S:
            raise InvalidValue(f"seconds is {seconds}; allowed is 0 to {_LONGEST_S}")
        await self._venue.outage.begin(str(said["mode"]), float(seconds))
        return {}

    async def _standing(self, request: web.Request) -> Any:
        """What is told of the key, of payments in BNB, of accounts that are off, and of order
        types, in place of what is usual; what is left out is usual again.
        """
        said, market = await _said(request), self._venue.market
        for name, (kind, word) in _STANDING.items():
            if not isinstance(said.get(name), kind | None):
                raise InvalidValue(f"{name} is no {word}")
        market.rights, market.burn = said.get("rights") or {}, said.get("burn") or {}
        market.disabled = {str(account) for account in said.get("disabled") or ()}
        market.order_types = said.get("order_types")
        return {}


async def _said(request: web.Request, *names: str) -> dict[str, Any]:
    """The object that came in.

    Raises:
        InvalidValue: it is none, or lacks what has these names.
    """
    try:
        said = await request.json()
    except ValueError as error:
        raise InvalidValue(f"expected one object in JSON: {error}") from error
    if not isinstance(said, dict):
        raise InvalidValue("expected one object in JSON")
    for name in names:
        if name not in said:
            raise InvalidValue(f"{name} is missing")
    return said


def _whole(name: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise InvalidValue(f"{name} is {value}; expected a whole number") from error


def _spoken(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An answer as JSON, or in one line what was wrong with the question."""

    async def speak(request: web.Request) -> web.Response:
        try:
            told, status = await answer(request), 200
        except RobsonError as error:
            told, status = {"error": str(error)}, 400
        return web.Response(status=status, text=text_of(told), content_type="application/json")

    return speak

"""Faults that strike a request: on the wire, at the gateway, in the answer, and by others' hands.

A script and a seeded world differ only in what makes a fault strike. What it then does is here,
once.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from robson.connectors.simulated.driver import Trip
from robson.connectors.simulated.faults import NOTHING_TO_LEND, Deed, ExchangeFaults
from robson.connectors.simulated.feed import Feed
from robson.connectors.simulated.kinds import KINDS, Strike
from robson.connectors.simulated.roles import role_of
from robson.domain.instrument import Instrument
from robson.domain.intents import (
    CancelOrder,
    Intent,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    ReadTrades,
)
from robson.domain.reports import Answer, ApiError, TradeList
from robson.domain.values import NS_PER_S

GROWN = 10
"""How many times coarser the filters are while they have grown."""

_UNKNOWN = {
    "bus_error": ApiError(
        status=503,
        code=-1006,
        message="An unexpected response was received from the message bus. Execution status"
        " unknown.",
    ),
    "backend_timeout": ApiError(
        status=504,
        code=-1007,
        message="Timeout waiting for response from backend server. Send status unknown; execution"
        " status unknown.",
    ),
    "html_page": ApiError(status=502, code=0, message="<html><title>502 Bad Gateway</title>"),
}
"""What is said of a request that was carried out, instead of its answer."""
_REFUSED = {
    "rate_limit": ApiError(status=429, code=-1003, message="Too many requests."),
    "overloaded": ApiError(status=503, code=-1001, message="Internal error; unable to process."),
    "clock": ApiError(
        status=400, code=-1021, message="Timestamp for this request is outside of the recvWindow."
    ),
    "busy_debt": ApiError(
        status=400, code=-3007, message="You have pending transaction, please try again later."
    ),
    "nothing_to_lend": NOTHING_TO_LEND,
    "price_band": ApiError(status=400, code=-1013, message="Filter failure: PERCENT_PRICE_BY_SIDE"),
}
"""What is said of one request, of which nothing is done."""
_CLOSED = {
    "banned": ApiError(
        status=418, code=-1003, message="Way too much request weight used; IP banned."
    ),
    "maintenance": ApiError(status=503, code=-1016, message="This service is not available."),
    "clock_stepped": _REFUSED["clock"],
    "key_revoked": ApiError(
        status=401, code=-2015, message="Invalid API-key, IP, or permissions for action."
    ),
    "halted": ApiError(status=400, code=-2010, message="Market is closed."),
}
"""What is said for a while of every request that such a fault can meet."""
_DEEDS = tuple(name for name, kind in KINDS.items() if kind.where == "account")


Source = Callable[[str, Intent], Strike | None]
"""Says whether a fault of a kind strikes a request that it can meet: by a script, or by a seed."""


def nanoseconds(seconds: Decimal) -> int:
    """Seconds of a fault as the clock counts."""
    return int(seconds * NS_PER_S)


class Struck:
    """Asks the source about requests that a kind can meet, and remembers what lasts.

    Attributes:
        shares: how much, of each kind that has lasted, when it last began.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._until_ns: dict[str, int] = {}
        self.shares: dict[str, Decimal] = {}

    def now(self, kind: str, request: Intent) -> Strike | None:
        """Whether it strikes this request."""
        if role_of(request) not in KINDS[kind].requests:
            return None
        return self._source(kind, request)

    def cease(self) -> None:
        """Whatever lasts is over."""
        self._until_ns.clear()

    def under_way(self, kind: str, at_ns: int) -> bool:
        """Whether one that began with an earlier request still lasts."""
        return at_ns < self._until_ns.get(kind, 0)

    def left_ns(self, kind: str, at_ns: int) -> int:
        """How long one that is under way still lasts."""
        return max(0, self._until_ns.get(kind, 0) - at_ns)

    def lasts(self, kind: str, request: Intent, at_ns: int) -> bool:
        """Whether it is under way for this request, or begins with it."""
        if role_of(request) not in KINDS[kind].requests:
            return False
        if self.under_way(kind, at_ns):
            return True
        strike = self._source(kind, request)
        if strike is None:
            return False
        self._until_ns[kind] = at_ns + nanoseconds(strike.seconds)
        self.shares[kind] = strike.share
        return True


class TroubledWire:
    """Requests and answers in trouble on their way."""

    def __init__(self, source: Source, feed: Feed) -> None:
        self.struck = Struck(source)
        self._feed = feed

    def trouble(self, request: Intent, trip: Trip, now_ns: int) -> Trip:
        """A trip with what goes wrong on it."""
        struck, feed = self.struck, self._feed
        if silence := struck.now("feed_silence", request):
            feed.silent_ns = max(feed.silent_ns, now_ns + nanoseconds(silence.seconds))
        if wrong := struck.now("bad_tick", request):
            feed.off = wrong.share
        if struck.lasts("outage", request, now_ns):
            return attrs.evolve(trip, refused=True)
        if again := struck.now("answer_twice", request):
            trip = attrs.evolve(trip, again_ns=nanoseconds(again.seconds))
        if struck.now("answers_swapped", request):
            trip = attrs.evolve(trip, swapped=True)
        if isinstance(request, PlaceOrder | CancelOrder) and (
            late := struck.now("late_matching", request)
        ):
            trip = attrs.evolve(
                trip, matching_ns=nanoseconds(late.seconds), told=_UNKNOWN["backend_timeout"]
            )
        return trip


class TroubledExchange(ExchangeFaults):
    """An exchange that refuses, forgets, repeats itself, and is not ours alone."""

    def __init__(self, source: Source) -> None:
        self.struck = Struck(source)

    def rejects(self, request: Intent, at_ns: int) -> ApiError | None:
        """Refuse a request; what lasts comes first."""
        self.struck.lasts("filters_grown", request, at_ns)
        closed = [kind for kind in _CLOSED if self.struck.lasts(kind, request, at_ns)]
        if closed:
            left_ns = self.struck.left_ns("banned", at_ns) if closed[0] == "banned" else 0
            return attrs.evolve(_CLOSED[closed[0]], retry_after_ns=left_ns)
        for kind, error in _REFUSED.items():
            if strike := self.struck.now(kind, request):
                wait = nanoseconds(strike.seconds) if kind == "rate_limit" else 0
                return attrs.evolve(error, retry_after_ns=wait) if wait else error
        return None

    def lends(self, request: Intent, at_ns: int) -> Decimal:
        """The share of what it would lend, less while there is little."""
        little = self.struck.lasts("little_to_lend", request, at_ns)
        return self.struck.shares["little_to_lend"] if little else Decimal(1)

    def meddles(self, request: Intent, at_ns: int) -> tuple[Deed, ...]:
        """What others do before this request is answered."""
        found = ((kind, self.struck.now(kind, request)) for kind in _DEEDS)
        return tuple(Deed(kind=kind, share=strike.share) for kind, strike in found if strike)

    def rules(self, instrument: Instrument, at_ns: int) -> Instrument:
        """The rules, coarser while they have grown."""
        if not self.struck.under_way("filters_grown", at_ns):
            return instrument
        return attrs.evolve(
            instrument,
            step=instrument.step * GROWN,
            min_notional=instrument.min_notional * GROWN,
        )

    def looks_back_ns(self, request: Intent, at_ns: int) -> int:
        """How old the state is that answers a question."""
        kind = {QueryOrder: "stale_answer", ReadAccount: "account_lag"}.get(type(request))
        strike = self.struck.now(kind, request) if kind else None
        return nanoseconds(strike.seconds) if strike else 0

    def retells(self, request: Intent, answer: Answer, at_ns: int) -> Answer:
        """Another answer to a request that was carried out."""
        if isinstance(answer, TradeList) and isinstance(request, ReadTrades):
            if answer.fills and self.struck.now("trades_missing", request):
                answer = TradeList(fills=answer.fills[:-1])
            if answer.fills and self.struck.now("trades_doubled", request):
                answer = TradeList(fills=tuple(f for fill in answer.fills for f in (fill, fill)))
        if isinstance(answer, ApiError):
            return answer
        for kind, error in _UNKNOWN.items():
            if self.struck.now(kind, request):
                return error
        return answer

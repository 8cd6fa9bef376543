"""Discrete-event driver of the simulated market: tapes, the exchange and the wire in one time.

It knows the next instant at which anything can happen and makes it happen, one thing at a time.
Whoever drives it (the daemon's feed thread, or the scheduler of the simulation) decides how long to
wait in between and delivers what came out; waiting changes nothing.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.player import Player
from robson.domain.intents import Intent
from robson.domain.reports import Answer, CandleClosed, NoAnswer
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs

TOTAL_NS = 5 * NS_PER_S
"""After this the caller gives up waiting: the outcome is unknown."""


@attrs.frozen(kw_only=True)
class Trip:
    """What the wire does to one request. None: that half is lost.

    ``held_ns``: how long the gateway keeps it before the exchange carries it out.
    """

    out_ns: int | None
    back_ns: int | None
    held_ns: int = 0


class Wire(Protocol):
    """Decides each request's trip, in the order in which they leave."""

    def trip(self, request: Intent, now_ns: int) -> Trip:
        """How this request travels."""


@attrs.frozen
class SteadyWire:
    """Both halves take the same time, always."""

    latency_ns: int = 20 * NS_PER_MS

    def trip(self, request: Intent, now_ns: int) -> Trip:
        """The same trip for everybody."""
        return Trip(out_ns=self.latency_ns, back_ns=self.latency_ns)


Deliver = Callable[[Answer, ExchangeNs], None]
"""Takes an answer and the time its request was sent."""


@attrs.frozen
class Woken:
    """A price on a symbol's board needs judging."""

    symbol: str


@attrs.frozen
class Answered:
    """An answer has come back (or is given up on): call ``deliver``."""

    deliver: Deliver
    answer: Answer
    sent_ns: ExchangeNs


Happening = Woken | Answered | CandleClosed

# Things at one instant happen in this order: an hour is charged and a candle closes before the row
# that begins there; a request arrives before the price moves on.
_ARRIVES, _ANSWERS = 0, 1


@attrs.define(order=True)
class _Due:
    at_ns: int
    kind: int
    number: int
    run: Callable[[], list[Happening]] = attrs.field(order=False)


class Driver:
    """The market and the wire. Everything durable is in the exchange's books."""

    def __init__(
        self,
        exchange: SimExchange,
        players: Sequence[Player],
        clock: VirtualClock,
        wire: Wire | None = None,
    ) -> None:
        self.exchange = exchange
        self.players = players
        self.clock = clock
        self._wire = wire or SteadyWire()
        self._dues: list[_Due] = []
        self._numbers = itertools.count()

    @property
    def at_end(self) -> bool:
        """All tapes are over; time still passes for what is under way."""
        return all(player.at_end for player in self.players)

    @property
    def in_flight(self) -> int:
        """Requests and answers on the wire."""
        return len(self._dues)

    def submit(self, request: Intent, deliver: Deliver) -> None:
        """Put a request on the wire now."""
        now_ns = self.clock.now_ns
        trip = self._wire.trip(request, now_ns)
        sent = ExchangeNs(now_ns)

        def give_up() -> list[Happening]:
            return [Answered(deliver, NoAnswer(reason="no answer within 5 s"), sent)]

        def arrive() -> list[Happening]:
            return self._carry_out(request, arrived_ns, trip, deliver, sent, give_up)

        if trip.out_ns is None:
            self._at(now_ns + TOTAL_NS, _ANSWERS, give_up)
            return
        arrived_ns = now_ns + trip.out_ns
        self._at(arrived_ns + trip.held_ns, _ARRIVES, arrive)

    def _carry_out(
        self,
        request: Intent,
        arrived_ns: int,
        trip: Trip,
        deliver: Deliver,
        sent: ExchangeNs,
        give_up: Callable[[], list[Happening]],
    ) -> list[Happening]:
        now = ExchangeNs(self.clock.now_ns)
        answer = self.exchange.handle(request, at_ns=now, arrived_ns=ExchangeNs(arrived_ns))
        last_ns = sent + TOTAL_NS
        back_ns = None if trip.back_ns is None else now + trip.back_ns
        if back_ns is None or back_ns > last_ns:
            self._at(max(last_ns, now), _ANSWERS, give_up)
        else:
            self._at(back_ns, _ANSWERS, lambda: [Answered(deliver, answer, sent)])
        return []

    def _at(self, at_ns: int, kind: int, run: Callable[[], list[Happening]]) -> None:
        heapq.heappush(self._dues, _Due(at_ns, kind, next(self._numbers), run))

    def next_ns(self, *, tape: bool = True) -> int | None:
        """The next instant at which anything can happen; None when nothing ever will.

        Without ``tape`` only what is on the wire counts: the tape is held.
        """
        times = [player.next_ns() if tape else None for player in self.players]
        times.append(self._dues[0].at_ns if self._dues else None)
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def advance(self, at_ns: int) -> list[Happening]:
        """Go to an instant, not past ``next_ns``, and let one thing happen there.

        Call again while ``next_ns`` is still this instant. Prices are brought along quietly, so a
        request that arrives in the middle of a bar meets the price of that instant.
        """
        self.clock.move_to(at_ns)
        self.exchange.advance_to(ExchangeNs(at_ns))
        for player in self.players:
            candles = [] if player.at_end else player.candles_at(at_ns)
            if candles:
                return [CandleClosed(symbol=player.symbol, candle=c) for c in candles]
        if self._dues and self._dues[0].at_ns <= at_ns:
            self.bring_along()
            return heapq.heappop(self._dues).run()
        for player in self.players:
            due = player.next_ns()
            if due is not None and due <= at_ns:
                return [Woken(player.symbol)] if player.go_to(at_ns) else []
        return []

    def bring_along(self) -> None:
        """Bring every price to this instant, where nothing waits for one on the way."""
        at_ns = self.clock.now_ns
        for player in self.players:
            due = player.next_ns()
            if due is None or due > at_ns:
                player.go_to(at_ns)

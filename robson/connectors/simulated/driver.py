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
from robson.domain.reports import Answer, ApiError, CandleClosed, NeverSent, NoAnswer
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs

TOTAL_NS = 5 * NS_PER_S
"""After this the caller gives up waiting: the outcome is unknown."""
REFUSED_NS = NS_PER_MS
"""How soon a connection is refused."""
SWAPPED_NS = NS_PER_S
"""How long an answer waits for another to come before it."""
_SILENCE = NoAnswer(reason="no answer within 5 s")


@attrs.frozen(kw_only=True)
class Trip:
    """What the wire does to one request. None: that half is lost.

    Attributes:
        held_ns: how long the gateway keeps it before it hands it on.
        matching_ns: how long it then waits to be carried out; what comes back meanwhile is
            ``told``, its own answer does not.
        refused: the connection is; the request does not leave.
        again_ns: how long after its answer the same answer comes once more; None for never.
        swapped: its answer waits for the next one, and comes after it.
    """

    out_ns: int | None
    back_ns: int | None
    held_ns: int = 0
    matching_ns: int = 0
    told: ApiError | None = None
    refused: bool = False
    again_ns: int | None = None
    swapped: bool = False


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
        self._behind: list[tuple[Deliver, Answer, ExchangeNs]] = []

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
        sent = ExchangeNs(self.clock.now_ns)
        trip = self._wire.trip(request, sent)
        if trip.refused:
            self._say(sent + REFUSED_NS, deliver, NeverSent(reason="connection refused"), sent)
        elif trip.out_ns is None:
            self._say(sent + TOTAL_NS, deliver, _SILENCE, sent)
        else:
            self._travel(request, deliver, trip, ExchangeNs(sent + trip.out_ns))

    def _travel(self, request: Intent, deliver: Deliver, trip: Trip, arrived: ExchangeNs) -> None:
        """Let it arrive, wait where it waits, and be carried out."""
        sent = ExchangeNs(self.clock.now_ns)
        forwarded = ExchangeNs(arrived + trip.held_ns)

        def carry_out() -> list[Happening]:
            now = ExchangeNs(self.clock.now_ns)
            answer = self.exchange.handle(
                request, at_ns=now, arrived_ns=arrived, forwarded_ns=forwarded
            )
            if not trip.matching_ns:
                self._bring_back(answer, now, deliver, trip, sent)
            return []

        self._at(forwarded + trip.matching_ns, _ARRIVES, carry_out)
        if trip.matching_ns:
            self._bring_back(trip.told or _SILENCE, forwarded, deliver, trip, sent)

    def _bring_back(
        self, answer: Answer, since: int, deliver: Deliver, trip: Trip, sent: ExchangeNs
    ) -> None:
        """Let an answer travel back, or be given up on."""
        last_ns = sent + TOTAL_NS
        back_ns = None if trip.back_ns is None else since + trip.back_ns
        if back_ns is None or back_ns > last_ns:
            self._say(max(last_ns, since), deliver, _SILENCE, sent)
        elif trip.swapped:
            self._behind.append((deliver, answer, sent))
            self._at(min(back_ns + SWAPPED_NS, last_ns), _ANSWERS, self._let_follow)
        else:
            self._say(back_ns, deliver, answer, sent)
            if trip.again_ns is not None:
                self._say(back_ns + trip.again_ns, deliver, answer, sent)

    def _say(self, at_ns: int, deliver: Deliver, answer: Answer, sent: ExchangeNs) -> None:
        """An answer comes back at an instant, and with it those that waited for the next one."""
        self._at(at_ns, _ANSWERS, lambda: [Answered(deliver, answer, sent), *self._let_follow()])

    def _let_follow(self) -> list[Happening]:
        behind = [Answered(*waiting) for waiting in self._behind]
        self._behind.clear()
        return list(behind)

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
            return [*self.bring_along(), *heapq.heappop(self._dues).run()]
        for player in self.players:
            due = player.next_ns()
            if due is not None and due <= at_ns:
                return [Woken(player.symbol)] if player.go_to(at_ns) else []
        return []

    def glide(self, before_ns: int | None) -> None:
        """Play trades that nobody waits for, each at its instant and all short of ``before_ns``.

        What comes of it is what :meth:`advance` comes to, trade by trade; only one tape glides.
        """
        if len(self.players) != 1:
            return
        wire_ns = self._dues[0].at_ns if self._dues else None
        limits = (before_ns, wire_ns, self.exchange.next_change_ns())
        end_ns = self.players[0].glide(min((ns for ns in limits if ns is not None), default=None))
        if end_ns is not None:
            self.clock.move_to(end_ns)

    def bring_along(self) -> list[Woken]:
        """Bring every price to this instant, where nothing waits for one on the way.

        Whom a price wakes all the same, because a wrong one came in its place, is told.
        """
        at_ns = self.clock.now_ns
        woken = []
        for player in self.players:
            due = player.next_ns()
            if (due is None or due > at_ns) and player.go_to(at_ns):
                woken.append(Woken(player.symbol))
        return woken

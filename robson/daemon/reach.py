"""Whether the exchange answers: since when it has not, told by every call that a lane makes."""

from __future__ import annotations

from robson.api.facts import ReachFact
from robson.domain.intents import Intent
from robson.domain.ports import Clock, Exchange
from robson.domain.reports import Answer, NeverSent, NoAnswer
from robson.domain.values import ExchangeNs


class Reach:
    """The exchange, listened to; may be asked by any thread, and each lane calls by its own."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange = exchange
        self._clock = clock
        self._silent: tuple[ExchangeNs, int] | None = None

    def call(self, request: Intent) -> Answer:
        """The exchange's own answer."""
        answer = self._exchange.call(request)
        if isinstance(answer, NoAnswer | NeverSent):
            since_ns, many = self._silent or (self._clock.exchange_ns(), 0)
            self._silent = (since_ns, many + 1)
        else:
            self._silent = None
        return answer

    def fact(self) -> ReachFact | None:
        """Since when nothing was answered, and how many calls; None while it answers."""
        known = self._silent
        return None if known is None else ReachFact(since_ns=known[0], unanswered=known[1])

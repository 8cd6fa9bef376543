"""Whether the exchange serves us: since when it has not, told by every call that a lane makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from robson.api.facts import ReachFact
from robson.daemon import logs
from robson.domain.intents import CancelOrder, Intent
from robson.domain.ports import Clock, Exchange
from robson.domain.reports import Answer, ApiError, NeverSent, NoAnswer
from robson.domain.values import NS_PER_S

KEY_REFUSED = (-1022, -2014, -2015)
"""Codes of a key that is refused: its signature, its form, its rights or its address."""
NO_PAIR = -1121
"""Code of a symbol that the exchange does not have."""
LOST_S = 30
"""Exchange time after which an exchange that serves nothing counts as out of reach."""
_CALLER_REFUSED = (401, 403, 451)
"""HTTP: no key, a firewall, a place that is not served."""


class Reachable(Exchange, Protocol):
    """An exchange that may take a cancel from any thread."""

    def begin(self, request: CancelOrder) -> Callable[[], Answer] | None:
        """See :meth:`Reach.begin`."""


class Reach:
    """The exchange, listened to; may be asked by any thread, and each lane calls by its own."""

    def __init__(self, exchange: Reachable, clock: Clock) -> None:
        self._exchange = exchange
        self._clock = clock
        self._silent: ReachFact | None = None

    def call(self, request: Intent) -> Answer:
        """The exchange's own answer."""
        return self._heard(self._exchange.call(request))

    def begin(self, request: CancelOrder) -> Callable[[], Answer] | None:
        """Send a cancel and wait for nothing; its answer by calling what is returned, once. None
        where it cannot be: nothing has left.
        """
        sent = self._exchange.begin(request)
        return None if sent is None else lambda: self._heard(sent())

    def _heard(self, answer: Answer) -> Answer:
        before, refused = self._silent, _refused(answer)
        if refused or isinstance(answer, NoAnswer | NeverSent):
            since_ns = before.since_ns if before else self._clock.exchange_ns()
            many = before.unanswered if before else 0
            self._silent = ReachFact(since_ns=since_ns, unanswered=many + 1, refused=refused)
        else:
            self._silent = None
        _tell(before.refused if before else "", refused)
        return answer

    def fact(self) -> ReachFact | None:
        """Since when nothing was served, and how many calls; None while it serves."""
        return self._silent

    def within(self) -> bool:
        """Whether it is within reach, as far as anybody has tried."""
        silent = self._silent
        lost_ns = 0 if silent is None else self._clock.exchange_ns() - silent.since_ns
        return lost_ns < LOST_S * NS_PER_S


def _refused(answer: Answer) -> str:
    """How a request was refused whatever it asked for; empty for any other answer."""
    if not isinstance(answer, ApiError):
        return ""
    if answer.code in KEY_REFUSED:
        return f"{answer.code}: {answer.message}"
    return f"HTTP {answer.status}: {answer.message}" if answer.status in _CALLER_REFUSED else ""


def _tell(before: str, now: str) -> None:
    """A line for the log when it begins and when it is over."""
    if now and not before:
        logs.note(f"the exchange refuses this key or this address: {now}", "error")
    elif before and not now:
        logs.note("the exchange no longer refuses this key or this address")

"""User streams: what happens on an account, to whoever opened it with a token."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import attrs

from robson.connectors.simulated.entries import Entry
from robson.domain.identity import Scope
from robson.domain.values import NS_PER_MS
from robson.sim.venue.happenings import Reporter
from robson.sim.venue.market import Market
from robson.sim.venue.wire import ms

Tell = Callable[[dict[str, Any]], None]


@attrs.define
class Subscription:
    """One account told to one connection, until a time; a newer token makes it later."""

    number: int
    scope: Scope
    expires_ms: int
    tell: Tell

    def event(self, event: dict[str, Any]) -> None:
        """Tell an event in its wrapper."""
        self.tell({"subscriptionId": self.number, "event": event})


class UserStreams:
    """Everybody who listens to an account."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._numbers = itertools.count()
        self._subscriptions: list[Subscription] = []
        self._reporter = Reporter(market)
        self._fresh: list[Entry] = []
        market.books.listeners.append(self._fresh.append)

    # --- subscriptions ---------------------------------------------------------------------------

    def subscribe(self, text: str, tell: Tell) -> Subscription | None:
        """Open a token's stream, or extend it on the same connection; None for no valid token."""
        scope, expires = self._market.tokens.get(text, (None, 0))
        if scope is None or expires <= ms(self._market.driver.clock.now_ns):
            return None
        for known in self._subscriptions:
            if known.tell is tell and known.scope == scope:
                known.expires_ms = expires
                return known
        self.tick()  # what has happened already is not for the new one
        made = Subscription(next(self._numbers), scope, expires, tell)
        self._subscriptions.append(made)
        return made

    def leave(self, tell: Tell, number: int | None = None) -> None:
        """End one subscription of a connection, or all of them."""
        self._subscriptions = [
            one
            for one in self._subscriptions
            if one.tell is not tell or number not in (None, one.number)
        ]

    def of(self, tell: Tell) -> list[Subscription]:
        """The subscriptions of a connection."""
        return [one for one in self._subscriptions if one.tell is tell]

    # --- what is told ----------------------------------------------------------------------------

    def tick(self) -> None:
        """Tell what has happened, and end what has expired."""
        fresh, moved = self._fresh[:], dict[Scope, int]()
        self._fresh.clear()
        for entry in fresh:
            scope = getattr(entry, "scope", None)
            told = [one for one in self._subscriptions if one.scope == scope]
            for event in self._reporter.events(entry):
                for one in told:
                    one.event(event)
            if scope is not None and self._reporter.moves_balances(entry):
                moved[scope] = entry.at_ns // NS_PER_MS
        for scope, at in moved.items():
            for one in self._subscriptions:
                if one.scope == scope:
                    one.event(self._reporter.balances(scope, at))
        now = ms(self._market.driver.clock.now_ns)
        for one in [one for one in self._subscriptions if one.expires_ms <= now]:
            one.event({"e": "eventStreamTerminated", "E": now})
            self._subscriptions.remove(one)

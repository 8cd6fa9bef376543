"""What goes wrong in a world, by seed: on the wire, at the exchange, and to the process itself."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from robson.connectors.simulated.driver import Trip
from robson.connectors.simulated.faults import ExchangeFaults
from robson.domain.intents import Intent
from robson.domain.values import NS_PER_MS, NS_PER_S


class Crash(BaseException):
    """The process ends here. Not an Exception: nothing may catch it on the way."""


class FaultPlan:
    """No faults unless ``rate`` says so; every one that strikes is counted."""

    def __init__(self, seed: int, *, rate: float = 0.0, crash_rate: float = 0.0) -> None:
        self._random = Random(f"faults {seed}")  # noqa: S311 - chance by seed, not secrets
        self.rate = rate
        self.crash_rate = crash_rate
        self.counts: Counter[str] = Counter()
        self.crash_points: Counter[str] = Counter()
        self.wire = FaultyWire(self)
        self.exchange = FaultyExchange(self)

    def cease(self) -> None:
        """From here on nothing goes wrong."""
        self.rate = self.crash_rate = 0.0

    def strikes(self, kind: str, share: float = 1.0) -> bool:
        """Whether a fault happens now."""
        if self._random.random() >= self.rate * share:
            return False
        self.counts[kind] += 1
        return True

    def dead_ns(self) -> int:
        """How long a dead process stays dead."""
        return self._random.randrange(200 * NS_PER_MS, 4 * NS_PER_S)

    def between(self, low_ns: int, high_ns: int) -> int:
        """A duration by chance."""
        return self._random.randrange(low_ns, high_ns)

    def step(self, point: str, _what: Any) -> None:
        """A point at which the process may die."""
        if self.crash_rate and self._random.random() < self.crash_rate:
            self.counts["crash"] += 1
            self.crash_points[point] += 1
            raise Crash(point)


class FaultyWire:
    """Requests and answers that are lost or slow."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan

    def trip(self, request: Intent, now_ns: int) -> Trip:
        """The trip of one request."""
        plan = self._plan
        out_ns = plan.between(5 * NS_PER_MS, 60 * NS_PER_MS)
        back_ns = plan.between(5 * NS_PER_MS, 60 * NS_PER_MS)
        if plan.strikes("lost_request"):
            return Trip(out_ns=None, back_ns=None)
        if plan.strikes("lost_answer"):
            return Trip(out_ns=out_ns, back_ns=None)
        if plan.strikes("slow_answer"):
            return Trip(out_ns=out_ns, back_ns=plan.between(NS_PER_S, 9 * NS_PER_S))
        return Trip(out_ns=out_ns, back_ns=back_ns)


class FaultyExchange(ExchangeFaults):
    """An exchange that hides orders for a while and forgets to repay."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._hidden: dict[str, int] = {}

    def hides_order(self, client_id: str, since_accept_ns: int) -> bool:
        """Stale -2013 for up to 15 s after the order was accepted."""
        if client_id not in self._hidden:
            strikes = self._plan.strikes("hidden_order")
            self._hidden[client_id] = self._plan.between(0, 15 * NS_PER_S) if strikes else 0
        return since_accept_ns < self._hidden[client_id]

    def skips_repay(self, client_id: str) -> bool:
        """A filled order whose debt is left alone."""
        return self._plan.strikes("skipped_repay")



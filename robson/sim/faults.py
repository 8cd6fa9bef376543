"""What goes wrong in a world, by seed: on the wire, at the exchange, and to the process itself.

Every fault that strikes is counted and leaves the span of time for which it excuses the daemon: a
bound is judged outside of these spans, so that it says something about Robson and not about chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import attrs

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import TOTAL_NS, Trip
from robson.connectors.simulated.faults import ExchangeFaults, Piece
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.intents import Intent, PlaceOrder
from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_MS, NS_PER_S
from robson.sim.chance import Chance

RECOVERY_NS = 30 * NS_PER_S
"""An outcome that a fault made unknown has to be known again within this time."""
REBORN_NS = 5 * NS_PER_S
"""Within this time after a start everything is protected again."""
POLL_NS = 30 * NS_PER_S
"""How often a resting stop is asked after: one that vanished is missed until then."""

KINDS = (
    "lost_request",
    "lost_answer",
    "late_answer",
    "stalled_answer",
    "held_request",
    "hidden_order",
    "skipped_repay",
    "refused_entry",
    "refused_stop",
    "refused_exit",
    "overloaded",
    "dropped_stop",
    "thin_book",
    "several_trades",
    "slow_matching",
    "crash",
    "power_cut",
)
"""Everything that can strike."""

_REFUSED = {
    Purpose.ENTRY: "refused_entry",
    Purpose.INSURANCE: "refused_stop",
    Purpose.EXIT: "refused_exit",
}
_BUSY = ApiError(status=429, code=-1003, message="Too many requests; please use the websocket.")
_OVERLOADED = ApiError(status=503, code=-1001, message="Internal error; unable to process.")


class Crash(BaseException):
    """The process ends here. Not an Exception: nothing may catch it on the way."""


@attrs.frozen
class CrashAt:
    """Die at a point when it is passed for the ``nth`` time."""

    point: str
    nth: int = 1


@attrs.frozen
class Span:
    """A stretch of exchange time for which a fault, named by its kind, excuses the daemon."""

    since_ns: int
    until_ns: int
    kind: str


@attrs.frozen(kw_only=True)
class Severity:
    """How often what goes wrong.

    Attributes:
        requests: of all kinds but the death of the process.
        crashes: at each point at which the process may die.
        entries: of a position's first entry being refused.
    """

    requests: float = 0.0
    crashes: float = 0.0
    entries: float = 0.0


CALM = Severity()
SEVERITIES = {
    "calm": CALM,
    "rough": Severity(requests=0.02, crashes=0.002),
    "choosy": Severity(requests=0.02, crashes=0.001, entries=1.0),
    "harsh": Severity(requests=0.12, crashes=0.003),
    "deadly": Severity(requests=0.03, crashes=0.02),
}


def _nobody(_kind: str) -> None:
    """Nobody listens."""


class FaultPlan:
    """No faults unless a severity says so, or a crash is asked for at one point.

    Attributes:
        counts: how often each kind struck.
        passed: how often each point at which a process may die was passed.
        died_at: the points at which it did.
        chance: the only source of what happens here.
        clock, lot: the world's time, and the step of its quantities.
        told: hears of every fault that strikes on the wire or at the exchange.
        death_due: the process has to be ended as soon as the exchange has finished its step.
    """

    def __init__(
        self, seed: int, severity: Severity = CALM, *, crash_at: CrashAt | None = None
    ) -> None:
        self.chance = Chance(f"faults {seed}")
        self.severity = severity
        self.crash_at = crash_at
        self.clock = VirtualClock()
        self.lot = Decimal(0)
        self.counts: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.died_at: list[str] = []
        self.spans: list[Span] = []
        self.death_due = False
        self.told: Callable[[str], None] = _nobody
        self.wire = FaultyWire(self)
        self.exchange = FaultyExchange(self)

    def cease(self) -> None:
        """From here on nothing goes wrong."""
        self.severity = CALM
        self.crash_at = None

    def strikes(self, kind: str, share: float = 1.0) -> bool:
        """Whether a fault happens now."""
        if not self.chance.hits(self.severity.requests * share):
            return False
        self.strike(kind)
        return True

    def strike(self, kind: str) -> None:
        """A fault happens now."""
        self.counts[kind] += 1
        self.told(kind)

    def excuse(self, kind: str, until_ns: int, *, since_ns: int | None = None) -> None:
        """Note for how long a fault excuses what it led to."""
        begin_ns = self.clock.now_ns if since_ns is None else since_ns
        self.spans.append(Span(begin_ns, until_ns, kind))

    def dead_ns(self) -> int:
        """How long a dead process stays dead: mostly seconds, now and then a minute."""
        if self.chance.hits(0.12):
            return self.chance.between(5 * NS_PER_S, 90 * NS_PER_S)
        return self.chance.between(200 * NS_PER_MS, 4 * NS_PER_S)

    # --- the death of the process ----------------------------------------------------------------

    def step(self, point: str) -> None:
        """A point at which the process may die.

        Raises:
            Crash: it dies.
        """
        if self._dies(point):
            raise Crash(point)

    def step_outside(self, point: str) -> None:
        """The same while the exchange is at work: it does not die with the process."""
        self.death_due = self._dies(point) or self.death_due

    def _dies(self, point: str) -> bool:
        self.passed[point] += 1
        asked = self.crash_at
        dies = asked is not None and asked.point == point and asked.nth == self.passed[point]
        if not dies and self.severity.crashes:
            dies = self.chance.hits(self.severity.crashes)
        if dies:
            self.counts["crash"] += 1
            self.died_at.append(point)
        return dies


class FaultyWire:
    """Requests and answers that are lost, late, or kept waiting at the gateway."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan

    def trip(self, request: Intent, now_ns: int) -> Trip:
        """The trip of one request."""
        plan = self._plan
        out_ns = plan.chance.between(5 * NS_PER_MS, 60 * NS_PER_MS)
        back_ns = plan.chance.between(5 * NS_PER_MS, 60 * NS_PER_MS)
        if not plan.severity.requests:
            return Trip(out_ns=out_ns, back_ns=back_ns)
        if plan.strikes("lost_request"):
            plan.excuse("lost_request", now_ns + TOTAL_NS + RECOVERY_NS)
            return Trip(out_ns=None, back_ns=None)
        if plan.strikes("lost_answer"):
            plan.excuse("lost_answer", now_ns + TOTAL_NS + RECOVERY_NS)
            return Trip(out_ns=out_ns, back_ns=None)
        if plan.strikes("late_answer"):
            back_ns = plan.chance.between(NS_PER_S // 2, 9 * NS_PER_S // 2)
            plan.excuse("late_answer", now_ns + out_ns + back_ns + REBORN_NS)
        elif plan.strikes("stalled_answer", 0.5):
            back_ns = plan.chance.between(TOTAL_NS, 2 * TOTAL_NS)
            plan.excuse("stalled_answer", now_ns + TOTAL_NS + RECOVERY_NS)
        if plan.strikes("held_request", 0.5):
            held_ns = plan.chance.between(NS_PER_S // 10, 4 * NS_PER_S)
            plan.excuse("held_request", now_ns + held_ns + RECOVERY_NS)
            return Trip(out_ns=out_ns, back_ns=back_ns, held_ns=held_ns)
        return Trip(out_ns=out_ns, back_ns=back_ns)


class FaultyExchange(ExchangeFaults):
    """An exchange that hides orders, refuses, forgets to repay, and loses stops."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._hidden: dict[str, int] = {}
        self._refused: set[str] = set()
        self._dropping: dict[str, int | None] = {}

    def rejects(self, request: Intent) -> ApiError | None:
        """Refuse one attempt of a position's order, or be overloaded."""
        plan = self._plan
        if isinstance(request, PlaceOrder) and plan.severity.requests:
            kind = _REFUSED[request.purpose]
            if self._refuses(kind, f"{kind} {request.position}"):
                plan.excuse(kind, plan.clock.now_ns + REBORN_NS)
                return _BUSY
        if plan.strikes("overloaded", 0.5):
            plan.excuse("overloaded", plan.clock.now_ns + RECOVERY_NS)
            return _OVERLOADED
        return None

    def _refuses(self, kind: str, key: str) -> bool:
        """Once for each position and kind of order."""
        plan = self._plan
        if key in self._refused:
            return False
        chosen = kind == "refused_entry" and plan.chance.hits(plan.severity.entries)
        if chosen:
            plan.strike(kind)
        if chosen or plan.strikes(kind, 4.0):
            self._refused.add(key)
            return True
        return False

    def hides_order(self, client_id: str, since_accept_ns: int) -> bool:
        """Stale -2013 for up to 15 s after the order was accepted."""
        if client_id not in self._hidden:
            strikes = self._plan.strikes("hidden_order", 3.0)
            self._hidden[client_id] = self._plan.chance.between(0, 15 * NS_PER_S) if strikes else 0
            if strikes:
                self._plan.excuse("hidden_order", self._plan.clock.now_ns + RECOVERY_NS)
        return since_accept_ns < self._hidden[client_id]

    def skips_repay(self, client_id: str) -> bool:
        """A filled order whose debt is left alone."""
        return self._plan.strikes("skipped_repay", 4.0)

    def drops_stop(self, client_id: str, since_accept_ns: int) -> bool:
        """A resting stop that the exchange ends by itself, some time after it took it."""
        plan = self._plan
        if client_id not in self._dropping:
            drops = plan.chance.hits(plan.severity.requests * 2)
            self._dropping[client_id] = plan.chance.between(0, 30 * NS_PER_S) if drops else None
        after_ns = self._dropping[client_id]
        if after_ns is None or since_accept_ns < after_ns or not plan.severity.requests:
            return False
        plan.strike("dropped_stop")
        plan.excuse("dropped_stop", plan.clock.now_ns + POLL_NS + REBORN_NS)
        self._dropping[client_id] = None
        return True

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        """A book that gives a market order less than all, in several trades, or slowly."""
        plan = self._plan
        thin = plan.lot and plan.strikes("thin_book", 3.0)
        several = plan.lot and plan.strikes("several_trades", 3.0)
        slow = plan.lot and plan.strikes("slow_matching", 5.0)
        if not (thin or several or slow):
            return None
        ours = read_client_order_id(client_id)
        entry = ours is not None and ours.purpose is Purpose.ENTRY
        lots = int(quantity / plan.lot)
        if thin:
            most = plan.chance.pick((lots, lots, min(lots, 9), min(lots, 9), 0))
            lots = plan.chance.between(0, most)
        pieces = self._pieces(lots, several=bool(several or slow), slow=bool(slow))
        if thin or (slow and not entry):
            # An entry that fills slowly excuses nothing: what is there is protected in time.
            last_ns = max((piece.after_ns for piece in pieces), default=0)
            kind = "slow_matching" if slow else "thin_book"
            plan.excuse(kind, plan.clock.now_ns + last_ns + REBORN_NS)
        return pieces

    def _pieces(self, lots: int, *, several: bool, slow: bool) -> tuple[Piece, ...]:
        """Up to four trades, each somewhat dearer and, where it is slow, later than the last."""
        chance, lot = self._plan.chance, self._plan.lot
        cuts = sorted({chance.between(0, lots) for _ in range(3 if several else 0)} | {0, lots})
        pieces: list[Piece] = []
        after_ns, worse_bps = 0, 0
        for since, until in pairwise(cuts):
            if slow and (pieces or chance.hits(0.3)):
                after_ns += chance.between(50 * NS_PER_MS, 3 * NS_PER_S)
            size = (until - since) * lot
            pieces.append(Piece(quantity=size, worse_bps=Decimal(worse_bps), after_ns=after_ns))
            worse_bps += chance.below(3) if several else 0
        return tuple(pieces)

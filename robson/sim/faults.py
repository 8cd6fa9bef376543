"""What goes wrong in a world, by seed: on the wire, at the exchange, and to the process itself.

Every fault that strikes is counted and leaves the span of time for which it excuses the daemon: a
bound is judged outside of these spans, so that it says something about Robson and not about chance.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import pairwise

import attrs

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import TOTAL_NS, Trip
from robson.connectors.simulated.faults import Piece
from robson.connectors.simulated.feed import Feed
from robson.connectors.simulated.kinds import KINDS as TABLE
from robson.connectors.simulated.kinds import Strike
from robson.connectors.simulated.roles import role_of, role_of_id
from robson.connectors.simulated.troubles import TroubledExchange, TroubledWire
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


@attrs.frozen
class Often:
    """How often a kind strikes among those that are drawn from, and for how long if it lasts."""

    weight: int
    seconds: tuple[float, float] = (0.0, 0.0)
    share: tuple[float, float] = (0.0, 0.0)


MIX: Mapping[str, Often] = {
    "late_matching": Often(24, (0.2, 10)),
    "answer_twice": Often(6, (0.01, 6)),
    "answers_swapped": Often(6),
    "outage": Often(5, (1, 60)),
    "rate_limit": Often(4, (0, 5)),
    "banned": Often(4, (1, 40)),
    "maintenance": Often(5, (1, 40)),
    "bus_error": Often(6),
    "backend_timeout": Often(6),
    "html_page": Often(6),
    "clock": Often(12),
    "clock_stepped": Often(12, (1, 20)),
    "key_revoked": Often(4, (1, 40)),
    "busy_debt": Often(100),
    "nothing_to_lend": Often(80),
    "little_to_lend": Often(60, (5, 60), (0.0, 0.6)),
    "halted": Often(16, (1, 30)),
    "filters_grown": Often(16, (1, 30)),
    "price_band": Often(14),
    "stale_answer": Often(24, (0.1, 15)),
    "account_lag": Often(20, (0.1, 5)),
    "trades_missing": Often(30),
    "trades_doubled": Often(30),
    "foreign_order": Often(14, share=(0.01, 0.5)),
    "foreign_stop": Often(2, share=(0.01, 0.5)),
    "foreign_cancel": Often(4),
    "foreign_loan": Often(1, share=(0.01, 0.5)),
    "foreign_deposit": Often(1, share=(0.01, 0.5)),
    "foreign_withdrawal": Often(1, share=(0.01, 0.5)),
    "liquidated": Often(3),
    "feed_silence": Often(6, (0.5, 30)),
    "bad_tick": Often(4, share=(0.001, 0.1)),
}
"""What is drawn for a request in trouble, one kind at most; weight 0 is never drawn."""
_OWN = (
    "lost_request",
    "lost_answer",
    "late_answer",
    "stalled_answer",
    "held_request",
    "hidden_order",
    "skipped_repay",
    "rate_limit",
    "overloaded",
    "dropped_stop",
    "dead_stop",
    "thin_book",
    "several_trades",
    "slow_matching",
    "crash",
    "power_cut",
)
KINDS = tuple(dict.fromkeys((*_OWN, *(kind for kind, often in MIX.items() if often.weight))))
"""Everything that strikes in worlds."""

TRADING = 6
"""How many times as often as a question a request that trades is in trouble."""
_UNDER_WAY = 8
"""More requests than these are never on their way at once."""
_BUSY = ApiError(
    status=429,
    code=-1003,
    message="Too many requests; please use the websocket.",
    retry_after_ns=NS_PER_S,
)
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
        requests: of the commonest kinds, each by itself.
        troubles: of a request being struck by one of ``MIX``.
        crashes: at each point at which the process may die.
        entries: of a position's first entry being refused.
    """

    requests: float = 0.0
    troubles: float = 0.0
    crashes: float = 0.0
    entries: float = 0.0


CALM = Severity()
SEVERITIES = {
    "calm": CALM,
    "rough": Severity(requests=0.02, troubles=0.03, crashes=0.002),
    "choosy": Severity(requests=0.02, troubles=0.02, crashes=0.001, entries=1.0),
    "harsh": Severity(requests=0.12, troubles=0.08, crashes=0.003),
    "deadly": Severity(requests=0.03, troubles=0.03, crashes=0.02),
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
        self.feed = Feed()
        self.wire = FaultyWire(self)
        self.exchange = FaultyExchange(self)
        self._drawn = Chance(f"troubles {seed}")
        self._in_trouble: deque[tuple[Intent, str]] = deque(maxlen=_UNDER_WAY)

    def cease(self) -> None:
        """From here on nothing goes wrong."""
        self.severity = CALM
        self.crash_at = None
        self.wire.struck.cease()
        self.exchange.struck.cease()
        self.feed.silent_ns = 0

    def strikes(self, kind: str, share: float = 1.0) -> bool:
        """Whether a fault happens now."""
        if not self.chance.hits(self.severity.requests * share):
            return False
        self.strike(kind)
        return True

    def draw(self, request: Intent) -> None:
        """Decide whether a request is in trouble, and in which."""
        if not self.severity.troubles:
            return
        role = role_of(request)
        share = self.severity.troubles * (1 if role == "question" else TRADING)
        if not self._drawn.hits(share):
            return
        kinds = [kind for kind in MIX if role in TABLE[kind].requests]
        weights = [MIX[kind].weight for kind in kinds]
        place = self._drawn.below(sum(weights))
        for kind, weight in zip(kinds, weights, strict=True):
            place -= weight
            if place < 0:
                self._in_trouble.append((request, kind))
                return

    def against(self, kind: str, request: Intent) -> Strike | None:
        """The trouble of a kind that a request is in, once."""
        if not any(known is request and its == kind for known, its in self._in_trouble):
            return None
        self._in_trouble.remove((request, kind))
        often = MIX[kind]
        low, high = often.seconds
        seconds = low + (high - low) * self._drawn.share()
        least, most = often.share
        share = least + (most - least) * self._drawn.share()
        self.strike(kind)
        self.excuse(kind, self.clock.now_ns + int(seconds * NS_PER_S) + RECOVERY_NS)
        return Strike(Decimal(f"{seconds:.6f}"), Decimal(f"{share:.6f}"))

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


class FaultyWire(TroubledWire):
    """Requests and answers that are lost, late, or kept waiting at the gateway."""

    def __init__(self, plan: FaultPlan) -> None:
        super().__init__(plan.against, plan.feed)
        self._plan = plan

    def trip(self, request: Intent, now_ns: int) -> Trip:
        """The trip of one request."""
        self._plan.draw(request)
        return self.trouble(request, self._way(request, now_ns), now_ns)

    def _way(self, request: Intent, now_ns: int) -> Trip:
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


class FaultyExchange(TroubledExchange):
    """An exchange that hides orders, refuses, forgets to repay, and loses stops."""

    def __init__(self, plan: FaultPlan) -> None:
        super().__init__(plan.against)
        self._plan = plan
        self._hidden: dict[str, int] = {}
        self._refused: set[str] = set()
        self._dropping: dict[str, int | None] = {}

    def rejects(self, request: Intent, at_ns: int) -> ApiError | None:
        """Refuse one attempt of a position's order, or be overloaded."""
        plan = self._plan
        at_risk = plan.severity.requests > 0
        if at_risk and isinstance(request, PlaceOrder) and self._refuses(request):
            plan.excuse("rate_limit", plan.clock.now_ns + REBORN_NS)
            return _BUSY
        if plan.strikes("overloaded", 0.5):
            plan.excuse("overloaded", plan.clock.now_ns + RECOVERY_NS)
            return _OVERLOADED
        return super().rejects(request, at_ns)

    def _refuses(self, request: PlaceOrder) -> bool:
        """Once for each position and kind of order."""
        plan, entry = self._plan, request.purpose is Purpose.ENTRY
        key = f"{request.purpose.name} {request.position}"
        if key in self._refused:
            return False
        chosen = entry and plan.chance.hits(plan.severity.entries)
        if chosen:
            plan.strike("rate_limit")
        if chosen or plan.strikes("rate_limit", 4.0):
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
        if role_of_id(client_id) == "insurance" and plan.strikes("dead_stop", 20.0):
            plan.excuse("dead_stop", plan.clock.now_ns + POLL_NS + REBORN_NS)
            return ()
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
            if not entry and plan.feed.silent_ns > plan.clock.now_ns:
                last_ns += POLL_NS  # nobody is told that a stop has ended, as of one that vanished
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

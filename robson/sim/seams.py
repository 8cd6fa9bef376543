"""The daemon's edges in virtual time: lanes without threads, and a journal, that may die.

Before and after everything that leaves or becomes durable stands a point with a name
(``entry.send:before``) at which the process can end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import Driver
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.roles import role_of
from robson.daemon.monitor import Message
from robson.daemon.ticks import TickBoard
from robson.domain import events as e
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.intents import Intent
from robson.domain.ports import Recorded
from robson.domain.reports import Answer, NoAnswer
from robson.domain.values import ExchangeNs
from robson.exec.executor import Fence, classify, not_sent, refuses
from robson.exec.lanes import Lane, lane_of, priority_of
from robson.exec.patience import Patience
from robson.sim.chance import Chance
from robson.sim.faults import FaultPlan
from robson.sim.unheard import Unheard
from robson.store.codec import decode
from robson.store.memory import MemoryJournal

_PURPOSES = {
    Purpose.ENTRY: "entry",
    Purpose.INSURANCE: "insurance",
    Purpose.EXIT: "exit",
    Purpose.UNTRACKED: "exit",
    Purpose.CANCEL: "cancel",
}
_COMMITS: dict[type, str] = {
    e.PositionArmed: "armed.commit",
    e.EntryRequested: "entry.intent",
    e.EntryPartlyFilled: "entry.result",
    e.EntryFilled: "entry.result",
    e.EntryFailed: "entry.result",
    e.InsuranceRequested: "insurance.intent",
    e.InsurancePlaced: "insurance.result",
    e.InsuranceFailed: "insurance.result",
    e.InsuranceCancelling: "cancel.intent",
    e.EntryCancelling: "cancel.intent",
    e.InsuranceCancelled: "cancel.result",
    e.InsuranceGone: "cancel.result",
    e.ExitTriggered: "trigger.commit",
    e.ExitRequested: "exit.intent",
    e.ExitFilled: "exit.result",
    e.ExitRetry: "exit.result",
    e.RepayRequested: "repay.intent",
    e.PositionClosed: "closed.commit",
    e.PnlSettled: "settled.commit",
}
STAGES = ("intent", "send", "accept", "answer", "result")
POINTS = tuple(
    f"{purpose}.{stage}:{side}"
    for purpose in ("entry", "insurance", "exit")
    for stage in STAGES
    for side in ("before", "after")
)
"""The points of the orders that open, protect and close a position."""


def commit_point(event: e.Event) -> str:
    """The point at which an event becomes durable."""
    if isinstance(event, e.OrderSending):
        ours = read_client_order_id(event.client_id)
        return f"{_PURPOSES[ours.purpose] if ours else 'foreign'}.sending"
    return _COMMITS.get(type(event), "other.commit")


_ANY = (-(1 << 62), 1 << 62)


class SeededIds:
    """128-bit ids, time-ordered, from the seed."""

    def __init__(self, chance: Chance, clock: VirtualClock) -> None:
        self._chance = chance
        self._clock = clock

    def bits(self) -> int:
        """Milliseconds of virtual time above, chance below."""
        return (self._clock.now_ns // 1_000_000) << 80 | self._chance.bits(80)


class BoardRelay:
    """The board of whichever daemon lives now; prices fall on nobody while none does.

    Args:
        offered: hears of every price that falls on somebody.

    Attributes:
        unseen: the lowest and the highest price that fell on nobody; None for none.
    """

    def __init__(self, offered: Callable[[int], None]) -> None:
        self.inner: TickBoard | None = None
        self._offered = offered
        self.unseen: tuple[int, int] | None = None

    def passes(self, price: int) -> None:
        """Note a price that nobody waited for; it counts where nobody lives."""
        if self.inner is None:
            low, high = self.unseen or (price, price)
            self.unseen = min(low, price), max(high, price)

    @property
    def band(self) -> tuple[int, int] | None:
        """The band of the living board; without one no price matters."""
        return self.inner.band if self.inner is not None else _ANY

    @property
    def has_price(self) -> bool:
        """Whether a price has been seen."""
        return self.inner is not None and self.inner.last is not None

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        """Pass a price on."""
        if self.inner is None:
            self.passes(price)
            return False
        self._offered(price)
        return self.inner.offer(price, at_ns, jump=jump)


class Lanes:
    """The executor's three lanes without threads: each carries one request at a time.

    Args:
        leaves: sees every request at the instant at which it goes on the wire.
        unheard: says of a request without an answer what the real connector says.

    Attributes:
        patience: what the exchange has asked for.
    """

    def __init__(
        self,
        driver: Driver,
        fence: Fence,
        report: Callable[[Message], None],
        faults: FaultPlan,
        leaves: Callable[[Intent], None],
        unheard: Unheard,
    ) -> None:
        self._driver = driver
        self._fence = fence
        self._report = report
        self._faults = faults
        self._leaves = leaves
        self._unheard = unheard
        self._waiting: dict[Lane, list[tuple[int, int, Intent]]] = {lane: [] for lane in Lane}
        self._busy: set[Lane] = set()
        self._count = 0
        self.patience = Patience()
        self.dead = False

    def send(self, intent: Intent) -> None:
        """Put an intent on its lane."""
        point = f"{role_of(intent)}.send"
        self._faults.step(f"{point}:before")
        self._count += 1
        lane = lane_of(intent)
        self._waiting[lane].append((priority_of(intent), self._count, intent))
        self._next(lane)
        self._faults.step(f"{point}:after")

    def has_left(self, intent: Intent) -> None:
        """It went by this way, too."""

    def _next(self, lane: Lane) -> None:
        if lane in self._busy or not self._waiting[lane]:
            return
        self._waiting[lane].sort()
        _, _, intent = self._waiting[lane].pop(0)
        now = self._driver.clock.exchange_ns()
        signing_ns = self._driver.clock.signing_ns()
        refusal = refuses(intent, self._fence, signing_ns) or self.patience.refuses(intent, now)
        if refusal is not None:
            self._report(not_sent(intent, refusal, now))
            self._next(lane)
            return
        self._busy.add(lane)
        self._leaves(intent)
        waiting = [lane]
        self._driver.submit(
            intent, lambda answer, sent: self._answered(waiting, intent, answer, sent)
        )

    def _answered(
        self, waiting: list[Lane], intent: Intent, answer: Answer, sent: ExchangeNs
    ) -> None:
        """Report an answer; the first one frees the lane, one that comes again does not."""
        if self.dead:
            return
        point = f"{role_of(intent)}.answer"
        self._faults.step(f"{point}:before")
        received = self._driver.clock.exchange_ns()
        if isinstance(answer, NoAnswer):
            answer = self._unheard.call(intent)
        self.patience.hear(intent, answer, received)
        self._report(classify(intent, answer, sent_ns=sent, received_ns=received))
        for lane in waiting:
            self._busy.discard(lane)
            self._next(lane)
        waiting.clear()
        self._faults.step(f"{point}:after")


class MortalJournal:
    """The journal with a point before and after each commit; what was read once is kept."""

    def __init__(self, rows: MemoryJournal, faults: FaultPlan) -> None:
        self.rows = rows
        self._faults = faults
        self._read: list[e.Event] = []

    @property
    def epoch(self) -> int:
        """The epoch of the process that writes."""
        return self.rows.epoch

    def reopen(self) -> None:
        """Another process takes the journal over."""
        self.rows = self.rows.reopened()

    def append(self, events: Sequence[e.Event]) -> tuple[Recorded, ...]:
        """Append, unless the process dies here."""
        points = list(dict.fromkeys(commit_point(event) for event in events))
        for point in points:
            self._faults.step(f"{point}:before")
        recorded = self.rows.append(events)
        for point in points:
            self._faults.step(f"{point}:after")
        return recorded

    def read(self, after_seq: int = 0) -> Iterator[Recorded]:
        """All events; each has gone through the codec, once."""
        rows = self.rows.rows
        self._read.extend(decode(kind, payload) for _, kind, payload in rows[len(self._read) :])
        for place, event in enumerate(self._read[after_seq:], after_seq + 1):
            yield Recorded(seq=place, epoch=rows[place - 1][0], event=event)


class WatchedExchange(SimExchange):
    """The exchange, with a point before and after it takes a request in."""

    mortal: FaultPlan

    def handle(
        self,
        request: Intent,
        *,
        at_ns: ExchangeNs,
        arrived_ns: ExchangeNs | None = None,
        forwarded_ns: ExchangeNs | None = None,
    ) -> Answer:
        """Answer; whether the process that asked lives on is not the exchange's business."""
        point = f"{role_of(request)}.accept"
        self.mortal.step_outside(f"{point}:before")
        answer = super().handle(
            request, at_ns=at_ns, arrived_ns=arrived_ns, forwarded_ns=forwarded_ns
        )
        self.mortal.step_outside(f"{point}:after")
        return answer

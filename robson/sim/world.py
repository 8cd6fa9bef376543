"""One seeded life after another: the daemon's own step objects in virtual time, with faults.

Monitor, executor, resolver and roster are the daemon's classes; only threads and sockets are
missing. The exchange outlives every crash of the process it serves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from random import Random
from typing import Any

import attrs

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import Answered, Driver, Woken
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.generator import generate, generate_history
from robson.connectors.simulated.player import Player
from robson.connectors.simulated.rules import instrument_for
from robson.connectors.simulated.tape import Tape
from robson.daemon.messages import Asked, TimerDue, Wake
from robson.daemon.custody import Custody, Market
from robson.daemon.monitor import Message, Monitor
from robson.daemon.roster import Roster
from robson.daemon.ticks import TickBoard
from robson.domain.commands import Arm, Command, Panic
from robson.domain.events import Event, Started
from robson.domain.identity import AccountId, Scope
from robson.domain.intents import Intent
from robson.domain.lifecycle import TableLaw
from robson.domain.ports import Recorded
from robson.domain.position import PositionView
from robson.domain.reports import Answer, CandleClosed
from robson.domain.values import NS_PER_S, Candle, ExchangeNs, Side
from robson.engine.context import Settings
from robson.exec.executor import Fence, classify, not_sent, refuses
from robson.exec.lanes import Lane, lane_of, priority_of
from robson.sim.faults import Crash, FaultPlan
from robson.store.memory import MemoryJournal

ACCOUNT = AccountId("sim")
VERSION = "world"
HEALING_NS = 120 * NS_PER_S
"""With the faults over, every position has to be settled within this virtual time."""


class SeededIds:
    """128-bit ids, time-ordered, from the seed."""

    def __init__(self, random: Random, clock: VirtualClock) -> None:
        self._random = random
        self._clock = clock

    def bits(self) -> int:
        """Milliseconds of virtual time above, chance below."""
        return (self._clock.now_ns // 1_000_000) << 80 | self._random.getrandbits(80)


class Lanes:
    """The executor's three lanes without threads: each carries one request at a time."""

    def __init__(
        self,
        driver: Driver,
        fence: Fence,
        report: Callable[[Message], None],
        faults: FaultPlan,
    ) -> None:
        self._driver = driver
        self._fence = fence
        self._report = report
        self._faults = faults
        self._waiting: dict[Lane, list[tuple[int, int, Intent]]] = {lane: [] for lane in Lane}
        self._busy: set[Lane] = set()
        self._count = 0
        self.dead = False

    def send(self, intent: Intent) -> None:
        """Put an intent on its lane."""
        self._faults.step("send:before", intent)
        self._count += 1
        lane = lane_of(intent)
        self._waiting[lane].append((priority_of(intent), self._count, intent))
        self._next(lane)
        self._faults.step("send:after", intent)

    def _next(self, lane: Lane) -> None:
        if lane in self._busy or not self._waiting[lane]:
            return
        self._waiting[lane].sort()
        _, _, intent = self._waiting[lane].pop(0)
        now = self._driver.clock.exchange_ns()
        refusal = refuses(intent, self._fence, now)
        if refusal is not None:
            self._report(not_sent(intent, refusal, now))
            self._next(lane)
            return
        self._busy.add(lane)
        self._driver.submit(intent, lambda answer, sent: self._answered(lane, intent, answer, sent))

    def _answered(self, lane: Lane, intent: Intent, answer: Answer, sent: ExchangeNs) -> None:
        if self.dead:
            return
        self._busy.discard(lane)
        received = self._driver.clock.exchange_ns()
        self._report(classify(intent, answer, sent_ns=sent, received_ns=received))
        self._next(lane)


class TappedJournal:
    """The journal with a crash point before and after each commit."""

    def __init__(self, journal: MemoryJournal, faults: FaultPlan) -> None:
        self.inner = journal
        self._faults = faults

    def append(self, events: Sequence[Event]) -> tuple[Recorded, ...]:
        """Append, unless the process dies here."""
        self._faults.step("commit:before", events)
        recorded = self.inner.append(events)
        self._faults.step("commit:after", events)
        return recorded

    def read(self, after_seq: int = 0) -> Any:
        """All events."""
        return self.inner.read(after_seq)


@attrs.define(kw_only=True)
class Life:
    """What one world came to."""

    seed: int
    views: list[PositionView]
    events: list[Recorded]
    crashes: int
    simulated_s: int
    driver: Driver
    journal: MemoryJournal


class World:
    """One exchange, one tape, one daemon that may die and come back."""

    def __init__(
        self,
        seed: int,
        *,
        tape: Tape | None = None,
        faults: FaultPlan | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.random = Random(f"world {seed}")  # noqa: S311 - chance by seed, not secrets
        self.seed = seed
        self.tape = tape or generate(seed)
        self.instrument = instrument_for(self.tape.symbol, tape=self.tape)
        self.faults = faults or FaultPlan(seed)
        self.clock = VirtualClock(self.tape.first_ns)
        self.exchange = SimExchange([self.instrument], faults=self.faults.exchange)
        self.scope = Scope(ACCOUNT, self.instrument.symbol)
        self.board = BoardRelay()
        self.player = Player(
            self.tape, self.instrument, self.exchange, self.board, self._held
        )
        history = generate_history(
            seed,
            instrument=self.instrument,
            before_ns=self.tape.first_ns,
            price=self.tape.first_price,
        )
        self.history: list[Candle] = self.player.remember(history)
        self.driver = Driver(self.exchange, [self.player], self.clock, self.faults.wire)
        self.journal = MemoryJournal()
        self.settings = settings or Settings()
        self.inbox: deque[Message] = deque()
        self.candles: list[Candle] = list(self.history)
        self.side: Side | None = None
        self.crashes = 0
        self.witness: Callable[[Recorded, PositionView | None], None] | None = None
        self.on_step: Callable[[World], None] | None = None

    def _held(self) -> Side | None:
        for view in self.monitor.roster.live():
            if view.side is not None:
                return view.side
        return self.side

    # --- the daemon, born again after each crash -------------------------------------------------

    def boot(self) -> None:
        """Start the daemon on whatever its journal holds."""
        self.inbox.clear()
        self.driver.bring_along()
        board = TickBoard()
        self.board.inner = board
        ticks = self.exchange.market(self.instrument.symbol).ticks
        if ticks is not None:
            board.offer(ticks, self.clock.exchange_ns(), jump=True)
        epoch = self.journal.epoch
        self.lanes = Lanes(
            self.driver, Fence(epoch=epoch), self.inbox.append, self.faults
        )
        roster = Roster(TappedJournal(self.journal, self.faults), TableLaw, witness=self.witness)
        custody = Custody(
            account=ACCOUNT,
            roster=roster,
            clock=self.clock,
            ids=SeededIds(self.random, self.clock),
            outbox=self.lanes,
            markets={
                str(self.instrument.symbol): Market(
                    instrument=self.instrument, board=board, candles=list(self.candles)
                )
            },
            settings=self.settings,
            epoch=epoch,
        )
        self.monitor = Monitor(custody)
        roster.load()
        self.monitor.recover()
        started = Started(
            at_ns=self.clock.exchange_ns(), epoch=epoch, version=VERSION, instance="world"
        )
        roster.commit((started,))
        self._drain()

    def _reboot(self) -> None:
        """The process has died; the market and the wire go on without it."""
        self.crashes += 1
        self.lanes.dead = True
        self.board.inner = None
        dead_until = self.clock.now_ns + self.faults.dead_ns()
        while (at_ns := self.driver.next_ns()) is not None and at_ns <= dead_until:
            for happened in self.driver.advance(at_ns):
                self._while_dead(happened)
        self.clock.move_to(max(self.clock.now_ns, dead_until))
        self.journal = self.journal.reopened()
        self._start()

    def _while_dead(self, happened: Any) -> None:
        if isinstance(happened, CandleClosed):
            self.candles.append(happened.candle)
        elif isinstance(happened, Answered):
            happened.deliver(happened.answer, happened.sent_ns)

    # --- time ------------------------------------------------------------------------------------

    def ask(self, command: Command) -> Future[Any]:
        """Put a command to the daemon."""
        answer: Future[Any] = Future()
        self.inbox.append(Asked(command, answer))
        self._drain_or_die()
        return answer

    def _drain_or_die(self) -> None:
        try:
            self._drain()
        except Crash:
            self._reboot()

    def _drain(self) -> None:
        while self.inbox:
            message = self.inbox.popleft()
            self.faults.step("message", message)
            self.monitor.step(message)
            if self.on_step is not None:
                self.on_step(self)

    def once(self) -> bool:
        """Let the next thing happen; False when nothing ever will."""
        market_ns, timer_ns = self.driver.next_ns(), self.monitor.next_due_ns()
        if market_ns is None and timer_ns is None:
            return False
        try:
            if timer_ns is not None and (market_ns is None or timer_ns <= market_ns):
                self.clock.move_to(max(timer_ns, self.clock.now_ns))
                self.inbox.append(TimerDue())
            elif market_ns is not None:
                for happened in self.driver.advance(market_ns):
                    self._deliver(happened)
            self._drain()
        except Crash:
            self._reboot()
        return True

    def _deliver(self, happened: Any) -> None:
        match happened:
            case Woken():
                self.inbox.append(Wake(happened.symbol))
            case CandleClosed():
                self.candles.append(happened.candle)
                self.inbox.append(happened)
            case Answered():
                happened.deliver(happened.answer, happened.sent_ns)

    def until(self, done: Callable[[], bool], *, at_most: int = 2_000_000) -> bool:
        """Go on until something is so; False when the market ended first."""
        for _ in range(at_most):
            if done():
                return True
            if not self.once():
                return done()
        return done()

    # --- one life --------------------------------------------------------------------------------

    def live(self, command: Arm, *, deposit: Any) -> Life:
        """Arm, and let the position live until it is settled or the tape ends."""
        self.exchange.deposit(
            self.scope, self.instrument.symbol.quote, deposit, at_ns=self.clock.exchange_ns()
        )
        self.side = command.side
        self._start()
        self.until(lambda: self.monitor.roster.month is not None and self.board.has_price)
        began_ns = self.clock.now_ns
        self._arm(command)
        self.until(lambda: self._over() or self.driver.at_end)
        self._end_of_tape()
        return Life(
            seed=self.seed,
            views=list(self.monitor.roster.views.values()),
            events=list(self.journal.read()),
            crashes=self.crashes,
            simulated_s=(self.clock.now_ns - began_ns) // NS_PER_S,
            driver=self.driver,
            journal=self.journal,
        )

    def _start(self) -> None:
        try:
            self.boot()
        except Crash:
            self._reboot()

    def _arm(self, command: Arm) -> None:
        """Ask until the daemon has armed it, as a person would; one key, so it is one position."""
        while not self.monitor.roster.views and not self.driver.at_end:
            crashes, answer = self.crashes, self.ask(command)
            self.until(lambda: answer.done() or self.crashes > crashes)

    def _end_of_tape(self) -> None:
        """Leave what is still open; from here nothing goes wrong any more, so it has to end."""
        self.faults.cease()
        deadline_ns = self.clock.now_ns + HEALING_NS
        if not self._over():
            self.ask(Panic(actor="world", reason="tape_end"))
        self.until(lambda: self._over() or self.clock.now_ns > deadline_ns)

    def _over(self) -> bool:
        return not self.monitor.roster.live() and bool(self.monitor.roster.views)


class BoardRelay:
    """The board of whichever daemon lives now; prices fall on nobody while none does."""

    def __init__(self) -> None:
        self.inner: TickBoard | None = None

    @property
    def band(self) -> tuple[int, int] | None:
        """The band of the living board."""
        return self.inner.band if self.inner is not None else None

    @property
    def has_price(self) -> bool:
        """Whether a price has been seen."""
        return self.inner is not None and self.inner.last is not None

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        """Pass a price on."""
        return self.inner.offer(price, at_ns, jump=jump) if self.inner is not None else False

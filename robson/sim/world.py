"""One seeded world: the daemon's own step objects in virtual time, with faults.

Monitor, executor, resolver and roster are the daemon's classes; only threads and sockets are
missing. The exchange outlives every crash of the process it serves.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import Answered, Driver, Woken
from robson.connectors.simulated.feed import FedBoard
from robson.connectors.simulated.player import Player
from robson.connectors.simulated.rules import instrument_for
from robson.daemon.custody import Custody, Market
from robson.daemon.messages import Asked, TimerDue, Unseen, Wake
from robson.daemon.monitor import Message, Monitor
from robson.daemon.roster import Roster
from robson.daemon.strategies import SHIPPED, Shelf
from robson.daemon.ticks import TickBoard
from robson.domain.accounts import Started, Stopped
from robson.domain.commands import Command
from robson.domain.identity import AccountId, Scope
from robson.domain.intents import Intent
from robson.domain.lifecycle import PositionState, TableLaw
from robson.domain.ports import Recorded
from robson.domain.reports import CandleClosed
from robson.domain.values import NS_PER_S, Candle, Side
from robson.domain.view import PositionView
from robson.engine.settings import Settings
from robson.exec.executor import Fence
from robson.sim.chance import Chance
from robson.sim.coast import Coaster
from robson.sim.faults import REBORN_NS, RECOVERY_NS, Crash, FaultPlan
from robson.sim.markets import Market as Tapes
from robson.sim.observer import UNEXPECTED, Broken, Observer
from robson.sim.seams import BoardRelay, Lanes, MortalJournal, SeededIds, WatchedExchange
from robson.sim.unheard import Unheard
from robson.sim.window import status_of
from robson.store.memory import MemoryJournal

ACCOUNT = AccountId("sim")
VERSION = "world"
STILL_MAX = 10_000
STOPPING_NS = 20 * NS_PER_S
"""So long an orderly stop waits for answers, as the daemon does."""


class World:
    """One exchange, one tape, one daemon that may die and come back.

    Args:
        only_limited: the symbol takes no stop but one with a limit, as many do.
        player: plays the tape; the daemon's own unless somebody knows that nobody looks on.

    Attributes:
        secret: what nothing that leaves the process may say.
        alarm_ns: when somebody outside wants to look; time does not pass it unseen.
        trace: hash over every message of every step, every row and every request.
    """

    def __init__(
        self,
        seed: int,
        tapes: Tapes,
        *,
        faults: FaultPlan | None = None,
        settings: Settings | None = None,
        exchange: type[WatchedExchange] = WatchedExchange,
        only_limited: bool = False,
        player: type[Player] = Player,
        strategies: Shelf = SHIPPED,
    ) -> None:
        self.seed = seed
        self.tape = tapes.tape
        self.instrument = instrument_for(self.tape.symbol, tape=self.tape)
        if only_limited:
            listed = self.instrument.order_types - {"STOP_LOSS"}
            self.instrument = attrs.evolve(self.instrument, order_types=listed)
        self.symbol = str(self.instrument.symbol)
        self.scope = Scope(ACCOUNT, self.instrument.symbol)
        self.faults = faults or FaultPlan(seed)
        self.clock = VirtualClock(self.tape.first_ns)
        self.faults.clock = self.clock
        self.faults.lot = self.instrument.order_step
        self.exchange = exchange([self.instrument], faults=self.faults.exchange)
        self.exchange.mortal = self.faults
        self.board = BoardRelay(self._offered)
        self.player = player(
            self.tape,
            self.instrument,
            self.exchange,
            FedBoard(self.board, self.faults.feed),
            self._held,
        )
        if isinstance(self.player, Coaster):
            self.player.passed = self.board.passes  # type: ignore[method-assign]
        self.candles: list[Candle] = self.player.remember(tapes.past)
        self.driver = Driver(self.exchange, [self.player], self.clock, self.faults.wire)
        self.journal = MortalJournal(MemoryJournal(), self.faults)
        self.settings = settings or Settings()
        self._strategies = strategies
        self.inbox: deque[Message] = deque()
        self.observer = Observer()
        self.crashes = 0
        self.steps = 0
        self.began_ns = self.clock.now_ns
        self.alarm_ns: int | None = None
        self.secret = f"secret-{Chance(f'secret {seed}').bits(128):032x}"
        self._unheard = Unheard(self.secret, lambda: self.clock.now_ns)
        self._ids = SeededIds(Chance(f"ids {seed}"), self.clock)
        self._trace = hashlib.sha256()
        self._rows_noted = 0
        self._lanes: Lanes | None = None
        self._looked_at: set[tuple[object, ...]] = set()
        self._seen_ns = self._still = 0

    @property
    def trace(self) -> str:
        """Hash over everything that happened."""
        return self._trace.hexdigest()

    def _held(self) -> Side | None:
        live = self.monitor.roster.live()
        return next((view.side for view in live if view.side is not None), None)

    # --- the daemon, born again after each crash -------------------------------------------------

    def start(self) -> None:
        """Start the daemon on whatever its journal holds, until it lives."""
        try:
            self._boot()
        except Crash as crash:
            self._reboot(crash)

    def _boot(self) -> None:
        self.inbox.clear()
        self.driver.bring_along()
        board = TickBoard()
        self.board.inner = board
        now = self.clock.exchange_ns()
        ticks = self.exchange.market(self.instrument.symbol).ticks
        if ticks is not None:
            board.offer(ticks, now, jump=True)
        epoch = self.journal.epoch
        self._lanes = Lanes(
            self.driver,
            Fence(epoch=epoch),
            self.inbox.append,
            self.faults,
            self._leaves,
            self._unheard,
        )
        roster = Roster(self.journal, TableLaw, witness=self._witness)
        roster.load()
        custody = Custody(
            account=ACCOUNT,
            roster=roster,
            clock=self.clock,
            ids=self._ids,
            outbox=self._lanes,
            patience=self._lanes.patience,
            markets={
                self.symbol: Market(
                    instrument=self.instrument,
                    board=board,
                    candles=list(self.candles),
                    forming=self.player.forming,
                )
            },
            settings=self.settings,
            epoch=epoch,
            strategies=self._strategies,
            ahead=self._lanes.send,
        )
        self.monitor = Monitor(custody)
        self.observer.found(roster.live())
        self.monitor.recover(self.unseen())
        roster.commit((Started(at_ns=now, epoch=epoch, version=VERSION, instance="world"),))
        self.observer.reborn()
        self._drain()
        self.look()

    def unseen(self) -> Mapping[str, Unseen] | None:
        """How far the price went while nobody lived; None where it did not move."""
        unseen, self.board.unseen = self.board.unseen, None
        return {self.symbol: Unseen(*unseen)} if unseen is not None else None

    def kill(self, *, dead_ns: int, woken: Callable[[], int | None] | None = None) -> None:
        """End the process without warning, and start another one later.

        ``woken`` is asked while nobody is there; its first answer is how long it still takes.
        """
        self._reboot(Crash("killed"), dead_ns, woken)

    def _reboot(
        self,
        crash: Crash,
        dead_ns: int | None = None,
        woken: Callable[[], int | None] | None = None,
    ) -> None:
        """The process has died; the market and the wire go on without it."""
        self.crashes += 1
        self.faults.death_due = False
        died_ns = self.clock.now_ns
        doubt = self._in_doubt()
        self.observer.died(str(crash))
        self._end()
        self._pass(died_ns + (self.faults.dead_ns() if dead_ns is None else dead_ns), woken)
        doubt = doubt or not self.exchange.market(self.instrument.symbol).stops
        after_ns = RECOVERY_NS if doubt else REBORN_NS
        self.faults.excuse("crash", self.clock.now_ns + after_ns, since_ns=died_ns)
        self.journal.reopen()
        self.start()

    def _in_doubt(self) -> bool:
        """Whether the process dies with a request under way, so that an outcome is unknown.

        So it is too when its stop is gone by the time somebody looks again.
        """
        pursuits = self.monitor.custody.pursuits.values()
        return any(p.sending or p.trigger or p.resolutions for p in pursuits) or any(
            view.state is not PositionState.ACTIVE or view.insurance.state != "resting"
            for view in self.monitor.roster.live()
            if view.state is not PositionState.ARMED
        )

    def _under_way(self) -> bool:
        return any(pursuit.sending for pursuit in self.monitor.custody.pursuits.values())

    def stop(self) -> bool:
        """End the process in order: it waits for what is under way, and leaves what rests at rest.

        False when it died instead, and was started again.
        """
        asked_ns, crashes = self.clock.now_ns, self.crashes
        self.until(lambda: not self._under_way(), alarm_ns=asked_ns + STOPPING_NS)
        if self.crashes > crashes:
            return False
        now = self.clock.exchange_ns()
        stops = self.exchange.market(self.instrument.symbol).stops.values()
        rested = [order.client_id for order in stops]
        try:
            self.monitor.roster.commit((Stopped(at_ns=now, epoch=self.journal.epoch),))
        except Crash as crash:
            self._reboot(crash)
            return False
        self._end()
        self.observer.stopped(self.clock.now_ns - asked_ns, rested)
        return True

    def resume(self, after_ns: int) -> None:
        """Start another process some time after an orderly stop."""
        stopped_ns = self.clock.now_ns
        known_ns = RECOVERY_NS if self._in_doubt() else REBORN_NS
        self._pass(stopped_ns + after_ns)
        self.faults.excuse("stopped", self.clock.now_ns + known_ns, since_ns=stopped_ns)
        self.journal.reopen()
        self.start()

    def look(self) -> None:
        """Ask for the status, as a person would who has not seen things stand like this."""
        live = self.monitor.roster.live()
        stands = tuple((view.state, view.insurance.state, len(view.orders)) for view in live)
        if stands in self._looked_at:
            return
        self._looked_at.add(stands)
        try:
            status = status_of(self.monitor, ACCOUNT, self.began_ns)
        except UNEXPECTED as error:
            self.observer.looked(error)
        else:
            self.observer.looked(status)

    def _end(self) -> None:
        if self._lanes is not None:
            self._lanes.dead = True
        self.board.inner = None

    def _pass(self, until_ns: int, woken: Callable[[], int | None] | None = None) -> None:
        """Let time pass while nobody is there."""
        while (at_ns := self.driver.next_ns()) is not None and at_ns <= until_ns:
            for happened in self.driver.advance(at_ns):
                match happened:
                    case CandleClosed():
                        self.candles.append(happened.candle)
                    case Answered():
                        happened.deliver(happened.answer, happened.sent_ns)
                    case Woken():
                        pass
            after_ns = woken() if woken is not None else None
            if after_ns is not None:
                until_ns, woken = min(until_ns, self.clock.now_ns + after_ns), None
        self.faults.death_due = False
        self.clock.move_to(max(self.clock.now_ns, until_ns))

    # --- what is seen ----------------------------------------------------------------------------

    def _witness(self, recorded: Recorded, view: PositionView | None) -> None:
        if recorded.seq > self._rows_noted:
            self._rows_noted = recorded.seq
            self._note(f"row {recorded.seq} {recorded.epoch}", recorded.event)
        self.observer.witness(recorded, view)

    def _offered(self, price: int) -> None:
        self.observer.offered(price)

    def _leaves(self, intent: Intent) -> None:
        self._note("leaves", intent)
        self.observer.leaves(intent)

    def _note(self, what: str, value: object) -> None:
        self._trace.update(f"{self.clock.now_ns} {what} {value!r}\n".encode())

    # --- time ------------------------------------------------------------------------------------

    def ask(self, command: Command) -> Asked:
        """Put a command to the daemon."""
        asked = Asked(command)
        self.inbox.append(asked)
        try:
            self._drain()
        except Crash as crash:
            self._reboot(crash)
        return asked

    def _drain(self) -> None:
        while self.inbox:
            message = self.inbox.popleft()
            self._note("hears", message.command if isinstance(message, Asked) else message)
            self.observer.heard(message)
            self.faults.step("message")
            try:
                self.monitor.step(message)
            except UNEXPECTED as error:
                raise Broken(f"{type(error).__name__}: {error}") from error
            self.steps += 1
        self.observer.moved()

    def once(self) -> bool:
        """Let the next thing happen; False when nothing ever will.

        Raises:
            Broken: so much happens at one instant that virtual time stands still.
        """
        self._still = self._still + 1 if self.clock.now_ns == self._seen_ns else 0
        self._seen_ns = self.clock.now_ns
        if self._still > STILL_MAX:
            raise Broken(f"{STILL_MAX} things happened at one instant")
        market_ns = self.driver.next_ns()
        timer_ns = self.monitor.next_due_ns(market_ns)
        dues = [ns for ns in (market_ns, timer_ns, self.alarm_ns) if ns is not None]
        if market_ns is None and timer_ns is None:
            return False
        try:
            due_ns = min(dues)
            if due_ns == self.alarm_ns:
                self._look_up(due_ns)
            elif due_ns == timer_ns:
                self._look_up(due_ns)
                self.inbox.append(TimerDue())
            else:
                for happened in self.driver.advance(due_ns):
                    self._deliver(happened)
            if self.faults.death_due:
                raise Crash(self.faults.died_at[-1])
            self._drain()
        except Crash as crash:
            self._reboot(crash)
        return True

    def _look_up(self, due_ns: int) -> None:
        """Go to an instant at which nothing happens in the market."""
        self.clock.move_to(max(due_ns, self.clock.now_ns))
        for woken in self.driver.bring_along():
            self._deliver(woken)
        self.alarm_ns = None if self.alarm_ns == due_ns else self.alarm_ns

    def _deliver(self, happened: Any) -> None:
        match happened:
            case Woken():
                self.inbox.append(Wake(happened.symbol))
            case CandleClosed():
                self.candles.append(happened.candle)
                self.inbox.append(happened)
            case Answered():
                happened.deliver(happened.answer, happened.sent_ns)

    def until(
        self, done: Callable[[], bool], *, at_most: int = 2_000_000, alarm_ns: int | None = None
    ) -> bool:
        """Go on until something is so; False when the market ended first.

        ``alarm_ns``: an instant at which it has to be asked.
        """
        self.alarm_ns = alarm_ns
        for _ in range(at_most):
            if done():
                return True
            if not self.once():
                return done()
        return done()

    def deposit(self, amount: Decimal) -> None:
        """Bring own money into the pair."""
        asset, now = self.instrument.symbol.quote, self.clock.exchange_ns()
        self.exchange.deposit(self.scope, asset, amount, at_ns=now)

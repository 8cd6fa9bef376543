"""What a price costs where many positions are watched on one symbol: quiet, leaving, a whole tape.

Without the disk: what is journaled is kept in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, cast

import attrs
from bench_kit import CannotMeasure, Goal, Row, Run, Timed, alternate, timed

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.rules import instrument_for
from robson.daemon.custody import Custody, Market
from robson.daemon.messages import Wake
from robson.daemon.monitor import Monitor
from robson.daemon.roster import Roster
from robson.daemon.ticks import TickBoard
from robson.domain import events as e
from robson.domain.identity import PositionId
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.lifecycle import TableLaw
from robson.domain.plan import EntryPlan
from robson.domain.ports import Recorded
from robson.domain.values import ExchangeNs, Price
from robson.engine.settings import Settings
from robson.engine.stop import insurance_stop

MANY, FEW = 10_000, 10
BATCH = 20_000
TAPE = 5_000
"""Prices of one tape, of which each crowd's nearest stops are touched ``HITS`` times."""
HITS = 4
FLAT = Goal(of="ratio", must=1.5, aim=1.2)


@attrs.define
class Copies:
    """A journal that holds the beginning of one life many times, each a tick farther away.

    ``raised`` counts the stops that were raised since.
    """

    beginning: Sequence[e.Event]
    count: int
    instrument: Instrument
    seq: int = 0
    raised: int = 0

    def read(self, after_seq: int = 0) -> Iterator[Recorded]:
        """The events of the account once, those of the position for every copy."""
        own = [event for event in self.beginning if isinstance(event, e.PositionEvent)]
        for event in self.beginning:
            if not isinstance(event, e.PositionEvent):
                yield self._recorded(event)
        for number in range(self.count):
            for event in self._copy(own, number):
                yield self._recorded(event)

    def _copy(self, own: Sequence[e.PositionEvent], number: int) -> Iterator[e.PositionEvent]:
        stop_price: Price | None = None
        for event in own:
            copied: Any = attrs.evolve(cast("Any", event), position=PositionId.of(number))
            if isinstance(event, e.SizingDecided):
                plan = self._farther(event.plan, number)
                stop_price = plan.insurance.stop_price
                copied = attrs.evolve(copied, plan=plan)
            elif isinstance(event, e.InsurancePlaced):
                copied = attrs.evolve(copied, stop_price=stop_price)
            yield copied

    def append(self, events: Sequence[e.Event]) -> tuple[Recorded, ...]:
        """Durable at once: the disk has a measurement of its own."""
        self.raised += sum(isinstance(event, e.StopRaised) for event in events)
        return tuple(self._recorded(event) for event in events)

    def _recorded(self, event: e.Event) -> Recorded:
        self.seq += 1
        return Recorded(seq=self.seq, epoch=1, event=event)

    def _farther(self, plan: EntryPlan, number: int) -> EntryPlan:
        side = plan.stops.side
        away = number * self.instrument.tick * side.sign
        stop, entry = Price(plan.stops.stop - away), Price(plan.stops.entry_ref + away)
        stops = attrs.evolve(plan.stops, stop=stop, entry_ref=entry)
        rests = insurance_stop(stop=stop, span=stops.span, side=side, instrument=self.instrument)
        return attrs.evolve(plan, stops=stops, insurance=rests)


@attrs.frozen
class Sent:
    """An outbox that only counts."""

    intents: list[Intent] = attrs.Factory(list)

    def send(self, intent: Intent) -> None:
        self.intents.append(intent)

    def has_left(self, intent: Intent) -> None:
        self.intents.append(intent)


class NoIds:
    """Nothing is armed here."""

    def bits(self) -> int:
        raise CannotMeasure("the monitor asked for a new identity")


class Crowd:
    """A monitor with so many protected positions on one symbol, no two stops or rungs alike."""

    def __init__(self, life: Sequence[e.Event], count: int) -> None:
        armed = next(event for event in life if isinstance(event, e.PositionArmed))
        raised = next(i for i, event in enumerate(life) if isinstance(event, e.StopRaised))
        plan = next(event.plan for event in life if isinstance(event, e.SizingDecided))
        self._symbol = str(armed.scope.symbol)
        instrument = instrument_for(armed.scope.symbol)
        self._now = ExchangeNs(life[raised - 1].at_ns)
        self.sent, self.board = Sent(), TickBoard()
        self.journal = Copies(life[:raised], count, instrument)
        roster = Roster(self.journal, TableLaw)
        roster.load()
        custody = Custody(
            account=armed.scope.account,
            roster=roster,
            clock=VirtualClock(self._now),
            ids=NoIds(),
            outbox=self.sent,
            markets={self._symbol: Market(instrument=instrument, board=self.board)},
            settings=Settings(),
            epoch=1,
        )
        for view in roster.live():
            custody.pursuit(view.id).asked_ns = self._now
        self._monitor = Monitor(custody)
        self.price = instrument.ticks(instrument.price_down(plan.stops.entry_ref))
        self.offer(self.price)
        self._monitor.step(Wake(self._symbol))
        if self.sent.intents or self.board.band is None:
            raise CannotMeasure("positions that should be at rest want something of the exchange")

    def edges(self) -> tuple[int, int]:
        """The nearest stop and the nearest rung, in ticks."""
        if self.board.band is None:
            raise CannotMeasure("the monitor is still capturing")
        return self.board.band

    def offer(self, price: int) -> bool:
        """Leave a price on the board; whether it woke the monitor."""
        return self.board.offer(price, self._now, jump=True)

    def leave(self) -> float:
        """Seconds in the monitor for a tick that hits the nearest stop and no other."""
        taken = len(self.sent.intents)
        took = self._wake(self.edges()[0])
        if len(self.sent.intents) != taken + 1:
            raise CannotMeasure("a price at one stop did not send one cancel")
        return took

    def climb(self) -> float:
        """Seconds in the monitor for a tick that raises the nearest stop and no other."""
        raised = self.journal.raised
        took = self._wake(self.edges()[1])
        if self.journal.raised != raised + 1:
            raise CannotMeasure("a price at one rung did not raise one stop")
        return took

    def _wake(self, price: int) -> float:
        if not self.offer(price):
            raise CannotMeasure("a price at an edge did not wake the monitor")
        started = time.perf_counter()
        self._monitor.step(Wake(self._symbol))
        return time.perf_counter() - started

    def tape(self, length: int) -> float:
        """Seconds a price for a tape in which a few prices hit a stop, board and monitor both."""
        chance = Random(1)  # noqa: S311 - the same prices every time
        near = [self.price + chance.randrange(-FEW, FEW) for _ in range(length)]
        places = {length * hit // HITS for hit in range(1, HITS)} | {length - 1}
        taken = len(self.sent.intents)
        started = time.perf_counter()
        for place, price in enumerate(near):
            if self.offer(self.edges()[0] if place in places else price):
                self._monitor.step(Wake(self._symbol))
        took = time.perf_counter() - started
        if len(self.sent.intents) != taken + HITS:
            raise CannotMeasure(f"a tape that hits {HITS} stops did not send {HITS} cancels")
        return took / length


def _inside(crowd: Crowd, count: int) -> Timed:
    offer, price, now = crowd.board.offer, crowd.price, ExchangeNs(0)

    def work() -> None:
        for _ in range(count):
            offer(price, now, jump=True)

    return timed(work, count)


def _of_few(life: Sequence[e.Event], measure: Callable[[Crowd], float], uses: int) -> Timed:
    """The same with few positions; a crowd that was used so often is replaced by a fresh one."""
    used = 0
    crowd = Crowd(life, FEW)

    def once() -> float:
        nonlocal used, crowd
        if used == uses:
            used, crowd = 0, Crowd(life, FEW)
        used += 1
        return measure(crowd)

    return once


def decision(run: Run) -> list[Row]:
    """A tick's decision must cost the same however many levels are watched."""
    life, count = run.life, run.count(MANY, least=8 * FEW)
    many, few = Crowd(life, count), Crowd(life, FEW)
    batch, length = run.count(BATCH), run.count(TAPE, least=8 * HITS)
    against = f"{count:,} positions on one pair against {FEW}"
    quiet = alternate(_inside(many, batch), _inside(few, batch), rounds=run.count(40), bound_s=6)
    leaving = alternate(
        many.leave, _of_few(life, Crowd.leave, FEW // 2), rounds=run.count(100), bound_s=8
    )
    tape = alternate(
        lambda: many.tape(length),
        _of_few(life, lambda crowd: crowd.tape(length), FEW // HITS),
        rounds=run.count(20),
        bound_s=8,
    )
    raising = alternate(
        many.climb, _of_few(life, Crowd.climb, FEW // 2), rounds=run.count(100), bound_s=8
    )
    return [
        quiet.row("decision.inside", f"TickBoard.offer inside the band, {against}", "ns", FLAT),
        leaving.row(
            "decision.leaving", f"monitor.step for a tick that hits one stop, {against}", "us", FLAT
        ),
        raising.row(
            "decision.raising",
            f"monitor.step for a tick that raises one stop, {against}",
            "us",
            FLAT,
        ),
        tape.row(
            "decision.tape",
            f"a price of a tape of {length:,} that hits {HITS} stops, board and monitor, {against}",
            "ns",
            FLAT,
        ),
    ]

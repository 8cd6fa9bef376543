"""What a price costs: on the board, in the monitor when it leaves the band, and on a long tape."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
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
from robson.domain.identity import PositionId, Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.lifecycle import TableLaw
from robson.domain.plan import EntryPlan
from robson.domain.ports import Recorded
from robson.domain.strategy import TrailingMode
from robson.domain.values import ExchangeNs, Price, Side, Ticks
from robson.engine.band import run as judge_all
from robson.engine.context import Settings
from robson.engine.exits import Hit, Ladder, Raise, Watch
from robson.engine.stop import insurance_stop

MANY, FEW = 10_000, 10
BATCH = 20_000
TAPE = 200_000
STEP = 500
"""Ticks: 5 USDT at 60,000, under one basis point, the most that a price of the tape moves."""
FLAT = Goal(of="ratio", must=1.5, aim=1.2)


# --- many positions on one symbol ----------------------------------------------------------------


@attrs.define
class Copies:
    """A journal that holds the beginning of one life many times, each a tick farther away."""

    beginning: Sequence[e.Event]
    count: int
    instrument: Instrument
    seq: int = 0

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
        return tuple(self._recorded(event) for event in events)

    def _recorded(self, event: e.Event) -> Recorded:
        self.seq += 1
        return Recorded(seq=self.seq, epoch=1, event=event)

    def _farther(self, plan: EntryPlan, number: int) -> EntryPlan:
        side = plan.stops.side
        stop = Price(plan.stops.stop - number * self.instrument.tick * side.sign)
        stops = attrs.evolve(plan.stops, stop=stop)
        rests = insurance_stop(stop=stop, span=stops.span, side=side, instrument=self.instrument)
        return attrs.evolve(plan, stops=stops, insurance=rests)


@attrs.frozen
class Sent:
    """An outbox that only counts."""

    intents: list[Intent] = attrs.Factory(list)

    def send(self, intent: Intent) -> None:
        self.intents.append(intent)


class NoIds:
    """Nothing is armed here."""

    def bits(self) -> int:
        raise CannotMeasure("the monitor asked for a new identity")


class Crowd:
    """A monitor with so many protected positions on one symbol, no two stops alike."""

    def __init__(self, life: Sequence[e.Event], count: int) -> None:
        armed = next(event for event in life if isinstance(event, e.PositionArmed))
        raised = next(i for i, event in enumerate(life) if isinstance(event, e.StopRaised))
        plan = next(event.plan for event in life if isinstance(event, e.SizingDecided))
        self._symbol = str(armed.scope.symbol)
        instrument = instrument_for(armed.scope.symbol)
        self._now = ExchangeNs(life[raised - 1].at_ns)
        self._stop = instrument.ticks(plan.stops.stop)
        self.sent, self.board = Sent(), TickBoard()
        roster = Roster(Copies(life[:raised], count, instrument), TableLaw)
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
        self.board.offer(self.price, self._now, jump=True)
        self._monitor.step(Wake(self._symbol))
        if self.sent.intents or self.board.band is None:
            raise CannotMeasure("positions that should be at rest want something of the exchange")

    def leave(self) -> float:
        """Seconds in the monitor for a tick that hits the nearest stop and no other."""
        taken = len(self.sent.intents)
        if not self.board.offer(self._stop - taken, self._now, jump=True):
            raise CannotMeasure("a price at the nearest stop did not wake the monitor")
        started = time.perf_counter()
        self._monitor.step(Wake(self._symbol))
        took = time.perf_counter() - started
        if len(self.sent.intents) != taken + 1:
            raise CannotMeasure("a price at one stop did not send one cancel")
        return took


def _inside(crowd: Crowd, count: int) -> Timed:
    offer, price, now = crowd.board.offer, crowd.price, ExchangeNs(0)

    def work() -> None:
        for _ in range(count):
            offer(price, now, jump=True)

    return timed(work, count)


def decision(run: Run) -> list[Row]:
    """A tick's decision must cost the same however many levels are watched."""
    count = run.count(MANY, least=FEW)
    many, few = Crowd(run.life, count), Crowd(run.life, FEW)
    batch = run.count(BATCH)
    quiet = alternate(_inside(many, batch), _inside(few, batch), rounds=run.count(40), bound_s=6)
    fewer = [few]

    def nearest_of_few() -> float:
        if len(fewer[0].sent.intents) > FEW // 2:
            fewer[0] = Crowd(run.life, FEW)
        return fewer[0].leave()

    leaving = alternate(many.leave, nearest_of_few, rounds=run.count(4), bound_s=8)
    return [
        quiet.row(
            "decision.inside",
            f"TickBoard.offer inside the band, {count:,} positions on one pair against {FEW}",
            "ns",
            FLAT,
        ),
        leaving.row(
            "decision.leaving",
            f"monitor.step for a tick that hits one stop, {count:,} positions on one pair against"
            f" {FEW}; without the disk",
            "ms",
            FLAT,
        ),
    ]


# --- one tick ------------------------------------------------------------------------------------


def tick(run: Run) -> list[Row]:
    """What the board adds to the comparison that has to be made."""
    low, high, now = 5_900_000, 6_100_000, ExchangeNs(0)
    chance = Random(1)  # noqa: S311 - the same prices every time
    prices = [6_000_000 + chance.randrange(-STEP, STEP) for _ in range(run.count(BATCH))]
    board = TickBoard()
    board.take_or_publish((low, high))

    def subject() -> None:
        offer = board.offer
        for price in prices:
            offer(price, now, jump=True)

    def floor() -> int:
        left = 0
        for price in prices:
            if not low < price < high:
                left += 1
        return left

    each = len(prices)
    pairs = alternate(timed(subject, each), timed(floor, each), rounds=run.count(60), bound_s=5)
    if board.band is None:
        raise CannotMeasure("a price inside the band left it")
    what = "TickBoard.offer inside the band, against the comparison alone, in line"
    return [pairs.row("tick", what, "ns")]


# --- a long tape ---------------------------------------------------------------------------------

Answers = list[tuple[int, Hit | Raise]]


def _watch(instrument: Instrument, entry: Ticks) -> Watch:
    price, span = instrument.price_of(entry), Decimal(200)
    stop = Price(price - span)
    ladder = Ladder(
        side=Side.LONG,
        entry_ref=price,
        span=span,
        be_bps=Decimal(25),
        mode=TrailingMode.HANDSPAN,
        instrument=instrument,
    )
    return Watch(side=Side.LONG, stop=stop, first_stop=stop, stop_gain=None, rung=0, ladder=ladder)


def _lives(instrument: Instrument, prices: Sequence[Ticks], *, skip: bool) -> Answers:
    """One position after another to the end of the tape, each from where the last was hit."""
    found: Answers = []
    start = 0
    while start < len(prices):
        ahead = prices[start:]
        answers = judge_all(_watch(instrument, ahead[0]), ahead, skip=skip)
        found += [(start + place, answer) for place, answer in answers]
        if not answers or not isinstance(answers[-1][1], Hit):
            break
        start = found[-1][0] + 1
    return found


def skip(run: Run) -> list[Row]:
    """Searching the tape for the next price that matters, against judging each one."""
    instrument = instrument_for(Symbol("BTC", "USDT"))
    chance, at = Random(7), 6_000_000  # noqa: S311 - the same tape every time
    prices = []
    for _ in range(run.count(TAPE, least=20_000)):
        at += chance.randrange(-STEP, STEP + 1)
        prices.append(Ticks(at))
    answers: dict[bool, Answers] = {}

    def pass_over(*, skipping: bool) -> None:
        answers[skipping] = _lives(instrument, prices, skip=skipping)

    each = len(prices)
    pairs = alternate(
        timed(lambda: pass_over(skipping=True), each),
        timed(lambda: pass_over(skipping=False), each),
        rounds=run.count(3, least=1),
        bound_s=7,
    )
    one, other = set(answers[True]), set(answers[False])
    hits = sum(isinstance(answer, Hit) for _, answer in answers[False])
    told = f"{each:,} prices of a random walk, {len(other)} answers, {hits} of them hits"
    same = Row(
        name="skip.same",
        what=f"answers that differ between skipping ahead and tick by tick: {told}",
        unit="differ",
        subject=len(one ^ other) if other else None,
        goal=Goal(of="subject", must=0),
        binds=True,
    )
    return [
        same,
        pairs.row(
            "skip.speed", f"engine.band.run a price, skipping ahead, against each: {told}", "ns"
        ),
    ]

"""What a price costs: on the board, and on a long tape that is searched."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from bench_kit import CannotMeasure, Goal, Row, Run, alternate, timed

from robson.connectors.simulated.rules import instrument_for
from robson.daemon.ticks import TickBoard
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.strategy import TrailingMode
from robson.domain.values import ExchangeNs, Price, Side, Ticks
from robson.engine.band import run as judge_all
from robson.engine.exits import Hit, Ladder, Raise, Watch

BATCH = 20_000
TAPE = 200_000
STEP = 500
"""Ticks: 5 USDT at 60,000, under one basis point, the most that a price of the tape moves."""


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

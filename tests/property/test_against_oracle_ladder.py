"""Compares exits with the ladder oracle: each raise, each stop and the exit, price by price.

Prices, entries and stops lie on the symbol's grid, as everything that comes from a market does.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from decimal import Decimal, localcontext
from itertools import pairwise
from random import Random

import attrs
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.player import Player
from robson.connectors.simulated.tape import Columns, Tape
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.strategy import TrailingMode
from robson.domain.values import MONEY, NS_PER_S, ExchangeNs, Price, Side, Ticks
from robson.engine.band import quiet_band, run
from robson.engine.exits import (
    Hit,
    Ladder,
    Raise,
    Watch,
    be_bps_auto,
    first_rung_anchor,
    judge,
)
from tests.oracle import ladder_oracle
from tests.oracle.grounds import GRIDS, most_ticks
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

# Without shrinking: a case is a whole story, and a shorter one is another.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
WIDE = settings(max_examples=max(700, settings().max_examples), phases=PHASES)
SLOW = settings(max_examples=max(600, settings().max_examples), phases=PHASES)
MODES = [f"{side.value} {mode.value}" for side in Side for mode in TrailingMode]
EXITS = [f"{side.value} {why}" for side in Side for why in ("stop_loss", "stop_gain")]
EXITS += [
    f"{side.value} trailing_stop {mode}" for side in Side for mode in ("handspan", "continuous")
]
Recorder = Callable[[str, object], None]
Walked = tuple[tuple[int, str] | None, list[Decimal], list[tuple[int, int, Decimal]]]
"""The exit (place and reason), the stop after each place, and each raise (place, rung, stop)."""


@attrs.frozen
class Case:
    """A fresh position, and where it stands in whole ticks."""

    watched: Watch
    position: ladder_oracle.Position
    entry_ticks: int
    span_ticks: int
    classes: tuple[str, ...]
    chance: Random


def some_be_bps(mix: Mix) -> tuple[Decimal, str]:
    """Explicit, or from fee and gap as both sides work it out."""
    if mix.rarely(2):
        return Decimal(mix.pick(("0", "15", "19.8", "120"))), "be explicit"
    fee, gap = Decimal(mix.pick(("0.001", "0.00075", "0"))), Decimal(mix.pick(("10", "0", "33")))
    found = be_bps_auto(fee=fee, gap_bps=gap)
    assert found == ladder_oracle.auto_be_bps(fee * 10_000, gap)
    return found, "be auto"


def a_target(mix: Mix, rules: Instrument, side: Side, entry: Price, stop: Price) -> Price | None:
    """A stop-gain as it is planned, one far enough to let the ladder climb, or none."""
    spans = Decimal(mix.pick(("2", "0", "1.37", "9")))
    with localcontext(MONEY):
        goal = entry + side.sign * spans * abs(entry - stop)
    if not spans or goal < rules.min_price + rules.tick:
        return None
    gain = rules.target_price(goal, side)
    if rules.min_price % rules.tick == 0:  # the oracle's target has no grid origin of its own
        assert gain == ladder_oracle.stop_gain_price(entry, stop, side.value, spans, rules.tick)
    return gain


def a_case(supply: bytes) -> Case:
    mix = Mix(supply)
    side, mode = mix.pick(tuple(Side)), mix.pick(tuple(TrailingMode)[::-1])
    tick = mix.pick(GRIDS)
    origin = mix.pick((Decimal(0), Decimal(0), tick, 7 * tick, tick / 2))
    rules = Instrument(symbol=Symbol("A", "B"), tick=tick, step=Decimal(1), min_price=origin)
    count = mix.magnitude(12, most_ticks(tick) - 8)
    bps = mix.pick((mix.number(10, 1000), mix.number(10, 25)))
    span = max(1, count * bps // 10_000)
    entry, stop = rules.price_of(count), rules.price_of(count - side.sign * span)
    be_bps, how = some_be_bps(mix)
    moved = mix.pick((0, 0, span // 5, -span // 2, span // 2, span - 1))
    fill = rules.price_of(count + moved)
    gain = a_target(mix, rules, side, entry, stop)
    inside = mix.pick((None, None, 1, span // 2, span - 1))
    unguarded = rules.price_of(count - side.sign * inside) if inside else None
    ladder = Ladder(
        side=side,
        entry_ref=entry,
        span=abs(entry - stop),
        be_bps=be_bps,
        mode=mode,
        instrument=rules,
        anchor=first_rung_anchor(entry_ref=entry, fill=fill, span=abs(entry - stop)),
        unguarded=unguarded,
    )
    classes = [f"{side.value} {mode.value}", how]
    if mode is TrailingMode.HANDSPAN and abs(moved) * 4 > span:
        classes.append("far fill")
    if mode is TrailingMode.CONTINUOUS:
        classes.append("step of a tick" if span <= 16 else "step of a sixteenth")
    if bps <= 25:
        classes.append("span of 25 bps or less")
    return Case(
        watched=Watch(side=side, stop=stop, first_stop=stop, stop_gain=gain, rung=0, ladder=ladder),
        position=ladder_oracle.Position(
            entry, stop, side.value, be_bps, tick, mode.value, gain, fill, origin, unguarded
        ),
        entry_ticks=count,
        span_ticks=span,
        classes=tuple(classes),
        chance=mix.chance(),
    )


cases = st.binary(min_size=BYTES, max_size=BYTES).map(a_case)


def some_prices(case: Case) -> list[Ticks]:
    """Small steps, jumps over several spans, and prices on a level or a tick beside it."""
    chance, sign, unit = case.chance, case.watched.side.sign, case.span_ticks
    lean = chance.choice((-1, 0, 1, 2))
    prices, at = [], case.entry_ticks
    for _ in range(chance.randint(1, 40)):
        way = chance.choice(("step", "step", "step", "rung", "leap"))
        if way == "step":
            most = max(2, unit // 3)
            at += sign * (chance.randint(-most, most) + lean * most // 8)
        elif way == "rung":
            beside = chance.choice((0, 0, 1, -1))
            at = case.entry_ticks + sign * (unit * chance.randint(-1, 4) + beside)
            at += sign * unit * chance.randint(0, 16) // 16 * chance.randint(0, 1)
        elif chance.random() < 0.3:
            at += sign * unit * chance.randint(-2, 4)
        at = max(1, at)
        prices.append(Ticks(at))
    return prices


def by_product(watched: Watch, prices: list[Ticks], *, skip: bool) -> Walked:
    """What ``run`` answered, as a path."""
    exit_, raises, stops = None, [], []
    answers = dict(run(watched, prices, skip=skip))
    stop: Decimal = watched.stop
    for place in range(len(prices)):
        answer = answers.get(place)
        if isinstance(answer, Raise):
            stop = answer.stop
            raises.append((place, answer.rung, stop))
        stops.append(stop)
        if isinstance(answer, Hit):
            exit_ = (place, answer.reason)
            break
    return exit_, stops, raises


def leaving(case: Case, walked: ladder_oracle.Walk, exit_: tuple[int, str, Decimal]) -> list[str]:
    """How a path ended, in words."""
    side, (_, reason, price) = case.watched.side.value, exit_
    trailed = f" {case.position.mode}" if reason == "trailing_stop" else ""
    level = case.position.stop_gain if reason == "stop_gain" else walked.stops[-1]
    jumped = f"jumped through the {'gain' if reason == 'stop_gain' else 'stop'}"
    return [f"{side} {reason}{trailed}", *([jumped] if price != level else [])]


def outcome(case: Case, walked: ladder_oracle.Walk) -> list[str]:
    """What happened on a path, in words."""
    mode = case.position.mode
    told = [*case.classes]
    told += ["still open"] if walked.exit is None else leaving(case, walked, walked.exit)
    released = case.position.unguarded in [stop for _, _, stop in walked.raises]
    told += ["guard released to the unguarded stop"] * released
    rungs = [0, *(rung for _, rung, _ in walked.raises)]
    if mode == "handspan" and len(rungs) > 1:
        told.append("first rung" if rungs[1] == 1 else "first rung left out")
        if rungs[-1] > 1:
            told.append("later rung")
    if any(after - before > 1 for before, after in pairwise(rungs)):
        told.append("several rungs at once")
    return told


def test_exits_and_stops_are_the_oracles(record_property: Recorder) -> None:
    """Going price by price and skipping ahead, both."""
    tally = Tally(
        "exits",
        (
            *(*MODES, *EXITS, "still open", "be auto", "be explicit", "far fill"),
            *("step of a tick", "step of a sixteenth", "span of 25 bps or less"),
            "guard released to the unguarded stop",
            *("first rung", "first rung left out", "later rung", "several rungs at once"),
            *("jumped through the stop", "jumped through the gain"),
        ),
    )

    @WIDE
    @given(case=cases)
    def compare(case: Case) -> None:
        prices = some_prices(case)
        price_of = case.watched.ladder.instrument.price_of
        walked = ladder_oracle.walk(case.position, [price_of(ticks) for ticks in prices])
        expected = (walked.exit[:2] if walked.exit else None, walked.stops, walked.raises)
        assert by_product(case.watched, prices, skip=False) == expected
        assert by_product(case.watched, prices, skip=True) == expected
        if case.position.mode == "off":
            assert not walked.raises
        tally.see(*outcome(case, walked))

    compare()
    tally.settle(record_property)


# ------------------------------------------------------------------------------------ whole bars


class Judge:
    """Stands where the daemon's board stands, and judges whatever the player leaves there."""

    def __init__(self, watched: Watch) -> None:
        self.watched = watched
        self.rows: Callable[[], int] = lambda: 0
        self.exit: tuple[int, str, Decimal] | None = None
        self.raises: list[tuple[int, int, Decimal]] = []

    @property
    def band(self) -> tuple[int, int] | None:
        if self.exit is not None:
            return None
        band = quiet_band(self.watched)
        return band.low, band.high

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        at = self.watched.ladder.instrument.price_of(price)
        answer = judge(self.watched, at) if self.exit is None else None
        if isinstance(answer, Hit):
            self.exit = (self.rows() - 1, answer.reason, at)
        elif isinstance(answer, Raise):
            self.watched = self.watched.raised(answer)
            self.raises.append((self.rows() - 1, answer.rung, answer.stop))
        return False


def some_bars(case: Case) -> list[tuple[int, int, int, int]]:
    """Open, high, low and close in ticks; some bars open where the last one closed."""
    chance, sign, unit = case.chance, case.watched.side.sign, case.span_ticks
    most, at, bars = max(2, unit // 2), case.entry_ticks, []
    count = chance.randint(1, 18)
    turn = chance.randint(0, count)
    for place in range(count):
        lean = sign * most // 3 if place < turn else -sign * most // 3
        if chance.random() < 0.3:
            at += lean + chance.randint(-most, most)
        first = max(1, at)
        last = max(1, first + lean + chance.randint(-most, most))
        high = max(first, last) + chance.randint(0, most) * chance.randint(0, 1)
        low = max(1, min(first, last) - chance.randint(0, most) * chance.randint(0, 1))
        bars.append((first, high, low, last))
        at = last
    return bars


PLACES = 9
BAR_NS = 60 * NS_PER_S


def played(case: Case, bars: list[tuple[int, int, int, int]]) -> Judge:
    """The bars through the shipped player, whose edges come from the position's quiet band."""
    rules = case.watched.ladder.instrument
    rows = [[int(rules.price_of(t).scaleb(PLACES)) for t in bar] for bar in bars]
    tape = Tape(
        name="bars",
        kind="generated",
        symbol=rules.symbol,
        columns=Columns(
            array("q", (place * BAR_NS for place in range(len(bars)))),
            tuple(array("q", column) for column in zip(*rows, strict=True)),
        ),
        places=PLACES,
        bar_ns=BAR_NS,
    )
    board = Judge(case.watched)
    player = Player(tape, rules, SimExchange([rules]), board, lambda: case.watched.side)
    board.rows = lambda: player.rows_played
    while board.exit is None and (at_ns := player.next_ns()) is not None:
        player.candles_at(at_ns)
        player.go_to(at_ns)
    return board


def test_bars_are_walked_as_the_oracle_walks_them(record_property: Recorder) -> None:
    """Open, adverse extreme, favourable extreme, close; an edge is met at its own price."""
    tally = Tally("bars", (*EXITS, "still open", "first rung", "jumped through the stop"))

    @SLOW
    @given(case=cases)
    def compare(case: Case) -> None:
        bars = some_bars(case)
        price_of = case.watched.ladder.instrument.price_of
        walked = ladder_oracle.walk_bars(
            case.position, [tuple(price_of(ticks) for ticks in bar) for bar in bars]
        )
        board = played(case, bars)
        assert board.exit == walked.exit
        assert board.raises == walked.raises
        tally.see(*outcome(case, walked))

    compare()
    tally.settle(record_property)

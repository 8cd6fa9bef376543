"""Markets for worlds: short, lively tapes by seed, whose past is known as candles.

A world's minute counts more than a recorded one: positions should reach their levels soon, so that
many lives fit into a second. Chance comes from the seed alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs

from robson.connectors.simulated.tape import Columns, Tape
from robson.domain.identity import Symbol
from robson.domain.values import CANDLE_NS, NS_PER_MS, NS_PER_S
from robson.sim.chance import Chance

PAST_CANDLES = 106
"""A lookback, and a few candles that it must not need."""
PAST_MOVE = 0.003
_START_NS = 1_763_553_600 * NS_PER_S  # 2025-11-19 12:00 UTC
_MONTH_END_NS = 1_764_547_200 * NS_PER_S  # 2025-12-01 00:00 UTC
_BEFORE_S = 600
"""A tape begins at most so long before a full hour, so that interest falls due in many of them."""
_PLACES = 8
_Row = tuple[int, tuple[int, ...]]

_PAIRS = (
    (Symbol("BTC", "USDT"), "60000", "0.01"),
    (Symbol("ETH", "USDT"), "3000", "0.01"),
    (Symbol("SOL", "USDT"), "150", "0.01"),
    (Symbol("XRP", "USDT"), "0.6", "0.0001"),
    (Symbol("ETH", "BTC"), "0.05", "0.00001"),
)


@attrs.frozen(kw_only=True)
class Temper:
    """How a market behaves; moves are in parts of the price.

    Attributes:
        kind: ``bars`` (walked) or ``trades`` (every one a jump).
        step_ns: length of a bar, or usual time between trades.
        move: usual move in a step.
        gaps: how many steps in a thousand begin with a jump of several moves.
        flashes: how many in a thousand begin a flash: far away, and soon back.
        drift: of the tape, against that of the last quarter of its past.
    """

    kind: str
    step_ns: int
    move: float
    gaps: int
    flashes: int = 0
    drift: float = 0.0


BRISK = Temper(kind="bars", step_ns=10 * NS_PER_S, move=0.0036, gaps=25, flashes=70)
TICKING = Temper(kind="trades", step_ns=2 * NS_PER_S, move=0.0016, gaps=15, flashes=12)
STORM = Temper(kind="trades", step_ns=30 * NS_PER_MS, move=0.0010, gaps=200)
PATIENT = Temper(kind="bars", step_ns=60 * NS_PER_S, move=0.0024, gaps=10, drift=0.0016)
TEMPERS = {"brisk": BRISK, "ticking": TICKING, "storm": STORM, "patient": PATIENT}


@attrs.frozen(kw_only=True)
class Market:
    """A tape to play and the 15-minute bars before it."""

    temper: Temper
    past: Tape
    tape: Tape


def market(seed: int, temper: Temper, *, steps: int, rises: bool = True) -> Market:
    """The market of a seed.

    Args:
        seed: whole number; every temper has its own market for it.
        temper: how it behaves.
        steps: rows of the tape.
        rises: the way of its drift.
    """
    chance = Chance(f"market {seed} {temper.kind} {temper.step_ns}")
    symbol, price, tick = chance.pick(_PAIRS)
    walk = _Walk(chance, Decimal(price), Decimal(tick))
    hour_ns = _MONTH_END_NS if chance.hits(0.1) else _START_NS
    unit_ns = temper.step_ns if temper.kind == "bars" else NS_PER_S
    start_ns = (hour_ns - chance.below(_BEFORE_S) * NS_PER_S) // unit_ns * unit_ns
    past_ns = start_ns // CANDLE_NS * CANDLE_NS
    way = 1.0 if rises else -1.0
    past = [
        (
            past_ns - (PAST_CANDLES - place) * CANDLE_NS,
            walk.bar(PAST_MOVE, _lean(place, temper, way)),
        )
        for place in range(PAST_CANDLES)
    ]
    rows = _bars if temper.kind == "bars" else _trades
    return Market(
        temper=temper,
        past=_tape(f"past of world {seed}", symbol, past, CANDLE_NS),
        tape=_tape(
            f"world {seed}",
            symbol,
            list(rows(chance, walk, temper, start_ns, steps, temper.drift * way)),
            temper.step_ns if temper.kind == "bars" else 0,
        ),
    )


def _lean(place: int, temper: Temper, way: float) -> float:
    """The past of a drifting tape ends the other way round, so that averages cross soon."""
    return -way * temper.drift if place > PAST_CANDLES * 3 // 4 else 0.0


def _bars(
    chance: Chance, walk: _Walk, temper: Temper, at_ns: int, steps: int, drift: float
) -> Iterator[_Row]:
    for _ in range(steps):
        if walk.away and chance.hits(0.5):
            walk.back()
        elif chance.hits(temper.flashes / 1000):
            walk.flash(10 * temper.move)
        elif chance.hits(temper.gaps / 1000):
            walk.jump(6 * temper.move)
        yield at_ns, walk.bar(temper.move, drift)
        silent = chance.below(8) if chance.hits(0.01) else 0
        at_ns += temper.step_ns * (1 + silent)


def _trades(
    chance: Chance, walk: _Walk, temper: Temper, at_ns: int, steps: int, drift: float
) -> Iterator[_Row]:
    for _ in range(steps):
        leap = 8 if chance.hits(temper.gaps / 1000) else 1
        if walk.away and chance.hits(0.3):
            walk.back()
        elif chance.hits(temper.flashes / 1000):
            walk.flash(20 * temper.move)
        yield at_ns, (walk.step(leap * temper.move, drift),)
        if not chance.hits(0.2):  # several trades share a millisecond
            at_ns += chance.below(2 * temper.step_ns) // NS_PER_MS * NS_PER_MS


def _tape(name: str, symbol: Symbol, rows: Sequence[_Row], bar_ns: int) -> Tape:
    columns = tuple(array("q", column) for column in zip(*(row for _, row in rows), strict=True))
    return Tape(
        name=name,
        kind="generated",
        symbol=symbol,
        columns=Columns(array("q", (at_ns for at_ns, _ in rows)), columns),
        places=_PLACES,
        bar_ns=bar_ns,
    )


class _Walk:
    """A price that walks on its tick grid, in units of 10**-8."""

    def __init__(self, chance: Chance, price: Decimal, tick: Decimal) -> None:
        self._chance = chance
        self._tick = int(tick.scaleb(_PLACES))
        self._price = int(price.scaleb(_PLACES)) // self._tick * self._tick
        self.away = 0

    def _to(self, share: float) -> int:
        ticks = round(self._price * share) // self._tick
        return max(self._tick, self._price + ticks * self._tick)

    def step(self, move: float, drift: float = 0.0) -> int:
        """One move; the new price."""
        bell = self._chance.share() + self._chance.share() + self._chance.share() - 1.5
        self._price = self._to(drift + 2 * move * bell)
        return self._price

    def jump(self, size: float) -> None:
        """The price is elsewhere."""
        share = size * (0.5 + self._chance.share())
        self._price = self._to(share if self._chance.hits(0.5) else -share)

    def flash(self, size: float) -> None:
        """The price is elsewhere for a while."""
        self.away = self._price
        self.jump(size)

    def back(self) -> None:
        """And where it was before the flash."""
        self._price, self.away = self.away, 0

    def bar(self, move: float, drift: float = 0.0) -> tuple[int, int, int, int]:
        """Open, high, low, close."""
        open_ = self._price
        path = [open_, *(self.step(move / 2, drift / 4) for _ in range(4))]
        return open_, max(path), min(path), path[-1]

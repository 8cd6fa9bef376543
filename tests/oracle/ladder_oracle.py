"""Trailing ladder and the order of the exit rules, judged price by price and bar by bar.

Rung rule: a rung counts only if it moves the stop and leaves it at least one tick on the loss side
of the rung's own price; a rung without that room is gone for good and the next one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from typing import Any, NamedTuple

Number = str | int | Decimal | Fraction  # a float is refused
SIGN = {"long": 1, "short": -1}


def exact(value: Number) -> Fraction:
    """The number itself, without a rounding."""
    if isinstance(value, float):
        raise TypeError("a float is not a number here")
    return Fraction(value)


def plain(value: Fraction) -> Decimal | Fraction:
    """A Decimal when the value terminates, else the fraction (both compare exactly)."""
    context = Context(prec=300, traps=[Inexact, InvalidOperation])
    try:
        return context.divide(Decimal(value.numerator), Decimal(value.denominator))
    except Inexact:
        return value


def grid_down(value: Fraction, tick: Fraction, origin: Fraction = Fraction(0)) -> Fraction:
    """The nearest grid price not above the value."""
    return origin + ((value - origin) / tick).__floor__() * tick


def grid_up(value: Fraction, tick: Fraction, origin: Fraction = Fraction(0)) -> Fraction:
    """The nearest grid price not below the value."""
    return origin + ((value - origin) / tick).__ceil__() * tick


def auto_be_bps(fee_bps: Number, gap_bps: Number) -> int:
    """First rung's distance from the entry: both fees and half the gap allowance, rounded up."""
    return (2 * exact(fee_bps) + exact(gap_bps) / 2).__ceil__()


def stop_gain_price(
    entry_ref: Number, stop: Number, side: str, r: Number, tick: Number
) -> Decimal | Fraction:
    """Target r spans beyond the entry, quantised away from the entry."""
    entry = exact(entry_ref)
    target = entry + SIGN[side] * exact(r) * abs(entry - exact(stop))
    round_away = grid_up if side == "long" else grid_down
    return plain(round_away(target, exact(tick)))


class Position(NamedTuple):
    """What the exit rules need to know; `stop` is the first executable stop X."""

    entry_ref: Number
    stop: Number
    side: str
    be_bps: Number
    tick: Number
    mode: str = "handspan"  # off | handspan | continuous
    stop_gain: Number | None = None
    fill: Number | None = None
    min_price: Number = 0  # origin of the price grid
    unguarded: Number | None = None  # first stop without the invalidation guard

    @property
    def sign(self) -> int:
        """+1 for a long, -1 for a short."""
        return SIGN[self.side]

    @property
    def span(self) -> Fraction:
        """Entry to first stop, fixed for life."""
        return abs(exact(self.entry_ref) - exact(self.stop))

    @property
    def step(self) -> Fraction:
        """Distance between two rungs."""
        if self.mode == "continuous":
            return max(exact(self.tick), self.span / 16)
        return self.span

    def rung_of(self, price: Fraction) -> int:
        """How many whole steps the price is on the gain side of the entry."""
        if self.mode == "off":
            return 0
        return max(0, (self.sign * (price - exact(self.entry_ref)) / self.step).__floor__())

    def rung_price(self, rung: int) -> Fraction:
        """Where a rung is reached."""
        return exact(self.entry_ref) + self.sign * rung * self.step

    def candidate(self, rung: int) -> Fraction:
        """The stop a rung asks for, quantised adversely (a sell stop down, a buy stop up)."""
        entry = exact(self.entry_ref)
        if self.mode == "continuous":
            wanted = self.rung_price(rung) - self.sign * self.span
        elif rung == 1:
            anchor = entry
            if self.fill is not None and abs(exact(self.fill) - entry) > self.span / 4:
                anchor = exact(self.fill)
            factor = 1 + exact(self.be_bps) / 10_000
            wanted = anchor * factor if self.side == "long" else anchor / factor
        else:
            wanted = entry + self.sign * (rung - 1) * self.span
        quantise = grid_down if self.side == "long" else grid_up
        quantised = quantise(wanted, exact(self.tick), exact(self.min_price))
        if self.unguarded is None:
            return quantised
        # the first advance releases the guard: from there on the stop is never behind this
        nearer = max if self.side == "long" else min
        return nearer(quantised, exact(self.unguarded))

    def raised(self, stop: Fraction, rung: int) -> Fraction:
        """The stop after a rung was reached: the candidate if the rung counts, else as it was."""
        if rung == 0:
            return stop
        candidate = self.candidate(rung)
        moves = self.sign * (candidate - stop) > 0
        has_room = self.sign * (self.rung_price(rung) - candidate) >= exact(self.tick)
        return candidate if moves and has_room else stop


def ladder(
    entry_ref: Number,
    stop: Number,
    side: str,
    be_bps: Number,
    tick: Number,
    prices: Iterable[Number],
    mode: str = "handspan",
    fill: Number | None = None,
) -> list[tuple[int, Any]]:
    """(rung of this price, stop after this price) for each price; exits are not judged here.

    A jump over several rungs goes straight to the last one. The rung is that of the price itself,
    not of the best price so far; the stop follows the best price so far.
    """
    position = Position(entry_ref, stop, side, be_bps, tick, mode, None, fill)
    best, current = exact(entry_ref), exact(stop)
    path = []
    for raw in prices:
        price = exact(raw)
        if position.sign * (price - best) > 0:
            best = price
            current = position.raised(current, position.rung_of(best))
        path.append((position.rung_of(price), plain(current)))
    return path


class Walk(NamedTuple):
    """Outcome of a walk: the first exit, the stop after each row, and each raise."""

    exit: tuple[int, str, Any] | None  # (index of the row, reason, price)
    stops: list[Any]
    raises: list[tuple[int, int, Any]]  # (index of the row, rung, new stop)


class _Life:
    """One position living through prices; at most one rule acts on a price."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self.best = exact(position.entry_ref)
        self.stop = exact(position.stop)
        self.exit: tuple[int, str, Any] | None = None
        self.raises: list[tuple[int, int, Any]] = []

    def judge(self, index: int, price: Fraction) -> None:
        """Rule order: protective stop, then stop-gain, then trailing advance."""
        position = self.position
        sign = position.sign
        if sign * (price - self.stop) <= 0:
            moved = self.stop != exact(position.stop)
            self.exit = (index, "trailing_stop" if moved else "stop_loss", plain(price))
            return
        if position.stop_gain is not None and sign * (price - exact(position.stop_gain)) >= 0:
            self.exit = (index, "stop_gain", plain(price))
            return
        if sign * (price - self.best) > 0:
            self.best = price
            rung = position.rung_of(price)
            stop = position.raised(self.stop, rung)
            if stop != self.stop:
                self.stop = stop
                self.raises.append((index, rung, plain(stop)))

    def edges(self, start: Fraction, end: Fraction) -> list[Fraction]:
        """Prices strictly after `start` up to `end` at which some rule could act, in order."""
        position = self.position
        sign = position.sign
        if sign * (end - start) < 0:  # towards the stop, which does not move on the way
            return [self.stop] if sign * (end - self.stop) <= 0 < sign * (start - self.stop) else []
        found = []
        if position.stop_gain is not None:
            found.append(exact(position.stop_gain))
        if position.mode != "off":
            to_tick = grid_up if position.side == "long" else grid_down
            for rung in range(1, position.rung_of(end) + 1):
                reached = position.rung_price(rung)
                found.append(to_tick(reached, exact(position.tick), exact(position.min_price)))
        between = {p for p in found if sign * (p - start) > 0 and sign * (end - p) >= 0}
        return sorted(between, key=lambda p: sign * p)


def walk(position: Position, prices: Iterable[Number]) -> Walk:
    """Judge each price as one tick until the first exit; `stops` ends with the exit's row."""
    life = _Life(position)
    stops = []
    for index, raw in enumerate(prices):
        life.judge(index, exact(raw))
        stops.append(plain(life.stop))
        if life.exit:
            break
    return Walk(life.exit, stops, life.raises)


def walk_bars(position: Position, bars: Sequence[tuple[Number, Number, Number, Number]]) -> Walk:
    """Judge (open, high, low, close) bars: the position is held from before the first open.

    Inside a bar the price walks open, adverse extreme, favourable extreme, close without a jump,
    so an edge is met at its own price. Between a close and the next open it jumps.
    """
    life = _Life(position)
    stops = []
    for index, bar in enumerate(bars):
        first, high, low, last = (exact(value) for value in bar)
        adverse, favourable = (low, high) if position.side == "long" else (high, low)
        life.judge(index, first)
        here = first
        for target in (adverse, favourable, last):
            if life.exit or target == here:
                continue
            for price in [*life.edges(here, target), target]:
                if not life.exit:
                    life.judge(index, price)
            here = target
        stops.append(plain(life.stop))
        if life.exit:
            break
    return Walk(life.exit, stops, life.raises)

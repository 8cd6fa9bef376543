"""What a price does to a watched position: hit the stop, hit the target, raise the stop, nothing.

Pure functions of a frozen watch and one price; time, orders and money do not appear here.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, localcontext
from typing import Literal

import attrs

from robson.domain.errors import InvalidValue
from robson.domain.instrument import Instrument
from robson.domain.strategy import TrailingMode
from robson.domain.values import MONEY, Price, Side

CONTINUOUS_STEPS = 16
"""A continuous stop moves in steps of this fraction of a span: every tick would cost an fsync and
a cancel and replace of the insurance stop."""
ANCHOR_SPANS = Decimal("0.25")
"""A fill farther than this from the entry reference becomes the anchor of the first rung."""

HitReason = Literal["stop_loss", "trailing_stop", "stop_gain"]


def be_bps_auto(*, fee: Decimal, gap_bps: Decimal) -> Decimal:
    """First rung above the entry, in whole basis points: two fees and half the gap, rounded up."""
    with localcontext(MONEY):
        return (2 * fee * 10_000 + gap_bps / 2).to_integral_value(rounding=ROUND_CEILING)


def first_rung_anchor(*, entry_ref: Price, fill: Price, span: Decimal) -> Price:
    """Where the first rung's stop is measured from: the fill, when it lies far from the plan."""
    with localcontext(MONEY):
        return fill if abs(fill - entry_ref) > ANCHOR_SPANS * span else entry_ref


@attrs.frozen(kw_only=True)
class Rung:
    """A step of the ladder: reaching ``price`` moves the stop to ``stop``. Numbers start at 1."""

    number: int
    price: Price
    stop: Price


@attrs.frozen(kw_only=True)
class Ladder:
    """How a stop follows a favourable price, measured from the entry reference.

    ``handspan``: rung k stands k spans in favour; rung 1 moves the stop just past the entry, rung k
    to k - 1 spans. ``continuous``: the same distance of one span in steps of a sixteenth of it.

    Attributes:
        span: entry reference to executable stop, in quote; never changes.
        be_bps: how far past the entry the first rung's stop is; ``handspan`` only.
        anchor: see ``first_rung_anchor``; None for the entry reference.
        unguarded: the least that a rung's stop is: the first advance releases the guard.
    """

    side: Side
    entry_ref: Price
    span: Decimal
    be_bps: Decimal
    mode: TrailingMode
    instrument: Instrument
    anchor: Price | None = None
    unguarded: Price | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a ladder that does not climb."""
        if not self.span > 0 or self.be_bps < 0:
            raise InvalidValue(f"a ladder of span {self.span} and {self.be_bps} bps does not climb")

    @property
    def stride(self) -> Decimal:
        """Distance between two rungs, in quote."""
        if self.mode is not TrailingMode.CONTINUOUS:
            return self.span
        with localcontext(MONEY):
            return max(self.instrument.tick, self.span / CONTINUOUS_STEPS)

    def rung_price(self, number: int) -> Price:
        """The first price on the tick grid that reaches a rung.

        Raises:
            InvalidValue: a short's rung at or below zero.
        """
        with localcontext(MONEY):
            ahead = self.side.sign * number * self.stride
            return self.instrument.target_price(self.entry_ref + ahead, self.side)

    def rung_stop(self, number: int) -> Price:
        """The stop of a rung, quantised adversely; never behind the unguarded stop."""
        with localcontext(MONEY):
            if number == 1 and self.mode is TrailingMode.HANDSPAN:
                past = 1 + self.be_bps / 10_000
                base = self.entry_ref if self.anchor is None else self.anchor
                stop = base * past if self.side is Side.LONG else base / past
            else:
                ahead = self.side.sign * (number * self.stride - self.span)
                stop = self.entry_ref + ahead
            found = self.instrument.stop_price(stop, self.side)
        if self.unguarded is not None and _beyond(self.unguarded, found, self.side):
            return self.unguarded
        return found

    def rung(self, number: int, stop: Price) -> Rung | None:
        """The rung, if it counts: it tightens ``stop`` and stays short of its own price.

        A rung without room for its stop before its price never counts; one that is not above zero
        does not exist.
        """
        try:
            found = Rung(number=number, price=self.rung_price(number), stop=self.rung_stop(number))
        except InvalidValue:
            return None
        tightens = _beyond(found.stop, stop, self.side)
        return found if tightens and _beyond(found.price, found.stop, self.side) else None


def _beyond(price: Decimal, than: Decimal, side: Side) -> bool:
    """Whether a price lies farther in the position's favour."""
    return price > than if side is Side.LONG else price < than


def first_rung(ladder: Ladder, stop: Price, rung: int) -> Rung | None:
    """The nearest rung above number ``rung`` that counts: an edge of the quiet band.

    ``judge`` and ``quiet_band`` both ask here, so they cannot disagree about a rung that has no
    room or moves nothing.
    """
    if ladder.mode is TrailingMode.OFF:
        return None
    if rung == 0 and (found := ladder.rung(1, stop)):
        return found
    with localcontext(MONEY):
        # Up to ``behind`` a rung's stop lies at or behind the present one; one tick later, and
        # with a rung to spare, it lies ahead. Between them the rounding decides. The first rung
        # has a rule of its own and has been tried.
        locked = (stop - ladder.entry_ref) * ladder.side.sign + ladder.span
        behind = int(locked // ladder.stride)
        ahead = int((locked + ladder.instrument.tick) // ladder.stride) + 1
    if ladder.unguarded is not None and _beyond(ladder.unguarded, stop, ladder.side):
        behind = 0  # the guard is still to be released, and any rung does that
    start = max(rung, behind, 1) + 1
    for number in range(start, max(start, ahead) + 1):
        if found := ladder.rung(number, stop):
            return found
    return None


def _last_rung(ladder: Ladder, stop: Price, rung: int, price: Decimal) -> Rung | None:
    """The highest rung that ``price`` has reached and that counts: a gap climbs in one step."""
    first = first_rung(ladder, stop, rung)
    if first is None or _beyond(first.price, price, ladder.side):
        return None
    with localcontext(MONEY):
        top = int((price - ladder.entry_ref) * ladder.side.sign // ladder.stride)
    for number in range(top, first.number, -1):
        found = ladder.rung(number, stop)
        if found is not None and not _beyond(found.price, price, ladder.side):
            return found
    return first


@attrs.frozen
class Hit:
    """The position has to be left, and why. ``trailing_stop``: the stop had been raised."""

    reason: HitReason


@attrs.frozen
class Raise:
    """The stop moves. It only ever tightens."""

    rung: int
    stop: Price


@attrs.frozen(kw_only=True)
class Watch:
    """What has to be known to judge a price.

    Attributes:
        stop: the protective stop in force; first_stop: the one of the plan.
        rung: number of the last rung taken; 0 before the first.
    """

    side: Side
    stop: Price
    first_stop: Price
    stop_gain: Price | None
    rung: int
    ladder: Ladder

    def raised(self, change: Raise) -> Watch:
        """The watch after the stop has moved."""
        return attrs.evolve(self, stop=change.stop, rung=change.rung)


def judge(watch: Watch, price: Decimal) -> Hit | Raise | None:
    """Judge one price: the stop, then the stop-gain, then the ladder; the first to answer wins.

    Judging the same price again after the answer was folded gives nothing, except for a hit.
    """
    if not _beyond(price, watch.stop, watch.side):
        return Hit("stop_loss" if watch.stop == watch.first_stop else "trailing_stop")
    if watch.stop_gain is not None and not _beyond(watch.stop_gain, price, watch.side):
        return Hit("stop_gain")
    rung = _last_rung(watch.ladder, watch.stop, watch.rung, price)
    return None if rung is None else Raise(rung.number, rung.stop)

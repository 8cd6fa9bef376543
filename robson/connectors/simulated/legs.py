"""Turns rows into the path of the price: legs on which it walks, stands, or jumps.

A bar is walked without a break from its open to its adverse extreme, its favourable extreme and its
close, a third of its time each. A jump exists only between rows, and every trade is one. Nothing is
rounded but the price between the ends of a leg, which moves in whole ticks.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from robson.connectors.simulated.tape import Bar, Row
from robson.domain.errors import InvalidValue, TapeError
from robson.domain.values import Ticks

Extreme = Literal["low", "high"]
"""Which end of a bar comes first: ``low`` is adverse for a long, ``high`` for a short."""


class Leg(NamedTuple):
    """The price from ``start`` at ``start_ns`` to ``end`` at ``end_ns``, in ticks.

    No time passes on a jump: the price was ``start`` before the instant and is ``end`` from it on,
    and no price between them was ever traded.
    """

    start_ns: int
    start: Ticks
    end_ns: int
    end: Ticks

    @property
    def is_jump(self) -> bool:
        """No time passes: a trade, or the first price after a gap."""
        return self.start_ns == self.end_ns


class PricePath:
    """Joins rows into one path: between rows the price stands still, then jumps.

    Attributes:
        now_ns: the instant up to which the path is known; None before the first row.
        price: the price at that instant.
    """

    def __init__(self) -> None:
        self.now_ns: int | None = None
        self.price: Ticks | None = None

    def walk(self, row: Row, adverse_first: Extreme = "low") -> tuple[Leg, ...]:
        """The legs from where the last row ended to the end of this one, in order.

        A trade gives its own leg even when the price stays, because every trade is judged. A bar
        that opens where the last one closed gives no jump.

        Raises:
            TapeError: the row begins before the last one has ended.
        """
        begin_ns, first = row[0], row.open if isinstance(row, Bar) else row.price
        before = first if self.price is None else self.price
        legs = list(self._wait(begin_ns))
        if not isinstance(row, Bar) or before != first:
            legs.append(Leg(begin_ns, before, begin_ns, first))
        if isinstance(row, Bar):
            legs += bar_legs(row, adverse_first)
        self.now_ns, self.price = legs[-1].end_ns, legs[-1].end
        return tuple(legs)

    def _wait(self, until_ns: int) -> tuple[Leg, ...]:
        if self.now_ns is None or self.price is None or self.now_ns == until_ns:
            return ()
        if until_ns < self.now_ns:
            raise TapeError(
                f"a row begins at {until_ns} ns, before the last one has ended at {self.now_ns} ns"
            )
        return (Leg(self.now_ns, self.price, until_ns, self.price),)


def bar_legs(bar: Bar, adverse_first: Extreme) -> tuple[Leg, Leg, Leg]:
    """The walk through a bar, a third of its time for each leg; the close is at its end."""
    near, far = (bar.low, bar.high) if adverse_first == "low" else (bar.high, bar.low)
    second = bar.open_ns + bar.length_ns // 3
    third = bar.open_ns + bar.length_ns * 2 // 3
    return (
        Leg(bar.open_ns, bar.open, second, near),
        Leg(second, near, third, far),
        Leg(third, far, bar.end_ns, bar.close),
    )


def price_at(leg: Leg, at_ns: int) -> Ticks:
    """The price at an instant of the leg: the last whole tick reached; a jump has happened.

    Raises:
        InvalidValue: the instant is outside the leg.
    """
    if not leg.start_ns <= at_ns <= leg.end_ns:
        raise InvalidValue(f"{at_ns} ns is outside the leg {leg.start_ns}..{leg.end_ns} ns")
    if at_ns == leg.end_ns:
        return leg.end
    way = leg.end - leg.start
    done = abs(way) * (at_ns - leg.start_ns) // (leg.end_ns - leg.start_ns)
    return Ticks(leg.start + done if way > 0 else leg.start - done)


def time_at(leg: Leg, price: Ticks) -> int | None:
    """The first instant at which the leg has reached or passed a price; None when it never does.

    ``price_at`` gives this price there, or one beyond it where the price moves by more than a tick
    in a nanosecond. A jump passes all its prices at its one instant.
    """
    if not min(leg.start, leg.end) <= price <= max(leg.start, leg.end):
        return None
    way = abs(leg.end - leg.start)
    if way == 0:
        return leg.start_ns
    # Rounded up: price_at rounds down, so one nanosecond earlier the tick is not reached yet.
    return leg.start_ns - (-abs(price - leg.start) * (leg.end_ns - leg.start_ns) // way)

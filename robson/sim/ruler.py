"""Works out again where a position's rungs stand: which price reaches one, and what stop it brings.

Like the oracle it shares nothing with what it judges: texts, exact fractions, and the rules as the
design states them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs

from robson.sim.oracle import BPS, SIGN, exact

FAR_FILL = Fraction(1, 4)
"""A fill farther than so many spans from its reference is the anchor of the first rung."""
SIXTEENTH = 16
LOOKED_AT = 64
"""Rungs that are looked at for the next one that counts: more than any stop has to catch up."""


@attrs.frozen(kw_only=True)
class Ruler:
    """The rungs of a position, counted from its entry reference. Prices are exact.

    Attributes:
        sign: 1 for a long, -1 for a short.
        first: the stop of the first rung of a ladder, just past the entry.
        unguarded: the least that a rung's stop is; None where no guard made a difference.
    """

    sign: int
    entry: Fraction
    span: Fraction
    tick: Fraction
    mode: str
    first: Fraction
    unguarded: Fraction | None

    @property
    def stride(self) -> Fraction:
        """Distance between two rungs."""
        if self.mode == "handspan":
            return self.span
        return max(self.tick, self.span / SIXTEENTH)

    def stop(self, rung: int) -> Fraction:
        """The stop that a rung brings, as it is before it is put on the price grid."""
        if self.mode == "handspan" and rung == 1:
            found = self.first
        else:
            found = self.entry + self.sign * (rung * self.stride - self.span)
        if self.unguarded is None:
            return found
        return max(found * self.sign, self.unguarded * self.sign) * self.sign

    def ahead(self, rung: int, stop: Fraction) -> Fraction | None:
        """The price that reaches the next rung after one, by the stop in force; None for none.

        A rung counts that tightens the stop and leaves it short of the rung's own price.
        """
        if self.mode not in ("handspan", "continuous"):
            return None
        for number in range(rung + 1, rung + LOOKED_AT):
            price = self._on_grid(self.entry + self.sign * number * self.stride, self.sign)
            brings = self._on_grid(self.stop(number), -self.sign)
            if stop * self.sign < brings * self.sign < price * self.sign and price > 0:
                return price
        return None

    def _on_grid(self, price: Fraction, way: int) -> Fraction:
        """The price on the grid, rounded up or down."""
        return -(-price // self.tick) * self.tick if way > 0 else price // self.tick * self.tick


def ruler_of(plan: dict[str, Any], mode: str, fill: Fraction, tick: Fraction) -> Ruler:
    """The ruler of a plan whose entry was filled at a price."""
    stops = plan["stops"]
    sign, entry, unguarded = SIGN[stops["side"]], exact(stops["entry_ref"]), stops["unguarded"]
    span = abs(entry - exact(stops["stop"]))
    anchor = entry if abs(fill - entry) <= FAR_FILL * span else fill
    past = 1 + exact(plan["be_bps"]) / BPS
    return Ruler(
        sign=sign,
        entry=entry,
        span=span,
        tick=tick,
        mode=mode,
        first=anchor * past if sign > 0 else anchor / past,
        unguarded=None if unguarded is None else exact(unguarded),
    )

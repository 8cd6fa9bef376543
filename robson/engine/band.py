"""The open interval of prices in which a watched position needs no thought, in whole ticks.

Strictly inside the band ``judge`` answers nothing; at an edge or beyond it always answers. So a
reader of prices needs two integer comparisons a tick, and a reader of the past can skip ahead.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from robson.domain.values import Side, Ticks
from robson.engine.exits import Hit, Raise, Watch, first_rung, judge

FAR = Ticks(1 << 62)
"""Beyond every price, and still an int64."""


@attrs.frozen
class Band:
    """Prices strictly between the edges change nothing; an edge is the first price that does."""

    low: Ticks
    high: Ticks

    def __contains__(self, ticks: int) -> bool:
        """Whether a price is quiet."""
        return self.low < ticks < self.high


EVERYTHING = Band(Ticks(-FAR), FAR)
"""Every price is quiet: nothing is watched."""
NOTHING = Band(FAR, Ticks(-FAR))
"""No price is quiet: each one has to be judged."""


def quiet_band(watch: Watch) -> Band:
    """From the protective stop to the stop-gain or the next rung, whichever is nearer.

    A level off the tick grid (the exchange may change its tick) counts from the first grid price
    that reaches it.
    """
    grid, gain = watch.ladder.instrument, watch.stop_gain
    rung = first_rung(watch.ladder, watch.stop, watch.rung)
    ahead = [level for level in (gain, rung.price if rung else None) if level is not None]
    if watch.side is Side.LONG:
        far = min((grid.ticks(grid.price_up(level)) for level in ahead), default=FAR)
        return Band(low=grid.ticks(grid.price_down(watch.stop)), high=far)
    far = max((grid.ticks(grid.price_down(level)) for level in ahead), default=Ticks(-FAR))
    return Band(low=far, high=grid.ticks(grid.price_up(watch.stop)))


def held_band(watch: Watch) -> Band:
    """From the protective stop to the stop-gain: strictly inside the position is held, at an edge
    or beyond it ``judge`` says to leave, whatever the ladder would say.
    """
    grid, gain = watch.ladder.instrument, watch.stop_gain
    if watch.side is Side.LONG:
        far = FAR if gain is None else grid.ticks(grid.price_up(gain))
        return Band(low=grid.ticks(grid.price_down(watch.stop)), high=far)
    far = Ticks(-FAR) if gain is None else grid.ticks(grid.price_down(gain))
    return Band(low=far, high=grid.ticks(grid.price_up(watch.stop)))


def next_outside(prices: Sequence[Ticks], band: Band, start: int) -> int:
    """Index of the first price from ``start`` that is not quiet; the length when all are."""
    return next(
        (index for index in range(start, len(prices)) if prices[index] not in band), len(prices)
    )


def run(watch: Watch, prices: Sequence[Ticks], *, skip: bool) -> list[tuple[int, Hit | Raise]]:
    """Judge a stretch of prices up to the first hit; each answer with the index of its price.

    ``skip`` searches for the next price outside the band instead of judging each one. Both give
    equal lists.
    """
    found: list[tuple[int, Hit | Raise]] = []
    price_of = watch.ladder.instrument.price_of
    index = 0
    while index < len(prices):
        if skip:
            index = next_outside(prices, quiet_band(watch), index)
            if index == len(prices):
                break
        answer = judge(watch, price_of(prices[index]))
        if answer is not None:
            found.append((index, answer))
        if isinstance(answer, Hit):
            break
        if isinstance(answer, Raise):
            watch = watch.raised(answer)
        index += 1
    return found

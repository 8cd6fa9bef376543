"""Watched positions of every kind, for the properties of ladder and band."""

from __future__ import annotations

from decimal import Decimal, localcontext

import attrs
from hypothesis import strategies as st

from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.strategy import TrailingMode
from robson.domain.values import MONEY, Price, Side, Ticks
from robson.engine.exits import Ladder, Watch

TICKS = [Decimal(f"1E-{places}") for places in range(9)] + [Decimal("0.05"), Decimal("0.25")]


@st.composite
def watches(draw: st.DrawFn) -> Watch:
    """A fresh or half-climbed position; prices from 1e-8 to 1e6, spans from 10 bps to 10 %.

    Also what should not be but may: an entry reference or a stop between ticks, a stop that was
    tightened by something other than the ladder.
    """
    tick = draw(st.sampled_from(TICKS))
    side = draw(st.sampled_from(Side))
    rules = Instrument(
        symbol=Symbol("A", "B"),
        tick=tick,
        step=Decimal(1),
        min_price=draw(st.sampled_from([Decimal(0), tick, 7 * tick, tick / 2])),
    )
    most = min(10**8, int(Decimal(10**6) / tick))
    entry_ticks = draw(st.integers(20, most) | st.integers(20, 3000))
    with localcontext(MONEY):
        entry = rules.price_of(entry_ticks)
        bps = draw(st.integers(10, 25) | st.integers(10, 1000))
        span_ticks = max(1, entry_ticks * bps // 10_000)
        stop = rules.price_of(entry_ticks - side.sign * span_ticks)
        entry = Price(entry + tick * draw(st.sampled_from([0, 0, 0, Decimal("0.3")])))
        span = abs(entry - stop)
        gains = draw(st.sampled_from([None, Decimal("0.4"), 1, 2, Decimal("3.7")]))
        goal = None if gains is None else entry + side.sign * gains * span
        gain = rules.target_price(goal, side) if goal is not None and goal > tick else None
        filled = entry + span * draw(st.sampled_from([Decimal("-0.9"), Decimal("0.6"), 2]))
        anchor = draw(st.sampled_from([None, None, filled]))
        inside = draw(st.sampled_from([None, None, 1, span_ticks // 2, span_ticks - 1]))
        unguarded = rules.price_of(entry_ticks - side.sign * inside) if inside else None
        now = stop
        if draw(st.booleans()):
            shift = draw(st.integers(0, 5 * span_ticks)) * tick
            moved = stop + side.sign * (shift + draw(st.sampled_from([0, 0, tick / 3])))
            now = Price(moved) if moved > tick else stop
    ladder = Ladder(
        side=side,
        entry_ref=entry,
        span=span,
        be_bps=Decimal(draw(st.sampled_from([0, 15, 25, 120]))),
        mode=draw(st.sampled_from(TrailingMode)),
        instrument=rules,
        anchor=None if anchor is None else Price(anchor),
        unguarded=unguarded,
    )
    rung = draw(st.sampled_from([0, 0, 0, 1, 3]))
    return Watch(side=side, stop=now, first_stop=stop, stop_gain=gain, rung=rung, ladder=ladder)


@st.composite
def fresh_watches(draw: st.DrawFn) -> Watch:
    """A position at its entry."""
    watched = draw(watches())
    return attrs.evolve(watched, stop=watched.first_stop, rung=0)


@st.composite
def tapes(draw: st.DrawFn, watched: Watch) -> list[Ticks]:
    """Prices around a position: small steps, jumps over several spans, and exact levels."""
    ladder, rules = watched.ladder, watched.ladder.instrument
    at = rules.ticks(rules.price_down(ladder.entry_ref))
    unit = max(1, int(ladder.span / rules.tick))
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from([1, 1, max(1, unit // 5), unit]), st.integers(-4, 5)),
            max_size=40,
        )
    )
    prices = []
    for size, count in steps:
        at = max(1, at + watched.side.sign * size * count)
        prices.append(Ticks(at))
    return prices

"""The ruler that worlds measure rungs with, against the engine's ladder: the same next rung."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.strategy import TrailingMode
from robson.domain.values import Price, Side
from robson.engine.exits import Ladder, first_rung, first_rung_anchor
from robson.sim.oracle import exact
from robson.sim.ruler import ruler_of
from tests.unit.engine.builders import instrument

RULES = instrument(tick="0.01")
ENTRY = Decimal("100.00")
CLIMBED = 40
FELL: Counter[str] = Counter()


@settings(max_examples=150, deadline=None)
@given(
    side=st.sampled_from(Side),
    mode=st.sampled_from(TrailingMode),
    span=st.integers(3, 900),
    be_bps=st.integers(0, 300),
    slipped=st.integers(-300, 300),
    guarded=st.integers(0, 100),
)
def _climb(
    side: Side, mode: TrailingMode, span: int, be_bps: int, slipped: int, guarded: int
) -> None:
    stop = Price(ENTRY - side.sign * span * RULES.tick)
    fill = Price(ENTRY + slipped * RULES.tick)
    unguarded = stop + side.sign * (guarded * span // 100) * RULES.tick if guarded else None
    ladder = Ladder(
        side=side,
        entry_ref=Price(ENTRY),
        span=abs(ENTRY - stop),
        be_bps=Decimal(be_bps),
        mode=mode,
        instrument=RULES,
        anchor=first_rung_anchor(entry_ref=Price(ENTRY), fill=fill, span=abs(ENTRY - stop)),
        unguarded=Price(unguarded) if unguarded is not None else None,
    )
    stops = {
        "side": side.value,
        "entry_ref": str(ENTRY),
        "stop": str(stop),
        "unguarded": None if unguarded is None else str(unguarded),
    }
    plan = {"stops": stops, "be_bps": str(be_bps)}
    ruler = ruler_of(plan, mode.value, exact(str(fill)), Fraction(1, 100))
    rung = 0
    for _ in range(CLIMBED):
        found = first_rung(ladder, stop, rung)
        ahead = ruler.ahead(rung, exact(str(stop)))
        assert ahead == (None if found is None else exact(str(found.price)))
        if found is None:
            break
        FELL[f"{mode.value} {side.value}"] += 1
        FELL["left out"] += found.number > rung + 1
        rung, stop = found.number, found.stop


def test_the_next_rung_is_the_ladders(record_property: Callable[[str, object], None]) -> None:
    _climb()

    modes = ("handspan", "continuous")
    assert all(FELL[f"{mode} {side.value}"] > 0 for mode in modes for side in Side)
    assert FELL["left out"] > 0
    record_property("note", f"ruler: {sum(FELL.values()) - FELL['left out']:,} rungs compared")

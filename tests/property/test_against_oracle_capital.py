"""Compares the capital base within a month with its own definition: the least that was left."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.values import ExchangeNs
from robson.engine.budget import Moved, lowered
from tests.oracle.budget_oracle import base_after, exact
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

WIDE = settings(max_examples=max(1000, settings().max_examples), report_multiple_bugs=False)
KINDS = ("nothing moved", "never lower", "lower", "lower, then in again", "all gone", "one instant")


def test_the_base_falls_to_what_was_left_and_never_rises(
    record_property: Callable[[str, object], None],
) -> None:
    tally = Tally("capital base", KINDS)

    @WIDE
    @given(supply=st.binary(min_size=BYTES, max_size=BYTES))
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        opened = Decimal(mix.number(0, 2_000_000)) / 100
        moves: list[Moved] = []
        at_ns, lowest = 1, opened
        for place in range(mix.below(7)):
            at_ns += mix.pick((0, 1, 60))
            worth = Decimal(mix.number(-1_000_000, 800_000)) / 100
            moves.append(Moved(name=str(place), at_ns=ExchangeNs(at_ns), worth=worth))
            if len({move.at_ns for move in moves}) == len(moves):
                told = lowered(opened, moves)
                assert told <= lowest, "never raised within the month"
                lowest = told
        base = lowered(opened, moves)
        assert exact(base) == base_after(opened, [(each.at_ns, each.worth) for each in moves])
        assert base <= opened
        tally.see(*kinds_of(opened, moves, base))

    compare()
    tally.settle(record_property)


def kinds_of(opened: Decimal, moves: list[Moved], base: Decimal) -> list[str]:
    """Which of ``KINDS`` a month is."""
    total = sum((each.worth for each in moves), Decimal(0))
    holds = {
        "nothing moved": not moves,
        "never lower": bool(moves) and base == opened,
        "lower": base < opened,
        "lower, then in again": base < opened and opened + total > base,
        "all gone": base == 0 < opened,
        "one instant": len({each.at_ns for each in moves}) < len(moves),
    }
    return [kind for kind in KINDS if holds[kind]]

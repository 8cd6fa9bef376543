"""Compares the largest quantity that a margin level allows with the level's own definition."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.values import Side
from robson.engine.margin import MarginRules, level_cap
from tests.oracle.margin_oracle import level_after
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

WIDE = settings(max_examples=max(1000, settings().max_examples), report_multiple_bugs=False)
Recorder = Callable[[str, object], None]
STEP = Decimal("0.00000001")


def test_caps_are_on_the_oracles_edge(record_property: Recorder) -> None:
    """At the cap the level is enough, a step above it is not; without a cap it always is."""
    kinds = [f"{side.value} {kind}" for side in Side for kind in ("capped", "never too large")]
    tally = Tally("margin level", (*kinds, "own base", "at the bound"))

    @WIDE
    @given(supply=st.binary(min_size=BYTES, max_size=BYTES))
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        side = mix.pick((Side.LONG, Side.SHORT))
        cent = mix.pick((Decimal("0.00000001"), Decimal("0.01"), Decimal(100)))
        fill = mix.number(1_000, 10_000_000) * cent
        worse = mix.number(-6_000, 6_000)
        price = fill * (10_000 + worse) / 10_000
        fee = Decimal(mix.number(0, 30)) / 10_000
        rules = MarginRules(
            base=mix.pick((Decimal(0), Decimal(0), mix.number(1, 1_000) * STEP)),
            quote=mix.number(1, 10_000_000) * cent,
            hourly_rate=Decimal(mix.number(0, 300)) / 1_000_000,
            at_entry=Decimal(0),
            at_bound=Decimal(0),
        )
        least = Decimal(mix.number(1_050, mix.pick((1_600, 5_000)))) / 1_000
        cap = level_cap(rules, side=side, fill=fill, price=price, least=least, fee=fee)

        def level(quantity: Decimal) -> object:
            return level_after(
                side.value,
                quantity,
                fill=fill,
                price=price,
                base=rules.base,
                quote=rules.quote,
                fee=fee,
                hourly_rate=rules.hourly_rate,
            )

        told = ["own base"] * (rules.base > 0) + ["at the bound"] * (worse * side.sign < 0)
        if cap is None:
            far = level(rules.quote / fill * 1_000_000)
            assert far is None or far >= least  # type: ignore[operator]
            tally.see(f"{side.value} never too large", *told)
            return
        at_cap, above = level(cap), level(cap + 2 * STEP)
        assert at_cap is None or at_cap >= least  # type: ignore[operator]
        assert above is not None
        assert above < least  # type: ignore[operator]
        tally.see(f"{side.value} capped", *told)

    compare()
    tally.settle(record_property)

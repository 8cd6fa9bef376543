"""Compares the largest quantity that a margin level allows with the level's own definition."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.reports import AccountSnapshot, Balance
from robson.domain.values import ExchangeNs, Price, Side
from robson.engine.margin import MarginRules, level_cap, liquidation_price
from tests.oracle.margin_oracle import level_after, level_at
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


def test_the_liquidation_price_is_where_the_level_is_the_ratio(record_property: Recorder) -> None:
    """By the level's own definition: enough at the price told, and too low a little beyond it.

    A long falls to it and a short rises to it; what owes nothing, or can never get there, has none.
    """
    told = [f"{side.value} liquidated" for side in Side]
    tally = Tally("liquidation price", (*told, "none without a debt", "never"))

    @WIDE
    @given(supply=st.binary(min_size=BYTES, max_size=BYTES))
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        side = mix.pick((Side.LONG, Side.SHORT))
        price = Decimal(mix.number(1, 10_000_000)) / 100
        held = mix.number(10_000, 10**9) * STEP
        ratio = Decimal(mix.number(1_050, 1_250)) / 1_000
        share = Decimal(mix.number(0, 300)) / 100
        free = held * (price if side is Side.LONG else 1) * mix.pick((0, 0, 1, 5))
        dust = free.quantize(STEP)
        if side is Side.LONG:
            base, owed_quote = held, (held * price * share).quantize(STEP)
            quote, owed_base = dust, Decimal(0)
        else:
            quote, owed_base = (held * price).quantize(STEP), (held * share).quantize(STEP)
            base, owed_quote = dust, Decimal(0)
        account = AccountSnapshot(
            scope=Scope(AccountId("main"), Symbol("BTC", "USDT")),
            base=_balance("BTC", base, owed_base),
            quote=_balance("USDT", quote, owed_quote),
            index_price=Price(price),
            at_ns=ExchangeNs(0),
        )
        found = liquidation_price(account, ratio)
        if owed_base + owed_quote == 0:
            assert found is None
            tally.see("none without a debt")
            return

        def level(at: Decimal) -> Fraction:
            return level_at(at, base=base, quote=quote, owed_base=owed_base, owed_quote=owed_quote)

        way = -side.sign
        if found is None:
            ends = (price * 10**6, price / 10**6)
            assert all(level(far) >= Fraction(ratio) for far in ends), "enough everywhere"
            tally.see("never")
            return
        tally.see(f"{side.value} liquidated")
        assert level(found) >= Fraction(ratio), "the exchange has not closed it yet there"
        beyond = found + way * STEP
        assert beyond <= 0 or level(beyond) <= Fraction(ratio), "one step on it has"

    compare()
    tally.settle(record_property)


def _balance(asset: str, total: Decimal, debt: Decimal) -> Balance:
    return Balance(asset=asset, free=total, locked=Decimal(0), borrowed=debt, interest=Decimal(0))

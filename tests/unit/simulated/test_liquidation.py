"""Forced liquidation: where it strikes, what it takes, and that the books explain all of it.

The bench audits the books after everything it does.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.books import MemoryBooks
from robson.connectors.simulated.exchange_rules import Rule
from robson.domain.reports import AccountSnapshot, OrderState
from robson.domain.values import Price
from tests.oracle import books_oracle
from tests.unit.simulated.exchange_kit import (
    BORROW,
    BTC,
    BUY,
    HOUR,
    RULES,
    SELL,
    Bench,
    filled,
    resting,
)

RATIO = RULES.liquidation_ratio


def long(bench: Bench) -> None:
    """Base for 4,200 USDT of which 3,700 are owed: the level is 1.135."""
    filled(bench.buy("0.07", BORROW))


def short(bench: Bench) -> None:
    """Base for 4,200 USDT is owed and sold: the level is 1.118."""
    filled(bench.sell("0.07", BORROW))


SIDES = pytest.mark.parametrize("enter", [long, short], ids=["long", "short"])


def oracle_price(account: AccountSnapshot) -> Fraction:
    names = ("base", "quote")
    state = {
        f"{name}_{part}": Fraction(value)
        for name, balance in zip(names, (account.base, account.quote), strict=True)
        for part, value in (
            ("total", balance.total),
            ("debt", balance.borrowed),
            ("interest", balance.interest),
        )
    }
    price = books_oracle.liquidation_price(state, RATIO)
    assert price is not None
    return price


def last_safe(price: Fraction, *, falls: bool) -> int:
    """The last tick on the good side: at the ratio itself nothing happens yet."""
    ticks = (price - Fraction(RULES.min_price)) / Fraction(RULES.tick)
    return (
        -(-ticks.numerator // ticks.denominator) if falls else ticks.numerator // ticks.denominator
    )


def liquidated(bench: Bench) -> int:
    return bench.exchange.counts()[Rule.LIQUIDATED.value]


@SIDES
@pytest.mark.parametrize("jump", [True, False], ids=["jump", "walk"])
def test_it_strikes_at_the_first_tick_beyond_the_price(
    enter: Any, *, jump: bool, record_property: Any
) -> None:
    bench = Bench()
    enter(bench)
    falls = enter is long
    safe = last_safe(oracle_price(bench.account()), falls=falls)
    beyond = safe - 1 if falls else safe + 1

    assert bench.price(str(RULES.price_of(safe)), jump=jump) == ()
    low, high = bench.exchange.next_trigger(BTC)
    assert (low if falls else high) == beyond
    (forced,) = bench.price(str(RULES.price_of(beyond)), jump=jump)

    assert forced.client_id.startswith("autoclose-")
    assert forced.action is (SELL if falls else BUY)
    account = bench.account()
    assert account.base.debt == account.quote.debt == 0
    assert account.equity > 0, "the fee of 0.1 % is less than what was above the debt"
    assert bench.exchange.next_trigger(BTC) == (None, None)
    record_property("happened", "liquidated at its tick")


@SIDES
def test_a_walk_far_beyond_trades_at_the_price_of_the_liquidation(enter: Any) -> None:
    bench = Bench()
    enter(bench)
    falls = enter is long
    safe = last_safe(oracle_price(bench.account()), falls=falls)
    (forced,) = bench.price("40000" if falls else "80000")
    assert forced.fills is not None
    assert [fill.price for fill in forced.fills] == [
        RULES.price_of(safe - 1 if falls else safe + 1)
    ]
    assert bench.exchange.market(BTC).price == (40000 if falls else 80000)


@SIDES
def test_a_stop_on_the_way_comes_first_and_nothing_is_forced(enter: Any) -> None:
    bench = Bench(deposit="520")
    enter(bench)
    near = ("59500", SELL, "0.06993") if enter is long else ("60500", BUY, "0.0702")
    stop, action, quantity = near
    resting(bench.stop(action, quantity, stop))
    (met,) = bench.price("40000" if enter is long else "80000")
    assert (met.client_id, met.status.value) == ("id-2", "FILLED")
    assert liquidated(bench) == 0


@SIDES
def test_of_a_jump_beyond_both_the_stop_expires_and_the_exchange_trades(enter: Any) -> None:
    bench = Bench(deposit="520")
    enter(bench)
    near = ("59500", SELL, "0.06993") if enter is long else ("60500", BUY, "0.0702")
    stop, action, quantity = near
    resting(bench.stop(action, quantity, stop))
    expired, forced = bench.price("40000" if enter is long else "80000", jump=True)
    assert (expired.client_id, expired.status.value, expired.executed) == ("id-2", "EXPIRED", 0)
    assert forced.client_id == f"autoclose-{forced.order_id}"
    account = bench.account()
    assert account.base.locked == account.quote.locked == 0
    assert account.equity < 0, "what is owed beyond the assets stays owed"
    assert isinstance(bench.query("id-2"), OrderState)


@SIDES
def test_an_hour_of_interest_may_be_what_it_takes(enter: Any) -> None:
    bench = Bench()
    enter(bench)
    safe = last_safe(oracle_price(bench.account()), falls=enter is long)
    bench.price(str(RULES.price_of(safe)))
    assert liquidated(bench) == 0
    bench.wait(HOUR)
    assert liquidated(bench) == 1


@SIDES
def test_it_knows_its_price_again_after_the_books_were_opened_again(enter: Any) -> None:
    books = MemoryBooks()
    bench = Bench(books=books)
    enter(bench)
    edges = bench.exchange.next_trigger(BTC)
    assert edges != (None, None)
    again = type(bench.exchange)([RULES], books=books)
    assert again.next_trigger(BTC) == edges
    moved = again.on_price(
        BTC, Price("30000" if enter is long else "90000"), at_ns=bench.now, jump=True
    )
    assert len(moved) == 1


def test_without_a_debt_nothing_is_forced_however_far_it_falls() -> None:
    bench = Bench()
    filled(bench.buy("0.008"))
    bench.price("0.02", jump=True)
    assert liquidated(bench) == 0
    assert bench.exchange.next_trigger(BTC) == (None, None)


def test_the_ratio_is_the_pairs_own() -> None:
    strict = Bench(rules=attrs.evolve(RULES, liquidation_ratio=Decimal("1.12")))
    filled(strict.buy("0.07", BORROW))
    strict.price("59000", jump=True)
    assert liquidated(strict) == 1, "at 1.116"
    lax = Bench()
    filled(lax.buy("0.07", BORROW))
    lax.price("59000", jump=True)
    assert liquidated(lax) == 0


def test_wild_lives_are_audited_and_never_left_below_the_ratio(record_property: Any) -> None:
    """Two hundred lives of orders and jumps; after each act the books are counted again."""
    forced = bankrupt = 0
    for seed in range(200):
        chance, bench, price = Random(seed), Bench(), 60000
        for _ in range(12):
            match chance.randrange(4):
                case 0:
                    bench.buy(f"0.0{chance.randrange(1, 9)}", BORROW)
                case 1:
                    bench.sell(f"0.0{chance.randrange(1, 9)}", BORROW)
                case 2:
                    bench.stop(
                        *((SELL, "0.01", "50000") if price > 50000 else (BUY, "0.01", "70000"))
                    )
                case _:
                    price = price * chance.randrange(80, 126) // 100
                    bench.price(str(price), jump=chance.random() < 0.5)
            account = bench.account()
            owed = account.base.debt * account.index_price + account.quote.debt
            assets = account.base.total * account.index_price + account.quote.total
            if owed and assets < RATIO * owed:
                bankrupt += 1
                assert assets < owed, "only what cannot be repaid is left"
                assert (
                    bench.exchange.state.orders[bench.exchange.state.last_order_id].is_open is False
                )
        forced += liquidated(bench)
    record_property("happened", f"liquidated: {forced}")
    record_property("happened", f"left owing: {bankrupt}")
    assert forced > 50
    assert bankrupt > 5

"""Resting stops on the simulated exchange: what they lock, when and in which order they fire."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.connectors.simulated.ledger import Terms
from robson.domain.identity import AccountId
from robson.domain.reports import OrderState, OrderStatus
from robson.domain.values import Action, ExchangeNs
from tests.unit.simulated.exchange_kit import (
    BORROW,
    BTC,
    BUY,
    NONE,
    REPAY,
    RULES,
    SCOPE,
    SECOND,
    SELL,
    Bench,
    filled,
    resting,
)

D = Decimal


def code(answer: object) -> int | None:
    return getattr(answer, "code", None)


def long_with_stop(stop: str = "59000", **terms: object) -> Bench:
    """A long of 0.01998 with a stop under all of it, client id ``stop``."""
    bench = Bench(terms=attrs.evolve(Terms(slippage_bps=D(0)), **terms))
    bench.buy("0.02", BORROW)
    resting(bench.stop(SELL, "0.01998", stop, client_id="stop"))
    return bench


def price_of(order: OrderState) -> Decimal:
    (fill,) = order.fills or ()
    return fill.price


def test_a_sell_stop_locks_base_until_it_is_cancelled() -> None:
    bench = long_with_stop()

    assert (bench.account().base.free, bench.account().base.locked) == (0, D("0.01998"))
    assert code(bench.sell("0.01998", REPAY)) == -2010

    cancelled = bench.cancel("stop")
    assert isinstance(cancelled, OrderState)
    assert (cancelled.status, cancelled.executed) == (OrderStatus.CANCELED, 0)
    assert (bench.account().base.free, bench.account().base.locked) == (D("0.01998"), 0)
    filled(bench.sell("0.01998", REPAY))
    assert code(bench.cancel("stop")) == -2011


def test_what_is_locked_cannot_be_locked_again() -> None:
    bench = long_with_stop()

    assert code(bench.stop(SELL, "0.00100", "58000")) == -2010
    bench.cancel("stop")
    resting(bench.stop(SELL, "0.01", "58000"))
    resting(bench.stop(SELL, "0.00998", "57000"))
    assert bench.account().base.free == 0


def test_a_buy_stop_locks_quote_at_its_own_price() -> None:
    bench = Bench()
    bench.sell("0.02", BORROW)
    resting(bench.stop(BUY, "0.02003", "61000.01"))

    quote = bench.account().quote
    assert (quote.locked, quote.free) == (D("1221.8302003"), D("1698.8") - D("1221.8302003"))
    assert quote.locked == D("0.02003") * D("61000.01")


def test_a_locked_amount_finer_than_an_atom_is_rounded_up() -> None:
    fine = attrs.evolve(RULES, tick=D("0.00001"), step=D("0.00000001"), min_price=D(0))
    bench = Bench(rules=attrs.evolve(fine, min_qty=D(0), min_notional=D(0)))

    resting(bench.stop(BUY, "0.00000001", "61000.00001"))

    assert bench.account().quote.locked == D("0.00061001")  # exactly 0.0006100000001


def test_walking_meets_a_stop_at_its_own_price() -> None:
    bench = long_with_stop("59000")
    low, high = bench.exchange.next_trigger(BTC)
    assert low is not None
    assert (RULES.price_of(low), high) == (59000, None)

    assert bench.price("59000.01") == ()
    (stopped,) = bench.price("58000")

    assert price_of(filled(stopped)) == 59000
    assert bench.exchange.next_trigger(BTC) == (None, None)
    account = bench.account()
    assert (account.base.total, account.quote.debt) == (0, 0)
    assert account.index_price == 58000
    assert account.quote.free == D("0.01998") * 59000 * D("0.999") - D("700.00875")


def test_a_jump_meets_a_stop_where_it_lands() -> None:
    bench = long_with_stop("59000")

    (stopped,) = bench.price("58000", jump=True)

    assert price_of(stopped) == 58000


@pytest.mark.parametrize("jump", [False, True])
def test_a_stop_is_met_by_touching_it(jump: object) -> None:
    bench = long_with_stop("59000")

    (stopped,) = bench.price("59000", jump=bool(jump))

    assert price_of(stopped) == 59000


def test_a_stop_slips_like_any_market_order() -> None:
    bench = long_with_stop("59000", slippage_bps=D(2))

    (stopped,) = bench.price("58000")

    assert price_of(stopped) == D("58988.20")


def test_the_way_meets_the_nearest_first_and_of_two_the_older() -> None:
    bench = Bench(deposit="5000")
    bench.buy("0.05")
    for stop, name in (("58000", "far"), ("59000", "old"), ("59000", "new"), ("57000", "no")):
        resting(bench.stop(SELL, "0.01", stop, NONE, client_id=name))

    stopped = bench.price("58000")

    assert [order.client_id for order in stopped] == ["old", "new", "far"]
    assert [price_of(order) for order in stopped] == [59000, 59000, 58000]
    assert bench.exchange.next_trigger(BTC) == (RULES.ticks(D(57000)), None)


def test_buy_stops_are_met_upward() -> None:
    bench = Bench(deposit="5000")
    bench.sell("0.02", BORROW)
    resting(bench.stop(BUY, "0.01", "62000", NONE, client_id="far"))
    resting(bench.stop(BUY, "0.01", "61000", NONE, client_id="near"))
    assert bench.exchange.next_trigger(BTC) == (None, RULES.ticks(D(61000)))

    stopped = bench.price("62000")

    assert [(order.client_id, price_of(order)) for order in stopped] == [
        ("near", 61000),
        ("far", 62000),
    ]
    assert bench.account().base.free == D("0.01998")


def test_an_insurance_stop_repays_the_debt_of_a_short() -> None:
    bench = Bench()
    bench.sell("0.02", BORROW)
    resting(bench.stop(BUY, "0.02003", "61000"))

    bench.price("61500", jump=True)

    account = bench.account()
    assert (account.base.debt, account.quote.locked) == (0, 0)
    assert account.quote.free == D("1698.8") - D("0.02003") * 61500


@pytest.mark.parametrize(("landed", "status"), [("62500", "FILLED"), ("62500.01", "EXPIRED")])
def test_a_triggered_stop_needs_its_money(landed: str, status: str) -> None:
    bench = Bench()
    resting(bench.stop(BUY, "0.008", "61000", NONE))

    (stopped,) = bench.price(landed, jump=True)

    assert stopped.status.value == status
    quote = bench.account().quote
    assert (quote.locked, quote.free) == (0, 0 if status == "FILLED" else 500)
    found = bench.query(stopped.client_id)
    assert isinstance(found, OrderState)
    assert found.status.value == status


def test_a_stop_may_only_rest_away_from_the_market() -> None:
    bench = Bench()
    bench.buy("0.005")

    assert code(bench.stop(SELL, "0.004", "60000")) == -2010
    resting(bench.stop(SELL, "0.004", "59999.99"))
    assert code(bench.stop(BUY, "0.001", "60000")) == -2010
    resting(bench.stop(BUY, "0.001", "60000.01"))


def test_a_stop_that_left_is_not_met_any_more() -> None:
    bench = long_with_stop("59000")
    bench.cancel("stop")

    assert bench.price("50000") == ()
    assert bench.account().base.total == D("0.01998")


@pytest.mark.parametrize("action", [BUY, SELL])
def test_stops_of_two_accounts_are_met_by_one_price(action: Action) -> None:
    bench = Bench(deposit="5000")
    other = attrs.evolve(SCOPE, account=AccountId("other"))
    bench.exchange.deposit(other, "USDT", D(5000))
    stop = "61000" if action is BUY else "59000"
    for scope in (SCOPE, other):
        bench.send(attrs.evolve(bench.order(BUY, "0.02", NONE), scope=scope))
        order = bench.stop_order(action, "0.01", stop, NONE, client_id="same")
        resting(bench.send(attrs.evolve(order, scope=scope)))

    assert len(bench.price(stop)) == 2


def test_a_query_after_the_trigger_shows_the_fill_at_its_time() -> None:
    bench = long_with_stop("59000")
    bench.now = ExchangeNs(bench.now + SECOND)
    bench.price("58000")

    found = filled(bench.query("stop"))

    assert (found.executed, found.at_ns, found.fills) == (D("0.01998"), bench.now, None)
    assert code(bench.cancel("stop")) == -2011, "gone is not cancelled"

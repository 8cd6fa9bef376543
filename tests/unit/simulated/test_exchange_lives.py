"""Lives of positions on the simulated exchange, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.connectors.simulated.ledger import Terms
from robson.domain.intents import ReadOrders, ReadTrades
from robson.domain.reports import Fill, OrderList, OrderStatus, Repaid, TradeList
from robson.domain.values import ExchangeNs
from tests.oracle import books_oracle
from tests.unit.simulated.exchange_kit import (
    BORROW,
    BTC,
    BUY,
    EXACT,
    HALF_PAST_ONE,
    HOUR,
    NONE,
    POSITION,
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


def fill_of(answer: object) -> Fill:
    order = filled(answer)  # type: ignore[arg-type]
    assert order.fills is not None
    assert len(order.fills) == 1
    return order.fills[0]


def test_a_long_borrows_the_shortfall_and_repays_it() -> None:
    bench = Bench()

    entry = bench.buy("0.02", BORROW)

    fill = fill_of(entry)
    assert (fill.price, fill.commission, fill.commission_asset) == (D(60000), D("0.00002"), "BTC")
    assert filled(entry).quote_executed == 1200
    long = bench.account()
    assert (long.base.free, long.quote.free) == (D("0.01998"), D(0))
    assert (long.quote.borrowed, long.quote.interest) == (D(700), D("0.00875"))
    assert long.base.debt == 0

    bench.price("59000")
    fill = fill_of(bench.sell("0.01998", REPAY))
    assert (fill.commission, fill.commission_asset) == (D("1.17882"), "USDT")
    flat = bench.account()
    assert flat.quote.free == D("477.63243")
    assert (flat.base.total, flat.quote.debt) == (0, 0)


@pytest.mark.parametrize(
    ("daily", "hours", "owed", "bought", "dust"),
    [
        (D("0.000252"), 2, D("0.02000042"), "0.02003", D("0.00000955")),
        (D("0.00026125"), 1, D("0.02000022"), "0.02003", D("0.00000975")),
    ],
)
def test_a_short_buys_back_its_debt_rounded_up(
    daily: D, hours: int, owed: D, bought: str, dust: D
) -> None:
    bench = Bench(terms=attrs.evolve(EXACT, daily_rate_base=daily))

    fill = fill_of(bench.sell("0.02", BORROW))

    assert (fill.commission, fill.commission_asset) == (D("1.2"), "USDT")
    bench.wait((hours - 1) * HOUR)
    short = bench.account()
    assert (short.base.borrowed, short.base.debt) == (D("0.02"), owed)
    assert (short.base.free, short.quote.free) == (D(0), D("1698.8"))
    needed = books_oracle.buy_back(owed, 0, 0, RULES.taker_fee, RULES.step)
    assert needed == D(bought)

    bench.price("59000")
    assert fill_of(bench.buy(bought, REPAY)).commission == D("0.00002003")
    flat = bench.account()
    assert (flat.base.debt, flat.base.free) == (0, dust)
    assert flat.quote.free == D("517.03")


def test_borrowed_at_five_to_two_and_repaid_at_half_past_two_is_two_hours() -> None:
    bench = Bench()
    bench.buy("0.02", BORROW)

    assert bench.exchange.next_interest_ns() == HALF_PAST_ONE + 5 * 60 * SECOND
    bench.wait(5 * 60 * SECOND - 1)
    assert bench.account().quote.interest == D("0.00875")
    bench.wait(1)
    assert bench.account().quote.interest == D("0.0175")
    bench.wait(30 * 60 * SECOND)

    assert bench.account().quote.interest == D("0.0175")
    hours = books_oracle.interest_charges(HALF_PAST_ONE // 10**6, bench.now // 10**6)
    assert hours == 2
    assert bench.account().quote.borrowed == 700, "interest adds to what is owed beside it"


def test_many_hours_at_once_are_charged_one_by_one_on_the_principal() -> None:
    bench = Bench()
    bench.buy("0.02", BORROW)
    bench.wait(26 * HOUR)

    assert bench.account().quote.interest == 27 * D("0.00875")
    charged = [entry for entry in bench.exchange.books.entries() if hasattr(entry, "hourly")]
    assert [entry.at_ns % HOUR for entry in charged[1:]] == [0] * 26


def test_a_price_at_a_full_hour_comes_after_its_interest() -> None:
    bench = Bench()
    bench.buy("0.02", BORROW)
    bench.now = ExchangeNs(HALF_PAST_ONE + 5 * 60 * SECOND)

    bench.price("59999")

    assert bench.account().quote.interest == D("0.0175")


def test_interest_is_rounded_up_to_an_atom() -> None:
    bench = Bench()
    bench.sell("0.00013", BORROW)

    exact = books_oracle.hourly_interest("0.00013", "0.00026125")
    assert D("0.00000000") < exact < D("0.00000001")
    assert bench.account().base.interest == D("0.00000001")


def test_nothing_is_charged_to_who_owes_nothing() -> None:
    bench = Bench()
    bench.buy("0.005", BORROW)  # covered by own money: nothing is borrowed

    assert bench.exchange.next_interest_ns() is None
    bench.wait(3 * HOUR)
    assert bench.account().quote.debt == 0


def test_a_market_order_fills_at_the_market_plus_slippage_on_the_worse_tick() -> None:
    bench = Bench(terms=Terms(), deposit="100000")

    assert fill_of(bench.buy("0.02")).price == D("60012.00")
    assert fill_of(bench.sell("0.01")).price == D("59988.00")
    bench.price("60000.01")
    assert fill_of(bench.buy("0.02")).price == D("60012.02")  # 60012.010002
    assert fill_of(bench.sell("0.01")).price == D("59988.00")  # 59988.009998


def test_slippage_never_sells_for_nothing() -> None:
    cheap = attrs.evolve(RULES, min_notional=D(0), min_price=D(0))
    bench = Bench(rules=cheap, terms=Terms(), price="0.01")
    bench.buy("50")

    assert fill_of(bench.sell("40")).price == D("0.01")


def test_commission_is_rounded_up_to_an_atom() -> None:
    bench = Bench(rules=attrs.evolve(RULES, taker_fee=D("0.00075"), min_notional=D(0)))

    assert fill_of(bench.buy("0.00001")).commission == D("0.00000001")  # exactly 0.0000000075
    assert bench.account().base.free == D("0.00000999")


def test_a_market_order_trades_where_the_market_stands_when_it_arrives() -> None:
    bench = Bench()
    bench.price("61000.50")

    assert fill_of(bench.buy("0.005")).price == D("61000.5")


def test_repays_interest_first_and_by_hand_what_was_left() -> None:
    bench = Bench(deposit="6000")
    bench.sell("0.02", BORROW)
    bench.buy("0.01", REPAY)
    left = bench.account().base

    assert left.interest == 0
    assert left.borrowed == D("0.02") + D("0.00000022") - D("0.00999")
    bench.buy("0.02", NONE)
    bench.wait(SECOND)
    owed = bench.account().base.debt
    repaid = bench.repay("BTC", str(owed))

    assert repaid == Repaid(asset="BTC", amount=owed, interest=D(0), principal=owed)
    assert bench.account().base.debt == 0


def test_an_exit_repays_with_what_it_yielded_and_no_more() -> None:
    bench = Bench()
    bench.buy("0.02", BORROW)
    bench.exchange.deposit(SCOPE, "USDT", D(100))

    filled(bench.sell("0.005", REPAY))

    quote = bench.account().quote
    assert (quote.free, quote.debt) == (100, D("700.00875") - D("299.7"))


def test_repaying_by_hand_pays_interest_before_principal() -> None:
    bench = Bench(deposit="1000")
    bench.buy("0.02", BORROW)  # lacks 200: 0.0025 interest
    bench.sell("0.001")
    bench.wait(SECOND)

    repaid = bench.repay("USDT", "0.5")

    assert repaid == Repaid(
        asset="USDT", amount=D("0.5"), interest=D("0.0025"), principal=D("0.4975")
    )
    bench.wait(SECOND)
    assert bench.repay("USDT", "0.001") == Repaid(
        asset="USDT", amount=D("0.001"), interest=D(0), principal=D("0.001")
    )


def test_a_repayment_by_hand_waits_until_the_exchange_is_done_with_the_last() -> None:
    bench = Bench(deposit="1000")
    bench.buy("0.02", BORROW)
    bench.sell("0.001")

    bench.wait(SECOND // 10 - 1)
    assert getattr(bench.repay("USDT", "0.5"), "code", None) == -3007
    bench.wait(1)
    assert isinstance(bench.repay("USDT", "0.5"), Repaid)


def test_a_second_exit_of_a_long_is_refused() -> None:
    bench = Bench()
    bench.buy("0.02", BORROW)

    filled(bench.sell("0.01998", REPAY))

    assert getattr(bench.sell("0.01998", REPAY), "code", None) == -2010


def test_a_second_exit_of_a_short_is_refused_only_without_the_money_for_it() -> None:
    poor, rich = Bench(deposit="500"), Bench(deposit="5000")
    for bench in (poor, rich):
        filled(bench.sell("0.02", BORROW))
        filled(bench.buy("0.02003", REPAY))

    assert poor.account().quote.free < D("1201.8")
    assert getattr(poor.buy("0.02003", REPAY), "code", None) == -2010
    filled(rich.buy("0.02003", REPAY))
    assert rich.account().base.free > D("0.02"), (
        "the wallet has flipped: that is what fences prevent"
    )


@pytest.mark.parametrize(
    ("action", "most", "leverage"),
    [(BUY, "0.08333", 10), (SELL, "0.075", 10), (BUY, "0.02499", 3), (SELL, "0.01666", 3)],
)
def test_a_loan_ends_at_the_highest_leverage(action: object, most: str, leverage: int) -> None:
    terms = attrs.evolve(EXACT, max_leverage=leverage)
    enough, more = Bench(terms=terms), Bench(terms=terms)
    first, second = (enough.buy, more.buy) if action is BUY else (enough.sell, more.sell)

    filled(first(most, BORROW))

    assert getattr(second(str(D(most) + D("0.00002")), BORROW), "code", None) == -3006
    assert more.account().quote.free == 500


def test_pairs_are_accounts_of_their_own() -> None:
    bench = Bench()
    other = attrs.evolve(SCOPE, account="other")
    bench.exchange.deposit(other, "USDT", D(70))
    resting(bench.stop(BUY, "0.001", "61000", NONE, client_id="same"))
    filled(bench.send(attrs.evolve(bench.order(BUY, "0.001", NONE), scope=other, client_id="same")))

    assert bench.account().quote.total == 500
    assert bench.exchange.state.accounts[other].quote.free == 10
    assert bench.exchange.next_trigger(BTC) == (None, 6_100_000 - 1)


def test_lists_of_orders_and_trades_begin_where_asked() -> None:
    bench = Bench(deposit="5000")
    early = resting(bench.stop(BUY, "0.001", "70000", NONE))
    bench.buy("0.01")
    bench.wait(SECOND)
    since = bench.now
    late = filled(bench.buy("0.02"))

    orders = bench.send(ReadOrders(scope=SCOPE, position=POSITION, since_ns=since))
    trades = bench.send(ReadTrades(scope=SCOPE, position=POSITION, since_ns=since))
    all_of_one = bench.send(
        ReadTrades(scope=SCOPE, position=POSITION, since_ns=ExchangeNs(0), order_id=late.order_id)
    )

    assert isinstance(orders, OrderList)
    assert [order.order_id for order in orders.orders] == [early.order_id, late.order_id]
    assert orders.orders[0].status is OrderStatus.NEW
    assert trades == all_of_one == TradeList(fills=late.fills or ())
    assert len(bench.account().open_orders) == 1


def test_numbers_are_counted_from_one() -> None:
    bench = Bench(deposit="5000")
    orders = [filled(bench.buy("0.01")) for _ in range(3)]

    assert [order.order_id for order in orders] == [1, 2, 3]
    assert [fill_of(order).trade_id for order in orders] == [1, 2, 3]

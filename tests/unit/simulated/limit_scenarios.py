"""Scenarios of orders with a limit: taken at once, resting, met, refused, expired, taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.entries import TimeInForce
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.orders import LimitOrder
from robson.domain.intents import OrderType, SideEffect
from robson.domain.reports import Answer, OrderState, OrderStatus
from robson.domain.values import Action, Price
from tests.unit.simulated.exchange_kit import BORROW, BUY, NONE, RULES, SECOND, SELL, Bench
from tests.unit.simulated.rule_scenarios import bites

ALL = attrs.evolve(RULES, order_types=frozenset(kind.value for kind in OrderType))


def bench(**other: Any) -> Bench:
    """One whose pair takes orders of every type."""
    return Bench(**({"rules": ALL} | other))


def limit(
    on: Bench,
    action: Action,
    quantity: str,
    price: str,
    side_effect: SideEffect = NONE,
    **other: Any,
) -> Answer:
    """Send an order with a limit."""
    usual = on.order(action, quantity, side_effect)
    made = LimitOrder(**attrs.asdict(usual, recurse=False) | {"type": OrderType.LIMIT})
    return on.send(attrs.evolve(made, price=Price(price), **other))


def state(answer: Answer) -> OrderState:
    assert isinstance(answer, OrderState), answer
    return answer


@bites(Rule.TAKE_PROFIT_NOT_LISTED)
def no_take_profit() -> tuple[Bench, Answer | None]:
    on = Bench()
    kind = {"type": OrderType.TAKE_PROFIT, "stop_price": Price("61000")}
    return on, on.send(on.order(SELL, "0.005", NONE, **kind))


@bites(Rule.LIMIT_WOULD_MATCH)
def maker_that_would_take() -> tuple[Bench, Answer | None]:
    on = bench()
    return on, limit(on, BUY, "0.005", "60000", type=OrderType.LIMIT_MAKER)


@bites(Rule.LIMIT_TAKES)
def crosses_at_the_better_price() -> tuple[Bench, Answer | None]:
    on = bench()
    answer = state(limit(on, BUY, "0.005", "60500"))
    assert (answer.status, answer.quote_executed) == (OrderStatus.FILLED, 300)
    return on, None


@bites(Rule.LIMIT_RESTING, Rule.LIMIT_MET, Rule.LOCK_QUOTE, Rule.UNLOCK_QUOTE)
def rests_and_is_met() -> tuple[Bench, Answer | None]:
    on = bench()
    answer = state(limit(on, BUY, "0.005", "59000"))
    locked = on.account().quote.locked
    assert (answer.status, answer.executed, locked) == (OrderStatus.NEW, 0, 295)
    assert on.price("59000.01") == ()
    [met] = on.price("58000")
    assert (met.status, met.quote_executed) == (OrderStatus.FILLED, 295)
    assert on.account().quote.locked == 0
    return on, None


@bites(Rule.LIMIT_EXPIRED)
def does_not_wait() -> tuple[Bench, Answer | None]:
    on = bench()
    for force in (TimeInForce.IOC, TimeInForce.FOK):
        answer = state(limit(on, BUY, "0.005", "59000", time_in_force=force))
        assert (answer.status, answer.executed) == (OrderStatus.EXPIRED, 0)
    assert on.account().quote.free == 500
    return on, None


@bites(Rule.LOAN_REPAID_AT_CANCEL, Rule.BORROW_QUOTE)
def a_cancel_repays_the_loan() -> tuple[Bench, Answer | None]:
    on = bench()
    placed = state(limit(on, BUY, "0.02", "50000", BORROW))
    assert on.account().quote.borrowed == 500
    on.wait(SECOND)
    state(on.cancel(placed.client_id))
    account = on.account()
    # The first hour is owed all the same; of what is left of the loan it took so much.
    assert account.quote.debt == 0
    assert account.quote.free == 500 - Decimal("0.00625")
    return on, None


@bites(Rule.LIMIT_RESTING)
def keeps_its_loan_when_told_to() -> tuple[Bench, Answer | None]:
    on = bench()
    placed = state(limit(on, BUY, "0.02", "50000", BORROW, keeps_loan=True))
    state(on.cancel(placed.client_id))
    assert on.account().quote.borrowed == 500
    assert on.exchange.counts()[Rule.LOAN_REPAID_AT_CANCEL.value] == 0
    return on, None


@bites(Rule.STOP_MET_ON_THE_WAY)
def takes_a_profit() -> tuple[Bench, Answer | None]:
    on = bench()
    state(on.buy("0.005"))
    kind = {"type": OrderType.TAKE_PROFIT, "stop_price": Price("61000")}
    resting = state(on.send(on.order(SELL, "0.00499", NONE, **kind)))
    assert resting.status is OrderStatus.NEW
    assert on.price("59000") == ()
    [sold] = on.price("61500")
    assert (sold.status, sold.quote_executed) == (OrderStatus.FILLED, Decimal("304.39"))
    return on, None


@bites(Rule.STOP_WOULD_TRIGGER)
def a_profit_that_is_there_already() -> tuple[Bench, Answer | None]:
    on = bench()
    state(on.buy("0.005"))
    kind = {"type": OrderType.TAKE_PROFIT, "stop_price": Price("59000")}
    return on, on.send(on.order(SELL, "0.00499", NONE, **kind))

"""A bench for the simulated exchange: one pair, short words for requests, a clock that is turned.

The bench audits the books after everything it does, so that every test is also one of conservation.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.books import Books
from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.faults import ExchangeFaults
from robson.connectors.simulated.ledger import Terms
from robson.domain.identity import AccountId, ClientOrderId, PositionId, Purpose, Scope, Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import (
    CancelOrder,
    Intent,
    OrderType,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    Repay,
    SideEffect,
)
from robson.domain.reports import AccountSnapshot, Answer, OrderState, OrderStatus
from robson.domain.values import NS_PER_MS, NS_PER_S, Action, ExchangeNs, Price, Quantity

BTC = Symbol("BTC", "USDT")
SCOPE = Scope(AccountId("main"), BTC)
POSITION = PositionId.of(7)
HALF_PAST_ONE = 1_795_269_300 * NS_PER_S  # 2026-11-21 13:55:00 UTC
SECOND = NS_PER_S
HOUR = 3600 * NS_PER_S
RULES = Instrument(
    symbol=BTC,
    tick=Decimal("0.01"),
    step=Decimal("0.00001"),
    min_price=Decimal("0.01"),
    min_qty=Decimal("0.00001"),
    max_qty=Decimal(9000),
    market_max_qty=Decimal(100),
    min_notional=Decimal(5),
    order_types=frozenset({"MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"}),
)
EXACT = Terms(slippage_bps=Decimal(0))
NONE, BORROW, REPAY = SideEffect.NONE, SideEffect.BORROW, SideEffect.REPAY
BUY, SELL = Action.BUY, Action.SELL


class Bench:
    """An exchange with 500 USDT in BTCUSDT at 60,000, without slippage unless asked for."""

    def __init__(
        self,
        *,
        rules: Instrument = RULES,
        terms: Terms = EXACT,
        faults: ExchangeFaults | None = None,
        books: Books | None = None,
        deposit: str = "500",
        price: str | None = "60000",
        exchange: type[SimExchange] = SimExchange,
    ) -> None:
        self.exchange = exchange([rules], books=books, terms=terms, faults=faults)
        self.now = ExchangeNs(HALF_PAST_ONE)
        self.ids = 0
        self.audit: Conservation | None = Conservation(self.exchange.books, self.exchange.state)
        if Decimal(deposit):
            self.exchange.deposit(SCOPE, "USDT", Decimal(deposit), at_ns=self.now)
        if price is not None:
            self.price(price, jump=True)

    def audited(self) -> int:
        """Compare everything; return how much was compared."""
        if self.audit is None:
            return 0
        outcome = self.audit.check()
        assert outcome.differences == ()
        assert outcome.compared > 0
        return outcome.compared

    # --- time and price --------------------------------------------------------------------------

    def wait(self, nanoseconds: int) -> None:
        self.now = ExchangeNs(self.now + nanoseconds)
        self.exchange.advance_to(self.now)
        self.audited()

    def price(self, price: str, *, jump: bool = False) -> tuple[OrderState, ...]:
        moved = self.exchange.on_price(BTC, Price(price), at_ns=self.now, jump=jump)
        self.audited()
        return moved

    # --- requests --------------------------------------------------------------------------------

    def send(self, request: Intent) -> Answer:
        """Send a request as it is."""
        answer = self.exchange.handle(request, at_ns=self.now)
        self.audited()
        return answer

    def order(
        self, action: Action, quantity: str, side_effect: SideEffect, **other: Any
    ) -> PlaceOrder:
        """Make a market order, or what ``other`` makes of it, signed now."""
        self.ids += 1
        order = PlaceOrder(
            scope=SCOPE,
            position=POSITION,
            purpose=Purpose.ENTRY,
            client_id=ClientOrderId(f"id-{self.ids}"),
            action=action,
            type=OrderType.MARKET,
            quantity=Quantity(quantity),
            side_effect=side_effect,
            timestamp_ms=self.now // NS_PER_MS,
        )
        return attrs.evolve(order, **other)

    def stop_order(
        self, action: Action, quantity: str, stop: str, side_effect: SideEffect, **other: Any
    ) -> PlaceOrder:
        return self.order(
            action,
            quantity,
            side_effect,
            **{"type": OrderType.STOP_LOSS, "stop_price": Price(stop)} | other,
        )

    def buy(self, quantity: str, side_effect: SideEffect = NONE, **other: Any) -> Answer:
        return self.send(self.order(BUY, quantity, side_effect, **other))

    def sell(self, quantity: str, side_effect: SideEffect = NONE, **other: Any) -> Answer:
        return self.send(self.order(SELL, quantity, side_effect, **other))

    def stop(
        self,
        action: Action,
        quantity: str,
        stop: str,
        side_effect: SideEffect = REPAY,
        **other: Any,
    ) -> Answer:
        return self.send(self.stop_order(action, quantity, stop, side_effect, **other))

    def cancel(self, target: str, **other: Any) -> Answer:
        request = CancelOrder(
            scope=SCOPE,
            position=POSITION,
            target=ClientOrderId(target),
            cancel_id=ClientOrderId("cancel"),
            timestamp_ms=self.now // NS_PER_MS,
        )
        return self.send(attrs.evolve(request, **other))

    def query(self, target: str) -> Answer:
        target_id = ClientOrderId(target)
        return self.send(QueryOrder(scope=SCOPE, position=POSITION, target=target_id))

    def repay(self, asset: str, amount: str, **other: Any) -> Answer:
        request = Repay(
            scope=SCOPE,
            position=POSITION,
            asset=asset,
            amount=Decimal(amount),
            attempt=1,
            timestamp_ms=self.now // NS_PER_MS,
        )
        return self.send(attrs.evolve(request, **other))

    def account(self) -> AccountSnapshot:
        answer = self.send(ReadAccount(scope=SCOPE))
        assert isinstance(answer, AccountSnapshot)
        return answer


def filled(answer: Answer) -> OrderState:
    """The answer, which must be a whole fill."""
    assert isinstance(answer, OrderState), answer
    assert answer.status is OrderStatus.FILLED
    return answer


def resting(answer: Answer) -> OrderState:
    """The answer, which must be a resting order."""
    assert isinstance(answer, OrderState), answer
    assert answer.status is OrderStatus.NEW
    return answer

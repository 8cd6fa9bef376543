"""Orders with a limit: they take at once what the book gives within it, and the rest waits there.

Robson sends none. Other clients of the simulated exchange do, and find what they hold back, borrow
and repay in the same books.
"""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.account import Account
from robson.connectors.simulated.desk import Desk
from robson.connectors.simulated.entries import TimeInForce
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.floor import ZERO, Deal, cost
from robson.connectors.simulated.matching import Market
from robson.connectors.simulated.orders import Order
from robson.domain.intents import OrderType, PlaceOrder
from robson.domain.reports import ApiError, OrderStatus
from robson.domain.values import Action, ExchangeNs, Price


class Limits(Desk):
    """Orders that name the worst price they may trade at."""

    def limit(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Order | ApiError:
        """Trade what crosses the book; let the rest wait, or expire where it may not wait.

        All of it is funded at the limit, as the exchange does it: what a better price saves is free
        again at once.
        """
        ledger, market = self._ledger, self._markets[account.scope.symbol]
        price, wallet = request.price, account.spends(request.action)
        assert price is not None, "the shape of an order was checked"
        crosses = self._within(market, request.action, price)
        if crosses and request.type is OrderType.LIMIT_MAKER:
            return ledger.refuse(Rule.LIMIT_WOULD_MATCH)
        lacking = cost(request.action, request.quantity, price) - wallet.free
        unfunded = self._unfunded(request, account, lacking, at_ns)
        if unfunded is not None:
            return unfunded
        order = self._accept(request, account, at_ns)
        if lacking > 0:
            self._debts.lend(order, account, wallet, lacking, at_ns)
        elif request.side_effect.borrows:
            ledger.counts.bit(Rule.BORROW_NOT_NEEDED)
        yielded = ZERO
        for deal in self._crossing(order, price) if crosses else ():
            ledger.counts.bit(Rule.LIMIT_TAKES)
            yielded += self._trade(order, account, deal.quantity, deal.price, at_ns)
        self._leave(order, account, price, at_ns)
        self._traded(order, account, yielded, at_ns)
        return order

    def _within(self, market: Market, action: Action, limit: Price) -> bool:
        """Whether the best price on the other side is no worse than a limit."""
        best = market.taker_price(action, self._ledger.terms.slippage_bps)
        return best <= limit if action is Action.BUY else best >= limit

    def _crossing(self, order: Order, limit: Price) -> tuple[Deal, ...]:
        """What the book gives within the limit now: all or nothing, where the order says so."""
        deals = tuple(
            deal
            for deal in self._deals(
                order.scope.symbol, order.client_id, order.action, order.quantity
            )
            if (deal.price <= limit if order.action is Action.BUY else deal.price >= limit)
            and not deal.after_ns
        )
        given = sum((deal.quantity for deal in deals), ZERO)
        kill = order.time_in_force is TimeInForce.FOK and given < order.quantity
        return () if kill else deals

    def _leave(self, order: Order, account: Account, price: Price, at_ns: ExchangeNs) -> None:
        """Let what has not traded rest, where it may; else ``_traded`` ends it."""
        if not order.is_open:
            return
        if order.time_in_force is not TimeInForce.GTC:
            self._ledger.counts.bit(Rule.LIMIT_EXPIRED)
            return
        self._lock(order, account, cost(order.action, order.left, price), at_ns)
        self._ledger.counts.bit(Rule.LIMIT_RESTING)
        self._markets[order.scope.symbol].rest(order)

    # --- ending ----------------------------------------------------------------------------------

    def withdraw(self, order: Order, status: OrderStatus, at_ns: ExchangeNs) -> None:
        """Take an open order back; a cancelled one repays what was lent to it and is free again."""
        super().withdraw(order, status, at_ns)
        limited = order.type in (OrderType.LIMIT, OrderType.LIMIT_MAKER)
        if status is OrderStatus.CANCELED and limited and order.borrowed and not order.keeps_loan:
            account = self._ledger.state.accounts[order.scope]
            wallet = account.spends(order.action)
            owed = min(order.borrowed + wallet.interest, wallet.debt)
            if (amount := min(owed, wallet.free)) > Decimal(0):
                self._debts.pay(account, wallet, amount, order.order_id, at_ns)
                self._ledger.counts.bit(Rule.LOAN_REPAID_AT_CANCEL)

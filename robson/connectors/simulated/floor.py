"""The trading floor: trades an order that is funded, at once or as late as the engine takes.

A book may give an order in several trades at several prices, and less than it asked for. What is
delayed has its price already, and what it will spend is locked until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import attrs

from robson.connectors.simulated.account import Account, paid, quote_amount
from robson.connectors.simulated.books import Books
from robson.connectors.simulated.debts import Debts
from robson.connectors.simulated.entries import (
    Delayed,
    Filled,
    Locked,
    OrderClosed,
    PriceNoted,
    TermsSet,
    Unlocked,
)
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.faults import ExchangeFaults
from robson.connectors.simulated.ledger import Ledger, Terms
from robson.connectors.simulated.matching import Market
from robson.connectors.simulated.orders import Order
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.reports import OrderStatus
from robson.domain.values import Action, ExchangeNs, Price, Quantity

ZERO = Decimal(0)


def cost(action: Action, quantity: Decimal, price: Decimal) -> Decimal:
    """What an order spends: quote on a BUY, base on a SELL."""
    return quote_amount(price, quantity, action) if action is Action.BUY else quantity


class Deal(NamedTuple):
    """One trade that an order is going to make."""

    price: Price
    quantity: Quantity
    after_ns: int = 0


def spends(action: Action, deals: Iterable[Deal]) -> Decimal:
    """What several trades spend."""
    return sum((cost(action, deal.quantity, deal.price) for deal in deals), ZERO)


def affordable(action: Action, deals: Iterable[Deal], free: Decimal) -> tuple[Deal, ...]:
    """The trades, from the first on, that this much can pay for."""
    paid_for: list[Deal] = []
    for deal in deals:
        free -= cost(action, deal.quantity, deal.price)
        if free < 0:
            break
        paid_for.append(deal)
    return tuple(paid_for)


class Floor:
    """The markets, and what trading on them does to an account."""

    def __init__(
        self, instruments: Iterable[Instrument], books: Books, terms: Terms, faults: ExchangeFaults
    ) -> None:
        self._ledger = Ledger(books, terms)
        self._debts = Debts(self._ledger, faults)
        self._faults = faults
        self._markets = {rules.symbol: Market(rules) for rules in instruments}
        self._late: dict[int, Order] = {}
        for symbol, market in self._markets.items():
            self._resume(symbol, market)
        books.commit()

    def _resume(self, symbol: Symbol, market: Market) -> None:
        """Bring a market to where the books left it, and write down terms that have changed."""
        state, terms = self._ledger.state, self._ledger.terms
        last, known = state.prices.get(symbol), state.terms.get(symbol)
        market.ticks = None if last is None else market.ticks_of(last)
        for order in state.orders.values():
            if order.scope.symbol != symbol:
                continue
            if order.rests:
                market.rest(order)
            if order.delayed:
                self._late[order.order_id] = order
        now = TermsSet(
            at_ns=state.clock_ns,
            symbol=symbol,
            taker_fee=market.instrument.taker_fee,
            daily_rate_base=terms.daily_rate_base,
            daily_rate_quote=terms.daily_rate_quote,
        )
        if known is None or attrs.evolve(known, at_ns=now.at_ns) != now:
            self._ledger.record(now)

    # --- what a book gives -----------------------------------------------------------------------

    def _deals(
        self, symbol: Symbol, client_id: str, action: Action, quantity: Decimal
    ) -> tuple[Deal, ...]:
        """The trades that the book gives an order of this size, in the order of time."""
        market, slippage = self._markets[symbol], self._ledger.terms.slippage_bps
        pieces = self._faults.book(client_id, quantity)
        if pieces is None:
            return (Deal(market.taker_price(action, slippage), Quantity(quantity)),)
        deals = tuple(
            Deal(
                market.taker_price(action, slippage + piece.worse_bps),
                Quantity(piece.quantity),
                piece.after_ns,
            )
            for piece in sorted(pieces, key=lambda piece: piece.after_ns)
            if piece.quantity > 0
        )
        assert sum((deal.quantity for deal in deals), ZERO) <= quantity, "a book gives no more"
        for rule, struck in (
            (Rule.FAULT_FILLS_ONLY, sum((deal.quantity for deal in deals), ZERO) < quantity),
            (Rule.FAULT_FILLS_IN_PIECES, len(deals) > 1),
            (Rule.FAULT_MATCHES_LATE, any(deal.after_ns for deal in deals)),
        ):
            if struck:
                self._ledger.counts.bit(rule)
        return deals

    # --- executing -------------------------------------------------------------------------------

    def execute(self, order: Order, deals: Sequence[Deal], at_ns: ExchangeNs) -> None:
        """The execution step: trade a funded order, then repay with what it yielded.

        What the book lacks expires with the last trade.
        """
        account = self._ledger.state.accounts[order.scope]
        yielded = ZERO
        for deal in deals:
            if deal.after_ns:
                self._delay(order, account, deal, at_ns)
            else:
                yielded += self._trade(order, account, deal.quantity, deal.price, at_ns)
        self._traded(order, account, yielded, at_ns)

    def _traded(self, order: Order, account: Account, yielded: Decimal, at_ns: ExchangeNs) -> None:
        """What follows a trade: the end of the order if there is nothing left, and a repayment."""
        if order.is_open and not order.delayed and not order.locked:
            self._end(order, OrderStatus.EXPIRED, at_ns)
        if yielded > 0 and order.side_effect.repays:
            self._debts.auto_repay(order, account, yielded, at_ns)

    def commission(self, order: Order, gained: Decimal) -> Decimal:
        """Taker's fee on what an order gained, in the asset gained, rounded up to an atom."""
        return paid(gained * self._markets[order.scope.symbol].instrument.taker_fee)

    def _trade(
        self, order: Order, account: Account, quantity: Quantity, price: Price, at_ns: ExchangeNs
    ) -> Decimal:
        """Write one fill and return what arrived after the commission."""
        ledger, wallet = self._ledger, account.gains(order.action)
        quote = quote_amount(price, quantity, order.action)
        gained = quantity if order.action is Action.BUY else quote
        fee = self.commission(order, gained)
        ledger.record(
            Filled(
                at_ns=at_ns,
                scope=order.scope,
                order_id=order.order_id,
                trade_id=ledger.state.last_trade_id + 1,
                price=price,
                quantity=quantity,
                quote_amount=quote,
                commission=fee,
                commission_asset=wallet.asset,
            )
        )
        ledger.bit(account, wallet, Rule.COMMISSION_BASE, Rule.COMMISSION_QUOTE)
        if price != self._markets[order.scope.symbol].last:
            ledger.counts.bit(Rule.FILLED_AT_SLIPPED_PRICE)
        return gained - fee

    # --- what is delayed -------------------------------------------------------------------------

    def _delay(self, order: Order, account: Account, deal: Deal, at_ns: ExchangeNs) -> None:
        self._ledger.record(
            Delayed(
                at_ns=at_ns,
                scope=order.scope,
                order_id=order.order_id,
                due_ns=ExchangeNs(at_ns + deal.after_ns),
                price=deal.price,
                quantity=deal.quantity,
            )
        )
        self._lock(order, account, cost(order.action, deal.quantity, deal.price), at_ns)
        self._late[order.order_id] = order

    def _next_late(self, until_ns: ExchangeNs) -> Order | None:
        """The order whose delayed trade is the next one due up to an instant, included."""
        due = [order for order in self._late.values() if order.delayed[0].due_ns <= until_ns]
        return min(due, key=lambda o: (o.delayed[0].due_ns, o.order_id), default=None)

    def _carry_out(self, order: Order) -> None:
        """Make the delayed trade that is due."""
        deal, account = order.delayed[0], self._ledger.state.accounts[order.scope]
        self._unlock(order, deal.due_ns, cost(order.action, deal.quantity, deal.price))
        yielded = self._trade(order, account, deal.quantity, deal.price, deal.due_ns)
        if not order.delayed:
            del self._late[order.order_id]
        self._traded(order, account, yielded, deal.due_ns)

    # --- locks, ends, prices ---------------------------------------------------------------------

    def _lock(self, order: Order, account: Account, amount: Decimal, at_ns: ExchangeNs) -> None:
        wallet = account.spends(order.action)
        self._ledger.record(
            Locked(
                at_ns=at_ns,
                scope=order.scope,
                order_id=order.order_id,
                asset=wallet.asset,
                amount=amount,
            )
        )
        self._ledger.bit(account, wallet, Rule.LOCK_BASE, Rule.LOCK_QUOTE)

    def _unlock(self, order: Order, at_ns: ExchangeNs, amount: Decimal | None = None) -> None:
        """Free what an order holds back, all of it unless an amount is given."""
        account = self._ledger.state.accounts[order.scope]
        wallet = account.spends(order.action)
        self._ledger.record(
            Unlocked(
                at_ns=at_ns,
                scope=order.scope,
                order_id=order.order_id,
                asset=wallet.asset,
                amount=order.locked if amount is None else amount,
            )
        )
        self._ledger.bit(account, wallet, Rule.UNLOCK_BASE, Rule.UNLOCK_QUOTE)

    def _end(self, order: Order, status: OrderStatus, at_ns: ExchangeNs) -> None:
        self._late.pop(order.order_id, None)
        self._ledger.record(
            OrderClosed(at_ns=at_ns, scope=order.scope, order_id=order.order_id, status=status)
        )

    def _note_price(self, market: Market, at_ns: ExchangeNs) -> None:
        """Write down where the market stood when something happened."""
        symbol, price = market.instrument.symbol, market.price
        if price is not None and self._ledger.state.prices.get(symbol) != price:
            self._ledger.record(PriceNoted(at_ns=at_ns, symbol=symbol, price=price))

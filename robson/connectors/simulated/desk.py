"""The order desk: what placing, triggering, filling and withdrawing orders do to an account."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from robson.connectors.simulated.account import Account, paid, quote_amount
from robson.connectors.simulated.books import Books
from robson.connectors.simulated.debts import Debts
from robson.connectors.simulated.entries import (
    Filled,
    Locked,
    OrderAccepted,
    OrderClosed,
    PriceNoted,
    TermsSet,
    Triggered,
    Unlocked,
)
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.faults import ExchangeFaults
from robson.connectors.simulated.ledger import Ledger, Terms
from robson.connectors.simulated.matching import Market
from robson.connectors.simulated.orders import Order
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import PlaceOrder, SideEffect
from robson.domain.reports import ApiError, OrderStatus
from robson.domain.values import Action, ExchangeNs, Price, Quantity


def cost(action: Action, quantity: Decimal, price: Decimal) -> Decimal:
    """What an order spends: quote on a BUY, base on a SELL."""
    return quote_amount(price, quantity, action) if action is Action.BUY else quantity


class Desk:
    """Orders of every account, and the markets they meet."""

    def __init__(
        self, instruments: Iterable[Instrument], books: Books, terms: Terms, faults: ExchangeFaults
    ) -> None:
        self._ledger = Ledger(books, terms)
        self._debts = Debts(self._ledger, faults)
        self._faults = faults
        self._markets = {rules.symbol: Market(rules) for rules in instruments}
        for symbol, market in self._markets.items():
            self._resume(symbol, market)
        books.commit()

    def _resume(self, symbol: Symbol, market: Market) -> None:
        """Bring a market to where the books left it, and write down terms that have changed."""
        state, terms = self._ledger.state, self._ledger.terms
        last, known = state.prices.get(symbol), state.terms.get(symbol)
        market.ticks = None if last is None else market.ticks_of(last)
        for order in state.orders.values():
            if order.is_open and order.scope.symbol == symbol:
                market.rest(order)
        now = TermsSet(
            at_ns=state.clock_ns,
            symbol=symbol,
            taker_fee=market.instrument.taker_fee,
            daily_rate_base=terms.daily_rate_base,
            daily_rate_quote=terms.daily_rate_quote,
        )
        if known is None or attrs.evolve(known, at_ns=now.at_ns) != now:
            self._ledger.record(now)

    # --- taking an order -------------------------------------------------------------------------

    def take(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Order | ApiError:
        """Fill a market order at once, borrowing what it lacks if it says so."""
        ledger, market = self._ledger, self._markets[account.scope.symbol]
        price = market.taker_price(request.action, ledger.terms.slippage_bps)
        wallet = account.spends(request.action)
        lacking = cost(request.action, request.quantity, price) - wallet.free
        borrows = request.side_effect is SideEffect.BORROW
        if lacking > 0 and not borrows:
            return ledger.refuse(Rule.INSUFFICIENT_BALANCE)
        leverage = ledger.terms.max_leverage
        if lacking > 0 and not account.may_borrow(wallet.asset, lacking, market.last, leverage):
            return ledger.refuse(Rule.BORROW_TOO_MUCH)
        order = self._accept(request, account, at_ns)
        if lacking > 0:
            self._debts.lend(order, account, wallet, lacking, at_ns)
        elif borrows:
            ledger.counts.bit(Rule.BORROW_NOT_NEEDED)
        self.execute(order, price, at_ns)
        return order

    def rest(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Order | ApiError:
        """Let a stop wait, holding back what it will spend at its own price."""
        market, stop = self._markets[account.scope.symbol], request.stop_price
        assert stop is not None, "the shape of a stop was checked"
        if market.would_trigger(request.action, stop):
            return self._ledger.refuse(Rule.STOP_WOULD_TRIGGER)
        wallet = account.spends(request.action)
        amount = cost(request.action, request.quantity, stop)
        if wallet.free < amount:
            return self._ledger.refuse(Rule.INSUFFICIENT_BALANCE)
        order = self._accept(request, account, at_ns)
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
        self._ledger.counts.bit(Rule.STOP_RESTING)
        market.rest(order)
        return order

    def _accept(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Order:
        earlier, ledger = account.orders.latest(request.client_id), self._ledger
        if earlier is not None:
            filled = earlier.status is OrderStatus.FILLED
            ledger.counts.bit(Rule.ID_REUSED_AFTER_FILL if filled else Rule.ID_REUSED_AFTER_END)
        order_id = ledger.state.last_order_id + 1
        ledger.record(
            OrderAccepted(
                at_ns=at_ns,
                scope=request.scope,
                order_id=order_id,
                client_id=request.client_id,
                action=request.action,
                type=request.type,
                quantity=request.quantity,
                side_effect=request.side_effect,
                stop_price=request.stop_price,
            )
        )
        return ledger.state.orders[order_id]

    # --- executing -------------------------------------------------------------------------------

    def execute(self, order: Order, price: Price, at_ns: ExchangeNs) -> None:
        """The execution step: trade an order that is funded, then repay with what it yielded."""
        account = self._ledger.state.accounts[order.scope]
        given = self._faults.fills_only(order.client_id, order.quantity)
        quantity = order.quantity if given is None else min(given, order.quantity)
        yielded = Decimal(0)
        if quantity > 0:
            yielded = self._trade(order, account, Quantity(quantity), price, at_ns)
        if quantity < order.quantity:
            self._ledger.counts.bit(Rule.FAULT_FILLS_ONLY)
            self._end(order, OrderStatus.EXPIRED, at_ns)
        if yielded > 0 and order.side_effect is SideEffect.REPAY:
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

    def trigger(self, order: Order, at_ns: ExchangeNs, *, jumped: bool) -> None:
        """Make a resting stop a market order, at the price where the market stands now."""
        ledger, market = self._ledger, self._markets[order.scope.symbol]
        market.unrest(order)
        ledger.record(
            Triggered(at_ns=at_ns, scope=order.scope, order_id=order.order_id, price=market.last)
        )
        ledger.counts.bit(Rule.STOP_MET_BY_JUMP if jumped else Rule.STOP_MET_ON_THE_WAY)
        self._unlock(order, at_ns)
        price = market.taker_price(order.action, ledger.terms.slippage_bps)
        free = ledger.state.accounts[order.scope].spends(order.action).free
        if free < cost(order.action, order.quantity, price):
            ledger.counts.bit(Rule.STOP_EXPIRED_UNFUNDED)
            self._end(order, OrderStatus.EXPIRED, at_ns)
        else:
            self.execute(order, price, at_ns)

    # --- ending ----------------------------------------------------------------------------------

    def withdraw(self, order: Order, status: OrderStatus, at_ns: ExchangeNs) -> None:
        """Take a resting stop out of the market and free what it held back."""
        self._markets[order.scope.symbol].unrest(order)
        self._unlock(order, at_ns)
        self._end(order, status, at_ns)

    def _unlock(self, order: Order, at_ns: ExchangeNs) -> None:
        account = self._ledger.state.accounts[order.scope]
        wallet = account.spends(order.action)
        self._ledger.record(
            Unlocked(
                at_ns=at_ns,
                scope=order.scope,
                order_id=order.order_id,
                asset=wallet.asset,
                amount=order.locked,
            )
        )
        self._ledger.bit(account, wallet, Rule.UNLOCK_BASE, Rule.UNLOCK_QUOTE)

    def _end(self, order: Order, status: OrderStatus, at_ns: ExchangeNs) -> None:
        self._ledger.record(
            OrderClosed(at_ns=at_ns, scope=order.scope, order_id=order.order_id, status=status)
        )

    def _note_price(self, market: Market, at_ns: ExchangeNs) -> None:
        """Write down where the market stood when something happened."""
        symbol, price = market.instrument.symbol, market.price
        if price is not None and self._ledger.state.prices.get(symbol) != price:
            self._ledger.record(PriceNoted(at_ns=at_ns, symbol=symbol, price=price))

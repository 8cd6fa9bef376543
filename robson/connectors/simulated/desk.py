"""The order desk: what placing, triggering and withdrawing orders do to an account."""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.account import Account
from robson.connectors.simulated.entries import OrderAccepted, TimeInForce, Triggered
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.faults import NOTHING_TO_LEND
from robson.connectors.simulated.floor import Deal, Floor, affordable, cost, spends
from robson.connectors.simulated.orders import LimitOrder, Order
from robson.domain.intents import PlaceOrder
from robson.domain.reports import ApiError, OrderStatus
from robson.domain.values import Action, ExchangeNs, Price


class Desk(Floor):
    """Orders of every account."""

    # --- taking an order -------------------------------------------------------------------------

    def take(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Order | ApiError:
        """Trade a market order, borrowing what it lacks if it says so."""
        ledger, market = self._ledger, self._markets[account.scope.symbol]
        price = market.taker_price(request.action, ledger.terms.slippage_bps)
        wallet = account.spends(request.action)
        lacking = cost(request.action, request.quantity, price) - wallet.free
        borrows = request.side_effect.borrows
        unfunded = self._unfunded(request, account, lacking, at_ns)
        if unfunded is not None:
            return unfunded
        order = self._accept(request, account, at_ns)
        deals = self._deals(
            account.scope.symbol, request.client_id, request.action, request.quantity
        )
        dearer = spends(request.action, deals) - wallet.free
        if borrows and dearer <= self.lendable(account, wallet.asset):
            lacking = max(lacking, dearer)
        if lacking > 0:
            self._debts.lend(order, account, wallet, lacking, at_ns)
        elif borrows:
            ledger.counts.bit(Rule.BORROW_NOT_NEEDED)
        self.execute(order, affordable(order.action, deals, wallet.free), at_ns)
        return order

    def _unfunded(
        self, request: PlaceOrder, account: Account, lacking: Decimal, at_ns: ExchangeNs
    ) -> ApiError | None:
        """Why what an order lacks does not come; None when it does, or nothing is lacking."""
        if lacking <= 0:
            return None
        if not request.side_effect.borrows:
            return self._ledger.refuse(Rule.INSUFFICIENT_BALANCE)
        most = self.lendable(account, account.spends(request.action).asset)
        if lacking > most:
            return self._ledger.refuse(Rule.BORROW_TOO_MUCH)
        if lacking > most * self._faults.lends(request, at_ns):
            self._ledger.counts.bit(Rule.FAULT_REJECTS)
            return NOTHING_TO_LEND
        return None

    def lendable(self, account: Account, asset: str) -> Decimal:
        """What the exchange would lend an account of an asset now."""
        market, terms = self._markets[account.scope.symbol], self._ledger.terms
        return account.lendable(asset, market.last, terms.max_leverage, terms.limits.get(asset))

    def rest(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Order | ApiError:
        """Let a trigger wait, holding back what it will spend at its own price."""
        market, stop = self._markets[account.scope.symbol], request.stop_price
        assert stop is not None, "the shape of a stop was checked"
        if market.would_trigger(request.action, stop, profit=request.type.takes_profit):
            return self._ledger.refuse(Rule.STOP_WOULD_TRIGGER)
        amount = cost(request.action, request.quantity, request.price or stop)
        if account.spends(request.action).free < amount:
            return self._ledger.refuse(Rule.INSUFFICIENT_BALANCE)
        order = self._accept(request, account, at_ns)
        self._lock(order, account, amount, at_ns)
        self._ledger.counts.bit(Rule.STOP_RESTING)
        market.rest(order)
        return order

    def _accept(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Order:
        earlier, ledger = account.orders.latest(request.client_id), self._ledger
        if earlier is not None:
            filled = earlier.status is OrderStatus.FILLED
            ledger.counts.bit(Rule.ID_REUSED_AFTER_FILL if filled else Rule.ID_REUSED_AFTER_END)
        order_id = ledger.state.last_order_id + 1
        limit = request if isinstance(request, LimitOrder) else None
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
                price=request.price,
                time_in_force=limit.time_in_force if limit else TimeInForce.GTC,
                keeps_loan=limit is not None and limit.keeps_loan,
            )
        )
        return ledger.state.orders[order_id]

    # --- what the market does to it --------------------------------------------------------------

    def meet(self, order: Order, at_ns: ExchangeNs, *, jumped: bool) -> None:
        """Let the market, where it stands now, meet an order that rests."""
        if order.waits:
            self.trigger(order, at_ns, jumped=jumped)
        else:
            assert order.price is not None, "only a limit is waited for"
            self._markets[order.scope.symbol].unrest(order)
            stops = order.type.has_trigger
            self._ledger.counts.bit(Rule.LIMIT_STOP_FILLED_LATER if stops else Rule.LIMIT_MET)
            self._at_limit(order, order.price, at_ns)

    def _at_limit(self, order: Order, price: Price, at_ns: ExchangeNs) -> None:
        """Trade all that is left of an order; what it locked at its limit is enough."""
        self._unlock(order, at_ns)
        self.execute(order, (Deal(price, order.left),), at_ns)

    def trigger(self, order: Order, at_ns: ExchangeNs, *, jumped: bool) -> None:
        """Make a resting stop a market order, at the price where the market stands now.

        One with a limit trades no worse than it, and waits there once the market has passed it.
        """
        ledger, market = self._ledger, self._markets[order.scope.symbol]
        market.unrest(order)
        ledger.record(
            Triggered(at_ns=at_ns, scope=order.scope, order_id=order.order_id, price=market.last)
        )
        ledger.counts.bit(Rule.STOP_MET_BY_JUMP if jumped else Rule.STOP_MET_ON_THE_WAY)
        price = market.taker_price(order.action, ledger.terms.slippage_bps)
        if order.price is not None and not market.takes(order):
            if order.time_in_force is not TimeInForce.GTC:
                self.withdraw(order, OrderStatus.EXPIRED, at_ns)
                return
            ledger.counts.bit(Rule.LIMIT_STOP_PASSED)
            market.rest(order)
            return
        if order.price is not None:
            bound = max if order.action is Action.SELL else min
            self._at_limit(order, bound(price, order.price), at_ns)
            return
        self._unlock(order, at_ns)
        free = ledger.state.accounts[order.scope].spends(order.action).free
        if free < cost(order.action, order.quantity, price):
            ledger.counts.bit(Rule.STOP_EXPIRED_UNFUNDED)
            self._end(order, OrderStatus.EXPIRED, at_ns)
        else:
            deals = self._deals(order.scope.symbol, order.client_id, order.action, order.quantity)
            self.execute(order, affordable(order.action, deals, free), at_ns)

    # --- ending ----------------------------------------------------------------------------------

    def withdraw(self, order: Order, status: OrderStatus, at_ns: ExchangeNs) -> None:
        """Take an open order back and free what it holds back; what has traded stays traded."""
        self._markets[order.scope.symbol].unrest(order)
        self._unlock(order, at_ns)
        if order.executed:
            self._ledger.counts.bit(Rule.CANCELLED_PARTLY_FILLED)
        self._end(order, status, at_ns)

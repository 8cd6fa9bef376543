"""What others do on a pair: a person at the exchange's own door, and the exchange itself.

None of it is asked for by Robson, all of it is in the books. Where there is nothing to do it with,
nothing is done.
"""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.account import Account, received
from robson.connectors.simulated.entries import Deposited, OrderAccepted, Withdrawn
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.faults import Deed
from robson.connectors.simulated.floor import ZERO, Deal, cost
from robson.connectors.simulated.liquidation import Liquidator
from robson.connectors.simulated.orders import Order
from robson.domain.intents import OrderType, SideEffect
from robson.domain.reports import OrderStatus
from robson.domain.values import Action, ExchangeNs, Price, Quantity

FOREIGN_PREFIX = "web_"
"""How the client ids of a person's orders begin."""
_FAR = Decimal("0.97")
"""A person's stop lies so far from the price, which it is not meant to meet."""


class Strangers(Liquidator):
    """Deeds on an account that no request of ours asked for."""

    def meddle(self, deed: Deed, account: Account, at_ns: ExchangeNs) -> bool:
        """Do it; False when there was nothing to do it with."""
        before = self._ledger.recorded
        match deed.kind:
            case "foreign_order":
                self._trade_by_hand(deed.share, account, at_ns)
            case "foreign_stop":
                self._rest_by_hand(deed.share, account, at_ns)
            case "foreign_cancel":
                for order in account.orders.open():
                    self.withdraw(order, OrderStatus.CANCELED, at_ns)
            case "foreign_loan":
                amount = received(account.quote.free * deed.share)
                if amount > 0:
                    self._debts.lend(None, account, account.quote, amount, at_ns)
            case "foreign_deposit" | "foreign_withdrawal":
                self._move_by_hand(deed, account, at_ns)
            case "liquidated":
                if account.in_debt():
                    self._liquidate(account, self._markets[account.scope.symbol], at_ns)
        done = self._ledger.recorded != before
        if done:
            self._ledger.counts.bit(Rule.FOREIGN_DEED)
        return done

    def _trade_by_hand(self, share: Decimal, account: Account, at_ns: ExchangeNs) -> None:
        """Sell of the base that is free; where none is, buy for the quote."""
        market = self._markets[account.scope.symbol]
        rules, slippage = market.instrument, self._ledger.terms.slippage_bps
        action = Action.SELL if account.base.free * share >= rules.min_qty else Action.BUY
        price = market.taker_price(action, slippage)
        spent = account.spends(action).free * share
        quantity = rules.floor_quantity(spent if action is Action.SELL else spent / price)
        if quantity < rules.min_qty or cost(action, quantity, price) > account.spends(action).free:
            return
        order = self._by_hand(account, action, quantity, None, at_ns)
        self.execute(order, (Deal(price, Quantity(quantity)),), at_ns)

    def _rest_by_hand(self, share: Decimal, account: Account, at_ns: ExchangeNs) -> None:
        """A stop far below, which holds back of the base that is free."""
        market = self._markets[account.scope.symbol]
        rules = market.instrument
        quantity = rules.floor_quantity(account.base.free * share)
        stop = rules.price_down(market.last * _FAR)
        if quantity < rules.min_qty or market.would_trigger(Action.SELL, stop):
            return
        order = self._by_hand(account, Action.SELL, quantity, Price(stop), at_ns)
        self._lock(order, account, quantity, at_ns)
        market.rest(order)

    def _by_hand(
        self,
        account: Account,
        action: Action,
        quantity: Decimal,
        stop: Price | None,
        at_ns: ExchangeNs,
    ) -> Order:
        order_id = self._ledger.state.last_order_id + 1
        self._ledger.record(
            OrderAccepted(
                at_ns=at_ns,
                scope=account.scope,
                order_id=order_id,
                client_id=f"{FOREIGN_PREFIX}{order_id}",
                action=action,
                type=OrderType.MARKET if stop is None else OrderType.STOP_LOSS,
                quantity=Quantity(quantity),
                side_effect=SideEffect.NONE,
                stop_price=stop,
            )
        )
        return self._ledger.state.orders[order_id]

    def _move_by_hand(self, deed: Deed, account: Account, at_ns: ExchangeNs) -> None:
        amount = received(account.quote.free * deed.share)
        if amount > ZERO:
            kind = Deposited if deed.kind == "foreign_deposit" else Withdrawn
            self._ledger.record(
                kind(at_ns=at_ns, scope=account.scope, asset=account.quote.asset, amount=amount)
            )

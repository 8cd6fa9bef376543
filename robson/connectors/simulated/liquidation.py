"""Forced liquidation: what the exchange does to an account below its pair's liquidation ratio.

The index is the market's own price. Orders that rest expire; then the exchange trades by an order
of its own, pays the taker's fee like everybody, and repays what it can. What is owed beyond the
assets stays owed.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from robson.connectors.simulated.account import Account
from robson.connectors.simulated.entries import OrderAccepted
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.floor import ZERO, Deal, cost
from robson.connectors.simulated.limits import Limits
from robson.connectors.simulated.matching import Market
from robson.connectors.simulated.orders import Order
from robson.domain.intents import OrderType, SideEffect
from robson.domain.reports import FORCED_PREFIX, OrderStatus
from robson.domain.values import Action, ExchangeNs, Quantity


class Liquidator(Limits):
    """Keeps every account at or above its pair's ratio, as long as there is something to trade."""

    def guard(self, at_ns: ExchangeNs) -> None:
        """Liquidate what falls short where the markets stand now, and note where the next does."""
        for market in self._markets.values():
            if market.ticks is not None:
                self.force(market, at_ns)

    def force(self, market: Market, at_ns: ExchangeNs) -> list[Order]:
        """Liquidate what falls short in one market; the orders that this ended or made."""
        moved: list[Order] = []
        ratio = market.instrument.liquidation_ratio
        for account in self._accounts(market):
            if account.falls_short(market.last, ratio):
                moved += self._liquidate(account, market, at_ns)
        self.aim(market)
        return moved

    def _accounts(self, market: Market) -> Iterator[Account]:
        symbol = market.instrument.symbol
        accounts = self._ledger.state.accounts.values()
        return (account for account in accounts if account.scope.symbol == symbol)

    def _liquidate(self, account: Account, market: Market, at_ns: ExchangeNs) -> list[Order]:
        """First the base that is owed is bought, then all base is sold for the quote."""
        ledger, moved = self._ledger, list(account.orders.open())
        for order in moved:
            self.withdraw(order, OrderStatus.EXPIRED, at_ns)
            ledger.counts.bit(Rule.LIQUIDATION_EXPIRES_ORDER)
        forced: list[Order] = []
        for action in (Action.BUY, Action.SELL):
            wallet = account.gains(action)
            quantity = self._lacking(account, market, action) if wallet.debt > 0 else ZERO
            if quantity > 0:
                forced.append(self._trade_by_force(account, market, action, quantity, at_ns))
            last = forced[-1].order_id if forced else ledger.state.last_order_id
            self._debts.settle(wallet, account, last, at_ns)
        if forced:
            ledger.counts.bit(Rule.LIQUIDATED)
            if account.in_debt():
                ledger.counts.bit(Rule.LIQUIDATION_LEAVES_DEBT)
            self._note_price(market, at_ns)
        return moved + forced

    def _lacking(self, account: Account, market: Market, action: Action) -> Decimal:
        """What has to be traded: of what is owed in base, as much as can be paid for."""
        rules, free = market.instrument, account.spends(action).free
        if action is Action.SELL:
            return rules.floor_quantity(free) if account.quote.debt > account.quote.free else ZERO
        price = market.taker_price(action, self._ledger.terms.slippage_bps)
        owed = (account.base.debt - account.base.free) / (1 - rules.taker_fee)
        quantity = min(rules.ceil_quantity(max(ZERO, owed)), rules.floor_quantity(free / price))
        dearer = cost(action, quantity, price) > free
        return quantity - rules.order_step if dearer else quantity

    def _trade_by_force(
        self,
        account: Account,
        market: Market,
        action: Action,
        quantity: Decimal,
        at_ns: ExchangeNs,
    ) -> Order:
        ledger = self._ledger
        order_id = ledger.state.last_order_id + 1
        ledger.record(
            OrderAccepted(
                at_ns=at_ns,
                scope=account.scope,
                order_id=order_id,
                client_id=f"{FORCED_PREFIX}{order_id}",
                action=action,
                type=OrderType.MARKET,
                quantity=Quantity(quantity),
                side_effect=SideEffect.NONE,
                stop_price=None,
            )
        )
        order = ledger.state.orders[order_id]
        price = market.taker_price(action, ledger.terms.slippage_bps)
        self.execute(order, (Deal(price, Quantity(quantity)),), at_ns)
        return order

    # --- where the next one is -------------------------------------------------------------------

    def aim(self, market: Market) -> None:
        """Note the nearest prices at which an account falls short that does not yet."""
        if market.ticks is None:
            return
        edges = [edge for account in self._accounts(market) for edge in _edges(account, market)]
        low = max((edge for edge in edges if edge < market.ticks), default=None)
        high = min((edge for edge in edges if edge > market.ticks), default=None)
        market.aim((low, high))


def _edges(account: Account, market: Market) -> Iterator[int]:
    """The first price, in ticks, at which an account falls short on the way there; or none."""
    rules = market.instrument
    ratio = rules.liquidation_ratio
    price = account.liquidate_price(ratio)
    if price is None or account.falls_short(market.last, ratio):
        return
    lowest = 0 if rules.min_price > 0 else 1  # there is no price of nothing
    near = market.ticks_of(max(price, rules.price_of(lowest)))
    tried = range(max(near - 1, lowest), near + 2)
    around = [ticks for ticks in tried if account.falls_short(rules.price_of(ticks), ratio)]
    if around:
        yield max(around) if price <= market.last else min(around)

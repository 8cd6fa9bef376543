"""The exchange's state as a fold over its books.

Nothing else changes a balance or an order, neither live nor when a file is opened again: so what a
restart rebuilds is what was there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import localcontext
from typing import Any

import attrs

from robson.connectors.simulated.account import Account, Wallet
from robson.connectors.simulated.entries import (
    DebtRepaid,
    Delayed,
    Deposited,
    Entry,
    Filled,
    InterestCharged,
    ListAccepted,
    LoanTaken,
    Locked,
    OrderAccepted,
    OrderClosed,
    PriceNoted,
    RequestLogged,
    TermsSet,
    Triggered,
    Unlocked,
    Withdrawn,
)
from robson.connectors.simulated.orders import Order
from robson.domain.identity import Scope, Symbol
from robson.domain.reports import Fill, OrderStatus
from robson.domain.values import MONEY, Action, ExchangeNs, Price


@attrs.define
class ExchangeState:
    """Everything the books say, at the last entry.

    Attributes:
        prices: the last price written down per symbol; the market may have moved quietly since.
        clock_ns: time of the last entry.
    """

    accounts: dict[Scope, Account] = attrs.field(factory=dict)
    orders: dict[int, Order] = attrs.field(factory=dict)
    lists: dict[int, ListAccepted] = attrs.field(factory=dict)
    prices: dict[Symbol, Price] = attrs.field(factory=dict)
    terms: dict[Symbol, TermsSet] = attrs.field(factory=dict)
    clock_ns: ExchangeNs = ExchangeNs(0)
    last_order_id: int = 0
    last_trade_id: int = 0
    _list_of: dict[int, ListAccepted] = attrs.field(factory=dict)

    def apply(self, entry: Entry) -> None:
        """Let one entry happen."""
        self.clock_ns = entry.at_ns
        _FOLD[type(entry)](self, entry)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> ExchangeState:
        """The state that these books lead to."""
        state = cls()
        with localcontext(MONEY):
            for entry in entries:
                state.apply(entry)
        return state

    def list_of(self, order_id: int) -> ListAccepted | None:
        """The list that an order is part of."""
        return self._list_of.get(order_id)

    def listed(self, entry: ListAccepted) -> None:
        """Two orders are going to be accepted together."""
        self.lists[entry.list_id] = entry
        self._list_of |= dict.fromkeys((entry.stop, entry.maker), entry)

    def wallet(self, scope: Scope, asset: str) -> Wallet:
        """One asset of an account that exists."""
        return self.accounts[scope].wallet(asset)


def _terms(state: ExchangeState, entry: TermsSet) -> None:
    state.terms[entry.symbol] = entry


def _price(state: ExchangeState, entry: PriceNoted) -> None:
    state.prices[entry.symbol] = entry.price


def _deposit(state: ExchangeState, entry: Deposited) -> None:
    if entry.scope not in state.accounts:
        state.accounts[entry.scope] = Account.opened(entry.scope)
    state.wallet(entry.scope, entry.asset).free += entry.amount


def _withdrawal(state: ExchangeState, entry: Withdrawn) -> None:
    state.wallet(entry.scope, entry.asset).free -= entry.amount


def _accepted(state: ExchangeState, entry: OrderAccepted) -> None:
    order = Order(
        order_id=entry.order_id,
        scope=entry.scope,
        client_id=entry.client_id,
        action=entry.action,
        type=entry.type,
        quantity=entry.quantity,
        side_effect=entry.side_effect,
        stop_price=entry.stop_price,
        price=entry.price,
        time_in_force=entry.time_in_force,
        keeps_loan=entry.keeps_loan,
        accepted_ns=entry.at_ns,
        updated_ns=entry.at_ns,
    )
    state.orders[entry.order_id] = order
    state.accounts[entry.scope].orders.accept(order)
    state.last_order_id = entry.order_id


def _lock(state: ExchangeState, entry: Locked | Unlocked, sign: int) -> None:
    wallet = state.wallet(entry.scope, entry.asset)
    wallet.free -= sign * entry.amount
    wallet.locked += sign * entry.amount
    state.orders[entry.order_id].locked += sign * entry.amount


def _loan(state: ExchangeState, entry: LoanTaken) -> None:
    wallet = state.wallet(entry.scope, entry.asset)
    wallet.free += entry.amount
    wallet.borrowed += entry.amount
    if entry.order_id is not None:
        state.orders[entry.order_id].borrowed += entry.amount
    state.accounts[entry.scope].debt_moved_ns = entry.at_ns


def _interest(state: ExchangeState, entry: InterestCharged) -> None:
    state.wallet(entry.scope, entry.asset).interest += entry.amount


def _triggered(state: ExchangeState, entry: Triggered) -> None:
    order = state.orders[entry.order_id]
    order.updated_ns, order.triggered = entry.at_ns, True


def _delayed(state: ExchangeState, entry: Delayed) -> None:
    state.orders[entry.order_id].delayed.append(entry)


def _filled(state: ExchangeState, entry: Filled) -> None:
    account, order = state.accounts[entry.scope], state.orders[entry.order_id]
    sign = 1 if order.action is Action.BUY else -1
    if order.delayed:
        del order.delayed[0]
    account.base.free += sign * entry.quantity
    account.quote.free -= sign * entry.quote_amount
    account.wallet(entry.commission_asset).free -= entry.commission
    order.executed += entry.quantity
    order.quote_executed += entry.quote_amount
    fill = Fill(
        trade_id=entry.trade_id,
        order_id=entry.order_id,
        client_id=order.client_id,
        action=order.action,
        price=entry.price,
        quantity=entry.quantity,
        commission=entry.commission,
        commission_asset=entry.commission_asset,
        at_ns=entry.at_ns,
    )
    order.fills.append(fill)
    account.orders.fills.append(fill)
    state.last_trade_id = entry.trade_id
    full = order.executed >= order.quantity
    _moved(state, order, OrderStatus.FILLED if full else OrderStatus.PARTIALLY_FILLED, entry.at_ns)


def _repaid(state: ExchangeState, entry: DebtRepaid) -> None:
    wallet = state.wallet(entry.scope, entry.asset)
    wallet.free -= entry.interest + entry.principal
    wallet.interest -= entry.interest
    wallet.borrowed -= entry.principal
    state.accounts[entry.scope].debt_moved_ns = entry.at_ns


def _closed(state: ExchangeState, entry: OrderClosed) -> None:
    order = state.orders[entry.order_id]
    order.delayed.clear()
    _moved(state, order, entry.status, entry.at_ns)


def _moved(state: ExchangeState, order: Order, status: OrderStatus, at_ns: ExchangeNs) -> None:
    order.status = status
    order.updated_ns = at_ns
    if status.is_final:
        state.accounts[order.scope].orders.ended(order)


def _only_logged(state: ExchangeState, entry: RequestLogged) -> None:
    """A request moves nothing by itself."""


_FOLD: dict[type[Entry], Callable[[ExchangeState, Any], None]] = {
    TermsSet: _terms,
    PriceNoted: _price,
    Deposited: _deposit,
    Withdrawn: _withdrawal,
    OrderAccepted: _accepted,
    ListAccepted: ExchangeState.listed,
    Locked: lambda state, entry: _lock(state, entry, 1),
    Unlocked: lambda state, entry: _lock(state, entry, -1),
    LoanTaken: _loan,
    InterestCharged: _interest,
    Triggered: _triggered,
    Delayed: _delayed,
    Filled: _filled,
    DebtRepaid: _repaid,
    OrderClosed: _closed,
    RequestLogged: _only_logged,
}

"""The gateway: every request is checked here, in the real exchange's order, and gets its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from robson.connectors.simulated.account import Account, received
from robson.connectors.simulated.books import Books
from robson.connectors.simulated.checks import (
    filters_refuse,
    malformed,
    shape_refuses,
    timing_refuses,
    too_old,
)
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.faults import ExchangeFaults
from robson.connectors.simulated.ledger import Terms
from robson.connectors.simulated.orders import LimitOrder
from robson.connectors.simulated.questions import (
    account_snapshot,
    interest_since,
    transfers_since,
)
from robson.connectors.simulated.state import ExchangeState
from robson.connectors.simulated.strangers import Strangers
from robson.domain.instrument import Instrument
from robson.domain.intents import (
    CancelOrder,
    Intent,
    OrderType,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    ReadInterest,
    ReadOrders,
    ReadTrades,
    ReadTransfers,
    Repay,
)
from robson.domain.reports import (
    AccountCredit,
    Answer,
    ApiError,
    Credit,
    OrderList,
    OrderStatus,
    TradeList,
)
from robson.domain.values import ExchangeNs


class Gateway(Strangers):
    """Turns requests into answers."""

    def __init__(
        self, instruments: Iterable[Instrument], books: Books, terms: Terms, faults: ExchangeFaults
    ) -> None:
        super().__init__(instruments, books, terms, faults)
        self._forwarded_ns = ExchangeNs(0)
        self._doors: dict[type[Intent], Callable[[Any, Account, ExchangeNs], Answer]] = {
            PlaceOrder: self._place,
            LimitOrder: self._place,
            CancelOrder: self._cancel,
            Repay: self._repay,
            QueryOrder: self._query,
            ReadOrders: self._orders,
            ReadTrades: self._trades,
            ReadAccount: self._account,
            ReadInterest: self._interest,
            ReadTransfers: self._transfers,
        }

    def answer(
        self, request: Intent, at_ns: ExchangeNs, arrived_ns: ExchangeNs, forwarded_ns: ExchangeNs
    ) -> Answer:
        """Check who and when, then let the request's own door answer."""
        self._forwarded_ns = forwarded_ns
        ledger = self._ledger
        if request.scope.symbol not in self._markets:
            return ledger.refuse(Rule.SYMBOL_UNKNOWN)
        account = ledger.state.accounts.get(request.scope)
        if account is None:
            return ledger.refuse(Rule.ACCOUNT_MISSING)
        for deed in self._faults.meddles(request, at_ns):
            self.meddle(deed, account, at_ns)
        fault = self._faults.rejects(request, at_ns)
        if fault is not None:
            ledger.counts.bit(Rule.FAULT_REJECTS)
            return fault
        if isinstance(request, PlaceOrder | CancelOrder | Repay):
            refusing = timing_refuses(request, arrived_ns)
            if refusing is not None:
                return ledger.refuse(refusing)
        seen = self._as_of(request, account, at_ns)
        answer: Answer = self._doors[type(request)](request, seen, at_ns)
        retold = self._faults.retells(request, answer, at_ns)
        if retold is not answer:
            ledger.counts.bit(Rule.FAULT_RETELLS)
        return retold

    def _as_of(self, request: Intent, account: Account, at_ns: ExchangeNs) -> Account:
        """The account as a question sees it: as it is, or as the books had it some time ago."""
        back_ns = self._faults.looks_back_ns(request, at_ns)
        if not back_ns:
            return account
        entries = self._ledger.books.entries()
        past = ExchangeState.of(e for e in entries if e.at_ns <= at_ns - back_ns)
        if request.scope not in past.accounts:
            return account
        self._ledger.counts.bit(Rule.FAULT_LOOKS_BACK)
        return past.accounts[request.scope]

    # --- requests that change something ----------------------------------------------------------

    def _place(self, request: PlaceOrder, account: Account, at_ns: ExchangeNs) -> Answer:
        refusing = self._place_refuses(request, account, at_ns)
        if refusing is not None:
            return self._ledger.refuse(refusing)
        kind = request.type
        waits, market = kind.has_trigger, kind is OrderType.MARKET
        desk = self.rest if waits else self.take if market else self.limit
        taken = desk(request, account, at_ns)
        return taken if isinstance(taken, ApiError) else taken.state(with_fills=not waits)

    def _place_refuses(
        self, request: PlaceOrder, account: Account, at_ns: ExchangeNs
    ) -> Rule | None:
        market = self._markets[request.scope.symbol]
        rules = self._faults.rules(market.instrument, at_ns)
        if rules is not market.instrument:
            self._ledger.counts.bit(Rule.FAULT_RULES_CHANGE)
        refusing = shape_refuses(request, rules)
        if refusing is not None:
            return refusing
        if market.ticks is None:
            return Rule.MARKET_CLOSED
        refusing = filters_refuse(request, rules, market.last)
        if refusing is not None:
            return refusing
        if account.orders.open_with(request.client_id) is not None:
            return Rule.ID_OPEN_DUPLICATE
        return Rule.TIMESTAMP_OLD_AT_MATCHING if too_old(request, self._forwarded_ns) else None

    def _cancel(self, request: CancelOrder, account: Account, at_ns: ExchangeNs) -> Answer:
        order = account.orders.open_with(request.target)
        if malformed(request.target) or malformed(request.cancel_id):
            return self._ledger.refuse(Rule.CLIENT_ID_MALFORMED)
        if too_old(request, self._forwarded_ns):
            return self._ledger.refuse(Rule.TIMESTAMP_OLD_AT_MATCHING)
        if order is None:
            return self._ledger.refuse(Rule.CANCEL_UNKNOWN)
        self.withdraw(order, OrderStatus.CANCELED, at_ns)
        self._ledger.counts.bit(Rule.CANCELLED)
        return order.state()

    def _repay(self, request: Repay, account: Account, at_ns: ExchangeNs) -> Answer:
        return self._debts.repay(request, account, at_ns)

    # --- questions -------------------------------------------------------------------------------

    def _query(self, request: QueryOrder, account: Account, at_ns: ExchangeNs) -> Answer:
        order = account.orders.latest(request.target)
        if order is None:
            return self._ledger.refuse(Rule.ORDER_UNKNOWN)
        age_ns = at_ns - order.accepted_ns
        if self._faults.hides_order(order.client_id, age_ns):
            self._ledger.counts.bit(Rule.FAULT_HIDES_ORDER)
            return self._ledger.refuse(Rule.ORDER_UNKNOWN)
        return order.state()

    def _orders(self, request: ReadOrders, account: Account, at_ns: ExchangeNs) -> Answer:
        found = account.orders.since(request.since_ns)
        return OrderList(orders=tuple(order.state() for order in found))

    def _trades(self, request: ReadTrades, account: Account, at_ns: ExchangeNs) -> Answer:
        return TradeList(fills=account.orders.fills_since(request.since_ns, request.order_id))

    def _account(self, request: ReadAccount, account: Account, at_ns: ExchangeNs) -> Answer:
        price = self._markets[account.scope.symbol].price
        if price is None:
            return self._ledger.refuse(Rule.NO_PRICE_INDEX)
        snapshot = account_snapshot(account, price, self._ledger.terms, at_ns)
        if not request.credit:
            return snapshot
        share = self._faults.lends(request, at_ns)
        if share < 1:
            self._ledger.counts.bit(Rule.FAULT_RETELLS)
        base, quote = (
            received(self.lendable(account, wallet.asset) * share)
            for wallet in (account.base, account.quote)
        )
        return AccountCredit(account=snapshot, credit=Credit(base=base, quote=quote))

    def _transfers(self, request: ReadTransfers, account: Account, at_ns: ExchangeNs) -> Answer:
        return transfers_since(self._ledger.books.entries(), account.scope, request.since_ns)

    def _interest(self, request: ReadInterest, account: Account, at_ns: ExchangeNs) -> Answer:
        return interest_since(self._ledger.books.entries(), account.scope, request.since_ns)

"""The simulated exchange with the doors that only Binance's own interface needs.

A person or another program uses these: a loan by hand, money taken out, an order cancelled by its
number.
"""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.account import Account, whole_atoms
from robson.connectors.simulated.entries import Withdrawn
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.ledger import Terms
from robson.connectors.simulated.orders import Order
from robson.domain.identity import Scope
from robson.domain.reports import OrderState, OrderStatus
from robson.domain.values import ExchangeNs
from robson.sim.venue.oco import OcoExchange
from robson.sim.venue.refusals import refused


class VenueExchange(OcoExchange):
    """One more way in for each thing that the daemon never asks for."""

    def account(self, scope: Scope) -> Account:
        """The isolated account of a pair.

        Raises:
            Refused: there is none, or the pair is not listed.
        """
        if scope.symbol not in self._markets:
            raise refused("symbol")
        account = self.state.accounts.get(scope)
        if account is None:
            raise refused("no_account")
        return account

    def borrow(self, scope: Scope, asset: str, amount: Decimal, at_ns: ExchangeNs) -> None:
        """Lend by hand.

        Raises:
            Refused: no amount, or more than the pair may borrow.
        """
        account, most = self.account(scope), self.borrowable(scope, asset)
        if amount <= 0 or not whole_atoms(amount):
            raise refused("borrow_too_little")
        if amount > most:
            raise refused("borrow_too_much")
        with self._transaction(at_ns):
            self._debts.lend(None, account, account.wallet(asset), amount, at_ns)

    def borrowable(self, scope: Scope, asset: str) -> Decimal:
        """What the pair may borrow of an asset now, in whole atoms."""
        return self.lendable(self.account(scope), asset)

    def withdraw_own(self, scope: Scope, asset: str, amount: Decimal, at_ns: ExchangeNs) -> None:
        """Take own money out, of what is free and while nothing is owed more than half of it.

        Raises:
            Refused: more than may leave.
        """
        account = self.account(scope)
        wallet, price = account.wallet(asset), self.market(scope.symbol).last
        worth = amount * price if wallet is account.base else amount
        owed = account.base.debt * price + account.quote.debt
        left = account.base.total * price + account.quote.total - worth
        if amount <= 0 or not whole_atoms(amount) or amount > wallet.free or left < 2 * owed:
            raise refused("transfer_out")
        with self._transaction(at_ns):
            self._ledger.record(Withdrawn(at_ns=at_ns, scope=scope, asset=asset, amount=amount))

    def cancel_open(self, order: Order, at_ns: ExchangeNs) -> OrderState:
        """Take an open order back, whoever placed it."""
        with self._transaction(at_ns):
            self.withdraw(order, OrderStatus.CANCELED, at_ns)
            self._ledger.counts.bit(Rule.CANCELLED)
        return order.state()

    @property
    def slippage_bps(self) -> Decimal:
        """How much worse than the market a market order fills."""
        return self._ledger.terms.slippage_bps

    @property
    def terms(self) -> Terms:
        """What trading on margin costs here."""
        return self._ledger.terms

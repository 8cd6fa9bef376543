"""Loans, interest and repayments of isolated accounts.

Rules: a loan is exactly what an order lacks, taken when it is placed; a full hour of simple
interest is charged at that instant and another at every full clock hour; a repayment pays interest
first.
"""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.account import Account, Wallet, hour_of_interest, whole_atoms
from robson.connectors.simulated.entries import DebtRepaid, InterestCharged, LoanTaken
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.faults import ExchangeFaults
from robson.connectors.simulated.ledger import Ledger
from robson.connectors.simulated.orders import Order
from robson.domain.intents import Repay
from robson.domain.reports import ApiError, Repaid
from robson.domain.values import NS_PER_S, ExchangeNs

HOUR_NS = 3600 * NS_PER_S


def next_hour(at_ns: int) -> ExchangeNs:
    """The first full clock hour after an instant."""
    return ExchangeNs((at_ns // HOUR_NS + 1) * HOUR_NS)


class Debts:
    """The lending desk."""

    def __init__(self, ledger: Ledger, faults: ExchangeFaults) -> None:
        self._ledger = ledger
        self._faults = faults

    def lend(
        self,
        order: Order | None,
        account: Account,
        wallet: Wallet,
        amount: Decimal,
        at_ns: ExchangeNs,
    ) -> None:
        """Lend an order, or a person, what is lacking and charge the first hour at once."""
        self._ledger.record(
            LoanTaken(
                at_ns=at_ns,
                scope=account.scope,
                order_id=None if order is None else order.order_id,
                asset=wallet.asset,
                amount=amount,
            )
        )
        self._ledger.bit(account, wallet, Rule.BORROW_BASE, Rule.BORROW_QUOTE)
        self._charge(account, wallet, amount, at_ns, hourly=False)

    def charge_hour(self, account: Account, at_ns: ExchangeNs) -> None:
        """One full clock hour of interest on what is borrowed."""
        for wallet in (account.base, account.quote):
            self._charge(account, wallet, wallet.borrowed, at_ns, hourly=True)

    def _charge(
        self,
        account: Account,
        wallet: Wallet,
        principal: Decimal,
        at_ns: ExchangeNs,
        *,
        hourly: bool,
    ) -> None:
        terms = self._ledger.terms
        rate = terms.daily_rate_base if wallet is account.base else terms.daily_rate_quote
        amount = hour_of_interest(principal, rate)
        if amount == 0:
            return
        self._ledger.record(
            InterestCharged(
                at_ns=at_ns, scope=account.scope, asset=wallet.asset, amount=amount, hourly=hourly
            )
        )
        self._ledger.counts.bit(Rule.INTEREST_HOURLY if hourly else Rule.INTEREST_ON_BORROW)

    def auto_repay(
        self, order: Order, account: Account, yielded: Decimal, at_ns: ExchangeNs
    ) -> None:
        """Repay debt in the asset that arrived, with no more than what arrived."""
        wallet = account.gains(order.action)
        if wallet.debt == 0:
            self._ledger.counts.bit(Rule.AUTO_REPAY_NO_DEBT)
        elif self._faults.skips_repay(order.client_id):
            self._ledger.counts.bit(Rule.FAULT_SKIPS_REPAY)
        else:
            self.pay(account, wallet, min(yielded, wallet.debt), order.order_id, at_ns)
            self._ledger.bit(account, wallet, Rule.AUTO_REPAY_BASE, Rule.AUTO_REPAY_QUOTE)
            if wallet.debt > 0:
                self._ledger.counts.bit(Rule.AUTO_REPAY_RESIDUE)

    def repay(self, request: Repay, account: Account, at_ns: ExchangeNs) -> Repaid | ApiError:
        """Repay by hand what an AUTO_REPAY left behind."""
        refusing = self._refuses(request, account, at_ns)
        if refusing is not None:
            return self._ledger.refuse(refusing)
        wallet = account.wallet(request.asset)
        interest, principal = self.pay(account, wallet, request.amount, None, at_ns)
        self._ledger.counts.bit(Rule.REPAID_BY_HAND)
        return Repaid(
            asset=request.asset, amount=request.amount, interest=interest, principal=principal
        )

    def settle(self, wallet: Wallet, account: Account, order_id: int, at_ns: ExchangeNs) -> None:
        """Repay as much of a liquidated account's debt as is there."""
        amount = min(wallet.free, wallet.debt)
        if amount > 0:
            self.pay(account, wallet, amount, order_id, at_ns)

    def _refuses(self, request: Repay, account: Account, at_ns: ExchangeNs) -> Rule | None:
        if request.asset not in (account.base.asset, account.quote.asset):
            return Rule.REPAY_FOREIGN_ASSET
        if request.amount <= 0:
            return Rule.REPAY_NOTHING
        wallet, moved = account.wallet(request.asset), account.debt_moved_ns
        if moved is not None and at_ns < moved + self._ledger.terms.debt_busy_ns:
            return Rule.REPAY_PENDING
        if request.amount > wallet.debt:
            return Rule.REPAY_ABOVE_DEBT
        if not whole_atoms(request.amount):
            return Rule.TOO_PRECISE
        return Rule.REPAY_ABOVE_FREE if request.amount > wallet.free else None

    def pay(
        self,
        account: Account,
        wallet: Wallet,
        amount: Decimal,
        order_id: int | None,
        at_ns: ExchangeNs,
    ) -> tuple[Decimal, Decimal]:
        """Pay debt from free; return the interest and the principal paid."""
        interest, principal = wallet.split(amount)
        self._ledger.record(
            DebtRepaid(
                at_ns=at_ns,
                scope=account.scope,
                order_id=order_id,
                asset=wallet.asset,
                interest=interest,
                principal=principal,
            )
        )
        return interest, principal

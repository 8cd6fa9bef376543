"""Money of one isolated-margin pair: balances, debts, and the arithmetic of charging them.

Every amount has at most eight decimals, the precision of the exchange's own books. Where a result
has more, the account is never favoured: what it pays is rounded up, what it receives is rounded
down. The caller holds the ``MONEY`` context.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import attrs

from robson.connectors.simulated.orders import Orders
from robson.domain.errors import InvalidValue
from robson.domain.identity import Scope
from robson.domain.reports import Balance
from robson.domain.values import MONEY, Action, ExchangeNs

ATOM = Decimal("0.00000001")
"""The smallest amount of any asset."""
ZERO = Decimal(0)


def paid(amount: Decimal) -> Decimal:
    """What the account pays for an exact amount: up to the next atom."""
    return amount.quantize(ATOM, rounding=ROUND_CEILING, context=MONEY)


def received(amount: Decimal) -> Decimal:
    """What the account gets of an exact amount: down to the last whole atom."""
    return amount.quantize(ATOM, rounding=ROUND_FLOOR, context=MONEY)


def whole_atoms(amount: Decimal) -> bool:
    """Whether an amount has no more than eight decimals."""
    return amount == received(amount)


def quote_amount(price: Decimal, quantity: Decimal, action: Action) -> Decimal:
    """Quote that a trade moves: paid on a BUY, received on a SELL."""
    return paid(price * quantity) if action is Action.BUY else received(price * quantity)


def hour_of_interest(principal: Decimal, daily_rate: Decimal) -> Decimal:
    """Simple interest of one hour on the principal: a twenty-fourth of the daily rate."""
    return paid(principal * daily_rate / 24)


@attrs.define(kw_only=True)
class Wallet:
    """One asset of the pair. ``interest`` is owed beside ``borrowed`` and bears none itself."""

    asset: str
    free: Decimal = ZERO
    locked: Decimal = ZERO
    borrowed: Decimal = ZERO
    interest: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """What is there, locked or not."""
        return self.free + self.locked

    @property
    def debt(self) -> Decimal:
        """What is owed in all."""
        return self.borrowed + self.interest

    def split(self, amount: Decimal) -> tuple[Decimal, Decimal]:
        """Interest and principal that a repayment covers: interest first."""
        interest = min(amount, self.interest)
        return interest, amount - interest

    def balance(self) -> Balance:
        """The wallet as the exchange reports it."""
        return Balance(
            asset=self.asset,
            free=self.free,
            locked=self.locked,
            borrowed=self.borrowed,
            interest=self.interest,
        )


@attrs.define(kw_only=True)
class Account:
    """The isolated account of one pair: two wallets and its orders, apart from every other pair.

    ``debt_moved_ns`` is when a loan or a repayment last touched it; the exchange takes its time
    over those and answers "pending" to a repayment that follows too closely.
    """

    scope: Scope
    base: Wallet
    quote: Wallet
    orders: Orders = attrs.field(factory=Orders)
    debt_moved_ns: ExchangeNs | None = None

    @classmethod
    def opened(cls, scope: Scope) -> Account:
        """An empty account."""
        symbol = scope.symbol
        return cls(scope=scope, base=Wallet(asset=symbol.base), quote=Wallet(asset=symbol.quote))

    def wallet(self, asset: str) -> Wallet:
        """The wallet of one of the pair's two assets.

        Raises:
            InvalidValue: the asset is not of this pair.
        """
        if asset == self.base.asset:
            return self.base
        if asset == self.quote.asset:
            return self.quote
        raise InvalidValue(f"{asset} is no asset of {self.scope}")

    def spends(self, action: Action) -> Wallet:
        """The wallet that an order takes from."""
        return self.quote if action is Action.BUY else self.base

    def gains(self, action: Action) -> Wallet:
        """The wallet that an order adds to."""
        return self.base if action is Action.BUY else self.quote

    def in_debt(self) -> bool:
        """Whether interest accrues."""
        return self.base.borrowed > 0 or self.quote.borrowed > 0

    def falls_short(self, index: Decimal, ratio: Decimal) -> bool:
        """Whether the margin level, assets to debts at an index price, is below a ratio."""
        owed = self.base.debt * index + self.quote.debt
        return owed > 0 and self.base.total * index + self.quote.total < ratio * owed

    def liquidate_price(self, ratio: Decimal) -> Decimal | None:
        """The index price at which the margin level is ``ratio``; None where there is none."""
        slope = self.base.total - ratio * self.base.debt
        lacking = ratio * self.quote.debt - self.quote.total
        if slope == 0 or self.base.debt + self.quote.debt == 0:
            return None
        return lacking / slope if lacking / slope > 0 else None

    def lendable(
        self, asset: str, price: Decimal, leverage: int, limit: Decimal | None = None
    ) -> Decimal:
        """The most that may still be borrowed of an asset, in whole atoms.

        Debt stays within ``leverage - 1`` times the equity, both at ``price``: assets are equity
        plus debt, so for a long this reads: assets at most ``leverage`` times the equity; and for a
        short: sold at most ``leverage - 1`` times the equity. ``limit``: what is lent at most of
        the asset to one account.
        """
        owed = self.base.debt * price + self.quote.debt
        equity = self.base.total * price + self.quote.total - owed
        room = max(ZERO, (leverage - 1) * equity - owed)
        most = received(room / price if asset == self.base.asset else room)
        return most if limit is None else max(ZERO, min(most, limit - self.wallet(asset).borrowed))

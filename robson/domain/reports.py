"""What outside said: answers of the exchange, and the executor's reading of them.

An ``Answer`` is what came back over the wire; a ``Report`` is what it means for the intent that
asked. Unknown is a report of its own, never an error.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from decimal import Decimal

import attrs

from robson.domain.identity import Scope, Symbol
from robson.domain.intents import Intent, OrderType
from robson.domain.values import Action, Candle, ExchangeNs, Price, Quantity


class OrderStatus(enum.Enum):
    """The exchange's word for where an order is."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def is_final(self) -> bool:
        return self not in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


FORCED_PREFIX = "autoclose-"
"""How the client id of an order begins that the exchange made to liquidate a pair."""


@attrs.frozen(kw_only=True)
class Fill:
    """One trade of an order; unique by account, symbol and ``trade_id``.

    ``commission`` is taken in ``commission_asset``, normally the asset received.
    """

    trade_id: int
    order_id: int
    client_id: str
    action: Action
    price: Price
    quantity: Quantity
    commission: Decimal
    commission_asset: str
    at_ns: ExchangeNs

    @property
    def is_forced(self) -> bool:
        """Whether the exchange closed by itself: a liquidation, by an order nobody sent."""
        return self.client_id.startswith(FORCED_PREFIX)


def fees_elsewhere(fills: Iterable[Fill], symbol: Symbol) -> dict[str, Decimal]:
    """Commissions by asset that were taken in neither asset of the pair, such as BNB."""
    paid: dict[str, Decimal] = {}
    for fill in fills:
        asset = fill.commission_asset
        if asset not in (symbol.base, symbol.quote) and fill.commission:
            paid[asset] = paid.get(asset, Decimal(0)) + fill.commission
    return paid


@attrs.frozen(kw_only=True)
class OrderState:
    """An order as the exchange sees it. ``fills`` is None where the answer does not carry them."""

    client_id: str
    order_id: int
    status: OrderStatus
    action: Action
    type: OrderType
    quantity: Quantity
    executed: Decimal
    quote_executed: Decimal
    stop_price: Price | None
    at_ns: ExchangeNs
    fills: tuple[Fill, ...] | None = None


@attrs.frozen(kw_only=True)
class Balance:
    """One asset of an isolated account; debt is ``borrowed + interest``."""

    asset: str
    free: Decimal
    locked: Decimal
    borrowed: Decimal
    interest: Decimal

    @property
    def total(self) -> Decimal:
        return self.free + self.locked

    @property
    def debt(self) -> Decimal:
        return self.borrowed + self.interest

    @property
    def net(self) -> Decimal:
        """What is owned: total less debt."""
        return self.total - self.debt


@attrs.frozen(kw_only=True)
class AccountSnapshot:
    """The pair's isolated account at one instant of exchange time.

    ``open_orders`` lists what rests on the pair; ``hourly_rate`` the interest of base and quote.
    """

    scope: Scope
    base: Balance
    quote: Balance
    index_price: Price
    at_ns: ExchangeNs
    open_orders: tuple[OrderState, ...] = ()
    hourly_rate_base: Decimal = Decimal(0)
    hourly_rate_quote: Decimal = Decimal(0)

    @property
    def equity(self) -> Decimal:
        """Own money in quote at the index price."""
        base = self.base.total - self.base.debt
        return self.quote.total - self.quote.debt + base * self.index_price


@attrs.frozen(kw_only=True)
class Credit:
    """What the exchange would lend a pair now, in each of its assets."""

    base: Decimal
    quote: Decimal


# --- answers: what came back over the wire -------------------------------------------------------


@attrs.frozen(kw_only=True)
class OrderList:
    """Answer to :class:`ReadOrders`."""

    orders: tuple[OrderState, ...]


@attrs.frozen(kw_only=True)
class TradeList:
    """Answer to :class:`ReadTrades`."""

    fills: tuple[Fill, ...]


@attrs.frozen(kw_only=True)
class AccountCredit:
    """Answer to :class:`ReadAccount` where it asks for the credit as well."""

    account: AccountSnapshot
    credit: Credit


@attrs.frozen(kw_only=True)
class Repaid:
    """Answer to :class:`Repay`: what was taken, interest first."""

    asset: str
    amount: Decimal
    interest: Decimal
    principal: Decimal


@attrs.frozen(kw_only=True)
class InterestCharge:
    """One hour's interest on a debt, in the borrowed asset."""

    asset: str
    amount: Decimal
    at_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class InterestList:
    """Answer to :class:`ReadInterest`."""

    charges: tuple[InterestCharge, ...]


@attrs.frozen(kw_only=True)
class Transfer:
    """Own money moved into a pair, or out of it: then ``amount`` is below zero."""

    transfer_id: int
    asset: str
    amount: Decimal
    at_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class TransferList:
    """Answer to :class:`ReadTransfers`, oldest first."""

    transfers: tuple[Transfer, ...]


@attrs.frozen(kw_only=True)
class ApiError:
    """The exchange said no, or said that it does not know: HTTP status, code, text.

    ``retry_after_ns``: how long it wants to be left alone; 0 where it does not say.
    """

    status: int
    code: int
    message: str
    retry_after_ns: int = 0


@attrs.frozen(kw_only=True)
class NoAnswer:
    """The request left and nothing usable came back: it may or may not have happened."""

    reason: str


@attrs.frozen(kw_only=True)
class NeverSent:
    """The request did not leave: connection refused, or too old at the socket (``stale``)."""

    reason: str


Answer = (
    OrderState
    | OrderList
    | TradeList
    | InterestList
    | TransferList
    | AccountSnapshot
    | AccountCredit
    | Repaid
    | ApiError
    | NoAnswer
    | NeverSent
)


# --- reports: what an answer means for its intent ------------------------------------------------


@attrs.frozen(kw_only=True)
class _Report:
    intent: Intent
    sent_ns: ExchangeNs
    received_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class OrderReported(_Report):
    """The exchange knows the order and says where it is."""

    order: OrderState


@attrs.frozen(kw_only=True)
class OrderRejected(_Report):
    """A definite no by code: nothing was done."""

    code: int
    message: str


@attrs.frozen(kw_only=True)
class OutcomeUnknown(_Report):
    """It may or may not have been done; only a question can tell."""

    reason: str


@attrs.frozen(kw_only=True)
class OrderNotFound(_Report):
    """-2013: no proof of absence by itself."""


@attrs.frozen(kw_only=True)
class CancelGone(_Report):
    """-2011 on a cancel: the order is not open. Filled, cancelled or never there: ask."""


@attrs.frozen(kw_only=True)
class NotSent(_Report):
    """The request did not leave the process."""

    reason: str


@attrs.frozen(kw_only=True)
class TradesReported(_Report):
    """The account's own trades."""

    fills: tuple[Fill, ...]


@attrs.frozen(kw_only=True)
class OrdersReported(_Report):
    """The account's own orders."""

    orders: tuple[OrderState, ...]


@attrs.frozen(kw_only=True)
class AccountReported(_Report):
    """The account at one instant; ``credit`` where it was asked for."""

    account: AccountSnapshot
    credit: Credit | None = None


@attrs.frozen(kw_only=True)
class InterestReported(_Report):
    """The interest charged on the account's debts."""

    charges: tuple[InterestCharge, ...]


@attrs.frozen(kw_only=True)
class TransfersReported(_Report):
    """The money that was moved in and out."""

    transfers: tuple[Transfer, ...]


@attrs.frozen(kw_only=True)
class RepayReported(_Report):
    """A debt was repaid in part or whole."""

    repaid: Repaid


Report = (
    OrderReported
    | OrderRejected
    | OutcomeUnknown
    | OrderNotFound
    | CancelGone
    | NotSent
    | TradesReported
    | OrdersReported
    | AccountReported
    | InterestReported
    | TransfersReported
    | RepayReported
)


@attrs.frozen(kw_only=True)
class CandleClosed:
    """A 15m candle of a symbol has closed."""

    symbol: str
    candle: Candle

"""What the exchange writes down: one kind of entry for everything that can happen to it.

The books are the list of these. Folding them from the first to the last gives the exchange's state,
so an entry carries results (the amount of a commission), never the settings that led to it.
"""

from __future__ import annotations

import enum
from decimal import Decimal

import attrs

from robson.domain.identity import Scope, Symbol
from robson.domain.intents import OrderType, SideEffect
from robson.domain.reports import OrderStatus
from robson.domain.values import Action, ExchangeNs, Price, Quantity


class TimeInForce(enum.Enum):
    """How long an order with a limit may wait: until cancelled, or not at all."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


@attrs.frozen(kw_only=True)
class _Entry:
    at_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class _OfSymbol(_Entry):
    symbol: Symbol


@attrs.frozen(kw_only=True)
class _OfAccount(_Entry):
    scope: Scope


@attrs.frozen(kw_only=True)
class TermsSet(_OfSymbol):
    """What a symbol costs from here on: fee as a fraction, interest as a fraction a day."""

    taker_fee: Decimal
    daily_rate_base: Decimal
    daily_rate_quote: Decimal


@attrs.frozen(kw_only=True)
class PriceNoted(_OfSymbol):
    """Where the market stood when something happened; quiet prices are never written."""

    price: Price


@attrs.frozen(kw_only=True)
class Deposited(_OfAccount):
    """Own money came in. The first deposit opens the pair's account."""

    asset: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class Withdrawn(_OfAccount):
    """Own money was taken out, of what was free."""

    asset: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class OrderAccepted(_OfAccount):
    """An order got its number. What it does follows in entries of its own.

    ``keeps_loan``: a cancel leaves alone what the order has borrowed.
    """

    order_id: int
    client_id: str
    action: Action
    type: OrderType
    quantity: Quantity
    side_effect: SideEffect
    stop_price: Price | None
    price: Price | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    keeps_loan: bool = False


@attrs.frozen(kw_only=True)
class ListAccepted(_OfAccount):
    """Two orders of which one cancels the other; both follow at once, by these numbers.

    ``carrier``: the one of them that holds back what either spends, while both are open.
    """

    list_id: int
    client_id: str
    stop: int
    maker: int
    carrier: int


@attrs.frozen(kw_only=True)
class Locked(_OfAccount):
    """Free became locked, for as long as a stop rests or a trade is delayed."""

    order_id: int
    asset: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class Unlocked(_OfAccount):
    """Locked became free again: the order went on to trade, or ended."""

    order_id: int
    asset: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class LoanTaken(_OfAccount):
    """An order borrowed what it lacked; the amount is free and owed from now on.

    ``order_id``: None for a loan that a person took.
    """

    order_id: int | None
    asset: str
    amount: Decimal


@attrs.frozen(kw_only=True)
class InterestCharged(_OfAccount):
    """One hour of interest: ``hourly`` at a full clock hour, else at the instant of borrowing."""

    asset: str
    amount: Decimal
    hourly: bool


@attrs.frozen(kw_only=True)
class Triggered(_OfAccount):
    """The market met a resting stop at ``price``: from here on it trades, or waits at its limit."""

    order_id: int
    price: Price


@attrs.frozen(kw_only=True)
class Delayed(_OfAccount):
    """A trade that the matching engine has fixed, and carries out at ``due_ns``."""

    order_id: int
    due_ns: ExchangeNs
    price: Price
    quantity: Quantity


@attrs.frozen(kw_only=True)
class Filled(_OfAccount):
    """A trade: ``quantity`` of base against ``quote_amount``, commission in the asset received."""

    order_id: int
    trade_id: int
    price: Price
    quantity: Quantity
    quote_amount: Decimal
    commission: Decimal
    commission_asset: str


@attrs.frozen(kw_only=True)
class DebtRepaid(_OfAccount):
    """Debt was paid from free. ``order_id`` is None for a repayment asked for by hand."""

    order_id: int | None
    asset: str
    interest: Decimal
    principal: Decimal


@attrs.frozen(kw_only=True)
class OrderClosed(_OfAccount):
    """An order ended otherwise than by filling whole: CANCELED or EXPIRED."""

    order_id: int
    status: OrderStatus


@attrs.frozen(kw_only=True)
class RequestLogged(_OfAccount):
    """One request and what was answered, refused ones included.

    Attributes:
        request: name of the request's type (``PlaceOrder``).
        position: whose request it was, where it says so.
        target: client order id, or for a repayment the asset.
        answer: name of the answer's type (``OrderState``, ``ApiError``).
        result: order status, or message of the error.
        code: code of the error.
        order_id: the exchange's number of the order spoken about.
    """

    request: str
    position: str | None
    target: str | None
    timestamp_ms: int | None
    answer: str
    result: str | None
    code: int | None
    order_id: int | None


Entry = (
    TermsSet
    | PriceNoted
    | Deposited
    | Withdrawn
    | OrderAccepted
    | ListAccepted
    | Locked
    | Unlocked
    | LoanTaken
    | InterestCharged
    | Triggered
    | Delayed
    | Filled
    | DebtRepaid
    | OrderClosed
    | RequestLogged
)

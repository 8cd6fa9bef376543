"""What must happen outside: orders to place and cancel, questions to ask, debt to repay.

An intent that trades is journaled before it leaves; its client id is its identity. The same frozen
value is the request on the wire: the monitor binds ``timestamp_ms`` when it marks it as sending.
"""

from __future__ import annotations

import enum
from decimal import Decimal

import attrs

from robson.domain.identity import ClientOrderId, PositionId, Purpose, Scope
from robson.domain.values import NS_PER_MS, NS_PER_S, Action, ExchangeNs, Price, Quantity

MATCHING_NS = 10 * NS_PER_S
"""How long the exchange may take to match what it accepted."""
MARGIN_NS = 5 * NS_PER_S
CLOCK_ERROR_NS = NS_PER_S // 4


class OrderType(enum.Enum):
    """Order types of the exchange. Robson sends the first three; exits take liquidity, but for a
    stop past its limit.
    """

    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"

    @property
    def has_trigger(self) -> bool:
        """Whether it waits for a price before it trades."""
        return self.value.startswith(("STOP_LOSS", "TAKE_PROFIT"))

    @property
    def has_limit(self) -> bool:
        """Whether it names the worst price that it may trade at."""
        return "LIMIT" in self.value

    @property
    def takes_profit(self) -> bool:
        """Whether its trigger lies where the market is better, not worse."""
        return self.value.startswith("TAKE_PROFIT")


class SideEffect(enum.Enum):
    """What the margin account does around an order. Robson sends the first three: an exit never
    borrows.
    """

    NONE = "NO_SIDE_EFFECT"
    BORROW = "MARGIN_BUY"
    REPAY = "AUTO_REPAY"
    BORROW_REPAY = "AUTO_BORROW_REPAY"

    @property
    def borrows(self) -> bool:
        """Whether an order borrows what it lacks."""
        return self in (SideEffect.BORROW, SideEffect.BORROW_REPAY)

    @property
    def repays(self) -> bool:
        """Whether what an order yields repays the debt in it."""
        return self in (SideEffect.REPAY, SideEffect.BORROW_REPAY)


@attrs.frozen(kw_only=True)
class PlaceOrder:
    """Send one order, once.

    Attributes:
        stop_price: trigger of a resting stop; None for a market order.
        price: the worst price a triggered ``STOP_LOSS_LIMIT`` may trade at; None for the others.
        timestamp_ms: exchange time the request is signed with; None until it is being sent.
        recv_window_ms: how long after ``timestamp_ms`` the exchange may still accept it.
    """

    scope: Scope
    position: PositionId
    purpose: Purpose
    client_id: ClientOrderId
    action: Action
    type: OrderType
    quantity: Quantity
    side_effect: SideEffect
    stop_price: Price | None = None
    price: Price | None = None
    timestamp_ms: int | None = None
    recv_window_ms: int = 1500

    @property
    def settle_ns(self) -> int:
        """How long after its timestamp it may still turn out to have been executed."""
        return self.recv_window_ms * NS_PER_MS + MATCHING_NS + CLOCK_ERROR_NS + MARGIN_NS


@attrs.frozen(kw_only=True)
class CancelOrder:
    """Take one of our own resting orders back. ``target`` is the id of that order."""

    scope: Scope
    position: PositionId
    target: ClientOrderId
    cancel_id: ClientOrderId
    timestamp_ms: int | None = None
    recv_window_ms: int = 2000


@attrs.frozen(kw_only=True)
class QueryOrder:
    """Ask what became of an order. ``token`` tells this question's answer from an older one's."""

    scope: Scope
    position: PositionId
    target: ClientOrderId
    token: int = 0


@attrs.frozen(kw_only=True)
class ReadTrades:
    """Ask for the account's own trades since an exchange time, of one order or of all."""

    scope: Scope
    position: PositionId | None = None
    since_ns: ExchangeNs
    order_id: int | None = None
    token: int = 0


@attrs.frozen(kw_only=True)
class ReadOrders:
    """Ask for all orders, open ones included, since an exchange time."""

    scope: Scope
    position: PositionId | None = None
    since_ns: ExchangeNs
    token: int = 0


@attrs.frozen(kw_only=True)
class ReadAccount:
    """Ask for the pair's isolated account: balances, debt, margin level.

    ``credit``: and what the exchange would lend it now, which costs the exchange more to say.
    """

    scope: Scope
    position: PositionId | None = None
    token: int = 0
    credit: bool = False


@attrs.frozen(kw_only=True)
class ReadInterest:
    """Ask for the interest charged on the pair since an exchange time."""

    scope: Scope
    position: PositionId
    since_ns: ExchangeNs
    token: int = 0


@attrs.frozen(kw_only=True)
class ReadTransfers:
    """Ask for the money that was moved into the pair and out of it since an exchange time."""

    scope: Scope
    since_ns: ExchangeNs
    position: PositionId | None = None
    token: int = 0


@attrs.frozen(kw_only=True)
class Repay:
    """Repay a debt that AUTO_REPAY left behind; ``attempt`` counts per position."""

    scope: Scope
    position: PositionId
    asset: str
    amount: Decimal
    attempt: int
    timestamp_ms: int | None = None
    recv_window_ms: int = 2000


Trading = PlaceOrder | CancelOrder | Repay
Reading = QueryOrder | ReadTrades | ReadOrders | ReadAccount | ReadInterest | ReadTransfers
Intent = Trading | Reading

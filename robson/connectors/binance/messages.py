"""Binance's messages as they arrive, each field with the types that were seen on it.

Amounts come as text or as numbers, ids as numbers or as text: both are taken. What is not named
here is not looked at, so that a new field breaks nothing.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

Amount = Decimal
T = TypeVar("T")


class BadMessage(ValueError):
    """An answer is not what it should be."""


def read(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """One message.

    Raises:
        BadMessage: it is no JSON, or of another shape.
    """
    try:
        found: T = _decoder(kind).decode(body)  # type: ignore[arg-type]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"{getattr(kind, '__name__', kind)}: {error}") from None
    return found


@functools.cache
def _decoder(kind: Any) -> Any:
    return msgspec.json.Decoder(kind, strict=False)


class Struct(msgspec.Struct, frozen=True, gc=False):
    """A message or a part of one."""


# --- REST ----------------------------------------------------------------------------------------


class Error(Struct, frozen=True):
    """A refusal."""

    code: int
    msg: str = ""


class Time(Struct, frozen=True):
    """``GET /api/v3/time``."""

    serverTime: int


class Fill(Struct, frozen=True):
    """A trade inside of the answer to an order."""

    price: Amount
    qty: Amount
    commission: Amount
    commissionAsset: str
    tradeId: int


class Order(Struct, frozen=True):
    """An order, in any of the forms in which orders are told."""

    orderId: int
    clientOrderId: str = ""
    origClientOrderId: str = ""
    status: str = ""
    side: str = ""
    type: str = ""
    origQty: Amount | None = None
    executedQty: Amount | None = None
    cummulativeQuoteQty: Amount = Amount(0)
    price: Amount = Amount(0)
    stopPrice: Amount = Amount(0)
    transactTime: int = 0
    updateTime: int = 0
    time: int = 0
    fills: tuple[Fill, ...] | None = None


class Trade(Struct, frozen=True):
    """A row of ``myTrades``."""

    id: int
    orderId: int
    price: Amount
    qty: Amount
    commission: Amount
    commissionAsset: str
    isBuyer: bool
    time: int


class Asset(Struct, frozen=True):
    """One side of an isolated account."""

    asset: str
    free: Amount
    locked: Amount
    borrowed: Amount
    interest: Amount


class Pair(Struct, frozen=True):
    """An isolated account. One that was never made looks healthy but for its flags."""

    symbol: str
    baseAsset: Asset
    quoteAsset: Asset
    indexPrice: Amount
    isolatedCreated: bool = True
    enabled: bool = True
    tradeEnabled: bool = True


class Account(Struct, frozen=True):
    """``GET isolated/account``."""

    assets: tuple[Pair, ...]


class Rate(Struct, frozen=True):
    """What borrowing one asset costs."""

    coin: str
    dailyInterest: Amount


class Rates(Struct, frozen=True):
    """A row of ``isolatedMarginData``."""

    symbol: str
    data: tuple[Rate, ...]


class MaxBorrowable(Struct, frozen=True):
    """``GET maxBorrowable``: what is lent now, by equity and inventory."""

    amount: Amount


class Tier(Struct, frozen=True):
    """A row of ``isolatedMarginTier``."""

    tier: int
    effectiveMultiple: Amount
    liquidationRiskRatio: Amount


class Charge(Struct, frozen=True):
    """A row of ``interestHistory``; the exchange spells the time so."""

    asset: str
    interest: Amount
    interestAccuredTime: int


class Charges(Struct, frozen=True):
    """``GET interestHistory``."""

    rows: tuple[Charge, ...]
    total: int = 0


class Taken(Struct, frozen=True):
    """``POST borrow-repay``."""

    tranId: int


class Repayment(Struct, frozen=True):
    """A row of what was borrowed or repaid."""

    txId: int
    asset: str
    amount: Amount
    interest: Amount
    principal: Amount
    status: str
    timestamp: int


class Repayments(Struct, frozen=True):
    """``GET borrow-repay``."""

    rows: tuple[Repayment, ...]


class Moved(Struct, frozen=True):
    """A row of ``GET margin/transfer``."""

    amount: Amount
    asset: str
    timestamp: int
    txId: int
    type: str


class Moves(Struct, frozen=True):
    """``GET margin/transfer``."""

    rows: tuple[Moved, ...]


class Token(Struct, frozen=True):
    """``POST userListenToken``."""

    token: str
    expirationTime: int


class Listing(Struct, frozen=True):
    """One symbol of exchangeInfo."""

    symbol: str
    baseAsset: str
    quoteAsset: str
    orderTypes: tuple[str, ...]
    filters: tuple[dict[str, Any], ...]
    status: str = "TRADING"
    isMarginTradingAllowed: bool = True


class Info(Struct, frozen=True):
    """``GET exchangeInfo``."""

    symbols: tuple[Listing, ...]


class Price(Struct, frozen=True):
    """``GET ticker/price``."""

    symbol: str
    price: Amount


class Rights(Struct, frozen=True):
    """``GET account/apiRestrictions``: what a key may do. A right that is not named is not had."""

    ipRestrict: bool = False
    enableWithdrawals: bool = False
    enableInternalTransfer: bool = False
    permitsUniversalTransfer: bool = False
    enableMargin: bool = False
    enableSpotAndMarginTrading: bool = False
    tradingAuthorityExpirationTime: int | None = None


class Burn(Struct, frozen=True):
    """``GET bnbBurn``: what is paid in BNB."""

    spotBNBBurn: bool
    interestBNBBurn: bool


# --- streams -------------------------------------------------------------------------------------


class Frame(Struct, frozen=True):
    """A frame of the combined stream; a raw one has no name."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()


class Subscribed(Struct, frozen=True):
    """An answer of the WebSocket API."""

    status: int


class UserEvent(Struct, frozen=True):
    """Something on an account; of what kind. The letters mean something else in each."""

    e: str = ""


class OrderEvent(Struct, frozen=True):
    """An ``executionReport``. ``c`` is the id of what did it; ``C`` the order's, of a cancel."""

    s: str
    c: str
    X: str
    C: str = ""


class UserFrame(Struct, frozen=True):
    """An event in its wrapper; an answer has none."""

    event: msgspec.Raw = msgspec.Raw(b"{}")


class StreamTrade(Struct, frozen=True):
    """A trade, or several of one taker at one price: ``t`` or ``a`` rises by one from each to the
    next.
    """

    s: str
    p: str
    E: int
    T: int
    q: str = ""
    t: int = -1
    a: int = -1
    m: bool = False


class TradeFrame(Struct, frozen=True):
    """A frame of the combined stream that says a trade."""

    data: StreamTrade


class Bar(Struct, frozen=True):
    """What a kline is about."""

    t: int
    o: str
    c: str
    h: str
    l: str  # noqa: E741 - the exchange's own name
    x: bool


class StreamKline(Struct, frozen=True):
    """A candle as it stands, every two seconds; ``x`` when it is over."""

    E: int
    s: str
    k: Bar


class StreamBook(Struct, frozen=True):
    """The best bid and ask; it carries no time."""

    u: int
    s: str
    b: str
    a: str
    B: str = ""
    A: str = ""


class AggTrade(Struct, frozen=True):
    """A row of ``aggTrades``."""

    a: int
    p: str
    T: int

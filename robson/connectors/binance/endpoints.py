"""Every endpoint that Robson asks, in one table: method, path, weight, and whose budget it takes.

Weights are Binance's of 2026; each endpoint of /sapi has a budget of its own, those of /api share
one.
"""

from __future__ import annotations

import enum
from typing import NamedTuple


class Budget(enum.Enum):
    """Who is counted, and how much a minute allows."""

    SHARED = 6_000
    """Of /api: by address, all endpoints together."""
    ADDRESS = 12_000
    """Of /sapi: by address, each endpoint for itself."""
    ACCOUNT = 180_000
    """Of /sapi: by account, each endpoint for itself."""


class Security(enum.Enum):
    """What a request has to show."""

    NONE = "nothing"
    KEY = "the key"
    SIGNED = "the key and a signature"


class Endpoint(NamedTuple):
    """One of them."""

    method: str
    path: str
    weight: int
    budget: Budget
    security: Security

    @property
    def purse(self) -> str:
        """Whatever shares a budget shares this name."""
        return "/api" if self.budget is Budget.SHARED else f"{self.method} {self.path}"


def _public(path: str, weight: int) -> Endpoint:
    return Endpoint("GET", f"/api/v3/{path}", weight, Budget.SHARED, Security.NONE)


def _margin(method: str, path: str, weight: int, budget: Budget) -> Endpoint:
    return Endpoint(method, f"/sapi/v1/{path}", weight, budget, Security.SIGNED)


TIME = _public("time", 1)
EXCHANGE_INFO = _public("exchangeInfo", 20)
KLINES = _public("klines", 2)
TICKER = _public("ticker/price", 2)
BOOK_TICKER = _public("ticker/bookTicker", 2)
AGG_TRADES = _public("aggTrades", 4)

PLACE = _margin("POST", "margin/order", 6, Budget.ACCOUNT)
BORROWING = 1_500
"""What an order that may borrow weighs."""
CANCEL = _margin("DELETE", "margin/order", 10, Budget.ADDRESS)
QUERY = _margin("GET", "margin/order", 10, Budget.ADDRESS)
OPEN_ORDERS = _margin("GET", "margin/openOrders", 10, Budget.ADDRESS)
ALL_ORDERS = _margin("GET", "margin/allOrders", 200, Budget.ADDRESS)
MY_TRADES = _margin("GET", "margin/myTrades", 10, Budget.ADDRESS)
ACCOUNT = _margin("GET", "margin/isolated/account", 10, Budget.ADDRESS)
MAX_BORROWABLE = _margin("GET", "margin/maxBorrowable", 750, Budget.ACCOUNT)
RATES = _margin("GET", "margin/isolatedMarginData", 1, Budget.ADDRESS)
REPAY = _margin("POST", "margin/borrow-repay", 1_500, Budget.ACCOUNT)
REPAYMENTS = _margin("GET", "margin/borrow-repay", 10, Budget.ADDRESS)
INTEREST = _margin("GET", "margin/interestHistory", 1, Budget.ADDRESS)
TRANSFERS = _margin("GET", "margin/transfer", 1, Budget.ADDRESS)
TIER = _margin("GET", "margin/isolatedMarginTier", 1, Budget.ADDRESS)
RIGHTS = _margin("GET", "account/apiRestrictions", 1, Budget.ADDRESS)
BNB_BURN = _margin("GET", "bnbBurn", 1, Budget.ADDRESS)
LISTEN_TOKEN = _margin("POST", "userListenToken", 1, Budget.ACCOUNT)

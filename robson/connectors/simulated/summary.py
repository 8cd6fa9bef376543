"""The books as a person or a script reads them, also while nobody runs the exchange."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.books import Books
from robson.connectors.simulated.entries import Entry, RequestLogged
from robson.connectors.simulated.state import ExchangeState
from robson.domain.identity import Scope
from robson.domain.reports import Balance, Fill, OrderState
from robson.domain.values import ExchangeNs, Price, plain

SCHEMA = "robson.books/1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class AccountSummary:
    """One pair's account. ``last_price`` is the last one written down, not the market's."""

    scope: Scope
    base: Balance
    quote: Balance
    last_price: Price | None
    orders: tuple[OrderState, ...]
    fills: tuple[Fill, ...]
    requests: tuple[RequestLogged, ...]

    @property
    def open_orders(self) -> tuple[OrderState, ...]:
        """Orders that still rest."""
        return tuple(order for order in self.orders if not order.status.is_final)


@attrs.frozen(kw_only=True)
class BooksSummary:
    """Every account, and how many entries the books hold up to when."""

    accounts: tuple[AccountSummary, ...]
    entries: int
    at_ns: ExchangeNs


def summarise(books: Books) -> BooksSummary:
    """Read the books from the first entry to the last.

    Raises:
        StoreError: the file cannot be read.
    """
    entries = books.entries()
    state = ExchangeState.of(entries)
    return BooksSummary(
        accounts=tuple(_account(state, scope, entries) for scope in state.accounts),
        entries=len(entries),
        at_ns=state.clock_ns,
    )


def _account(state: ExchangeState, scope: Scope, entries: Sequence[Entry]) -> AccountSummary:
    account = state.accounts[scope]
    requests = [entry for entry in entries if isinstance(entry, RequestLogged)]
    return AccountSummary(
        scope=scope,
        base=account.base.balance(),
        quote=account.quote.balance(),
        last_price=state.prices.get(scope.symbol),
        orders=tuple(order.state() for order in account.orders.all),
        fills=tuple(account.orders.fills),
        requests=tuple(entry for entry in requests if entry.scope == scope),
    )


def document(summary: BooksSummary) -> dict[str, Any]:
    """The summary as one JSON document: decimals and times are text, what is unknown is null."""
    return {
        "schema": SCHEMA,
        "entries": summary.entries,
        "at": _time(summary.at_ns),
        "accounts": [_account_document(account) for account in summary.accounts],
    }


def _account_document(account: AccountSummary) -> dict[str, Any]:
    return {
        "account": account.scope.account,
        "symbol": str(account.scope.symbol),
        "last_price": _plain(account.last_price),
        "balances": [_row(balance) for balance in (account.base, account.quote)],
        "open_orders": [_row(order, without="fills") for order in account.open_orders],
        "orders": [_row(order, without="fills") for order in account.orders],
        "fills": [_row(fill) for fill in account.fills],
        "requests": [_row(request, without="scope") for request in account.requests],
    }


def _row(value: attrs.AttrsInstance, *, without: str = "") -> dict[str, Any]:
    fields: Mapping[str, Any] = attrs.asdict(value, recurse=False)
    return {
        "at" if name == "at_ns" else name: _time(field) if name == "at_ns" else _plain(field)
        for name, field in fields.items()
        if name != without
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    return value.value if isinstance(value, enum.Enum) else value


def _time(at_ns: int) -> str:
    """Exchange time as UTC text, to the microsecond."""
    moment = _EPOCH + timedelta(microseconds=at_ns // 1000)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"

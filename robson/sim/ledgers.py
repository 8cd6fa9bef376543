"""The simulated exchange's books for people and programs, read while anybody or nobody writes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.summary import AccountSummary, BooksSummary, document, summarise
from robson.domain.errors import StoreError
from robson.domain.reports import Balance, OrderState
from robson.domain.values import plain
from robson.sim.paper import Paper, counted, hard

PLACE = Path("exchange", "books.db")
LINES = 12


def read(directory: Path) -> BooksSummary:
    """The books under a state directory.

    Raises:
        StoreError: there are none, or they cannot be read.
    """
    path = directory / PLACE
    if not directory.is_dir():
        raise StoreError(f"{directory} is no directory; expected the daemon's --state-dir")
    if not path.is_file():
        raise StoreError(f"{path} is not there: no simulated exchange has run with {directory}")
    books = SqliteBooks(path, read_only=True)
    try:
        return summarise(books)
    finally:
        books.close()


def document_of(directory: Path) -> dict[str, Any]:
    """The books as one JSON document."""
    return document(read(directory))


def show(directory: Path, paper: Paper) -> None:
    """The books as a person reads them."""
    summary = read(directory)
    head = paper.paint("robson-sim books", "strong")
    paper.say(f"{head}  {directory / PLACE}, {summary.entries:,} entries")
    for account in summary.accounts:
        paper.say()
        _account(account, paper)


def _account(account: AccountSummary, paper: Paper) -> None:
    symbol, price = account.scope.symbol, account.last_price
    last = f"   last price {plain(price)}" if price is not None else ""
    paper.say(f"{paper.paint(str(symbol), 'strong')}  account {account.scope.account}{last}")
    for balance in (account.base, account.quote):
        paper.fact(balance.asset, _balance(balance))
    resting = [_order(order) for order in account.open_orders]
    paper.fact("Resting", *(resting or ["nothing"]))
    orders = [_order(order) for order in account.orders[-LINES:]]
    if orders:
        paper.fact("Orders", f"{len(account.orders):,} in all, the last {len(orders)}:", *orders)
    fills = [
        f"{fill.trade_id:>4}  {fill.action.value:4} {plain(fill.quantity)} at {plain(fill.price)}"
        f"   fee {plain(fill.commission)} {fill.commission_asset}   {fill.client_id}"
        for fill in account.fills[-LINES:]
    ]
    if fills:
        paper.fact("Fills", f"{len(account.fills):,} in all, the last {len(fills)}:", *fills)
    kinds = Counter(request.request for request in account.requests)
    refused = Counter(str(request.code) for request in account.requests if request.code)
    paper.fact("Requests", counted(kinds.most_common()) or "none")
    if refused:
        paper.fact("Refused", counted(refused.most_common()))


def _balance(balance: Balance) -> str:
    parts = [hard(f"free {plain(balance.free)}")]
    for name, amount in (
        ("locked", balance.locked),
        ("borrowed", balance.borrowed),
        ("interest", balance.interest),
    ):
        if amount:
            parts.append(hard(f"{name} {plain(amount)}"))
    return "   ".join(parts)


def _order(order: OrderState) -> str:
    stop = f" stop {plain(order.stop_price)}" if order.stop_price is not None else ""
    return (
        f"{order.order_id:>4}  {order.status.value:9} {order.action.value:4}"
        f" {plain(order.quantity)}{stop}   {order.client_id}"
    )

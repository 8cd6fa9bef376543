"""What a life has left behind, held against itself: the exchange's books, and the journal.

The books are the truth. Every fill is compared to the last digit, every balance is counted a second
time, and the time in which a holding had no stop at the exchange is added up.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.entries import Entry, Filled, OrderAccepted, OrderClosed
from robson.connectors.simulated.state import ExchangeState
from robson.connectors.simulated.summary import AccountSummary, summarise
from robson.domain.errors import StoreError
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.values import NS_PER_S
from robson.store.examine import examine
from robson.store.journal import FILE_NAME

DUST = Decimal("0.00003")
"""What one life may leave of the base: less than can be sold, and a short's step too many."""
SMALL = Decimal("0.01")
"""Of what an entry has bought: less is what fees have left, and needs no stop."""
_FILLS = ("entry_filled", "exit_filled", "insurance_filled")
_FIELDS = ("client_id", "price", "quantity", "commission", "commission_asset", "at_ns")


@attrs.frozen(kw_only=True)
class Verdict:
    """``wrong``: what does not hold, in words; nothing when all does. ``compared``: values."""

    wrong: tuple[str, ...]
    compared: int
    fills: int
    naked_ns: int


def judge(state: Path) -> Verdict:
    """Look at a state directory that nobody uses any more."""
    wrong: list[str] = []
    try:
        waiting = examine(state / FILE_NAME).waiting
        if waiting:
            wrong.append(f"{waiting} rows still wait in the emergency file")
    except StoreError as error:
        return Verdict(wrong=(f"the journal: {error}",), compared=0, fills=0, naked_ns=0)
    books = SqliteBooks(state / "exchange" / "books.db", read_only=True)
    try:
        account = summarise(books).accounts[0]
        entries = tuple(books.entries())
        audit = Conservation(books, ExchangeState.of(entries)).check()
    finally:
        books.close()
    wrong += audit.differences
    if not audit.compared:
        wrong.append("nothing of the books was compared")
    rows = read_rows(state / FILE_NAME)
    wrong += _left(account)
    wrong += _fills(account, [payload for kind, payload, _ in rows if kind in _FILLS])
    wrong += _entered(account)
    return Verdict(
        wrong=tuple(wrong),
        compared=audit.compared,
        fills=len(account.fills),
        naked_ns=naked_ns(entries),
    )


def read_rows(journal: Path) -> list[tuple[str, dict[str, Any], int]]:
    """Kind without its version, payload and wall time of every row."""
    uri = f"file:{journal}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
        rows = db.execute("SELECT kind, payload, written_at FROM journal ORDER BY seq").fetchall()
    return [(kind.partition(".")[0], json.loads(text), at_ns) for kind, text, at_ns in rows]


def _left(account: AccountSummary) -> list[str]:
    wrong = []
    if account.open_orders:
        wrong.append(f"{len(account.open_orders)} orders rest at the exchange")
    if account.base.debt or account.quote.debt:
        wrong.append(f"owed: {account.base.debt} {account.base.asset}, {account.quote.debt}")
    if account.base.total >= DUST:
        wrong.append(f"{account.base.total} {account.base.asset} are left")
    return wrong


def _fills(account: AccountSummary, payloads: list[dict[str, Any]]) -> list[str]:
    ours = {
        fill["trade_id"]: tuple(str(fill[name]) for name in _FIELDS)
        for payload in payloads
        for fill in payload["fills"]
    }
    theirs = {
        fill.trade_id: tuple(_text(getattr(fill, name)) for name in _FIELDS)
        for fill in account.fills
    }
    return [] if ours == theirs else [f"the journal's fills {ours} are not the books' {theirs}"]


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int)) else format(value, "f")


def _entered(account: AccountSummary) -> list[str]:
    """An entry leaves once; and a life in which nothing was held has shown nothing."""
    asked = Counter(
        request.position
        for request in account.requests
        if request.request == "PlaceOrder" and purpose(request.target) is Purpose.ENTRY
    )
    wrong = [f"{many} entries of {which} were sent" for which, many in asked.items() if many > 1]
    return wrong if account.fills else [*wrong, "nothing was ever held"]


def purpose(client_id: str | None) -> Purpose | None:
    """What an order was for; None for one that is not ours."""
    ours = read_client_order_id(client_id or "")
    return None if ours is None else ours.purpose


def naked_ns(entries: Iterable[Entry]) -> int:
    """Exchange time in which something was held and no stop of ours rested."""
    orders: dict[int, Purpose | None] = {}
    stops: set[int] = set()
    held = entered = Decimal(0)
    naked, since_ns, at_ns = 0, None, 0
    for entry in entries:
        at_ns = entry.at_ns
        match entry:
            case OrderAccepted(order_id=order_id, client_id=client_id):
                orders[order_id] = purpose(client_id)
                if orders[order_id] is Purpose.INSURANCE:
                    stops.add(order_id)
            case OrderClosed(order_id=order_id):
                stops.discard(order_id)
            case Filled(order_id=order_id, quantity=quantity):
                enters = orders.get(order_id) is Purpose.ENTRY
                held += quantity if enters else -quantity
                entered += quantity if enters else Decimal(0)
        bare = not stops and held > entered * SMALL
        if bare and since_ns is None:
            since_ns = at_ns
        elif not bare and since_ns is not None:
            naked, since_ns = naked + at_ns - since_ns, None
    return naked if since_ns is None else naked + at_ns - since_ns


def seconds(exchange_ns: int, speed: int) -> float:
    """Exchange time as ours."""
    return exchange_ns / NS_PER_S / speed

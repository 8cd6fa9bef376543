"""What a robsond leaves behind: its journal, and the exchange's own books, held against each other.

The books are the truth. Every fill is compared to the last digit, and every balance is counted a
second time.
"""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.entries import RequestLogged
from robson.connectors.simulated.state import ExchangeState
from robson.connectors.simulated.summary import AccountSummary, summarise

STEP = Decimal("0.00001")
"""Of BTCUSDT: less than one step cannot be sold."""


@attrs.frozen
class Row:
    """One row of the journal."""

    seq: int
    epoch: int
    kind: str
    payload: dict[str, Any]
    at_ns: int

    @property
    def name(self) -> str:
        """The kind without its version."""
        return self.kind.partition(".")[0]


def read_journal(place: Path) -> list[Row]:
    """Every row, by a connection that can change nothing."""
    db = sqlite3.connect(f"file:{place / 'journal.db'}?mode=ro", uri=True, isolation_level=None)
    try:
        found = db.execute(
            "SELECT seq, epoch, kind, payload, at FROM journal ORDER BY seq"
        ).fetchall()
    finally:
        db.close()
    return [Row(seq, epoch, kind, json.loads(text), at) for seq, epoch, kind, text, at in found]


# --- both, compared ------------------------------------------------------------------------------

_FILLED = ("entry_filled", "exit_filled", "insurance_filled")
_FIELDS = ("client_id", "price", "quantity", "commission", "commission_asset", "at_ns")


@attrs.frozen
class Tally:
    """What the exchange's own books say of the positions of a journal.

    Attributes:
        entries: entry orders in the request log, by position.
        requests: the request log of the one account, oldest first.
        fills: executions, each found on both sides, equal to the last digit.
        compared: values that the audit of the books compared.
    """

    account: AccountSummary
    entries: dict[str, int]
    requests: tuple[RequestLogged, ...]
    fills: int
    compared: int
    rows: list[Row]

    @classmethod
    def of(cls, place: Path) -> Tally:
        """Read both, where there is one pair, and hold them against each other."""
        (only,) = cls.each(place).values()
        return only

    @classmethod
    def each(cls, place: Path) -> dict[str, Tally]:
        """The same by pair; a pair's rows are those of its positions, and those of nobody."""
        books = SqliteBooks(place / "exchange" / "books.db", read_only=True)
        try:
            accounts = summarise(books).accounts
            audit = Conservation(books, ExchangeState.of(books.entries())).check()
        finally:
            books.close()
        rows = read_journal(place)
        assert audit.differences == ()
        assert audit.compared > 0
        return {
            str(account.scope.symbol): cls._held_against(account, rows, audit.compared)
            for account in accounts
        }

    @classmethod
    def _held_against(cls, account: AccountSummary, rows: list[Row], compared: int) -> Tally:
        pair = {"base": account.scope.symbol.base, "quote": account.scope.symbol.quote}
        armed = [
            row.payload["position"]
            for row in rows
            if row.name == "position_armed" and row.payload["scope"]["symbol"] == pair
        ]
        mine = [row for row in rows if row.payload.get("position") in (None, *armed)]
        fills = _same_fills(account, mine)
        entries = {position: _entries_of(account, position) for position in armed}
        return cls(account, entries, account.requests, fills, compared, mine)

    def trades(self) -> list[str]:
        """Every trading request, in one word and its outcome, oldest first."""
        return [_told(request) for request in self.requests if request.timestamp_ms is not None]

    def is_clean(self, dust: Decimal = STEP) -> None:
        """Nothing rests, nothing is owed, and all that is left of the base is dust."""
        assert self.account.open_orders == ()
        assert self.account.base.debt == self.account.quote.debt == 0
        assert self.account.base.total < dust


def _same_fills(account: AccountSummary, rows: list[Row]) -> int:
    ours: dict[int, tuple[str, ...]] = {}
    for row in rows:
        if row.name in _FILLED:
            for fill in row.payload["fills"]:
                told = tuple(str(fill[name]) for name in _FIELDS)
                assert ours.setdefault(fill["trade_id"], told) == told, "one trade, told twice"
    theirs = {
        fill.trade_id: tuple(_text(getattr(fill, name)) for name in _FIELDS)
        for fill in account.fills
    }
    same = ours == theirs or _on_the_wire(ours) == _on_the_wire(theirs)
    assert same, f"the journal's fills are not the exchange's: {ours} {theirs}"
    return len(theirs)


def _on_the_wire(fills: dict[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """Fills as Binance tells them: no zeros at the end of an amount, times in milliseconds."""
    return {
        number: (*(_short(text) for text in fill[:-1]), fill[-1][:-6])
        for number, fill in fills.items()
    }


def _short(text: str) -> str:
    whole, point, part = text.partition(".")
    return text if not point or not part.isdecimal() else f"{whole}.{part}".rstrip("0").rstrip(".")


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int)) else format(value, "f")


def _entries_of(account: AccountSummary, position: str) -> int:
    return sum(
        request.request == "PlaceOrder"
        and request.position == position
        and (request.target or "").startswith("rbe")
        for request in account.requests
    )


def _told(request: RequestLogged) -> str:
    purposes = {"rbe": "entry", "rbs": "stop", "rbx": "exit"}
    word = purposes.get((request.target or "")[:3], "?")
    if request.request == "CancelOrder":
        word = f"cancel {word}"
    if request.request == "Repay":
        word = "repay"
    return word if request.code is None else f"{word} {request.code}"

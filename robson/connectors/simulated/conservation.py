"""Audits the exchange: nothing may appear or vanish that its books do not explain.

The books are counted a second time (``second_count``), and every balance, debt, lock and order of
the exchange's state is compared with that count. Numbers in a difference are atoms (1e-8).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext

import attrs

from robson.connectors.simulated.books import Books
from robson.connectors.simulated.second_count import Purse, SecondCount
from robson.connectors.simulated.state import ExchangeState
from robson.domain.values import MONEY


@attrs.frozen(kw_only=True)
class Conserved:
    """Outcome of an audit: what differs, and how many values were compared. No value, no proof."""

    differences: tuple[str, ...]
    compared: int


class Conservation:
    """An audit that goes on: each check reads only what the books gained since the last.

    Args:
        books: what happened.
        state: what the exchange says is there now.
    """

    def __init__(self, books: Books, state: ExchangeState) -> None:
        self._books = books
        self._state = state
        self._read = 0
        self._compared = 0
        self._count = SecondCount()

    def check(self) -> Conserved:
        """Read what is new, then compare every balance, and every order that is open or moved.

        A mistake found in an entry is reported by this and every later check.
        """
        entries = self._books.entries(self._read)
        self._read += len(entries)
        self._compared = -self._count.counted
        self._count.read(entries)
        self._compared += self._count.counted
        with localcontext(MONEY):
            differs = (*self._count.wrong, *self._balances(), *self._orders())
        return Conserved(differences=differs, compared=self._compared)

    def _balances(self) -> Iterator[str]:
        locked, purses = self._count.locked(), self._count.purses
        yield from self._differs("number of accounts", len(self._state.accounts), len(purses))
        for scope, account in self._state.accounts.items():
            for wallet in (account.base, account.quote):
                where = f"{scope} {wallet.asset}"
                purse = purses.get(scope, {}).get(wallet.asset, Purse())
                free, held = _atoms(wallet.free), _atoms(wallet.locked)
                owed, interest = _atoms(wallet.borrowed), _atoms(wallet.interest)
                waits = locked.get((scope, wallet.asset), 0)
                yield from self._differs(f"{where} free and locked", free + held, purse.total)
                yield from self._differs(f"{where} locked", held, waits)
                yield from self._differs(f"{where} borrowed", owed, purse.borrowed)
                yield from self._differs(f"{where} interest", interest, purse.interest)
                lowest = min(free, held, owed, interest)
                yield from self._differs(f"{where} below zero", min(lowest, Decimal(0)), 0)

    def _orders(self) -> Iterator[str]:
        quiet: set[int] = set()
        yield from self._differs("orders", len(self._state.orders), len(self._count.orders))
        for number in sorted(self._count.moved & self._state.orders.keys()):
            own, theirs = self._count.orders[number], self._state.orders[number]
            executed, quote = _atoms(theirs.executed), _atoms(theirs.quote_executed)
            found = (
                *self._differs(f"order {number} executed", executed, own.executed),
                *self._differs(f"order {number} quote", quote, own.quote),
                *self._differs(f"order {number} open", theirs.is_open, own.open),
            )
            yield from found
            if not found and not own.open:
                quiet.add(number)
        self._count.moved -= quiet

    def _differs(self, what: str, actual: object, expected: object) -> Iterator[str]:
        self._compared += 1
        if actual != expected:
            yield f"{what}: {actual}, by the books {expected}"


def _atoms(amount: Decimal) -> Decimal:
    """A decimal of the state in atoms, exactly: what is finer than an atom stays visible."""
    return amount.scaleb(8)

"""Works the books out a second time, independently of the exchange that wrote them.

Amounts are integers in atoms (1e-8 of an asset), rounding is integer division: nothing of the
account's own arithmetic is used, so that one mistake cannot be made on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.entries import (
    DebtRepaid,
    Delayed,
    Deposited,
    Entry,
    Filled,
    InterestCharged,
    ListAccepted,
    LoanTaken,
    OrderAccepted,
    OrderClosed,
    TermsSet,
    Triggered,
    Withdrawn,
)
from robson.domain.identity import Scope, Symbol
from robson.domain.values import Action

ATOMS = 10**8
HOUR = 3_600_000_000_000


@attrs.define
class Purse:
    """One asset in atoms.

    ``first_hour`` is interest that a loan has just caused and that must be charged next; ``due_ns``
    the full clock hour whose interest comes next.
    """

    total: int = 0
    borrowed: int = 0
    interest: int = 0
    first_hour: int = 0
    due_ns: int = 0


@attrs.define
class CountedOrder:
    """One order in atoms: what it was given, what it traded, and what each delayed trade spends."""

    entry: OrderAccepted
    whole: int
    executed: int = 0
    quote: int = 0
    open: bool = True
    delayed: list[int] = attrs.Factory(list)


class SecondCount:
    """What must be there, from deposits, trades, loans, interest and repayments alone.

    Attributes:
        purses: by account and asset.
        waiting: stops and limits that have not ended; of stops without a limit, those that have
            not triggered.
        late: orders with delayed trades.
        moved: orders touched since somebody last emptied this.
        wrong: entries that break a rule by themselves.
        counted: values compared while reading.
    """

    def __init__(self) -> None:
        self.purses: dict[Scope, dict[str, Purse]] = {}
        self.orders: dict[int, CountedOrder] = {}
        self.waiting: dict[int, CountedOrder] = {}
        self.late: dict[int, CountedOrder] = {}
        self.moved: set[int] = set()
        self.wrong: list[str] = []
        self.counted = 0
        self._terms: dict[Symbol, TermsSet] = {}
        self._last_trade = 0
        self._rides: dict[int, int] = {}
        self._readers: dict[type[Entry], Callable[[Any], None]] = {
            TermsSet: self._set_terms,
            Deposited: self._deposited,
            Withdrawn: self._withdrawn,
            OrderAccepted: self._accepted,
            ListAccepted: self._listed,
            Triggered: self._triggered,
            Delayed: self._delayed,
            LoanTaken: self._lent,
            InterestCharged: self._charged,
            Filled: self._filled,
            DebtRepaid: self._repaid,
            OrderClosed: self._closed,
        }

    def read(self, entries: Iterable[Entry]) -> None:
        """Take in the next entries."""
        for entry in entries:
            self._interest_is_charged(entry)
            reader = self._readers.get(type(entry))
            if reader is not None:
                reader(entry)

    def locked(self) -> dict[tuple[Scope, str], int]:
        """What waiting orders and delayed trades hold back, by account and asset."""
        locked: dict[tuple[Scope, str], int] = {}
        for order in self.waiting.values():
            entry, stop = order.entry, order.entry.price or order.entry.stop_price
            symbol = entry.scope.symbol
            asset, amount = symbol.base, order.whole - order.executed
            if entry.action is Action.BUY and stop is not None:
                asset, amount = symbol.quote, product(stop, Decimal(amount) / ATOMS, up=True)
            locked[entry.scope, asset] = locked.get((entry.scope, asset), 0) + amount
        for order in self.late.values():
            scope, symbol = order.entry.scope, order.entry.scope.symbol
            asset = symbol.quote if order.entry.action is Action.BUY else symbol.base
            locked[scope, asset] = locked.get((scope, asset), 0) + sum(order.delayed)
        return locked

    # --- one kind of entry each ------------------------------------------------------------------

    def _set_terms(self, entry: TermsSet) -> None:
        self._terms[entry.symbol] = entry

    def _deposited(self, entry: Deposited) -> None:
        symbol = entry.scope.symbol
        empty = {symbol.base: Purse(), symbol.quote: Purse()}
        self.purses.setdefault(entry.scope, empty)[entry.asset].total += self._atoms(entry.amount)

    def _withdrawn(self, entry: Withdrawn) -> None:
        self.purses[entry.scope][entry.asset].total -= self._atoms(entry.amount)

    def _accepted(self, entry: OrderAccepted) -> None:
        self._expect(entry, "order number", entry.order_id, len(self.orders) + 1)
        order = CountedOrder(entry, self._atoms(entry.quantity))
        self.orders[entry.order_id] = order
        self.moved.add(entry.order_id)
        holds = entry.order_id not in self._rides.values()
        if holds and (entry.stop_price is not None or entry.price is not None):
            self.waiting[entry.order_id] = order

    def _listed(self, entry: ListAccepted) -> None:
        """One of the two holds nothing back until the other one has ended."""
        rider = entry.stop if entry.carrier == entry.maker else entry.maker
        self._rides[entry.carrier] = rider

    def _triggered(self, entry: Triggered) -> None:
        if self.orders[entry.order_id].entry.price is None:
            del self.waiting[entry.order_id]

    def _delayed(self, entry: Delayed) -> None:
        order = self.orders[entry.order_id]
        spent = self._atoms(entry.quantity)
        if order.entry.action is Action.BUY:
            spent = product(entry.price, entry.quantity, up=True)
        order.delayed.append(spent)
        self.late[entry.order_id] = order

    def _closed(self, entry: OrderClosed) -> None:
        self.waiting.pop(entry.order_id, None)
        self.late.pop(entry.order_id, None)
        self.orders[entry.order_id].open = False
        rider = self._rides.pop(entry.order_id, None)
        if rider is not None and self.orders[rider].open:
            self.waiting[rider] = self.orders[rider]
        self.moved.add(entry.order_id)

    def _lent(self, entry: LoanTaken) -> None:
        purse, amount = self.purses[entry.scope][entry.asset], self._atoms(entry.amount)
        if purse.borrowed == 0:
            purse.due_ns = entry.at_ns - entry.at_ns % HOUR + HOUR
        purse.total += amount
        purse.borrowed += amount
        purse.first_hour = self._hour(entry.scope, entry.asset, amount)

    def _charged(self, entry: InterestCharged) -> None:
        purse, amount = self.purses[entry.scope][entry.asset], self._atoms(entry.amount)
        if entry.hourly:
            owed = self._hour(entry.scope, entry.asset, purse.borrowed)
            self._expect(entry, f"{entry.asset} of an hour", amount, owed)
            self._expect(entry, f"{entry.asset} hour", entry.at_ns, purse.due_ns)
            purse.due_ns = entry.at_ns + HOUR
        else:
            self._expect(entry, f"{entry.asset} of the first hour", amount, purse.first_hour)
            purse.first_hour = 0
        purse.interest += amount

    def _filled(self, entry: Filled) -> None:
        order, symbol = self.orders[entry.order_id], entry.scope.symbol
        buys = order.entry.action is Action.BUY
        quantity, fee = self._atoms(entry.quantity), self._atoms(entry.commission)
        quote = product(entry.price, entry.quantity, up=buys)
        gained, asset = (quantity, symbol.base) if buys else (quote, symbol.quote)
        if order.delayed:
            self._expect(entry, "spent late", quote if buys else quantity, order.delayed.pop(0))
            self.late.pop(entry.order_id if not order.delayed else -1, None)
        part, of = self._terms[symbol].taker_fee.as_integer_ratio()
        self._expect(entry, "commission", fee, -(-gained * part // of))
        self._expect(entry, "commission asset", entry.commission_asset, asset)
        self._expect(entry, "quote amount", self._atoms(entry.quote_amount), quote)
        self._expect(entry, "trade number", entry.trade_id, self._last_trade + 1)
        self._last_trade = entry.trade_id
        purses, sign = self.purses[entry.scope], 1 if buys else -1
        purses[symbol.base].total += sign * quantity
        purses[symbol.quote].total -= sign * quote
        purses[entry.commission_asset].total -= fee
        order.executed += quantity
        order.quote += quote
        order.open = order.open and order.executed < order.whole
        if not order.open:
            self.waiting.pop(entry.order_id, None)
        self._expect(entry, "executed too much", max(0, order.executed - order.whole), 0)
        self.moved.add(entry.order_id)

    def _repaid(self, entry: DebtRepaid) -> None:
        purse = self.purses[entry.scope][entry.asset]
        interest, principal = self._atoms(entry.interest), self._atoms(entry.principal)
        purse.total -= interest + principal
        purse.interest -= interest
        purse.borrowed -= principal
        unpaid = purse.interest if principal else 0
        self._expect(entry, f"{entry.asset} interest left behind principal", unpaid, 0)

    # --- rules -----------------------------------------------------------------------------------

    def _interest_is_charged(self, entry: Entry) -> None:
        """Nothing may follow a loan, or a full hour of owing, before its interest is charged."""
        scope = getattr(entry, "scope", None)
        if scope is None or isinstance(entry, InterestCharged):
            return
        for asset, purse in self.purses.get(scope, {}).items():
            self._expect(entry, f"{asset} first hour not charged", purse.first_hour, 0)
            missed = purse.borrowed if purse.due_ns <= entry.at_ns else 0
            self._expect(entry, f"{asset} hour missed", self._hour(scope, asset, missed), 0)

    def _hour(self, scope: Scope, asset: str, principal: int) -> int:
        """A twenty-fourth of a day's simple interest, up to the next atom."""
        terms = self._terms[scope.symbol]
        base = asset == scope.symbol.base
        rate = terms.daily_rate_base if base else terms.daily_rate_quote
        part, of = rate.as_integer_ratio()
        return -(-principal * part // (of * 24))

    def _atoms(self, amount: Decimal) -> int:
        """A decimal of the books as whole atoms; a finer one is a mistake of its own."""
        part, of = amount.as_integer_ratio()
        atoms, rest = divmod(part * ATOMS, of)
        self.counted += 1
        if rest:
            self.wrong.append(f"{amount} is finer than an atom")
        return atoms

    def _expect(self, entry: Entry, what: str, actual: object, expected: object) -> None:
        self.counted += 1
        if actual != expected:
            self.wrong.append(f"{type(entry).__name__}: {what} {actual}, must be {expected}")


def product(price: Decimal, quantity: Decimal, *, up: bool) -> int:
    """Price times quantity in atoms: what is paid up to the next one, what is received down."""
    part, of = price.as_integer_ratio()
    times, each = quantity.as_integer_ratio()
    exact, unit = part * times * ATOMS, of * each
    return -(-exact // unit) if up else exact // unit

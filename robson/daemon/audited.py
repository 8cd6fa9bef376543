"""The simulated profile's audit: every law after every event, beside the running daemon.

It looks at the simulated exchange directly, which is safe because virtual time, and with it the
exchange's thread, stands still while the monitor works. An exchange in a process of its own cannot
be looked at: there the laws of the journal alone are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.entries import InterestCharged
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.ledger import Terms
from robson.connectors.simulated.questions import account_snapshot
from robson.daemon.custody import Outbox
from robson.domain import events as e
from robson.domain.identity import PositionId, Scope
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.lifecycle import TableLaw
from robson.domain.ports import Clock, Journal, Recorded
from robson.domain.position import Position
from robson.domain.reports import InterestCharge
from robson.domain.view import PositionView
from robson.engine.invariants import Audit, Memory, Truth

AT_ONCE = 2
"""Rows that are folded again at one event, where time is real and a price may wait behind it."""


class Auditor:
    """Feeds the audit from roster and outbox; ``report`` may be called from any thread.

    Spans of exchange time in which no daemon lived are nobody's fault.
    """

    def __init__(
        self,
        exchange: SimExchange | None,
        instruments: dict[str, Instrument],
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._unseen: list[tuple[int, int]] = []
        self._following = False
        self._exchange = exchange
        self._clock = clock
        self._journal = journal
        self._replayed = self._due = 0
        self._folded: dict[PositionId, Position] = {}
        looks = None if exchange is None else self._truth
        self._audit = Audit(instruments, truth=looks, excused=self._excused)
        if exchange is not None:
            self._books = Conservation(exchange.books, exchange.state)

    def _excused(self, since_ns: int, until_ns: int) -> int:
        return sum(max(0, min(end, until_ns) - max(begin, since_ns)) for begin, end in self._unseen)

    def witness(self, recorded: Recorded, view: PositionView | None) -> None:
        """A row was folded; while an old journal is being read, only remember it."""
        if not self._following:
            before = self._audit.memory.views.get(view.id) if view is not None else None
            self._audit.feed(recorded, before, view)
            return
        self._audit.witness(recorded, view)
        if isinstance(recorded.event, e.PnlSettled) and view is not None:
            self._due = self._audit.memory.seq
            self._quiet(view.scope)
        elif self._replayed < self._due:
            self._replay(AT_ONCE)

    @property
    def memory(self) -> Memory:
        """What the laws remember of the rows so far."""
        return self._audit.memory

    def follow(self, unseen: tuple[int, int]) -> None:
        """From here on the exchange is looked at too; ``unseen`` passed without a daemon."""
        self._following = True
        self._unseen.append(unseen)

    def _quiet(self, scope: Scope) -> None:
        """Flat and settled: compare with the exchange, its books with themselves, and replay."""
        self._replay(AT_ONCE if self._exchange is None else None)
        if self._exchange is None:
            return
        self._audit.final(self._truth(scope))
        found = self._books.check()
        self._audit.evaluated["B1"] += found.compared
        for difference in found.differences:
            self._audit.note("B1", difference, self._clock.exchange_ns())

    def _replay(self, at_most: int | None) -> None:
        """Read back what was written until a position was settled: a row is folded again once."""
        rows = islice(self._behind(), at_most)
        self._audit.replay(rows, TableLaw, onto=self._folded)

    def _behind(self) -> Iterator[Recorded]:
        # The rest of a transaction that is just being folded is for the next time.
        for row in self._journal.read(self._replayed):
            if row.seq > self._due:
                return
            self._replayed = row.seq
            yield row

    def _truth(self, scope: Scope) -> Truth:
        assert self._exchange is not None, "who cannot look at the exchange has no truth to tell"
        account = self._exchange.state.accounts[scope]
        price = self._exchange.market(scope.symbol).last
        charges = (c for c in self._exchange.books.entries() if isinstance(c, InterestCharged))
        return Truth(
            account=account_snapshot(account, price, Terms(), self._exchange.now_ns),
            orders=tuple(order.state(with_fills=True) for order in account.orders.all),
            charges=tuple(
                InterestCharge(asset=c.asset, amount=c.amount, at_ns=c.at_ns)
                for c in charges
                if c.scope == scope
            ),
        )

    def watching(self, outbox: Outbox) -> Outbox:
        """The same way out, with every request asked about as it leaves."""
        return _Watched(outbox, self._leaves)

    def _leaves(self, intent: Intent) -> None:
        self._audit.leaves(intent, self._clock.exchange_ns())

    def report(self) -> dict[str, Any]:
        """Rules that were put to the test with how often, and what did not hold."""
        return {
            "checked": {
                rule: count for rule, count in dict(self._audit.evaluated).items() if count
            },
            "violated": [
                {
                    "rule": found.name,
                    "position": found.position,
                    "seq": found.seq,
                    "message": found.message,
                }
                for found in list(self._audit.violations)
            ],
        }


class _Watched:
    """An outbox that is looked over."""

    def __init__(self, outbox: Outbox, looks: Callable[[Intent], None]) -> None:
        self._outbox = outbox
        self._looks = looks

    def send(self, intent: Intent) -> None:
        """Hand over, then look: what leaves risk does not wait for it."""
        self._outbox.send(intent)
        self._looks(intent)

    def has_left(self, intent: Intent) -> None:
        """The same for what left ahead of its decision."""
        self._outbox.has_left(intent)
        self._looks(intent)

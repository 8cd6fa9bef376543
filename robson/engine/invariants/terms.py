"""What laws are asked about: an event with what it changed, the exchange's truth, and a memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any

import attrs

from robson.domain import events as e
from robson.domain.accounts import MonthOpened
from robson.domain.identity import PositionId, position_hash, read_client_order_id
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.reports import AccountSnapshot, Fill, InterestCharge, OrderState
from robson.domain.values import MONEY, NS_PER_S, Action, Side
from robson.domain.view import PositionView

Verdict = bool | str
"""True: put to the test and held. Text: what was wrong, with its numbers."""


@attrs.frozen(kw_only=True)
class Transfer:
    """Money that a person moved into the pair, or out of it where the amount is negative."""

    asset: str
    amount: Decimal
    at_ns: int


@attrs.frozen(kw_only=True)
class Truth:
    """One pair as the exchange itself has it, for whoever can look: a simulation.

    ``orders`` are all of the pair's, oldest first, with their fills; ``charges`` all its interest;
    ``transfers`` all money that was brought in, or taken out where negative; ``lent_ns`` is when a
    person borrowed last.
    """

    account: AccountSnapshot
    orders: tuple[OrderState, ...]
    charges: tuple[InterestCharge, ...]
    transfers: tuple[Transfer, ...] = ()
    lent_ns: int = 0

    def order(self, client_id: str | None) -> OrderState | None:
        """The newest order of a client id."""
        return next((o for o in reversed(self.orders) if o.client_id == client_id), None)

    def by_others(
        self, since_ns: int, ours: Iterable[Fill]
    ) -> tuple[tuple[Fill, ...], tuple[Transfer, ...]]:
        """Trades that no order of ours made and no position counts as its own, and transfers.

        What was done at the instant ``since_ns`` of a reading was done before it: the reading has
        it.
        """
        counted = {fill.trade_id for fill in ours}
        fills = tuple(
            fill
            for order in self.orders
            if read_client_order_id(order.client_id) is None
            for fill in order.fills or ()
            if fill.at_ns > since_ns and fill.trade_id not in counted
        )
        return fills, tuple(each for each in self.transfers if each.at_ns > since_ns)

    def orders_of(self, view: PositionView) -> tuple[OrderState, ...]:
        """The orders that carry a position's hash."""
        mine = position_hash(view.scope, view.id)
        return tuple(order for order in self.orders if mine in order.client_id)


@attrs.define(kw_only=True)
class Notes:
    """What the laws have to remember of earlier events, beside the views.

    Attributes:
        entries: how often each entry left.
        cancelled: orders of which a cancel left.
        resting_ns: since when the journal has a stop at rest.
        rejected: entries that the exchange refused by code.
        unknown_ns, bare_ns: since when an order is unknown, a position without a stop.
        bare: time without a stop that is over, per position.
        rested: where a position's exchange stop last rested.
        sized: the account as it was read when a position was sized.
        lagged: base and quote that it had beyond that reading: an answer that was of before.
        halted: the monthly halt is set.
        bands: the band of the margin level, by position, as last told.
        basis: what a carried position had made or lost when the month opened.
        entered: positions whose entry has filled, in part or whole.
    """

    month: MonthOpened | None = None
    epoch: int = 0
    seq: int = 0
    at_ns: int = 0
    last: dict[PositionId, e.PositionEvent] = attrs.Factory(dict)
    entries: Counter[str] = attrs.Factory(Counter)
    cancelled: set[str] = attrs.Factory(set)
    resting_ns: dict[str, int] = attrs.Factory(dict)
    rejected: set[str] = attrs.Factory(set)
    resolved: set[str] = attrs.Factory(set)
    unknown_ns: dict[str, int] = attrs.Factory(dict)
    bare_ns: dict[PositionId, int] = attrs.Factory(dict)
    bare: Counter[PositionId] = attrs.Factory(Counter)
    rested: dict[PositionId, Decimal] = attrs.Factory(dict)
    sized: dict[PositionId, AccountSnapshot] = attrs.Factory(dict)
    lagged: dict[PositionId, tuple[Decimal, Decimal]] = attrs.Factory(dict)
    halted: bool = False
    bands: dict[PositionId, str] = attrs.Factory(dict)
    basis: dict[PositionId, Decimal] = attrs.Factory(dict)
    entered: set[PositionId] = attrs.Factory(set)


@attrs.define(kw_only=True)
class Memory(Notes):
    """Notes and views, and what they are judged by.

    Attributes:
        excused: how much of a span of exchange time a fault or a dead process explains, in ns.
    """

    instruments: Mapping[str, Instrument]
    excused: Callable[[int, int], int]
    views: dict[PositionId, PositionView] = attrs.Factory(dict)

    def noted(self) -> Notes:
        """What it remembers, without the views."""
        return Notes(**{each.name: getattr(self, each.name) for each in attrs.fields(Notes)})

    def recall(self, notes: Notes, views: Iterable[PositionView]) -> None:
        """Go on from what an earlier process remembered."""
        for each in attrs.fields(Notes):
            setattr(self, each.name, getattr(notes, each.name))
        self.views = {view.id: view for view in views}

    def counted(self, since_ns: int, until_ns: int) -> int:
        """How much of a span nothing excuses."""
        return max(0, until_ns - since_ns - self.excused(since_ns, until_ns))


@attrs.frozen
class Seen:
    """One event of a position, what it changed, and what was known before it."""

    event: Any
    before: PositionView | None
    after: PositionView
    memory: Memory
    truth: Truth | None

    @property
    def rules(self) -> Instrument:
        """The instrument of the position."""
        return self.memory.instruments[str(self.after.scope.symbol)]

    @property
    def side(self) -> Side:
        """The side of a position that has one."""
        assert self.after.side is not None
        return self.after.side

    @property
    def way_out(self) -> tuple[Fill, ...]:
        """Every fill that reduced the position so far."""
        return (*self.after.insurance_fills, *self.after.exit_fills)

    @property
    def taken(self) -> Decimal:
        """Borrowed base that a person sold since the position was sized: owed all the same."""
        sized = self.memory.sized.get(self.after.id)
        if self.truth is None or sized is None:
            return Decimal(0)
        fills, _ = self.truth.by_others(sized.at_ns, ())
        return total(fill for fill in fills if fill.action is Action.SELL)


@attrs.frozen
class Leaving:
    """A request at the instant at which it goes on the wire. ``view``: of its position, if any."""

    intent: Intent
    view: PositionView | None
    rules: Instrument
    memory: Memory
    truth: Truth | None
    now_ns: int = 0


Ask = Callable[[Seen], Iterator[Verdict]]
AskLeaving = Callable[[Leaving], Iterator[Verdict]]


def seconds(span_ns: int) -> str:
    """A span for people."""
    return f"{span_ns / Decimal(NS_PER_S):.3f} s"


def total(fills: Iterable[Fill]) -> Decimal:
    """Base that fills moved."""
    return sum((fill.quantity for fill in fills), Decimal(0))


def net_of_fees(fills: Iterable[Fill], base: str) -> Decimal:
    """Base that buys brought in."""
    return sum(
        (f.quantity - (f.commission if f.commission_asset == base else 0) for f in fills),
        Decimal(0),
    )


def least_order(rules: Instrument, price: Decimal) -> Decimal:
    """The smallest order the exchange takes at a price."""
    with localcontext(MONEY):
        worth = rules.min_notional / price
        return rules.ceil_quantity(max(rules.min_qty, rules.order_step, worth))


def epoch_of(client_id: str) -> int:
    """The epoch that made one of our client ids; -1 for anybody else's."""
    ours = read_client_order_id(client_id)
    return ours.epoch if ours else -1

"""One pair as the exchange had it beside what the journal says of it, and what differs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from robson.domain import events as e
from robson.domain.identity import PositionId
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, Fill, OrderState
from robson.domain.values import NS_PER_S, Numbers
from robson.domain.view import PositionView
from robson.engine.context import NOTHING, Context, Decision

GRACE_NS = 60 * NS_PER_S
"""Two looks so far apart have to miss a holding before anything follows from it."""
APART_NS = 2 * NS_PER_S
"""Two looks so far apart have to miss an order that no list knows."""


@attrs.frozen(kw_only=True)
class Pair:
    """One pair as the exchange had it, beside what the journal says.

    Attributes:
        account: balances, debts, and the orders that rest.
        orders, trades: every one since ``since_ns``; None while only the account was read.
        view: the position that may hold; None when none does.
        steady: nothing of that position was under way while the exchange was read.
        settles: another position of the pair still owes, so its debts explain nothing.
        owner: whose order a client id of ours is; None for a position that the journal never had.
        unseen: whether an order was in no list of an earlier look, long enough ago.
        counted: whether a trade, by its number, is a fill of a position.
        new_id: a fresh id, for a position that has to be made.
    """

    account: AccountSnapshot
    ctx: Context
    orders: tuple[OrderState, ...] | None = None
    trades: tuple[Fill, ...] | None = None
    view: PositionView | None = None
    steady: bool = True
    settles: bool = False
    owner: Callable[[str], PositionView | None] = lambda _client_id: None
    unseen: Callable[[str], bool] = lambda _client_id: False
    counted: Callable[[int], bool] = lambda _trade_id: True
    new_id: Callable[[], PositionId] = lambda: PositionId.of(0)

    @property
    def symbol(self) -> str:
        return str(self.account.scope.symbol)

    @property
    def active(self) -> PositionView | None:
        """The position whose holding can be compared: active, and nothing of it under way."""
        view = self.view
        return view if self.steady and view and view.state is PositionState.ACTIVE else None

    def resting(self, client_id: str | None) -> OrderState | None:
        """An order among those that rest."""
        return next((o for o in self.account.open_orders if o.client_id == client_id), None)

    def listed(self, client_id: str | None) -> OrderState | None:
        """An order among all, with its fills; the newest of an id."""
        found = [order for order in self.orders or () if order.client_id == client_id]
        if not found:
            return None
        fills = tuple(fill for fill in self.trades or () if fill.order_id == found[-1].order_id)
        whole = sum((fill.quantity for fill in fills), Decimal(0)) >= found[-1].executed
        return attrs.evolve(found[-1], fills=fills if whole else None)


@attrs.frozen(kw_only=True)
class Finding:
    """One difference: the row it belongs to, what it is, its numbers, and what follows.

    Attributes:
        view: the position that ``decision`` belongs to, as it was compared.
        freezes: whether the symbol takes no entry until a person has looked.
        born: the position that ``decision`` makes.
    """

    row: str
    code: str
    message: str
    evidence: Numbers = ()
    view: PositionView | None = None
    decision: Decision = NOTHING
    freezes: bool = False
    born: PositionId | None = None


def note(
    pair: Pair, view: PositionView, row: str, code: str, *more: tuple[str, str]
) -> e.Reconciled:
    """The event that says which row was followed, and by which reading."""
    return e.Reconciled(
        position=view.id,
        at_ns=pair.ctx.now_ns,
        row=row,
        code=code,
        evidence=(("read_ns", str(pair.account.at_ns)), *more),
    )

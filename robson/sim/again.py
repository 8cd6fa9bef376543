"""Reads a journal with the present engine: folds it anew, and makes its decisions again.

What a decision was made from stands in the journal beside it: the view before, the account read,
the price cited, the fills. What came from outside (which prices, which answers) is taken as told.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from robson.domain import events as e
from robson.domain.errors import RobsonError
from robson.domain.identity import PositionId, Symbol
from robson.domain.instrument import Instrument
from robson.domain.lifecycle import MachineLaw, TableLaw
from robson.domain.plan import EntryPlan
from robson.domain.ports import Recorded
from robson.domain.position import Position
from robson.domain.reports import InterestCharge
from robson.domain.values import Quantity
from robson.domain.view import PositionView
from robson.engine.admission import sized
from robson.engine.adopt import beyond_stop
from robson.engine.context import Context
from robson.engine.decide import Tick, decide_gap, decide_price
from robson.engine.insuring import next_stop, prearm
from robson.engine.orders import (
    entry_order,
    exit_order,
    insurance_order,
    insured_quantity,
    prepared_before,
)
from robson.engine.settings import Settings
from robson.engine.settle import decide_account, decide_interest
from robson.store.codec import encode
from robson.store.examine import Told, examine, recorded

PRICED = ("stop_loss", "trailing_stop", "stop_gain")
"""Exit reasons that a price alone decides."""
Made = e.PositionEvent | None


@attrs.frozen(kw_only=True)
class Difference:
    """The first row that the present engine would have written otherwise."""

    seq: int
    kind: str
    field: str
    was: str
    now: str


@attrs.define
class Outcome:
    """``made``: decisions made again, by kind; ``told``: rows that only outside could decide."""

    rows: int = 0
    positions: int = 0
    made: Counter[str] = attrs.Factory(Counter)
    told: Counter[str] = attrs.Factory(Counter)
    difference: Difference | None = None


@attrs.frozen
class World:
    """What a decision knew besides the journal."""

    rules: Callable[[Symbol], Instrument]
    settings: Settings


def replay(path: Path, world: World, *, verify: bool) -> Outcome:
    """Fold every row by both forms of the law, and with ``verify`` decide each anew.

    Raises:
        JournalCorrupt: the journal cannot be believed.
        JournalForeign: it is of a newer Robson.
        StoreError: there is none.
    """
    examine(path)
    return read(recorded(path), world, verify=verify)


def read(rows: Iterable[Told], world: World, *, verify: bool) -> Outcome:
    """The same for rows that are believed already, up to the first difference."""
    reading = _Reading(world, verify=verify)
    for told in rows:
        reading.read(told)
        if reading.outcome.difference is not None:
            break
    return reading.outcome


class _Reading:
    def __init__(self, world: World, *, verify: bool) -> None:
        self.outcome = Outcome()
        self._world = world
        self._verify = verify
        self._machine: dict[PositionId, Position] = {}
        self._table: dict[PositionId, Position] = {}
        self._before: dict[PositionId, PositionView] = {}
        """Views before an exchange stop was asked for: the way out is decided with it, on one view.
        """

    def read(self, told: Told) -> None:
        self.outcome.rows += 1
        event = told.recorded.event
        if isinstance(event, e.PositionArmed):
            self.outcome.positions += 1
            self._machine[event.position] = Position.born(event, MachineLaw())
            self._table[event.position] = Position.born(event, TableLaw())
        elif not isinstance(event, e.AccountEvent):
            try:
                if self._verify:
                    self._decide(told, event)
                self._fold(told, event)
            except (RobsonError, AssertionError, KeyError) as error:
                self._differ(told, "the row", "was written", f"cannot follow: {error}")

    def _fold(self, told: Told, event: e.PositionEvent) -> None:
        position = self._machine[event.position]
        self._before.pop(event.position, None)
        if isinstance(event, e.InsuranceRequested):
            self._before[event.position] = position.view
        position.apply(event)
        self._table[event.position].apply(event)
        if position.view != self._table[event.position].view:
            self._differ(told, "the view", "by the machine", "otherwise by the table")

    def _decide(self, told: Told, event: e.PositionEvent) -> None:
        again = _AGAIN.get(type(event))
        if again is None or not again.asks(event):
            self.outcome.told[event.KIND] += 1
            return
        view = self._machine[event.position].view
        if again.on_view_before:
            view = self._before.get(event.position, view)
        made = again.make(view, event, self._context(told.recorded, view))
        self.outcome.made[event.KIND] += 1
        if made is None:
            self._differ(told, "the decision", event.KIND, "nothing")
            return
        found = _compare(json.loads(told.payload), json.loads(encode(made)[1]), "")
        if found is not None:
            self._differ(told, *found)

    def _context(self, row: Recorded, view: PositionView) -> Context:
        return Context(
            now_ns=row.event.at_ns,
            epoch=row.epoch,
            instrument=self._world.rules(view.scope.symbol),
            settings=self._world.settings,
            account=view.account,
        )

    def _differ(self, told: Told, field: str, was: str, now: str) -> None:
        if self.outcome.difference is None:
            row = told.recorded
            self.outcome.difference = Difference(
                seq=row.seq, kind=told.kind, field=field, was=was, now=now
            )


def _compare(was: Any, now: Any, place: str) -> tuple[str, str, str] | None:
    """The first value that differs; a field that came later than the row is no difference."""
    if isinstance(was, dict) and isinstance(now, dict):
        return next(
            (
                found
                for key in was
                if (found := _compare(was[key], now.get(key), f"{place}.{key}".lstrip(".")))
            ),
            None,
        )
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        pairs = enumerate(zip(was, now, strict=True))
        return next((f for n, (a, b) in pairs if (f := _compare(a, b, f"{place}[{n}]"))), None)
    return None if was == now else (place, json.dumps(was), json.dumps(now))


# --- each decision, made from what it was made from ----------------------------------------------


def _sizing(view: PositionView, event: e.SizingDecided, ctx: Context) -> Made:
    plan = sized(
        event.plan.stops,
        view.strategy,
        leverage=view.leverage,
        capital=event.plan.sizing.capital,
        account=event.account,
        ctx=ctx,
        credit=event.credit,
    )
    return attrs.evolve(event, plan=plan) if isinstance(plan, EntryPlan) else None


def _entry(view: PositionView, event: e.EntryRequested, ctx: Context) -> Made:
    assert view.plan is not None
    quantity, borrows = view.plan.sizing.quantity, view.plan.borrows
    return attrs.evolve(event, order=entry_order(view, ctx, quantity=quantity, borrows=borrows))


def _insurance(view: PositionView, event: e.InsuranceRequested, ctx: Context) -> Made:
    """Its quantity is the account's to say where that had less free than is held."""
    attempt = view.insurance.attempts
    order = insurance_order(
        view,
        ctx,
        quantity=Quantity(min(event.order.quantity, insured_quantity(view, ctx))),
        stop_price=next_stop(view, ctx),
        attempt=attempt,
    )
    return attrs.evolve(event, order=order, attempt=attempt)


def _way_out(view: PositionView, event: e.ExitPrearmed, ctx: Context) -> Made:
    return prearm(view, ctx, event.cancel.target if event.cancel else None)


def _raised(view: PositionView, event: e.StopRaised, ctx: Context) -> Made:
    tick = Tick(price=event.price, at_ns=event.at_ns)
    for decision in (decide_price(view, tick, ctx), decide_gap(view, event.price, ctx)):
        if decision.events and isinstance(decision.events[0], e.StopRaised):
            return decision.events[0]
    return None


def _triggered(view: PositionView, event: e.ExitTriggered, ctx: Context) -> Made:
    assert event.price is not None
    assert event.tick_ns is not None
    tick = Tick(price=event.price, at_ns=event.tick_ns, jumped_from=event.jumped_from)
    decision = decide_price(view, tick, ctx)
    made = decision.events[0] if decision.events else None
    refused = view.insurance.state == "failed"
    if made == event or not (refused or prepared_before(view, ctx)):
        return made
    # An answer said that the stop is past: it was refused, or a process that has died cancelled it.
    return beyond_stop(view, attrs.evolve(ctx, price=event.price, price_ns=event.tick_ns))


def _exit(view: PositionView, event: e.ExitRequested, ctx: Context) -> Made:
    """Its quantity is the account's to say; all the rest is ours."""
    order = exit_order(view, ctx, quantity=event.order.quantity, attempt=view.exit_attempts)
    if view.prearmed is not None and view.prearmed.exit.client_id == event.order.client_id:
        order = attrs.evolve(view.prearmed.exit, quantity=event.order.quantity)
    order = attrs.evolve(order, timestamp_ms=event.order.timestamp_ms)
    return attrs.evolve(event, order=order, attempt=view.exit_attempts)


def _closed(view: PositionView, event: e.PositionClosed, ctx: Context) -> Made:
    decision = decide_account(view, event.account, ctx)
    return decision.events[0] if decision.events else None


def _settled(view: PositionView, event: e.PnlSettled, ctx: Context) -> Made:
    quote = view.scope.symbol.quote
    charge = InterestCharge(asset=quote, amount=event.interest, at_ns=event.at_ns)
    decision = decide_interest(view, (charge,) if event.interest else (), ctx)
    return decision.events[0] if decision.events else None


@attrs.frozen(kw_only=True)
class _Again:
    """How one kind is decided anew; ``asks`` says of which events the journal tells enough."""

    make: Callable[[PositionView, Any, Context], Made]
    asks: Callable[[Any], bool] = lambda _event: True
    on_view_before: bool = False


_AGAIN: Mapping[type, _Again] = {
    e.SizingDecided: _Again(make=_sizing),
    e.EntryRequested: _Again(make=_entry),
    # One that was found at the exchange carries its time, and was nobody's decision.
    e.InsuranceRequested: _Again(
        make=_insurance, asks=lambda event: event.order.timestamp_ms is None
    ),
    e.ExitPrearmed: _Again(make=_way_out, on_view_before=True),
    e.StopRaised: _Again(make=_raised),
    e.ExitTriggered: _Again(
        make=_triggered, asks=lambda event: event.reason in PRICED and event.price is not None
    ),
    e.ExitRequested: _Again(make=_exit),
    e.PositionClosed: _Again(make=_closed, asks=lambda event: event.by == "exit"),
    e.PnlSettled: _Again(make=_settled, asks=lambda event: event.interest >= Decimal(0)),
}

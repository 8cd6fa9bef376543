"""Row R25 of the recovery table: an entry of ours is filled, and nobody holds it.

What it bought is a position like any other, with the plan it was sized by, and is left at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any

import attrs

from robson.domain import events as e
from robson.domain.identity import PositionId, Purpose, client_order_id, read_client_order_id
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.values import MONEY, Action, Quantity, Side, plain
from robson.domain.view import OrderRecord, PositionView
from robson.engine.context import Decision
from robson.engine.entry import average
from robson.engine.orders import net_base
from robson.engine.pair import Finding, Pair, note

ROBSON = "robson"


def r25_filled_for_nobody(pair: Pair) -> Iterator[Finding]:
    """An entry that counts as failed has filled: a recovery position leaves what it bought."""
    for order_id, fills in _unknown_entries(pair).items():
        owner = pair.owner(fills[0].client_id)
        record = owner.order(fills[0].client_id) if owner is not None else None
        if owner is None or record is None or owner.plan is None or owner.signal is None:
            continue  # without its plan it is exposure of nobody: R22
        position = pair.new_id()
        quantity = sum((fill.quantity for fill in fills), Decimal(0))
        events = _as_a_position(pair, owner, record, position, fills)
        yield Finding(
            row="R25",
            code="recovered_entry",
            message=f"{fills[0].client_id} of {owner.id} is filled; {position} leaves it",
            evidence=(("order_id", str(order_id)), ("quantity", plain(quantity))),
            view=owner,
            decision=Decision(events=(note(pair, owner, "R25", "recovered_entry"), *events)),
            freezes=True,
            born=position,
        )
        return  # the next look says what is left


def _unknown_entries(pair: Pair) -> dict[int, tuple[Fill, ...]]:
    """Trades of entries of ours that no position has, by order."""
    found: dict[int, tuple[Fill, ...]] = {}
    if pair.view is not None and pair.view.state.may_hold:
        return found
    for fill in pair.trades or ():
        ours = read_client_order_id(fill.client_id)
        if ours is None or ours.purpose is not Purpose.ENTRY or pair.counted(fill.trade_id):
            continue
        found[fill.order_id] = (*found.get(fill.order_id, ()), fill)
    return found


def _as_a_position(
    pair: Pair,
    owner: PositionView,
    record: OrderRecord,
    position: PositionId,
    fills: tuple[Fill, ...],
) -> tuple[e.PositionEvent, ...]:
    """The life of the recovery position up to its fill, and the wish to leave it."""
    assert owner.plan is not None
    assert owner.signal is not None
    now = pair.ctx.now_ns
    quantity = Quantity(sum((fill.quantity for fill in fills), Decimal(0)))
    long = owner.side is Side.LONG
    held = net_base(fills, owner.scope.symbol.base) if long else Decimal(quantity)
    # Under an id of its own: the one that was filled stays the order of the position that sent it.
    client_id = client_order_id(
        Purpose.UNTRACKED, owner.scope, position, attempt=0, epoch=pair.ctx.epoch
    )
    told: dict[str, Any] = {"position": position, "at_ns": now}
    return (
        e.PositionArmed(
            **told,
            scope=owner.scope,
            side=owner.side,
            strategy=owner.strategy,
            capital=owner.capital,
            leverage=owner.leverage,
            idempotency_key=f"recovered_from {owner.id} {fills[0].order_id}",
            actor=ROBSON,
        ),
        attrs.evolve(owner.signal, **told),
        e.SizingDecided(**told, plan=owner.plan, account=_before(pair.account, fills, held)),
        e.EntryRequested(
            **told,
            order=attrs.evolve(record.order, position=position, client_id=client_id),
            attempt=0,
        ),
        e.PanicRequested(**told, actor=ROBSON, reason="degraded_mode"),
        e.EntryFilled(
            **told,
            client_id=client_id,
            order_id=fills[0].order_id,
            fills=fills,
            price=average(fills),
            quantity=quantity,
            held=held,
            reconciled=True,
        ),
    )


def _before(account: AccountSnapshot, fills: tuple[Fill, ...], held: Decimal) -> AccountSnapshot:
    """The account as it was without these trades, by what was owned."""
    with localcontext(MONEY):
        paid = sum((fill.price * fill.quantity for fill in fills), Decimal(0))
        if fills[0].action is Action.BUY:
            base, quote = account.base.free - held, account.quote.free + paid
        else:
            fees = (fill.commission for fill in fills)
            base, quote = account.base.free + held, account.quote.free - paid + sum(fees)
    return attrs.evolve(
        account,
        base=attrs.evolve(account.base, free=base),
        quote=attrs.evolve(account.quote, free=quote),
    )

"""What rests against what should: rows R12 to R16 and R21 of the recovery table.

What protects is put right first, what nobody needs is taken back, what is not ours is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from robson.domain import events as e
from robson.domain.identity import ClientOrderId, Purpose, read_client_order_id
from robson.domain.reports import FORCED_PREFIX, OrderState
from robson.domain.values import plain
from robson.domain.view import OrderRecord, PositionView
from robson.engine.adopt import adopt
from robson.engine.context import Decision
from robson.engine.holding import missing
from robson.engine.orders import cancel_order, is_over, side_of
from robson.engine.pair import GRACE_NS, Finding, Pair, note

# --- the exchange stop ---------------------------------------------------------------------------


def _ended_stop(pair: Pair) -> tuple[PositionView, OrderRecord, OrderState | None] | None:
    """The stop that the journal has resting and the exchange has not, and how it ended."""
    view = pair.active
    if view is None or view.insurance.state != "resting":
        return None
    record = view.order(view.insurance.client_id or "")
    if record is None or pair.resting(record.client_id) is not None:
        return None
    return view, record, pair.listed(record.client_id)


def r12_missing_stop(pair: Pair) -> Iterator[Finding]:
    """The stop does not rest, has not executed, and the position is there: placed again.

    In no list at all, it counts as missing only when a second look says so, and while the account
    still shows the whole position.
    """
    ended = _ended_stop(pair)
    if ended is None or missing(pair) is not None:
        return
    view, record, order = ended
    if order is not None and (order.executed or not order.status.is_final):
        return
    if order is None and not pair.unseen(record.client_id):
        yield Finding(
            row="R12",
            code="stop_not_seen",
            message=f"{record.client_id} is in no list; looked at again",
            view=view,
        )
        return
    cancelled = e.InsuranceCancelled(
        position=view.id,
        at_ns=pair.ctx.now_ns,
        client_id=record.client_id,
        executed=Decimal(0),
        cancelled_ns=order.at_ns if order else pair.account.at_ns,
    )
    again = view.healed_ns is not None and pair.ctx.now_ns - view.healed_ns < 10 * GRACE_NS
    followed = note(pair, view, "R12", "stop_missing", ("second_in_10_min", str(again).lower()))
    ended_by = order.status.value if order else "gone without a word"
    known = adopt(view, record, order, pair.ctx, asked=True).events if order else (cancelled,)
    yield Finding(
        row="R12",
        code="stop_missing",
        message=f"the stop {record.client_id} is {ended_by}; it is placed again",
        evidence=(("second_in_10_min", str(again).lower()),),
        view=view,
        decision=Decision(events=(followed, *known)),
    )


def r13_other_stop(pair: Pair) -> Iterator[Finding]:
    """The stop rests at another price or for another quantity than the journal says."""
    view = pair.active
    if view is None or view.insurance.state != "resting":
        return
    order = pair.resting(view.insurance.client_id)
    if order is None or order.executed or order.stop_price is None:
        return
    rests = (order.stop_price, order.quantity)
    if rests == (view.insurance.stop_price, view.insurance.quantity):
        return
    yield Finding(
        row="R13",
        code="stop_elsewhere",
        message=f"{order.client_id} rests at {plain(rests[0])} for {plain(rests[1])}",
        evidence=(("stop_price", plain(rests[0])), ("quantity", plain(rests[1]))),
        view=view,
        decision=Decision(
            events=(note(pair, view, "R13", "stop_elsewhere"), _placed(pair, view, order))
        ),
    )


def r14_unlinked_stop(pair: Pair) -> Iterator[Finding]:
    """A stop of ours rests that the journal gave up: adopted, because it protects."""
    view = pair.active
    if view is None or view.insurance.state not in ("none", "failed"):
        return
    for order in _ours(pair, Purpose.INSURANCE):
        owner = pair.owner(order.client_id)
        if owner is None or owner.id != view.id or not _plausible(view, order):
            continue
        yield Finding(
            row="R14",
            code="stop_adopted",
            message=f"{order.client_id} rests, and {view.id} had no stop",
            view=view,
            decision=Decision(
                events=(note(pair, view, "R14", "stop_adopted"), _placed(pair, view, order))
            ),
        )
        return


def _plausible(view: PositionView, order: OrderState) -> bool:
    """Whether an order could be the position's stop: known, its side, behind the stop in force."""
    known, over = view.order(order.client_id), is_over(view, order.client_id)
    if known is None or over or order.stop_price is None or view.stop is None:
        return False
    behind = (view.stop - order.stop_price) * side_of(view).sign >= 0
    return order.action is side_of(view).exit_action and behind


def _placed(pair: Pair, view: PositionView, order: OrderState) -> e.InsurancePlaced:
    record = view.order(order.client_id)
    assert record is not None
    assert order.stop_price is not None
    return e.InsurancePlaced(
        position=view.id,
        at_ns=pair.ctx.now_ns,
        client_id=record.client_id,
        order_id=order.order_id,
        stop_price=order.stop_price,
        quantity=order.quantity,
        accepted_ns=order.at_ns,
    )


# --- orders that nobody needs --------------------------------------------------------------------


def _ours(pair: Pair, purpose: Purpose) -> Iterator[OrderState]:
    for order in pair.account.open_orders:
        ours = read_client_order_id(order.client_id)
        if ours is not None and ours.purpose is purpose:
            yield order


def r15_orphan_stop(pair: Pair) -> Iterator[Finding]:
    """A stop of a position that is over, or has another: taken back. Gone is success."""
    for order in _ours(pair, Purpose.INSURANCE):
        owner = pair.owner(order.client_id)
        if owner is None:
            continue
        linked = pair.active is not None and owner.id == pair.active.id
        spare = linked and owner.insurance.state == "resting"
        spare = spare and pair.resting(owner.insurance.client_id) is not None
        if owner.state.is_terminal or (spare and owner.insurance.client_id != order.client_id):
            yield _take_back(pair, owner, order, "R15", "orphan_stop")


def r16_orphan_entry(pair: Pair) -> Iterator[Finding]:
    """An entry is open of a position that is not entering: taken back."""
    for order in _ours(pair, Purpose.ENTRY):
        owner = pair.owner(order.client_id)
        if owner is not None and not owner.state.may_hold and pair.steady:
            yield _take_back(pair, owner, order, "R16", "orphan_entry")


def _take_back(pair: Pair, owner: PositionView, order: OrderState, row: str, code: str) -> Finding:
    target = ClientOrderId(order.client_id)
    cancel = cancel_order(owner, pair.ctx, target, owner.insurance.attempts)
    event = e.OrphanCancelling(position=owner.id, at_ns=pair.ctx.now_ns, cancel=cancel)
    return Finding(
        row=row,
        code=code,
        message=f"{order.client_id} rests, and {owner.id} is {owner.state.value}",
        view=owner,
        decision=Decision(
            events=(note(pair, owner, row, code), event),
            intents=(cancel,),
        ),
    )


# --- what is not ours ----------------------------------------------------------------------------


def r21_foreign_order(pair: Pair) -> Iterator[Finding]:
    """An order that nobody here sent: entries are frozen, the order is left alone."""
    for order in pair.account.open_orders:
        ours = read_client_order_id(order.client_id) is not None
        if (ours and pair.owner(order.client_id) is not None) or order.client_id.startswith(
            FORCED_PREFIX
        ):
            continue
        yield Finding(
            row="R21",
            code="foreign_order",
            message=(
                f"order {order.order_id} ({order.client_id}) rests on {pair.symbol} and is not of"
                " this journal"
            ),
            evidence=(
                ("order_id", str(order.order_id)),
                ("client_id", order.client_id),
                ("order", f"{order.action.value} {plain(order.quantity)} {order.type.value}"),
            ),
            freezes=True,
        )

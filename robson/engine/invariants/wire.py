"""Laws of what leaves: once, under our epoch, written down before, within filters, only ours."""

from __future__ import annotations

from collections.abc import Iterator

from robson.domain.identity import Purpose, position_hash, read_client_order_id
from robson.domain.intents import CancelOrder, OrderType, PlaceOrder, Repay, SideEffect
from robson.domain.values import NS_PER_S
from robson.domain.view import PositionView
from robson.engine.invariants.terms import AskLeaving, Leaving, Verdict, epoch_of, seconds
from robson.engine.leaving import fence_of

HELD_BACK = ("gone", "placing")
"""While the exchange stop is in one of these, no market exit may leave."""

RELEASE_NS = NS_PER_S // 4
"""Between the decision to leave and the cancel's first byte; what is in its lane goes first."""


def one_entry(leaving: Leaving) -> Iterator[Verdict]:
    """This attempt never left before; earlier ones were refused by code or never left."""
    order, memory = _entry(leaving), leaving.memory
    if order is None:
        return
    yield not memory.entries[order.client_id] or f"{order.client_id} leaves a second time"
    for record in leaving.view.orders if leaving.view else ():
        left = memory.entries[record.client_id] and record.client_id != order.client_id
        if record.order.purpose is Purpose.ENTRY and left:
            refused = record.client_id in memory.rejected
            yield refused or f"{order.client_id} leaves although {record.client_id} may exist"


def epoch_order(leaving: Leaving) -> Iterator[Verdict]:
    """An entry carries the epoch of the process that holds the journal."""
    order, held = _entry(leaving), leaving.memory.epoch
    if order is not None:
        epoch = epoch_of(order.client_id)
        yield epoch == held or f"{order.client_id} leaves under epoch {held}"


def write_ahead(leaving: Leaving) -> Iterator[Verdict]:
    """The journal holds the request, or the pre-armed way out that it is."""
    intent, view = leaving.intent, leaving.view
    match intent:
        case PlaceOrder():
            yield _order_written(intent, view) or f"{intent.client_id} leaves before it is written"
        case CancelOrder():
            yield _cancel_written(intent, view) or f"cancel of {intent.target} is not written"
        case Repay():
            written = view is not None and view.repay_attempts == intent.attempt + 1
            yield written or f"repayment {intent.attempt} leaves before it is written"
        case _:
            return


def _order_written(order: PlaceOrder, view: PositionView | None) -> bool:
    if view is None:
        return False
    record = view.order(order.client_id)
    if record is not None and record.status == "sending":
        return record.timestamp_ms == order.timestamp_ms
    prearmed = view.prearmed
    return (
        order.purpose is Purpose.EXIT
        and prearmed is not None
        and prearmed.exit.client_id == order.client_id
    )


def _cancel_written(cancel: CancelOrder, view: PositionView | None) -> bool:
    if view is None:
        return False
    if view.entry_cancel is not None and view.entry_cancel.target == cancel.target:
        return True
    if view.orphan is not None and view.orphan.target == cancel.target:
        return True
    if view.insurance.state in ("cancelling", "gone") or view.trigger is not None:
        return view.insurance.client_id == cancel.target
    prearmed = view.prearmed
    return (
        prearmed is not None
        and prearmed.cancel is not None
        and (prearmed.cancel.target == cancel.target)
    )


def not_mine(leaving: Leaving) -> Iterator[Verdict]:
    """A cancel names an order that carries the position's own hash."""
    cancel = leaving.intent
    if isinstance(cancel, CancelOrder):
        ours = read_client_order_id(cancel.target)
        mine = ours is not None and ours.position_hash == position_hash(
            cancel.scope, cancel.position
        )
        yield mine or f"{cancel.target} is not an order of {cancel.position}"


def gone_is_open(leaving: Leaving) -> Iterator[Verdict]:
    """No market exit while the exchange stop may still rest or have been filled."""
    order, view = leaving.intent, leaving.view
    if not isinstance(order, PlaceOrder) or order.purpose is not Purpose.EXIT or view is None:
        return
    state, record = view.insurance.state, view.order(view.insurance.client_id or "")
    # A stop that nobody has ever seen finds nothing to trade with when it comes, behind the fence;
    # and where it has come after all, the exit finds nothing.
    unseen = record is not None and record.status == "unknown" and fence_of(view) == "asset"
    held = state in HELD_BACK and not unseen
    yield not held or f"{order.client_id} leaves while the stop is {state}"
    stop = leaving.truth.order(view.insurance.client_id) if leaving.truth else None
    if stop is not None:
        ended = stop.status.is_final or unseen
        yield ended or f"{order.client_id} leaves while {stop.client_id} rests there"


def let_go(leaving: Leaving) -> Iterator[Verdict]:
    """Once a position is on its way out, the cancel of the stop that rests leaves at once."""
    cancel, view, memory = leaving.intent, leaving.view, leaving.memory
    if not isinstance(cancel, CancelOrder) or view is None or view.trigger is None:
        return
    rests_ns = memory.resting_ns.get(cancel.target)
    if rests_ns is None or cancel.target in memory.cancelled:
        return
    took = memory.counted(max(rests_ns, view.trigger.at_ns), leaving.now_ns)
    late = f"{cancel.target} rests {seconds(took)} after {view.trigger.reason}, no cancel has left"
    yield took <= RELEASE_NS or late


def filters(leaving: Leaving) -> Iterator[Verdict]:
    """Steps, smallest and largest quantities, and the tick grid."""
    order, rules = leaving.intent, leaving.rules
    if not isinstance(order, PlaceOrder):
        return
    quantity, stop = order.quantity, order.stop_price
    yield quantity % rules.order_step == 0 or f"{quantity} is off the step {rules.order_step}"
    yield quantity >= rules.min_qty or f"{quantity} is under {rules.min_qty}"
    largest = rules.order_max
    yield largest is None or quantity <= largest or f"{quantity} is over {largest}"
    if stop is not None:
        on_grid = (stop - rules.min_price) % rules.tick == 0
        yield on_grid or f"stop {stop} is off the tick {rules.tick}"


def no_borrowing_exit(leaving: Leaving) -> Iterator[Verdict]:
    """What leaves to reduce risk repays, goes the other way than the entry, and never borrows."""
    order, view = leaving.intent, leaving.view
    if not isinstance(order, PlaceOrder) or view is None or view.side is None:
        return
    if order.purpose is Purpose.ENTRY:
        yield order.action is view.side.entry_action or f"the entry would {order.action.value}"
        return
    repays = order.side_effect is SideEffect.REPAY
    yield repays or f"{order.client_id} leaves as {order.side_effect.value}"
    back = order.purpose is Purpose.UNTRACKED
    action = view.side.entry_action if back else view.side.exit_action
    yield order.action is action or f"the exit would {order.action.value}"
    market = order.purpose is Purpose.INSURANCE or order.type is OrderType.MARKET
    yield market or f"the exit is a {order.type.value} order"


def _entry(leaving: Leaving) -> PlaceOrder | None:
    order = leaving.intent
    return order if isinstance(order, PlaceOrder) and order.purpose is Purpose.ENTRY else None


LAWS: tuple[tuple[str, AskLeaving], ...] = (
    ("S2", one_entry),
    ("S3", epoch_order),
    ("S4", write_ahead),
    ("S12", not_mine),
    ("S14", gone_is_open),
    ("S14", let_go),
    ("M1", filters),
    ("M2", no_borrowing_exit),
)
"""Rule and law, asked before every request that trades."""

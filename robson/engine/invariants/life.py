"""Laws of a position's life: stops that only tighten, known outcomes, triggers that hold."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.reports import Fill
from robson.domain.values import NS_PER_MS, NS_PER_S, Side
from robson.domain.view import PositionView
from robson.engine.exposure import overruns
from robson.engine.insuring import is_insured
from robson.engine.invariants.terms import (
    Ask,
    Memory,
    Seen,
    Verdict,
    epoch_of,
    net_of_fees,
    seconds,
)

BARE_NS = 3 * NS_PER_S
MOVED_NS = 500 * NS_PER_MS
"""From the cancel of a stop to the next one at rest, where it is moved: one round trip."""
EXIT_NS = NS_PER_S
RESOLVE_NS = 30 * NS_PER_S
FRESH_NS = 2 * NS_PER_S
SETTLE_MS = 15_000
"""An order may still be executed so long after its receive window, at the least."""
PROOF = frozenset(
    ("settled_ns", "not_found_ns", "orders_read", "trades_read", "base_total", "quote_total")
)
"""What an absence is proved with: time, two not-founds, two lists, and the balances."""
PAST = "trigger immediately"
"""The exchange refuses a stop whose price was crossed; one sent again stays unknown beside that."""
PRICES = frozenset({"stop_loss", "trailing_stop", "stop_gain"})


def ratchet(seen: Seen) -> Iterator[Verdict]:
    """The stop in force moves toward the price or stays."""
    was = seen.before.stop if seen.before else None
    now = seen.after.stop
    if was is not None and now is not None and was != now:
        yield (now - was) * seen.side.sign > 0 or f"the stop went from {was} to {now}"


def exchange_ratchet(seen: Seen) -> Iterator[Verdict]:
    """A stop that is placed again rests where the last one did, or tighter."""
    was, now = seen.memory.rested.get(seen.after.id), seen.event.stop_price
    loosened = was is not None and (now - was) * seen.side.sign < 0
    yield not loosened or f"the exchange stop went from {was} to {now}"


def evidence(seen: Seen) -> Iterator[Verdict]:
    """An order under way, or unknown, changes only by an event that names it.

    A stop may be sent again while it is unknown: it stays without a known outcome. What has traded
    or was taken back is over: an answer from before that is no news.
    """
    before = {o.client_id: o.status for o in seen.before.orders} if seen.before else {}
    for order in seen.after.orders:
        was = before.get(order.client_id)
        if was == "done" and order.status != "done":
            yield f"{order.client_id} is over, by {seen.event.KIND} it is {order.status} again"
        if was not in ("sending", "unknown") or was == order.status:
            continue
        named = getattr(seen.event, "client_id", None)
        yield named == order.client_id or f"{order.client_id} left {was} by {seen.event.KIND}"
        again = isinstance(seen.event, e.OrderSending) and order.order.purpose is Purpose.INSURANCE
        if was == "unknown" and not again:
            known = order.client_id in seen.memory.resolved or isinstance(
                seen.event, e.OrderResolved
            )
            yield known or f"{order.client_id} left unknown without an answer"


def proof_is_whole(seen: Seen) -> Iterator[Verdict]:
    """Found names the order; absent carries every piece of the proof, in time, and is true."""
    event, said = seen.event, dict(seen.event.evidence)
    record = seen.after.order(event.client_id)
    if event.outcome == "found":
        yield bool(said.get("order_id")) or f"{event.client_id} was found without a number"
        return
    missing = PROOF - said.keys()
    yield not missing or f"{event.client_id} is absent without {sorted(missing)}"
    if missing or record is None:
        return
    first, second = map(int, said["not_found_ns"].split(","))
    settle_ms = (record.timestamp_ms or 0) + record.order.recv_window_ms + SETTLE_MS
    yield first >= settle_ms * NS_PER_MS or f"{event.client_id} counted as absent too early"
    yield second - first >= 2 * NS_PER_S or "two not-founds were less than 2 s apart"
    if seen.truth is not None:
        there = seen.truth.order(event.client_id)
        yield there is None or f"{event.client_id} counts as absent, the exchange has it"


def resolved_in_time(seen: Seen) -> Iterator[Verdict]:
    """What was unknown is known again in time; what had an answer of its own never was."""
    if isinstance(seen.event, e.EntryFilled | e.ExitFilled):
        yield True
    for order in seen.after.orders:
        since = seen.memory.unknown_ns.get(order.client_id)
        if since is not None and order.status != "unknown":
            took = seen.memory.counted(since, seen.event.at_ns)
            yield took <= RESOLVE_NS or f"{order.client_id} was unknown for {seconds(took)}"


def covered(seen: Seen) -> Iterator[Verdict]:
    """Time without a resting stop, on the exchange's clock, summed over the position's life."""
    if not is_insured(seen.after):
        return
    since = seen.memory.bare_ns.get(seen.after.id)
    counted = seen.memory.bare[seen.after.id]
    if since is not None:
        counted += bare_until(seen.memory, seen.event, seen.after, since)
    yield counted <= BARE_NS or f"no stop rested for {seconds(counted)}, allowed are 3 s"


def protectable_ns(fills: tuple[Fill, ...], view: PositionView, memory: Memory) -> int | None:
    """From which trade on an entry holds so much that the exchange takes a stop for it.

    None while it does not. A short always can: it buys back at least the smallest order.
    """
    rules, held = memory.instruments[str(view.scope.symbol)], Decimal(0)
    for fill in fills:
        base = fill.commission if fill.commission_asset == view.scope.symbol.base else Decimal(0)
        held += fill.quantity - base
        worth = view.plan.insurance.stop_price if view.plan else fill.price
        if view.side is Side.SHORT or rules.exit_quantity(held, worth) is not None:
            return fill.at_ns
    return None


def bare_until(
    memory: Memory,
    event: e.InsurancePlaced | e.ExitFilled | e.InsuranceFilled,
    view: PositionView,
    since_ns: int,
) -> int:
    """How much of the time up to an event counts as time without a stop.

    A stop is moved by taking it away first, so each move has its own short time: one that follows a
    price far does not use up what is allowed to a life.
    """
    took = memory.counted(since_ns, covered_from(event))
    again = isinstance(event, e.InsurancePlaced) and view.id in memory.rested
    return max(0, took - MOVED_NS) if again else took


def covered_from(event: e.InsurancePlaced | e.ExitFilled | e.InsuranceFilled) -> int:
    """The exchange's time from which nothing is bare any more."""
    return event.accepted_ns if isinstance(event, e.InsurancePlaced) else event.fills[-1].at_ns


def really_cancelled(seen: Seen) -> Iterator[Verdict]:
    """The exchange ended the stop, and executed no more of it than was told."""
    state = seen.before.insurance.state if seen.before else "none"
    yield state != "none" or "a stop was cancelled where none was"
    if seen.truth is None:
        return
    order, told = seen.truth.order(seen.event.client_id), seen.event.executed
    status = order.status.value if order else "no such order"
    ended = status in ("CANCELED", "EXPIRED")
    yield ended or f"{seen.event.client_id} counts as cancelled, the exchange says {status}"
    executed = order.executed if order else told
    yield executed == told or f"{executed} of the stop executed, told was {told}"


def _told(reason: str, view: PositionView, memory: Memory) -> bool:
    """Whether the journal says what a reason that is no price and no person follows from."""
    match reason:
        case "monthly_halt":
            return memory.halted
        case "margin_risk":
            return memory.bands.get(view.id) in ("critical", "danger")
        case "degraded_mode":
            return view.bare_since_ns is not None and view.insurance.state == "failed"
        case "risk_overrun":
            return overruns(view)
        case _:
            return reason in ("insurance_stop", "entry_dust", "liquidation")


def fresh_trigger(seen: Seen) -> Iterator[Verdict]:
    """A level was crossed by a fresh price; or the exchange, or a restart, said that it was."""
    event, view = seen.event, seen.before
    assert view is not None
    if event.reason not in PRICES:
        asked = bool(event.actor) or _told(event.reason, view, seen.memory)
        yield asked or f"nobody asked for {event.reason}"
        return
    gains = event.reason == "stop_gain"
    level = view.plan.stops.stop_gain if gains and view.plan else view.stop
    way = -seen.side.sign if gains else seen.side.sign
    crossed = None not in (event.price, level) and (event.price - level) * way <= 0
    if _said_so(seen):
        yield True
        return
    yield crossed or f"{event.reason} at {event.price}, the level is {level}"
    if event.tick_ns is None:
        yield f"{event.reason} cites no price"
        return
    # A price that stood there before the position could be judged counts from then on.
    age = event.at_ns - max(event.tick_ns, view.updated_ns)
    yield (
        (event.tick_ns <= event.at_ns and age <= FRESH_NS)
        or (f"{event.reason} {seconds(age)} after its price")
    )


def _said_so(seen: Seen) -> bool:
    """The exchange refused the stop as already crossed, or an earlier process had triggered."""
    last = seen.memory.last.get(seen.after.id)
    again = isinstance(last, e.OrderUnknown) and PAST in last.reason
    refused = again or isinstance(last, e.InsuranceFailed)
    prearmed = seen.after.prearmed
    earlier = prearmed is not None and epoch_of(prearmed.exit.client_id) < seen.memory.epoch
    return refused or (earlier and seen.event.reason != "stop_gain")


def left_in_time(seen: Seen) -> Iterator[Verdict]:
    """From the decision to the last fill; of a short, what a person sold too is not counted."""
    trigger = seen.after.trigger
    last = max((fill.at_ns for fill in seen.way_out), default=0)
    if seen.side is Side.SHORT and seen.taken > 0:
        last = _bought_back_ns(seen)
    if trigger is not None:
        took = seen.memory.counted(trigger.at_ns, last) if last > trigger.at_ns else 0
        yield took <= EXIT_NS or f"{trigger.reason} took {seconds(took)} to execute"


def _bought_back_ns(seen: Seen) -> int:
    """When the way out of a short had bought back all that its entry sold, or ended."""
    fills = sorted(seen.way_out, key=lambda fill: fill.at_ns)
    held = seen.after.entry.held if seen.after.entry else Decimal(0)
    base, bought, at_ns = seen.rules.symbol.base, Decimal(0), 0
    for fill in fills:
        if bought < held:
            bought, at_ns = bought + net_of_fees((fill,), base), fill.at_ns
    return at_ns


LAWS: tuple[tuple[str, Ask, tuple[type, ...]], ...] = (
    ("S7", ratchet, ()),
    ("S7", exchange_ratchet, (e.InsurancePlaced,)),
    ("S9", evidence, ()),
    ("S9", proof_is_whole, (e.OrderResolved,)),
    ("S10", covered, (e.InsurancePlaced, e.ExitFilled, e.InsuranceFilled)),
    ("S13", fresh_trigger, (e.ExitTriggered,)),
    ("S14", really_cancelled, (e.InsuranceCancelled,)),
    ("L1", left_in_time, (e.PositionClosed,)),
    ("L2", resolved_in_time, ()),
)
"""Rule, law, and the events it is asked on; none means every event."""

"""Laws of money: sizes and budgets worked out again from prices and fills, never taken on trust."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

from robson.domain import events as e
from robson.domain.identity import Purpose, Symbol, position_hash, read_client_order_id
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, Fill, InterestCharge
from robson.domain.values import MONEY, NS_PER_MS, Action, Side
from robson.domain.view import OrderRecord, PositionView
from robson.engine.invariants.life import SETTLE_MS
from robson.engine.invariants.terms import (
    Ask,
    Seen,
    Truth,
    Verdict,
    least_order,
    net_of_fees,
    total,
)

ATOM = Decimal("1E-8")
DUST_ORDERS = 2
INTEREST = Decimal("1.001")
"""More than a position ever owes of what it borrowed."""
ZERO = Decimal(0)


def one_position(seen: Seen) -> Iterator[Verdict]:
    """Nothing else of this pair is under way, and nothing ever was armed under this key."""
    key = seen.after.idempotency_key
    same = next((v.id for v in seen.memory.views.values() if v.idempotency_key == key), None)
    yield same is None or f"armed under the key of {same}"
    others = [
        view.id
        for view in seen.memory.views.values()
        if view.scope == seen.after.scope and not view.state.is_terminal
    ]
    yield not others or f"armed while {others[0]} is not over"


def size_within_risk(seen: Seen) -> Iterator[Verdict]:
    """The loss of the planned quantity at the stop, from its prices and the fee alone."""
    plan, sign, fee = seen.event.plan, seen.side.sign, seen.rules.taker_fee
    sizing, stops = plan.sizing, plan.stops
    base = seen.memory.month.capital_base if seen.memory.month else ZERO
    with localcontext(MONEY):
        worse_in = (sizing.entry_fill - stops.entry_ref) * sign
        worse_out = (stops.stop - sizing.adverse_fill) * sign
        per_unit = (sizing.entry_fill - sizing.adverse_fill) * sign + sizing.interest_unit
        per_unit += fee * sizing.entry_fill + fee * sizing.adverse_fill
        loss = sizing.quantity * per_unit
        yield worse_in >= 0 or f"the entry is priced {worse_in} better than its reference"
        yield worse_out >= 0 or f"the way out is priced {worse_out} better than the stop"
        yield loss == sizing.planned_risk or f"plans to lose {sizing.planned_risk}, it is {loss}"
        yield loss * 100 <= sizing.capital or f"plans to lose {loss} of {sizing.capital}, over 1 %"
    yield sizing.capital <= base or f"sized from {sizing.capital}, the month has {base}"


def loss_side(seen: Seen) -> Iterator[Verdict]:
    """Chart level, stop and exchange stop lie in this order away from the entry."""
    stops, behind, rules = seen.event.plan.stops, seen.event.plan.insurance, seen.rules
    sign, bounds = seen.side.sign, seen.after.strategy.stop.bounds
    level, stop = stops.technical_stop, stops.stop
    with localcontext(MONEY):
        bps = stops.span * 10_000 / stops.entry_ref
        yield (stops.entry_ref - stop) * sign > 0 or f"the stop {stop} is on the wrong side"
        yield (level - stop) * sign >= 0 or f"the stop {stop} lies before its level {level}"
        yield bounds.min_bps <= bps <= bounds.max_bps or f"the stop is {bps} bps away"
        yield (stop - behind.stop_price) * sign > 0 or f"{behind.stop_price} is not behind {stop}"
        for price in (stop, behind.stop_price):
            yield (price - rules.min_price) % rules.tick == 0 or f"{price} is off the tick grid"
        gain = stops.stop_gain
        spans = seen.after.strategy.stop_gain_spans or ZERO
        ahead = gain is None or (gain - stops.entry_ref) * sign >= spans * stops.span
        yield ahead or f"the stop-gain {gain} is nearer than {spans} spans"


def within_budget(seen: Seen) -> Iterator[Verdict]:
    """What was lost this month, what others may lose at least, and this plan."""
    month, planned = seen.memory.month, seen.event.plan.sizing.planned_risk
    yield month is not None or "an entry was sized before the month was opened"
    if month is None:
        return
    fee = seen.rules.taker_fee
    others = [view for view in seen.memory.views.values() if view.id != seen.after.id]
    settled = [v for v in others if v.settled and v.settled.at_ns >= month.at_ns]
    before = seen.memory.basis
    with localcontext(MONEY):
        net = sum((v.settled.net - before.get(v.id, ZERO) for v in settled if v.settled), ZERO)
        latent = (_at_risk(view, fee, before.get(view.id, ZERO)) for view in others)
        spent = max(ZERO, -net) + sum(latent, ZERO) + planned
        limit = month.capital_base * 4 / 100
    yield spent <= limit or f"{planned} more makes {spent} of {limit} for the month"


def _at_risk(view: PositionView, fee: Decimal, before: Decimal) -> Decimal:
    """The least a position still costs the month when its stop is met exactly."""
    if view.plan is None or view.is_settled or view.state is PositionState.ARMED:
        return ZERO
    if view.entry is None or view.stop is None:
        return view.plan.sizing.planned_risk
    left = max(ZERO, view.entry.held - view.exited)
    distance = (view.entry.price - view.stop) * view.plan.stops.side.sign
    return max(ZERO, left * (distance + fee * (view.entry.price + view.stop)) + before)


def held_follows(seen: Seen) -> Iterator[Verdict]:
    """A long holds what it bought less the fee in base; a short owes what it sold."""
    filled, base = seen.event, seen.after.scope.symbol.base
    gross = total(filled.fills)
    should = net_of_fees(filled.fills, base) if seen.side is Side.LONG else gross
    planned = seen.after.plan.sizing.quantity if seen.after.plan else ZERO
    yield filled.held == should or f"holds {filled.held}, by its fills {should}"
    yield filled.quantity == gross or f"filled {filled.quantity}, by its fills {gross}"
    yield gross <= planned or f"{gross} was filled where {planned} was planned"


def _may_be_less(seen: Seen) -> bool:
    """Whether not all of a position may be free for its stop."""
    view, quantity = seen.after, seen.event.order.quantity
    stops = (known for known in view.orders if known.order.purpose is Purpose.INSURANCE)
    refused = any(s.status == "failed" and s.order.quantity > quantity for s in stops)
    theirs = seen.truth is not None and any(
        read_client_order_id(order.client_id) is None
        and (order.stop_price is not None or not order.status.is_final)
        for order in seen.truth.orders
    )
    all_of_it = False
    if seen.side is Side.LONG and seen.truth is not None:
        all_of_it = seen.rules.floor_quantity(seen.truth.account.base.free) <= quantity
    return view.missed_ns is not None or refused or theirs or all_of_it


def stop_covers(seen: Seen) -> Iterator[Verdict]:
    """The exchange stop has everything that can be sold or is owed, and lies behind the stop.

    Less where something says that not all of it can: it is missed, was refused, is held back, or by
    the exchange there is no more.
    """
    order, view, rules = seen.event.order, seen.after, seen.rules
    entry, stop, plan = view.entry, view.stop, view.plan
    if entry is None or stop is None or plan is None:
        yield "an exchange stop without an entry"
        return
    with localcontext(MONEY):
        if seen.side is Side.LONG:
            over = entry.held + _dust_before(seen) - view.exited - order.quantity
            less = over >= rules.order_step and _may_be_less(seen)
            yield less or 0 <= over < rules.order_step or f"the stop leaves {over} uncovered"
        else:
            left = (*view.insurance_fills, *view.exit_fills)
            bought = net_of_fees(left, view.scope.symbol.base)
            bought += order.quantity * (1 - rules.taker_fee)
            whole = bought >= entry.held or _may_be_less(seen)
            yield whole or f"the stop buys {bought} back, owed is {entry.held}"
        offset = (stop - order.stop_price) * seen.side.sign
        least = 3 * rules.tick
        most = max(least, min(stop / 100, plan.stops.span / 4)) + rules.tick
        again = order.stop_price == seen.memory.rested.get(view.id)
        behind = least <= offset and (offset <= most or again)
        yield behind or f"the stop rests {offset} behind {stop}"


def _dust_before(seen: Seen) -> Decimal:
    """Base in the pair when the entry was sized, at most dust (gate 6b)."""
    sized = seen.memory.sized.get(seen.after.id)
    return max(ZERO, sized.base.net) if sized is not None else ZERO


def no_over_exit(seen: Seen) -> Iterator[Verdict]:
    """A long sells what it holds, and the dust that lay there before; a short buys back what it
    owes, interest and a least order.

    A sale matched after its repeat may find what a person bought between the two (ADR 0025).
    """
    entry, fills = seen.after.entry, seen.way_out
    if entry is None:
        yield "an exit was filled without an entry"
        return
    # What the exchange forced, or somebody else traded, is no order of ours.
    fills = tuple(fill for fill in fills if read_client_order_id(fill.client_id) is not None)
    moved, most = total(fills), entry.held + _dust_before(seen)
    if seen.side is Side.LONG and moved > most:
        most += _bought_between(seen, fills)
    if seen.side is Side.SHORT:
        moved = net_of_fees(fills, seen.after.scope.symbol.base)
        most = (entry.held + seen.taken) * INTEREST + DUST_ORDERS * least_order(
            seen.rules, entry.price
        )
    yield moved <= most or f"exits moved {moved}, held were {most}"


def _bought_between(seen: Seen, exits: tuple[Fill, ...]) -> Decimal:
    """Base that a person bought after a long's first sale, so that no exit was sized by it."""
    if seen.truth is None:
        return ZERO
    fills, _ = seen.truth.by_others(min(fill.at_ns for fill in exits), ())
    return net_of_fees([f for f in fills if f.action is Action.BUY], seen.rules.symbol.base)


def _theirs(seen: Seen) -> Decimal:
    """Base that a person brought or bought since the position was sized: it stays (R11).

    What they sold of a position that then went on with less was not theirs.
    """
    sized, base = seen.memory.sized.get(seen.after.id), seen.rules.symbol.base
    if seen.truth is None or sized is None:
        return ZERO
    fills, transfers = seen.truth.by_others(sized.at_ns, seen.way_out)
    bought = total(fill for fill in fills if fill.action is Action.BUY)
    bought -= sum((f.commission for f in fills if f.commission_asset == base), ZERO)
    sold = total(fill for fill in fills if fill.action is Action.SELL)
    moved = sum((each.amount for each in transfers if each.asset == base), ZERO)
    entry = seen.after.entry
    given_up = net_of_fees(entry.fills, base) - entry.held if entry is not None else ZERO
    return max(ZERO, bought - sold + moved + given_up + _lagged(seen)[0])


def flat(seen: Seen) -> Iterator[Verdict]:
    """Fills and account agree that nothing is left to trade, and no exit is under way.

    One that nobody knows of is not any more once it cannot trade: a person has closed it.
    """
    event, rules, fills, entry = seen.event, seen.rules, seen.way_out, seen.after.entry
    under_way = [o.client_id for o in seen.after.orders if _may_trade(o, event.account.at_ns)]
    yield not under_way or f"closed while {under_way[0]} may still trade"
    bare = seen.side is Side.SHORT and entry is not None and entry.held > _dust_before(seen)
    if bare and entry is not None:  # what is less than a least order is over without one (F55)
        bare = rules.exit_quantity(entry.held, event.account.index_price) is not None
    if entry is None or (not fills and bare):
        yield "closed without a fill"
        return
    moved, account = total(fills), event.account
    yield event.quantity == moved or f"closed {event.quantity}, by its fills {moved}"
    if seen.side is Side.LONG:
        there = account.base.total - _theirs(seen)
        for left in (entry.held + _dust_before(seen) - moved, there):
            yield (
                rules.exit_quantity(left, account.index_price) is None or f"closed with {left} left"
            )
    else:
        owed = account.base.debt - account.base.total
        yield owed <= 0 or f"closed with {owed} owed"


def _may_trade(order: OrderRecord, at_ns: int) -> bool:
    """Whether an order on the way out may trade after an instant."""
    if not order.is_open or order.order.purpose not in (Purpose.EXIT, Purpose.UNTRACKED):
        return False
    last_ms = (order.timestamp_ms or 0) + order.order.recv_window_ms + SETTLE_MS
    return order.status != "unknown" or at_ns < last_ms * NS_PER_MS


def result_adds_up(seen: Seen) -> Iterator[Verdict]:
    """Gross less fees and interest, each worked out again; and in R."""
    event, view, fills = seen.event, seen.after, seen.way_out
    entry, closed, plan = view.entry, view.closed, view.plan
    if entry is None or closed is None or plan is None:
        yield "settled without having been closed"
        return
    symbol = view.scope.symbol
    with localcontext(MONEY):
        worth = sum((fill.price * fill.quantity for fill in fills), ZERO)
        quantity = total(fills) if seen.side is Side.LONG else entry.quantity
        price = worth / total(fills) if fills else entry.price
        back = view.given_back
        gross = (price - entry.price) * quantity * seen.side.sign
        gross += sum(((fill.price - price) * fill.quantity for fill in back), ZERO)
        paid = sum((_fee(fill, symbol) for fill in (*entry.fills, *fills, *back)), ZERO)
        net = event.gross - event.fees - event.interest
        yield event.gross == gross or f"gross {event.gross}, by the fills {gross}"
        yield event.fees == paid or f"fees {event.fees}, by the fills {paid}"
        yield event.net == net or f"net {event.net}, its parts give {net}"
        by_plan = event.r_multiple * plan.sizing.planned_risk
        yield abs(by_plan - net) < Decimal("1E-12") or f"{event.r_multiple} R are not {net}"


def _fee(fill: Fill, symbol: Symbol) -> Decimal:
    """In quote; what was taken in a third asset is told beside the result, and is not in it."""
    if fill.commission_asset not in (symbol.base, symbol.quote):
        return ZERO
    return fill.commission * (fill.price if fill.commission_asset == symbol.base else 1)


# --- against the exchange ------------------------------------------------------------------------


def settled_as_there(view: PositionView, truth: Truth) -> Iterator[Verdict]:
    """Fills, debts and orders of a settled position, the exchange's against the journal's."""
    ours = view.entry.fills if view.entry else ()
    told = (*ours, *view.insurance_fills, *view.exit_fills, *view.given_back)
    mine = position_hash(view.scope, view.id)
    known = {fill.trade_id: fill for fill in told if mine in fill.client_id}
    orders = truth.orders_of(view)
    there = {fill.trade_id: fill for order in orders for fill in order.fills or ()}
    yield known == there or f"the journal has trades {sorted(known)}, there are {sorted(there)}"
    resting = [order.client_id for order in orders if not order.status.is_final]
    yield not resting or f"settled while {resting[0]} still rests"
    entries = [o.client_id for o in orders if o.client_id.startswith("rbe") and o.executed > 0]
    yield len(entries) <= 1 or f"entered {len(entries)} times: {', '.join(entries)}"


def settled_like_exchange(seen: Seen) -> Iterator[Verdict]:
    """Asked where the exchange can be looked at: see ``settled_as_there``."""
    if seen.truth is not None:
        yield from settled_as_there(seen.after, seen.truth)


def wallet_as_told(seen: Seen) -> Iterator[Verdict]:
    """The wallet is free of debt and moved by the trades and the interest, to the last atom."""
    sized, view, truth = seen.memory.sized.get(seen.after.id), seen.after, seen.truth
    if truth is None or sized is None or view.entry is None:
        return
    account, told = truth.account, view.account
    if truth.lent_ns > (told.at_ns if told is not None else 0):
        return  # a person has borrowed since: what is owed is not the position's
    for balance in (account.base, account.quote):
        yield balance.debt == 0 or f"settled with {balance.debt} {balance.asset} owed"
    fills = (*view.entry.fills, *seen.way_out, *view.given_back)
    since = told is not None and any(truth.by_others(told.at_ns, fills))
    same = told is not None and all(
        (was.total, was.borrowed, was.interest) == (now.total, now.borrowed, now.interest)
        for was, now in ((told.base, account.base), (told.quote, account.quote))
    )
    yield same or since or f"the wallet is {account.base}, {account.quote}, not as last read"
    with localcontext(MONEY):
        base, quote = _moved(fills, account.scope.symbol)
        others = _others(seen, truth, sized.at_ns)
        base, quote = base + others[0], quote + others[1]
        base -= _charged(view, truth, account.base.asset, sized.at_ns)
        quote -= _charged(view, truth, account.quote.asset, sized.at_ns)
        for moved, now, was in (
            (base, account.base, sized.base),
            (quote, account.quote, sized.quote),
        ):
            change = now.net - was.net
            yield moved == change or f"{now.asset} changed by {change}, explained are {moved}"


def result_as_in_wallet(seen: Seen) -> Iterator[Verdict]:
    """The net result is what the wallet gained, with the dust at the price it was traded at."""
    sized, view, truth = seen.memory.sized.get(seen.after.id), seen.after, seen.truth
    if truth is None or sized is None or view.entry is None or view.closed is None:
        return
    account = truth.account
    with localcontext(MONEY):
        price = view.entry.price if seen.side is Side.LONG else view.closed.price
        base, quote = _others(seen, truth, sized.at_ns)
        dust = account.base.net - sized.base.net - base
        gained = account.quote.net - sized.quote.net - quote + dust * price
        gained -= _charged_before(view, truth, sized.at_ns)
        error = abs(gained - seen.event.net)
        most = ATOM * (2 + len(view.entry.fills) + len(seen.way_out) + len(view.given_back))
    yield error <= most or f"net {seen.event.net}, the wallet gained {gained}"


def beyond_reading(read: AccountSnapshot, truth: Truth) -> tuple[Decimal, Decimal]:
    """Base and quote that the account has, and had when it was read, though the reading has not."""
    base, quote = _moved_by_others(truth, read.at_ns, ())
    account = truth.account
    with localcontext(MONEY):
        return account.base.net - read.base.net - base, account.quote.net - read.quote.net - quote


def _lagged(seen: Seen) -> tuple[Decimal, Decimal]:
    return seen.memory.lagged.get(seen.after.id, (ZERO, ZERO))


def _others(seen: Seen, truth: Truth, since_ns: int) -> tuple[Decimal, Decimal]:
    """Base and quote that others moved: what a person does on the pair is no result of ours."""
    view = seen.after
    ours = (*(view.entry.fills if view.entry else ()), *seen.way_out, *view.given_back)
    base, quote = _moved_by_others(truth, since_ns, ours)
    before = _lagged(seen)
    return base + before[0], quote + before[1]


def _moved_by_others(
    truth: Truth, since_ns: int, ours: tuple[Fill, ...]
) -> tuple[Decimal, Decimal]:
    fills, transfers = truth.by_others(since_ns, ours)
    base, quote = _moved(fills, truth.account.scope.symbol)
    for each in transfers:
        base += each.amount if each.asset == truth.account.base.asset else 0
        quote += each.amount if each.asset == truth.account.quote.asset else 0
    return base, quote


def _moved(fills: tuple[Fill, ...], symbol: Symbol) -> tuple[Decimal, Decimal]:
    """Base and quote that trades moved, in the exchange's own rounding."""
    base, quote = ZERO, ZERO
    for fill in fills:
        buys = fill.action is Action.BUY
        rounding = ROUND_CEILING if buys else ROUND_FLOOR
        worth = (fill.price * fill.quantity).quantize(ATOM, rounding=rounding)
        base += fill.quantity if buys else -fill.quantity
        quote += -worth if buys else worth
        if fill.commission_asset == symbol.base:
            base -= fill.commission
        elif fill.commission_asset == symbol.quote:
            quote -= fill.commission
    return base, quote


def _charged(view: PositionView, truth: Truth, asset: str, read_ns: int) -> Decimal:
    """Interest since the reading that the position was sized by."""
    mine = (c for c in truth.charges if c.asset == asset and not _reads(c, view, read_ns))
    return sum((charge.amount for charge in mine), ZERO)


def _charged_before(view: PositionView, truth: Truth, read_ns: int) -> Decimal:
    """Interest since the position was armed that the reading it was sized by has, in quote.

    It is on what an earlier position had left owed, and counts in the result of this one.
    """
    assert view.closed is not None
    base, quote = truth.account.base.asset, truth.account.quote.asset
    worth = {base: view.closed.price, quote: Decimal(1)}
    charges = (c for c in truth.charges if view.created_ns <= c.at_ns and _reads(c, view, read_ns))
    return sum((c.amount * worth[c.asset] for c in charges), ZERO)


def _reads(charge: InterestCharge, view: PositionView, read_ns: int) -> bool:
    """Whether a reading has a charge. Of the same instant it has, but for that of the entry's own
    loan: where requests take no time that is of the same instant too.
    """
    if charge.at_ns != read_ns or view.entry is None:
        return charge.at_ns <= read_ns
    return view.entry.fills[0].at_ns > read_ns


LAWS: tuple[tuple[str, Ask, tuple[type, ...]], ...] = (
    ("S1", no_over_exit, (e.ExitFilled, e.InsuranceFilled)),
    ("S6", size_within_risk, (e.SizingDecided,)),
    ("S8", settled_like_exchange, (e.PnlSettled,)),
    ("S8", wallet_as_told, (e.PnlSettled,)),
    ("M3", loss_side, (e.SizingDecided,)),
    ("M4", one_position, (e.PositionArmed,)),
    ("M5", within_budget, (e.SizingDecided,)),
    ("M6", held_follows, (e.EntryPartlyFilled, e.EntryFilled)),
    ("M6", stop_covers, (e.InsuranceRequested,)),
    ("M7", flat, (e.PositionClosed,)),
    ("M8", result_adds_up, (e.PnlSettled,)),
    ("M8", result_as_in_wallet, (e.PnlSettled,)),
)
"""Rule, law, and the events it is asked on."""

"""The gates before an entry: each says no with its numbers, or nothing.

Pure functions of one snapshot. No gate stands before an exit. All that deny are listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext

import attrs

from robson.domain.plan import EntryPlan
from robson.domain.values import (
    MONEY,
    NS_PER_S,
    Price,
    Side,
    StopDistanceBounds,
    plain,
    round_up,
)
from robson.engine.budget import trade_limit
from robson.engine.sizing import SizeRefused
from robson.engine.snapshot import RiskSnapshot
from robson.engine.stop import NoValidStop

GATES: tuple[tuple[str, str, str], ...] = (
    ("1", "not_leader", "this process leads for the account and symbol"),
    ("2", "degraded", "neither the symbol nor the account is frozen"),
    ("3", "not_running", "the runtime state is RUNNING"),
    ("3", "disk_low", "the journal's disk has room for another life, and takes rows"),
    ("4", "monthly_halt", "the month's limit is not used up"),
    ("5", "duplicate_position", "no other position is open for this account and symbol"),
    ("6", "max_open_positions", "fewer positions are open than the limit"),
    ("6b", "wallet_not_clean", "the pair holds no base above dust, no debt, no resting order"),
    ("7", "daily_loss_limit", "the UTC day has lost less than its limit"),
    ("8", "daily_trade_limit", "the UTC day has had fewer entries than its limit"),
    ("9", "leverage_limit", "the leverage is at least 1 and within the limits, the pair's too"),
    ("10", "stop_invalid", "the chart gives a stop within its bounds"),
    ("11", "signal_stale", "the price is fresh and the signal still valid"),
    ("11", "price_drift", "the live price is near the entry reference"),
    ("12", "size_too_small", "the size passes the exchange's smallest order"),
    ("13", "insufficient_margin", "equity and what the exchange lends carry the smallest order"),
    ("14", "liquidation_too_close", "the margin level stays high enough at the smallest order"),
    ("15", "risk_per_trade", "the planned risk is within 1 % of the capital base"),
    ("16", "risk_budget_insufficient", "the planned risk is within what the month has left"),
    ("18", "stop_order_unsupported", "the symbol takes the resting stop that protects a position"),
    ("17", "stop_gain_net_low", "the stop-gain nets enough after costs, in R"),
    ("19", "observing", "robsond was started to send orders, and not to observe"),
)
"""Number, code and what must hold, of every gate that is judged here."""
_NUMBERS = {code: number for number, code, _ in GATES}
_ORDER = tuple(_NUMBERS)


@attrs.frozen(kw_only=True)
class Denial:
    """One gate that says no, as decimal text, and when it frees up if that is known."""

    gate: str
    code: str
    message: str
    value: str
    limit: str
    resets: str | None = None


def _deny(
    code: str,
    message: str,
    value: Decimal | int | str,
    limit: Decimal | int | str,
    resets: str | None = None,
) -> Denial:
    shown, bound = (plain(x) if isinstance(x, Decimal) else str(x) for x in (value, limit))
    return Denial(
        gate=_NUMBERS[code], code=code, message=message, value=shown, limit=bound, resets=resets
    )


def _not_leader(state: RiskSnapshot) -> Denial | None:
    if state.leader:
        return None
    return _deny("not_leader", "this process does not lead", "not leader", "leader")


def _degraded(state: RiskSnapshot) -> Denial | None:
    if state.frozen is None:
        return None
    return _deny("degraded", f"frozen: {state.frozen}", "frozen", "not frozen")


def _not_running(state: RiskSnapshot) -> Denial | None:
    if state.runtime_state == "RUNNING":
        return None
    message = f"the runtime state is {state.runtime_state}; entries need RUNNING"
    return _deny("not_running", message, state.runtime_state, "RUNNING")


def _disk(state: RiskSnapshot) -> Denial | None:
    """An entry that could not be written down to its end would be nobody's."""
    disk = state.disk
    if disk is None:
        return None
    if disk.failed is not None:
        message = f"the journal cannot be written, so only exits are sent: {disk.failed}"
        return _deny("disk_low", message, "failed", "written")
    if disk.free_mib >= disk.least_mib:
        return None
    message = (
        f"the journal's disk has {disk.free_mib} MiB left; an entry needs {disk.least_mib}:"
        " make room on it"
    )
    return _deny("disk_low", message, disk.free_mib, disk.least_mib)


def _monthly_halt(state: RiskSnapshot) -> Denial | None:
    if not state.monthly_halt and state.capital_base > 0:
        return None
    message = "the month's limit is used up" if state.monthly_halt else "there is no capital base"
    return _deny("monthly_halt", message, state.remaining_budget, 0, state.month_resets)


def _duplicate(state: RiskSnapshot) -> Denial | None:
    if not state.duplicate:
        return None
    return _deny("duplicate_position", "another position is open for this symbol", 1, 0)


def _max_open(state: RiskSnapshot) -> Denial | None:
    if state.open_positions < state.max_open:
        return None
    message = f"{state.open_positions} of {state.max_open} positions are open"
    return _deny("max_open_positions", message, state.open_positions, state.max_open)


def _wallet(state: RiskSnapshot) -> Denial | None:
    """Base of one's own would be sold by a short, or be mistaken for the position."""
    code, wallet = "wallet_not_clean", state.wallet
    if wallet is None:
        return _deny(code, "the pair's account has not been read", "unknown", "clean")
    found = (
        ("base", wallet.base_total, wallet.dust_limit),
        ("debt", wallet.debt, Decimal(0)),
        ("resting orders", Decimal(wallet.resting_orders), Decimal(0)),
    )
    unclean = [each for each in found if each[1] > each[2]]
    if not unclean:
        return None
    parts = (f"{name} {plain(value)} (allowed {plain(limit)})" for name, value, limit in unclean)
    return _deny(code, f"the pair holds {', '.join(parts)}", unclean[0][1], unclean[0][2])


def _daily_loss(state: RiskSnapshot) -> Denial | None:
    limit = state.day_loss_limit
    if limit is None or state.day_net > -limit:
        return None
    message = f"today's result is {plain(state.day_net)}; entries stop at {plain(-limit)}"
    return _deny("daily_loss_limit", message, state.day_net, -limit, state.day_resets)


def _daily_trades(state: RiskSnapshot) -> Denial | None:
    limit = state.day_trades_limit
    if limit is None or state.day_trades < limit:
        return None
    message = f"{state.day_trades} of {limit} entries of today are made"
    return _deny("daily_trade_limit", message, state.day_trades, limit, state.day_resets)


def _leverage(state: RiskSnapshot) -> Denial | None:
    if 1 <= state.leverage <= state.leverage_limit:
        return None
    whose = " (the pair's own)" if state.pair_leverage < state.max_leverage else ""
    message = f"leverage {state.leverage} is outside 1 to {state.leverage_limit}{whose}"
    return _deny("leverage_limit", message, state.leverage, state.leverage_limit)


def _stop_order(state: RiskSnapshot) -> Denial | None:
    """Nothing is entered that could not be protected by an order resting at the exchange."""
    if state.stop_order:
        return None
    message = "the symbol lists no STOP_LOSS and no STOP_LOSS_LIMIT: no exchange stop could rest"
    return _deny("stop_order_unsupported", message, "none", "STOP_LOSS or STOP_LOSS_LIMIT")


def _carried(state: RiskSnapshot) -> Denial | None:
    """What the exchange lends now, with what is free, has to carry the smallest order."""
    if state.carried is None or state.carried >= state.smallest:
        return None
    message = (
        f"with what the exchange lends now {plain(state.carried)} can be entered; the smallest"
        f" order is {plain(state.smallest)}"
    )
    return _deny("insufficient_margin", message, state.carried, state.smallest)


_ARM = (
    _not_leader,
    _degraded,
    _not_running,
    _disk,
    _monthly_halt,
    _duplicate,
    _max_open,
    _wallet,
    _daily_loss,
    _daily_trades,
    _leverage,
    _carried,
    _stop_order,
)


def _stale(state: RiskSnapshot) -> Denial | None:
    age, most = state.price_age_s, state.max_price_age_s
    if age is None or state.live_price is None:
        return _deny("signal_stale", "there is no live price", "none", most)
    if age > most:
        return _deny("signal_stale", f"the price is {plain(age)} s old", age, most)
    if state.valid_until_ns is None or state.now_ns is None:
        return None
    late_ns = state.now_ns - state.valid_until_ns
    if late_ns <= 0:
        return None
    late_s = Decimal(late_ns) / NS_PER_S
    return _deny("signal_stale", f"the signal ended {plain(late_s)} s ago", late_s, 0)


def _drift(state: RiskSnapshot, *, entry_ref: Price | None, span: Decimal | None) -> Denial | None:
    if state.live_price is None or entry_ref is None:
        return None
    with localcontext(MONEY):
        limit = entry_ref * state.max_drift_pct / 100
        if span is not None:
            limit = min(limit, state.max_drift_spans * span)
        drift = abs(state.live_price - entry_ref)
    if drift <= limit:
        return None
    message = (
        f"the price {plain(state.live_price)} is {plain(drift)} from the reference"
        f" {plain(entry_ref)}; allowed is {plain(limit)}"
    )
    return _deny("price_drift", message, drift, limit)


def _plan_gates(state: RiskSnapshot, plan: EntryPlan) -> Iterable[Denial | None]:
    planned, limit = plan.sizing.planned_risk, trade_limit(state.capital_base)
    if planned > limit:
        message = f"the plan risks {plain(planned)}; 1 % of the capital base is {plain(limit)}"
        yield _deny("risk_per_trade", message, planned, limit)
    left = max(Decimal(0), state.remaining_budget)
    if planned > left:
        message = f"the plan risks {plain(planned)}; the month has {plain(left)} left"
        yield _deny("risk_budget_insufficient", message, planned, left, state.month_resets)
    net = plan.net_r_at_gain
    if net is not None and net < state.min_net_r and not state.allow_low_gain:
        message = f"the stop-gain nets {plain(net)} R after costs"
        yield _deny("stop_gain_net_low", message, net, state.min_net_r)


def _observing(state: RiskSnapshot, plan: EntryPlan) -> Denial | None:
    """Told last, with what would have been done: everything else would have let it pass."""
    if not state.observes:
        return None
    stops, sizing = plan.stops, plan.sizing
    would = "buy" if stops.side is Side.LONG else "sell"
    message = (
        f"robsond observes and sends nothing; it would {would} {plain(sizing.quantity)} at about"
        f" {plain(stops.entry_ref)} with the stop {plain(stops.stop)}, and lose"
        f" {plain(round_up(sizing.planned_risk, 2))} there at most"
    )
    return _deny("observing", message, "observes", "sends")


def arm_gates(state: RiskSnapshot) -> tuple[Denial, ...]:
    """Gates 1 to 9, 13 and 18: whether a position may be armed at all. Empty when none denies."""
    return tuple(denial for gate in _ARM if (denial := gate(state)) is not None)


def entry_gates(
    state: RiskSnapshot, plan: EntryPlan | NoValidStop | SizeRefused
) -> tuple[Denial, ...]:
    """Every gate, for a signal and what came of planning it. Empty when none denies."""
    entry_ref, span = state.entry_ref, state.span
    if isinstance(plan, EntryPlan):
        entry_ref, span = plan.stops.entry_ref, plan.stops.span
        planned = [*_plan_gates(state, plan), _observing(state, plan)]
    elif isinstance(plan, NoValidStop):
        planned = [_deny("stop_invalid", plan.message, plan.reason, "a stop within bounds")]
    else:
        known = dict(plan.numbers)
        smallest = f"{known.get('min_qty')} base, {known.get('min_notional')} quote"
        planned = [_deny(plan.code, plan.message, known.get("quantity", "0"), smallest)]
    signal = [_stale(state), _drift(state, entry_ref=entry_ref, span=span)]
    denied = [*filter(None, planned), *arm_gates(state), *filter(None, signal)]
    once = {denial.code: denial for denial in reversed(denied)}  # the plan's own numbers, if any
    return tuple(sorted(once.values(), key=lambda denial: _ORDER.index(denial.code)))


def standing_numbers(state: RiskSnapshot) -> dict[str, tuple[str, str]]:
    """Value and limit, by code, of each gate that is about the account and not about a signal."""
    numbers = {
        "not_leader": ("leader" if state.leader else "not leader", "leader"),
        "not_running": (state.runtime_state, "RUNNING"),
        "monthly_halt": (plain(state.remaining_budget), "0"),
        "max_open_positions": (str(state.open_positions), str(state.max_open)),
        "leverage_limit": (str(state.leverage), str(state.leverage_limit)),
        "observing": ("observes" if state.observes else "sends", "sends"),
    }
    if state.disk is not None:
        room = "failed" if state.disk.failed is not None else str(state.disk.free_mib)
        numbers["disk_low"] = (room, str(state.disk.least_mib))
    if state.day_loss_limit is not None:
        numbers["daily_loss_limit"] = (plain(state.day_net), plain(-state.day_loss_limit))
    if state.day_trades_limit is not None:
        numbers["daily_trade_limit"] = (str(state.day_trades), str(state.day_trades_limit))
    return numbers


def signal_limits(state: RiskSnapshot) -> dict[str, str]:
    """Limit, by code, of each gate that only a pair or a signal can be judged by."""
    bounds = StopDistanceBounds()
    drift = f"{plain(state.max_drift_pct)} %, {plain(state.max_drift_spans)} spans"
    return {
        "duplicate_position": "0",
        "wallet_not_clean": "dust",
        "stop_order_unsupported": "STOP_LOSS or STOP_LOSS_LIMIT",
        "stop_invalid": f"{bounds.min_bps} to {bounds.max_bps} bps",
        "signal_stale": plain(state.max_price_age_s),
        "price_drift": drift,
        "size_too_small": "the exchange's smallest order",
        "insufficient_margin": "equity times leverage, what is lent",
        "liquidation_too_close": f"{plain(state.min_ml_entry)}, {plain(state.min_ml_bound)}",
        "risk_per_trade": plain(trade_limit(state.capital_base)),
        "risk_budget_insufficient": plain(max(Decimal(0), state.remaining_budget)),
        "stop_gain_net_low": plain(state.min_net_r),
    }

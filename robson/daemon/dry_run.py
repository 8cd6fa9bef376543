"""What an arm would do now, gathered by the desk and laid out for the API."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.api import published
from robson.domain.plan import EntryPlan
from robson.domain.reports import AccountSnapshot
from robson.domain.strategy import DetectorKind, StrategyConfig
from robson.domain.values import NS_PER_S, Leverage, Price, Side, plain
from robson.engine.admission import Proposal
from robson.engine.budget import trade_limit
from robson.engine.orders import exit_fence
from robson.engine.risk import GATES, Denial, arm_gates, signal_limits, standing_numbers
from robson.engine.snapshot import RiskSnapshot


@attrs.frozen(kw_only=True)
class DryRun:
    """The plan, or why there is none, and every gate that denies. Nothing was sent or stored."""

    symbol: str
    side: Side
    strategy: StrategyConfig
    leverage: Leverage
    proposal: Proposal | None
    denials: tuple[Denial, ...]
    risk: RiskSnapshot
    account: AccountSnapshot
    price: Price | None
    price_age_ns: int | None
    waiting_for: str


def preview(found: DryRun) -> published.ArmPreview:
    """The dry run as the API shows it."""
    plan = found.proposal.plan if found.proposal else None
    entry = plan if isinstance(plan, EntryPlan) else None
    denied = {denial.code: denial for denial in found.denials}
    at_once = found.strategy.detector is DetectorKind.IMMEDIATE
    return published.ArmPreview(
        symbol=found.symbol,
        side=found.side,
        strategy=found.strategy,
        leverage=found.leverage,
        plan=entry,
        audit=found.proposal.audit if found.proposal else None,
        gates=tuple(
            _gate(number, code, denied.get(code), _shown(found, entry).get(code))
            for number, code, _ in GATES
        ),
        denials=tuple(
            published.Denial(
                code=denial.code,
                message=denial.message,
                numbers=(("value", denial.value), ("limit", denial.limit)),
            )
            for denial in found.denials
        ),
        price=found.price,
        price_age_ns=found.price_age_ns,
        exit_fence=fence(entry, found.account) if entry else None,
        waiting_for=None if at_once else found.waiting_for,
    )


def fence(plan: EntryPlan, account: AccountSnapshot) -> str:
    """The exit fence that a planned entry would have."""
    notional = plan.stops.entry_ref * plan.sizing.quantity
    return exit_fence(plan.stops.side, quote=account.equity + notional, cost=notional)


def _shown(found: DryRun, plan: EntryPlan | None) -> dict[str, tuple[str, str]]:
    """Value and limit of gates that have them, so that what passes shows by how much."""
    risk = found.risk
    shown = standing_numbers(risk)
    if found.price_age_ns is not None:
        age = Decimal(found.price_age_ns) / NS_PER_S
        shown["signal_stale"] = (plain(age), plain(risk.max_price_age_s))
    if risk.carried is not None:
        shown["insufficient_margin"] = (plain(risk.carried), plain(risk.smallest))
    if plan is not None:
        planned = plain(plan.sizing.planned_risk)
        shown["risk_per_trade"] = (planned, plain(trade_limit(risk.capital_base)))
        shown["risk_budget_insufficient"] = (planned, plain(risk.remaining_budget))
        if plan.net_r_at_gain is not None:
            shown["stop_gain_net_low"] = (plain(plan.net_r_at_gain), plain(risk.min_net_r))
    return shown


def _gate(
    number: str, code: str, denial: Denial | None, shown: tuple[str, str] | None
) -> published.GateCheck:
    if denial is None:
        value, limit = shown or (None, None)
        return published.GateCheck(number=number, code=code, ok=True, value=value, limit=limit)
    return published.GateCheck(
        number=number,
        code=code,
        ok=False,
        value=denial.value,
        limit=denial.limit,
        resets=denial.resets,
    )


PAIR_GATES = frozenset({"degraded", "duplicate_position", "wallet_not_clean", "leverage_limit"})
"""Judged at arm, and of one pair."""


def account_gates(risk: RiskSnapshot) -> tuple[published.GateCheck, ...]:
    """Every gate as it stands for the account now; what a pair or a signal decides is open."""
    denied = {denial.code: denial for denial in arm_gates(risk)}
    numbers, limits = standing_numbers(risk), signal_limits(risk)
    resets = {
        "monthly_halt": risk.month_resets,
        "risk_budget_insufficient": risk.month_resets,
        "daily_loss_limit": risk.day_resets,
        "daily_trade_limit": risk.day_resets,
    }

    def check(number: str, code: str) -> published.GateCheck:
        value, limit = numbers.get(code, (None, limits.get(code)))
        open_ = code in limits or code in PAIR_GATES
        return published.GateCheck(
            number=number,
            code=code,
            ok=None if open_ else code not in denied,
            value=value,
            limit=limit,
            resets=resets.get(code),
        )

    return tuple(check(number, code) for number, code, _ in GATES)

"""The daemon, its budget and its counts as wire messages, from one published instant."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, localcontext

from robson.api.facts import (
    DaemonFacts,
    DiskFact,
    ReachFact,
    RuntimeFact,
)
from robson.api.published import Published, RiskNumbers
from robson.api.translate import positions, previews
from robson.api.translate.values import (
    day_start,
    enum_name,
    floored,
    next_day,
    next_month,
    raised,
    seconds,
    stamp,
    text,
)
from robson.api.v1 import robson_pb2 as pb
from robson.domain.lifecycle import PositionState
from robson.domain.values import MONEY
from robson.domain.view import PositionView


def daemon(facts: DaemonFacts) -> pb.Daemon:
    """Who answers, and how it stands."""
    return pb.Daemon(
        version=facts.version,
        instance_id=facts.instance_id,
        profile=facts.profile,
        account=facts.account,
        epoch=facts.epoch,
        runtime_state=enum_name("RUNTIME_STATE", facts.runtime_state),
        started_at=stamp(facts.started_ns),
        tape=facts.tape or "",
        leases=[
            pb.Lease(key=lease.key, epoch=lease.epoch, expires_in_s=seconds(lease.expires_in_ns))
            for lease in facts.leases
        ],
        degraded=[
            pb.Degraded(
                scope=fact.scope,
                reason=fact.reason,
                since=stamp(fact.since_ns),
                code=fact.code,
                auto_clear=fact.auto_clear,
            )
            for fact in facts.degraded
        ],
        reconciliation_blockers=facts.blockers,
        feeds=[
            pb.Feed(
                symbol=feed.symbol,
                source=enum_name("FEED_SOURCE", feed.source),
                age_ms=feed.age_ms,
            )
            for feed in facts.feeds
        ],
        journal=pb.JournalStatus(
            seq=facts.journal_seq,
            replicated_seq=facts.replicated_seq,
            lag_s=seconds(facts.lag_ns),
            replication=facts.replication,
        ),
        clock_skew_ms=facts.clock_skew_ms,
        runtime_change=_change(facts.runtime_change),
        disk=_disk(facts.disk),
        exchange=_exchange(facts.silent),
        uninsured=facts.uninsured,
        observes=facts.observes,
    )


def _change(fact: RuntimeFact | None) -> pb.RuntimeChange | None:
    if fact is None:
        return None
    return pb.RuntimeChange(reason=fact.reason, actor=fact.actor or "", since=stamp(fact.since_ns))


def _exchange(fact: ReachFact | None) -> pb.ExchangeReach:
    if fact is None:
        return pb.ExchangeReach()
    return pb.ExchangeReach(
        silent_since=stamp(fact.since_ns), unanswered=fact.unanswered, refused=fact.refused
    )


def _disk(fact: DiskFact | None) -> pb.Disk | None:
    if fact is None:
        return None
    return pb.Disk(free_mib=fact.free_mib, warn_mib=fact.warn_mib, entry_mib=fact.entry_mib)


def status(
    published: Published, *, symbol: str | None, states: frozenset[PositionState]
) -> pb.GetStatusResponse:
    """One instant of everything; counts are over all positions, whatever is asked for.

    Without ``states`` it costs what lives, however long the past is.
    """
    asked = [v for v in published.positions if v.state in states] if states else published.live
    shown = [view for view in asked if symbol in (None, str(view.scope.symbol))]
    return pb.GetStatusResponse(
        as_of=stamp(published.now_ns),
        daemon=daemon(published.daemon),
        positions=[positions.position(view, published) for view in shown],
        summary=_summary(published),
        risk=risk_of(published.risk, published.now_ns),
    )


def _summary(published: Published) -> pb.Summary:
    count = Counter(view.state for view in published.live)
    closed = published.closed_since(day_start(published.now_ns))
    return pb.Summary(
        active_count=count[PositionState.ACTIVE],
        armed_count=count[PositionState.ARMED],
        closed_today_count=len(closed),
        total_pnl_today=floored(_sum_net(closed)),
        entering_count=count[PositionState.ENTERING],
        exiting_count=count[PositionState.EXITING],
        error_count=count[PositionState.ERROR],
    )


def _sum_net(views: list[PositionView]) -> Decimal:
    with localcontext(MONEY):
        return sum((view.settled.net for view in views if view.settled), Decimal(0))


def risk_of(risk: RiskNumbers, now_ns: int) -> pb.Risk:
    """Budget, limits and gates."""
    return pb.Risk(
        asset=risk.asset,
        capital_base=floored(risk.capital_base),
        budget=floored(risk.budget),
        consumed=raised(risk.consumed),
        latent=raised(risk.latent),
        remaining=floored(risk.remaining),
        slots=risk.slots,
        daily=pb.DailyRisk(
            pnl=floored(risk.daily_pnl),
            limit=floored(risk.daily_limit),
            trades=risk.trades_today,
            trades_limit=risk.trades_limit or 0,
            resets_at=stamp(next_day(now_ns)),
            trades_warn=risk.trades_warn or 0,
        ),
        halt=pb.Halt(
            **{"is": risk.halted},
            reason=risk.halt_reason or "",
            since=stamp(risk.halt_since_ns),
            actor=risk.halt_actor or "",
        ),
        open_positions=pb.Limit(value=risk.open_positions, limit=risk.max_open_positions),
        max_leverage=risk.max_leverage,
        month_resets_at=stamp(next_month(now_ns)),
        gates=[previews.gate(check) for check in risk.gates],
        alerts=[
            pb.BudgetAlert(
                line_pct=text(alert.line_pct),
                loss=floored(alert.loss),
                reached_at=stamp(alert.reached_ns),
            )
            for alert in risk.alerts
        ],
        credit=[
            pb.Credit(
                symbol=each.symbol,
                asset=each.asset,
                amount=floored(each.amount),
                read_at=stamp(each.read_ns),
            )
            for each in risk.credit
        ],
    )

"""A dry run as its wire message: the whole plan with every number that was decided."""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.api.published import ArmPreview, GateCheck, Published
from robson.api.translate import positions
from robson.api.translate.values import enum_name, floored, named, text, text_or_word
from robson.api.v1 import robson_pb2 as pb
from robson.domain.plan import EntryPlan, Level, Sizing, StopAudit
from robson.domain.values import MONEY

_PERCENT_PLACES = Decimal("1E-6")


def preview(value: ArmPreview, published: Published) -> pb.ArmPreview:
    """What arm would do now."""
    rules = published.instruments[value.symbol]
    price = None
    if value.price is not None and value.price_age_ns is not None:
        at_ns = published.now_ns - value.price_age_ns
        price = positions.price_point(value.price, at_ns, published.now_ns)
    return pb.ArmPreview(
        instrument=positions.instrument(rules.symbol, published),
        side=enum_name("SIDE", value.side),
        strategy=positions.strategy(value.strategy),
        price=price,
        plan=_plan(value.plan, value.strategy.stop_gain_spans) if value.plan else None,
        stop_search=_search(value.audit, value.plan) if value.audit else None,
        gates=[gate(check) for check in value.gates],
        denials=[
            pb.Denial(code=denial.code, message=denial.message, numbers=named(denial.numbers))
            for denial in value.denials
        ],
        exit_fence=enum_name("EXIT_FENCE", value.exit_fence),
        waiting_for=value.waiting_for or "",
        leverage=value.leverage,
    )


def gate(check: GateCheck) -> pb.Gate:
    """One rule that can deny an entry, as it stands."""
    return pb.Gate(
        number=check.number,
        code=check.code,
        ok=check.ok,
        value=text_or_word(check.value),
        limit=text_or_word(check.limit),
        resets=check.resets or "",
    )


def _percent(part: Decimal, whole: Decimal) -> str:
    with localcontext(MONEY):
        return floored(part * 100 / whole, _PERCENT_PLACES)


def _plan(plan: EntryPlan, spans: Decimal | None) -> pb.Plan:
    stops, sizing, insurance = plan.stops, plan.sizing, plan.insurance
    entry, gain = stops.entry_ref, stops.stop_gain
    with localcontext(MONEY):
        notional = sizing.quantity * entry
    return pb.Plan(
        entry_ref=text(entry),
        technical_stop=text(stops.technical_stop),
        buffer=text(stops.buffer),
        stop=text(stops.stop),
        stop_pct=_percent(stops.stop - entry, entry),
        span=text(stops.span),
        stop_gain=text(gain),
        stop_gain_pct=_percent(gain - entry, entry) if gain is not None else "",
        stop_gain_spans=text(spans) if gain is not None else "",
        net_r_at_gain=floored(plan.net_r_at_gain),
        be_bps=text(plan.be_bps),
        insurance_stop=text(insurance.stop_price) if insurance.terms.enabled else "",
        borrows=plan.borrows,
        notional=text(notional),
        sizing=_sizing(sizing),
    )


def _sizing(sizing: Sizing) -> pb.Sizing:
    with localcontext(MONEY):
        by_hand = sizing.golden_quantity * sizing.loss_unit
    return pb.Sizing(
        capital=text(sizing.capital),
        risk_pct=text(sizing.risk_pct),
        risk_limit=text(sizing.cap_risk),
        fee_rate=text(sizing.fee),
        span_term=text(sizing.span_term),
        fee_term=text(sizing.fee_term),
        gap_term=text(sizing.gap_term),
        slip_term=text(sizing.slip_term),
        interest_term=text(sizing.interest_unit),
        loss_unit=text(sizing.loss_unit),
        quantity=text(sizing.quantity),
        planned_risk=text(sizing.planned_risk),
        planned_risk_pct=_percent(sizing.planned_risk, sizing.capital),
        by_hand_quantity=text(sizing.golden_quantity),
        by_hand_loss=text(by_hand),
        by_hand_loss_pct=_percent(by_hand, sizing.capital),
        quantity_by_risk=text(sizing.qty_risk),
        quantity_by_margin=text(sizing.qty_margin),
        binding=sizing.binding,
    )


def _search(audit: StopAudit, plan: EntryPlan | None) -> pb.StopSearch:
    sign = plan.stops.side.sign if plan else 0
    entry = plan.stops.entry_ref if plan else None
    return pb.StopSearch(
        level_n=audit.configured_n,
        chosen_n=audit.selected_n or 0,
        method=audit.method,
        confidence=audit.confidence,
        candles=audit.candles,
        min_bps=audit.min_bps,
        max_bps=audit.max_bps,
        atr=text(audit.atr),
        levels=[
            pb.Level(
                n=place,
                price=text(level.price),
                distance=text(level.distance),
                distance_pct=_percent(-sign * level.distance, entry) if entry else "",
                touches=level.touches,
                verdict=_verdict(place, level, audit),
            )
            for place, level in enumerate(audit.levels, 1)
        ],
    )


def _verdict(place: int, level: Level, audit: StopAudit) -> str:
    """Why a level was taken or not: the rule starts at the n-th and walks outward."""
    if place == audit.selected_n:
        return "chosen"
    for skipped in audit.skipped:
        if skipped.price == level.price:
            return skipped.reason
    return "nearer" if place < audit.configured_n else "farther"

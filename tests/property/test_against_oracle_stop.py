"""Compares the executable stop with its oracle: buffer, tick, bounds, target and exchange stop.

What comes of a chart's level, and of levels on a bound, between ticks or hardly above zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import given

from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.plan import StopAnalysis, StopAudit, StopPlan
from robson.domain.strategy import StrategyConfig
from robson.domain.values import Price, Side, StopDistanceBounds
from robson.engine.stop import NoValidStop, insurance_stop, plan_stop
from tests.oracle import analyser_oracle, ladder_oracle
from tests.oracle.grounds import GRIDS, most_ticks
from tests.oracle.mix import Mix
from tests.oracle.tally import Tally
from tests.property.test_against_oracle_analyser import (
    FAST,
    NOW,
    WIDE,
    Case,
    Recorder,
    a_config,
    by_oracle,
    by_product,
    cases,
    near,
    supplies,
)


def behind_by_rule(stop: Decimal, span: Decimal, side: Side, rules: Instrument) -> Fraction:
    """The exchange's stop: 1 % of the stop or a quarter span behind it, at least three ticks."""
    tick, origin = Fraction(rules.tick), Fraction(rules.min_price)
    offset = max(3 * tick, min(Fraction(stop) / 100, Fraction(span) / 4))
    quantise = ladder_oracle.grid_down if side is Side.LONG else ladder_oracle.grid_up
    return quantise(Fraction(stop) - side.sign * offset, tick, origin)


def grid_of(case: Case, coarser: Sequence[int] = (1, 5, 7, 40)) -> Instrument:
    """The chart's own grid, a coarser one, or one that is shifted."""
    mix = case.mix
    tick = case.unit * mix.pick(coarser)
    origin = mix.pick((Decimal(0), tick, tick / 2))
    return Instrument(symbol=Symbol("A", "B"), tick=tick, step=Decimal(1), min_price=origin)


def same_plan(
    plan: StopPlan, answer: dict[str, Any], case: Case, rules: Instrument, spans: Decimal | None
) -> None:
    assert answer["refused"] is None
    assert plan.stop == answer["stop"]
    assert plan.span == answer["span"]
    assert near(plan.buffer, answer["buffer"])
    behind = insurance_stop(plan.stop, span=plan.span, side=case.side, instrument=rules)
    assert behind.stop_price == behind_by_rule(plan.stop, plan.span, case.side, rules)
    if spans is None:
        assert plan.stop_gain is None
    elif rules.min_price % rules.tick == 0:  # the oracle's target has no grid origin of its own
        assert plan.stop_gain == ladder_oracle.stop_gain_price(
            case.entry, plan.stop, case.side.value, spans, rules.tick
        )


def some_guard(case: Case, level: Decimal | Fraction, rules: Instrument) -> Price | None:
    """None, at the level, nearer than it, a little or far behind it."""
    share = case.mix.pick((None, None, 0, Fraction(-1, 3), Fraction(1, 5), Fraction(3)))
    if share is None:
        return None
    away = (Fraction(case.entry) - Fraction(level)) * case.side.sign
    wanted = Fraction(level) - case.side.sign * share * away
    ticks = (wanted - Fraction(rules.min_price)) // Fraction(rules.tick)
    return rules.price_of(max(1, int(ticks)))


def same_release(
    plan: StopPlan, level: Decimal | Fraction, guard: Price | None, case: Case, rules: Instrument
) -> list[str]:
    """Without the guard the stop would have been where the oracle has it without one."""
    config, side = case.config, case.side
    without = analyser_oracle.executable_stop(
        level,
        case.entry,
        side.value,
        rules.tick,
        buffer_bps=config.buffer_bps,
        cap_ratio=config.buffer_cap_ratio,
        min_bps=config.bounds.min_bps,
        max_bps=config.bounds.max_bps,
        min_price=rules.min_price,
    )
    assert plan.guard == guard
    if without["stop"] == plan.stop:
        assert plan.unguarded is None
        return []
    assert plan.unguarded == without["stop"]
    assert (plan.unguarded - plan.stop) * side.sign > 0
    return ["guard behind the level"]


def same_executable(
    analysis: StopAnalysis, level: Decimal | Fraction, case: Case, rules: Instrument
) -> list[str]:
    """Plan a stop from a level and assert that all of its prices, or its refusal, are the same."""
    config, side = case.config, case.side
    spans = case.mix.pick((Decimal(2), None, Decimal(11)))
    guard = some_guard(case, level, rules)
    answer = analyser_oracle.executable_stop(
        level,
        case.entry,
        side.value,
        rules.tick,
        buffer_bps=config.buffer_bps,
        guard=guard,
        cap_ratio=config.buffer_cap_ratio,
        min_bps=config.bounds.min_bps,
        max_bps=config.bounds.max_bps,
        min_price=rules.min_price,
    )
    plan = plan_stop(
        analysis,
        entry_ref=case.entry,
        side=side,
        strategy=StrategyConfig(name="s", stop=config, stop_gain_spans=spans),
        instrument=rules,
        guard=guard,
    )
    guarded = [] if guard is None else ["guarded"]
    if isinstance(plan, StopPlan):
        same_plan(plan, answer, case, rules, spans)
        guarded += same_release(plan, level, guard, case, rules)
        full = Fraction(answer["guarded"]) * Fraction(config.buffer_bps) / 10_000
        capped = ["buffer capped"] if full > Fraction(answer["buffer"]) else []
        return [f"{side.value} planned", "buffer" if full else "no buffer", *capped, *guarded]
    if answer["refused"] is not None:
        assert plan.reason == "stop_out_of_bounds"
        return [f"{side.value} out of bounds", *guarded]
    return [same_lack_of_room(plan, answer, case, rules, spans)]


def same_lack_of_room(
    plan: NoValidStop,
    answer: dict[str, Any],
    case: Case,
    rules: Instrument,
    spans: Decimal | None,
) -> str:
    """A stop that is good in itself, refused because a price beside it would not be above zero."""
    if plan.reason == "stop_gain_out_of_bounds":
        assert spans is not None
        ahead = Fraction(spans) * Fraction(answer["span"])
        assert Fraction(case.entry) + case.side.sign * ahead < rules.min_price + rules.tick
        return "no room ahead"
    assert plan.reason == "stop_out_of_bounds"
    assert behind_by_rule(answer["stop"], answer["span"], case.side, rules) <= 0
    return "no room behind"


SHOWN = (
    *(f"{side.value} {kind}" for side in Side for kind in ("planned", "out of bounds")),
    *("no buffer", "buffer", "buffer capped", "guarded", "guard behind the level"),
)


def test_the_executable_stop_of_a_chart_is_the_oracles(record_property: Recorder) -> None:
    """Buffer and its cap, adverse tick, bounds of level and stop, target, exchange stop."""
    tally = Tally("executable stop of a chart", (*SHOWN, "after ATR"))

    @WIDE
    @given(case=cases)
    def compare(case: Case) -> None:
        analysis = by_product(case)
        if isinstance(analysis, NoValidStop):
            return
        told = ["after ATR"] if analysis.audit.method == "atr" else []
        level = by_oracle(case)["level"]
        tally.see(*told, *same_executable(analysis, level, case, grid_of(case)))

    compare()
    tally.settle(record_property)


AUDIT = StopAudit(
    candles=100,
    first_open_ns=0,
    last_open_ns=0,
    levels=(),
    configured_n=2,
    selected_n=2,
    skipped=(),
    method="swing",
    confidence="high",
    min_bps=10,
    max_bps=1000,
)


def test_the_executable_stop_of_a_level_is_the_oracles(record_property: Recorder) -> None:
    """Also where level or stop lie on a bound, between ticks, or hardly above zero."""
    edges = ("level at the nearest", "level at the farthest")
    tally = Tally("executable stop of a level", (*SHOWN, *edges, "no room behind", "no room ahead"))

    @FAST
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        tiny = mix.rarely(3)
        side, unit, config = mix.pick(tuple(Side)), mix.pick(GRIDS), a_config(mix)
        config = attrs.evolve(config, bounds=StopDistanceBounds())
        count = mix.magnitude(3, most_ticks(unit) // 4)
        if tiny:
            count = mix.pick((mix.number(121, 133), mix.number(346, 368), mix.number(100, 400)))
        count -= count % mix.pick((1, 1000)) if count > 1000 else 0
        bps = mix.pick((mix.number(10, 1000), mix.number(8, 1010), 10, 1000, 1000))
        away = min(count * bps // 10_000 or 1, count - 1)
        case = Case((), Price(count * unit), side, config, NOW, unit, mix)
        level = Price((count - side.sign * away) * unit)
        rules = grid_of(case, (40,) if tiny else (1, 1, 1, 5))
        told = same_executable(StopAnalysis(stop=level, audit=AUDIT), level, case, rules)
        if f"{side.value} planned" in told:
            told += ["level at the nearest"] * (away * 1000 == count)
            told += ["level at the farthest"] * (away * 10 == count)
        tally.see(*told)

    compare()
    tally.settle(record_property)

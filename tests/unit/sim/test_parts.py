"""The parts of a world: excuses, cover, severity, tapes, and what a percentile is."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson.connectors.simulated.rules import instrument_for
from robson.domain.strategy import STRATEGIES, DetectorKind, TrailingMode
from robson.sim.chance import Chance
from robson.sim.checks import Excuses
from robson.sim.faults import KINDS, SEVERITIES, FaultPlan, Span
from robson.sim.markets import TEMPERS, market
from robson.sim.plans import Plan, plan_of
from robson.sim.reach import JUDGED_FROM, RARE, RARE_FROM, TABLES, Reach
from robson.sim.runs import percentile

TIMES = st.integers(0, 50)
SPANS = st.lists(st.tuples(TIMES, TIMES), max_size=12)


@given(spans=SPANS, span=st.tuples(TIMES, TIMES))
def test_time_under_several_excuses_counts_once(
    spans: list[tuple[int, int]], span: tuple[int, int]
) -> None:
    known = [Span(min(pair), max(pair), "x") for pair in spans]
    excuses, since, until = Excuses(known), min(span), max(span)
    instants = range(since, until)
    inside = sum(any(s.since_ns <= at < s.until_ns for s in known) for at in instants)

    assert excuses(since, until) == inside


def test_excuses_take_in_what_comes_later() -> None:
    spans = [Span(10, 20, "x")]
    excuses = Excuses(spans)

    assert excuses(0, 100) == 10
    spans.append(Span(15, 40, "y"))
    assert excuses(0, 100) == 30


def test_calm_faults_never_strike_and_every_kind_is_known() -> None:
    calm = FaultPlan(1)

    assert not any(calm.strikes(kind) for kind in KINDS for _ in range(100))
    assert not calm.counts
    rough = FaultPlan(1, SEVERITIES["harsh"])
    assert any(rough.strikes("lost_request") for _ in range(100))
    rough.cease()
    assert not any(rough.strikes("lost_request") for _ in range(100))


@pytest.mark.parametrize("temper", sorted(TEMPERS))
def test_a_market_is_its_seed(temper: str) -> None:
    one, two = (market(5, TEMPERS[temper], steps=50) for _ in range(2))
    other = market(6, TEMPERS[temper], steps=50)

    assert one.tape.columns == two.tape.columns
    assert one.past.columns == two.past.columns
    assert one.tape.columns != other.tape.columns
    rules = instrument_for(one.tape.symbol, tape=one.tape)
    assert one.past.end_ns <= one.tape.first_ns
    assert len(list(one.tape.rows(rules))) == 50


def test_plans_differ_by_seed_and_are_equal_for_one() -> None:
    plans = [plan_of(seed, 3) for seed in range(200)]

    assert plans == [plan_of(seed, 3) for seed in range(200)]
    assert {plan.temper for plan in plans} == TEMPERS.keys()
    assert {plan.severity for plan in plans} == SEVERITIES.keys()
    assert all(plan.crash_at is None for plan in plans if plan.severity == "calm")


def as_usual(plan: Plan, usual: Plan) -> Plan:
    """A plan with what a mixture may change as it was without."""
    wishes = [
        attrs.evolve(wish, strategy=was.strategy, signal_bps=None)
        for wish, was in zip(plan.wishes, usual.wishes, strict=True)
    ]
    plan = attrs.evolve(plan, wishes=tuple(wishes), strategies=())
    patient = plan.temper == "patient"
    changed = {"severity": usual.severity, "crash_at": usual.crash_at} if patient else {}
    return attrs.evolve(plan, **changed)


def test_strategies_are_mixed_in_and_nothing_else_changes() -> None:
    """Markets, people and deaths stay; where a crossing is waited for, how bad it is changes."""
    mixed, usual = ([plan_of(n, 3, usual=kind) for n in range(200)] for kind in (False, True))
    own = [strategy for plan in mixed for strategy in plan.strategies]

    assert [as_usual(*pair) for pair in zip(mixed, usual, strict=True)] == usual
    assert {wish.strategy for plan in mixed for wish in plan.wishes} >= STRATEGIES.keys()
    assert {each.trailing for each in own} == set(TrailingMode)
    assert {each.detector for each in own} == set(DetectorKind)
    assert {each.stop.guard_lookback is None for each in own} == {True, False}
    assert {each.stop_gain_spans is None for each in own} == {True, False}


def test_percentiles() -> None:
    values = [Decimal(n) for n in range(100)]

    assert (percentile(values, 50), percentile(values, 99)) == (50, 99)
    assert percentile([], 99) == 0
    assert percentile([Decimal(7)], 99) == 7


def test_chance_is_its_name() -> None:
    one, two = Chance("a"), Chance("a")

    assert [one.below(9) for _ in range(50)] == [two.below(9) for _ in range(50)]
    assert {one.pick("xyz") for _ in range(50)} == set("xyz")
    assert {one.between(3, 6) for _ in range(50)} == {3, 4, 5}


def test_what_is_rare_is_demanded_of_many() -> None:
    reach = Reach()
    few, many = set(reach.missing(JUDGED_FROM)), set(reach.missing(RARE_FROM))

    assert many - few == {f"{table}: {name}" for table, name in RARE}
    assert len(many) == sum(map(len, TABLES.values()))
    reach.add("recovery", ("R12", "R15"))
    assert many - set(reach.missing()) == {"recovery: R12", "recovery: R15"}

"""What holds for every planned stop: each price on the grid, on its side and within bounds."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.plan import StopPlan
from robson.domain.strategy import StrategyConfig
from robson.domain.values import MONEY
from robson.engine.stop import NoValidStop, analyse, insurance_stop, plan_stop
from tests.property.charts import NOW, Case, cases

WIDE = settings(max_examples=150, deadline=None)


@WIDE
@given(
    case=cases(),
    tick=st.sampled_from([1, 5, 7]),
    spans=st.sampled_from([None, Decimal("0.5"), Decimal(2), Decimal(9)]),
)
def test_a_plan_keeps_every_price_on_the_grid_on_its_side_and_in_bounds(
    case: Case, tick: int, spans: Decimal | None
):
    """Stop behind the level, insurance stop behind the stop, gain ahead of the entry."""
    found = analyse(
        case.candles,
        entry_ref=case.entry,
        side=case.side,
        config=case.config,
        now_ns=NOW,
    )
    if isinstance(found, NoValidStop):
        return
    rules = Instrument(symbol=Symbol("A", "B"), tick=case.unit * tick, step=Decimal(1))
    strategy = StrategyConfig(name="s", stop=case.config, stop_gain_spans=spans)
    plan = plan_stop(
        found, entry_ref=case.entry, side=case.side, strategy=strategy, instrument=rules
    )
    if not isinstance(plan, StopPlan):
        assert plan.reason in {"stop_out_of_bounds", "stop_gain_out_of_bounds"}
        return
    sign = case.side.sign
    behind = insurance_stop(plan.stop, span=plan.span, side=case.side, instrument=rules)
    assert (found.stop - plan.stop) * sign >= 0
    assert case.config.bounds.place(plan.span, case.entry) is None
    with localcontext(MONEY):  # a fallback level has more digits than the default context
        assert 0 <= plan.buffer <= abs(case.entry - found.stop) / 4
        assert abs(found.stop - plan.stop) < plan.buffer + rules.tick
    assert behind.offset >= 3 * rules.tick
    assert (plan.stop - behind.stop_price) * sign == behind.offset
    assert behind.offset < max(4 * rules.tick, plan.span / 4 + rules.tick)
    for price in (plan.stop, behind.stop_price, plan.stop_gain or plan.stop):
        assert rules.price_of(rules.ticks(price)) == price
    if plan.stop_gain is not None:
        assert spans is not None
        assert 0 <= (plan.stop_gain - case.entry) * sign - spans * plan.span < rules.tick

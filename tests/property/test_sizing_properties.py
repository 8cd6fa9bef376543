"""What holds for every size: never above the cap, every term adds up, never one step too small."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import attrs
import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st

from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.plan import Sizing, StopPlan
from robson.domain.values import MONEY, Leverage, Price, Side
from robson.engine.budget import Budget, latent_loss
from robson.engine.costs import unit_loss
from robson.engine.sizing import SizeRefused, SizingTerms, interest_per_unit, net_at_gain, size
from robson.engine.stop import insurance_stop

WIDE = settings(max_examples=400, deadline=None)
STEPS = [Decimal(step) for step in ("1", "0.1", "0.001", "0.00001", "0.00000001", "0.05", "1000")]


def bps(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most * 100).map(lambda each: Decimal(each) / 100)


@st.composite
def plans(draw: st.DrawFn) -> tuple[StopPlan, Instrument]:
    """A stop from 10 bps to 10 % away, on prices from 1e-8 to 1e6."""
    tick = Decimal(f"1E-{draw(st.integers(0, 8))}")
    most = int(Decimal(10**6) / tick)
    entry_ticks = draw(st.integers(20, min(most, 10**4)) | st.integers(20, most))
    away = max(1, entry_ticks * draw(st.integers(10, 1000)) // 10_000)
    side = draw(st.sampled_from(Side))
    with localcontext(MONEY):
        gain = (entry_ticks + side.sign * 2 * away) * tick
        plan = StopPlan(
            side=side,
            entry_ref=Price(entry_ticks * tick),
            technical_stop=Price((entry_ticks - side.sign * away) * tick),
            buffer=Decimal(0),
            stop=Price((entry_ticks - side.sign * away) * tick),
            stop_gain=Price(gain) if draw(st.booleans()) else None,
        )
    rules = Instrument(
        symbol=Symbol("A", "B"),
        tick=tick,
        step=draw(st.sampled_from(STEPS)),
        market_step=draw(st.sampled_from([Decimal(0), Decimal(1)])),
        min_qty=draw(st.sampled_from([Decimal(0), Decimal("0.001"), Decimal(10)])),
        max_qty=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal(100), Decimal("0.7")])),
        min_notional=draw(st.sampled_from([Decimal(0), Decimal(5)])),
    )
    return plan, rules


@st.composite
def all_terms(draw: st.DrawFn) -> SizingTerms:
    capital = Decimal(draw(st.integers(1, 10**12))) / 100
    return SizingTerms(
        capital=capital,
        equity=draw(st.sampled_from([capital, capital / 4, capital * 3])),
        risk_pct=draw(st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("0.37")])),
        fee=Decimal(draw(st.integers(0, 500))) / 100_000,
        gap_bps=draw(bps(50)),
        entry_slip_bps=draw(bps(30)),
        interest_unit=draw(
            st.sampled_from([Decimal(0), Decimal("0.000000000001"), Decimal("1.3")])
        ),
        leverage=Leverage(draw(st.integers(1, 10))),
    )


def behind(plan: StopPlan, rules: Instrument) -> Price | None:
    """Where the insurance stop rests; None without room for it above zero."""
    if plan.stop - plan.span / 4 - 4 * rules.tick <= 0:
        return None
    return insurance_stop(plan.stop, span=plan.span, side=plan.side, instrument=rules).stop_price


@WIDE
@given(given_plan=plans(), terms=all_terms(), insured=st.booleans())
def test_the_planned_risk_never_exceeds_the_cap_and_every_term_multiplies_out(
    given_plan: tuple[StopPlan, Instrument], terms: SizingTerms, *, insured: bool
):
    """Exactly, by fractions that know no rounding."""
    plan, rules = given_plan
    bound = behind(plan, rules) if insured else None

    sizing = size(plan, terms, rules, insurance_stop=bound)

    if isinstance(sizing, SizeRefused):
        assert sizing.code in {"size_too_small", "insufficient_margin"}
        return
    exact = Fraction
    parts = (
        sizing.span_term,
        sizing.fee_term,
        sizing.gap_term,
        sizing.slip_term,
        sizing.interest_unit,
    )
    assert sum(map(exact, parts)) == exact(sizing.loss_unit)
    assert exact(sizing.quantity) * exact(sizing.loss_unit) == exact(sizing.planned_risk)
    cap = exact(terms.capital) * exact(terms.risk_pct) / 100
    assert exact(sizing.planned_risk) <= exact(sizing.cap_risk) <= cap
    assert rules.refuses(sizing.quantity, plan.entry_ref) is None
    assert sizing.quantity <= min(sizing.qty_risk, sizing.qty_margin)
    usable, lever = min(terms.capital, terms.equity), terms.leverage
    multiple = lever if plan.side is Side.LONG else lever - 1
    held = exact(sizing.quantity) * exact(plan.entry_ref)
    assert held <= exact(usable) * multiple * exact(99, 100)
    if bound is not None:
        worst = unit_loss(
            side=plan.side,
            entry=plan.entry_ref,
            stop=bound,
            fee=terms.fee,
            gap_bps=terms.gap_bps,
            entry_slip_bps=terms.entry_slip_bps,
            interest_unit=terms.interest_unit,
        ).loss_unit
        assert exact(sizing.quantity) * exact(worst) <= exact(terms.capital) * exact(15, 1000)


@WIDE
@given(given_plan=plans(), terms=all_terms())
def test_one_step_more_would_break_a_limit(
    given_plan: tuple[StopPlan, Instrument], terms: SizingTerms
):
    """The largest size that is allowed, not merely an allowed one."""
    plan, rules = given_plan
    sizing = size(plan, terms, rules)
    if isinstance(sizing, SizeRefused):
        return
    caps = {"risk": sizing.qty_risk, "margin": sizing.qty_margin, "max_qty": rules.order_max}
    smallest = min(cap for cap in caps.values() if cap is not None)
    assert caps[sizing.binding] == smallest
    assert sizing.quantity <= smallest < sizing.quantity + rules.order_step
    whole = Fraction(sizing.cap_risk) / Fraction(sizing.loss_unit)
    assert 0 <= whole - Fraction(sizing.qty_risk) < Fraction(1, 10**12)


@WIDE
@given(given_plan=plans(), terms=all_terms(), rate=st.integers(0, 10_000))
def test_costs_only_ever_shrink_the_size(
    given_plan: tuple[StopPlan, Instrument], terms: SizingTerms, rate: int
):
    """By hand is the most; interest is at least nothing and at most everything borrowed."""
    plan, rules = given_plan
    hourly = Decimal(rate) / 10**9
    interest = interest_per_unit(plan, terms, hourly_rate=hourly)
    whole = plan.entry_ref * hourly * 24
    assert 0 <= interest < whole + Decimal("1E-12")
    if plan.side is Side.SHORT:
        assert interest >= whole
    cheap = size(plan, terms, rules)
    dear = size(plan, attrs.evolve(terms, interest_unit=terms.interest_unit + interest), rules)
    if isinstance(dear, Sizing):
        assert isinstance(cheap, Sizing)
        assert dear.quantity <= cheap.quantity <= cheap.golden_quantity


@WIDE
@given(given_plan=plans(), terms=all_terms())
def test_the_net_at_the_gain_is_what_the_fills_would_give(
    given_plan: tuple[StopPlan, Instrument], terms: SizingTerms
):
    """Rounded down by less than a trillionth."""
    plan, rules = given_plan
    sizing = size(plan, terms, rules)
    if isinstance(sizing, SizeRefused) or plan.stop_gain is None:
        return
    net = net_at_gain(plan, sizing)
    assert net is not None
    paid, got = Fraction(sizing.entry_fill), Fraction(plan.stop_gain)
    result = (got - paid) * plan.side.sign - Fraction(terms.fee) * (got + paid)
    exact = (result - Fraction(terms.interest_unit)) / Fraction(sizing.loss_unit)
    assert 0 <= exact - Fraction(net) < Fraction(1, 10**12) + Fraction(1, 10**30)


@WIDE
@given(given_plan=plans(), terms=all_terms(), moved=st.integers(0, 12))
def test_a_tighter_stop_is_never_a_larger_latent_loss(
    given_plan: tuple[StopPlan, Instrument], terms: SizingTerms, moved: int
):
    """Trailing frees budget; a fresh position holds exactly its planned risk without slip."""
    plan, rules = given_plan
    sizing = size(plan, attrs.evolve(terms, entry_slip_bps=Decimal(0)), rules)
    if isinstance(sizing, SizeRefused):
        return

    def latent(stop: Decimal) -> Decimal:
        return latent_loss(
            side=plan.side,
            stop=Price(stop),
            quantity=sizing.quantity,
            entry_vwap=plan.entry_ref,
            fee=terms.fee,
            gap_bps=terms.gap_bps,
            accrued=sizing.quantity * terms.interest_unit,
        )

    tighter = plan.stop + plan.side.sign * plan.span * moved / 4
    assume(tighter > 0)
    assert 0 <= latent(tighter) <= latent(plan.stop)
    assert 0 <= latent(plan.stop) - sizing.planned_risk <= Decimal("1E-12")


@WIDE
@given(
    base=st.integers(-1000, 10**9),
    realised=st.integers(-(10**8), 10**8),
    latent=st.integers(0, 10**8),
)
def test_a_budget_only_gets_smaller_by_losses_and_risks(base: int, realised: int, latent: int):
    """Gains never widen the four percent, and slots never promise more than is left."""
    cent = Decimal("0.01")
    month = Budget(capital_base=base * cent, realised_net=realised * cent, latent=latent * cent)
    assert month.remaining <= month.budget == max(Decimal(0), base * cent) * 4 / 100
    assert 0 <= month.slots <= 4
    assert month.slots * month.capital_base / 100 <= max(Decimal(0), month.remaining)
    assert month.halt == (base <= 0 or month.remaining <= 0)
    assert not (month.halt and month.slots)


KINDS = ["risk", "margin", "max_qty", "insurance", "size_too_small", "insufficient_margin"]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kind", KINDS)
def test_the_cases_above_do_meet_every_kind_of_answer(kind: str, side: Side):
    """Nothing passes empty."""

    def told(case: tuple[tuple[StopPlan, Instrument], SizingTerms]) -> bool:
        (plan, rules), terms = case
        if plan.side is not side:
            return False
        sizing = size(plan, terms, rules, insurance_stop=behind(plan, rules))
        return kind == (sizing.code if isinstance(sizing, SizeRefused) else sizing.binding)

    once = settings(max_examples=5000, deadline=None, database=None)
    assert told(find(st.tuples(plans(), all_terms()), told, settings=once))

"""What one unit costs: interest, fees at the gain, and sums that are exact to the last digit."""

from __future__ import annotations

from decimal import Decimal, localcontext

import attrs
import pytest

from robson.domain.errors import InvalidValue, InvariantViolated
from robson.domain.plan import Sizing
from robson.domain.values import MONEY, Side
from robson.engine.costs import quotient_down, unit_loss
from robson.engine.sizing import SizingTerms, interest_per_unit, net_at_gain, size
from tests.unit.engine.builders import BTC, D, stops, terms


def sized(entry: object, stop: object, given: SizingTerms | None = None) -> Sizing:
    outcome = size(stops(entry, stop), given or terms(), BTC)
    assert isinstance(outcome, Sizing)
    return outcome


def test_a_short_pays_interest_on_every_unit():
    """Entry reference times hourly rate times hours."""
    rate = D("0.000001")
    assert interest_per_unit(stops("95000", "96500"), terms(), hourly_rate=rate) == D("2.28")
    short = interest_per_unit(stops("95000", "96500"), terms(), hourly_rate=rate, hold_hours=1)
    assert short == D("0.095")


def test_a_long_pays_interest_on_what_its_equity_does_not_cover():
    """Half borrowed is half the interest; nothing borrowed is none."""
    plan, rate = stops("95000", "93500"), D("0.000001")
    assert interest_per_unit(plan, terms(), hourly_rate=rate) == 0
    cost = sized("95000", "93500").qty_risk * 95000
    half = interest_per_unit(plan, terms(equity=cost / 2), hourly_rate=rate)
    assert half == D("1.14")
    nothing = interest_per_unit(plan, terms(equity=D(0)), hourly_rate=rate)
    assert nothing == D("2.28")


def test_interest_does_not_feed_back_into_the_size_it_is_computed_from():
    """The borrowed share is taken at the size without interest."""
    plan, rate = stops("95000", "93500"), D("0.0001")
    some = terms(equity=D(3000))
    assert interest_per_unit(plan, some, hourly_rate=rate) == interest_per_unit(
        plan, attrs.evolve(some, interest_unit=D(500)), hourly_rate=rate
    )


def test_interest_without_capital_is_none():
    """Nothing is bought, so nothing is borrowed; and nothing is divided by zero."""
    assert interest_per_unit(stops("95000", "93500"), terms(0), hourly_rate=D("0.0001")) == 0


@pytest.mark.proves("I-05")
def test_interest_shrinks_the_size():
    """It is part of what one unit can lose."""
    assert sized("95000", "93500", terms(interest_unit=D(100))).quantity == D("0.05313")


def test_two_spans_net_less_than_two_r():
    """The figures of the printed example: two spans are 1.21 R after costs."""
    plan = stops("117724.29", "116711.67", gain="119749.53")
    sizing = size(plan, terms(entry_slip_bps=D(5)), BTC)
    assert isinstance(sizing, Sizing)

    net = net_at_gain(plan, sizing)

    assert net is not None
    assert str(net)[:5] == "1.215"
    assert sizing.quantity == D("0.07029")


def test_a_narrow_span_nets_a_loss_at_its_gain():
    """Two spans of ten basis points do not pay two fees; rounded against the reader."""
    plan = stops("95000", "94905", gain="95190")
    sizing = size(plan, terms(), BTC)
    assert isinstance(sizing, Sizing)
    assert net_at_gain(plan, sizing) == D("-0.000500375157")


def test_a_short_nets_below_its_entry():
    """Mirrored."""
    plan = stops("95000", "96500", gain="92000")
    sizing = size(plan, terms(), BTC)
    assert isinstance(sizing, Sizing)
    net = net_at_gain(plan, sizing)
    assert net is not None
    gained = (3000 - D("187.000")) / sizing.loss_unit
    assert abs(net - gained) < D("1e-11")


def test_without_a_gain_there_is_no_net():
    """None, not zero."""
    plan = stops("95000", "93500")
    sizing = size(plan, terms(), BTC)
    assert isinstance(sizing, Sizing)
    assert net_at_gain(plan, sizing) is None


def test_division_goes_down_even_where_the_context_would_round_up():
    """39 nines round to one in 38 digits, and one unit too many would exceed the cap."""
    nines = D("0." + "9" * 39)
    assert quotient_down(nines, D(1), 12) == D("0." + "9" * 12)
    assert quotient_down(D(2), D(3), 12) == D("0.666666666666")


@pytest.mark.parametrize("side", Side)
def test_the_average_of_any_fills_has_a_unit_loss_against_the_reader(side: Side):
    """A quotient fills all 38 digits; nothing that has a price may fail to say what it loses."""
    for shares in range(3, 60):
        with localcontext(MONEY):
            average = D("151.72") + D(1) / shares
        found = unit_loss(side=side, entry=average, stop=D("150.37"), fee=D("0.001"), gap_bps=D(10))
        assert 0 <= (found.entry_fill - average) * side.sign <= D("1e-12")


def test_figures_that_cannot_add_up_exactly_are_a_defect():
    """Better no decision than one that cannot be explained."""
    with pytest.raises(InvariantViolated):
        unit_loss(
            side=Side.LONG,
            entry=D("969739546653117219656.6560857"),
            stop=D("872765591987805497690.9904771"),
            fee=D("0.00123456789"),
            gap_bps=D("7.7777777"),
            entry_slip_bps=D("3.3333333"),
        )


@pytest.mark.parametrize(
    "change",
    [
        {"fee": D("-0.001")},
        {"gap_bps": D(-1)},
        {"interest_unit": D(-1)},
        {"headroom_bps": D(10_001)},
        {"risk_pct": D(0)},
        {"risk_pct": D("1.01")},
    ],
)
def test_terms_that_would_raise_the_risk_are_refused(change: dict[str, Decimal]):
    """A cost below zero is a gain that is not there; 1 % is the law."""
    with pytest.raises(InvalidValue):
        terms(**change)

"""The worked sizes, their terms, and every reason for a smaller size or none."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.domain.instrument import Instrument
from robson.domain.plan import Sizing
from robson.domain.values import Leverage, Price, Side
from robson.engine.costs import unit_loss
from robson.engine.margin import MarginRules
from robson.engine.sizing import (
    Purse,
    SizeRefused,
    SizingTerms,
    insurance_cap,
    size,
)
from robson.engine.stop import insurance_stop
from tests.unit.engine.builders import BTC, D, instrument, stops, terms


def sized(
    entry: object,
    stop: object,
    given: SizingTerms | None = None,
    rules: Instrument = BTC,
    insurance: str | None = None,
) -> Sizing:
    outcome = size(
        stops(entry, stop),
        given or terms(),
        rules,
        insurance_stop=None if insurance is None else Price(insurance),
    )
    assert isinstance(outcome, Sizing)
    return outcome


def refused(
    entry: object,
    stop: object,
    given: SizingTerms | None = None,
    rules: Instrument = BTC,
    insurance: str | None = None,
) -> SizeRefused:
    outcome = size(
        stops(entry, stop),
        given or terms(),
        rules,
        insurance_stop=None if insurance is None else Price(insurance),
    )
    assert isinstance(outcome, SizeRefused)
    return outcome


VECTORS = [
    (10000, "95000", "93500", "0.06666", "0.05611", "99.982773715", "5330.45", "0.05466"),
    (10000, "95000", "96500", "0.06666", "0.05592", "99.990356280", "5312.40", "0.05447"),
    (10000, "95000", "94905", "1.05263", "0.26335", "99.997970268", "25018.25", "0.23404"),
    (1000, "95000", "93500", "0.00666", "0.00561", "9.996495465", "532.95", "0.00546"),
    (10000, "95000", "93406.5", "0.06275", "0.05332", "99.986708725", "5065.40", "0.05200"),
    (30, "92837.01", "93058.20", "0.00135", "0.00059", "0.295139516", "54.77", "0.00054"),
]
"""capital, entry, stop, by hand, quantity, planned risk, notional, quantity with 5 bps slip."""


@pytest.mark.proves("I-05", "I-08")
@pytest.mark.parametrize(
    ("capital", "entry", "stop", "hand", "quantity", "planned", "notional", "slipped"), VECTORS
)
def test_worked_sizes(
    capital: int,
    entry: str,
    stop: str,
    hand: str,
    quantity: str,
    planned: str,
    notional: str,
    slipped: str,
):
    """The figures that were computed by hand, with and without an entry slip."""
    sizing = sized(entry, stop, terms(capital))

    assert str(sizing.golden_quantity) == hand
    assert str(sizing.quantity) == quantity
    assert round(sizing.planned_risk, 9) == D(planned)
    assert round(sizing.quantity * D(entry), 2) == D(notional)
    assert sizing.binding == "risk"

    with_slip = sized(entry, stop, terms(capital, entry_slip_bps=D(5)))
    assert with_slip.quantity == D(slipped)
    assert with_slip.golden_quantity == D(hand)


def test_every_term_can_be_multiplied_out():
    """What `explain` prints adds up to the last digit."""
    given = terms(entry_slip_bps=D(5), interest_unit=D("1.25"))

    sizing = sized("95000", "93500", given)

    assert sizing.entry_fill == D("95047.5")
    assert sizing.adverse_fill == D("93406.5")
    assert sizing.span_term == D(1500)
    assert sizing.slip_term == D("47.5")
    assert sizing.gap_term == D("93.5")
    assert sizing.fee_term == D("188.454")
    assert sizing.interest_unit == D("1.25")
    assert sizing.loss_unit == D("1830.704")
    assert sizing.cap_risk == D(100)
    assert sizing.planned_risk == sizing.quantity * sizing.loss_unit
    assert sizing.qty_risk == D("0.054623794999")


def test_a_short_enters_lower_and_leaves_higher():
    """Slip and gap are against the position on both sides."""
    sizing = sized("95000", "96500", terms(entry_slip_bps=D(5)))
    assert (sizing.entry_fill, sizing.adverse_fill) == (D("94952.5"), D("96596.5"))
    assert sizing.span_term == D(1500)


@pytest.mark.proves("I-08")
def test_leverage_only_raises_the_margin_cap():
    """The risk-sized quantity is the same at any leverage."""
    sizes = {
        leverage: sized("95000", "93500", attrs.evolve(terms(), leverage=Leverage(leverage)))
        for leverage in (1, 3, 10)
    }
    assert {sizing.quantity for sizing in sizes.values()} == {D("0.05611")}
    assert [sizes[n].qty_margin for n in (1, 3, 10)] == [
        D("0.10421052"),
        D("0.31263157"),
        D("1.04210526"),
    ]


def test_a_short_borrows_one_multiple_less():
    """The exchange counts assets: a short at 1 cannot borrow anything."""
    short = sized("95000", "96500")
    assert short.qty_margin == D("0.20842105")
    at_one = refused("95000", "96500", attrs.evolve(terms(), leverage=Leverage(1)))
    assert at_one.code == "insufficient_margin"


@pytest.mark.proves("I-27")
def test_the_live_equity_bounds_the_size():
    """Not the capital at the start of the month, and not what lies in another pair."""
    sizing = sized("95000", "93500", terms(equity=D(1000)))
    assert (sizing.quantity, sizing.binding) == (D("0.03126"), "margin")
    assert sized("95000", "93500", terms(equity=D(10**9))).quantity == D("0.05611")


def test_the_capital_given_bounds_the_margin_too():
    """Equity beyond the capital is not used."""
    tight = sized("95000", "94905", terms(1000, equity=D(10_000), headroom_bps=D(2000)))
    assert (tight.binding, tight.qty_margin) == ("margin", D("0.02526315"))


def test_the_largest_market_order_caps_the_size():
    """It is cut, never refused for being too large."""
    sizing = sized("95000", "93500", rules=instrument(max_qty="0.01"))
    assert (sizing.quantity, sizing.binding) == (D("0.01"), "max_qty")


@pytest.mark.parametrize(
    "rules",
    [instrument(min_qty="0.06"), instrument(min_notional="6000"), instrument(step="0.1")],
)
def test_a_size_below_the_smallest_order_is_refused(rules: Instrument):
    """It is never rounded up: that would risk more than was allowed."""
    outcome = refused("95000", "93500", rules=rules)
    assert outcome.code == "size_too_small"
    assert dict(outcome.numbers)["binding"] == "risk"


def test_a_margin_below_the_smallest_order_is_named_as_such():
    """Money on the pair is missing, not distance to the stop."""
    outcome = refused("95000", "93500", terms(equity=D(30)), instrument(min_notional="100"))
    assert outcome.code == "insufficient_margin"
    assert "100 USDT" in outcome.message
    assert dict(outcome.numbers)["notional"] == "88.35000"


@pytest.mark.parametrize("equity", [D(0), D(-5)])
def test_without_equity_nothing_is_bought(equity: Decimal):
    """Debt beyond the assets is not a size."""
    assert refused("95000", "93500", terms(equity=equity)).code == "insufficient_margin"


@pytest.mark.parametrize("capital", [0, -100])
def test_without_capital_nothing_is_bought(capital: int):
    """A negative base would turn the cap around."""
    assert refused("95000", "93500", terms(capital)).code == "size_too_small"


def test_the_smallest_order_itself_is_allowed():
    """The limits are inclusive."""
    rules = instrument(min_qty="0.05611", min_notional="5330.45")
    assert sized("95000", "93500", rules=rules).quantity == D("0.05611")


# --- the insurance stop ---------------------------------------------------------------------------


def test_the_insurance_stop_at_its_usual_place_does_not_shrink_the_size():
    """A quarter of a span behind the stop costs less than 1.5 %."""
    plan = stops("95000", "93500")
    behind = insurance_stop(plan.stop, span=plan.span, side=Side.LONG, instrument=BTC)
    assert sized("95000", "93500", insurance=str(behind.stop_price)).quantity == D("0.05611")


def test_a_loss_beyond_one_and_a_half_percent_at_the_insurance_stop_shrinks_the_size():
    """Three ticks may be far where the tick is coarse."""
    rules = instrument(tick="500")

    sizing = sized("95000", "93500", rules=rules, insurance="92000")

    assert sizing.binding == "insurance"
    loss = unit_loss(
        side=Side.LONG, entry=D(95000), stop=D(92000), fee=D("0.001"), gap_bps=D(10)
    ).loss_unit
    assert sizing.quantity * loss <= D(150) < (sizing.quantity + D("0.00001")) * loss
    assert insurance_cap(loss_unit=D(3000), capital=D(10_000)) == D("0.05")


@pytest.mark.proves("P4")
def test_the_order_that_protects_has_to_pass_the_filters_too():
    """After the fee and at the lower price it is smaller than the entry."""
    plain = sized("95000", "93500", rules=instrument(min_notional="5300"))
    assert plain.quantity == D("0.05611")
    outcome = refused("95000", "93500", rules=instrument(min_notional="5300"), insurance="93125")
    assert outcome.code == "size_too_small"
    assert dict(outcome.numbers)["quantity"] == "0.05605"


def test_a_short_leaves_room_for_its_larger_buy_back():
    """What is bought back is more than what was sold, by the fee it is charged."""
    rules = instrument(max_qty="0.01")

    sizing = sized("95000", "96500", rules=rules, insurance="96875")

    assert sizing.binding == "max_qty"
    back = rules.ceil_quantity(sizing.quantity / (1 - D("0.001")))
    assert back <= D("0.01")


LENT = Purse(base=D("0.01"), quote=D("475.002"))
"""What is free and lent: of each asset enough for another size."""


def test_a_purse_bounds_a_long_by_its_quote_and_a_short_by_its_base():
    """475.002 buys 0.005 at 95,000; a short sells what is lent of the base."""
    bought = size(stops(95000, 93500), terms(), BTC, purse=LENT)
    sold = size(stops(95000, 96500), terms(), BTC, purse=LENT)
    assert isinstance(bought, Sizing)
    assert isinstance(sold, Sizing)
    assert (bought.binding, bought.quantity, bought.qty_borrow) == (
        "borrow",
        D("0.005"),
        D("0.00500002"),
    )
    assert (sold.binding, sold.quantity, sold.qty_borrow) == ("borrow", D("0.01"), D("0.01"))


def test_a_purse_that_is_too_small_is_a_lack_of_margin():
    refused = size(
        stops(95000, 93500),
        terms(),
        instrument(min_notional="5"),
        purse=Purse(base=D(9), quote=D(4)),
    )
    assert isinstance(refused, SizeRefused)
    assert refused.code == "insufficient_margin"


@pytest.mark.parametrize("at", ["at_entry", "at_bound"])
def test_the_margin_level_is_kept_at_the_entry_and_at_the_bound(at: str):
    """Whichever of the two asks for more makes the size smaller."""
    rules = MarginRules(
        base=D(0), quote=D(1000), hourly_rate=D(0), at_entry=D("1.1"), at_bound=D("1.1")
    )
    usual, bound = stops(95000, 93500), Price(93000)
    wide = size(usual, terms(), BTC, insurance_stop=bound, margin=rules)
    strict = size(
        usual, terms(), BTC, insurance_stop=bound, margin=attrs.evolve(rules, **{at: D(4)})
    )
    assert isinstance(wide, Sizing)
    assert isinstance(strict, Sizing)
    assert strict.binding == "liquidation"
    assert strict.quantity < wide.quantity

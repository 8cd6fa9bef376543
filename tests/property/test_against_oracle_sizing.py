"""Compares sizes with the sizing oracle: the same quantity, risk and refusal to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.plan import Sizing, StopPlan
from robson.domain.values import MONEY, Leverage, Price, Side, StopDistanceBounds
from robson.engine.sizing import SizeRefused, SizingTerms, interest_per_unit, net_at_gain, size
from tests.oracle import pnl_oracle, sizing_oracle
from tests.oracle.grounds import GRIDS, QUOTES, Quote, floor_to, most_ticks
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

WIDE = settings(max_examples=max(1200, settings().max_examples), report_multiple_bugs=False)
TRILLION = 10**12
PAIRS = [f"{side.value} in {quote.asset}" for side in Side for quote in QUOTES]
Recorder = Callable[[str, object], None]


@attrs.frozen
class Case:
    """Everything that a size is computed from."""

    quote: Quote
    stops: StopPlan
    rules: Instrument
    terms: SizingTerms
    hourly_rate: Decimal


def a_plan(mix: Mix, tick: Decimal, side: Side) -> StopPlan:
    """A stop on the loss side, now and then nearer or farther than the bounds allow."""
    count = mix.magnitude(2, most_ticks(tick))
    bps = mix.pick((mix.number(10, 1000), mix.number(10, 60), 10, 1000))
    if mix.rarely(15):
        bps = mix.pick((3, 9, 1003))
    elif mix.rarely(4) and count > 1000:
        count -= count % 1000
    away = min(max(1, count * bps // 10_000), count - 1)
    spans = mix.pick((2, 1, 3))
    with localcontext(MONEY):
        entry, stop = Price(count * tick), Price((count - side.sign * away) * tick)
        gain = entry + side.sign * spans * away * tick
    return StopPlan(
        side=side,
        entry_ref=entry,
        technical_stop=stop,
        buffer=Decimal(0),
        stop=stop,
        stop_gain=Price(gain) if gain > 0 and not mix.rarely(4) else None,
    )


def a_capital(mix: Mix, quote: Quote, lot: Decimal) -> Decimal:
    """What makes so many of the smallest lots affordable, or anything from a cent to a fortune."""
    if mix.rarely(6):
        return mix.magnitude(1, quote.most) * quote.cent
    lots = max(mix.magnitude(1, 10**6) * lot, mix.pick((1, 0)) * quote.min_notional)
    return max(quote.cent, floor_to(lots * mix.pick((3, 30, 100)), quote.cent))


def some_terms(mix: Mix, capital: Decimal, cent: Decimal) -> SizingTerms:
    """Equity above, at, below and far below the capital; costs as configured and otherwise."""
    share = mix.pick(("1", "1", "3", "0.4", "0.1", "0.03", "0"))
    return SizingTerms(
        capital=capital,
        equity=floor_to(capital * Decimal(share), cent),
        risk_pct=Decimal(mix.pick(("1", "1", "0.5", "0.37"))),
        fee=Decimal(mix.pick(("0.001", "0.001", "0.00075", "0", "0.00405"))),
        gap_bps=Decimal(mix.pick(("10", "10", "0", "33.5"))),
        entry_slip_bps=Decimal(mix.pick(("5", "5", "0", "7.25"))),
        headroom_bps=Decimal(mix.pick(("100", "100", "0", "450"))),
        leverage=Leverage(mix.number(1, 10)),
    )


def a_case(supply: bytes) -> Case:
    """One sizing, with the interest of a unit in its loss as admission prices it.

    A zero filter is no filter.
    """
    mix, none = Mix(supply), Decimal(0)
    quote, side = mix.pick(QUOTES), mix.pick(tuple(Side))
    tick, step = mix.pick(GRIDS), mix.pick(GRIDS)
    stops = a_plan(mix, tick, side)
    rules = Instrument(
        symbol=Symbol("COIN", quote.asset),
        tick=tick,
        step=step,
        market_step=mix.pick((none, none, step, step * 10)),
        min_qty=mix.pick((none, step, step, 50 * step)),
        max_qty=mix.pick((none, none, 9000 * step)),
        market_max_qty=mix.pick((none, none, 700 * step)),
        min_notional=mix.pick((none, quote.min_notional)),
    )
    capital = a_capital(mix, quote, rules.order_step * stops.entry_ref)
    terms = some_terms(mix, capital, quote.cent)
    rate = Decimal(mix.pick((0, 0, 1088, 1250, 900_000))).scaleb(-8)
    unit = interest_per_unit(stops, terms, hourly_rate=rate)
    return Case(quote, stops, rules, attrs.evolve(terms, interest_unit=unit), rate)


cases = st.binary(min_size=BYTES, max_size=BYTES).map(a_case)


def up_to_trillionth(value: Fraction) -> Fraction:
    """Charges are rounded up."""
    return Fraction(-(-value * TRILLION // 1), TRILLION)


def costs_of(case: Case) -> dict[str, Any]:
    return {
        "entry_ref": case.stops.entry_ref,
        "stop": case.stops.stop,
        "side": case.stops.side.value,
        "fee": case.terms.fee,
        "gap_bps": case.terms.gap_bps,
        "entry_slip_bps": case.terms.entry_slip_bps,
    }


def by_oracle(case: Case, max_borrow_qty: Fraction | None = None) -> dict[str, Any]:
    terms, rules = case.terms, case.rules
    limits = [limit for limit in (rules.max_qty, rules.market_max_qty) if limit]
    return sizing_oracle.size(
        capital=terms.capital,
        risk_pct=terms.risk_pct,
        **costs_of(case),
        interest_unit=terms.interest_unit,
        equity=terms.equity,
        leverage=terms.leverage,
        headroom_bps=terms.headroom_bps,
        step=max(rules.step, rules.market_step),
        min_qty=rules.min_qty,
        max_qty=min(limits) if limits else None,
        min_notional=rules.min_notional,
        max_borrow_qty=max_borrow_qty,
    )


def in_bounds(case: Case) -> bool:
    return StopDistanceBounds().place(case.stops.span, case.stops.entry_ref) is None


def places_of(case: Case) -> list[str]:
    """Where on the map of prices, grids and distances a case lies."""
    entry, span, rules = case.stops.entry_ref, case.stops.span, case.rules
    places = {
        "price below 1e-5": entry < Decimal("0.00001"),
        "price above 1e5": entry > 10**5,
        "tick 1e-8": rules.tick == Decimal("1E-8"),
        "step 1e-8": rules.step == Decimal("1E-8"),
        "step 1": rules.step == 1,
        "nearest stop": span * 1000 == entry,
        "farthest stop": span * 10 == entry,
    }
    return [name for name, there in places.items() if there]


PLACES = (
    *("price below 1e-5", "price above 1e5", "tick 1e-8", "step 1e-8", "step 1"),
    *("nearest stop", "farthest stop"),
)


def agree(case: Case, answer: dict[str, Any], sizing: Sizing | SizeRefused) -> tuple[str, ...]:
    """Assert that both say the same; return the classes of the case."""
    terms, side = case.terms, case.stops.side
    met = [f"{side.value} in {case.quote.asset}", f"leverage {terms.leverage}", *places_of(case)]
    if terms.equity < terms.capital:
        met.append("equity below capital")
    if isinstance(sizing, SizeRefused):
        told = dict(sizing.numbers)
        by_margin = answer["binding"] == "margin"
        assert answer["refused"] == "size_too_small"
        assert sizing.code == ("insufficient_margin" if by_margin else "size_too_small")
        assert told["binding"] == answer["binding"]
        assert Decimal(told["quantity"]) == answer["qty"]
        if side is Side.SHORT and terms.leverage == 1 and by_margin:
            met.append("short at 1x")
        if answer["qty"] > 0:
            met.append(f"refused by {told['filter']}")
        return (*met, sizing.code)
    assert answer["refused"] is None
    assert sizing.quantity == answer["qty"]
    assert sizing.planned_risk == answer["planned_risk"]
    assert sizing.loss_unit == answer["loss_unit"]
    assert sizing.golden_quantity == answer["golden_qty"]
    assert sizing.cap_risk == answer["cap_risk"]
    assert sizing.binding == answer["binding"]
    return (*met, f"{side.value} by {sizing.binding}")


def test_sizes_are_the_oracles(record_property: Recorder) -> None:
    """Quantity, planned risk, loss of a unit, quantity by hand, what bound it, or the refusal."""
    tally = Tally(
        "sizing",
        (
            *PAIRS,
            *PLACES,
            *(f"leverage {number}" for number in range(1, 11)),
            *(f"{side.value} by {cap}" for side in Side for cap in ("risk", "margin", "max_qty")),
            *("size_too_small", "insufficient_margin", "short at 1x", "equity below capital"),
            *("refused by LOT_SIZE", "refused by NOTIONAL", "stop_invalid"),
        ),
    )

    @WIDE
    @given(case=cases)
    def compare(case: Case) -> None:
        answer = by_oracle(case)
        if answer["refused"] == "stop_invalid":
            assert not in_bounds(case)
            tally.see("stop_invalid")
            return
        assert in_bounds(case)
        tally.see(*agree(case, answer, size(case.stops, case.terms, case.rules)))

    compare()
    tally.settle(record_property)


def test_interest_and_net_at_the_gain_are_the_oracles(record_property: Recorder) -> None:
    """Interest is rounded up to a trillionth, the net R at the target down."""
    tally = Tally(
        "interest of a unit, net R at the target",
        (
            *("nothing borrowed", "part borrowed", "all borrowed", "rate 0"),
            *("long net", "short net", "net below 0"),
        ),
    )

    @WIDE
    @given(case=cases)
    def compare(case: Case) -> None:
        terms, stops = case.terms, case.stops
        exact = sizing_oracle.interest_per_unit(
            terms.capital,
            terms.risk_pct,
            **costs_of(case),
            equity=terms.equity,
            hourly_rate=case.hourly_rate,
        )
        assert terms.interest_unit == up_to_trillionth(exact)
        whole = Fraction(stops.entry_ref) * Fraction(case.hourly_rate) * 24
        share = "nothing" if exact == 0 else "all" if exact == whole else "part"
        met = [f"{share} borrowed" if whole else "rate 0"]

        sizing = size(stops, terms, case.rules)
        if isinstance(sizing, Sizing) and stops.stop_gain is not None:
            net = pnl_oracle.target_net_r(
                stops.side.value,
                stops.entry_ref,
                stops.stop_gain,
                terms.fee,
                terms.entry_slip_bps,
                sizing.loss_unit,
                terms.interest_unit,
            )
            assert net_at_gain(stops, sizing) == Fraction(net * TRILLION // 1, TRILLION)
            met += [f"{stops.side.value} net", *(["net below 0"] if net < 0 else [])]
        tally.see(*met)

    compare()
    tally.settle(record_property)


def with_exchange_stop(supply: bytes) -> tuple[Case, Price]:
    """A sizing, and an exchange stop behind its stop: by a quarter of a span, or by far more."""
    case, mix = a_case(supply), Mix(supply[::-1])
    stops, tick = case.stops, case.rules.tick
    if mix.rarely(6):  # the entry just passes the smallest order
        sizing = size(stops, case.terms, case.rules)
        least = sizing.quantity if isinstance(sizing, Sizing) else case.rules.min_qty
        case = attrs.evolve(case, rules=attrs.evolve(case.rules, min_qty=least))
    spans = Decimal(mix.pick(("0.25", "0.25", "0.5", "1.3")))
    with localcontext(MONEY):
        behind = max(3, int(stops.span * spans / tick)) * tick
        price = stops.stop - stops.side.sign * behind
    return case, Price(price if price > 0 else tick)


insured_cases = st.binary(min_size=BYTES, max_size=BYTES).map(with_exchange_stop)


def capped_by_oracle(case: Case, unit: Fraction) -> dict[str, Any]:
    """The oracle's size with one more limit: 1.5 % of the capital over the loss at that stop.

    A short's largest order is the one that buys back, which the fee makes larger than the entry.
    """
    rules, most = case.rules, case.rules.order_max
    if most is not None and case.stops.side is Side.SHORT:
        most = floor_to(most, rules.order_step) * (1 - case.terms.fee)
        rules = attrs.evolve(rules, max_qty=most, market_max_qty=Decimal(0))
    limit = Fraction(case.terms.capital) * 3 / 200 / unit
    return by_oracle(attrs.evolve(case, rules=rules), max_borrow_qty=limit)


def protects(case: Case, quantity: Decimal, behind: Price) -> bool:
    """Whether what is left of a long after the fee can be sold at its exchange stop."""
    rules = case.rules
    if case.stops.side is Side.SHORT:
        return True
    left = floor_to(quantity * (1 - case.terms.fee), rules.order_step)
    return left > 0 and left >= rules.min_qty and left * behind >= rules.min_notional


def test_the_loss_at_the_exchange_stop_stays_within_one_and_a_half_percent(
    record_property: Recorder,
) -> None:
    """The largest size that keeps this bound besides all others, or a refusal."""
    tally = Tally(
        "insurance cap",
        (*(f"{side.value} capped" for side in Side), "not capped", "refused", "protection refused"),
    )

    @WIDE
    @given(drawn=insured_cases)
    def compare(drawn: tuple[Case, Price]) -> None:
        case, behind = drawn
        if not in_bounds(case):
            return
        unit = sizing_oracle.loss_per_unit(
            **costs_of(case) | {"stop": behind}, interest_unit=case.terms.interest_unit
        )
        answer = capped_by_oracle(case, unit)
        sizing = size(case.stops, case.terms, case.rules, insurance_stop=behind)
        if isinstance(sizing, SizeRefused):
            fits = answer["refused"] is None and protects(case, answer["qty"], behind)
            assert not fits
            tally.see("protection refused" if answer["refused"] is None else "refused")
            return
        assert answer["refused"] is None
        assert sizing.quantity == answer["qty"]
        assert Fraction(sizing.quantity) * unit <= Fraction(case.terms.capital) * 3 / 200
        assert protects(case, sizing.quantity, behind)
        capped = sizing.binding == "insurance"
        assert (answer["binding"] == "borrow") >= capped
        tally.see(f"{case.stops.side.value} capped" if capped else "not capped")

    compare()
    tally.settle(record_property)

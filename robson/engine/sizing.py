"""How much to buy or sell: risk divided by the cost-priced loss of one unit, then only reduced.

Size is derived from the stop, never chosen. Leverage appears in the margin cap alone.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, localcontext

import attrs

from robson.domain.errors import InvalidValue, InvariantViolated
from robson.domain.instrument import Instrument
from robson.domain.plan import Sizing, StopPlan
from robson.domain.values import (
    MONEY,
    Leverage,
    Price,
    Quantity,
    Side,
    plain,
    round_up,
)
from robson.engine.costs import UnitLoss, quotient_down, unit_loss
from robson.engine.margin import MarginRules, level_cap

INSURANCE_LOSS_PCT = Decimal("1.5")
"""The most that may be lost at the exchange's stop, in percent of the capital."""
MIN_NET_R = Decimal("0.5")
"""A stop-gain that nets less than this, in R, is refused unless it is asked for."""


@attrs.frozen(kw_only=True)
class SizingTerms:
    """What a size is computed from, besides the stop. Amounts are in quote.

    Attributes:
        capital: the base of the risk: the account's, or less where the user gave less.
        equity: live isolated equity of the pair.
        risk_pct: percent of the capital that the trade may lose.
        fee: taker fee as a fraction.
        gap_bps: allowance from trigger to fill, on the stop.
        entry_slip_bps: allowance at the entry, on the entry reference.
        interest_unit: interest of one unit of base, see ``interest_per_unit``.
        headroom_bps: share of the margin that stays unused.
    """

    capital: Decimal
    equity: Decimal
    risk_pct: Decimal
    fee: Decimal
    gap_bps: Decimal = Decimal(10)
    entry_slip_bps: Decimal = Decimal(5)
    interest_unit: Decimal = Decimal(0)
    headroom_bps: Decimal = Decimal(100)
    leverage: Leverage

    def __attrs_post_init__(self) -> None:
        """Refuse terms that would turn a cost into a gain."""
        costs = (self.fee, self.gap_bps, self.entry_slip_bps, self.interest_unit)
        if min(costs) < 0 or not 0 <= self.headroom_bps <= 10_000:  # noqa: PLR2004
            raise InvalidValue(f"negative cost or headroom outside 0..10000 bps in {self}")
        if not 0 < self.risk_pct <= 1:
            raise InvalidValue(f"risk_pct is {self.risk_pct}; allowed is above 0 up to 1")


@attrs.frozen(kw_only=True)
class Purse:
    """What an entry may spend at most, in each asset: what is free, and what is lent to it."""

    base: Decimal
    quote: Decimal


@attrs.frozen
class SizeRefused:
    """No size, with the numbers behind it.

    ``insufficient_margin``: equity times leverage, or what the exchange lends;
    ``liquidation_too_close``: a margin level would be too low; ``size_too_small``: anything else.
    """

    code: str
    message: str
    numbers: tuple[tuple[str, str], ...]


def insurance_cap(*, loss_unit: Decimal, capital: Decimal) -> Decimal:
    """The quantity whose loss at the insurance stop is 1.5 % of the capital."""
    with localcontext(MONEY):
        return quotient_down(max(Decimal(0), capital) * INSURANCE_LOSS_PCT / 100, loss_unit, 12)


def _margin_cap(terms: SizingTerms, entry_ref: Price, side: Side) -> Decimal:
    """What the pair's own equity carries. A short borrows base, which takes one multiple less."""
    multiple = terms.leverage if side is Side.LONG else terms.leverage - 1
    with localcontext(MONEY):
        usable = max(Decimal(0), min(terms.capital, terms.equity))
        room = usable * multiple * (10_000 - terms.headroom_bps) / 10_000
        return quotient_down(room, entry_ref, 8)


def interest_per_unit(
    stops: StopPlan, terms: SizingTerms, *, hourly_rate: Decimal, hold_hours: int = 24
) -> Decimal:
    """Interest of one unit of base over the time it is expected to be held, in quote.

    A short borrows every unit; a long only what its equity does not pay for, at the size that the
    risk alone would give. Rounded up: it is a charge.
    """
    with localcontext(MONEY):
        share = Decimal(1)
        if stops.side is Side.LONG:
            loss = _loss_at(stops.stop, stops, attrs.evolve(terms, interest_unit=Decimal(0)))
            risked = max(Decimal(0), terms.capital) * terms.risk_pct / 100
            cost = quotient_down(risked, loss.loss_unit, 12) * stops.entry_ref
            own = quotient_down(max(Decimal(0), terms.equity), cost, 12) if cost else share
            share = max(Decimal(0), 1 - own)
        return round_up(stops.entry_ref * hourly_rate * share * hold_hours, 12)


def size(
    stops: StopPlan,
    terms: SizingTerms,
    instrument: Instrument,
    *,
    insurance_stop: Price | None = None,
    stop_worth: Price | None = None,
    margin: MarginRules | None = None,
    purse: Purse | None = None,
) -> Sizing | SizeRefused:
    """The largest quantity that risk, margin, the exchange and the insurance stop allow.

    With ``insurance_stop`` the loss there is bounded too, and the order that protects must pass the
    exchange's filters as well, valued at ``stop_worth`` where it has a limit of its own; with
    ``margin`` the margin level there and at the entry, with ``purse`` what may be spent. A plan
    above its cap is a defect and raises InvariantViolated.
    """
    with localcontext(MONEY):
        loss = _loss_at(stops.stop, stops, terms)
        cap_risk = max(Decimal(0), terms.capital) * terms.risk_pct / 100
        caps = {
            "risk": quotient_down(cap_risk, loss.loss_unit, 12),
            "margin": _margin_cap(terms, stops.entry_ref, stops.side),
            **_exchange_caps(stops, terms, instrument, insurance_stop),
            **_level_caps(stops, terms, insurance_stop, margin),
            **_purse_cap(stops.side, loss.entry_fill, purse),
        }
        binding = min(caps, key=lambda name: caps[name])
        quantity = instrument.floor_quantity(caps[binding])
        worth = stop_worth or insurance_stop
        if refused := _refusal(quantity, binding, stops, terms, instrument, worth):
            return refused
        planned_risk = quantity * loss.loss_unit
        if planned_risk > cap_risk:
            raise InvariantViolated(f"{quantity} at {loss.loss_unit} a unit is above {cap_risk}")
        return Sizing(
            capital=terms.capital,
            risk_pct=terms.risk_pct,
            cap_risk=cap_risk,
            fee=terms.fee,
            qty_risk=caps["risk"],
            qty_margin=caps["margin"],
            qty_borrow=caps.get("borrow"),
            golden_quantity=instrument.floor_quantity(quotient_down(cap_risk, stops.span, 12)),
            quantity=Quantity(quantity),
            planned_risk=planned_risk,
            binding=binding,
            **attrs.asdict(loss),
        )


def _loss_at(stop: Price, stops: StopPlan, terms: SizingTerms) -> UnitLoss:
    return unit_loss(
        side=stops.side,
        entry=stops.entry_ref,
        stop=stop,
        fee=terms.fee,
        gap_bps=terms.gap_bps,
        entry_slip_bps=terms.entry_slip_bps,
        interest_unit=terms.interest_unit,
    )


def _exchange_caps(
    stops: StopPlan, terms: SizingTerms, instrument: Instrument, insurance_stop: Price | None
) -> dict[str, Decimal]:
    """The largest market order, and the quantity that may be lost at the insurance stop."""
    caps: dict[str, Decimal] = {}
    if instrument.order_max is not None:
        caps["max_qty"] = instrument.order_max
    if insurance_stop is None:
        return caps
    if "max_qty" in caps and stops.side is Side.SHORT:
        # the buy-back has to be larger than what was sold, by the fee it is charged in base
        caps["max_qty"] = instrument.floor_quantity(caps["max_qty"]) * (1 - terms.fee)
    loss = _loss_at(insurance_stop, stops, terms)
    caps["insurance"] = insurance_cap(loss_unit=loss.loss_unit, capital=terms.capital)
    return caps


def _level_caps(
    stops: StopPlan, terms: SizingTerms, bound: Price | None, margin: MarginRules | None
) -> dict[str, Decimal]:
    """The quantity after which the margin level, at the entry and at the bound, is still enough."""
    if margin is None:
        return {}
    fill = _loss_at(stops.stop, stops, terms).entry_fill
    looks = [(Decimal(stops.entry_ref), margin.at_entry)]
    if bound is not None:
        looks.append((_loss_at(bound, stops, terms).adverse_fill, margin.at_bound))
    found = [
        level_cap(margin, side=stops.side, fill=fill, price=price, least=least, fee=terms.fee)
        for price, least in looks
    ]
    caps = [cap for cap in found if cap is not None]
    return {"liquidation": min(caps)} if caps else {}


def _purse_cap(side: Side, fill: Decimal, purse: Purse | None) -> dict[str, Decimal]:
    """The quantity that is paid for by what is free and what is lent."""
    if purse is None:
        return {}
    if side is Side.SHORT:
        return {"borrow": purse.base}
    with localcontext(MONEY):
        return {"borrow": quotient_down(max(Decimal(0), purse.quote), fill, 8)}


_REFUSED = {
    "margin": "insufficient_margin",
    "borrow": "insufficient_margin",
    "liquidation": "liquidation_too_close",
}
"""Codes of the caps whose refusal is not about the size alone."""


def _refusal(
    quantity: Decimal,
    binding: str,
    stops: StopPlan,
    terms: SizingTerms,
    instrument: Instrument,
    stop_worth: Price | None,
) -> SizeRefused | None:
    """Whether a filter refuses the entry, or, for a long, the smaller order that protects it."""
    price, order = stops.entry_ref, quantity
    name = instrument.refuses(order, price)
    if name is None and stop_worth is not None and stops.side is Side.LONG:
        price, order = stop_worth, instrument.floor_quantity(quantity * (1 - terms.fee))
        name = instrument.refuses(order, price)
    if name is None:
        return None
    numbers = (
        ("filter", name),
        ("binding", binding),
        ("quantity", plain(order)),
        ("notional", plain(order * price)),
        ("min_qty", plain(instrument.min_qty)),
        ("min_notional", plain(instrument.min_notional)),
    )
    symbol = instrument.symbol
    message = (
        f"{binding} leaves {plain(order)} {symbol.base}, worth {plain(order * price)}"
        f" {symbol.quote} at {plain(price)}; {symbol} takes at least {plain(instrument.min_qty)}"
        f" {symbol.base} and {plain(instrument.min_notional)} {symbol.quote} ({name})"
    )
    return SizeRefused(_REFUSED.get(binding, "size_too_small"), message, numbers)


def net_at_gain(stops: StopPlan, sizing: Sizing) -> Decimal | None:
    """Net result in R when the stop-gain is hit at its own price, after both fees and interest.

    Rounded down, against the reader; None without a stop-gain.
    """
    if stops.stop_gain is None:
        return None
    with localcontext(MONEY, rounding=ROUND_FLOOR):
        gross = (stops.stop_gain - sizing.entry_fill) * stops.side.sign
        fees = sizing.fee * (stops.stop_gain + sizing.entry_fill)
        ratio = (gross - fees - sizing.interest_unit) / sizing.loss_unit
        return ratio.quantize(Decimal("1E-12"))

"""What was decided before an entry: chart level, executable stop, size, each with its terms.

These values are journaled whole, so that every number of a position can be multiplied out later.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.domain.errors import InvalidValue
from robson.domain.values import ExchangeNs, Price, Quantity, Side


@attrs.frozen(kw_only=True)
class Level:
    """A cluster of swings; the representative is its adverse extreme."""

    price: Price
    touches: int
    distance: Decimal


@attrs.frozen(kw_only=True)
class SkippedLevel:
    """A level the selection walked over, and why: ``below_min`` or ``above_max``."""

    price: Price
    distance: Decimal
    reason: str


@attrs.frozen(kw_only=True)
class StopAudit:
    """How the technical stop was found; stored with every signal and every rejection.

    Attributes:
        levels: all clusters on the loss side, closest first.
        method: ``swing``, ``atr`` or ``operator_supplied``; confidence: ``high``, ``medium`` or
            ``low``, and ``none`` for a level that nobody judged.
        selected_n: 1-based place of the chosen level; None for the ATR fallback.
        guard, buffer, stop: what was made of the level, as far as it came: see :class:`StopPlan`.
    """

    candles: int
    first_open_ns: int | None
    last_open_ns: int | None
    levels: tuple[Level, ...]
    configured_n: int
    selected_n: int | None
    skipped: tuple[SkippedLevel, ...]
    method: str
    confidence: str
    atr: Decimal | None = None
    min_bps: int
    max_bps: int
    guard: Price | None = None
    buffer: Decimal | None = None
    stop: Price | None = None


@attrs.frozen(kw_only=True)
class StopAnalysis:
    """A chart level on the loss side, within bounds, and how it was found."""

    stop: Price
    audit: StopAudit


@attrs.frozen(kw_only=True)
class StopPlan:
    """From technical stop T to executable stop X and the span S, the unit of everything after.

    Attributes:
        guard: adverse extreme G of the recent candles; None without a guard. The stop lies behind
            whichever of T and G is farther.
        buffer: room behind that level, in quote.
        unguarded: the stop as it would be without the guard, where it may go when it first
            advances; None where the guard makes no difference.

    Raises:
        InvalidValue: the executable stop is not on the loss side of the entry reference.
    """

    side: Side
    entry_ref: Price
    technical_stop: Price
    buffer: Decimal
    stop: Price
    stop_gain: Price | None
    guard: Price | None = None
    unguarded: Price | None = None

    def __attrs_post_init__(self) -> None:
        if (self.entry_ref - self.stop) * self.side.sign <= 0:
            raise InvalidValue(f"stop {self.stop} is not on the loss side of {self.entry_ref}")

    @property
    def span(self) -> Decimal:
        """Distance from entry reference to executable stop: one ruler for rungs and targets."""
        return abs(self.entry_ref - self.stop)


@attrs.frozen(kw_only=True)
class Sizing:
    """Quantity from the stop, with every term (size = capital x risk / loss per unit).

    Attributes:
        cap_risk: the most this trade may lose, in quote.
        loss_unit: loss of one unit of base at the stop with all costs, in quote:
            ``span_term + fee_term + gap_term + slip_term + interest_unit``.
        qty_risk, qty_margin: what risk and margin allow, before rounding to the step.
        qty_borrow: what the pair's own money carries with what the exchange lends it; None where it
            was not asked.
        golden_quantity: by hand, with costs zero, for comparison only.
        binding: ``risk``, ``margin``, ``borrow``, ``max_qty``, ...: what decided the quantity.
    """

    capital: Decimal
    risk_pct: Decimal
    cap_risk: Decimal
    entry_fill: Decimal
    adverse_fill: Decimal
    fee: Decimal
    span_term: Decimal
    fee_term: Decimal
    gap_term: Decimal
    slip_term: Decimal
    interest_unit: Decimal
    loss_unit: Decimal
    qty_risk: Decimal
    qty_margin: Decimal
    golden_quantity: Decimal
    quantity: Quantity
    planned_risk: Decimal
    binding: str
    qty_borrow: Decimal | None = None


@attrs.frozen(kw_only=True)
class InsuranceTerms:
    """How far behind the stop the exchange stop rests; a position keeps those it was entered with.

    Attributes:
        enabled: whether one rests at all; without it only the process protects.
        buffer_pct, span_ratio: the lesser of a percentage of the stop's price and a share of the
            span.
    """

    enabled: bool = True
    buffer_pct: Decimal = Decimal(1)
    span_ratio: Decimal = Decimal("0.25")


USUAL_INSURANCE = InsuranceTerms()
"""So that Robson acts first, and a dead daemon costs about 1.25 times the plan."""


@attrs.frozen(kw_only=True)
class InsurancePlan:
    """The exchange stop that will rest from the fill: its trigger, and how far behind the stop."""

    stop_price: Price
    offset: Decimal
    terms: InsuranceTerms = USUAL_INSURANCE


@attrs.frozen(kw_only=True)
class EntryPlan:
    """Everything admission decided for one entry."""

    stops: StopPlan
    sizing: Sizing
    insurance: InsurancePlan
    be_bps: Decimal
    net_r_at_gain: Decimal | None
    borrows: bool
    decided_ns: ExchangeNs

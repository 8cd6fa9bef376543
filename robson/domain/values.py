"""The numbers of trading as types that cannot hold a wrong value.

Prices and quantities are Decimals that are positive and finite; arithmetic on them gives a plain
Decimal, so a result has to be named again before it is a price. Rounding lives in ``instrument``.
"""

from __future__ import annotations

import enum
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import NewType, Self

import attrs

from robson.domain.errors import InvalidValue

ExchangeNs = NewType("ExchangeNs", int)
"""Exchange time, nanoseconds since 1970 UTC."""
MonotonicNs = NewType("MonotonicNs", int)
"""Monotonic time in nanoseconds, for deadlines and waits only."""
Ticks = NewType("Ticks", int)
"""A price as a whole number of the instrument's ticks: the only form on the tick path."""

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

MONEY = Context(prec=38, traps=[FloatOperation, InvalidOperation, DivisionByZero, Overflow])
"""The context of all money arithmetic; the decimal context is per thread, so name it."""


def plain(value: Decimal) -> str:
    """Decimal as plain text without exponent: the only form that leaves the process."""
    return format(value, "f")


def decimal_of(text: str) -> Decimal:
    """Read decimal text from outside.

    Raises:
        InvalidValue: not a finite decimal number.
    """
    try:
        value = Decimal(text)
    except ArithmeticError as error:
        raise InvalidValue(f"{text!r} is not a decimal number") from error
    if not value.is_finite():
        raise InvalidValue(f"{text!r} is not a finite number")
    return value


def truncate(value: Decimal, places: int) -> Decimal:
    """Cut toward zero after ``places`` decimals, so that multiplying back never exceeds."""
    with localcontext(MONEY):
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)


def round_up(value: Decimal, places: int) -> Decimal:
    """Round toward plus infinity after ``places`` decimals: charges and risk."""
    with localcontext(MONEY):
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_CEILING)


class _Positive(Decimal):
    """A Decimal that is finite and above zero."""

    __slots__ = ()

    def __new__(cls, value: Decimal | str | int) -> Self:
        self = super().__new__(cls, value)
        if not (self.is_finite() and self > 0):
            raise InvalidValue(f"{cls.__name__} must be positive and finite, not {value}")
        return self


class Price(_Positive):
    """Units of quote for one unit of base. Absence is None, never zero."""

    __slots__ = ()

    def __new__(cls, value: Decimal | str | int) -> Self:
        return super().__new__(cls, value)


class Quantity(_Positive):
    """Units of base, above zero."""

    __slots__ = ()

    def __new__(cls, value: Decimal | str | int) -> Self:
        return super().__new__(cls, value)


@attrs.frozen
class Money:
    """An amount of one asset; no arithmetic across assets."""

    amount: Decimal
    asset: str

    def __add__(self, other: Money) -> Money:
        if other.asset != self.asset:
            raise InvalidValue(f"cannot add {other.asset} to {self.asset}")
        return Money(self.amount + other.amount, self.asset)


class Action(enum.Enum):
    """What an order does on the exchange."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Action:
        return Action.SELL if self is Action.BUY else Action.BUY


class Side(enum.Enum):
    """Direction of a position."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """+1 for a long, -1 for a short."""
        return 1 if self is Side.LONG else -1

    @property
    def entry_action(self) -> Action:
        return Action.BUY if self is Side.LONG else Action.SELL

    @property
    def exit_action(self) -> Action:
        return self.entry_action.opposite


class Leverage(int):
    """Assets held to own capital on a long; short capacity is one less. 1 to 10."""

    def __new__(cls, value: int) -> Self:
        if isinstance(value, bool) or not 1 <= value <= 10:  # noqa: PLR2004
            raise InvalidValue(f"leverage is {value}; allowed is 1 to 10")
        return super().__new__(cls, value)


@attrs.frozen(kw_only=True)
class StopDistanceBounds:
    """Nearest and farthest allowed stop, in basis points of the entry, both inclusive."""

    min_bps: int = 10
    max_bps: int = 1000

    def __attrs_post_init__(self) -> None:
        if not 0 < self.min_bps < self.max_bps <= 1000:  # noqa: PLR2004
            raise InvalidValue(
                f"stop bounds {self.min_bps}..{self.max_bps} bps are not within 1..1000"
            )

    def place(self, distance: Decimal, entry: Decimal) -> str | None:
        """``below_min``, ``above_max``, or None when the distance is within bounds."""
        bps = distance * 10_000
        if bps < self.min_bps * entry:
            return "below_min"
        return "above_max" if bps > self.max_bps * entry else None


@attrs.frozen(kw_only=True)
class TechnicalStop:
    """The palma da mao: from the entry reference to the chart level that proves it wrong.

    Raises:
        InvalidValue: the stop is not on the loss side of the entry.
    """

    entry_ref: Price
    stop: Price
    side: Side

    def __attrs_post_init__(self) -> None:
        if (self.entry_ref - self.stop) * self.side.sign <= 0:
            raise InvalidValue(
                f"a {self.side.value} stop at {plain(self.stop)} is not on the loss side of"
                f" {plain(self.entry_ref)}"
            )

    @property
    def distance(self) -> Decimal:
        return abs(self.entry_ref - self.stop)

    @property
    def distance_pct(self) -> Decimal:
        """Distance as a percentage of the entry."""
        return self.distance * 100 / self.entry_ref


@attrs.frozen
class Candle:
    """A closed candle. ``open_ns`` is its first instant; it closed at ``open_ns + length``."""

    open_ns: int
    open: Price
    high: Price
    low: Price
    close: Price


CANDLE_NS = 15 * 60 * NS_PER_S
"""Length of the candles that detectors and the analyser read: 15 minutes, fixed."""


Numbers = tuple[tuple[str, str], ...]
"""Names and decimal text: the figures behind a decision, for people and for `explain`."""

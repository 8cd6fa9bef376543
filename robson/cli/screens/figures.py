"""Owns how numbers, times, ages and ids are written; every rounding goes against the reader.

Knows nothing of the documents that the numbers come from, and never asks what time it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    InvalidOperation,
)

from robson.cli.screens.line import HARD_SPACE

NONE = "-"
UNKNOWN = "?"
MINUTE, HOUR, DAY = 60, 3600, 86400
_WIDE = Context(prec=100)
_CENT = Decimal("0.01")
_MOST_DECIMALS = 8
_TENTHS_BELOW_S = 10


def number(value: object) -> Decimal | None:
    """A document's number, which may be a Decimal, an int or decimal text; None for none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def rounded(value: Decimal, unit: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """A value on a grid of ``unit``, never a negative zero."""
    steps = _WIDE.divide(value, unit).quantize(Decimal(1), rounding=rounding, context=_WIDE)
    result = _WIDE.multiply(steps, unit)
    return abs(result) if result == 0 else result


def places(unit: Decimal) -> int:
    """Decimals that a grid needs: 0.05 has two, 10 has none."""
    exponent = unit.normalize(_WIDE).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def grouped(value: Decimal, decimals: int | None = None) -> str:
    """Thousands by commas; as many decimals as the value carries, unless told."""
    if decimals is None:
        exponent = value.as_tuple().exponent
        decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    exact = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN, _WIDE)
    return f"{abs(exact) if exact == 0 else exact:,f}"


def price(value: object, tick: object = None) -> str:
    """A price by its tick; without one, with the decimals it came with."""
    found = number(value)
    if found is None:
        return UNKNOWN
    grid = number(tick)
    if not grid:
        return grouped(found, min(_decimals(found), _MOST_DECIMALS))
    return grouped(rounded(found, Decimal(1).scaleb(-places(grid))), places(grid))


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def quantity(value: object, step: object = None, asset: str = "") -> str:
    """A quantity by its step, rounded down, with its asset."""
    found, grid = number(value), number(step)
    if found is not None and grid:
        found = rounded(found, Decimal(1).scaleb(-places(grid)), ROUND_FLOOR)
    return with_unit(price(found, step), asset)


def with_unit(text: str, unit: str) -> str:
    """A number and its unit, one unbreakable space between."""
    return f"{text}{HARD_SPACE}{unit}" if unit else text


def pnl(value: object, unit: str = "") -> str:
    """A signed result: gains rounded down, losses rounded up."""
    return _signed(value, _CENT, unit)


def in_r(value: object) -> str:
    """A signed result in R."""
    return _signed(value, _CENT, "R")


def _signed(value: object, grid: Decimal, unit: str) -> str:
    found = number(value)
    if found is None:
        return UNKNOWN
    exact = rounded(found, grid, ROUND_FLOOR)
    text = grouped(exact, places(grid))
    return with_unit(f"+{text}" if exact > 0 else text, unit)


def risk(value: object, unit: str = "") -> str:
    """Money that may be lost or was paid: rounded up."""
    return _money(value, ROUND_CEILING, unit)


def free(value: object, unit: str = "") -> str:
    """Money one may still use: rounded down."""
    return _money(value, ROUND_FLOOR, unit)


def money(value: object, unit: str = "") -> str:
    """Money that is neither a promise nor a threat: rounded to the nearest cent."""
    return _money(value, ROUND_HALF_EVEN, unit)


def _money(value: object, rounding: str, unit: str) -> str:
    found = number(value)
    return (
        UNKNOWN if found is None else with_unit(grouped(rounded(found, _CENT, rounding), 2), unit)
    )


def percent(fraction: object, *, signed: bool = False) -> str:
    """A fraction as a percentage with two decimals: a distance, rounded to the nearest."""
    found = number(fraction)
    if found is None:
        return UNKNOWN
    exact = rounded(found * 100, _CENT)
    return f"{'+' if signed and exact > 0 else ''}{grouped(exact, 2)}%"


def signed_pct(percentage: object) -> str:
    """A percentage of a document, signed."""
    found = number(percentage)
    return percent(None if found is None else found / 100, signed=True)


def lost_percent(fraction: object, *, signed: bool = True) -> str:
    """A fraction lost or gained as a percentage: rounded against the reader."""
    found = number(fraction)
    if found is None:
        return UNKNOWN
    exact = rounded(found * 100, _CENT, ROUND_FLOOR if signed else ROUND_CEILING)
    return f"{'+' if signed and exact > 0 else ''}{grouped(exact, 2)}%"


def share(percentage: object) -> str:
    """A configured percentage, as short as it is: 1%, 0.1%."""
    found = number(percentage)
    if found is None:
        return UNKNOWN
    return f"{grouped(found.normalize(_WIDE))}%"


def spans_of(distance: object, span: object) -> str:
    """A distance in spans, signed, as short as two decimals allow: +2, +0.29."""
    far, unit = number(distance), number(span)
    if far is None or not unit:
        return UNKNOWN
    exact = rounded(far / unit, _CENT, ROUND_FLOOR)
    text = grouped(exact.normalize(_WIDE))
    return f"+{text}" if exact > 0 else text


def count(many: int, one: str, more: str = "") -> str:
    """A count with its noun."""
    noun = one if many == 1 else more or f"{one}s"
    return f"{many:,}{HARD_SPACE}{noun}"


def in_spans(value: object) -> str:
    """A distance in spans with its noun: 1 span, 2.5 spans."""
    found = number(value)
    if found is None:
        return f"{UNKNOWN}{HARD_SPACE}spans"
    return f"{grouped(found.normalize(_WIDE))}{HARD_SPACE}{'span' if found == 1 else 'spans'}"


def often(many: int) -> str:
    """How many times something happened."""
    return {0: "never", 1: "once", 2: "twice"}.get(many) or f"{many:,}{HARD_SPACE}times"


# --- time ----------------------------------------------------------------------------------------


def instant(value: object) -> datetime | None:
    """An ISO time of a document, in UTC; None for none."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def seconds_between(earlier: object, later: object) -> float | None:
    """Seconds from one instant of a document to another; None when either is missing."""
    start, end = instant(earlier), instant(later)
    return None if start is None or end is None else (end - start).total_seconds()


def age(seconds: object) -> str:
    """How old or how long: 0.2 s, 41 s, 2m 04s, 6h 12m, 3d 04h."""
    found = number(seconds)
    if found is None:
        return UNKNOWN
    if found < _TENTHS_BELOW_S:
        return f"{grouped(rounded(max(found, Decimal(0)), Decimal('0.1')), 1)}{HARD_SPACE}s"
    whole = int(found)
    if whole < MINUTE:
        return f"{whole}{HARD_SPACE}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m{HARD_SPACE}{whole % MINUTE:02d}s"
    if whole < DAY:
        return f"{whole // HOUR}h{HARD_SPACE}{whole % HOUR // MINUTE:02d}m"
    return f"{whole // DAY}d{HARD_SPACE}{whole % DAY // HOUR:02d}h"


def lag(seconds: object) -> str:
    """A short duration, in milliseconds below a tenth of a second."""
    found = number(seconds)
    if found is None:
        return UNKNOWN
    if found >= Decimal("0.1"):
        return age(found)
    return f"{int(rounded(max(found, Decimal(0)) * 1000, Decimal(1)))}{HARD_SPACE}ms"


def clock(value: object, today: object = None, *, exact: bool = False) -> str:
    """A time of day; another day than ``today`` carries its date."""
    found = instant(value)
    if found is None:
        return UNKNOWN
    text = f"{found:%H:%M:%S}"
    if exact:
        text = f"{text}.{found.microsecond // 1000:03d}"
    now = instant(today)
    if today is None or (now is not None and now.date() == found.date()):
        return text
    return f"{found:%m-%d}{HARD_SPACE}{text if exact else format(found, '%H:%M')}"


def minute(value: object) -> str:
    """Hours and minutes only."""
    found = instant(value)
    return UNKNOWN if found is None else f"{found:%H:%M}"


def deadline(value: object, now: object) -> str:
    """A deadline, as an instant and as what is left: Dec 1, 00:00 UTC (9d 09h)."""
    found = instant(value)
    if found is None:
        return UNKNOWN
    text = f"{found:%b} {found.day}, {found:%H:%M} UTC".replace(" ", HARD_SPACE)
    left = seconds_between(now, value)
    return text if left is None or left < 0 else f"{text} ({age(left)})"


# --- ids -----------------------------------------------------------------------------------------

SHORT_ID = 6


def short_ids(ids: Iterable[object]) -> dict[str, str]:
    """The last six characters of each id, or as many more as tell them apart."""
    full = {str(each) for each in ids}
    length = SHORT_ID
    while len({each[-length:] for each in full}) < len(full):
        length += 1
    return {each: each[-length:] for each in full}

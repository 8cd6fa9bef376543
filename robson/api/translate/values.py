"""Single values on the wire: decimals as plain text, times as timestamps, enums by their names."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from robson.api.v1 import robson_pb2 as pb
from robson.domain.errors import InvalidValue
from robson.domain.values import MONEY, NS_PER_MS, NS_PER_S, decimal_of, plain

_MONEY_PLACES = Decimal("1E-8")
_FINEST_PLACES = Decimal("1E-12")
_DAY_NS = 86_400 * NS_PER_S
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def text(value: Decimal | None) -> str:
    """Plain decimal text; empty for None. A quotient is cut where no grid is finer."""
    return "" if value is None else _cut(value, _FINEST_PLACES, ROUND_HALF_EVEN)


def text_or_word(value: str | None) -> str:
    """A field that holds a decimal or a word: a decimal as :func:`text` has it."""
    if not value:
        return ""
    try:
        return text(decimal_of(value))
    except InvalidValue:
        return value


def floored(value: Decimal | None, places: Decimal = _MONEY_PLACES) -> str:
    """A result or what is left, cut toward minus infinity: against the reader."""
    return "" if value is None else _cut(value, places, ROUND_FLOOR)


def raised(value: Decimal | None, places: Decimal = _MONEY_PLACES) -> str:
    """A cost, or what is at risk, cut toward plus infinity: against the reader."""
    return "" if value is None else _cut(value, places, ROUND_CEILING)


def _cut(value: Decimal, places: Decimal, rounding: str) -> str:
    exponent, finest = value.as_tuple().exponent, places.as_tuple().exponent
    with localcontext(MONEY):
        coarse = isinstance(exponent, int) and isinstance(finest, int) and exponent >= finest
        cut = value if coarse else value.quantize(places, rounding=rounding)
        return plain(cut or abs(cut))


def stamp(at_ns: int | None) -> Timestamp | None:
    """A time, or None, which leaves a message field unset."""
    if at_ns is None:
        return None
    seconds, nanos = divmod(at_ns, NS_PER_S)
    return Timestamp(seconds=seconds, nanos=nanos)


def instant_ns(message: Any, field: str) -> int | None:
    """A time field of a request in nanoseconds; None where it is unset."""
    if not message.HasField(field):
        return None
    asked: Timestamp = getattr(message, field)
    return asked.seconds * NS_PER_S + asked.nanos


def seconds(span_ns: int | None) -> str:
    """A duration in seconds with three decimals, never negative; empty for None."""
    if span_ns is None:
        return ""
    whole, ms = divmod(max(0, span_ns) // NS_PER_MS, 1000)
    return f"{whole}.{ms:03d}"


def enum_name(prefix: str, value: enum.Enum | str | None) -> str:
    """The wire's name of a word in one of its enums; UNSPECIFIED for None and unknown words."""
    word = value.value if isinstance(value, enum.Enum) else value
    name = f"{prefix}_{str(word).upper()}"
    return name if word is not None and hasattr(pb, name) else f"{prefix}_UNSPECIFIED"


def named(numbers: Iterable[tuple[str, str]]) -> list[pb.Named]:
    """Names with their values."""
    return [pb.Named(name=name, value=text_or_word(value)) for name, value in numbers]


def day_start(now_ns: int) -> int:
    """00:00 UTC of the same day."""
    return now_ns - now_ns % _DAY_NS


def next_day(now_ns: int) -> int:
    """00:00 UTC of the next day."""
    return day_start(now_ns) + _DAY_NS


def day_ns(days: int) -> int:
    """So many days in nanoseconds."""
    return days * _DAY_NS


def next_month(now_ns: int) -> int:
    """First instant of the next UTC month."""
    today = dt.datetime.fromtimestamp(now_ns // NS_PER_S, tz=dt.UTC)
    first = dt.datetime(today.year + today.month // 12, today.month % 12 + 1, 1, tzinfo=dt.UTC)
    return (first - _EPOCH) // dt.timedelta(seconds=1) * NS_PER_S


def decimals_of(grid: Decimal) -> int:
    """Decimal places that a price or quantity grid needs: 0.05 needs 2, 10 needs none."""
    exponent = grid.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0

"""Reads a number of a command line; what is none is told with its option."""

from __future__ import annotations

from decimal import Decimal

from robson.domain.errors import InvalidValue
from robson.domain.values import decimal_of


def number(option: str, text: str, *, above: int | None = None, least: int = 0) -> Decimal:
    """A decimal number above a bound, or from one.

    Raises:
        InvalidValue: it is none, or out of range; names the option.
    """
    wanted = f"a number from {least}" if above is None else f"a number above {above}"
    try:
        value = decimal_of(text)
    except InvalidValue:
        raise InvalidValue(f"{option} is {text}; expected {wanted}") from None
    if value < least or (above is not None and value <= above):
        raise InvalidValue(f"{option} is {text}; expected {wanted}")
    return value

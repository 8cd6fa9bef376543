"""What the tests of the oracles share: named vectors, printed rounding, a refused call."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

Number = str | int | Decimal | Fraction
Case = tuple[Any, ...]  # one worked vector
F = TypeVar("F", bound=Callable[..., None])
QUARTER_HOUR = 900_000


def vectors(**cases: object) -> Callable[[F], F]:
    """Run a test once for each named vector; conftest.py hands them out."""

    def mark(function: F) -> F:
        vars(function)["cases"] = cases
        return function

    return mark


def rounded(value: Number, places: int) -> Decimal:
    """Nearest, half up, as the pages print; only for printed numbers."""
    scaled = Fraction(value) * 10**places
    nearest = (abs(scaled) + Fraction(1, 2)).__floor__() * (1 if scaled >= 0 else -1)
    return Decimal(nearest).scaleb(-places)


def refuses(error: type[BaseException], call: Callable[[], Any]) -> bool:
    """Whether the call ends with this error."""
    try:
        call()
    except error:
        return True
    return False

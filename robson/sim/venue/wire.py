"""Binance's forms of numbers and times: decimal text trimmed or padded, whole milliseconds."""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.account import ATOM
from robson.domain.values import MONEY, NS_PER_MS, plain


def trimmed(value: Decimal) -> str:
    """As answers to orders and the account have it: ``0.02``."""
    return plain(value.quantize(ATOM, context=MONEY).normalize(context=MONEY))


def padded(value: Decimal | None) -> str:
    """As questions and streams have it: ``0.02000000``; nothing is zero."""
    return format((value or Decimal(0)).quantize(ATOM, context=MONEY), "f")


def ms(at_ns: int) -> int:
    """Nanoseconds as the exchange's milliseconds."""
    return at_ns // NS_PER_MS


def ns(at_ms: int) -> int:
    """Milliseconds as nanoseconds."""
    return at_ms * NS_PER_MS

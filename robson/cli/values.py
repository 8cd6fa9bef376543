"""How a word on the command line becomes a value, and what is said when it cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from robson.cli.problem import Problem

Type = Callable[[str], Any]

STATES = ("armed", "entering", "active", "exiting", "closed", "cancelled", "error")
SIDES = ("long", "short", "auto")
PROFILES = ("sim", "paper", "live")
LEVELS = ("debug", "info", "warning", "error")
LONGEST_TIMEOUT_MS = 600_000
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_INTEGER = re.compile(r"[0-9]{1,18}")
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?Z?"
)


def between(option: str, low: int, high: int, unit: str = "") -> Type:
    """A whole number within bounds; ``unit``: what it counts, where that is not plain."""

    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            wrong(f"is {text}; allowed is {low} to {high}{unit and f' {unit}'}.", option)
        return int(text)

    return read


def amount(option: str) -> Type:
    """A decimal above zero, kept as text."""

    def read(text: str) -> str:
        if not is_amount(text):
            wrong(f"is {text}; a plain amount above 0 is expected, such as 1000 or 250.50.", option)
        return text

    return read


def is_amount(text: str) -> bool:
    """Whether a text is a plain decimal above zero."""
    return bool(_AMOUNT.fullmatch(text) and text.strip("0."))


def leverage(text: str) -> int:
    """Too high is the daemon's to say: it knows what is allowed here."""
    if not _INTEGER.fullmatch(text) or not int(text):
        wrong(f"is {text}; allowed is 1 to 10.", "--leverage")
    return int(text)


def speed(text: str) -> str:
    """Times as fast as it was, or max."""
    if text != "max" and not is_amount(text):
        wrong(f"is {text}; a number above 0, or max, is expected.", "--speed")
    return text


def instant(option: str) -> Type:
    """A day or a minute in UTC, as nanoseconds since 1970."""

    def read(text: str) -> int:
        from calendar import timegm
        from datetime import datetime

        found = _INSTANT.fullmatch(text)
        try:
            numbers = [int(each or 0) for each in found.groups()] if found else []
            when = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - UTC by timegm
        except (ValueError, TypeError):
            wrong(f"is {text}; a UTC time is expected, 2025-07-16 or 2025-07-16T02:00.", option)
        return timegm(when.timetuple()) * 1_000_000_000

    return read


def wrong(what: str, option: str) -> NoReturn:
    """Refuse the value of an option.

    Raises:
        Problem: always.
    """
    raise Problem("INVALID_ARGUMENT", f"{option} {what}", {"option": option})

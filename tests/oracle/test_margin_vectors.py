"""Levels worked out by hand."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.margin_oracle import level_after

FREE = {"base": 0, "fee": 0, "hourly_rate": 0}


def test_three_times_the_equity_is_one_and_a_half() -> None:
    level = level_after("long", 3, fill=100, price=100, quote=100, **FREE)
    assert level == Fraction(3, 2)


def test_a_short_of_twice_the_equity_is_one_and_a_half() -> None:
    level = level_after("short", 2, fill=100, price=100, quote=100, **FREE)
    assert level == Fraction(3, 2)


def test_a_fall_of_a_tenth() -> None:
    level = level_after("long", 3, fill=100, price=90, quote=100, **FREE)
    assert level == Fraction(270, 200)


def test_nothing_borrowed_has_no_level() -> None:
    assert level_after("long", 1, fill=100, price=100, quote=100, **FREE) is None
    assert level_after("short", 1, fill=9, price=9, quote=0, base=1, fee=0, hourly_rate=0) is None

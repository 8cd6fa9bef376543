"""Did you mean: at one or two slips, and never further."""

from __future__ import annotations

import pytest

from robson.api.nearest import did_you_mean, distance, nearest

COMMANDS = ("status", "arm", "disarm", "panic", "history", "explain", "demo")


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [
        ("arm", "arm", 0),
        ("amr", "arm", 1),
        ("statu", "status", 1),
        ("sattus", "status", 1),
        ("pnic", "panic", 1),
        ("", "arm", 3),
        ("abc", "xyz", 3),
    ],
)
def test_slips_are_counted(one: str, other: str, slips: int) -> None:
    assert distance(one, other) == distance(other, one) == slips


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("stats", ("status",)),
        ("panik", ("panic",)),
        ("dissarm", ("disarm",)),
        ("arm", ()),
        ("xx", ()),
        ("rm", ("arm",)),
        ("sell", ()),
    ],
)
def test_near_names_are_offered(typed: str, meant: tuple[str, ...]) -> None:
    assert nearest(typed, COMMANDS) == meant


def test_at_most_two_are_offered_and_none_says_nothing() -> None:
    assert did_you_mean("BTCUSD", ("BTCUSDT", "BTCUSDC", "BTCUSDP")) == (
        " Did you mean BTCUSDC or BTCUSDP?"
    )
    assert not did_you_mean("BTCUSD", ())

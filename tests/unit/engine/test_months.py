"""A month is the exchange's: UTC, wherever this machine stands."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from robson.domain.values import NS_PER_S, ExchangeNs
from robson.engine.exposure import month_ends_ns, month_of, next_day, next_month

LAST = ExchangeNs(1_764_547_199 * NS_PER_S)
"""2025-11-30T23:59:59Z."""


@pytest.fixture(params=["UTC", "Pacific/Auckland", "America/Los_Angeles"], autouse=True)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_the_month_turns_at_midnight_utc(place: str) -> None:
    first = ExchangeNs(LAST + NS_PER_S)
    assert (month_of(LAST), month_of(first)) == ("2025-11", "2025-12"), place
    assert month_ends_ns(LAST) == first
    assert next_month(LAST) == next_day(LAST) == "2025-12-01T00:00:00.000Z"


def test_a_year_turns_like_a_month() -> None:
    december = ExchangeNs(month_ends_ns(LAST))
    january = month_ends_ns(december)
    assert (month_of(december), month_of(january)) == ("2025-12", "2026-01")
    assert month_of(ExchangeNs(january - 1)) == "2025-12"

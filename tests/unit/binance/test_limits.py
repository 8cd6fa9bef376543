"""Weights are kept, with a share for what leaves risk; the exchange's own word closes a door."""

from __future__ import annotations

import itertools

import pytest

from robson.connectors.binance import endpoints
from robson.connectors.binance.limits import Limits
from robson.domain.values import NS_PER_S

MINUTE = 60_000


class Time:
    ms = 10 * MINUTE

    def __call__(self) -> int:
        return self.ms


def test_the_share_of_exits_is_left() -> None:
    """Questions stop at four fifths; an exit leaves although every weight is used."""
    limits = Limits(Time())
    taken = next(
        n for n in itertools.count() if limits.take(endpoints.PLACE, weight=endpoints.BORROWING)
    )
    assert taken == 180_000 * 80 // 100 // 1_500
    assert limits.take(endpoints.PLACE) > 0, "an entry waits, however light"
    for _ in range(40):
        assert limits.take(endpoints.PLACE, weight=1_500, urgent=True) == 0


def test_what_exits_use_is_counted_too() -> None:
    limits = Limits(Time())
    for _ in range(121):
        limits.take(endpoints.PLACE, weight=1_500, urgent=True)
    assert limits.take(endpoints.PLACE) > 0, "the exchange counts them"


def test_a_new_minute_is_a_new_budget() -> None:
    now = Time()
    limits = Limits(now)
    while not limits.take(endpoints.ALL_ORDERS):
        pass
    now.ms += 20_000
    assert limits.take(endpoints.ALL_ORDERS) == 40 * NS_PER_S
    now.ms += 40_000
    assert limits.take(endpoints.ALL_ORDERS) == 0


def test_each_endpoint_of_sapi_has_its_own_and_api_shares_one() -> None:
    limits = Limits(Time())
    while not limits.take(endpoints.ALL_ORDERS):
        pass
    assert limits.take(endpoints.MY_TRADES) == 0
    while not limits.take(endpoints.EXCHANGE_INFO):
        pass
    assert limits.take(endpoints.KLINES) > 0
    assert limits.take(endpoints.MY_TRADES) == 0


@pytest.mark.parametrize(
    ("endpoint", "header", "used"),
    [
        (endpoints.KLINES, "x-mbx-used-weight-1m", "5000"),
        (endpoints.QUERY, "x-sapi-used-ip-weight-1m", "10000"),
        (endpoints.PLACE, "x-sapi-used-uid-weight-1m", "150000"),
    ],
)
def test_what_others_use_counts(endpoint: endpoints.Endpoint, header: str, used: str) -> None:
    limits = Limits(Time())
    assert limits.heard(endpoint, 200, {header: used}) == 0
    assert limits.take(endpoint) > 0
    limits.heard(endpoint, 200, {header: "1"})
    assert limits.take(endpoint) > 0, "an answer that is older than another says less"


@pytest.mark.parametrize("wait", ["7", ""])
def test_429_closes_its_own_endpoint_and_no_exit(wait: str) -> None:
    now = Time()
    limits = Limits(now)
    seconds = limits.heard(endpoints.PLACE, 429, {"retry-after": wait} if wait else {})
    assert seconds == (7 if wait else 60)
    assert limits.take(endpoints.PLACE) == seconds * NS_PER_S
    assert limits.take(endpoints.PLACE, urgent=True) == 0
    assert limits.take(endpoints.QUERY) == 0
    now.ms += seconds * 1_000
    assert limits.take(endpoints.PLACE) == 0


def test_418_closes_everything_but_exits() -> None:
    limits = Limits(Time())
    limits.heard(endpoints.KLINES, 418, {"retry-after": "300"})
    assert limits.take(endpoints.QUERY) == 300 * NS_PER_S
    assert limits.banned_ns() == 300 * NS_PER_S
    assert limits.take(endpoints.CANCEL, urgent=True) == 0


def test_nonsense_in_a_header_is_nothing() -> None:
    limits = Limits(Time())
    limits.heard(endpoints.KLINES, 200, {"x-mbx-used-weight-1m": "-1", "retry-after": "soon"})
    assert limits.take(endpoints.KLINES) == 0
    assert limits.heard(endpoints.KLINES, 429, {"retry-after": "9" * 30}) <= 3 * 24 * 3600

"""Words on the command line as values: bounds are allowed, and times are UTC wherever one is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from robson.cli.problem import Problem
from robson.cli.values import amount, between, instant, leverage


@pytest.fixture(params=["UTC", "America/Sao_Paulo", "Pacific/Auckland"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the person sits."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_a_time_is_utc_wherever_one_is(zone: str) -> None:
    for text in ("2025-07-16", "2025-07-16T00:00", "2025-07-16 00:00:00Z"):
        assert instant("--since")(text) == 1_752_624_000 * 1_000_000_000, (zone, text)


def test_both_bounds_are_allowed_and_nothing_beyond() -> None:
    read = between("--limit", 1, 500)
    assert [read(text) for text in ("1", "500")] == [1, 500]
    for text in ("0", "501", "-1", "1.0", "", "1e2"):
        with pytest.raises(Problem, match="allowed is 1 to 500"):
            read(text)


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "1,5", "1e3", "NaN", "1.", ".5", "01", "10 "])
def test_an_amount_is_plain_and_above_zero(text: str) -> None:
    with pytest.raises(Problem, match="a plain amount above 0"):
        amount("--capital")(text)


def test_what_is_an_amount_stays_as_it_was_written() -> None:
    assert [amount("--capital")(text) for text in ("1000", "250.50", "0.1")] == [
        *("1000", "250.50"),
        "0.1",
    ]
    assert leverage("99") == 99, "too high is the daemon's to say"
    with pytest.raises(Problem):
        leverage("0")

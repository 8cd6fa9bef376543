"""How numbers, ages, times and ids are written; no rounding flatters the reader."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson.cli.screens import figures as f
from robson.cli.screens.line import HARD_SPACE

D = Decimal
MONEY = st.decimals("-1e9", "1e9", places=6)


def soft(text: str) -> str:
    return text.replace(HARD_SPACE, " ")


@pytest.mark.parametrize(
    ("value", "tick", "text"),
    [
        (D("117724.29"), D("0.01"), "117,724.29"),
        ("117724.290000", "0.01", "117,724.29"),
        (D("0.00002"), D("0.00000100"), "0.000020"),
        (D("95.1"), D("0.05"), "95.10"),
        (D("10500"), D("10"), "10,500"),
        (D("3.10"), None, "3.10"),
        (D("1e-12"), None, "0.00000000"),
        (D("-0.001"), D("0.01"), "0.00"),
        (None, D("0.01"), "?"),
        ("NaN", D("0.01"), "?"),
        (D("1e30"), D("0.01"), "1" + ",000" * 10 + ".00"),
    ],
)
def test_prices_follow_their_tick(value: object, tick: object, text: str) -> None:
    assert f.price(value, tick) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("91.039"), "+91.03"),
        (D("-91.031"), "-91.04"),
        (D("0.004"), "0.00"),
        (D("-0"), "0.00"),
        (D("-0.0001"), "-0.01"),
        (D("0.00"), "0.00"),
        (None, "?"),
        (D("1234567.5"), "+1,234,567.50"),
    ],
)
def test_results_are_signed(value: object, text: str) -> None:
    assert f.pnl(value) == text


@given(MONEY)
def test_no_result_is_shown_better_than_it_is(value: Decimal) -> None:
    shown = D(f.pnl(value).replace(",", ""))

    assert shown <= value
    assert value - shown < D("0.01")
    assert not f.pnl(value).startswith("-0.00")


@given(MONEY.map(abs))
def test_risk_is_rounded_up_and_what_is_free_down(value: Decimal) -> None:
    risk, free = (D(text.replace(",", "")) for text in (f.risk(value), f.free(value)))

    assert free <= value <= risk
    assert risk - free in (0, D("0.01"))


@given(st.decimals(0, "1e6", places=9), st.sampled_from(["0.00001", "0.001", "1", "0.5"]))
def test_quantities_are_rounded_down(value: Decimal, step: str) -> None:
    assert D(f.quantity(value, D(step)).replace(",", "")) <= value


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        ("0.2", "0.2 s"),
        (D("9.94"), "9.9 s"),
        (D("9.96"), "10.0 s"),
        (41.9, "41 s"),
        (124, "2m 04s"),
        (6 * 3600 + 720, "6h 12m"),
        (3 * 86400 + 4 * 3600, "3d 04h"),
        (-1, "0.0 s"),
        (None, "?"),
    ],
)
def test_ages(seconds: object, text: str) -> None:
    assert soft(f.age(seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(D("0.041"), "41 ms"), (0, "0 ms"), (D("0.3"), "0.3 s"), (None, "?")]
)
def test_short_waits(seconds: object, text: str) -> None:
    assert soft(f.lag(seconds)) == text


NOON = "2025-11-21T14:03:22.236Z"


def test_times_of_day_carry_their_date_only_on_another_day() -> None:
    assert f.clock(NOON, NOON) == "14:03:22"
    assert soft(f.clock(NOON, "2025-11-22T00:00:00.000Z")) == "11-21 14:03"
    assert f.clock(NOON, NOON, exact=True) == "14:03:22.236"
    assert soft(f.clock(NOON, "2025-11-22T00:00:00Z", exact=True)) == "11-21 14:03:22.236"
    assert f.clock(None) == f.clock("soon") == "?"
    assert f.clock("2025-11-21T15:03:22+01:00") == "14:03:22"


def test_a_deadline_is_an_instant_and_what_is_left() -> None:
    assert soft(f.deadline("2025-12-01T00:00:00.000Z", NOON)) == "Dec 1, 00:00 UTC (9d 09h)"
    assert soft(f.deadline("2025-11-01T00:00:00.000Z", NOON)) == "Nov 1, 00:00 UTC"
    assert f.deadline(None, NOON) == "?"


def test_ids_are_as_long_as_it_takes() -> None:
    assert f.short_ids(["pos_AAAA7K3QM4"]) == {"pos_AAAA7K3QM4": "7K3QM4"}
    alike = f.short_ids(["pos_A1234567", "pos_B1234567"])
    assert sorted(alike.values()) == ["A1234567", "B1234567"]


@given(st.lists(st.text("AB", min_size=8, max_size=8), min_size=1, max_size=20))
def test_short_ids_tell_ids_apart(ids: list[str]) -> None:
    short = f.short_ids(ids)

    assert len(set(short.values())) == len(set(ids))
    assert all(full.endswith(part) for full, part in short.items())


def test_other_words() -> None:
    assert f.share(D("1.00")) == "1%"
    assert f.share(D("0.1")) == "0.1%"
    assert f.percent(D("0.0104")) == "1.04%"
    assert f.signed_pct(D("-0.8602")) == "-0.86%"
    assert f.lost_percent(D("-0.01044")) == "-1.05%"
    assert f.spans_of(D("294.31"), D("1012.62")) == "+0.29"
    assert f.spans_of(D("2025.24"), D("1012.62")) == "+2"
    assert soft(f.count(1, "touch", "touches")) == "1 touch"
    assert [soft(f.in_spans(D(n))) for n in ("1", "2.0", "2.5")] == [
        "1 span",
        "2 spans",
        "2.5 spans",
    ]
    assert soft(f.count(1204, "event")) == "1,204 events"
    assert [soft(f.often(n)) for n in range(4)] == ["never", "once", "twice", "3 times"]

"""Judges the sizing oracle by the worked vectors of the rule."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random

from tests.oracle import sizing_oracle
from tests.oracle.sized import sized
from tests.oracle.vectors import Case, Number, rounded, vectors

SIZING = {
    # capital, entry, X, side, golden, qty, planned risk, notional, qty with 5 bps of entry slip
    "seed_long": (
        *("10000", "95000", "93500", "long"),
        *("0.06666", "0.05611", "99.982773715", "5330.45", "0.05466"),
    ),
    "mirror_short": (
        *("10000", "95000", "96500", "short"),
        *("0.06666", "0.05592", "99.990356280", "5312.40", "0.05447"),
    ),
    "tight": (
        *("10000", "95000", "94905", "long"),
        *("1.05263", "0.26335", "99.997970268", "25018.25", "0.23404"),
    ),
    "small_account": (
        *("1000", "95000", "93500", "long"),
        *("0.00666", "0.00561", "9.996495465", "532.95", "0.00546"),
    ),
    "seed_long_with_buffer": (
        *("10000", "95000", "93406.5", "long"),
        *(None, "0.05332", "99.986708725", "5065.40", "0.05200"),
    ),
    "real_short": (
        *("30", "92837.01", "93058.20", "short"),
        *("0.00135", "0.00059", "0.295139516", "54.77", "0.00054"),
    ),
}


@vectors(**SIZING)
def test_sizing_without_entry_slip(case: Case) -> None:
    capital, entry, stop, side, golden, qty, risk, notional, _ = case

    answer = sized(capital, entry, stop, side)

    assert answer["qty"] == Decimal(qty)
    assert rounded(answer["planned_risk"], 9) == Decimal(risk)
    assert rounded(answer["qty"] * Decimal(entry), 2) == Decimal(notional)
    assert answer["binding"] == "risk"
    assert answer["refused"] is None
    if golden is not None:
        assert answer["golden_qty"] == Decimal(golden)


@vectors(**SIZING)
def test_sizing_with_the_default_entry_slip(case: Case) -> None:
    capital, entry, stop, side, *_, qty = case

    answer = sized(capital, entry, stop, side, slip=5)

    assert answer["qty"] == Decimal(qty)
    assert answer["binding"] == "risk"
    assert answer["planned_risk"] <= Decimal(capital) / 100


def test_the_real_short_of_january_risked_more_than_twice_its_plan() -> None:
    loss = sized("30", "92837.01", "93058.20", "short")["loss_unit"] * Decimal("0.00135")

    assert rounded(loss, 3) == Decimal("0.675")
    assert rounded(loss / 30 * 100, 2) == Decimal("2.25")


def test_sizing_of_the_dry_run_screen() -> None:
    entry, stop = "117724.29", "116711.67"

    def loss(fee: Number, gap: Number, slip: Number) -> Fraction:
        return sizing_oracle.loss_per_unit(entry, stop, "long", fee, gap, slip)

    answer = sized("10000", entry, stop, "long", slip=5)

    assert answer["golden_qty"] == Decimal("0.09875")
    assert answer["qty"] == Decimal("0.07029")
    assert rounded(answer["qty"] * Decimal(entry), 2) == Decimal("8274.84")
    assert loss(0, 0, 0) == Decimal("1012.62")
    assert rounded(loss("0.001", 10, 5) - loss(0, 10, 5), 2) == Decimal("234.38")
    assert rounded(loss(0, 10, 0) - loss(0, 0, 0), 2) == Decimal("116.71")
    assert rounded(loss(0, 0, 5) - loss(0, 0, 0), 2) == Decimal("58.86")
    assert rounded(answer["loss_unit"] * Decimal("0.09875"), 2) == Decimal("140.48")
    assert Decimal("99.99") < answer["planned_risk"] <= 100


def test_margin_caps_a_long_by_leverage_and_a_short_by_one_less() -> None:
    free = {"fee": 0, "gap_bps": 0, "step": 1, "min_qty": 1}

    long = sized("10000", "100", "99.9", "long", **free)
    short = sized("10000", "100", "100.1", "short", **free)
    lean = sized("10000", "100", "99.9", "long", **free | {"equity": "5000"})
    unlevered = sized("10000", "100", "100.1", "short", **free | {"leverage": 1})

    assert (long["qty"], long["binding"], long["golden_qty"]) == (297, "margin", 1000)
    assert (short["qty"], short["binding"]) == (198, "margin")
    assert (lean["qty"], lean["binding"]) == (148, "margin")
    assert (unlevered["qty"], unlevered["refused"]) == (0, "size_too_small")


def test_leverage_never_multiplies_the_risk_sized_quantity() -> None:
    sizes = {sized("10000", "95000", "93500", "long", leverage=n)["qty"] for n in range(1, 11)}

    assert sizes == {Decimal("0.05611")}


def test_market_maximum_and_borrow_limit_bind() -> None:
    capped = sized("10000", "95000", "93500", "long", max_qty="0.05")
    borrowed = sized("10000", "95000", "93500", "long", max_borrow_qty="0.020009")

    assert (capped["qty"], capped["binding"]) == (Decimal("0.05"), "max_qty")
    assert (borrowed["qty"], borrowed["binding"]) == (Decimal("0.02"), "borrow")


def test_a_size_below_the_minimum_is_refused_not_raised() -> None:
    few = sized("10000", "95000", "93500", "long", min_qty="0.05612")
    cheap = sized("10000", "95000", "93500", "long", min_notional="5330.46")
    enough = sized("10000", "95000", "93500", "long", min_notional="5330.45")

    assert few["refused"] == cheap["refused"] == "size_too_small"
    assert enough["refused"] is None


@vectors(
    nearest=("94905", None),
    too_near=("94905.01", "stop_invalid"),
    farthest=("85500", None),
    too_far=("85499.99", "stop_invalid"),
    at_the_entry=("95000", "stop_invalid"),
    wrong_side=("95500", "stop_invalid"),
)
def test_stop_distance_bounds_include_both_ends(case: Case) -> None:
    stop, refused = case

    assert sized("10000", "95000", stop, "long")["refused"] == refused


def test_interest_is_charged_on_the_borrowed_share() -> None:
    def unit(side: str, stop: str, equity: str) -> Fraction:
        return sizing_oracle.interest_per_unit(
            "10000", 1, "1000", stop, side, 0, 0, 0, equity, "0.00001", 24
        )

    # A long of 10 units (100 / 10) costs 10,000: all of it is its own, then half, then none.
    assert unit("long", "990", "10000") == 0
    assert unit("long", "990", "5000") == Decimal("0.12")
    assert unit("long", "990", "0") == Decimal("0.24")
    assert unit("short", "1010", "10000") == Decimal("0.24")


def test_sizing_never_exceeds_the_cap() -> None:
    random = Random(7)
    seen = set()
    for _ in range(2000):
        entry = Decimal(random.randint(10_000, 10_000_000)) / 100
        side = random.choice(["long", "short"])
        far = entry * random.randint(11, 990) / 10_000
        stop = (entry - far if side == "long" else entry + far).quantize(Decimal("0.01"))
        capital = Decimal(random.randint(10, 100_000))

        answer = sized(
            capital,
            entry,
            stop,
            side,
            slip=random.choice([0, 5, 20]),
            fee=Decimal(random.randint(0, 20)) / 10_000,
            gap_bps=random.choice([0, 10, 33]),
            equity=capital * random.randint(1, 100) / 100,
            leverage=random.randint(1, 10),
            step=random.choice(["0.00001", "0.001", "0.05", "1"]),
        )

        seen.add((answer["binding"], answer["refused"]))
        assert answer["planned_risk"] <= capital / 100
        if answer["binding"] == "risk":
            assert answer["qty"] <= answer["golden_qty"]

    assert {("risk", None), ("margin", None), ("risk", "size_too_small")} <= seen

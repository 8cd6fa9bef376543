"""Judges the oracles by the worked vectors of the rules; owns no comparison with the product."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, Protocol, TypeVar

from tests.oracle import (
    analyser_oracle,
    books_oracle,
    budget_oracle,
    crossover_oracle,
    ladder_oracle,
    pnl_oracle,
    sizing_oracle,
    tape_oracle,
)

Number = str | int | Decimal | Fraction
Case = tuple[Any, ...]  # one worked vector
F = TypeVar("F", bound=Callable[..., None])
QUARTER_HOUR = 900_000


class Metafunc(Protocol):
    """As much of the test runner as is used here; it is not imported."""

    function: Callable[..., None]

    def parametrize(self, name: str, values: list[Any], *, ids: list[str]) -> None: ...


def vectors(**cases: object) -> Callable[[F], F]:
    """Run a test once for each named vector."""

    def mark(function: F) -> F:
        vars(function)["cases"] = cases
        return function

    return mark


def pytest_generate_tests(metafunc: Metafunc) -> None:
    cases = getattr(metafunc.function, "cases", None)
    if cases is not None:
        metafunc.parametrize("case", list(cases.values()), ids=list(cases))


def rounded(value: Number, places: int) -> Decimal:
    """Nearest, half up, as the pages print; only for printed numbers."""
    scaled = Fraction(value) * 10**places
    nearest = (abs(scaled) + Fraction(1, 2)).__floor__() * (1 if scaled >= 0 else -1)
    return Decimal(nearest).scaleb(-places)


def refuses(error: type[BaseException], call: Callable[[], Any]) -> bool:
    try:
        call()
    except error:
        return True
    return False


# ------------------------------------------------------------------------------ the oracles' law


def test_oracles_import_only_the_standard_library() -> None:
    files = sorted(Path(__file__).parent.glob("*_oracle.py"))
    roots = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                roots.add((node.module or "").partition(".")[0])

    assert len(files) == 8
    assert roots >= {"fractions", "decimal"}
    assert roots <= sys.stdlib_module_names


@vectors(
    sizing=sizing_oracle,
    ladder=ladder_oracle,
    analyser=analyser_oracle,
    budget=budget_oracle,
    crossover=crossover_oracle,
    books=books_oracle,
    pnl=pnl_oracle,
    tape=tape_oracle,
)
def test_a_float_is_refused(case: ModuleType) -> None:
    assert refuses(TypeError, lambda: case.exact(0.1))
    assert case.exact(Decimal("0.1")) == Fraction(1, 10)


# ---------------------------------------------------------------------------------------- sizing


def sized(
    capital: Number, entry: Number, stop: Number, side: str, slip: Number = 0, **other: object
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "equity": capital,
        "leverage": 3,
        "headroom_bps": 100,
        "step": "0.00001",
        "min_qty": "0.00001",
        "max_qty": "9000",
        "min_notional": 5,
        "risk_pct": 1,
        "fee": "0.001",
        "gap_bps": 10,
    }
    facts |= other
    return sizing_oracle.size(
        capital=capital, entry_ref=entry, stop=stop, side=side, entry_slip_bps=slip, **facts
    )


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


# ---------------------------------------------------------------------------------------- ladder


LONG_PRICES = ["49500", "50000", "50999", "51000", "51999", "52000", "54000", "50500"]
LONG_RUNGS = [0, 0, 0, 1, 1, 2, 4, 0]


@vectors(
    be_15=(15, [49000, 49000, 49000, 50075, 50075, 51000, 53000, 53000]),
    be_0=(0, [49000, 49000, 49000, 50000, 50000, 51000, 53000, 53000]),
)
def test_ladder_of_a_long(case: Case) -> None:
    be_bps, stops = case

    path = ladder_oracle.ladder("50000", "49000", "long", be_bps, "0.01", LONG_PRICES)

    assert path == list(zip(LONG_RUNGS, stops, strict=True))


def test_ladder_of_a_short_divides_and_rounds_up() -> None:
    prices = ["2950", "2900", "2800", "2700", "2950"]

    path = ladder_oracle.ladder("3000", "3100", "short", 15, "0.01", prices)

    assert path == [(0, 3100), (1, Decimal("2995.51")), (2, 2900), (3, 2800), (0, 2800)]
    assert (Fraction(3000) / Fraction("1.0015") * 10_000).__floor__() == 29_955_067


def test_ladder_of_the_long_at_95000() -> None:
    prices = ["96500", "98000", "99500"]
    position = ladder_oracle.Position("95000", "93500", "long", 0, "0.01")

    path = ladder_oracle.ladder("95000", "93500", "long", 0, "0.01", prices)
    kept = ladder_oracle.walk(position, [*prices, "98000.01"])
    left = ladder_oracle.walk(position, [*prices, "98000"])

    assert [stop for _, stop in path] == [95000, 96500, 98000]
    assert kept.exit is None
    assert left.exit == (3, "trailing_stop", 98000)


def test_first_rung_distance_follows_the_fee() -> None:
    assert ladder_oracle.auto_be_bps(10, 10) == 25
    assert ladder_oracle.auto_be_bps("7.5", 9) == 20


def test_ladder_of_the_screens() -> None:
    entry, stop = "117724.29", "116711.67"
    prices = ["118736.90", "118736.91", "119261.13"]

    path = ladder_oracle.ladder(entry, stop, "long", 25, "0.01", prices)

    assert path == [(0, Decimal(stop)), (1, Decimal("118018.60")), (1, Decimal("118018.60"))]
    assert ladder_oracle.stop_gain_price(entry, stop, "long", 2, "0.01") == Decimal("119749.53")


def test_a_first_rung_without_room_is_gone_and_the_second_counts() -> None:
    # Span 50 with 15 bps: the first rung at 50,050 would ask for a stop of 50,075.
    prices = ["50050", "50099.99", "50100", "50060"]

    path = ladder_oracle.ladder("50000", "49950", "long", 15, "0.01", prices)

    assert path == [(1, 49950), (1, 49950), (2, 50050), (1, 50050)]


@vectors(
    # The first rung of a span of 100 lies at 50,100; tick 1.
    one_tick_of_room=("19.8", 50099),
    no_tick_of_room=("20", 49900),
    quantised_into_room=("19.999", 50099),
)
def test_a_rung_keeps_one_tick_of_room(case: Case) -> None:
    be_bps, stop = case

    path = ladder_oracle.ladder("50000", "49900", "long", be_bps, 1, ["50150"])

    assert path == [(1, stop)]


def test_a_far_fill_anchors_the_first_rung_only() -> None:
    def stops(fill: str) -> list[Any]:
        prices = ["51000", "52000"]
        path = ladder_oracle.ladder("50000", "49000", "long", 10, "0.01", prices, fill=fill)
        return [stop for _, stop in path]

    assert stops("50250") == [50050, 51000]
    assert stops("50250.01") == [Decimal("50300.26"), 51000]
    assert stops("49700") == [Decimal("49749.70"), 51000]


def test_off_never_moves_the_stop() -> None:
    path = ladder_oracle.ladder("50000", "49000", "long", 15, "0.01", LONG_PRICES, "off")

    assert path == [(0, 49000)] * len(LONG_PRICES)


def test_continuous_climbs_in_whole_steps() -> None:
    prices = ["50062.49", "50062.50", "50124", "51000", "50500", "51062.5"]

    path = ladder_oracle.ladder("50000", "49000", "long", 15, "0.01", prices, "continuous")
    coarse = ladder_oracle.ladder("100", "99", "long", 15, "0.5", ["100.5", "101.4"], "continuous")
    short = ladder_oracle.ladder("100", "101", "short", 15, "0.01", ["99.9"], "continuous")

    # Step 62.5, each quantised down; the second example's tick is above span / 16.
    assert [stop for _, stop in path] == [
        *(49000, Decimal("49062.5"), Decimal("49062.5"), 50000, 50000, Decimal("50062.5")),
    ]
    assert coarse == [(1, Decimal("99.5")), (2, 100)]
    assert short == [(1, Decimal("100.94"))]  # 101 - 0.0625 = 100.9375, a buy stop goes up


def test_rule_order_stop_then_gain_then_trailing() -> None:
    position = ladder_oracle.Position("50000", "49000", "long", 15, "0.01", "handspan", "52000")

    lost = ladder_oracle.walk(position, ["49500", "49000", "52000"])
    won = ladder_oracle.walk(position, ["51000", "52000"])
    trailed = ladder_oracle.walk(position, ["51000", "51000", "50075.01", "50075"])
    jumped = ladder_oracle.walk(position, ["51999", "40000"])

    assert lost == ((1, "stop_loss", 49000), [49000, 49000], [])
    assert won == ((1, "stop_gain", 52000), [50075, 50075], [(0, 1, 50075)])
    assert trailed == ((3, "trailing_stop", 50075), [50075] * 4, [(0, 1, 50075)])
    assert jumped.exit == (1, "trailing_stop", 40000)


def test_rule_order_of_a_short() -> None:
    position = ladder_oracle.Position("3000", "3100", "short", 15, "0.01", "handspan", "2800")

    assert ladder_oracle.walk(position, ["3100"]).exit == (0, "stop_loss", 3100)
    assert ladder_oracle.walk(position, ["2900", "2800"]).exit == (1, "stop_gain", 2800)
    assert ladder_oracle.walk(position, ["2900", "2995.51"]).exit == (
        *(1, "trailing_stop"),
        Decimal("2995.51"),
    )


@vectors(
    long=("long", "100", "99.97", Decimal("100.06")),
    short=("short", "100", "100.03", Decimal("99.94")),
)
def test_stop_gain_is_quantised_away_from_the_entry(case: Case) -> None:
    side, entry, stop, exact = case
    away = {"long": Decimal("100.1"), "short": Decimal("99.9")}

    assert ladder_oracle.stop_gain_price(entry, stop, side, 2, "0.01") == exact
    assert ladder_oracle.stop_gain_price(entry, stop, side, 2, "0.1") == away[side]


def test_repeating_a_price_changes_nothing() -> None:
    random = Random(11)
    for mode in ["off", "handspan", "continuous"]:
        for side, stop in [("long", "990"), ("short", "1010")]:
            position = ladder_oracle.Position("1000", stop, side, 15, "0.1", mode)
            prices, price = [], Decimal(1000)
            for _ in range(300):
                price += Decimal(random.randint(-15, 15)) / 10
                prices.append(price)

            once = ladder_oracle.walk(position, prices)
            twice = ladder_oracle.walk(position, [p for p in prices for _ in range(2)])

            assert once.stops == twice.stops[::2]
            assert (once.exit is None) == (twice.exit is None)
            if once.exit and twice.exit:
                assert (once.exit[0] * 2, *once.exit[1:]) == twice.exit


def test_bars_meet_an_edge_at_its_own_price_and_jump_only_between_rows() -> None:
    position = ladder_oracle.Position("50000", "49000", "long", 15, "0.01", "handspan", "52000")

    touched = ladder_oracle.walk_bars(position, [("50000", "50500", "48000", "50100")])
    jumped = ladder_oracle.walk_bars(
        position, [("50000", "50500", "49500", "50100"), ("48500", "53000", "48000", "52000")]
    )
    adverse_first = ladder_oracle.walk_bars(position, [("50000", "53000", "48900", "52500")])
    gained = ladder_oracle.walk_bars(position, [("50000", "53000", "49001", "49500")])
    trailed = ladder_oracle.walk_bars(position, [("50000", "51500", "49001", "49500")])

    assert touched.exit == (0, "stop_loss", 49000)
    assert jumped.exit == (1, "stop_loss", 48500)
    assert adverse_first.exit == (0, "stop_loss", 49000)
    assert gained.exit == (0, "stop_gain", 52000)
    assert trailed.exit == (0, "trailing_stop", 50075)


def test_bars_equal_their_own_path_tick_by_tick() -> None:
    random = Random(5)
    reasons = set()
    for _ in range(300):
        side, stop, gain = random.choice([("long", 980, 1040), ("short", 1020, 960)])
        mode = random.choice(["off", "handspan", "continuous"])
        target = random.choice([gain, None])
        position = ladder_oracle.Position(1000, stop, side, 15, 1, mode, target)
        bars, ticks, row_of, last = [], [], [], 1000
        for row in range(20):
            first = last + random.randint(-3, 3)
            last = first + random.randint(-8, 8)
            high = max(first, last) + random.randint(0, 5)
            low = min(first, last) - random.randint(0, 5)
            bars.append((first, high, low, last))
            here, corners = first, [low, high, last] if side == "long" else [high, low, last]
            ticks.append(first)
            row_of.append(row)
            for corner in corners:
                while here != corner:
                    here += 1 if corner > here else -1
                    ticks.append(here)
                    row_of.append(row)

        by_bar = ladder_oracle.walk_bars(position, bars)
        by_tick = ladder_oracle.walk(position, ticks)

        assert (by_bar.exit is None) == (by_tick.exit is None)
        assert by_bar.stops[-1] == by_tick.stops[-1]
        assert [r[1:] for r in by_bar.raises] == [r[1:] for r in by_tick.raises]
        if by_bar.exit and by_tick.exit:
            reasons.add(by_bar.exit[1])
            assert by_bar.exit == (row_of[by_tick.exit[0]], *by_tick.exit[1:])

    assert reasons == {"stop_loss", "stop_gain", "trailing_stop"}


# -------------------------------------------------------------------------------------- analyser


def test_selection_of_13_august_takes_the_adverse_extreme() -> None:
    zone = ["63800.0", "63927.78", "64131.4"]

    chosen = analyser_oracle.select([zone], "63768.50", "short")

    assert chosen == {
        "level": Decimal("64131.4"),
        "index": 1,
        "confidence": "medium",
        "skipped": [],
    }
    assert rounded(
        (Decimal("64131.4") - Decimal("63768.50")) / Decimal("63768.50") * 100, 3
    ) == Decimal("0.569")


def test_selection_of_12_august_is_in_bounds_by_its_lowest_member() -> None:
    entry, lowest = Decimal("63356.40"), Decimal("63283.0")
    zone = [lowest, "63342.2"]  # their mean is 63,312.6

    chosen = analyser_oracle.select([zone], entry, "long")
    second = analyser_oracle.select([zone, ["63340"]], entry, "long")
    by_mean = analyser_oracle.select([["63312.6"]], entry, "long")

    assert (chosen["level"], chosen["confidence"]) == (lowest, "medium")
    assert (second["level"], second["index"], second["confidence"]) == (lowest, 2, "high")
    assert by_mean["skipped"] == [(1, Decimal("63312.6"), "below_min")]
    assert rounded((entry - lowest) / entry * 100, 3) == Decimal("0.116")
    assert rounded((entry - Decimal("63312.6")) / entry * 100, 3) == Decimal("0.069")


def test_selection_of_2_august_walks_deeper() -> None:
    zones = [["63520.00"], ["63551.40"], ["63650.00"]]

    chosen = analyser_oracle.select(zones, "63491.70", "short", level_n=2)

    assert chosen == {
        "level": Decimal("63650.00"),
        "index": 3,
        "confidence": "medium",
        "skipped": [(2, Decimal("63551.40"), "below_min")],
    }


def test_selection_never_walks_past_the_first_level_that_is_too_far() -> None:
    far = analyser_oracle.select([["9950"], ["8999"], ["8998"]], "10000", "long")
    deepest = analyser_oracle.select([["8999"]], "10000", "long")
    edge = analyser_oracle.select([["9990"], ["9000"]], "10000", "long")
    nothing = analyser_oracle.select([], "10000", "long")

    assert (far["level"], far["skipped"]) == (None, [(2, 8999, "above_max")])
    assert (deepest["level"], deepest["skipped"]) == (None, [(1, 8999, "above_max")])
    assert (edge["level"], edge["confidence"]) == (9000, "high")
    assert (nothing["level"], nothing["skipped"]) == (None, [])


def flat_candles(lows: dict[int, Number], count: int = 100, base: int = 1000) -> list[Any]:
    """Candles of range 1 around a slowly falling base (no swing by themselves), with given lows."""
    made = []
    for i in range(count):
        close = Decimal(base) - Decimal(i) / 1000
        low = Decimal(str(lows.get(i, close - 1)))
        made.append((i * QUARTER_HOUR, close, close + 1, low, close))
    return made


def mirrored(candles: list[Any], about: int) -> list[Any]:
    turn = 2 * about
    return [(t, turn - o, turn - low, turn - high, turn - c) for t, o, high, low, c in candles]


def test_analysis_clusters_counts_touches_and_takes_the_second_level() -> None:
    lows = {10: 990, 20: 991, 30: "989.5", 40: 980, 50: "995"}

    answer = analyser_oracle.analyse(flat_candles(lows), 1000, "long")

    # Tolerance 2.0 around the running mean: 989.5, 990 and 991 are one zone.
    assert [(c["level"], c["touches"]) for c in answer["clusters"]] == [
        *[(995, 1), (Decimal("989.5"), 3), (980, 1)],
    ]
    assert (answer["outcome"], answer["method"]) == ("selected", "swing")
    assert (answer["level"], answer["index"], answer["confidence"]) == (Decimal("989.5"), 2, "high")


def test_analysis_of_the_mirrored_candles_mirrors() -> None:
    lows = {10: 990, 20: 991, 30: "989.5", 40: 980, 50: "995"}

    answer = analyser_oracle.analyse(mirrored(flat_candles(lows), 1000), 1000, "short")

    assert (answer["level"], answer["index"], answer["confidence"]) == (
        Decimal("1010.5"),
        2,
        "high",
    )


def test_membership_follows_the_running_mean() -> None:
    # 103 is 2 from 101 (the mean of 100 and 102), so it joins; 104.1 is 2.43 from the mean then.
    groups = analyser_oracle.clusters_of(["100", "102", "103", "104.1"], 1000)

    assert groups == [[100, 102, 103], [Decimal("104.1")]]


def test_swings_are_strict_and_need_both_neighbours() -> None:
    def candle(i: int, low: int) -> analyser_oracle.Candle:
        return (i * QUARTER_HOUR, 20, 30, low, 20)

    plateau = [candle(i, low) for i, low in enumerate([9, 8, 5, 5, 8, 9, 4, 9, 9, 3])]

    assert analyser_oracle.swings(plateau, "long") == [4]
    assert analyser_oracle.swings(plateau, "short") == []


def test_min_touches_drops_thin_levels() -> None:
    candles = flat_candles({10: 990, 20: 991, 40: 980, 50: 995})

    answer = analyser_oracle.analyse(candles, 1000, "long", min_touches=2)

    assert [c["level"] for c in answer["clusters"]] == [990]
    assert (answer["level"], answer["index"], answer["confidence"]) == (990, 1, "medium")


def test_atr_is_the_last_resort() -> None:
    candles = flat_candles({})

    low = analyser_oracle.analyse(candles, 1000, "long")
    refused = analyser_oracle.analyse(candles, 1000, "long", atr_multiplier="51")

    # Each true range is 2 (high less low; the close before moves by 0.001 only).
    assert (low["method"], low["confidence"], low["index"]) == ("atr", "low", None)
    assert (low["atr"], low["level"]) == (2, 997)
    assert (refused["outcome"], refused["reason"]) == ("no_valid_stop", "atr_out_of_bounds")


def test_atr_counts_the_gap_from_the_close_before() -> None:
    # open time, open, high, low, close: a jump up of 9, then one down of 12, each bar 2 high.
    bars = [(0, 100, 101, 99, 100), (1, 110, 111, 109, 110), (2, 98, 99, 97, 98)]

    assert analyser_oracle.average_true_range(bars, 2) == Fraction(11 + 13, 2)
    assert analyser_oracle.average_true_range(bars, 1) == 13


def test_analysis_needs_fresh_whole_candles() -> None:
    candles = flat_candles({10: 990, 40: 980})
    closed = candles[-1][0] + QUARTER_HOUR

    def outcome(rows: list[Any], now_ms: int) -> tuple[Any, Any]:
        answer = analyser_oracle.analyse(rows, 1000, "long", now_ms=now_ms)
        return answer["outcome"], answer["reason"]

    assert outcome(candles, closed) == ("selected", None)
    assert outcome(candles, closed + 990_000) == ("selected", None)
    assert outcome(candles, closed + 990_001) == ("data_unavailable", "stale")
    assert outcome(candles, closed - 1) == ("data_unavailable", "insufficient")
    assert outcome(candles[:50] + candles[51:], closed) == ("data_unavailable", "gap")


def test_older_and_forming_candles_change_nothing() -> None:
    candles = flat_candles({15: 985, 25: 990, 40: 980}, count=110)
    now = candles[-1][0] + QUARTER_HOUR
    forming = (now, 900, 900, 900, 900)
    gap_before = candles[:3] + candles[5:]

    plain = analyser_oracle.analyse(candles[10:], 1000, "long", now_ms=now)

    assert plain["candle_count"] == 100
    assert analyser_oracle.analyse(candles, 1000, "long", now_ms=now) == plain
    assert analyser_oracle.analyse([*candles, forming], 1000, "long", now_ms=now) == plain
    assert analyser_oracle.analyse(gap_before, 1000, "long", now_ms=now) == plain


def test_analysis_scales_with_prices() -> None:
    lows = {10: 990, 20: 991, 30: "989.5", 40: 980, 50: "995"}
    candles = flat_candles(lows)
    tripled = [(t, *(3 * value for value in values)) for t, *values in candles]

    once = analyser_oracle.analyse(candles, 1000, "long")
    thrice = analyser_oracle.analyse(tripled, 3000, "long")

    assert thrice["level"] == 3 * once["level"]
    assert (thrice["index"], thrice["confidence"]) == (once["index"], once["confidence"])


# ------------------------------------------------------------------- from level to executable stop


def test_the_buffer_of_2_august_is_capped_at_a_quarter_of_the_distance() -> None:
    plan = analyser_oracle.executable_stop("63650.00", "63491.70", "short", "0.01", buffer_bps=10)

    assert Decimal("63650.00") * 10 / 10_000 == Decimal("63.65")
    assert plan["buffer"] == Decimal("39.575")
    assert (plan["stop"], plan["span"]) == (Decimal("63689.58"), Decimal("197.88"))
    assert plan["refused"] is None


def test_the_buffer_of_the_seed_long() -> None:
    plan = analyser_oracle.executable_stop(93500, 95000, "long", "0.01", buffer_bps=10)

    assert (plan["buffer"], plan["stop"]) == (Decimal("93.5"), Decimal("93406.5"))


def test_guard_moves_the_level_outwards_only() -> None:
    def stop(guard: Number) -> Decimal:
        plan = analyser_oracle.executable_stop(990, 1000, "long", "0.1", guard=guard)
        return Decimal(plan["stop"])

    assert stop("989.57") == Decimal("989.5")
    assert stop("995") == 990


@vectors(
    level_too_far=(899, None, 0),
    guarded_too_far=(905, 899, 0),
    final_too_far=(901, None, 30),
    level_too_near=("999.5", None, 0),
    wrong_side=(1001, None, 0),
)
def test_each_layer_is_checked_against_the_bounds(case: Case) -> None:
    level, guard, buffer_bps = case

    plan = analyser_oracle.executable_stop(
        level, 1000, "long", "0.1", guard=guard, buffer_bps=buffer_bps
    )

    assert plan["refused"] == "stop_invalid"


# ---------------------------------------------------------------------------------------- budget


def test_a_month_in_profit_has_its_whole_budget() -> None:
    state = budget_oracle.budget(1578, "43.63")

    assert state == {
        "budget": Decimal("63.12"),
        "consumed": 0,
        "latent": 0,
        "remaining": Decimal("63.12"),
        "slots": 4,
        "halt": False,
    }


def test_an_open_winner_does_not_mask_a_realised_loss() -> None:
    residual = budget_oracle.latent_loss("long", 1, 100, 100, "0.001", 0)

    state = budget_oracle.budget(1578, "-15.78", [residual])

    assert residual == Decimal("0.2")
    assert state["consumed"] == Decimal("15.78")
    assert state["remaining"] + residual == Decimal("63.12") - Decimal("15.78")
    assert state["slots"] == 2


def test_budget_of_the_screens() -> None:
    calm = budget_oracle.budget(10000, "-61.20", ["104.40"])
    tight = budget_oracle.budget(10000, "-138.66", ["199.94"])
    entry_fee = Decimal("0.07029") * Decimal("0.001") * Decimal("117727.40")
    at_risk = budget_oracle.latent_loss(
        "long", "0.07021", "117727.40", "118018.60", "0.001", 10, fees_paid=entry_fee
    )

    assert calm["slots"] == 2
    assert tight["remaining"] == Decimal("61.40")
    assert budget_oracle.admits(10000, "99.87", tight) == "risk_budget_insufficient"
    assert Decimal("4.39") < at_risk < Decimal("4.40")


def test_latent_of_a_planned_position_is_its_planned_risk() -> None:
    for side, stop, qty in [("long", "93500", "0.05611"), ("short", "96500", "0.05592")]:
        planned = sized("10000", "95000", stop, side)["planned_risk"]

        assert budget_oracle.latent_loss(side, qty, "95000", stop, "0.001", 10) == planned

    assert budget_oracle.latent_loss("long", 1, 100, 110, "0.001", 10) == 0


@vectors(
    used_up=(1000, "-40", [], False, True, 0),
    one_cent_left=(1000, "-39.99", [], False, False, 0),
    open_risk_counts=(1000, "-20", ["20"], False, True, 0),
    latched=(1000, "500", [], True, True, 4),
    no_capital=(0, 0, [], False, True, 0),
    negative_capital=(-5, 100, [], False, True, 0),
    negative_latent_adds_nothing=(1000, 0, ["-30"], False, False, 4),
)
def test_budget_halts(case: Case) -> None:
    base, net, latents, latched, halt, slots = case

    state = budget_oracle.budget(base, net, latents, halted=latched)

    assert (state["halt"], state["slots"]) == (halt, slots)
    assert (budget_oracle.admits(base, 1, state) == "monthly_halt") == halt


def test_admission_is_not_decided_by_slots() -> None:
    state = budget_oracle.budget(1000, "-35")

    assert state["slots"] == 0
    assert budget_oracle.admits(1000, 5, state) is None
    assert budget_oracle.admits(1000, "5.01", state) == "risk_budget_insufficient"
    assert budget_oracle.admits(1000, "10.01", state) == "risk_per_trade"


# ------------------------------------------------------------------------------------- crossover


def test_only_the_crossing_fires_and_equality_before_counts() -> None:
    flat = ["100"] * 21

    assert crossover_oracle.crossing(flat) is None
    assert crossover_oracle.crossings([*flat, "101", "102", "103"]) == [(21, "long")]
    assert crossover_oracle.crossings([*flat, "99", "98", "97"]) == [(21, "short")]
    assert crossover_oracle.crossings([*flat, "100"]) == []


def test_crossing_needs_one_more_close_than_the_slow_average() -> None:
    assert crossover_oracle.crossing(["100"] * 20 + ["101"]) is None
    assert crossover_oracle.crossing(["100"] * 21 + ["101"]) == "long"


def test_reaching_equality_does_not_fire_and_leaving_it_does() -> None:
    closes = [1, 1, 1, 3, 1, 2, 1]
    # fast 2: -,1,1,2,2,3/2,3/2   slow 3: -,-,1,5/3,5/3,2,4/3
    assert crossover_oracle.crossings(closes, 2, 3) == [(3, "long"), (5, "short"), (6, "long")]
    assert crossover_oracle.first_crossing(closes, "short", 2, 3) == (5, "short")
    assert crossover_oracle.first_crossing(closes, "auto", 2, 3) == (3, "long")

    # fast 2: 4,2,1,2   slow 3: -,3,2,2: below, then equal, then above.
    assert crossover_oracle.crossings([5, 3, 1, 1, 3, 3, 9], 2, 3)[0] == (4, "long")


def test_crossings_agree_with_averages_kept_by_addition() -> None:
    random = Random(3)
    closes = [Decimal(random.randint(900, 1100)) / 10 for _ in range(500)]
    expected = []
    for i in range(21, len(closes)):
        now = sum(closes[i - 8 : i + 1]) * 21 - sum(closes[i - 20 : i + 1]) * 9
        before = sum(closes[i - 9 : i]) * 21 - sum(closes[i - 21 : i]) * 9
        if before <= 0 < now:
            expected.append((i, "long"))
        if now < 0 <= before:
            expected.append((i, "short"))

    assert len(expected) > 20
    assert crossover_oracle.crossings(closes) == expected


# ----------------------------------------------------------------------------------------- books


HOUR = 3_600_000
BORROWED = 13 * HOUR + 55 * 60_000


def bought() -> dict[str, Any]:
    """500 of own quote, 0.02 bought at 60,000, the missing 700 borrowed, one hour's interest."""
    return {
        "deposit": {"quote": "500"},
        "fills": [books_oracle.Fill(BORROWED, "buy", "60000", "0.02", "0.00002", "base")],
        "loans": [books_oracle.Movement(BORROWED, "quote", "700")],
        "interest": [books_oracle.Movement(BORROWED, "quote", "0.00875")],
    }


def test_books_of_an_open_long() -> None:
    state = books_oracle.books(**bought())
    level = books_oracle.margin_level(state, 60000)
    liquidation = books_oracle.liquidation_price(state, "1.05")

    assert state == {
        "base_total": Decimal("0.01998"),
        "quote_total": 0,
        "base_debt": 0,
        "base_interest": 0,
        "quote_debt": 700,
        "quote_interest": Decimal("0.00875"),
    }
    assert books_oracle.hourly_interest(700, "0.0003") == Decimal("0.00875")
    assert level is not None
    assert liquidation is not None
    assert rounded(level, 8) == Decimal("1.71255002")
    assert rounded(liquidation, 8) == Decimal("36787.24662162")
    assert rounded((liquidation - 60000) / 60000 * 100, 8) == Decimal("-38.68792230")
    assert rounded(books_oracle.equity(state, 60000) / 60000, 8) == Decimal("0.00831319")


def test_books_of_a_closed_long() -> None:
    moves = bought()
    sold = books_oracle.Fill(BORROWED + 60_000, "sell", "59000", "0.01998", "1.17882", "quote")
    repaid = books_oracle.Movement(BORROWED + 60_000, "quote", "700.00875", "0.00875")

    state = books_oracle.books(**moves | {"fills": [*moves["fills"], sold], "repayments": [repaid]})

    assert state["quote_total"] == Decimal("477.63243")
    assert {name for name, value in state.items() if value} == {"quote_total"}
    assert books_oracle.margin_level(state, 59000) is None
    assert books_oracle.sellable(moves["fills"], "0.00001") == Decimal("0.01998")


def test_books_of_a_short() -> None:
    fills = [
        books_oracle.Fill(1, "sell", "60000", "0.02", "1.2", "quote"),
        books_oracle.Fill(2, "buy", "59000", "0.02003", "0.00002003", "base"),
    ]
    state = books_oracle.books(
        {"quote": "500"},
        fills,
        [books_oracle.Movement(1, "base", "0.02")],
        [books_oracle.Movement(1, "base", "0.00000042")],
        [books_oracle.Movement(2, "base", "0.02000042", "0.00000042")],
    )

    assert books_oracle.buy_back("0.02", "0.00000042", 0, "0.001", "0.00000001") == Decimal(
        "0.02002045"
    )
    assert books_oracle.buy_back("0.02", "0.00000042", 0, "0.001", "0.00001") == Decimal("0.02003")
    assert books_oracle.buy_back("0.02", "0", 0, "0.001", "0.00001", in_base=False) == Decimal(
        "0.02"
    )
    assert state["base_total"] == Decimal("0.02000997") - Decimal("0.02000042")
    assert state["quote_total"] == 500 + 1200 - Decimal("1.2") - Decimal("0.02003") * 59000
    assert (state["base_debt"], state["base_interest"]) == (0, 0)


@vectors(
    two_hours=(BORROWED, 14 * HOUR + 30 * 60_000, 2),
    within_the_hour=(BORROWED, BORROWED + 1, 1),
    up_to_the_hour=(BORROWED, 14 * HOUR, 2),
    one_day=(13 * HOUR + 1, 37 * HOUR + 1, 25),
)
def test_interest_is_charged_at_once_and_at_each_full_hour(case: Case) -> None:
    borrowed_ms, repaid_ms, charges = case

    assert books_oracle.interest_charges(borrowed_ms, repaid_ms) == charges


def test_a_partial_repayment_pays_interest_first() -> None:
    moves = bought() | {"deposit": {"quote": "501"}}
    part = books_oracle.Movement(BORROWED + 1, "quote", "1")
    wrong = books_oracle.Movement(BORROWED + 1, "quote", "1", "0")

    state = books_oracle.books(**moves, repayments=[part])

    assert (state["quote_interest"], state["quote_debt"]) == (0, Decimal("699.00875"))
    assert refuses(books_oracle.Impossible, lambda: books_oracle.books(**moves, repayments=[wrong]))


def test_books_refuse_what_cannot_have_happened() -> None:
    moves = bought()
    unborrowed = moves | {"loans": []}
    too_much = [books_oracle.Movement(BORROWED + 1, "quote", "1")]

    assert refuses(books_oracle.Impossible, lambda: books_oracle.books(**unborrowed))
    assert refuses(
        books_oracle.Impossible, lambda: books_oracle.books(**moves, repayments=too_much)
    )
    assert refuses(
        books_oracle.Impossible,
        lambda: books_oracle.books(
            {"quote": 10}, repayments=[books_oracle.Movement(1, "quote", "1")]
        ),
    )


def test_a_commission_in_a_third_asset_leaves_the_pair_alone() -> None:
    fill = books_oracle.Fill(1, "buy", "100", "1", "0.01", "BNB")

    state = books_oracle.books({"quote": "100"}, [fill])

    assert (state["base_total"], state["quote_total"]) == (1, 0)


# ------------------------------------------------------------------------------------------- pnl


ENTRY = pnl_oracle.Fill("117727.40", "0.07029", "0.00007029", "base")
PLAN = "99.99258064163775"


def sold_at(price: str) -> dict[str, Any]:
    fee = Decimal(price) * Decimal("0.07021") * Decimal("0.001")
    return pnl_oracle.pnl("long", [ENTRY], [pnl_oracle.Fill(price, "0.07021", fee)], PLAN)


@vectors(
    closed_by_stop_gain=("119747.66", "125.16", "1.25"),
    marked_on_the_way=("119261.13", "91.03", "0.91"),
    closed_by_panic=("119258.40", "90.84", "0.91"),
    at_the_raised_stop=("117900.58", "-4.39", "-0.04"),
)
def test_pnl_of_the_screens(case: Case) -> None:
    price, net, r_multiple = case

    result = sold_at(price)

    assert rounded(result["net"], 2) == Decimal(net)
    assert rounded(result["r_multiple"], 2) == Decimal(r_multiple)


def test_costs_of_the_screen() -> None:
    assert rounded(sold_at("119747.66")["fees"], 2) == Decimal("16.68")
    assert sold_at("119747.66")["fee_converted"]
    assert rounded(
        pnl_oracle.target_net_r("long", "117724.29", "119749.53", "0.001", 5, "1422.571925475")
        - Fraction(1, 200),  # printed downwards
        2,
    ) == Decimal("1.21")


def test_pnl_of_a_short_counts_the_debt_and_its_interest() -> None:
    result = pnl_oracle.pnl(
        "short",
        [pnl_oracle.Fill("60000", "0.02", "1.2")],
        [pnl_oracle.Fill("59000", "0.02003", "0.00002003", "base")],
        "10",
        base_interest=[("0.00000042", "59000")],
    )

    assert result["gross"] == 20
    assert result["fees"] == Decimal("1.2") + Decimal("0.00002003") * 59000
    assert result["interest"] == Decimal("0.02478")
    assert result["net"] == 20 - result["fees"] - result["interest"]
    assert result["r_multiple"] == result["net"] / 10


def test_pnl_weights_prices_and_converts_a_third_asset() -> None:
    entries = [pnl_oracle.Fill("100", "1", "0.001", "BNB", "600"), pnl_oracle.Fill("103", "2")]
    exits = [pnl_oracle.Fill("110", "3", "0.33")]

    result = pnl_oracle.pnl("long", entries, exits, "5", quote_interest="0.07")

    assert (result["entry_vwap"], result["gross"]) == (102, 24)
    assert (result["fees"], result["net"]) == (Decimal("0.93"), 23)
    assert result["r_multiple"] == Decimal("4.6")
    unpriced = pnl_oracle.Fill("100", "1", "0.001", "BNB")
    assert refuses(ValueError, lambda: pnl_oracle.fee_in_quote(unpriced))


def test_pnl_explains_the_books_but_for_the_dust() -> None:
    """Quote gained equals net, with a long's dust at its entry and a short's at its exit price."""
    random = Random(13)
    for _ in range(200):
        side = random.choice(["long", "short"])
        entry, exit_ = Decimal(random.randint(900, 1100)), Decimal(random.randint(900, 1100))
        qty, rate, step = (
            Decimal(random.randint(100, 9999)) / 1000,
            Decimal("0.001"),
            Decimal("0.001"),
        )
        borrowed = qty * entry if side == "long" else qty
        asset = "quote" if side == "long" else "base"
        interest = Decimal(random.randint(0, 9)) / 10_000
        if side == "long":
            out = qty * (1 - rate) // step * step
            trades = [(entry, qty, qty * rate, "base"), (exit_, out, out * exit_ * rate, "quote")]
        else:
            needed = books_oracle.buy_back(qty, interest, 0, rate, step)
            out = Decimal(needed.numerator) / Decimal(needed.denominator)
            trades = [(entry, qty, qty * entry * rate, "quote"), (exit_, out, out * rate, "base")]
        actions = ["buy", "sell"] if side == "long" else ["sell", "buy"]

        state = books_oracle.books(
            {"quote": 100_000},
            [books_oracle.Fill(i, actions[i], *trade) for i, trade in enumerate(trades)],
            [books_oracle.Movement(0, asset, borrowed)],
            [books_oracle.Movement(0, asset, interest)],
            [books_oracle.Movement(1, asset, borrowed + interest)],
        )
        result = pnl_oracle.pnl(
            side,
            [pnl_oracle.Fill(*trades[0])],
            [pnl_oracle.Fill(*trades[1])],
            1,
            quote_interest=interest if side == "long" else 0,
            base_interest=[] if side == "long" else [(interest, exit_)],
        )

        dust_price = Fraction(entry if side == "long" else exit_)
        gained = state["quote_total"] - 100_000
        assert 0 <= state["base_total"] < step
        assert gained + state["base_total"] * dust_price == result["net"]


# ------------------------------------------------------------------------------------------ tape


def test_candles_of_a_tape() -> None:
    frame = QUARTER_HOUR
    trades = [
        (frame - 5, "9"),  # the end of a slot whose beginning is not on the tape
        (frame, "10"),
        (frame + 1, "12"),
        (2 * frame - 1, "11"),
        (2 * frame, "13"),  # begins at the close: belongs to the next candle
        (4 * frame, "14"),  # the slot between is empty
    ]
    rows = tape_oracle.from_trades(trades)

    made = tape_oracle.candles(rows, 5 * frame)

    assert made == [
        (frame, "10", "12", "10", "11"),
        (2 * frame, "13", "13", "13", "13"),
        (4 * frame, "14", "14", "14", "14"),
    ]
    assert [c[0] for c in tape_oracle.candles(rows, 5 * frame - 1)] == [frame, 2 * frame]
    assert tape_oracle.candles(rows[1:], 5 * frame) == made


@vectors(
    zeros_stripped=(["61837.63000000", "61837.60000000"], "0.01"),
    whole=(["30000.0", "59500.0"], "1"),
    fine=(["0.00139676"], "0.00000001"),
    no_point=(["100", "200"], "1"),
)
def test_tick_derived_from_the_tape(case: Case) -> None:
    texts, tick = case

    assert tape_oracle.derived_tick(texts) == Decimal(tick)

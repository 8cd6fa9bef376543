"""Judges the ladder oracle by the worked vectors of the rule."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from tests.oracle import ladder_oracle
from tests.oracle.vectors import Case, vectors

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

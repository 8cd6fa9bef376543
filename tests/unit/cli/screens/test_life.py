"""The live view: as many lines as it is given, and what it keeps to the last."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson.cli.screens import chart, life
from robson.cli.screens.chart import Chart, Mark, Point
from robson.cli.screens.line import ASCII, UNICODE, Page, cells, text_of
from robson.cli.screens.moment import Sample
from tests.unit.cli.screens import lives, stories
from tests.unit.cli.screens.documents import changed
from tests.unit.cli.screens.views import a_life

D = Decimal
STATES = {
    "armed": (stories.ARMED_STATUS, 1041),
    "placing": (stories.PLACING, 1050),
    "active": (lives.ACTIVE, 2000),
}


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("width", [20, 40, 60, 72, 80, 100, 120])
@pytest.mark.parametrize("height", [5, 8, 12, 16, 20, 24, 50])
def test_it_is_exactly_as_high_as_it_may_be(name: str, width: int, height: int) -> None:
    document, rows = STATES[name]

    lines = life.live(a_life(document, rows), Page(width, UNICODE), height)

    assert len(lines) == min(24, height)
    assert all(cells(text_of(line)) <= width for line in lines)


@pytest.mark.parametrize("height", [5, 8, 12, 16, 20, 24])
def test_verdict_stop_and_worst_case_stay_to_the_last(height: int) -> None:
    text = "\n".join(map(text_of, life.live(a_life(lives.ACTIVE), Page(80), height)))

    assert "PROTECTED" in text
    assert "Stop 118,018.60" in text
    assert "If the stop is hit now: about -4.40 USDT" in text


def test_events_go_before_the_chart() -> None:
    texts = {
        height: "\n".join(map(text_of, life.live(a_life(lives.ACTIVE), Page(80), height)))
        for height in (24, 17, 10)
    }

    assert "08:38:00 stop up" in texts[24]
    assert "━" in texts[24]
    assert "stop up" not in texts[17]
    assert "━" in texts[17]
    assert "━" not in texts[10]


def test_no_chart_under_60_columns_and_one_word_labels_under_79() -> None:
    narrow, small = (
        "\n".join(map(text_of, life.live(a_life(lives.ACTIVE), Page(width)))) for width in (59, 70)
    )

    assert "┄" not in narrow
    assert "first stop" not in small
    assert "stop-gain" in small


@pytest.mark.parametrize("symbols", [UNICODE, ASCII])
def test_silence_is_said_and_old_numbers_are_quiet(symbols: object) -> None:
    shown = a_life(lives.ACTIVE, silent_s=7.4)

    lines = life.live(shown, Page(80, symbols))  # type: ignore[arg-type]

    verdict = next(line for line in lines if "CANNOT SEE" in text_of(line))
    assert "7.4 s" in text_of(verdict)
    others = {style for line in lines if line != verdict for text, style in line if text.strip()}
    assert others == {"quiet"}
    assert life.alarm(shown) == "CANNOT SEE"


def test_an_alarm_of_the_status_leads_the_view() -> None:
    document = changed(
        stories.PLACING,
        positions=[
            changed(
                stories.PLACING["positions"][0],
                protection__unprotected_s=D("9.1"),
                symbol="BTCUSDT",
            )
        ],
    )
    shown = a_life(document, 1050)

    assert text_of(life.verdict(shown, Page(80))[0]).startswith(" !! UNPROTECTED   BTCUSDT")
    assert life.alarm(shown) == "BTCUSDT UNPROTECTED"
    assert life.alarm(a_life(lives.ACTIVE)) is None


# --- the chart -----------------------------------------------------------------------------------


def drawn(path: list[tuple[int, str]], *, now: int, rows: int = 10, columns: int = 40) -> list[str]:
    points = tuple(Point(D(at), D(price)) for at, price in path)
    stops = (Point(D(0), D(90)), Point(D(50), D(100)))
    marks = (
        Mark(D(100), "100", [("stop", "level")]),
        Mark(D(120), "120", [("stop-gain", "")], guide=True),
        Mark(D(90), "90", [("first stop", "quiet")]),
    )
    made = chart.draw(
        Chart(points, stops, marks, D(now)), rows=rows, columns=columns, left=3, symbols=UNICODE
    )
    return [text_of(line) for line in made]


def test_the_stop_climbs_and_its_old_step_stays() -> None:
    lines = drawn([(0, "105"), (50, "112"), (79, "110")], now=79)

    assert lines[9].startswith(" 90 ━━━━━━━━━━━━━━━━━━━━━━━━━━")
    assert lines[6].startswith("100 ") and "━" in lines[6]  # noqa: PT018
    assert lines[6].index("━") >= lines[9].rindex("━")
    assert lines[0].startswith("120 ┄┄┄")


def test_the_scale_halves_when_the_chart_is_full() -> None:
    assert [chart.scale_s(D(now), 40) for now in (0, 79, 80, 159, 160, 47160)] == [
        1,
        1,
        2,
        2,
        4,
        1024,
    ]


def test_the_price_is_where_the_path_ends() -> None:
    lines = drawn([(0, "100"), (79, "120")], now=79)

    assert "●" in lines[0]
    assert lines[0].index("●") == 4 + 39


PRICES = st.decimals("0.00000001", "1000000", places=8)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), PRICES), min_size=1, max_size=60),
    st.integers(5, 12),
    st.integers(10, 60),
)
def test_any_path_is_drawn_within_its_frame(
    path: list[tuple[int, Decimal]], rows: int, columns: int
) -> None:
    points = tuple(Point(D(at), price) for at, price in sorted(path))
    made = Chart(points, points[:2], (Mark(points[0].price, "x", [], guide=True),), points[-1].at_s)

    lines = chart.draw(made, rows=rows, columns=columns, left=1, symbols=UNICODE)

    assert len(lines) == rows
    assert all(cells(text_of(line)) <= columns + 4 for line in lines)
    assert sum(text_of(line).count("●") for line in lines) == 1


def test_a_path_without_any_movement_is_a_line() -> None:
    shown = a_life(lives.ACTIVE)._replace(
        path=tuple(Sample(lives.iso(at), D("117724.29")) for at in range(0, 30000, 500))
    )

    assert len(life.live(shown, Page(80))) == 24

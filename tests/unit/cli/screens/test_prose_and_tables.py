"""How sentences break and columns stand."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from robson.cli.screens.line import (
    ASCII,
    HARD_SPACE,
    PLAIN,
    STRONG,
    UNICODE,
    Page,
    cells,
    text_of,
    width_of,
)
from robson.cli.screens.prose import finish, whole, wrap
from robson.cli.screens.table import Column, on_point, spoken, table

WORDS = st.lists(st.text("abc-/.", min_size=1, max_size=30), min_size=1, max_size=30)


@given(WORDS, st.integers(10, 60), st.integers(0, 8))
def test_wrapping_keeps_every_letter_and_the_width(
    words: list[str], width: int, indent: int
) -> None:
    lines = wrap(" ".join(words), width, indent=indent)

    assert all(width_of(line) <= width for line in lines)
    assert "".join(map(text_of, lines)).replace(" ", "") == "".join(words)


@given(WORDS, st.integers(30, 80))
def test_styles_stay_with_their_words(words: list[str], width: int) -> None:
    body = [(word + " ", STRONG if index % 2 else PLAIN) for index, word in enumerate(words)]

    lines = wrap(body, width)

    for style in (STRONG, PLAIN):
        kept = "".join(t for line in lines for t, s in line if s == style).replace(" ", "")
        assert kept == "".join(t for t, s in body if s == style).replace(" ", "")


def test_a_command_and_a_number_with_its_unit_stay_whole() -> None:
    command = "robson panic --symbol ETHUSDT"
    body = f"If so, type {whole(command)} or wait 41{HARD_SPACE}s."
    for width in range(30, 80):
        text = "\n".join(map(text_of, wrap(body, width)))

        assert command in text
        assert "41 s" in text


def test_what_sets_a_command_apart_is_not_printed_at_a_line_start() -> None:
    body = [("x" * 20 + " ", PLAIN), (whole(" robson status"), STRONG)]

    assert text_of(wrap(body, 80)[0]) == "x" * 20 + "  robson status"
    assert [text_of(line) for line in wrap(body, 25)] == ["x" * 20, "robson status"]


def test_a_word_longer_than_a_line_is_cut_only_then() -> None:
    assert [text_of(line) for line in wrap("ab " + "c" * 12, 10, indent=2)] == [
        "  ab",
        "  cccccccc",
        "  cccc",
    ]


def test_wide_and_combining_characters_count_as_they_are_shown() -> None:
    assert cells("日本") == 4
    assert cells("e\u0301") == 1
    assert cells("✓ ──") == 4


def test_numbers_stand_on_their_points() -> None:
    assert on_point(["117,724.29", "0.00002", "-", "12"]) == [
        "117,724.29   ",
        "0.00002",
        "-",
        "12      ",
    ]


def test_a_table_for_the_ear() -> None:
    columns = [Column("Symbol"), Column("PnL", "right"), Column("Lev")]

    assert spoken(columns, [["BTCUSDT", "+1.00", "-"]]) == [
        f"Symbol:{HARD_SPACE}BTCUSDT, PnL:{HARD_SPACE}+1.00."
    ]


@given(st.lists(st.lists(st.text("ab1.,-", max_size=9), min_size=3, max_size=3), max_size=6))
def test_columns_stand_below_each_other(rows: list[list[str]]) -> None:
    columns = [Column("One"), Column("Two", "right"), Column("Three", "point")]

    lines = table(columns, [list(row) for row in rows], gap=2, margin=1)

    assert len(lines) == len(rows) + 1
    assert all(text_of(line).startswith(" ") or not text_of(line) for line in lines)


@given(st.text())
def test_text_from_outside_is_harmless(text: str) -> None:
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", UNICODE.clean(text))
    assert ASCII.clean(text).replace(HARD_SPACE, "").isascii()


def test_a_plain_page_has_no_gaps() -> None:
    line = [("   Position  ", PLAIN), (f"At{HARD_SPACE}risk:  12   of 20", STRONG)]

    said = finish([line, []], Page(80, ASCII, plain=True))

    assert said == [[("Position, At risk: 12, of 20", PLAIN)], []]


def test_a_quotient_is_not_told_with_all_its_digits() -> None:
    said = UNICODE.clean("allowed 0.0000426294019759921439, held 0.07021971, id 12345678901234")

    assert said == "allowed 0.00004262, held 0.07021971, id 12345678901234"

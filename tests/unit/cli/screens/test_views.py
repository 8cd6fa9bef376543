"""Every screen on every page: as it was approved, and within the laws that hold for all of them."""

from __future__ import annotations

import io
import re

import pytest

from robson.cli.screens import out
from robson.cli.screens.line import HARD_SPACE, STYLES, cells, text_of
from tests.unit.cli.screens.golden import FOLDER, rendered
from tests.unit.cli.screens.views import PAGES, VIEWS

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
EVERY = pytest.mark.parametrize("name", sorted(VIEWS))


@EVERY
def test_reads_as_approved(name: str) -> None:
    """A change is made on purpose: `python -m tests.unit.cli.screens.golden` and read the diff."""
    golden = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")

    assert rendered(name) == golden


def test_every_approved_text_has_its_view() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(VIEWS)


@EVERY
@pytest.mark.parametrize("width", [*range(60, 131, 7), 200])
def test_no_line_is_wider_than_asked(name: str, width: int) -> None:
    for page in PAGES.values():
        lines = VIEWS[name](page._replace(width=width))

        assert lines
        assert [line for line in map(text_of, lines) if cells(line) > width] == []


@EVERY
def test_ascii_is_ascii_and_says_the_same_words(name: str) -> None:
    ascii_page, page = PAGES["80 ascii"], PAGES["80 unicode"]
    ascii_text = "\n".join(map(text_of, VIEWS[name](ascii_page)))
    text = "\n".join(map(text_of, VIEWS[name](page)))

    assert ascii_text.isascii()
    words = re.compile(r"[A-Za-z]{2,}")
    assert words.findall(ascii_text) == words.findall(text)


@EVERY
def test_plain_has_no_symbols_and_no_columns(name: str) -> None:
    if name.startswith("demo-") and "SIMULATED" in rendered(name):
        return  # the live view is not shown to screen readers
    text = "\n".join(map(text_of, VIEWS[name](PAGES["80 plain"])))

    assert text.isascii()
    assert not re.search(r"\S {3,}\S", text), "columns"
    assert not text.startswith(("+", "!", " !"))


@EVERY
def test_colour_only_repeats(name: str) -> None:
    page = PAGES["80 unicode"]
    on = out.Surface(width=80, terminal=True, colour=True, repaints=True)
    painted, plain = io.StringIO(), io.StringIO()
    lines = VIEWS[name](page)

    out.write(lines, painted, on)
    out.write(lines, plain, on._replace(colour=False))

    assert "\x1b" not in plain.getvalue()
    assert ESCAPE.sub("", painted.getvalue()) == plain.getvalue()


def test_colours_are_the_themes_own_sixteen() -> None:
    """Bright ones are greys in some themes; yellow is a background only."""
    on = out.Surface(width=80, terminal=True, colour=True, repaints=True)
    used: set[str] = set()
    for view in VIEWS.values():
        stream = io.StringIO()
        out.write(view(PAGES["80 unicode"]), stream, on)
        used |= set(re.findall(r"\x1b\[([0-9;]*)m", stream.getvalue()))

    assert used == {"0", "1", "2", "32", "36", "30;43", "1;7;31"}


@EVERY
def test_calm_screens_have_no_filled_block(name: str) -> None:
    loud = {style for line in VIEWS[name](PAGES["80 unicode"]) for _, style in line}

    assert loud <= set(STYLES)
    if name in ("status-calm", "status-idle", "status-empty", "demo-active", "history-week"):
        assert not loud & {"alarm", "warn"}


@EVERY
def test_no_unbreakable_space_is_printed(name: str) -> None:
    for page in PAGES.values():
        assert not [line for line in VIEWS[name](page) if HARD_SPACE in text_of(line)]


@EVERY
def test_words_that_are_not_said(name: str) -> None:
    text = rendered(name).lower()

    assert not re.search(r"break-even|guaranteed|\bsafe\b|please|sorry|oops|successful", text)
    assert not re.search(r"\bwe\b|\bour\b", text)
    assert "!" not in text.replace("!!", "").replace(" ! ", " ").replace("\n! ", "\n")


def test_piped_output_has_full_ids() -> None:
    text = "\n".join(map(text_of, VIEWS["status-calm"](PAGES["120 piped"])))

    assert "pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4" in text

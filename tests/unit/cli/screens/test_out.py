"""What the output is taken for, and that a terminal is given back whatever happens."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from robson.cli.screens import out
from robson.cli.screens.line import ALARM, OK, PLAIN, Line
from robson.cli.screens.out import Surface, surface
from tests.unit.cli.screens.terminal import Terminal

ROOT = Path(__file__).resolve().parents[4]
UTF = {"LANG": "en_US.UTF-8", "TERM": "xterm-256color"}


def made(**more: object) -> Surface:
    asked: dict[str, object] = {
        "terminal": True,
        "encoding": "utf-8",
        "size": (80, 24),
        "env": UTF,
        **more,
    }
    return surface(**asked)  # type: ignore[arg-type]


def test_a_terminal_gets_everything() -> None:
    assert made() == Surface(80, 24, terminal=True, colour=True, repaints=True)


def test_a_pipe_gets_text_of_120_columns() -> None:
    piped = made(terminal=False)

    assert piped == Surface(120, 24)
    assert piped.page.full_ids
    assert piped.page.width == 120


@pytest.mark.parametrize(
    ("env", "colour", "repaints", "plain", "ascii_"),
    [
        ({"NO_COLOR": "1"}, False, True, False, False),
        ({"NO_COLOR": ""}, True, True, False, False),
        ({"TERM": "dumb"}, False, False, True, False),
        ({"ROBSON_PLAIN": "1"}, False, False, True, False),
        ({"ROBSON_ASCII": "1"}, True, True, False, True),
        ({"LC_ALL": "C"}, True, True, False, True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "POSIX"}, True, True, False, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True, True, False, True),
        ({"LANG": ""}, True, True, False, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True, True, False, True),
        ({"LC_ALL": "pt_BR.utf8", "LANG": "C"}, True, True, False, False),
    ],
)
def test_what_the_environment_asks(
    env: dict[str, str], *, colour: bool, repaints: bool, plain: bool, ascii_: bool
) -> None:
    found = made(env={**UTF, **env})

    assert (found.colour, found.repaints, found.plain, found.ascii) == (
        colour,
        repaints,
        plain,
        ascii_,
    )


def test_flags_ask_the_same() -> None:
    assert not made(colour=False).colour
    assert made(colour=False).repaints
    assert made(plain=True).plain
    assert not made(plain=True).repaints
    assert made(encoding="ascii").ascii


def test_nothing_without_a_terminal_ever_moves_or_shines() -> None:
    for colour, plain, term in itertools.product([True, False], [True, False], ["dumb", "xterm"]):
        found = made(terminal=False, colour=colour, plain=plain, env={**UTF, "TERM": term})

        assert not found.colour
        assert not found.repaints


LINES: list[Line] = [[("✓ PROTECTED", OK), ("  calm", PLAIN)], [], [(" !! ALARM ", ALARM)]]


def test_text_is_written_as_it_is() -> None:
    stream = io.StringIO()

    out.write(LINES, stream, Surface())

    assert stream.getvalue() == "✓ PROTECTED  calm\n\n !! ALARM\n"


def test_a_view_taller_than_the_terminal_repeats_its_verdict() -> None:
    tall, short = io.StringIO(), io.StringIO()

    out.write(LINES, tall, Surface(80, 3, terminal=True), verdict=LINES[0])
    out.write(LINES, short, Surface(80, 9, terminal=True), verdict=LINES[0])

    assert tall.getvalue().splitlines()[-1] == "✓ PROTECTED  calm"
    assert short.getvalue().splitlines()[-1] == " !! ALARM"


def test_a_reader_that_has_gone_ends_the_process_quietly() -> None:
    code = (
        "import sys; from robson.cli.screens import out\n"
        "for _ in range(9999): out.write([[('x' * 999, '')]], sys.stdout, out.Surface())"
    )
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, cwd=ROOT
    ) as child:
        os.close(writing)
        os.close(reading)
        _, said = child.communicate(timeout=30)

    assert (child.returncode, said) == (out.BROKEN_PIPE, b"")


def test_text_needs_no_rich() -> None:
    code = (
        "import sys; from robson.cli.screens import out, status\n"
        "out.write([[('x', 'alarm')]], sys.stdout, out.Surface())\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'rich'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert done.stdout == "x\n[]\n"


# --- the live screen -----------------------------------------------------------------------------


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def rows(*texts: str) -> list[Line]:
    return [[(text, PLAIN)] for text in texts]


def test_only_lines_that_differ_are_painted() -> None:
    stream, clock, terminal = io.StringIO(), Clock(), Terminal()
    with out.live(stream, Surface(80, 4, terminal=True, repaints=True), clock) as screen:
        screen.show(rows("one", "two", "three"))
        clock.now += 1
        before = len(stream.getvalue())
        screen.show(rows("one", "TWO", "three"))
        added = stream.getvalue()[before:]
        terminal.write(stream.getvalue())

    assert "TWO" in added
    assert "one" not in added
    assert terminal.lines[:3] == ["one", "TWO", "three"]
    assert terminal.cleared_whole == 0


def test_a_shorter_line_leaves_nothing_behind() -> None:
    stream, clock, terminal = io.StringIO(), Clock(), Terminal()
    with out.live(stream, Surface(80, 4, terminal=True, repaints=True), clock) as screen:
        screen.show(rows("a long line of text", "second"))
        clock.now += 1
        screen.show(rows("short"))
        terminal.write(stream.getvalue())

    assert terminal.lines[:2] == ["short", ""]


def test_at_most_four_frames_a_second() -> None:
    stream, clock = io.StringIO(), Clock()
    with out.live(stream, Surface(80, 4, terminal=True, repaints=True), clock) as screen:
        for number in range(100):
            screen.show(rows(f"frame-{number}"))
            clock.now += 0.01

    assert stream.getvalue().count("frame-") == 4


@pytest.mark.parametrize("ends", [KeyboardInterrupt, RuntimeError, SystemExit, GeneratorExit])
def test_the_terminal_is_given_back_on_every_way_out(ends: type[BaseException]) -> None:
    stream, terminal = io.StringIO(), Terminal()

    def shown() -> None:
        with out.live(stream, Surface(terminal=True), Clock()) as screen:
            screen.show(rows("x"))
            screen.alarm("!! ETHUSDT UNPROTECTED")
            raise ends

    with pytest.raises(ends):
        shown()

    terminal.write(stream.getvalue())
    assert (terminal.entered, terminal.left, terminal.alternate) == (1, 1, False)
    assert terminal.cursor_shown
    assert stream.getvalue().endswith("\x1b[23;0t"), "the title is given back"


def test_an_alarm_rings_once_and_stands_in_the_title() -> None:
    stream, terminal = io.StringIO(), Terminal()
    with out.live(stream, Surface(terminal=True), Clock()) as screen:
        screen.alarm("!! ETHUSDT UNPROTECTED")

    terminal.write(stream.getvalue())
    assert (terminal.bells, terminal.title) == (1, "!! ETHUSDT UNPROTECTED")


def test_without_colour_the_screen_still_moves() -> None:
    stream = io.StringIO()
    with out.live(stream, Surface(terminal=True, colour=False), Clock()) as screen:
        screen.show([[("loud", ALARM)]])

    assert "loud" in stream.getvalue()
    assert "\x1b[1;7;31m" not in stream.getvalue()

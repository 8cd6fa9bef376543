"""Long work shows that it moves: repainted on a terminal, a line a minute elsewhere."""

from __future__ import annotations

from io import StringIO

import pytest

from robson.sim.paper import Progress, bar, left


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def _shown(stream: StringIO, *seconds: float) -> str:
    progress = Progress(stream)
    for at_s in seconds:
        progress.show(f"at {at_s:g}", at_s)
    progress.clear()
    return stream.getvalue()


def test_a_log_gets_a_line_a_minute_and_no_control_characters() -> None:
    assert _shown(StringIO(), 0.3, 59.9, 60.0, 61.0, 119.9, 121.0) == "at 60\nat 121\n"


def test_a_terminal_is_repainted_four_times_a_second_and_left_clean() -> None:
    said = _shown(Terminal(), 0.3, 0.4, 0.6)
    assert said == "\r\x1b[2Kat 0.3\r\x1b[2Kat 0.6\r\x1b[2K"


@pytest.mark.parametrize(("stream", "before"), [(StringIO(), ""), (Terminal(), "\r\x1b[2K")])
def test_what_is_kept_stands_on_a_line_of_its_own(stream: StringIO, before: str) -> None:
    progress = Progress(stream)
    progress.show("here", 0.5)
    progress.keep("seed 7 violates S1")
    progress.clear()
    assert stream.getvalue().endswith(f"{before}seed 7 violates S1\n")


def test_bar_and_time_left() -> None:
    assert bar(0, 4) == "░" * 12
    assert bar(3, 4) == "█" * 9 + "░" * 3
    assert left(0, 4, 9.0) == "0 s left"
    assert left(1, 4, 10.0) == "30 s left"
    assert left(1, 11, 18.0) == "3 min left"

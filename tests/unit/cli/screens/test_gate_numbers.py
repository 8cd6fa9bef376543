"""Numbers of a gate carry the unit that its code means, and what is no number stays as it is."""

from __future__ import annotations

import pytest

from robson.cli.screens import gates
from robson.cli.screens.line import ASCII, Page


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("disk_low", "59383", "59,383\N{NO-BREAK SPACE}MiB"),
        ("signal_stale", "5", "5\N{NO-BREAK SPACE}s"),
        ("stop_gain_net_low", "0.5", "0.5\N{NO-BREAK SPACE}R"),
        ("max_open_positions", "3", "3"),
        ("disk_low", "failed", "failed"),
        ("signal_stale", None, "-"),
    ],
)
def test_numbers_have_their_unit(code: str, value: str | None, shown: str) -> None:
    assert gates.shown(code, value, Page(80, ASCII)) == shown

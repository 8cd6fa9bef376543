"""A segment waits a little for its strike once its goal is reached, and never longer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from robson.sim.chaos import life as lives
from robson.sim.chaos.life import Life
from robson.sim.chaos.trace import Boundary, Strike

STRIKE = Strike(Boundary("long", "arm", "reader", "sendto", 3, "arm"), "EIO")


class Watched:
    """A tracer whose strike comes at the Nth look."""

    def __init__(self, strikes_at: int) -> None:
        self.looks = 0
        self._strikes_at = strikes_at

    def struck(self) -> bool:
        self.looks += 1
        return self.looks >= self._strikes_at


@pytest.mark.parametrize(
    ("strike", "strikes_at", "reached"),
    [(STRIKE, 1, 1), (STRIKE, 3, 3), (None, 3, 1)],
    ids=["struck", "struck later", "watched only"],
)
def test_a_goal_that_is_reached_waits_for_its_strike(
    tmp_path: Path, strike: Strike | None, strikes_at: int, reached: int
) -> None:
    assert achieved(Life("long", tmp_path, strike), strikes_at) == reached


def test_what_never_comes_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "LINGERS_S", 0.1)
    assert 1 < achieved(Life("long", tmp_path, STRIKE), 1_000_000) < 100


def achieved(life: Life, strikes_at: int) -> int:
    """How often the goal of a segment was looked at, which is reached all the time."""
    life._tracer = cast("Any", Watched(strikes_at))
    life._tend = lambda _segment: None  # type: ignore[method-assign]
    looks = []

    def reached() -> bool:
        looks.append(1)
        return True

    life._achieve("arm", lambda: None, reached)
    return len(looks)

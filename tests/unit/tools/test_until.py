"""How the end-to-end tests wait: within a bound, and a machine that was stopped has not waited."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from tests.e2e import harness


@pytest.fixture
def each_look_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock moves between two looks; the last of these for ever."""
    steps: list[float] = []
    now_s = itertools.accumulate(
        itertools.chain([0.0], iter(lambda: steps.pop(0) if len(steps) > 1 else steps[0], None))
    )
    monkeypatch.setattr(harness, "time", SimpleNamespace(monotonic=lambda: next(now_s)))
    monkeypatch.setattr(harness, "_LOOK_S", 0.0)
    return steps


def looks(bound_s: float) -> int:
    """How often is looked for what never comes."""
    count = itertools.count()
    with pytest.raises(AssertionError, match=f"not within {bound_s:g} s: it"):
        harness.until(lambda: next(count) < 0, "it", bound_s)
    return next(count)


def test_the_bound_is_kept(each_look_s: list[float]) -> None:
    each_look_s[:] = [0.5]
    assert looks(10) == 21


def test_a_machine_that_was_stopped_has_not_waited(each_look_s: list[float]) -> None:
    each_look_s[:] = [0.5, 60.0, 0.5]
    assert looks(10) == 18

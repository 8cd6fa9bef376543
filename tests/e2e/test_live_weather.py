"""Positions of ``robson-sim live``: a daemon and a venue, and several faults of one life in flight.

A hundred of them by seed are the command's own work; here are a few whose faults belong together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from robson.sim.live.life import live
from robson.sim.live.plan import Plan, plan_of
from robson.sim.live.trouble import Trouble
from robson.sim.template import Template

BRIEF = {
    "lost answers, killed while one is unknown": Plan(
        seed=1, number=1, side="long", end="gain", death="struck", hints=False,
        troubles=(
            Trouble(kind="lost_answer", role="entry"),
            Trouble(kind="hidden_order", role="entry"),
            Trouble(kind="page", role="exit"),
        ),
    ),
    "a stop that vanishes, a debt that is left": Plan(
        seed=1, number=2, side="short", end="stop", death="none", hints=False,
        troubles=(
            Trouble(kind="clock", role="insurance"),
            Trouble(kind="dropped_stop", role="insurance"),
            Trouble(kind="skipped_repay", role="exit"),
        ),
    ),
}  # fmt: skip
LONG = {f"seed 3, position {number}": plan_of(3, number) for number in range(1, 13)}


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    with Template("robson.sim.live.loaded") as made:
        yield made


@pytest.mark.parametrize(
    "plan",
    [
        *(pytest.param(plan, id=name) for name, plan in BRIEF.items()),
        *(pytest.param(plan, id=name, marks=pytest.mark.long) for name, plan in LONG.items()),
    ],
)
@pytest.mark.timeout(240)
def test_lived_through(plan: Plan, template: Template, record_property: Any) -> None:
    result = live(plan, "8", template)

    assert result.wrong == ()
    struck = set(result.strikes)
    planned = {(each.kind, each.role) for each in plan.troubles}
    assert struck == planned if plan in BRIEF.values() else struck
    assert result.verdict.fills >= 2
    assert (result.deaths > 0) == (plan.death != "none" or plan.end == "away")
    for kind, role in result.strikes:
        record_property("happened", f"live, weather: {kind} of {role}")

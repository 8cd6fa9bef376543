"""The second working of what rows decided: it holds for a life, and notices each figure moved."""

from __future__ import annotations

import ast
import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from robson.domain.values import Side
from robson.sim import decided, ruler
from robson.sim.checks import _decided
from robson.sim.decided import Decided
from robson.sim.lives import Lives
from robson.sim.oracle import exact
from robson.sim.world import World
from tests.simulation.worlds import plan

Rows = list[tuple[str, dict[str, Any]]]
Wrong = Callable[[dict[str, Any]], None]


def life(side: Side) -> tuple[Rows, World]:
    """The rows of one life in which the stop is raised."""
    for seed in range(1, 40):
        lives = Lives(plan(seed, side, severity="calm"))
        lives.run()
        rows = [(kind, json.loads(text)) for _, kind, text in lives.world.journal.rows.rows]
        if any(kind.startswith("stop_raised") for kind, _ in rows):
            return rows, lives.world
    raise AssertionError("no stop was raised")


LIVES = {side: life(side) for side in Side}


def said(rows: Rows, world: World) -> set[str]:
    """The rules that do not hold."""
    judge: Decided = _decided(world)
    return {
        rule
        for kind, told in rows
        for rule, verdict in judge.row(kind, json.dumps(told))
        if verdict is not True
    }


def changed(side: Side, name: str, wrong: Wrong) -> set[str]:
    """What is said of the life with one row changed."""
    rows, world = LIVES[side]
    rows = copy.deepcopy(rows)
    wrong(next(told for kind, told in rows if kind.startswith(f"{name}.")))
    return said(rows, world)


def put(value: str, *path: str) -> Wrong:
    def wrong(told: dict[str, Any]) -> None:
        for part in path[:-1]:
            told = told[part]
        told[path[-1]] = value

    return wrong


def by(factor: str, *path: str) -> Wrong:
    def wrong(told: dict[str, Any]) -> None:
        for part in path[:-1]:
            told = told[part]
        told[path[-1]] = str(exact(told[path[-1]]) * exact(factor))

    return wrong


SIZED = {
    "interest": ("M9", put("9", "plan", "sizing", "interest_unit")),
    "quantity": ("M9", by("9", "plan", "sizing", "quantity")),
    "money": ("M9", put("0", "account", "quote", "free")),
    "stop-gain": ("M10", by("0.9", "plan", "stops", "stop_gain")),
    "risk": ("M9", by("1.5", "plan", "sizing", "planned_risk")),
    "break-even": ("M10", put("9", "plan", "be_bps")),
    "guard": ("M10", put("1", "plan", "stops", "guard")),
    "unguarded": ("M10", put("1", "plan", "stops", "unguarded")),
    "level": ("M10", by("0.9", "plan", "stops", "technical_stop")),
    "base": ("M11", put("5", "account", "base", "locked")),
    "base owed": ("M11", put("5", "account", "base", "borrowed")),
    "quote owed": ("M11", put("5", "account", "quote", "interest")),
    "order": ("M11", put("an order", "account", "open_orders")),
}
RAISED = {
    "stop up": by("1.001", "stop"),
    "stop down": by("0.999", "stop"),
    "price up": by("1.2", "price"),
    "price down": by("0.8", "price"),
    "rung": put("2", "rung"),
}


@pytest.mark.parametrize(
    ("module", "of_ours"),
    [
        (decided, {"robson.sim.oracle", "robson.sim.ruler"}),
        (ruler, {"robson.sim.oracle"}),
    ],
)
def test_it_imports_nothing_of_what_it_judges(module: ModuleType, of_ours: set[str]) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    names = [node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert {name for name in names if name.startswith("robson")} == of_ours
    others = {name.partition(".")[0] for name in names} - {"robson", "attrs"}
    assert others <= sys.stdlib_module_names


@pytest.mark.parametrize("side", Side)
def test_a_life_holds(side: Side) -> None:
    assert said(*LIVES[side]) == set()


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("moved", SIZED)
def test_a_size_with_one_figure_moved(side: Side, moved: str) -> None:
    rule, wrong = SIZED[moved]
    assert rule in changed(side, "sizing_decided", wrong)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("moved", RAISED)
def test_a_raise_with_one_figure_moved(side: Side, moved: str) -> None:
    assert changed(side, "stop_raised", RAISED[moved]) == {"M10"}


@pytest.mark.parametrize(
    ("kind", "told", "rules"),
    [
        ("halt_entered.v1", {}, {"M11"}),
        ("runtime_state_changed.v1", {"state": "PAUSED"}, {"M11"}),
        ("degraded_entered.v2", {"scope": "account"}, {"M11"}),
        ("degraded_entered.v2", {"scope": "XRPUSDT"}, set()),
    ],
)
def test_an_entry_that_something_stood_in_the_way_of(
    kind: str, told: dict[str, Any], rules: set[str]
) -> None:
    rows, world = LIVES[Side.LONG]
    assert said([(kind, told), *rows], world) == rules


def test_what_was_cleared_stands_in_nobodys_way() -> None:
    rows, world = LIVES[Side.LONG]
    frozen = [("degraded_entered.v2", {"scope": "account"}), ("halt_entered.v1", {})]
    cleared = [("degraded_cleared.v1", {"scope": "account"}), ("halt_cleared.v1", {})]
    assert said([*frozen, *cleared, *rows], world) == set()

"""The world's own oracle: alone in what it knows, and not to be deceived."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from robson.sim import oracle
from robson.sim.lives import Lives
from robson.sim.oracle import Oracle, exact
from robson.sim.plans import plan_of

SEED = 1


def made() -> Oracle:
    return Oracle(
        "BTC",
        fee="0.001",
        gap_bps="10",
        slip_bps="5",
        step="0.00001",
        least="0.00001",
        notional="5",
    )


def test_it_imports_only_the_standard_library() -> None:
    tree = ast.parse(Path(str(oracle.__file__)).read_text(encoding="utf-8"))
    names = [node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert names
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_number_is_a_text() -> None:
    assert exact("0.1") * 10 == 1
    with pytest.raises(TypeError):
        exact(0.1)  # type: ignore[arg-type]


def sized() -> tuple[dict[str, Any], str]:
    """The first plan of a life, and the month it was made in."""
    lives = Lives(plan_of(SEED, 3))
    lives.run()
    rows = lives.world.journal.rows.rows
    month = next(text for _, kind, text in rows if kind.startswith("month_opened"))
    plan = next(json.loads(text) for _, kind, text in rows if kind.startswith("sizing_decided"))
    return plan, month


@pytest.mark.parametrize(
    ("part", "field", "value", "says"),
    [
        ("sizing", "quantity", "1000000", "may be lost"),
        ("sizing", "capital", "100000000", "the month has"),
        ("sizing", "planned_risk", "1", "planned were"),
        ("stops", "stop", "1", "may be lost"),
    ],
)
def test_a_size_that_is_too_large_is_seen(part: str, field: str, value: str, says: str) -> None:
    row, month = sized()
    judge = made()
    list(judge.row("month_opened.v1", month))
    sound = [
        each for each in judge.row("sizing_decided.v3", json.dumps(row)) if "step" not in str(each)
    ]
    assert set(sound) == {True}

    row["plan"][part][field] = value
    verdicts = [str(each) for each in judge.row("sizing_decided.v3", json.dumps(row))]
    assert any(says in each for each in verdicts)


def test_more_left_than_came_is_seen() -> None:
    judge = made()
    accepted(judge, "rbe", 1, "buy")
    accepted(judge, "rbx", 2, "sell")
    came = {
        "order_id": 1,
        "quantity": "1",
        "price": "9",
        "commission": "0.001",
        "commission_asset": "BTC",
    }
    left = {
        "order_id": 2,
        "quantity": "0.999",
        "price": "9",
        "commission": "0.1",
        "commission_asset": "USDT",
    }

    assert list(judge.entry("filled", json.dumps(came))) == []
    assert list(judge.entry("filled", json.dumps(left))) == [True]
    (again,) = judge.entry("filled", json.dumps(left))
    assert "1.998 left of 0.999" in str(again)


def accepted(judge: Oracle, kind: str, order_id: int, action: str, quantity: str = "1") -> None:
    order = {
        "client_id": f"{kind}{'a' * 20}00-1",
        "order_id": order_id,
        "action": action,
        "quantity": quantity,
    }
    assert list(judge.entry("order_accepted", json.dumps(order))) == []


def filled(judge: Oracle, order_id: int, quantity: str) -> list[object]:
    fill = {
        "order_id": order_id,
        "quantity": quantity,
        "price": "9",
        "commission": "0",
        "commission_asset": "USDT",
    }
    return list(judge.entry("filled", json.dumps(fill)))


def test_a_second_sale_may_find_what_a_person_bought_since_the_first() -> None:
    judge = made()
    accepted(judge, "rbe", 1, "buy")
    accepted(judge, "web_", 2, "buy")
    accepted(judge, "rbx", 3, "sell")
    accepted(judge, "rbx", 4, "sell")
    filled(judge, 1, "1")
    filled(judge, 2, "5")
    assert filled(judge, 3, "1") == [True]
    (wrong,) = filled(judge, 4, "1")
    assert "2.0 left of 1.0" in str(wrong), "what lay there before the first was no excuse"
    filled(judge, 2, "2")
    assert filled(judge, 4, "1") == [True]
    assert "4.0 left of 3.0" in str(filled(judge, 4, "1")[0])


def test_an_excess_is_given_back_once_and_no_more_than_there_is() -> None:
    judge = made()
    accepted(judge, "rbe", 1, "sell")
    accepted(judge, "autoclose_", 2, "buy")
    accepted(judge, "rbx", 3, "buy")
    accepted(judge, "rbu", 4, "sell")
    accepted(judge, "rbu", 5, "sell")
    for order_id in (1, 2, 3):
        filled(judge, order_id, "1")
    assert filled(judge, 4, "1") == [True]
    wrong = [str(each) for each in filled(judge, 5, "0.5")]
    assert any("both gave back" in each for each in wrong)
    assert any("1.5 given back, 1.0 too much" in each for each in wrong)

"""A position in every state has every documented key, and the same ones all the way down."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson.api.client import Client
from robson.api.document.status import status
from robson.api.document.text import dumps
from robson.domain import events as e
from robson.domain.identity import PositionId
from robson.domain.lifecycle import PositionState
from robson.domain.values import ExchangeNs, Price
from robson.domain.view import InsuranceView, OrderRecord, PositionView
from tests.contract import lives
from tests.contract.fake_daemon import FakeBackend, listening, published

GOLDEN = Path(__file__).with_name("golden") / "status-states.json"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "json.md"
DOOR = "unix:///run/robson/robsond.sock"
STATES = tuple(state.value for state in PositionState)
OPTIONAL = ("last_rejection", "trigger", "entry_order", "exit_order")
"""Objects that are null while there is nothing of the kind."""
FREE = ("numbers",)
Note = Callable[[str, object], None]


def _as(view: PositionView, last: str, state: PositionState, **more: Any) -> PositionView:
    return attrs.evolve(view, id=PositionId(f"{view.id[:-6]}{last}"), state=state, **more)


def entering() -> PositionView:
    """Its order has no answer yet."""
    view = lives.active()
    order = attrs.evolve(view.orders[0], status="unknown", order_id=None)
    return _as(
        view, "7K3ENT", PositionState.ENTERING, orders=(order,), entry=None, rung=0,
        insurance=InsuranceView(), bare_after_fill_ns=0, bare_replacing_ns=0,
    )  # fmt: skip


def exiting() -> PositionView:
    """Its exchange stop is off, its exit is out."""
    view = lives.active()
    trigger = e.ExitTriggered(
        position=view.id,
        at_ns=lives.at(11, 59),
        reason="trailing_stop",
        price=Price("118010.00"),
        tick_ns=lives.at(11, 59),
        stop=Price("118018.60"),
    )
    leave = OrderRecord(
        order=lives.closed().orders[-1].order,
        attempt=0,
        status="sending",
        timestamp_ms=lives.at(11, 59) // 1_000_000,
        order_id=None,
    )
    return _as(
        view, "7K3EXT", PositionState.EXITING, trigger=trigger, exit_attempts=1,
        orders=(*view.orders, leave), bare_since_ns=ExchangeNs(lives.NOON - 400_000_000),
        insurance=attrs.evolve(view.insurance, state="none", order_id=None),
    )  # fmt: skip


def failed() -> PositionView:
    """A person has to decide; the stop still rests."""
    view = lives.active()
    error = e.PositionFailed(
        position=view.id,
        at_ns=lives.at(11),
        code="foreign_order",
        message="a foreign order bought 0.6132 BTC",
    )
    return _as(view, "7K3ERR", PositionState.ERROR, error=error)


@cache
def text() -> str:
    """The document of a daemon that has one position in every state."""
    views = (lives.armed(), entering(), lives.active(), exiting(), lives.closed())
    backend = FakeBackend(published(*views, lives.cancelled(), failed()))
    with listening(backend) as (_, doors):
        return dumps(status(Client(str(doors.socket)).status(states=STATES), DOOR)) + "\n"


def positions() -> dict[str, Any]:
    return {each["state"]: each for each in json.loads(text())["positions"]}


def test_the_document_is_as_it_was() -> None:
    if os.environ.get("ROBSON_GOLDEN") == "write":
        GOLDEN.write_text(text())

    assert text() == GOLDEN.read_text()


def documented() -> set[str]:
    """Keys that the page shows on the first level of a position."""
    page = PAGE.read_text()
    block = page.partition("## Position")[2].partition("```")[2].partition("```")[0]
    depth, found = 0, set()
    for token in re.findall(r'"[^"]*"|[{}\[\]]', re.sub(r"#.*", "", block)):
        if token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
        elif depth == 1 and re.fullmatch(r'"[a-z_]+"', token):
            found.add(token.strip('"'))
    return found


@pytest.mark.parametrize("state", STATES)
def test_every_documented_key_is_there(state: str, record_property: Note) -> None:
    keys = set(positions()[state])

    assert keys == documented()
    record_property("note", f"{state}: {len(keys)} keys, all documented")


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield f"{path}.{key}"
            if key not in (*OPTIONAL, *FREE):
                yield from _paths(part, f"{path}.{key}")


def test_the_keys_are_the_same_in_every_state() -> None:
    shapes = {state: set(_paths(each)) for state, each in positions().items()}

    assert set(shapes) == set(STATES)
    for state, shape in shapes.items():
        assert shape == shapes["active"], state


@pytest.mark.parametrize("key", OPTIONAL)
def test_an_object_that_may_be_null_is_whole_when_it_is_not(key: str) -> None:
    there = [set(each[key]) for each in positions().values() if each[key] is not None]

    assert there, "no state shows it"
    assert all(keys == there[0] for keys in there)
    assert any(each[key] is None for each in positions().values())


def test_unknown_is_null_in_every_state() -> None:
    known = positions()

    assert known["entering"]["entry_price"] is None
    assert known["entering"]["orders"][0]["status"] == "unknown"
    assert known["exiting"]["realized_pnl"] is None
    assert known["exiting"]["protection"]["unprotected_s"] is not None
    assert known["closed"]["unrealized_pnl"] is None
    assert known["cancelled"]["exit_reason"] == "disarmed_by_user"
    assert known["error"]["frozen"]["is"]

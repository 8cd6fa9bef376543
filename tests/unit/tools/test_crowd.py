"""A price at one edge touches one position, a status what lives: counted in lines, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"
FEW, MANY = 40, 400
WAYS = ("leave", "climb")


def lines_run(work: Callable[[], object]) -> int:
    """Lines that a call runs, those of every function below it included."""
    count = 0

    def trace(_frame: Any, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Any]]:
    """One life, as a real daemon wrote it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(TOOLS)
        yield import_module("bench_kit").Run(tmp_path_factory.mktemp("life")).life


@pytest.mark.parametrize("way", WAYS)
def test_a_price_at_an_edge_runs_as_many_lines_beside_ten_times_the_positions(
    way: str, life: Sequence[Any], record_property: Callable[[str, object], None]
) -> None:
    crowds = import_module("bench_crowd")

    def counted(positions: int) -> int:
        crowd = crowds.Crowd(life, positions)
        getattr(crowd, way)()  # what is done once for all is not counted
        return lines_run(getattr(crowd, way))

    few, many = counted(FEW), counted(MANY)

    assert few > 100
    # The heaps of edges grow by their logarithm.
    assert many < 1.2 * few, f"{many} lines beside {MANY}, {few} beside {FEW}"
    record_property("note", f"a price at an edge, {way}: {few} lines, {many} with {MANY}")


def test_a_status_runs_as_many_lines_beside_ten_times_the_closed_positions(
    life: Sequence[Any], record_property: Callable[[str, object], None]
) -> None:
    pasts = import_module("bench_past")

    def counted(positions: int) -> int:
        past = pasts.Past(life, positions)
        past.ask()
        return lines_run(past.ask)

    few, many = counted(FEW), counted(MANY)

    assert few > 100
    assert many == few, f"{many} lines beside {MANY}, {few} beside {FEW}"
    record_property("note", f"a status: {few} lines, {many} with {MANY} closed positions")

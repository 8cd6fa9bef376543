"""A price at one edge touches one position: counted in lines of code run, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
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


@pytest.mark.parametrize("way", WAYS)
def test_a_price_at_an_edge_runs_as_many_lines_beside_ten_times_the_positions(
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.syspath_prepend(TOOLS)
    crowds, kit = import_module("bench_crowd"), import_module("bench_kit")
    life = kit.Run(tmp_path).life

    def counted(positions: int) -> int:
        crowd = crowds.Crowd(life, positions)
        getattr(crowd, way)()  # what is done once for all is not counted
        return lines_run(getattr(crowd, way))

    few, many = counted(FEW), counted(MANY)

    assert few > 100
    # The heaps of edges grow by their logarithm.
    assert many < 1.2 * few, f"{many} lines beside {MANY}, {few} beside {FEW}"
    record_property("note", f"a price at an edge, {way}: {few} lines, {many} with {MANY}")

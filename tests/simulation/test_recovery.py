"""Recovery in every state, with every request under way, wherever the price went.

The table is docs/recovery.toml. Each cell begins with what journal and exchange say when somebody
is there again, and ends with what both say afterwards. Every law watches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from robson.domain.identity import Purpose
from robson.domain.values import NS_PER_S
from robson.sim.world import World
from tests.simulation import recovery
from tests.simulation.recovery import WAYS, Cell, End

SOON_S, PROVED_S = 3, 30
"""All is protected or left within the first; what takes a proof of absence, in the second."""
SETTLE_S = 16
ONCE = {"held": 0, "stop": 1, "stop + out": 2, "cancelled": 0, "armed": 0, "error": 0}
"""Orders of ours that trade on the way out, until somebody leaves what is held."""


def _rows(*rows: str) -> Any:
    return pytest.mark.parametrize("row", rows)


def _begins(cell: Cell, end: End) -> None:
    """What is written down of a row is what there was."""
    life, row, way = end.life, recovery.rows()[cell.row], WAYS[cell.row]
    assert life.faults.died_at == ([way.dies] if way.dies else [])
    struck = life.faults.counts
    assert struck["lost_request"] == bool(way.loses)
    assert struck["refused"] == bool(way.refuses)
    assert struck["thin_book"] == bool(way.book)
    if cell.price != "same":
        return
    written = row["journal"]
    says, held, stops = life.world.found
    assert says == (written[cell.side.value] if isinstance(written, dict) else written)
    assert held == row["exchange"].startswith(("held", "half", "filled"))
    assert stops == ("rests" in row["exchange"])


def _ends(cell: Cell, end: End) -> None:
    """What has to follow is what followed, in time, and nothing twice."""
    assert end.end == cell.end, f"{cell}: {end.end}"
    took_s = end.took_ns / NS_PER_S
    if cell.waits:
        assert SETTLE_S < took_s <= PROVED_S, f"{cell}: {took_s} s"
    else:
        assert took_s <= SOON_S, f"{cell}: {took_s} s"
    assert end.entries <= 1
    way = WAYS[cell.row]
    twice = "exit" in way.book
    assert end.exits == ONCE.get(end.end, 1 + twice), str(cell)
    asked = len(end.life.requests(Purpose.EXIT))
    assert asked <= 1 + twice + (way.refuses == "exit"), str(cell)


@pytest.mark.proves("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R17", "R18", "R20", "D", "H")
@_rows(*(recovery.rows()))
def test_everything_that_a_death_can_leave_is_recovered(row: str, record_property: Any) -> None:
    """One cell for each price: sides, types of the stop and fences by turns."""
    record_property("happened", f"{row}: {_lived(row, recovery.some(row))}")


@pytest.mark.long
@_rows(*(recovery.rows()))
def test_every_single_cell_is_recovered(row: str, record_property: Any) -> None:
    record_property("happened", f"{row}: {_lived(row, recovery.cells(row))}")


def _lived(row: str, cells: Iterable[Cell]) -> dict[str, int]:
    """Live cells of a row; how often each end was come to."""
    ends: Counter[str] = Counter()
    for cell in cells:
        if cell.end == "-":
            assert recovery.rows()[row]["why"]
            continue
        end = recovery.live(cell)
        _begins(cell, end)
        _ends(cell, end)
        ends[end.end] += 1
    assert ends.total() >= 2, "a row that nothing lives proves nothing"
    return dict(ends)


def test_every_row_and_every_price_is_reached(record_property: Any) -> None:
    """The table has no row that nothing brings about, and no end that nothing comes to."""
    table = recovery.table()
    cells = [cell for row in recovery.rows() for cell in recovery.cells(row)]
    assert recovery.rows().keys() == WAYS.keys()
    assert {cell.end for cell in cells} == table["ends"].keys()
    assert {cell.price for cell in cells} == table["prices"].keys()
    impossible = sum(cell.end == "-" for cell in cells)
    assert World.unseen is not recovery.Returning.unseen
    lived = sum(cell.end != "-" for row in recovery.rows() for cell in recovery.some(row))
    said = f"recovery: {lived} of {len(cells) - impossible} cells, {impossible} are impossible"
    record_property("note", said)

"""A cut of ``robson-sim chaos``: two real processes, struck at system calls of every kind.

The whole of it takes half an hour and is its own command. Each strike here has to happen: strace
says so.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from robson.sim.chaos.strikes import Result, listed, strike_once
from robson.sim.chaos.table import PHASES
from robson.sim.chaos.trace import Boundary, Strike

BRIEF = [
    # Before the entry is marked as sent; sent, and its answer never read.
    ("long", "arm", "journal.db-wal", "fdatasync", 4, "KILL"),
    ("long", "arm", "normal", "recvfrom", 1, "KILL"),
    # From here on the emergency file; the line breaks, and a cancel is unknown.
    ("long", "trail", "journal.db-wal", "pwrite64", 9, "EIO"),
    ("panic", "exit", "urgent", "recvfrom", 1, "ENOSPC"),
]
LONG = [
    # A thread's first calls, before the process serves anybody.
    ("long", "start", "reader", "sendto", 1, "KILL"),
    ("long", "start", "journal.emergency", "fsync", 1, "ENOSPC"),
    # The exchange stop may have left; the way out stands still for 2 s.
    ("long", "arm", "urgent", "sendto", 1, "EIO"),
    ("long", "exit", "urgent", "sendto", 1, "STOP"),
    ("long", "stop", "journal.db-wal", "fdatasync", 1, "KILL"),
]
STRIKES = (*BRIEF, *LONG)


def test_what_is_struck_comes_in_every_life(record_property: Callable[[str, object], None]) -> None:
    """And in passing: no order leaves before the rows that it stands in are synced."""
    found = listed("long")
    known = {(one.segment, one.where, one.call, one.nth) for one in found}

    assert known >= {strike[1:5] for strike in STRIKES if strike[0] == "long"}
    assert {one.phase for one in found} == set(PHASES)
    record_property("note", f"chaos: {len(found)} boundaries in the life of a long")


@pytest.mark.parametrize(
    ("leg", "segment", "where", "call", "nth", "error"),
    [
        *(pytest.param(*strike, id="/".join(map(str, strike))) for strike in BRIEF),
        *(
            pytest.param(*strike, id="/".join(map(str, strike)), marks=pytest.mark.long)
            for strike in LONG
        ),
    ],
)
def test_struck_and_survived(
    leg: str,
    segment: str,
    where: str,
    call: str,
    nth: int,
    error: str,
    record_property: Callable[[str, object], None],
) -> None:
    strike = Strike(Boundary(leg, segment, where, call, nth, segment), error)
    result: Result = strike_once(strike)

    assert result.wrong == ()
    assert result.struck, "strace has not struck: what it was to strike did not come"
    assert result.compared > 0
    assert result.fills >= 2
    assert (result.deaths > 0) is (error == "KILL" or where.startswith("journal"))
    told = f"again after {result.again_s:.1f} s, " if result.deaths else ""
    record_property("note", f"chaos: {strike}: {told}{result.naked_s:.1f} s without a stop")

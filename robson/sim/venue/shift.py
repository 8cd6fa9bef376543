"""Moves a tape in time, so that a recorded market happens now: clients sign by their own clocks."""

from __future__ import annotations

from array import array
from dataclasses import replace

import attrs

from robson.connectors.simulated.tape import Tape
from robson.daemon.programme import Programme
from robson.domain.values import NS_PER_MS


def shift_ns(programme: Programme, now_ns: int) -> int:
    """By how much every tape moves so that the first of them begins at an instant.

    Bars keep to the grid of their own length, so that candles stay candles: they begin up to one
    bar before.
    """
    first_ns = min(item.tape.first_ns for item in programme.items)
    grain_ns = max([NS_PER_MS, *(item.tape.bar_ns for item in programme.items)])
    return (now_ns - first_ns) // grain_ns * grain_ns


def shifted(programme: Programme, by_ns: int) -> Programme:
    """The same tapes and histories, so much later."""
    items = tuple(
        attrs.evolve(item, tape=_moved(item.tape, by_ns), history=_moved(item.history, by_ns))
        for item in programme.items
    )
    return attrs.evolve(programme, items=items)


def _moved(tape: Tape, by_ns: int) -> Tape:
    times = array("q", (at_ns + by_ns for at_ns in tape.columns.times))
    return replace(tape, columns=tape.columns._replace(times=times))

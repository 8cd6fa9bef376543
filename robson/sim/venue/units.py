"""Times in microseconds, for whoever asks for them: ``X-MBX-TIME-UNIT`` or ``timeUnit``."""

from __future__ import annotations

from typing import Any

from robson.sim.venue.refusals import refused

_WORDS = {"MICROSECOND": True, "MILLISECOND": False}
_TIMES = frozenset(("E", "T", "W", "O", "C", "serverTime", "time", "openTime", "closeTime"))
"""Keys of times, where they are whole numbers; in some frames they are prices."""
_ROW, _ENDS = 12, 6
"""So many cells has a bar; its first is when it began, this one when it ends."""


def wants_microseconds(word: str | None) -> bool:
    """Whether a header or an address asks for them.

    Raises:
        Refused: it asks for another unit.
    """
    if word is None:
        return False
    wanted = _WORDS.get(word.upper() if word.islower() else word)
    if wanted is None:
        raise refused("time_unit")
    return wanted


def in_microseconds(document: Any) -> Any:
    """The same document with its times a thousand times as large."""
    if isinstance(document, list):
        if len(document) == _ROW and isinstance(document[0], int):
            cells = list(document)
            cells[0], cells[_ENDS] = _micro(cells[0]), _micro(cells[_ENDS], last=True)
            return cells
        return [in_microseconds(row) for row in document]
    if not isinstance(document, dict):
        return document
    is_bar = "t" in document and "o" in document and "e" not in document
    times = _TIMES | ({"t"} if is_bar else set())
    if document.get("e") == "outboundAccountPosition":
        times |= {"u"}
    return {
        key: _micro(value, last=is_bar and key == "T")
        if key in times and type(value) is int
        else in_microseconds(value)
        for key, value in document.items()
    }


def _micro(at_ms: int, *, last: bool = False) -> int:
    """A time in microseconds; a bar ends with the last one of its last millisecond."""
    return at_ms * 1000 + (999 if last else 0)

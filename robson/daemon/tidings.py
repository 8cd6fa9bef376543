"""What is told of conditions, and when: once, then a digest each hour, and an all-clear.

Pure: one look after another, each with its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from robson.daemon.conditions import BY_CODE, Standing

DIGEST_S = 3_600.0
CLEAR_S = 60.0
"""So long a condition stays away before it counts as gone: what comes and goes is told once."""

Known = tuple[str, str]


@attrs.frozen(kw_only=True)
class Tiding:
    """One message: ``raised``, ``cleared``, ``digest``, ``test`` or ``beat``."""

    kind: str
    urgent: bool = False
    about: tuple[Standing, ...] = ()


class Tidings:
    """Remembers what was told.

    Args:
        told: what had been told and not called clear when the last process ended.
    """

    def __init__(self, told: Iterable[Standing] = ()) -> None:
        self._told: dict[Known, Standing] = {each.key: each for each in told}
        self._away_s: dict[Known, float] = {}
        self._digest_s: float | None = None

    def look(self, now: Mapping[Known, Standing], at_s: float) -> Iterator[Tiding]:
        """What is to be told of a look.

        Args:
            now: everything that stands.
            at_s: monotonic seconds.
        """
        for key, found in now.items():
            self._away_s.pop(key, None)
            if key not in self._told:
                yield Tiding(kind="raised", urgent=BY_CODE[found.code].urgent, about=(found,))
            self._told[key] = found
        yield from self._gone(now, at_s)
        yield from self._digest(at_s)

    def _gone(self, now: Mapping[Known, Standing], at_s: float) -> Iterator[Tiding]:
        for key in [key for key in self._told if key not in now]:
            since_s = self._away_s.setdefault(key, at_s)
            if at_s - since_s >= CLEAR_S:
                del self._away_s[key]
                found = self._told.pop(key)
                if not BY_CODE[found.code].once:
                    yield Tiding(kind="cleared", about=(found,))

    def _digest(self, at_s: float) -> Iterator[Tiding]:
        """Everything that has stood for an hour and still does."""
        stands = tuple(found for found in self._told.values() if not BY_CODE[found.code].once)
        if not stands:
            self._digest_s = None
        elif self._digest_s is None:
            self._digest_s = at_s + DIGEST_S
        elif at_s >= self._digest_s:
            self._digest_s = at_s + DIGEST_S
            urgent = any(BY_CODE[found.code].urgent for found in stands)
            yield Tiding(kind="digest", urgent=urgent, about=stands)


def still_told(tidings: Iterable[Tiding]) -> Iterator[Standing]:
    """What was raised and not called clear, of everything that was told, oldest first."""
    told: dict[Known, Standing] = {}
    for tiding in tidings:
        for each in tiding.about:
            if tiding.kind == "raised" and each.code in BY_CODE:
                told[each.key] = each
            elif tiding.kind == "cleared":
                told.pop(each.key, None)
    yield from told.values()


def document(tiding: Tiding, *, daemon: Mapping[str, str], number: int, at: str) -> dict[str, Any]:
    """The message as one JSON document, ``robson.alert/1``.

    Args:
        tiding: what is told.
        daemon: profile, account, instance and version.
        number: counts the messages of the journal; beats count by themselves.
        at: wall time, ISO 8601 in UTC.
    """
    return {
        "schema": "robson.alert/1",
        "kind": tiding.kind,
        "urgent": tiding.urgent,
        "number": number,
        "at": at,
        "daemon": dict(daemon),
        "conditions": [
            {"code": each.code, "about": each.about, "said": each.said} for each in tiding.about
        ],
    }

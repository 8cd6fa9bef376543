"""How long a position was held and not covered by a stop, and what excuses it.

The venue's books say what was held and what rested, the venue's script what struck, and whoever
killed a process says when; nothing of the daemon's own is read. All times are the exchange's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.entries import Entry, Filled, OrderAccepted, OrderClosed
from robson.connectors.simulated.roles import REQUESTS
from robson.domain.identity import Purpose
from robson.domain.values import NS_PER_S
from robson.sim.chaos.verdict import SMALL, purpose
from robson.sim.venue.kinds import KINDS, MARKET

LIMIT_S = 3
"""At most so long after a fill, or from a stop that ended to what follows it: p99, undisturbed."""
KILLED_LIMIT_S = 5
"""From kill -9 to protected again: p99, as it would be at the speed of our own clocks."""
AFTER_S, SOON_S = 30, 10
"""A fault excuses as long as it lasts, and this: a proof of absence takes 17 s, and what was out of
service is healthy again after so many. What was answered, or only asked, is done again sooner."""
LASTING_S = 10
FILL, STOP_ENDED = "fill", "stop ended"
_FOR_ALL = ("clock_jumps", "throttled")
"""Faults of a public question that concern orders as well."""
_HARMLESS = frozenset(("answer_twice", "several_trades", "thin_book", "skipped_repay"))
"""What happens to an order or its answer, and delays neither."""
_MS = 1_000_000
_ZERO = Decimal(0)


@attrs.frozen(kw_only=True)
class Window:
    """Time in which something was in the way; ``reason`` names it."""

    reason: str
    since_ns: int
    until_ns: int


@attrs.frozen(kw_only=True)
class Away:
    """A process that was gone: from its death until the next one answered, which took so long of
    our own time. Of what it may have sent on the way out nobody knows what became.
    """

    since_ns: int
    until_ns: int
    ours_ns: int


@attrs.frozen(kw_only=True)
class Stretch:
    """Time without cover. ``began``: with a fill, or when a stop ended."""

    began: str
    since_ns: int
    until_ns: int

    @property
    def lasted_ns(self) -> int:
        """How long."""
        return self.until_ns - self.since_ns


@attrs.frozen(kw_only=True)
class Bare:
    """Every stretch of one life, by what was in its way.

    Attributes:
        clear: of those that nothing disturbed, how each began and how long it was.
        killed_ns: of those after a fill that only a death disturbed, from the death on, without
            what the start of a process takes longer because the exchange's time is faster.
        excused: reasons, and how long the stretch was that they excuse.
        over_ns: of the others the longest time that nothing excuses.
    """

    clear: tuple[tuple[str, int], ...] = ()
    killed_ns: tuple[int, ...] = ()
    excused: tuple[tuple[str, int], ...] = ()
    over_ns: int = 0

    @property
    def longest_ns(self) -> int:
        """The longest, excused or not."""
        return max((ns for _, ns in (*self.clear, *self.excused)), default=0)

    @property
    def told(self) -> str:
        """The longest, with its reasons."""
        reasons = (why for why, ns in self.excused if ns == self.longest_ns)
        return f"{self.longest_ns / NS_PER_S:.2f} s ({', '.join(dict.fromkeys(reasons))})"


def windows(strikes: Iterable[Mapping[str, Any]]) -> list[Window]:
    """What every strike on the way to or from the exchange excuses; frames and prices nothing."""
    return [
        Window(
            reason=f"{one['kind']}/{one['role']}",
            since_ns=one["at_ms"] * _MS,
            until_ns=one["at_ms"] * _MS + int(_excuses_s(one["kind"], one["role"]) * NS_PER_S),
        )
        for one in strikes
        if one["kind"] not in _HARMLESS
        and (
            (one["role"] in REQUESTS and KINDS[one["kind"]].where != "feed")
            or (one["role"] == MARKET and one["kind"] in _FOR_ALL)
        )
    ]


def bare(
    entries: Iterable[Entry], excuses: Sequence[Window], aways: Sequence[Away], speed: Decimal
) -> Bare:
    """Look at every stretch of a life."""
    clear: list[tuple[str, int]] = []
    killed: list[int] = []
    excused: list[tuple[str, int]] = []
    over_ns = 0
    for stretch in stretches(entries):
        met = [each for each in excuses if _meets(each, stretch)]
        gone = [each for each in aways if _meets(each, stretch)]
        if not met and not gone:
            clear.append((stretch.began, stretch.lasted_ns))
            continue
        excused += [(each.reason, stretch.lasted_ns) for each in met]
        excused += [("death", stretch.lasted_ns)] * bool(gone)
        if stretch.began == FILL and not met:
            killed.append(_recovered_ns(stretch, gone, speed))
        else:
            met += [_doubt(each, stretch) for each in gone]
            over_ns = max(over_ns, _outside_ns(stretch, met))
    return Bare(
        clear=tuple(clear), killed_ns=tuple(killed), excused=tuple(excused), over_ns=over_ns
    )


def stretches(entries: Iterable[Entry]) -> Iterator[Stretch]:
    """Every stretch in which more was held than rested in stops of ours, but for what fees left."""
    cover, began, since_ns, at_ns = _Cover(), "", None, 0
    for entry in entries:
        at_ns = entry.at_ns
        cover.note(entry)
        if cover.lacks and since_ns is None:
            began, since_ns = cover.last, at_ns
        elif not cover.lacks and since_ns is not None:
            if at_ns > since_ns:
                yield Stretch(began=began, since_ns=since_ns, until_ns=at_ns)
            since_ns = None
    if since_ns is not None:
        yield Stretch(began=began, since_ns=since_ns, until_ns=at_ns)


class _Cover:
    """What is held, and for how much of it stops rest.

    Attributes:
        last: what has taken cover away last, or brought what needs it.
    """

    def __init__(self) -> None:
        self._orders: dict[int, Purpose | None] = {}
        self._stops: dict[int, Decimal] = {}
        self._held = self._entered = _ZERO
        self.last = FILL

    @property
    def lacks(self) -> bool:
        """Whether more is held than is covered."""
        return self._held - sum(self._stops.values(), _ZERO) > self._entered * SMALL

    def note(self, entry: Entry) -> None:
        """One more entry of the books."""
        match entry:
            case OrderAccepted(order_id=order_id, client_id=client_id):
                self._orders[order_id] = purpose(client_id)
                if self._orders[order_id] is Purpose.INSURANCE:
                    self._stops[order_id] = entry.quantity
            case OrderClosed(order_id=order_id):
                if self._stops.pop(order_id, None) is not None:
                    self.last = STOP_ENDED
            case Filled() if self._orders.get(entry.order_id) is not None:
                self._fill(entry)
            case _:
                pass

    def _fill(self, entry: Filled) -> None:
        if entry.order_id in self._stops:
            self._stops[entry.order_id] -= entry.quantity
        if self._orders.get(entry.order_id) is not Purpose.ENTRY:
            self._held -= entry.quantity
            return
        self._held += entry.quantity
        self._entered += entry.quantity
        self.last = FILL


def _excuses_s(kind: str, role: str) -> Decimal:
    """An order of which nobody knows what became waits for a proof; a question is asked again."""
    lasts_s = KINDS[kind].seconds or _ZERO
    long = lasts_s >= LASTING_S or (role != "question" and KINDS[kind].robson.startswith("asks"))
    return lasts_s + (AFTER_S if long else SOON_S)


def _meets(window: Window | Away, stretch: Stretch) -> bool:
    """What struck the order that ended it was not in its way."""
    return window.since_ns < stretch.until_ns // _MS * _MS and stretch.since_ns <= window.until_ns


def _recovered_ns(stretch: Stretch, gone: Sequence[Away], speed: Decimal) -> int:
    """From the first death to the cover, as it would be at speed 1."""
    began_ns = max(stretch.since_ns, min(each.since_ns for each in gone))
    faster_ns = int((speed - 1) * sum(each.ours_ns for each in gone))
    return max(0, stretch.until_ns - began_ns - faster_ns)


def _doubt(away: Away, stretch: Stretch) -> Window:
    """What a death excuses beside a fault; an exit that may have been sent waits for its proof."""
    after_ns = AFTER_S * NS_PER_S if stretch.began == STOP_ENDED else 0
    return Window(reason="death", since_ns=away.since_ns, until_ns=away.until_ns + after_ns)


def _outside_ns(stretch: Stretch, met: Sequence[Window]) -> int:
    """What of a stretch lies in no window."""
    left_ns, at_ns = 0, stretch.since_ns
    for window in sorted(met, key=lambda each: each.since_ns):
        left_ns += max(0, min(window.since_ns, stretch.until_ns) - at_ns)
        at_ns = max(at_ns, min(window.until_ns, stretch.until_ns))
    return left_ns + stretch.until_ns - at_ns

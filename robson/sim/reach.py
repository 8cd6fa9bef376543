"""What worlds have to reach: every transition, arc, exit, fault and rule of the exchange, counted.

A run of enough seeds fails when one of them was never reached: a law that nothing tested has proved
nothing. What cannot be reached in this version stands here too, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import attrs

from robson.connectors.simulated.exchange_rules import Rule
from robson.domain import events as e
from robson.domain.lifecycle import PositionState as State
from robson.domain.lifecycle import arcs
from robson.domain.ports import Recorded
from robson.domain.position import machine_event
from robson.domain.view import PositionView
from robson.sim.courses import (
    RACES,
    RACES_OUT_OF_REACH,
    RECOVERY,
    RECOVERY_OUT_OF_REACH,
    Course,
    races,
    recovery,
)
from robson.sim.faults import KINDS
from robson.sim.seams import POINTS
from robson.sim.traits import TRAITS, traits

JUDGED_FROM = 2_000
"""Active positions from which on everything listed has to be reached."""


RARE_FROM = 20_000
"""And what is met less than four times in a thousand."""
RARE = frozenset({("recovery", "R12"), ("strategies", "iron-exit held")})
"""Table and name of what is demanded only of so many: how often is a matter of chance."""

Shows = Callable[[Course], bool]


def _is(kind: type, source: State | None, target: State) -> Shows:
    return lambda step: isinstance(step.event, kind) and step.goes(source, target)


def _exit_by(*reasons: str) -> Shows:
    return lambda step: (
        _is(e.ExitTriggered, State.ACTIVE, State.EXITING)(step)
        and getattr(step.event, "reason", None) in reasons
    )


def _cancelled(reason: str) -> Shows:
    return lambda step: (
        _is(e.PositionCancelled, State.ARMED, State.CANCELLED)(step)
        and getattr(step.event, "reason", None) == reason
    )


@attrs.frozen
class Row:
    """A row of the transition table, and how it is recognised."""

    id: str
    says: str
    shows: Shows


ROWS = (
    Row("T1", "armed", _is(e.PositionArmed, None, State.ARMED)),
    Row("T2", "signal taken", _is(e.EntryRequested, State.ARMED, State.ENTERING)),
    Row("T3", "signal rejected", _is(e.SignalRejected, State.ARMED, State.ARMED)),
    Row("T4", "disarmed", _cancelled("disarmed_by_user")),
    Row("T5", "entry accepted", _is(e.EntryAccepted, State.ENTERING, State.ENTERING)),
    Row("T6", "entry filled", _is(e.EntryFilled, State.ENTERING, State.ACTIVE)),
    Row("T7", "entry filled in part", _is(e.EntryPartlyFilled, State.ENTERING, State.ACTIVE)),
    Row("T7 more", "and filled further", _is(e.EntryPartlyFilled, State.ACTIVE, State.ACTIVE)),
    Row("T7 whole", "and ended", _is(e.EntryFilled, State.ACTIVE, State.ACTIVE)),
    Row("T7 taken back", "and taken back", _is(e.EntryFilled, State.EXITING, State.EXITING)),
    Row("T8", "entry rejected", _is(e.EntryFailed, State.ENTERING, State.CANCELLED)),
    Row("T8 again", "and armed again", _is(e.EntryFailed, State.ENTERING, State.ARMED)),
    Row("T9", "entry unknown", _is(e.OrderUnknown, State.ENTERING, State.ENTERING)),
    Row(
        "T10",
        "entry absent",
        lambda step: (
            bool(getattr(step.event, "proof", ()))
            and _is(e.EntryFailed, State.ENTERING, State.CANCELLED)(step)
        ),
    ),
    Row("T11", "stop raised", _is(e.StopRaised, State.ACTIVE, State.ACTIVE)),
    Row("T12", "level hit", _exit_by("stop_loss", "trailing_stop", "stop_gain")),
    Row("T13", "panic", _exit_by("user_panic", "tape_end")),
    Row("T14", "panic before a signal", _cancelled("panic_before_entry")),
    Row("T15", "panic while entering", _is(e.PanicRequested, State.ENTERING, State.ENTERING)),
    Row("T16", "halt", _exit_by("monthly_halt", "margin_risk")),
    Row(
        "T17",
        "stopped out at the exchange",
        lambda step: (
            getattr(step.event, "by", "") == "insurance" and step.goes(State.EXITING, State.CLOSED)
        ),
    ),
    Row(
        "T18",
        "stop partly filled",
        lambda step: (
            isinstance(step.event, e.InsuranceFilled) and step.after.state is State.EXITING
        ),
    ),
    Row("T19", "exit filled", _is(e.ExitFilled, State.EXITING, State.EXITING)),
    Row("T19 open", "exit accepted", _is(e.ExitAccepted, State.EXITING, State.EXITING)),
    Row(
        "T20",
        "closed",
        lambda step: (
            getattr(step.event, "by", "") == "exit" and step.goes(State.EXITING, State.CLOSED)
        ),
    ),
    Row("T21", "exit refused", _is(e.ExitRetry, State.EXITING, State.EXITING)),
    Row("T22", "exit unknown", _is(e.OrderUnknown, State.EXITING, State.EXITING)),
    Row(
        "T23",
        "closed by others",
        lambda step: isinstance(step.event, e.PositionClosed) and step.event.by == "reconciled",
    ),
    Row(
        "T24",
        "entry found later",
        lambda step: (
            getattr(step.event, "reconciled", False)
            and _is(e.EntryFilled, State.ENTERING, State.ACTIVE)(step)
        ),
    ),
    Row("T25", "failed", lambda step: isinstance(step.event, e.PositionFailed)),
    Row("T26", "resolved", lambda step: isinstance(step.event, e.PositionResolved)),
    Row("T27", "frozen, and let go", lambda _step: False),
    Row("T29", "one attempt used up", _cancelled("entry_exhausted")),
    Row("T30", "disarm by force", _is(e.CancelRequested, State.ENTERING, State.ENTERING)),
)

OUT_OF_REACH = {
    "T28": "there is one process and no lease",
}
"""Rows of the table that no world of this version can reach, and why."""

EXITS = (
    "stop_loss",
    "trailing_stop",
    "stop_gain",
    "insurance_stop",
    "entry_dust",
    "user_panic",
    "tape_end",
)
ENDINGS = (
    "disarmed_by_user",
    "panic_before_entry",
    "entry_exhausted",
    "entry_rejected",
    "never_sent",
    "absent",
)
REFUSALS = ("DUPLICATE_POSITION", "INVALID_STATE_TRANSITION", "EXCHANGE_UNAVAILABLE")

RULES_REACHED = tuple(
    rule.value
    for rule in (
        Rule.BORROW_BASE,
        Rule.BORROW_QUOTE,
        Rule.FILLED_AT_SLIPPED_PRICE,
        Rule.COMMISSION_BASE,
        Rule.COMMISSION_QUOTE,
        Rule.STOP_WOULD_TRIGGER,
        Rule.STOP_RESTING,
        Rule.LOCK_BASE,
        Rule.LOCK_QUOTE,
        Rule.UNLOCK_BASE,
        Rule.UNLOCK_QUOTE,
        Rule.STOP_MET_ON_THE_WAY,
        Rule.STOP_MET_BY_JUMP,
        Rule.LIMIT_STOP_PASSED,
        Rule.CANCELLED,
        Rule.CANCEL_UNKNOWN,
        Rule.INTEREST_ON_BORROW,
        Rule.INTEREST_HOURLY,
        Rule.AUTO_REPAY_BASE,
        Rule.AUTO_REPAY_QUOTE,
        Rule.AUTO_REPAY_NO_DEBT,
        Rule.REPAID_BY_HAND,
        Rule.ORDER_UNKNOWN,
        Rule.TIMESTAMP_OLD_AT_MATCHING,
        Rule.FAULT_REJECTS,
        Rule.FAULT_HIDES_ORDER,
        Rule.FAULT_SKIPS_REPAY,
        Rule.FAULT_DROPS_STOP,
        Rule.FAULT_FILLS_ONLY,
        Rule.FAULT_FILLS_IN_PIECES,
        Rule.FAULT_MATCHES_LATE,
        Rule.CANCELLED_PARTLY_FILLED,
    )
)
"""Rules of the exchange that worlds have to meet; the others need a request Robson never sends."""


def arc_name(source: State, event: str, target: State) -> str:
    """An arc of the lifecycle in words."""
    return f"{source.value} {event} {target.value}"


ALL_OUT_OF_REACH = OUT_OF_REACH | RACES_OUT_OF_REACH | RECOVERY_OUT_OF_REACH
"""Transitions, races and rows of recovery that no world of this version can reach, and why."""

ARCS_OUT_OF_REACH = {
    "entering entry_partial entering": "a partial entry is written once it opens the position",
    "entering halt entering": "the halt of a person comes when something is held",
    "margin_exit": "no world falls to its margin exit level before it is liquidated",
    "entering degrade entering": "nothing degrades an entry that is under way",
    "active degrade exiting": "needs no stop for 30 s and a price that comes near; shown by tests",
    "armed fail error": "nothing can contradict itself before something was asked for",
    "active fail error": "met too rarely to be demanded: money moved while a stop was unknown",
    "entering fail error": "met too rarely to be demanded: money moved while an entry was unknown",
    "resolve": "which of its targets a person may say is met too rarely to be demanded one by one",
    "error trigger exiting": "met too rarely to be demanded; shown by tests of its own",
    "error insurance_filled closed": "a filled stop is told as a trigger first",
    "entering insurance_filled closed": "a stop rests only once the entry is final",
    "active insurance_filled closed": "a filled stop is told as a trigger first",
    "active insurance_partial exiting": "a filled stop is told as a trigger first",
}
"""Events, or single arcs, that nothing in this version takes, and why."""

ARCS = tuple(
    dict.fromkeys(
        arc_name(source, event, target)
        for source, event, target, _ in arcs()
        if not {event, arc_name(source, event, target)} & ARCS_OUT_OF_REACH.keys()
    )
)
"""Every arc that some event of this version can take."""

TABLES: Mapping[str, tuple[str, ...]] = {
    "transitions": tuple(row.id for row in ROWS),
    "arcs": ARCS,
    "exits": EXITS,
    "endings": ENDINGS,
    "refusals": REFUSALS,
    "races": RACES,
    "recovery": RECOVERY,
    "strategies": TRAITS,
    "faults": KINDS,
    "crash_points": POINTS,
    "exchange": RULES_REACHED,
}
"""Everything that has to be reached, by table."""


class Reach:
    """Counts by table; counts of several worlds add up."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in TABLES}
        self._epoch = self._started_ns = 0

    def note(
        self, recorded: Recorded, before: PositionView | None, after: PositionView | None
    ) -> None:
        """Count what an event reached."""
        event = recorded.event
        if recorded.epoch > self._epoch:
            self._epoch, self._started_ns = recorded.epoch, event.at_ns
        if isinstance(event, e.ScopeFrozen | e.ScopeCleared):
            self.add("transitions", ("T27",))
        if isinstance(event, e.AccountEvent) or after is None:
            return
        step = Course(event, before, after, recorded.epoch, self._started_ns)
        self.add("transitions", (row.id for row in ROWS if row.shows(step)))
        self.add("races", races(step))
        self.add("recovery", recovery(step))
        self.add("strategies", traits(step))
        name = machine_event(before.state, event) if before is not None else None
        if before is not None and name is not None:
            self.add("arcs", (arc_name(before.state, name, after.state),))
        if isinstance(event, e.ExitTriggered):
            self.add("exits", (event.reason,))
        if after.state is State.CANCELLED and after.cancel_reason is not None:
            self.add("endings", (after.cancel_reason,))

    def add(self, table: str, names: Iterable[str]) -> None:
        """Count names of a table."""
        self.counts[table].update(names)

    def merge(self, table: str, counts: Mapping[str, int]) -> None:
        """Add counts of a table."""
        self.counts[table].update({name: count for name, count in counts.items() if count})

    def update(self, other: Reach) -> None:
        """Add another world's counts."""
        for name, counts in other.counts.items():
            self.counts[name].update(counts)

    def table(self) -> dict[str, dict[str, int]]:
        """What has to be reached with its count, zeros included."""
        return {
            name: {each: self.counts[name][each] for each in wanted}
            for name, wanted in TABLES.items()
        }

    def missing(self, positions: int = RARE_FROM) -> list[str]:
        """What was never reached although it had to be, by so many active positions."""
        return [
            f"{name}: {each}"
            for name, counts in self.table().items()
            for each, count in counts.items()
            if count == 0 and (positions >= RARE_FROM or (name, each) not in RARE)
        ]

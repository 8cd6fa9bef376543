"""The races of the exchange stop and the rows of the recovery table, as worlds recognise them.

Most show in the journal, between two views of a position; some only in what the daemon hears, or in
how it finds a position when it starts. A row that reconciliation writes down names itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from robson.daemon.reconciler import TOKENS_FROM
from robson.domain import events as e
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.intents import CancelOrder, ReadAccount
from robson.domain.lifecycle import PositionState as State
from robson.domain.reports import NotSent, OutcomeUnknown
from robson.domain.values import NS_PER_MS, NS_PER_S
from robson.domain.view import PositionView

INSUFFICIENT = -2010
TOGETHER_NS = 100 * NS_PER_MS
"""Two ways out that fire within this time fire at once."""
AT_START_NS = NS_PER_S
"""What is decided so soon after a start follows from what the start found."""
PRICES = ("stop_loss", "trailing_stop")


@attrs.frozen
class Course:
    """One event of a position, between two views, and under which process it was written."""

    event: e.PositionEvent
    before: PositionView | None
    after: PositionView
    epoch: int = 0
    started_ns: int = 0

    def goes(self, source: State | None, target: State) -> bool:
        """Whether it leads from one state to another."""
        return (self.before.state if self.before else None, self.after.state) == (source, target)

    def was(self, state: State) -> bool:
        """Whether the position was in a state."""
        return self.before is not None and self.before.state is state

    def left_earlier(self, client_id: str) -> bool:
        """Whether an order was made by a process that has died since."""
        ours = read_client_order_id(client_id)
        return ours is not None and ours.epoch < self.epoch


def _ours_first(course: Course) -> bool:
    trigger = course.before.trigger if course.before else None
    return (
        isinstance(course.event, e.InsuranceFilled)
        and trigger is not None
        and trigger.reason != "insurance_stop"
    )


def _at_once(course: Course) -> bool:
    trigger = course.before.trigger if course.before else None
    return (
        isinstance(course.event, e.InsuranceFilled)
        and trigger is not None
        and trigger.reason in PRICES
        and abs(course.event.fills[0].at_ns - trigger.at_ns) <= TOGETHER_NS
    )


def _overtaken(course: Course) -> bool:
    """What is taken as an exit was never an order of ours."""
    event = course.event
    return isinstance(event, e.ExitFilled) and course.after.order(event.client_id) is None


def _replaces(view: PositionView | None) -> bool:
    return (
        view is not None
        and view.state is State.ACTIVE
        and view.insurance.state in ("cancelling", "placing", "none")
        and view.insurance.attempts > 0
    )


_IN_JOURNAL: dict[str, Callable[[Course], bool]] = {
    "A": _ours_first,
    "C": lambda c: isinstance(c.event, e.ExitRetry) and c.event.code == INSUFFICIENT,
    "E": lambda c: (
        isinstance(c.event, e.OrderUnknown)
        and c.was(State.EXITING)
        and c.after.insurance.attempts > 0
    ),
    "F": lambda c: (
        isinstance(c.event, e.InsuranceFailed)
        and c.before is not None
        and c.before.insurance.attempts > 1
    ),
    "I": _overtaken,
    "K": lambda c: (
        isinstance(c.event, e.ExitTriggered)
        and c.event.reason == "user_panic"
        and _replaces(c.before)
    ),
    "M": _at_once,
}
"""Races that show in the journal."""

RACES = ("A", "B", "C", "D", "E", "F", "H", "I", "K", "M")
"""Every race that can happen to one node without a user stream."""
RACES_OUT_OF_REACH = {
    "G": "an order is only read until its end is known: no fill is told after the close",
    "J": "there is no user stream that could differ from an answer",
    "L": "there is one process and no lease",
}


def races(course: Course) -> Iterator[str]:
    """The races that an event shows."""
    return (race for race, shows in _IN_JOURNAL.items() if shows(course))


def races_heard(report: object) -> Iterator[str]:
    """The races that begin with an answer."""
    if isinstance(report, OutcomeUnknown) and isinstance(report.intent, CancelOrder):
        yield "B"


def races_found(view: PositionView) -> Iterator[str]:
    """The races that a start finds in the middle."""
    left = any(record.order.purpose is Purpose.EXIT for record in view.orders)
    trigger, stop = view.trigger, view.insurance
    if trigger is None or trigger.reason == "insurance_stop" or left:
        return
    if view.state is State.EXITING and stop.attempts and stop.state in ("none", "cancelling"):
        yield "D"


def _planned(view: PositionView) -> bool:
    assert view.plan is not None
    return view.entry is not None and view.entry.quantity < view.plan.sizing.quantity


_ROWS: dict[str, Callable[[Course], bool]] = {
    "R1": lambda c: c.after.cancel_reason == "never_sent" and not c.was(State.CANCELLED),
    "R2": lambda c: (
        isinstance(c.event, e.EntryFilled)
        and c.event.reconciled
        and c.left_earlier(c.event.client_id)
    ),
    "R3": lambda c: isinstance(c.event, e.EntryFailed) and bool(c.event.proof),
    "R4": lambda c: isinstance(c.event, e.EntryFilled) and _planned(c.after),
    "R5": lambda c: (
        isinstance(c.event, e.ExitTriggered)
        and c.event.reason in PRICES
        and c.epoch > 1
        and c.event.at_ns - c.started_ns <= AT_START_NS
    ),
    "R6": lambda c: isinstance(c.event, e.GapForgiven),
    "R7": lambda c: (
        (
            isinstance(c.event, e.InsuranceFilled)
            and c.was(State.ACTIVE)
            and c.left_earlier(c.event.client_id)
        )
        or (
            isinstance(c.event, e.ExitTriggered)
            and c.event.reason == "insurance_stop"
            and c.epoch > 1
            and c.event.at_ns - c.started_ns <= AT_START_NS
        )
    ),
    "R17": lambda c: (
        isinstance(c.event, e.ExitFilled)
        and c.before is not None
        and any(
            record.client_id == c.event.client_id and record.status == "unknown"
            for record in c.before.orders
        )
    ),
    "R18": lambda c: isinstance(c.event, e.ExitRetry) and bool(c.event.proof),
    "R19": lambda c: isinstance(c.event, e.InsuranceFilled) and c.was(State.EXITING),
    "R20": lambda c: isinstance(c.event, e.RepayRequested),
}
"""Rows that begin with an order of ours; the others are reconciliation's, which names them."""

FOUND = ("R8", "R9", "R10", "R11", "R12", "R15", "R21", "R22")
"""Rows that reconciliation finds; it names them itself."""
RECOVERY = (*_ROWS, *FOUND, "R24")
"""Every row of the recovery table that worlds have to meet."""
RECOVERY_OUT_OF_REACH = {
    **dict.fromkeys(
        ("R14", "R16", "R25"),
        "needs an order that comes to life after its absence was proved, which takes 17 s; no order"
        " here is matched later than 10 s; shown by tests of its own",
    ),
    "R13": "no exchange here changes an order that rests; shown by tests of its own",
    "R23": "no journal is replicated to another host yet",
}


def rows_heard(report: object) -> Iterator[str]:
    """R24: the exchange could not be reached by somebody who looks at the whole pair."""
    intent = getattr(report, "intent", None)
    unheard = isinstance(report, OutcomeUnknown | NotSent)
    if unheard and isinstance(intent, ReadAccount) and -intent.token >= TOKENS_FROM:
        yield "R24"


def recovery(course: Course) -> Iterator[str]:
    """The rows that an event follows."""
    return (row for row, shows in _ROWS.items() if shows(course))

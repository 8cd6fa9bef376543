"""The lifecycle of a position: seven states and every legal step between them.

The machine moves state and refuses what is illegal; it does no I/O, reads no clock and folds no
data. Ticks are not machine events: what a tick causes is.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, Protocol

from statemachine import State, StateMachine
from statemachine.exceptions import TransitionNotAllowed

from robson.domain.errors import InvariantViolated


class PositionState(enum.Enum):
    """Where a position is. ``error`` is not final: its stop is still judged."""

    ARMED = "armed"
    ENTERING = "entering"
    ACTIVE = "active"
    EXITING = "exiting"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    ERROR = "error"

    @property
    def is_terminal(self) -> bool:
        return self in (PositionState.CLOSED, PositionState.CANCELLED)

    @property
    def may_hold(self) -> bool:
        """Whether exposure may exist in this state."""
        return self in (
            PositionState.ENTERING,
            PositionState.ACTIVE,
            PositionState.EXITING,
            PositionState.ERROR,
        )


class IllegalEvent(InvariantViolated):
    """An event that is not legal in the position's state: a bug in whoever made it."""


class PositionLifecycle(StateMachine):
    """The law. Guards choose between arcs of one event and read only the fact."""

    armed = State(value=PositionState.ARMED, initial=True)
    entering = State(value=PositionState.ENTERING)
    active = State(value=PositionState.ACTIVE)
    exiting = State(value=PositionState.EXITING)
    closed = State(value=PositionState.CLOSED, final=True)
    cancelled = State(value=PositionState.CANCELLED, final=True)
    error = State(value=PositionState.ERROR)

    signal = armed.to(entering)
    signal_rejected = armed.to(armed, internal=True)
    disarm = armed.to(cancelled)
    exhausted = armed.to(cancelled)
    cancel_requested = entering.to(entering, internal=True)

    entry_ack = entering.to(entering, internal=True)
    entry_partial = entering.to(active, cond="opens_early") | entering.to(entering, internal=True)
    entry_fill = (
        entering.to(active) | active.to(active, internal=True) | exiting.to(exiting, internal=True)
    )
    entry_rejected = entering.to(armed, cond="rearms") | entering.to(cancelled)
    entry_unknown = entering.to(entering, internal=True)
    entry_absent = entering.to(cancelled)
    reconciled_found = entering.to(active)

    stop_raised = active.to(active, internal=True)
    trigger = active.to(exiting) | error.to(exiting)
    panic = (
        armed.to(cancelled)
        | entering.to(entering, internal=True)
        | active.to(exiting)
        | error.to(exiting)
    )
    halt = entering.to(entering, internal=True) | active.to(exiting)
    margin_exit = entering.to(entering, internal=True) | active.to(exiting)
    degrade = entering.to(entering, internal=True) | active.to(exiting)

    insurance_filled = (
        entering.to(closed) | active.to(closed) | exiting.to(closed) | error.to(closed)
    )
    insurance_partial = active.to(exiting) | exiting.to(exiting, internal=True)
    exit_ack = exiting.to(exiting, internal=True)
    exit_partial = exiting.to(exiting, internal=True)
    exit_filled = exiting.to(closed)
    exit_rejected = exiting.to(exiting, internal=True)
    exit_unknown = exiting.to(exiting, internal=True)
    reconciled_missing = active.to(closed) | exiting.to(closed)

    fail = error.from_(armed, entering, active, exiting)
    resolve = (
        error.to(active, cond="targets_active")
        | error.to(exiting, cond="targets_exiting")
        | error.to(closed, cond="targets_closed")
        | error.to(cancelled, cond="targets_cancelled")
    )

    def opens_early(self, fact: object) -> bool:
        """A partial entry has been open for a second: protect what is there."""
        return bool(getattr(fact, "open_now", False))

    def rearms(self, fact: object) -> bool:
        """A transient rejection by code, of a strategy that waits for signals."""
        return bool(getattr(fact, "rearm", False))

    def targets_active(self, fact: object) -> bool:
        return getattr(fact, "target", None) == "active"

    def targets_exiting(self, fact: object) -> bool:
        return getattr(fact, "target", None) == "exiting"

    def targets_closed(self, fact: object) -> bool:
        return getattr(fact, "target", None) == "closed"

    def targets_cancelled(self, fact: object) -> bool:
        return getattr(fact, "target", None) == "cancelled"


class Law(Protocol):
    """Moves one position's state, or refuses."""

    def next(self, state: PositionState, event: str, fact: object) -> PositionState:
        """The state after ``event``.

        Raises:
            IllegalEvent: the event is not legal here.
        """


class _Model:
    """What the machine drives: one field, checked, because the library does not."""

    def __init__(self, state: PositionState) -> None:
        self.state = PositionState(state)


class MachineLaw:
    """The law by the machine itself: the daemon's. A terminal position ends its instance."""

    def __init__(self) -> None:
        self._machine: PositionLifecycle | None = None

    def next(self, state: PositionState, event: str, fact: object) -> PositionState:
        if self._machine is None or self._machine.model.state is not state:
            self._machine = PositionLifecycle(_Model(state))
        try:
            self._machine.send(event, fact=fact)
        except TransitionNotAllowed as refused:
            raise IllegalEvent(f"{event} is not legal while {state.value}") from refused
        moved: PositionState = self._machine.model.state
        if moved.is_terminal:
            self._machine = None
        return moved


class TableLaw:
    """The same law as a table derived once from the machine's class: simulation and backtest."""

    def next(self, state: PositionState, event: str, fact: object) -> PositionState:
        for target, condition in TABLE.get((state, event), ()):
            if condition is None or _CONDITIONS[condition](_GUARDS, fact):
                return target
        raise IllegalEvent(f"{event} is not legal while {state.value}")


Arc = tuple[PositionState, str, PositionState, str | None]


def arcs() -> Iterator[Arc]:
    """Every arc of the class in declaration order: source, event, target, guard."""
    for state in PositionLifecycle.states:
        for transition in state.transitions:
            guards = [spec.func for spec in transition.cond]
            for event in transition.event.split():
                yield (
                    PositionState(state.value),
                    str(event),
                    PositionState(transition.target.value),
                    str(guards[0]) if guards else None,
                )


def _table() -> dict[tuple[PositionState, str], tuple[tuple[PositionState, str | None], ...]]:
    table: dict[tuple[PositionState, str], tuple[tuple[PositionState, str | None], ...]] = {}
    for source, event, target, guard in arcs():
        table[source, event] = (*table.get((source, event), ()), (target, guard))
    return table


TABLE = _table()
_GUARDS: Any = object()
_CONDITIONS: dict[str, Any] = {
    name: getattr(PositionLifecycle, name)
    for name in {guard for *_, guard in arcs() if guard is not None}
}

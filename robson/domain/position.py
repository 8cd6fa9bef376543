"""A position: its view, the law that moves its state, and which machine event each event is.

The monitor alone holds :class:`Position` instances; everybody else reads views.
"""

from __future__ import annotations

import attrs

from robson.domain import events as e
from robson.domain.fold import fold
from robson.domain.identity import ClientOrderId, Purpose, read_client_order_id
from robson.domain.lifecycle import Law, PositionState
from robson.domain.view import PositionView


@attrs.define
class Position:
    """A view and the law that moves its state; owned by one thread."""

    view: PositionView
    law: Law

    @classmethod
    def born(cls, event: e.PositionArmed, law: Law) -> Position:
        """The position that ``position_armed`` creates."""
        view = PositionView(
            id=event.position,
            scope=event.scope,
            state=PositionState.ARMED,
            side=event.side,
            strategy=event.strategy,
            leverage=event.leverage,
            capital=event.capital,
            idempotency_key=event.idempotency_key,
            actor=event.actor,
            created_ns=event.at_ns,
            updated_ns=event.at_ns,
        )
        return cls(view, law)

    def apply(self, event: e.PositionEvent) -> None:
        """Fold one event that the journal already holds.

        Raises:
            IllegalEvent: the event is not legal in this state.
        """
        name = machine_event(self.view.state, event)
        state = self.view.state if name is None else self.law.next(self.view.state, name, event)
        changes = fold(self.view, event)
        changes |= {"state": state, "updated_ns": event.at_ns, "version": self.view.version + 1}
        self.view = attrs.evolve(self.view, **changes)


_BY_REASON = {
    "user_panic": "panic",
    "tape_end": "panic",
    "monthly_halt": "halt",
    "margin_risk": "margin_exit",
    "degraded_mode": "degrade",
}
_CANCELLED = {
    "disarmed_by_user": "disarm",
    "panic_before_entry": "panic",
    "entry_exhausted": "exhausted",
}
_CLOSED_BY = {
    "exit": "exit_filled",
    "insurance": "insurance_filled",
    "reconciled": "reconciled_missing",
}
_UNKNOWN_IN = {PositionState.ENTERING: "entry_unknown", PositionState.EXITING: "exit_unknown"}
_PLAIN: dict[type, str] = {
    e.EntryRequested: "signal",
    e.SignalRejected: "signal_rejected",
    e.EntryAccepted: "entry_ack",
    e.ExitAccepted: "exit_ack",
    e.StopRaised: "stop_raised",
    e.ExitFilled: "exit_partial",
    e.ExitRetry: "exit_rejected",
    e.PanicRequested: "panic",
    e.CancelRequested: "cancel_requested",
    e.PositionFailed: "fail",
    e.PositionResolved: "resolve",
}


def machine_event(state: PositionState, event: e.PositionEvent) -> str | None:
    """Which machine event a journal event is; None when it moves no state."""
    match event:
        case e.EntryPartlyFilled() if state is PositionState.ENTERING:
            return "entry_partial"
        case e.EntryFilled(reconciled=True) if state is PositionState.ENTERING:
            return "reconciled_found"
        case e.EntryFilled() | e.EntryPartlyFilled():
            return "entry_fill"
        case e.EntryFailed():
            return "entry_absent" if event.proof else "entry_rejected"
        case e.OrderUnknown():
            return (
                _UNKNOWN_IN.get(state)
                if _purpose(event.client_id) is not Purpose.INSURANCE
                else None
            )
        case e.InsuranceFilled():
            return None if event.final else "insurance_partial"
        case e.ExitTriggered():
            return _BY_REASON.get(event.reason, "trigger")
        case e.PositionCancelled():
            return _CANCELLED.get(event.reason, "disarm")
        case e.PositionClosed():
            return _CLOSED_BY[event.by]
        case _:
            return _PLAIN.get(type(event))


def _purpose(client_id: ClientOrderId) -> Purpose | None:
    ours = read_client_order_id(client_id)
    return ours.purpose if ours else None

"""What an operator asks for and is answered: runtime state, halt, frozen scopes."""

from __future__ import annotations

from robson.api.published import Governed, Published
from robson.api.translate import status
from robson.api.translate.values import enum_name, stamp
from robson.api.v1 import robson_pb2 as pb
from robson.domain.accounts import RuntimeState
from robson.domain.commands import ClearFrozen, HandOver, SetHalt, SetRuntimeState
from robson.domain.errors import Refused

_LONGEST_REASON = 200
_ASKED = {
    pb.RUNTIME_STATE_RUNNING: RuntimeState.RUNNING,
    pb.RUNTIME_STATE_PAUSED: RuntimeState.PAUSED,
    pb.RUNTIME_STATE_DRAINING: RuntimeState.DRAINING,
}


def set_state(request: pb.SetRuntimeStateRequest, actor: str) -> SetRuntimeState:
    """The command.

    Raises:
        Refused: no reason, or a state that nobody may ask for.
    """
    state = _ASKED.get(request.state)
    if state is None:
        allowed = ", ".join(each.value for each in _ASKED.values())
        raise Refused("INVALID_ARGUMENT", f"state is {request.state}; allowed is {allowed}.")
    return SetRuntimeState(state=state, reason=reason_of(request.reason), actor=actor)


def halt(request: pb.TriggerHaltRequest, actor: str) -> SetHalt:
    """The command."""
    return SetHalt(on=not request.clear, reason=reason_of(request.reason), actor=actor)


def clear(request: pb.ClearDegradedRequest, actor: str) -> ClearFrozen:
    """The command."""
    if not request.scope:
        raise Refused("INVALID_ARGUMENT", "scope is missing; a symbol or account is expected.")
    return ClearFrozen(scope=request.scope, reason=reason_of(request.reason), actor=actor)


def hand_over(request: pb.HandOverRequest, actor: str) -> HandOver:
    """The command."""
    return HandOver(reason=reason_of(request.reason), actor=actor)


def handed_over(published: Published) -> pb.HandOverResponse:
    """What came of it."""
    return pb.HandOverResponse(
        as_of=stamp(published.now_ns), daemon=status.daemon(published.daemon)
    )


def reason_of(text: str) -> str:
    """What is journaled for whoever reads it later.

    Raises:
        Refused: there is none, or it is a page.
    """
    reason = " ".join(text.split())
    if not reason or len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise Refused(
            "INVALID_ARGUMENT",
            f"reason is {'missing' if not reason else 'too long'}; 1 to {_LONGEST_REASON}"
            " characters are expected, for whoever reads the journal.",
            (("option", "reason"),),
        )
    return reason


def state_set(done: Governed, published: Published) -> pb.SetRuntimeStateResponse:
    """What came of it."""
    return pb.SetRuntimeStateResponse(
        as_of=stamp(published.now_ns),
        daemon=status.daemon(published.daemon),
        was=enum_name("RUNTIME_STATE", done.was.state.value),
        risk=status.risk_of(published.risk, published.now_ns),
    )


def halted(published: Published) -> pb.TriggerHaltResponse:
    """What came of it."""
    return pb.TriggerHaltResponse(
        as_of=stamp(published.now_ns),
        daemon=status.daemon(published.daemon),
        risk=status.risk_of(published.risk, published.now_ns),
    )


def cleared(published: Published) -> pb.ClearDegradedResponse:
    """What came of it."""
    return pb.ClearDegradedResponse(
        as_of=stamp(published.now_ns),
        daemon=status.daemon(published.daemon),
        risk=status.risk_of(published.risk, published.now_ns),
    )

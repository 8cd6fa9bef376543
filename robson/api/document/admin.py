"""The document of ``robson admin``: what an operator asked for, and where the account stands."""

from __future__ import annotations

from robson.api.document.position import position
from robson.api.document.status import daemon, limits
from robson.api.document.text import Document, enum_word, when
from robson.api.v1 import robson_pb2 as pb

Answer = (
    pb.SetRuntimeStateResponse
    | pb.TriggerHaltResponse
    | pb.ClearDegradedResponse
    | pb.ReconcileCloseResponse
    | pb.ResolveResponse
    | pb.HandOverResponse
)


def admin(asked: Document, message: Answer, door: str, *, then: str) -> Document:
    """``robson.admin/1``; ``was`` is the runtime state before, ``position`` the one that was
    decided; null where neither was asked for.

    Args:
        asked: action, reason and scope, as they were typed.
        message: the answer.
        door: by which it came.
        then: the command that makes sense next.
    """
    was = message.was if isinstance(message, pb.SetRuntimeStateResponse) else 0
    about = (
        message.position
        if isinstance(message, pb.ReconcileCloseResponse | pb.ResolveResponse)
        else None
    )
    return {
        "schema": "robson.admin/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "action": asked["action"],
        "reason": asked["reason"],
        "scope": asked["scope"],
        "was": enum_word(pb.RuntimeState, "RUNTIME_STATE", was) if was else None,
        "position": None if about is None else position(about),
        "risk": None if isinstance(message, pb.HandOverResponse) else limits(message.risk),
        "next": then,
    }

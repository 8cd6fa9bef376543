"""What a request to the exchange is for, in one word: how faults choose whom they meet."""

from __future__ import annotations

from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, Repay

REQUESTS = ("entry", "insurance", "exit", "cancel", "repay", "question")
"""What a request is for, in one word."""
_PURPOSES = {
    Purpose.ENTRY: "entry",
    Purpose.INSURANCE: "insurance",
    Purpose.EXIT: "exit",
    Purpose.UNTRACKED: "exit",
    Purpose.CANCEL: "cancel",
}


def role_of(intent: Intent) -> str:
    """What a request is for, one of ``REQUESTS``; ``foreign`` for an order nobody here sends."""
    match intent:
        case PlaceOrder():
            return _PURPOSES.get(intent.purpose, "foreign")
        case CancelOrder():
            return "cancel"
        case Repay():
            return "repay"
        case _:
            return "question"


def role_of_id(client_id: str) -> str | None:
    """What the order of a client id is for; None for an order that is not ours."""
    ours = read_client_order_id(client_id)
    return _PURPOSES.get(ours.purpose) if ours else None

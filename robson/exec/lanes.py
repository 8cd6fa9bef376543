"""Which lane carries an intent, and how urgent it is there.

Leaving risk never waits behind taking it: exits, cancels, insurance and repayments have a lane of
their own, entries another, questions a third.
"""

from __future__ import annotations

import enum

from robson.domain.identity import Purpose
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, Repay


class Lane(enum.Enum):
    """A thread and a connection of its own."""

    URGENT = "urgent"
    NORMAL = "normal"
    READER = "reader"


def lane_of(intent: Intent) -> Lane:
    """The lane of an intent."""
    match intent:
        case PlaceOrder():
            return Lane.NORMAL if intent.purpose is Purpose.ENTRY else Lane.URGENT
        case CancelOrder() | Repay():
            return Lane.URGENT
        case _:
            return Lane.READER


def priority_of(intent: Intent) -> int:
    """Lower goes first: exit, cancel, insurance, repayment, a position's questions, the rest."""
    match intent:
        case PlaceOrder():
            return {Purpose.INSURANCE: 2, Purpose.ENTRY: 4}.get(intent.purpose, 0)
        case CancelOrder():
            return 1
        case Repay():
            return 3
        case _:
            return 5 if intent.position is not None else 6

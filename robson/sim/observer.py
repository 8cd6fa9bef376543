"""Who looks on a world, and what it means that the daemon broke."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from robson.daemon.monitor import Message
from robson.domain.errors import RobsonError
from robson.domain.intents import Intent
from robson.domain.ports import Recorded
from robson.domain.view import PositionView

UNEXPECTED = (
    RobsonError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a defect of the daemon raises. The real process would end; a world ends with a violation."""


class Broken(Exception):
    """The daemon raised what it should not; nothing follows in this world."""


class Enough(Exception):
    """A law was broken long ago: what follows in this world says nothing new."""


class Observer:
    """Looks on and changes nothing; a world without one is as it would be with it."""

    def witness(self, recorded: Recorded, view: PositionView | None) -> None:
        """An event has been folded, again or for the first time."""

    def leaves(self, intent: Intent) -> None:
        """A request goes on the wire."""

    def heard(self, message: Message) -> None:
        """The monitor is about to take a message in."""

    def found(self, views: Sequence[PositionView]) -> None:
        """A process that has just read the journal found these positions alive."""

    def offered(self, price: int) -> None:
        """A price, in whole ticks, is left on the board of a daemon that lives."""

    def moved(self) -> None:
        """Something happened, and everything that follows from it at once."""

    def looked(self, status: dict[str, Any] | Exception) -> None:
        """Somebody asked for the status, and this is what came of it."""

    def stopped(self, took_ns: int, rested: Sequence[str]) -> None:
        """The process ended in order; ``rested`` are the exchange stops from before."""

    def healed(self, ceased_ns: int, healed_ns: int | None) -> None:
        """No fault begins any more; from then on nothing was unknown or bare. None for never."""

    def died(self, point: str) -> None:
        """The process ended here."""

    def reborn(self) -> None:
        """A process has taken the journal over."""

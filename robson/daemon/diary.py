"""What the journal has learnt, as log lines for people: written when the step is over.

Nothing waits for a log: by then every event is durable and every intent has left.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from decimal import Decimal

import attrs

from robson.daemon import logs
from robson.domain import events as e
from robson.domain.ports import Recorded
from robson.domain.values import plain
from robson.domain.view import PositionView

_LEVELS: dict[type[e.Event], str] = {
    e.OrderSending: "debug",
    e.AccountRead: "debug",
    e.SizingDecided: "debug",
    e.OrderUnknown: "warning",
    e.EntryFailed: "warning",
    e.ExitRetry: "warning",
    e.InsuranceFailed: "warning",
    e.InsuranceGone: "warning",
    e.BudgetAlerted: "warning",
    e.CapitalRecalibrated: "warning",
    e.ProtectionAlerted: "error",
    e.HaltEntered: "warning",
    e.MarginBandChanged: "warning",
    e.ScopeFrozen: "warning",
    e.PositionFailed: "error",
}
"""The others are info."""
_SAID_ANYWAY = ("position", "at_ns", "idempotency_key")


class Diary:
    """Collects on the monitor's thread what is folded there."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []

    def witness(self, recorded: Recorded, view: PositionView | None) -> None:
        """A row was folded, and it happened in this process."""
        self._lines.append((_LEVELS.get(type(recorded.event), "info"), line(recorded, view)))

    def write(self) -> None:
        """Put what was collected into the log."""
        lines, self._lines = self._lines, []
        for level, text in lines:
            logs.note(text, level)


def line(recorded: Recorded, view: PositionView | None) -> str:
    """One row of the journal in one line."""
    name = recorded.event.KIND.partition(".")[0]
    whose = f" {view.scope.symbol} {view.id}" if view is not None else ""
    said = ", ".join(_said(recorded.event))
    return f"{name}{whose} seq {recorded.seq}{': ' if said else ''}{said}"


def _said(event: e.Event) -> Iterator[str]:
    """The single values of an event; what has parts is in the journal."""
    for field in attrs.fields(type(event)):
        value = getattr(event, field.name)
        if field.name in _SAID_ANYWAY or value is None:
            continue
        if isinstance(value, Decimal):
            yield f"{field.name} {plain(value)}"
        elif isinstance(value, enum.Enum):
            yield f"{field.name} {value.value}"
        elif isinstance(value, (str, int)):
            yield f"{field.name} {value}"

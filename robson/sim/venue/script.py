"""The venue's script of faults, which also writes down each strike: what, whom, when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.fault_script import Fault
from robson.connectors.simulated.scripted import Script


class VenueScript(Script):
    """Faults that can be added while it runs.

    Attributes:
        strikes_told: every strike with its kind, the role it met, and the exchange's time.
        now_ms: what time it is; set by whoever keeps it.
    """

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        super().__init__(faults, seed)
        self.strikes_told: list[dict[str, Any]] = []
        self.now_ms: Callable[[], int] = lambda: 0
        self._role: str | None = None

    def due(self, kind: str, role: str | None) -> Fault | None:
        """Remember whom it was asked about."""
        self._role = role
        return super().due(kind, role)

    def strike(self, fault: Fault) -> None:
        """It has struck: write it down."""
        super().strike(fault)
        # One that was due long before it strikes meets whom it was meant for.
        role = self._role if self._role in fault.requests else fault.requests[0]
        self.strikes_told.append(
            {
                "at_ms": self.now_ms(),
                "kind": fault.kind,
                "role": role,
                "line": fault.line,
            }
        )

    def add(self, fault: Fault) -> None:
        """One more fault, from now on."""
        self.faults += (fault,)
        self.struck.append(0)
        self._met.append(0)

    def calm(self) -> None:
        """No fault strikes any more; how often each has is remembered."""
        self.faults = tuple(
            attrs.evolve(fault, nth=None, every=None, probability=Decimal(0))
            for fault in self.faults
        )

    def counters(self) -> list[dict[str, Any]]:
        """How often each has struck, of how many that it could have."""
        return [
            {"line": fault.line, "fault": fault.name, "struck": struck, "met": met}
            for fault, struck, met in zip(self.faults, self.struck, self._met, strict=True)
        ]

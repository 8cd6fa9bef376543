"""Runs robsond so that a position is in error as soon as its exchange stop rests.

python in_error.py run OPTIONS
"""

from __future__ import annotations

from typing import Any

from robson.daemon.__main__ import main
from robson.daemon.monitor import Monitor
from robson.domain import events as e
from robson.domain.lifecycle import PositionState
from robson.engine.context import Decision

CODE, MESSAGE = "unknown_order", "planted by a test"


def fail() -> None:
    """Replace the monitor's step, in this process only."""
    step = Monitor.step

    def stepping(self: Monitor, message: Any) -> None:
        step(self, message)
        for view in self.roster.live():
            if view.state is PositionState.ACTIVE and view.insurance.state == "resting":
                failed = e.PositionFailed(
                    position=view.id, at_ns=self.custody.now(), code=CODE, message=MESSAGE
                )
                self.custody.carry_out(view, Decision(events=(failed,)))

    Monitor.step = stepping  # type: ignore[method-assign]


if __name__ == "__main__":
    fail()
    main()

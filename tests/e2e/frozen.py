"""Runs robsond with the account frozen from its start, as a margin level in danger freezes it.

python frozen.py run OPTIONS
"""

from __future__ import annotations

from typing import Any

from robson.daemon.__main__ import main
from robson.daemon.monitor import Monitor

REASON = "the margin level of BTCUSDT is 1.05"


def freeze() -> None:
    """Replace the recovery, in this process only."""
    recover = Monitor.recover

    def recovering(self: Monitor, *arguments: Any) -> None:
        recover(self, *arguments)
        self.governor.freeze("account", REASON)

    Monitor.recover = recovering  # type: ignore[method-assign]


if __name__ == "__main__":
    freeze()
    main()

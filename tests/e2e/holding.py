"""Runs robsond so that its N-th request of one kind stays on the wire until the test lets it go.

    python holding.py KIND N -- run OPTIONS

KIND is entry, insurance, exit or cancel. It goes on a moment after a file ``go`` is in the state
directory; an orderly end puts it there as it begins, so that it begins in the middle.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from robson.connectors.simulated.exchange import SimExchange
from robson.daemon.__main__ import main
from robson.daemon.app import Daemon
from robson.domain.intents import Intent
from tests.e2e.dying import Fate, what

LONGEST_S = 100.0
MOMENT_S = 0.3


def hold(fate: Fate, go: Path) -> None:
    """Replace what handles and what ends, in this process only."""
    handle, stop = SimExchange.handle, Daemon.stop
    never = threading.Event()

    def handling(self: SimExchange, request: Intent, **times: Any) -> Any:
        if fate.due(what(request)):
            for _ in range(int(LONGEST_S / MOMENT_S)):
                here = go.exists()
                never.wait(MOMENT_S)
                if here:
                    break
        return handle(self, request, **times)

    def stopping(self: Daemon) -> None:
        go.touch()
        stop(self)

    SimExchange.handle = handling  # type: ignore[method-assign]
    Daemon.stop = stopping  # type: ignore[method-assign]


if __name__ == "__main__":
    kind, number, dashes, *arguments = sys.argv[1:]
    assert dashes == "--", "usage: holding.py KIND N -- run OPTIONS"
    place = Path(sys.argv[sys.argv.index("--state-dir") + 1])
    hold(Fate(kind, int(number)), place / "go")
    sys.exit(main(arguments))

"""Has loaded what a life of chaos starts, the daemon and the exchange, and forks them."""

from __future__ import annotations

from pathlib import Path

from robson.daemon import worker
from robson.daemon.clock import monotonic_s
from robson.sim.chaos.trace import MAIN
from robson.sim.template import serve
from robson.sim.wait import until

_GATE_S = 30.0


def hold(opens: str, thread: str) -> None:
    """Let a thread wait for a file: the main one here, another where it gets its name, before its
    work begins.
    """

    def wait() -> None:
        if not until(Path(opens).exists, monotonic_s() + _GATE_S):
            raise TimeoutError(f"{opens} was not opened")

    def named(name: str) -> None:
        given(name)
        if name == thread:
            wait()

    if thread == MAIN:
        wait()
    else:
        given, worker.named = worker.named, named


if __name__ == "__main__":
    import robson.daemon.serving
    import robson.daemon.simulated
    import robson.sim.exchange  # noqa: F401 - what the two programs load

    serve(hold)

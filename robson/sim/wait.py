"""Waits for something to become true, with a bound, and nothing else."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import TypeVar

from robson.daemon.clock import monotonic_s

LOOK_S = 0.02
T = TypeVar("T")


def pause(seconds: float) -> None:
    """Let real time pass."""
    select.select((), (), (), seconds)


def until(look: Callable[[], T], ends_s: float) -> T:
    """Look until there is something to see, or until a monotonic instant; what was seen last."""
    while not (seen := look()) and monotonic_s() < ends_s:
        pause(LOOK_S)
    return seen

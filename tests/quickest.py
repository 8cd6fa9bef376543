"""How long something takes by the quickest of a few tries: what is in the code is in each of them.

Another process that takes the core or the disk for a second or two makes some of them late, and is
no fault of the code.
"""

from __future__ import annotations

from collections.abc import Callable

TRIES = 3


def quickest(seconds: Callable[[], float], *, within: float) -> float:
    """The seconds of the quickest try; one that is within the bound is the last."""
    best = seconds()
    for _ in range(1, TRIES):
        if best < within:
            break
        best = min(best, seconds())
    return best

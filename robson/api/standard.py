"""Opens the standard streams that a process was started without.

Where descriptor 1 or 2 is closed, the next file that is opened takes its number, and what anybody
prints lands in a journal.
"""

from __future__ import annotations

import os
import sys


def open_standard_streams() -> None:
    """Nothing is read from a stream that is missing, and what is written to it goes nowhere."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
            os.set_inheritable(number, True)  # noqa: FBT003 - it takes no names
    sys.stdin = sys.stdin or os.fdopen(0, "r", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)

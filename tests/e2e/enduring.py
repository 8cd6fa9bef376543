"""Runs robsond so that it bears for two minutes with an alert that nobody answers.

    python enduring.py run OPTIONS

Whatever waits for the alert waits so long that no busy machine is mistaken for it.
"""

from __future__ import annotations

import sys

from robson.daemon import sinks
from robson.daemon.__main__ import main

if __name__ == "__main__":
    sinks.ANSWER_S = 120.0
    sys.exit(main())

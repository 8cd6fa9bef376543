"""Runs robsond with another longest wait of its market thread.

    python pacing.py SECONDS -- run OPTIONS

How long it sleeps between two looks must not change one event.
"""

from __future__ import annotations

import sys

from robson.daemon import stage
from robson.daemon.__main__ import main

if __name__ == "__main__":
    seconds, dashes, *arguments = sys.argv[1:]
    assert dashes == "--", "usage: pacing.py SECONDS -- run OPTIONS"
    stage.LOOK_S = float(seconds)
    sys.exit(main(arguments))

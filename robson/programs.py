"""The three programs as a shell starts them: nothing is loaded before an interrupt can be kept.

Each lets interrupts through as soon as it can say them. What is left to Python's own traceback is
the start of Python itself, some ten milliseconds.
"""

from __future__ import annotations

from robson.api.interrupts import hold


def robson() -> None:
    """The command line."""
    hold()
    from robson.cli.main import main

    main()


def robsond() -> int:
    """The daemon."""
    hold()
    from robson.daemon.__main__ import main

    return main()


def robson_sim() -> None:
    """Simulated worlds, the venue, the books."""
    hold()
    from robson.sim.__main__ import main

    main()

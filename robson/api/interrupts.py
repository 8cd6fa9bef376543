"""Ctrl-C while a program is loaded: kept until there is somebody who can say it in one line.

Loading takes up to half a second, in which Python would answer with a traceback.
"""

from __future__ import annotations

from signal import SIG_BLOCK, SIG_UNBLOCK, SIGINT, pthread_sigmask


def hold() -> None:
    """Keep an interrupt that comes from now on."""
    pthread_sigmask(SIG_BLOCK, {SIGINT})


def hear() -> None:
    """Let interrupts through again.

    Raises:
        KeyboardInterrupt: one came in the meantime.
    """
    pthread_sigmask(SIG_UNBLOCK, {SIGINT})

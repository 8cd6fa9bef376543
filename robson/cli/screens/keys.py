"""Waits for a key without echoing it, and gives the keyboard back on every way out."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def keys(stream: TextIO) -> Iterator[Callable[[float], str]]:
    """Wait for a key for so many seconds; without a keyboard, just wait. Ctrl-C stays Ctrl-C."""
    import termios

    try:
        fd = stream.fileno()
        before = termios.tcgetattr(fd)
    except (OSError, ValueError, termios.error):
        yield _no_key
        return
    quiet = [*before[:3], before[3] & ~(termios.ICANON | termios.ECHO), *before[4:]]
    try:
        termios.tcsetattr(fd, termios.TCSADRAIN, quiet)
        yield lambda seconds: _key(fd, seconds)
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _no_key(seconds: float) -> str:
    time.sleep(max(0.0, seconds))
    return ""


def _key(fd: int, seconds: float) -> str:
    ready, _, _ = select.select([fd], [], [], max(0.0, seconds))
    return os.read(fd, 64).decode(errors="replace") if ready else ""

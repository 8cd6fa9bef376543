"""Room that is kept for a start on a full disk: enough for the next epoch and the rows that wait.

A process that was killed while its disk was full has to come back to what it holds. Its start gives
this room up once; then the emergency file carries on, and the next start with room keeps it anew.
"""

from __future__ import annotations

import os
from pathlib import Path

FILE_NAME = "journal.reserve"
SIZE = 1 << 19


class Reserve:
    """A file whose blocks are on the disk and mean nothing."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME

    def keep(self) -> bool:
        """Take the room, if there is any; whether it is kept."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(fd, 0, SIZE)
        except OSError:
            self.give_up()
            return False
        finally:
            os.close(fd)
        return True

    def give_up(self) -> bool:
        """Let the room go; whether there was any."""
        try:
            size = self.path.stat().st_size
            self.path.unlink()
        except OSError:
            return False
        return size > 0

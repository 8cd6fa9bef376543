"""One process, one journal: an exclusive lock on a side file that the kernel frees at death.

The lock is never on the database itself: closing any other descriptor of that file would drop
SQLite's own locks.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from robson.domain.errors import JournalLocked

LOCK_NAME = "journal.lock"


class JournalLock:
    """Held from construction to ``release``; unlinked only by a first start that is refused.

    Raises:
        JournalLocked: another process holds it.
    """

    def __init__(self, directory: Path) -> None:
        self._path = path = directory / LOCK_NAME
        self._fd, self._made = _opened(path)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            holder = os.pread(self._fd, 64, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise JournalLocked(
                f"{directory} is in use by another robsond (process {holder or 'unknown'});"
                " stop it, or give this one its own --state-dir"
            ) from taken
        mine, there = os.fstat(self._fd), path.stat()
        if (mine.st_ino, mine.st_dev) != (there.st_ino, there.st_dev):
            os.close(self._fd)
            raise JournalLocked(f"{path} was replaced while it was being locked; start again")
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, str(os.getpid()).encode(), 0)

    def is_held(self) -> bool:
        """Whether the locked file is still the one another process would try to lock."""
        try:
            mine, there = os.fstat(self._fd), self._path.stat()
        except OSError:
            return False
        return (mine.st_ino, mine.st_dev) == (there.st_ino, there.st_dev)

    def release(self) -> None:
        """Let the next one in."""
        os.close(self._fd)

    def undo(self) -> None:
        """The start was refused: let the next one in, and leave no file that was not there.

        Whoever has opened that file meanwhile finds another in its place, and starts again.
        """
        if self._made:
            self._path.unlink(missing_ok=True)
        self.release()


def _opened(path: Path) -> tuple[int, bool]:
    """A descriptor, and whether the file is made by it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    with suppress(FileExistsError):
        return os.open(path, flags | os.O_EXCL, 0o600), True
    return os.open(path, flags, 0o600), False


def holder(directory: Path) -> str | None:
    """The process that holds a directory's lock; None when none does. Makes nothing.

    Raises:
        OSError: the lock's file cannot be looked at.
    """
    try:
        fd = os.open(directory / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(fd, 64, 0).decode("ascii", "replace").strip() or "unknown"
    else:
        return None
    finally:
        os.close(fd)

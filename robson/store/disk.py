"""The disk under a journal: how much room is left, and whether its files are where they were.

Only asks the file system about names: the database itself is never opened here.
"""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from robson.store.journal import FILE_NAME

MIB = 1 << 20


@attrs.frozen(kw_only=True)
class Disk:
    """What was seen. ``lost``: a file of the journal that is gone or was replaced, in words."""

    free_bytes: int
    lost: str | None = None

    @property
    def free_mib(self) -> int:
        """Room for us, in whole MiB."""
        return self.free_bytes // MIB


class DiskWatch:
    """Remembers which files the journal is made of; made once the journal is open."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        paths = [directory / f"{FILE_NAME}{end}" for end in ("", "-wal")]
        self._files = {path: _inode(path) for path in paths}

    def look(self) -> Disk:
        """How it stands now; a directory that cannot be asked has no room."""
        try:
            free = free_bytes(self._directory)
        except OSError as error:
            return Disk(free_bytes=0, lost=f"{self._directory} cannot be read: {error.strerror}")
        lost = next((said for path in self._files if (said := self._lost(path))), None)
        return Disk(free_bytes=free, lost=lost)

    def _lost(self, path: Path) -> str | None:
        now = _inode(path)
        if now == self._files[path]:
            return None
        return f"{path} {'is gone' if now is None else 'was replaced'} under the running daemon"


def free_bytes(directory: Path) -> int:
    """Room for us on a directory's disk.

    Raises:
        OSError: it cannot be asked.
    """
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)

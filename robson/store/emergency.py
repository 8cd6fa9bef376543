"""The journal of last resort: a file of fixed size, made while the disk was well.

When the database cannot be written any more, rows go here until nothing is open. The next start
carries them over into the database. One line is one transaction: it is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from robson.domain.errors import JournalCorrupt, StoreError

FILE_NAME = "journal.emergency"
SIZE = 1 << 20
_CHUNK = b"\0" * (1 << 16)
Row = tuple[Any, ...]
"""A row of the table ``journal``, every column in order."""


class EmergencyFile:
    """Owned by the journal's thread. Its blocks are on the disk before they are needed.

    Raises:
        StoreError: it cannot be made or read, so there is no last resort.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._end = 0
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._fd).st_size != SIZE:
                self._fill(SIZE)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be kept ready: {error.strerror}") from error

    def _fill(self, length: int) -> None:
        """Zeros from the beginning; really written, so that the space is taken."""
        for place in range(0, length, len(_CHUNK)):
            os.pwrite(self._fd, _CHUNK, place)
        os.fsync(self._fd)

    def append(self, rows: list[Row]) -> None:
        """Make rows durable, all of them or none.

        Raises:
            StoreError: not durable; nothing is left to write to.
        """
        line = _line(rows)
        if self._end + len(line) >= SIZE:
            raise StoreError(f"{self.path} is full")
        try:
            os.pwrite(self._fd, line, self._end)
            os.fdatasync(self._fd)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}") from error
        self._end += len(line)

    def read(self) -> list[Row]:
        """Every row that waits here; what was being written when the process died is left out.

        Raises:
            JournalCorrupt: a line that is not the last one cannot be read.
        """
        return rows_in(self.path)

    def clear(self) -> None:
        """The rows stand in the database now."""
        self._fill(SIZE)
        self._end = 0

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


def rows_in(path: Path) -> list[Row]:
    """The rows that wait in an emergency file, which may be absent."""
    try:
        lines = path.read_bytes().rstrip(b"\0").split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    rows: list[Row] = []
    for number, line in enumerate(lines[:-1], 1):
        digest, _, text = line.partition(b" ")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            raise JournalCorrupt(f"{path}: line {number} is not what its hash says")
        rows.extend(tuple(row) for row in json.loads(text))
    return rows


def _line(rows: list[Row]) -> bytes:
    text = json.dumps(rows, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest().encode() + b" " + text + b"\n"

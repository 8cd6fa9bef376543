"""Opens a file that a person named and hands out its CSV fields, each with its line number.

It never waits (a pipe is refused, not read), never reads a line without bound, and never turns
text into a binary fraction: decimal text becomes a whole number of ``10**-places``.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import NamedTuple

from robson.domain.errors import TapeError
from robson.domain.values import NS_PER_MS

MAX_LINE_BYTES = 1_000_000
"""A longer line is not a row of prices but some other file."""
_MARK = b"\xef\xbb\xbf"
MAX_PLACES = 18
"""Decimals after which a price above 9 no longer fits 64 bits."""

_MAX_INT64 = 2**63 - 1
_SAFE_DIGITS = 18
"""Every number of so many digits fits 64 bits."""
_PLAIN = re.compile(rb"(\d*)\.?(\d*)")
_EXPONENT = re.compile(rb"[+-]?[\d.]+[eE][+-]?\d+")
_GZIP = b"\x1f\x8b"
_UNPACK = "unpack it and name the CSV file inside; only gzip is unpacked here"
_FOREIGN = (
    (b"\xff\xfe", "it is UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "it is UTF-16 text; save it as UTF-8"),
    (b"PK\x03\x04", f"it is a zip archive; {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"it is packed by zstd; {_UNPACK}"),
    (b"\xfd7zXZ\0", f"it is packed by xz; {_UNPACK}"),
    (b"BZh", f"it is packed by bzip2; {_UNPACK}"),
    (_GZIP, "it is packed twice; unpack it once"),
)
_LATEST_MS = 4_102_444_800_000
"""The year 2100: what lies behind it is microseconds, or nanoseconds."""


class FinerPrice(Exception):
    """A price has more decimals than the reading keeps.

    Attributes:
        places: decimals that this price needs.
    """

    def __init__(self, places: int) -> None:
        super().__init__(places)
        self.places = places


class Table(NamedTuple):
    """An open CSV file.

    Attributes:
        name: the file, as error messages show it.
        header: column names in order.
        records: line number and fields of every row; blank lines are left out.
    """

    name: str
    header: tuple[str, ...]
    records: Iterator[tuple[int, list[bytes]]]


def shown(value: object, limit: int = 120) -> str:
    """Foreign text for one line of a message: printable, and cut when it is long."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    kept = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[:limit])
    return kept if len(text) <= limit else kept + "..."


@contextmanager
def open_regular(path: Path) -> Iterator[BufferedIOBase]:
    """Open a regular file, unpacked when its first bytes say gzip.

    Raises:
        TapeError: missing, not readable, a directory, a pipe or a device.
    """
    name = shown(path)
    try:
        # Without O_NONBLOCK, opening a pipe waits for a writer that may never come.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TapeError(f"{name}: cannot be opened: {reason}") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a directory" if stat.S_ISDIR(mode) else "a pipe or device"
        raise TapeError(f"{name}: is {what}; expected a regular file")
    with os.fdopen(descriptor, "rb") as raw:
        try:
            packed = raw.peek(2)[:2] == _GZIP
        except OSError as error:
            raise TapeError(f"{name}: cannot be read: {error.strerror}") from error
        yield gzip.GzipFile(fileobj=raw) if packed else raw


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a CSV file and read its header; a byte order mark and CRLF are fine.

    Raises:
        TapeError: not a regular file, empty, or its first line is not a header.
    """
    name = shown(path)
    with open_regular(path) as file:
        lines = _lines(file, name)
        first = next((line for _, line in lines if line.removeprefix(_MARK).strip()), b"")
        if not first:
            raise TapeError(f"{name}: is empty; expected a CSV file with a header")
        for mark, advice in _FOREIGN:
            if first.startswith(mark):
                raise TapeError(f"{name}: cannot be read: {advice}")
        if b"\0" in first:
            raise TapeError(f"{name}: is not UTF-8 text (UTF-16 or binary); expected CSV")
        first = first.removeprefix(_MARK)
        if b"\r" in first.rstrip():
            raise TapeError(f"{name}: ends its lines by CR alone; expected LF or CRLF")
        header = tuple(
            field.decode("utf-8", "replace").strip() for field in _fields(first, name, 1)
        )
        yield Table(name, header, _records(lines, len(header), name))


def _lines(file: BufferedIOBase, name: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise TapeError(f"{name}, line {number}: is longer than {MAX_LINE_BYTES} bytes")
            yield number, line
    except EOFError as error:
        raise TapeError(
            f"{name}, after line {number}: the compressed data ends too early; the file is cut off"
        ) from error
    except (OSError, zlib.error) as error:
        raise TapeError(f"{name}, after line {number}: cannot be read: {error}") from error


def _records(
    lines: Iterator[tuple[int, bytes]], width: int, name: str
) -> Iterator[tuple[int, list[bytes]]]:
    for number, line in lines:
        fields = _fields(line, name, number)
        if len(fields) == width:
            yield number, fields
        elif line.strip():
            raise TapeError(
                f"{name}, line {number}: has {len(fields)} fields; the header names {width}"
            )


def _fields(line: bytes, name: str, number: int) -> list[bytes]:
    if b'"' not in line:
        return line.rstrip(b"\r\n").split(b",")
    try:
        row = next(csv.reader([line.decode("utf-8", "replace")], strict=True))
    except csv.Error as error:
        raise TapeError(f"{name}, line {number}: broken quotes: {error}") from error
    return [field.encode() for field in row]


def units_of(text: bytes, places: int) -> int:
    """A price above zero in decimal text, as an exact whole number of ``10**-places``.

    Raises:
        ValueError: zero, not plain decimal text, or too large for 64 bits; says what is wrong.
        FinerPrice: it has more decimals than ``places``, up to ``MAX_PLACES``.
    """
    whole, _, decimals = text.partition(b".")
    digits = whole + decimals.ljust(places, b"0")
    if whole and len(decimals) <= places and len(digits) <= _SAFE_DIGITS and digits.isdigit():
        units = int(digits)
        if units:
            return units
    return _unusual_units(text.strip(), places)


def _unusual_units(text: bytes, places: int) -> int:
    found = _PLAIN.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(_what_is_wrong(text))
    whole, decimals = found.group(1).lstrip(b"0"), found.group(2).rstrip(b"0")
    if len(decimals) > MAX_PLACES:
        raise ValueError(f"has more than {MAX_PLACES} decimals")
    if len(decimals) > places:
        raise FinerPrice(len(decimals))
    if not whole and not decimals:
        raise ValueError("is zero")
    digits = whole + decimals.ljust(places, b"0")
    # The length first: int() itself refuses thousands of digits.
    if len(digits) > _SAFE_DIGITS + 1 or int(digits) > _MAX_INT64:
        raise ValueError(f"is too large for prices of {places} decimals")
    return int(digits)


def _what_is_wrong(text: bytes) -> str:
    if not text:
        return "is empty"
    if _EXPONENT.fullmatch(text):
        return "is written with an exponent"
    if text.lstrip(b"+-").lower() in {b"nan", b"inf", b"infinity"}:
        return "is not a number"
    return "is negative" if _PLAIN.fullmatch(text[1:]) and text[:1] == b"-" else "is not a number"


def whole_of(text: bytes) -> int:
    """Text of digits as an int below 10**18.

    Raises:
        ValueError: anything else; says what is wrong.
    """
    if not text.isdigit():
        text = text.strip()
    if not text.isdigit():
        raise ValueError("is not a whole number" if text else "is empty")
    if len(text) > _SAFE_DIGITS:
        raise ValueError("is too large")
    return int(text)


def time_ns_of(text: bytes) -> int:
    """Milliseconds since 1970 UTC, as nanoseconds.

    Raises:
        ValueError: not a whole number, or past the year 2100: microseconds, most likely.
    """
    moment = whole_of(text)
    if moment > _LATEST_MS:
        raise ValueError("is past the year 2100 (microseconds?)")
    return moment * NS_PER_MS

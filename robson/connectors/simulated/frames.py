"""Frames between a daemon and the simulated exchange in a process of its own.

A frame is its length in four bytes and JSON: a list whose first item names it. What travels are the
port's own requests and answers. This is Robson's private line, not Binance's: nothing is signed.
"""

from __future__ import annotations

import enum
import json
import struct
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

from cattrs import Converter
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError

from robson.domain.errors import RobsonError
from robson.domain.intents import Intent
from robson.domain.reports import Answer
from robson.domain.values import plain

VERSION = 2
"""Of frames and of what is in them; both sides say theirs, and a stranger is refused."""
LONGEST = 16 << 20
_LENGTH = struct.Struct(">I")
_KINDS = {cls.__name__: cls for union in (Intent, Answer) for cls in get_args(union)}
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BaseValidationError,
    ForbiddenExtraKeysError,
    KeyError,
    TypeError,
    ValueError,
)

T = TypeVar("T")


class BadFrame(RobsonError):
    """Bytes that are no frame of this version."""


@lru_cache(maxsize=1)
def _converter() -> Converter:
    made = Converter(forbid_extra_keys=True, detailed_validation=False)
    made.register_unstructure_hook_func(lambda cls: _below(cls, Decimal), plain)
    made.register_structure_hook_func(lambda cls: _below(cls, Decimal), lambda text, cls: cls(text))
    made.register_structure_hook_func(
        lambda cls: (
            _below(cls, (str, int))
            and cls not in (str, int)
            and not issubclass(cls, (bool, enum.Enum))
        ),
        lambda value, cls: cls(value),
    )
    made.register_unstructure_hook_func(_is_set, sorted)
    return made


def _is_set(cls: Any) -> bool:
    return get_origin(cls) is frozenset


def _below(cls: Any, of: type | tuple[type, ...]) -> bool:
    return isinstance(cls, type) and issubclass(cls, of)


def told(value: Any) -> Any:
    """A value of the domain as plain JSON; nothing passes through a float."""
    return _converter().unstructure(value)


def read(raw: Any, cls: type[T]) -> T:
    """What :func:`told` made of a value of this class.

    Raises:
        BadFrame: it is none.
    """
    try:
        return _converter().structure(raw, cls)
    except _UNREADABLE as error:
        raise BadFrame(f"no {getattr(cls, '__name__', cls)}: {error!r}") from error


def tagged(value: Intent | Answer) -> list[Any]:
    """A request or an answer, with its name."""
    return [type(value).__name__, told(value)]


def untagged(raw: Any) -> Any:
    """The request or the answer that :func:`tagged` named.

    Raises:
        BadFrame: a kind that this version does not have.
    """
    try:
        name, fields = raw
        cls = _KINDS[name]
    except _UNREADABLE as error:
        raise BadFrame(f"neither request nor answer: {error!r}") from error
    found: Any = read(fields, cls)
    return found


def frame(*items: Any) -> bytes:
    """One frame, ready to send."""
    body = json.dumps(items, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


class Frames:
    """Bytes as they come, taken apart into frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        """Take in what has come."""
        self._bytes += data

    def take(self) -> list[Any] | None:
        """The next whole frame; None until there is one.

        Raises:
            BadFrame: this is something else.
        """
        if len(self._bytes) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._bytes)
        if length > LONGEST:
            raise BadFrame(f"a frame of {length} bytes; no frame is longer than {LONGEST}")
        end = _LENGTH.size + length
        if len(self._bytes) < end:
            return None
        body = bytes(self._bytes[_LENGTH.size : end])
        del self._bytes[:end]
        try:
            items = json.loads(body)
        except ValueError as error:
            raise BadFrame(f"no JSON: {error}") from error
        if not isinstance(items, list) or not items:
            raise BadFrame("a frame is a list that begins with its name")
        return items

"""JSON text whose numbers are the decimal text they came as, never a neighbour in binary."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Self

from google.protobuf.timestamp_pb2 import Timestamp

Document = dict[str, Any]
"""JSON-ready: dict, list, str, int, bool, None, and :class:`Number`."""

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


class Number(str):
    """Decimal text that is printed as a JSON number. ``Decimal(number)`` reads it.

    Raises:
        ValueError: the text is not a plain decimal number.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not _DECIMAL.fullmatch(text):
            raise ValueError(f"{text!r} is not plain decimal text")
        return super().__new__(cls, text)


def number(text: str) -> Number | None:
    """A decimal field: empty is unknown."""
    return Number(text) if text else None


def number_or_word(text: str) -> Number | str | None:
    """A field that holds a decimal or a word: empty is unknown."""
    if not text:
        return None
    return Number(text) if _DECIMAL.fullmatch(text) else text


def word(text: str) -> str | None:
    """A text field: empty is unknown."""
    return text or None


def when(message: Any, field: str) -> str | None:
    """A time field as UTC text with milliseconds; None where it is unset."""
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    whole = datetime.fromtimestamp(stamp.seconds, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{stamp.nanos // 1_000_000:03d}Z"


def enum_word(wire: Any, prefix: str, value: int) -> str | None:
    """The word of an enum value as the API prints it; None for unspecified and unheard of."""
    if not value or value not in wire.values():
        return None
    name: str = wire.Name(value)
    return name.removeprefix(f"{prefix}_").lower()


def dumps(value: Any) -> str:
    """A document as JSON text on one line per top-level key, with numbers as they are.

    Raises:
        TypeError: something no document holds, such as a float.
    """
    if isinstance(value, dict) and value:
        lines = (f"{_quoted(key)}: {_dumps(part)}" for key, part in value.items())
        return "{\n" + ",\n".join(lines) + "\n}"
    return _dumps(value)


def dumps_line(value: Any) -> str:
    """A document as JSON text on one line, for streams of them.

    Raises:
        TypeError: something no document holds, such as a float.
    """
    return _dumps(value)


def _dumps(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{_quoted(key)}: {_dumps(part)}" for key, part in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_dumps, value)) + "]"
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _quoted(text: str) -> str:
    """Text as JSON; what needs no escaping, nearly all of it, does not load the json module."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json  # noqa: PLC0415

    return json.dumps(text)

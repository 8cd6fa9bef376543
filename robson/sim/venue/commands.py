"""What a listener of market streams may say, and what is answered to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from robson.sim.venue.frames import Frames
from robson.sim.venue.sockets import Connection

MAX_STREAMS = 1024
METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_INT64 = range(-(2**63), 2**63)
_MAX_ID = 36


class Listener:
    """A connection and what it wants to hear; ``combined`` wraps frames with their stream,
    ``micro`` tells times in microseconds.
    """

    def __init__(
        self,
        connection: Connection,
        frames: Frames,
        names: Iterable[str],
        *,
        combined: bool,
        micro: bool,
    ) -> None:
        self.connection = connection
        self.frames = frames
        self.names = dict.fromkeys(names)
        self.combined = combined
        self.micro = micro

    def command(self, message: Any) -> dict[str, Any]:
        """Do what a message says, and the answer to it."""
        if not isinstance(message, dict):
            return {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1", "id": None}
        number = message.get("id")
        try:
            if "id" not in message or not _is_id(number):
                number = None
                raise _Invalid("request ID must be an unsigned integer")
            return {"result": self._done(message), "id": number}
        except _Invalid as invalid:
            return {"code": invalid.code, "msg": str(invalid), "id": number}

    def _done(self, message: dict[str, Any]) -> Any:
        if "method" not in message:
            raise _Invalid("missing field `method` at line 1 column 1")
        match message["method"]:
            case "SUBSCRIBE":
                wanted = self.names | dict.fromkeys(_names(message))
                if len(wanted) > MAX_STREAMS:
                    raise _Invalid(f"more than {MAX_STREAMS} streams")
                self.names = wanted
            case "UNSUBSCRIBE":
                for name in _names(message):
                    self.names.pop(name, None)
            case "LIST_SUBSCRIPTIONS":
                if message.get("params"):
                    raise _Invalid("too many parameters")
                return list(self.names)
            case "SET_PROPERTY":
                self.combined = _value(message)
            case "GET_PROPERTY":
                _property(message, 1)
                return self.combined
            case other:
                said, known = json.dumps(other).strip('"'), ", ".join(f"`{one}`" for one in METHODS)
                raise _Invalid(f"unknown variant `{said}`, expected one of {known}")
        return None


class _Invalid(Exception):
    """A message that cannot be meant; most are of the one code."""

    def __init__(self, what: str, code: int = 2) -> None:
        super().__init__(f"Invalid request: {what}" if code == 2 else what)  # noqa: PLR2004
        self.code = code


def _is_id(number: object) -> bool:
    """Whether a message may be called so: an integer of 64 bits, a short text, or null."""
    if isinstance(number, str):
        return len(number) <= _MAX_ID
    return number is None or (type(number) is int and number in _INT64)


def _names(message: dict[str, Any]) -> list[str]:
    """Streams, which need not exist: of one that does not, nothing is ever heard."""
    names = message.get("params")
    if names is None:
        raise _Invalid("missing field `params` at line 1 column 1")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _Invalid("invalid type, expected a sequence of strings")
    return names


def _property(message: dict[str, Any], most: int) -> list[Any]:
    params = message.get("params")
    if not isinstance(params, list) or not params or not isinstance(params[0], str):
        raise _Invalid("property name must be a string")
    if params[0] != "combined":
        raise _Invalid("Unknown property", code=0)
    if len(params) > most:
        raise _Invalid("too many parameters")
    return params


def _value(message: dict[str, Any]) -> bool:
    value = [*_property(message, 2), None][1]
    if not isinstance(value, bool):
        raise _Invalid("Invalid value type: expected Boolean", code=1)
    return value

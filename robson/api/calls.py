"""What every call has in common: who asks, how long it may wait, and that it never raises."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar, cast

import grpc

from robson.api.v1 import robson_pb2 as pb

Context = grpc.ServicerContext
OnError = Callable[[str, Exception], None]
"""Told the call's name and what its handler raised, for the log."""

Share = Callable[[bytes, Callable[[], pb.GetStatusResponse]], pb.GetStatusResponse]
"""Works a status out for a key, or gives what another caller's question has come to."""

DEFAULT_WAIT_S = 10.0
"""How long a command waits when the caller named no deadline."""
LONGEST_WAIT_S = 30.0
MARGIN_S = 0.25
"""An answer leaves so long before the caller's deadline."""
_LONGEST_ACTOR = 64

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


def unshared(_key: bytes, work: Callable[[], pb.GetStatusResponse]) -> pb.GetStatusResponse:
    """Every caller's status is worked out for itself."""
    return work()


class Failing(Protocol):
    """A service that can end a call with what a handler raised."""

    def fail(self, name: str, error: Exception, context: Context) -> None:
        """End the call."""


def unary(method: _Handler) -> _Handler:
    """Whatever a handler raises becomes the call's answer."""

    @functools.wraps(method)
    def answering(self: Failing, request: Any, context: Context) -> Any:
        try:
            return method(self, request, context)
        except Exception as error:  # noqa: BLE001 - an exception is an answer here, never an end
            self.fail(method.__name__, error, context)

    return answering  # type: ignore[return-value]


def stream(method: _Handler) -> _Handler:
    """The same for a handler that answers more than once."""

    @functools.wraps(method)
    def answering(self: Failing, request: Any, context: Context) -> Iterator[Any]:
        try:
            yield from method(self, request, context)
        except Exception as error:  # noqa: BLE001 - an exception is an answer here, never an end
            self.fail(method.__name__, error, context)

    return answering  # type: ignore[return-value]


def actor_of(context: Context) -> str:
    """Who asks, as it will be journaled: what the caller says of itself, else the door."""
    door = "unix" if context.peer().startswith("unix") else "tcp"
    said = dict(context.invocation_metadata()).get("x-actor", "")
    name = "".join(filter(str.isprintable, str(said)))[:_LONGEST_ACTOR]
    return name or door


def wait_s(context: Context) -> float:
    """How long a command may wait, so that the answer leaves before the caller's deadline."""
    left = _left_s(context)
    if left is None:
        return DEFAULT_WAIT_S
    return max(MARGIN_S, min(left, LONGEST_WAIT_S) - MARGIN_S)


def has_time(context: Context) -> bool:
    """Whether the caller is still there and there is time for another look."""
    left = _left_s(context)
    return context.is_active() and (left is None or left > MARGIN_S)


def _left_s(context: Context) -> float | None:
    """Seconds to the caller's deadline; None without one (the stubs leave that case out)."""
    return cast("float | None", context.time_remaining())

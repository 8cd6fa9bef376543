"""What stands between a door and the service: tokens and roles on TCP, a bound on streams."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import grpc

from robson.api.refusals import abort
from robson.api.tokens import ROLES, Token

SERVICE = "/robson.api.v1.Robson/"
HEALTH = "/grpc.health.v1.Health/"
PANIC = f"{SERVICE}Panic"

ROLE_OF = {
    "Arm": "trader",
    "Disarm": "trader",
    "Panic": "trader",
    "InjectSignal": "trader",
    "Reconcile": "trader",
    "SetRuntimeState": "admin",
    "TriggerHalt": "admin",
    "ClearDegraded": "admin",
    "ReconcileClose": "admin",
    "Resolve": "admin",
    "HandOver": "admin",
    "TestAlert": "admin",
    "GetStatus": "viewer",
    "GetRisk": "viewer",
    "GetDaemon": "viewer",
    "GetSimReport": "viewer",
    "GetPosition": "viewer",
    "ListHistory": "viewer",
    "Explain": "viewer",
    "WatchStatus": "viewer",
    "WatchEvents": "viewer",
    "TailLogs": "viewer",
    "GetConfig": "viewer",
    "Doctor": "viewer",
}
"""Least role for each call; one that is not listed needs the most."""

MAX_STREAMS = 8

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Details = grpc.HandlerCallDetails
Continuation: TypeAlias = "Callable[[Details], Handler | None]"


def role_for(method: str) -> str:
    """The least role that may make a call; reflection is for everybody who came in."""
    if method.startswith(SERVICE):
        return ROLE_OF.get(method.removeprefix(SERVICE), ROLES[-1])
    return ROLES[0]


class TokenGate(grpc.ServerInterceptor):
    """Lets in who shows a token of the file, as far as its role goes; health needs none."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens

    def intercept_service(
        self, continuation: Continuation, handler_call_details: Details
    ) -> Handler | None:
        """Let a call through, or answer it with UNAUTHENTICATED or PERMISSION_DENIED."""
        method = handler_call_details.method
        handler = continuation(handler_call_details)
        if handler is None or method.startswith(HEALTH):
            return handler
        role = self._role(handler_call_details)
        if role is None:
            return _closed(
                handler,
                "UNAUTHENTICATED",
                "this door needs a token: metadata authorization: Bearer TOKEN, from the token"
                " file in the state directory.",
            )
        needed = role_for(method)
        if ROLES.index(role) < ROLES.index(needed):
            return _closed(
                handler, "PERMISSION_DENIED", f"the token's role is {role}; {needed} is needed."
            )
        return handler

    def _role(self, details: Details) -> str | None:
        """The role of the shown token; every token is compared, so that time tells nothing."""
        shown = b""
        for key, value in details.invocation_metadata or ():
            if key == "authorization" and isinstance(value, str):
                kind, _, secret = value.partition(" ")
                shown = secret.encode() if kind.lower() == "bearer" else b""
        found = None
        for token in self._tokens:
            if hmac.compare_digest(token.secret.encode(), shown):
                found = token.role
        return found


class StreamLimit(grpc.ServerInterceptor):
    """At most so many open streams, that commands never wait for a free worker.

    Panic and health have threads of their own and are not counted.
    """

    def __init__(self, most: int = MAX_STREAMS) -> None:
        self._most = most
        self._free = deque(range(most))

    def intercept_service(
        self, continuation: Continuation, handler_call_details: Details
    ) -> Handler | None:
        """Count a stream while it is open, or answer it with RESOURCE_EXHAUSTED."""
        handler = continuation(handler_call_details)
        method = handler_call_details.method
        if (
            handler is None
            or not handler.response_streaming
            or method == PANIC
            or method.startswith(HEALTH)
        ):
            return handler
        stream = handler.stream_stream if handler.request_streaming else handler.unary_stream
        return _rebuilt(handler, self._counted(stream))

    def _counted(self, stream: Any) -> Callable[[Any, grpc.ServicerContext], Iterator[Any]]:
        def counted(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                place = self._free.pop()  # atomic: a deque needs no lock
            except IndexError:
                abort(
                    context,
                    "RESOURCE_EXHAUSTED",
                    f"{self._most} streams are open already; close one.",
                )
            # At the end of the call, however it ends; a generator's own end may come later.
            if not context.add_callback(lambda: self._free.append(place)):
                self._free.append(place)
                return
            yield from stream(request, context)

        return counted


def _closed(handler: Handler, code: str, message: str) -> Handler:
    """A handler of the same kind that only refuses."""

    def refuse(_request: Any, context: grpc.ServicerContext) -> Any:
        abort(context, code, message)

    return _rebuilt(handler, refuse)


def _rebuilt(handler: Handler, behaviour: Any) -> Handler:
    """The same kind of handler around another behaviour."""
    makers = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    make: Any = makers[handler.request_streaming, handler.response_streaming]
    made: Handler = make(behaviour, handler.request_deserializer, handler.response_serializer)
    return made

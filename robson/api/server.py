"""The two doors: a unix socket that the file system guards, and TCP on loopback with a token.

It owns the listening and the threads that answer; it never leaves loopback and socket.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from robson.api.calls import OnError, Share, unshared
from robson.api.doors import DoorError, Doors
from robson.api.interceptors import StreamLimit, TokenGate
from robson.api.places import path_too_long
from robson.api.published import Backend
from robson.api.service import RobsonService
from robson.api.tokens import Token
from robson.api.v1 import robson_pb2 as pb
from robson.api.v1 import robson_pb2_grpc as rpc

WORKERS = 16
PANIC_WORKERS = 4
MAX_REQUEST_BYTES = 64 * 1024

_SERVICE = pb.DESCRIPTOR.services_by_name["Robson"].full_name
_NAMES = (_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
)
_LOOPBACK = "127.0.0.1"


class ApiServer:
    """Serves a backend on both doors; made closed, opened by :meth:`start`.

    Args:
        backend: the daemon.
        socket_path: where to listen, or None for no unix door.
        socket_mode: permissions of the socket; 0600 unless a group may come in.
        port: TCP port on loopback, 0 for a free one, None for no TCP door.
        tokens: who may come in by TCP; needed for that door.
        on_error: told of every defect in a handler.
        port_option: name of the option that changes the port, for the error.
        share: gives one status to all who ask for the same one at the same time.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        socket_path: str | None,
        port: int | None,
        tokens: tuple[Token, ...] = (),
        socket_mode: int = 0o600,
        on_error: OnError = lambda _name, _error: None,
        port_option: str = "api.grpc",
        share: Share = unshared,
    ) -> None:
        if port is not None and not tokens:
            raise DoorError("the TCP door needs a token file: without one any local user could in")
        self._socket_path = socket_path
        self._socket_mode = socket_mode
        self._port = port
        self._tokens = tokens
        self._port_option = port_option
        self._pool = futures.ThreadPoolExecutor(WORKERS, thread_name_prefix="grpc")
        self._panic_pool = futures.ThreadPoolExecutor(PANIC_WORKERS, thread_name_prefix="panic")
        self._health = health.HealthServicer(
            experimental_non_blocking=True, experimental_thread_pool=self._pool
        )
        self._service = RobsonService(backend, on_error=on_error, pause=time.sleep, share=share)
        self._limit = StreamLimit()
        self._servers: list[grpc.Server] = []
        self._bound: str | None = None
        self.set_serving(serving=False)

    def start(self) -> Doors:
        """Open the doors. Health says NOT_SERVING until :meth:`set_serving`.

        Raises:
            DoorError: a path is too long or taken, or a port is taken.
        """
        try:
            door = self._open_socket(self._socket_path) if self._socket_path else None
            port = self._open_tcp(self._port) if self._port is not None else None
        except DoorError:
            self.stop(0)
            raise
        for server in self._servers:
            server.start()
        tcp = f"grpc://{_LOOPBACK}:{port}" if port is not None else None
        return Doors(socket=door, tcp=tcp, port=port)

    def set_serving(self, *, serving: bool) -> None:
        """What ``grpc.health.v1`` answers."""
        status = health_pb2.HealthCheckResponse
        word = status.SERVING if serving else status.NOT_SERVING
        for name in ("", _SERVICE):
            self._health.set(name, word)

    def stop(self, grace_s: float) -> None:
        """Take no more calls, let open ones end within ``grace_s``, then close the doors."""
        self._health.enter_graceful_shutdown()
        ended = [server.stop(grace_s) for server in self._servers]
        for event in ended:
            event.wait()
        self._servers.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._panic_pool.shutdown(wait=False, cancel_futures=True)
        if self._bound:
            with contextlib.suppress(OSError):  # the next start takes a dead socket away
                os.unlink(self._bound)  # noqa: PTH108 - a name like the ones above
            self._bound = None

    def _server(self, *gates: grpc.ServerInterceptor) -> grpc.Server:
        server = grpc.server(self._pool, interceptors=[*gates, self._limit], options=_OPTIONS)
        rpc.add_RobsonServicer_to_server(_WithPanicPool(self._service, self._panic_pool), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection(_NAMES, server)
        self._servers.append(server)
        return server

    def _open_socket(self, path: str) -> str:
        too_long = path_too_long(path)
        if too_long:
            raise DoorError(too_long)
        clear_stale(path)
        server = self._server()
        credentials = grpc.local_server_credentials(grpc.LocalConnectionType.UDS)
        try:
            with _umask(0o177):
                server.add_secure_port(f"unix:{path}", credentials)
            self._bound = path
            os.chmod(path, self._socket_mode)  # noqa: PTH101 - a name like the ones above
        except (RuntimeError, OSError) as error:
            raise DoorError(f"cannot listen on {path}: {error}") from error
        return f"unix://{path}"

    def _open_tcp(self, port: int) -> int:
        check_free(_LOOPBACK, port, self._port_option)
        server = self._server(TokenGate(self._tokens))
        try:
            bound = server.add_insecure_port(f"{_LOOPBACK}:{port}")
        except RuntimeError as error:
            raise DoorError(_taken(_LOOPBACK, port, self._port_option)) from error
        return int(bound)


class _WithPanicPool:
    """The service, with panic on threads of its own: nothing else can keep it waiting."""

    def __init__(self, service: RobsonService, pool: futures.ThreadPoolExecutor) -> None:
        self._service = service
        self.Panic = _OnOwnThreads(service.Panic, pool)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)


class _OnOwnThreads:
    """A handler that grpc runs on the pool it names, as grpc's own health service does."""

    def __init__(
        self, behaviour: Callable[..., Iterator[Any]], pool: futures.ThreadPoolExecutor
    ) -> None:
        self._behaviour = behaviour
        self.experimental_thread_pool = pool

    def __call__(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        return self._behaviour(request, context)


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    """Nobody may come in between the bind and the chmod."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def clear_stale(path: str) -> None:
    """Remove a socket that nobody answers on.

    Raises:
        DoorError: somebody answers, or it is no socket.
    """
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise DoorError(f"{path} exists and is no socket: remove it, or choose --state-dir")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        if probe.connect_ex(path) == 0:
            raise DoorError(f"another robsond answers on {path}: stop it, or choose --state-dir")
    os.unlink(path)  # noqa: PTH108 - a name like the ones above


def check_free(host: str, port: int, option: str) -> None:
    """Ask the kernel first: it says why not, and grpc would write it to stderr as well.

    Raises:
        DoorError: the port is taken, or the host is not ours.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise DoorError(_taken(host, port, option)) from error
            raise DoorError(
                f"cannot listen on {host}:{port}: {error.strerror}. Choose another with"
                f" {option} HOST:PORT."
            ) from error


def _taken(host: str, port: int, option: str) -> str:
    return (
        f"port {port} on {host} is taken. Choose another with"
        f" {option} {host}:PORT; port 0 takes a free one."
    )

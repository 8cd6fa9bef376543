"""Probes over HTTP: is the process alive, may it trade. GET only, no redirects, nothing secret.

The daemon says what is true; this module only asks and writes it down. Requests are short and
answered from memory, and a caller that dawdles is cut off.
"""

from __future__ import annotations

import itertools
import json
import socketserver
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import attrs

from robson.api.server import DoorError

_LIVE = ("/health/live", "/healthz")
_READY = ("/health/ready", "/readyz")
_METRICS = "/metrics"
_JSON = "application/json"
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

PATIENCE_S = 2.0
"""How long a caller may take to send its request."""
MOST_CALLERS = 16
_LONGEST_ID = 64


@attrs.frozen
class Check:
    """One thing that has to be true; ``detail`` says what was measured."""

    name: str
    ok: bool
    detail: str = ""


class Health(Protocol):
    """What the daemon answers; called from any thread, must not wait for anything."""

    def live(self) -> tuple[Check, ...]:
        """Whether this process still works: no database and no exchange in it."""

    def ready(self) -> tuple[Check, ...]:
        """Whether it may trade."""


class HealthServer(ThreadingHTTPServer):
    """Answers probes; ``serve_forever`` runs in a thread of the daemon's, ``shutdown`` ends it.

    Args:
        host, port: where to listen; port 0 takes a free one, see ``server_port``.
        health: what is true.
        metrics: Prometheus text, or None for no such path.
        port_option: name of the option that changes the port, for the error.

    Raises:
        DoorError: the port is taken, or the host is not ours.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        host: str,
        port: int,
        health: Health,
        *,
        metrics: Callable[[], str] | None = None,
        port_option: str = "api.http",
    ) -> None:
        self.health = health
        self.metrics = metrics
        self.numbers = itertools.count(1)
        self._free = deque(range(MOST_CALLERS))
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise DoorError(
                f"cannot listen on {host}:{port}: {error.strerror}. Choose another with"
                f" {port_option} = HOST:PORT; port 0 takes a free one."
            ) from error

    def server_bind(self) -> None:
        """Bind, without asking a name server who we are."""
        socketserver.TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One more caller, unless too many are being answered."""
        try:
            self._free.pop()  # atomic: a deque needs no lock
        except IndexError:
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next caller."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.append(0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away or dawdled is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: HealthServer
    server_version = "robsond"
    sys_version = ""
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        """One of the known paths, else 404."""
        path = self.path.partition("?")[0]
        if path in _LIVE:
            self._checks(self.server.health.live())
        elif path in _READY:
            self._checks(self.server.health.ready())
        elif path == _METRICS and self.server.metrics is not None:
            self._send(HTTPStatus.OK, self.server.metrics().encode(), _PROMETHEUS)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Errors as JSON; another method than GET is 405."""
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
        body = json.dumps({"error": {"code": status.name, "message": message or status.phrase}})
        self.close_connection = True
        self._send(status, body.encode(), _JSON)

    def _checks(self, checks: tuple[Check, ...]) -> None:
        good = all(check.ok for check in checks)
        document = {
            "ok": good,
            "checks": {each.name: {"ok": each.ok, "detail": each.detail} for each in checks},
        }
        status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
        self._send(status, json.dumps(document).encode(), _JSON)

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Request-ID", self._request_id())
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _request_id(self) -> str:
        """The caller's own, when it is harmless; else the number of this answer."""
        said = str(self.headers.get("X-Request-ID", "")) if hasattr(self, "headers") else ""
        harmless = 0 < len(said) <= _LONGEST_ID and said.isascii() and said.isprintable()
        return said if harmless else f"{next(self.server.numbers):08x}"

    def log_message(self, *_arguments: Any) -> None:
        """Probes come every second: not worth a line."""

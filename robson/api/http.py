"""Probes and pages over HTTP: is it alive, may it trade, its metrics, its status. GET only.

The daemon says what is true; this module only asks and writes it down. Requests are short and
answered from memory; where there are too many callers, the one that dawdles longest is cut off.
No redirects. A page about money is shown only to who asks by address: a web page in somebody's
browser can make a name of its own point here, and could read what it was shown.
"""

from __future__ import annotations

import itertools
import json
import socketserver
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any, Protocol

import attrs

from robson.api.document import status as document
from robson.api.document.text import dumps
from robson.api.doors import DoorError
from robson.api.published import Published
from robson.api.translate import status as translate

_LIVE = ("/health/live", "/healthz")
_READY = ("/health/ready", "/readyz")
METRICS, STATUS = "/metrics", "/status"
Page = Callable[[], str]
_JSON = "application/json"
_KINDS = {METRICS: "text/plain; version=0.0.4; charset=utf-8", STATUS: _JSON}

PATIENCE_S = 2.0
"""How long a caller may take to send its request."""
MOST_CALLERS = 16
_LONGEST_ID = 64
_BOTH_WAYS = 2
"""SHUT_RDWR, which is 2 wherever there are sockets."""


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
        pages: what writes the metrics and the status, by path; another path is 404.
        port_option: name of the option that changes the port, for the error.

    Raises:
        DoorError: the port is taken, or the host is not ours.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    """A caller that finds the queue full asks again a second later: too late for a probe."""

    def __init__(
        self,
        host: str,
        port: int,
        health: Health,
        *,
        pages: Mapping[str, Page] | None = None,
        port_option: str = "api.http",
    ) -> None:
        self.health = health
        self.pages = pages_for(host, pages or {})
        self.numbers = itertools.count(1)
        self._open: deque[Any] = deque()
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise DoorError(
                f"cannot listen on {host}:{port}: {error.strerror}. Choose another with"
                f" {port_option} HOST:PORT; port 0 takes a free one."
            ) from error

    def server_bind(self) -> None:
        """Bind, without asking a name server who we are."""
        socketserver.TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One more caller; the one that has been here longest makes room when there is none.

        Whoever asks and reads is gone within milliseconds, so that one dawdles.
        """
        self._open.append(request)
        if len(self._open) > MOST_CALLERS:
            _cut(self._open.popleft())
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next caller."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with suppress(ValueError):  # it was cut off
                self._open.remove(request)

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
        elif path in self.server.pages:
            self._page(path)
        else:
            known = ", ".join((_LIVE[0], _READY[0], *self.server.pages))
            self.send_error(HTTPStatus.NOT_FOUND, f"there is no such page; known are {known}")

    def _page(self, path: str) -> None:
        if not _is_address(self.headers.get("Host", "")):
            self.send_error(
                HTTPStatus.MISDIRECTED_REQUEST, "ask for this page by address, such as 127.0.0.1"
            )
            return
        self._send(HTTPStatus.OK, self.server.pages[path]().encode(), _KINDS[path])

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Errors as JSON; another method than GET is 405."""
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
            message = f"{self.command} is not allowed here; expected is GET"
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


def pages_for(host: str, pages: Mapping[str, Page]) -> dict[str, Page]:
    """The pages of a door: whoever is on another machine may have the metrics, not the status."""
    here = host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)
    return {path: page for path, page in pages.items() if here or path != STATUS}


def status_text(published: Published, door: str) -> str:
    """The document of ``robson status --json``."""
    return dumps(
        document.status(translate.status(published, symbol=None, states=frozenset()), door)
    )


def _is_address(host: str) -> bool:
    """Whether a Host header names an address, or this machine by its own name for itself."""
    name = host.lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name == "localhost":
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _cut(caller: Any) -> None:
    with suppress(OSError):
        caller.shutdown(_BOTH_WAYS)

"""Probes: what they say, how fast, and what they answer to everything else."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from robson.api import http as module
from robson.api.doors import DoorError
from robson.api.http import (
    METRICS,
    MOST_CALLERS,
    STATUS,
    Check,
    HealthServer,
    pages_for,
)

ASKED_S = 20.0
"""Whoever asks is answered in milliseconds; only what waits for a silent caller takes so long."""
PATIENT_S = 3 * ASKED_S


class Truth:
    """A daemon that is alive, and ready when told."""

    def __init__(self) -> None:
        self.may_trade = True
        self.alive = True

    def live(self) -> tuple[Check, ...]:
        return (Check("monitor", self.alive, "0.2 s"),)

    def ready(self) -> tuple[Check, ...]:
        return (Check("lease", self.may_trade, "epoch 1"), Check("reconciled", True))  # noqa: FBT003


@contextmanager
def serving(truth: Truth, **options: Any) -> Iterator[HealthServer]:
    server = HealthServer("127.0.0.1", 0, truth, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def truth() -> Truth:
    return Truth()


@pytest.fixture
def server(truth: Truth) -> Iterator[HealthServer]:
    with serving(truth) as running:
        yield running


def get(server: HealthServer, path: str, method: str = "GET", **headers: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=ASKED_S)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.mark.parametrize("path", ["/health/live", "/healthz", "/health/live?verbose=1"])
def test_live_says_what_it_checked(server: HealthServer, path: str) -> None:
    response, body = get(server, path)

    assert response.status == 200
    assert json.loads(body) == {
        "ok": True,
        "checks": {"monitor": {"ok": True, "detail": "0.2 s"}},
    }


@pytest.mark.parametrize("path", ["/health/ready", "/readyz"])
def test_not_ready_is_503_with_the_check_that_fails(
    server: HealthServer, truth: Truth, path: str
) -> None:
    assert get(server, path)[0].status == 200
    truth.may_trade = False

    response, body = get(server, path)

    assert response.status == 503
    assert not json.loads(body)["checks"]["lease"]["ok"]
    assert json.loads(body)["checks"]["reconciled"]["ok"]


def test_a_standby_is_alive(server: HealthServer, truth: Truth) -> None:
    truth.may_trade = False

    assert get(server, "/health/live")[0].status == 200
    truth.alive = False
    assert get(server, "/health/live")[0].status == 503


@pytest.mark.parametrize("path", ["/", "/health", "/metrics", "/../etc/passwd", "/health/live/"])
def test_another_path_is_a_clean_404(server: HealthServer, path: str) -> None:
    response, body = get(server, path)

    assert response.status == 404
    assert json.loads(body)["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "BREW"])
def test_another_method_is_405(server: HealthServer, method: str) -> None:
    response, _ = get(server, "/health/live", method)

    assert response.status == 405
    assert response.headers["Allow"] == "GET"


@pytest.mark.proves("I-03")
def test_nothing_is_ever_redirected_and_everything_has_an_id(server: HealthServer) -> None:
    for path in ("/health/live", "/health/ready", "/x"):
        response, _ = get(server, path)
        assert "Location" not in response.headers
        assert response.headers["X-Request-ID"]
    assert get(server, "/healthz", **{"X-Request-ID": "abc"})[0].headers["X-Request-ID"] == "abc"


def test_metrics_are_there_when_somebody_writes_them(truth: Truth) -> None:
    with serving(truth, pages={METRICS: lambda: "robson_leader 1\n"}) as running:
        response, body = get(running, "/metrics")

    assert (response.status, body) == (200, b"robson_leader 1\n")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that bears with silent callers for longer than anybody here asks."""
    monkeypatch.setattr(module._Handler, "timeout", PATIENT_S)


@pytest.mark.usefixtures("patient")
def test_a_caller_that_says_nothing_keeps_nobody_waiting(server: HealthServer) -> None:
    silent = [
        socket.create_connection(("127.0.0.1", server.server_port), timeout=5)
        for _ in range(MOST_CALLERS // 2)
    ]

    assert get(server, "/health/live")[0].status == 200

    for each in silent:
        each.settimeout(0)
        with pytest.raises(BlockingIOError):  # it is still there: nobody has waited for its end
            each.recv(1)
        each.close()


@pytest.mark.usefixtures("patient")
def test_whoever_dawdles_longest_makes_room(server: HealthServer) -> None:
    """More silent callers than there is room for, each of them sending a little now and then."""
    address = ("127.0.0.1", server.server_port)
    silent = [socket.create_connection(address, timeout=5) for _ in range(3 * MOST_CALLERS)]
    for each in silent:
        with suppress(OSError):  # it may be cut off already
            each.sendall(b"G")

    for _ in range(5):
        assert get(server, "/health/live")[0].status == 200

    silent[0].settimeout(ASKED_S)
    assert silent[0].recv(1) == b"", "the first of them was cut off, long before its time was up"
    for each in silent:
        each.close()


@pytest.mark.parametrize("path", [METRICS, STATUS])
@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8080", True),
        ("localhost:8080", True),
        ("[::1]:8080", True),
        ("10.1.2.3:8080", True),
        ("evil.example", False),
        ("evil.example:8080", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_a_page_about_money_is_shown_to_who_asks_by_address(
    truth: Truth, path: str, host: str, *, shown: bool
) -> None:
    with serving(truth, pages={path: lambda: "{}"}) as running:
        response, body = get(running, path, Host=host)
        probe, _ = get(running, "/health/live", Host=host)

    assert response.status == (200 if shown else 421)
    assert (body == b"{}") is shown
    assert probe.status == 200, "a probe says nothing about money"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.7", False),
        ("::", False),
        ("pod.example", False),
    ],
)
def test_the_status_stays_on_this_machine(host: str, *, status: bool) -> None:
    pages = pages_for(host, {METRICS: str, STATUS: str})

    assert METRICS in pages, "Prometheus may be elsewhere"
    assert (STATUS in pages) is status


def test_rubbish_is_answered_and_survived(server: HealthServer) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as caller:
        caller.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        assert b"BAD_REQUEST" in caller.recv(4096)

    assert get(server, "/health/live")[0].status == 200


def test_a_port_in_use_names_the_option(server: HealthServer, truth: Truth) -> None:
    with pytest.raises(DoorError, match=r"api\.http"):
        HealthServer("127.0.0.1", server.server_port, truth)

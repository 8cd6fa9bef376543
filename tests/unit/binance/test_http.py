"""A request leaves once, and its answer has a deadline that holds, whatever the server does."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from robson.connectors.binance import http
from robson.connectors.binance.http import LARGEST, Broken, NothingLeft, PoolDoor, SessionDoor
from tests.quickest import quickest
from tests.unit.binance.servers import Serve, answer, request, server

DOORS = [SessionDoor, PoolDoor]
Kind = type[SessionDoor | PoolDoor]
TOTAL_S = 0.4
LATE_S = TOTAL_S + 0.5


def trickling(*, from_byte: int) -> Serve:
    """All at once up to a byte, then one byte each 50 ms."""

    def serve(made: socket.socket) -> None:
        request(made)
        whole, pause = answer(b"x" * 4_000), threading.Event()
        made.sendall(whole[:from_byte])
        for byte in whole[from_byte:]:
            pause.wait(0.05)
            made.sendall(bytes([byte]))

    return serve


def saying(data: bytes) -> Serve:
    """Answer the first request with these bytes, and hang up."""

    def serve(made: socket.socket) -> None:
        request(made)
        made.sendall(data)

    return serve


def mute(made: socket.socket) -> None:
    """Take it in and say nothing."""
    request(made)
    threading.Event().wait(5)


def given_up_s(kind: Kind, url: str) -> float:
    """Seconds until an answer that does not come is given up."""
    began = time.monotonic()
    with pytest.raises(Broken, match="too long"):
        kind(url, time.monotonic, total_s=TOTAL_S).send("POST", "/", "a=1", {})
    return time.monotonic() - began


@pytest.mark.proves("I-12")
@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.parametrize("from_byte", [0, 20, 60])
def test_an_answer_that_trickles_is_cut(kind: Kind, from_byte: int) -> None:
    """In the status line, in the headers, in the body: ten times the deadline would pass."""
    with server(trickling(from_byte=from_byte)) as url:
        assert quickest(lambda: given_up_s(kind, url), within=LATE_S) < LATE_S


@pytest.mark.parametrize("kind", DOORS)
def test_silence_is_cut(kind: Kind) -> None:
    with server(mute) as url:
        took_s = quickest(lambda: given_up_s(kind, url), within=LATE_S)
    assert TOTAL_S * 0.9 < took_s < LATE_S


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"nonsense\r\n\r\n",
        answer(b"half", length=8),
        answer(b"", length=LARGEST + 5),
    ],
)
def test_what_is_no_answer_leaves_it_unknown(kind: Kind, said: bytes) -> None:
    """And is never asked for again."""
    asked = []

    def serve(made: socket.socket) -> None:
        asked.append(request(made))
        made.sendall(said)

    for method in ("POST", "DELETE", "GET"):  # the last two are such as a library repeats
        asked.clear()
        with server(serve) as url, pytest.raises(Broken) as broken:
            kind(url, time.monotonic, total_s=TOTAL_S).send(method, "/o", "signature=canary", {})
        assert len(asked) == 1, "no transport repeats it"
        assert "canary" not in str(broken.value)
        assert broken.value.__cause__ is None


@pytest.mark.parametrize("kind", DOORS)
def test_an_answer_that_came_too_late_answers_nothing_else(kind: Kind) -> None:
    """The next request leaves by another connection: this one still carries what was given up."""
    given_up, asked = threading.Event(), []

    def serve(made: socket.socket) -> None:
        while True:
            asked.append(request(made))
            first = len(asked) == 1
            if first:
                given_up.wait(5)
            made.sendall(answer(b"of the first" if first else b"of the second"))

    with server(serve) as url:
        door = kind(url, time.monotonic, total_s=TOTAL_S)
        with pytest.raises(Broken):
            door.send("POST", "/o", "n=1", {})
        assert door.send("POST", "/o", "n=2", {}).body == b"of the second"
        given_up.set()


@pytest.mark.parametrize("kind", DOORS)
def test_an_answer_that_is_too_large_is_no_answer(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is what was read of it until then."""
    monkeypatch.setattr(http, "LARGEST", 1_000)
    with server(saying(answer(b"x" * 1_000, Connection="close"))) as url:
        assert len(kind(url, time.monotonic).send("GET", "/", "", {}).body) == 1_000
    chunks = b"3e8\r\n" + b"x" * 1_000 + b"\r\n1\r\nx\r\n0\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    for said in (answer(b"x" * 1_001), chunked):
        with server(saying(said)) as url, pytest.raises(Broken):
            kind(url, time.monotonic).send("GET", "/", "", {})


@pytest.mark.parametrize("kind", DOORS)
def test_nothing_leaves_where_nobody_listens(kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(NothingLeft) as refused:
        kind(url, time.monotonic).send("POST", "/", "signature=canary", {})
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("kind", DOORS)
def test_a_connection_is_kept_and_a_redirect_is_not_followed(kind: Kind) -> None:
    connections, asked = [], []

    def serve(made: socket.socket) -> None:
        connections.append(made)
        while True:
            asked.append(request(made))
            made.sendall(answer(b"{}", "302 Found", Location="/elsewhere", X_Used="7"))

    with server(serve) as url:
        door = kind(url, time.monotonic)
        replies = [door.send("GET", "/here", f"n={n}", {"X-MBX-APIKEY": "k"}) for n in range(3)]
    assert [reply.status for reply in replies] == [302] * 3
    assert replies[0].headers["x-used"] == "7"
    assert (len(connections), len(asked)) == (1, 3)
    assert asked[2].startswith(b"GET /here?n=2 HTTP/1.1")
    assert b"X-MBX-APIKEY: k" in asked[2]


@pytest.mark.parametrize("kind", DOORS)
def test_no_proxy_and_no_netrc_is_asked(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with server(saying(answer(b"{}"))) as url:
        assert kind(url, time.monotonic).send("GET", "/", "", {}).status == 200


@pytest.mark.parametrize("kind", DOORS)
def test_a_connection_that_the_server_let_go_is_made_again(kind: Kind) -> None:
    with server(saying(answer(b"{}", Connection="close"))) as url:
        door = kind(url, time.monotonic)
        assert [door.send("GET", "/", "", {}).status for _ in range(3)] == [200] * 3


@pytest.mark.parametrize("kind", DOORS)
def test_a_last_answer_is_read_to_its_end(kind: Kind) -> None:
    """The server hangs up after this one: the connection goes, the body comes whole."""
    body = b"x" * 2_000_000
    with server(saying(answer(body, Connection="close"))) as url:
        assert kind(url, time.monotonic).send("GET", "/", "", {}).body == body


def test_what_leaves_risk_leaves_as_one_piece_and_names_its_host() -> None:
    asked = []

    def serve(made: socket.socket) -> None:
        while True:
            asked.append(made.recv(4_096))
            made.sendall(answer(b"{}"))

    with server(serve) as url:
        door = PoolDoor(url, time.monotonic)
        for method in ("DELETE", "POST", "GET"):
            door.send(method, "/o", "a=1", {"X-MBX-APIKEY": "k"})
    host = url.removeprefix("http://")
    usual = f"Host: {host}\r\nAccept: application/json\r\nUser-Agent: robson\r\n"
    usual += "Accept-Encoding: identity\r\nX-MBX-APIKEY: k\r\n"
    empty = "Content-Length: 0\r\n"
    assert [each.decode() for each in asked] == [
        f"DELETE /o?a=1 HTTP/1.1\r\n{usual}{empty}\r\n",
        f"POST /o?a=1 HTTP/1.1\r\n{usual}{empty}\r\n",
        f"GET /o?a=1 HTTP/1.1\r\n{usual}\r\n",
    ]


def test_a_connection_that_was_let_go_without_a_word_is_not_sent_by() -> None:
    """What it carries would be lost, and nobody would know what became of an order."""
    with server(saying(answer(b"{}"))) as url:
        door = PoolDoor(url, time.monotonic)
        for _ in range(3):
            assert door.send("POST", "/", "", {}).status == 200
            threading.Event().wait(0.05)  # the goodbye comes meanwhile


# --- what leaves on one thread and is read on another --------------------------------------------


def test_what_begins_leaves_at_once_and_is_answered_when_somebody_reads() -> None:
    asked: list[bytes] = []

    def serve(made: socket.socket) -> None:
        while True:
            asked.append(request(made))
            made.sendall(answer(b"[%d]" % len(asked)))

    with server(serve) as url:
        door = PoolDoor(url, time.monotonic, total_s=TOTAL_S)
        assert door.begin("DELETE", "/o", "a=1", {}) is None, "no connection is ready: nothing left"
        assert asked == []
        door.send("GET", "/time", "", {})
        read = door.begin("DELETE", "/o", "a=1", {"X-MBX-APIKEY": "k"})
        assert read is not None
        assert door.begin("DELETE", "/o", "a=2", {}) is None, "the one that was ready is under way"
        until = time.monotonic() + 5
        while len(asked) < 2 and time.monotonic() < until:
            threading.Event().wait(0.01)
        assert [each.split(b" HTTP")[0] for each in asked] == [b"GET /time", b"DELETE /o?a=1"]
        assert b"X-MBX-APIKEY: k" in asked[1]
        threading.Event().wait(
            TOTAL_S + 0.1
        )  # its reader was busy for longer than an answer may be
        assert read().body == b"[2]"
        assert door.send("GET", "/time", "", {}).body == b"[3]", "and the connection is ready again"


def test_what_began_and_is_never_answered_may_have_been_done() -> None:
    def serve(made: socket.socket) -> None:
        request(made)
        made.sendall(answer(b"{}"))
        mute(made)

    with server(serve) as url:
        door = PoolDoor(url, time.monotonic, total_s=TOTAL_S)
        door.send("GET", "/time", "", {})
        read = door.begin("DELETE", "/o", "", {})
        assert read is not None
        with pytest.raises(Broken, match="too long"):
            read()
        assert door.begin("DELETE", "/o", "", {}) is None, "nothing else is read from it"


def test_what_cannot_be_sent_whole_may_have_been_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(lambda made: (request(made), made.sendall(answer(b"{}")), request(made))) as url:
        door = PoolDoor(url, time.monotonic, total_s=TOTAL_S)
        door.send("GET", "/time", "", {})
        (warm,) = door._idle
        monkeypatch.setattr(warm, "put", _breaks)
        read = door.begin("DELETE", "/o", "", {})
        assert read is not None
        with pytest.raises(Broken, match="ConnectionResetError"):
            read()


def _breaks(_asked: bytes) -> None:
    raise ConnectionResetError


def test_nothing_begins_where_somebody_has_to_wait() -> None:
    with server(saying(answer(b"{}"))) as url:
        assert SessionDoor(url, time.monotonic).begin("DELETE", "/o", "", {}) is None

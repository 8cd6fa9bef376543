"""Requests that are odd and legal, and some that are neither: what a strange client may send."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.contract.venue.caller import Caller
from tests.contract.venue.harness import Started, venue
from tests.contract.venue.raw import exchange

ORDER, ACCOUNT = "/sapi/v1/margin/order", "/sapi/v1/margin/isolated/account"
ENTRY = "symbol=BTCUSDT&isIsolated=TRUE&side=BUY&type=MARKET&quantity=0.001"
KEY = "X-MBX-APIKEY: test-key"
HOST = "Host: here"
FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand") as one:
        yield one


def text(method: str, path: str, *heads: str, body: str = "", version: str = "1.1") -> bytes:
    """A request, byte for byte."""
    lines = [f"{method} {path} HTTP/{version}", *heads]
    if body and not any(head.startswith("Transfer") for head in heads):
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def signature(payload: str) -> str:
    return "signature=" + Caller("").signature(payload)


def signed(payload: str) -> str:
    return f"{payload}&{signature(payload)}"


def asked(query: str) -> bytes:
    """A question about the account, signed over these bytes."""
    return text("GET", f"{ACCOUNT}?{signed(query)}", HOST, KEY)


def entered(query: str, body: str = "") -> bytes:
    path = f"{ORDER}?{query}" if query else ORDER
    return text("POST", path, HOST, KEY, *([FORM] if body else []), body=body)


def split() -> bytes:
    query, body = ENTRY, f"timestamp={now_ms()}"
    return entered(query, f"{body}&{signature(query + body)}")


def chunked() -> bytes:
    body = signed(f"{ENTRY}&timestamp={now_ms()}")
    pieces = "".join(f"{len(part):x}\r\n{part}\r\n" for part in (body[:50], body[50:]))
    return text(
        "POST", ORDER, HOST, KEY, FORM, "Transfer-Encoding: chunked", body=pieces + "0\r\n\r\n"
    )


def waits() -> bytes:
    body = signed(f"{ENTRY}&timestamp={now_ms()}")
    return text("POST", ORDER, HOST, KEY, FORM, "Expect: 100-continue", body=body)


def first_signed() -> bytes:
    payload = f"timestamp={now_ms()}&{ENTRY}"
    return entered(f"{signature(payload)}&{payload}")


TAKEN: dict[str, Callable[[], bytes]] = {
    "half in the query, half in the body": split,
    "a body in chunks": chunked,
    "a body that waits to be asked for": waits,
    "the signature before what it signs": first_signed,
    "letters as percents, in small hex": lambda: entered(
        signed(f"{ENTRY.replace('U', '%55').replace('K', '%4b')}&timestamp={now_ms()}")
    ),
    "ampersands too many": lambda: entered(signed(f"&{ENTRY}&&timestamp={now_ms()}")),
    "a window with a fraction": lambda: asked(f"recvWindow=5000.123&timestamp={now_ms()}"),
    "the widest window": lambda: asked(f"recvWindow=60000.000&timestamp={now_ms()}"),
    "microseconds": lambda: asked(f"timestamp={now_ms()}999"),
    "HTTP/1.0": lambda: text("GET", "/api/v3/ping", version="1.0"),
    "a header in small letters": lambda: text(
        "GET", f"{ACCOUNT}?{signed(f'timestamp={now_ms()}')}", "host: x", "x-mbx-apikey: test-key"
    ),
    "one that would take gzip": lambda: text(
        "GET", "/api/v3/exchangeInfo", HOST, "Accept-Encoding: gzip, br"
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str, started: Started) -> None:
    [answer] = exchange(started.rest, TAKEN[name]())

    assert answer.status == 200, answer.body
    assert answer.json is not None


REFUSED: dict[str, tuple[Callable[[], bytes], int]] = {
    "said twice": (lambda: entered(signed(f"{ENTRY}&quantity=0.002&timestamp={now_ms()}")), -1101),
    "said twice the same": (
        lambda: entered(signed(f"{ENTRY}&quantity=0.001&timestamp={now_ms()}")), -1101,
    ),
    "signed twice": (
        lambda: entered(f"{signature('a')}&{signed(f'{ENTRY}&timestamp={now_ms()}')}"), -1101,
    ),
    "a window of four decimals": (lambda: asked(f"recvWindow=1.1234&timestamp={now_ms()}"), -1100),
    "a window too wide by half": (lambda: asked(f"recvWindow=60000.5&timestamp={now_ms()}"), -1131),
    "an empty window": (lambda: asked(f"recvWindow=&timestamp={now_ms()}"), -1105),
    "a window below zero": (lambda: asked(f"recvWindow=-1&timestamp={now_ms()}"), -1100),
    "microseconds ahead": (lambda: asked(f"timestamp={now_ms() + 9_000}000"), -1021),
    "microseconds long ago": (lambda: asked(f"timestamp={now_ms() - 9_000}000"), -1021),
    "a time of seconds": (lambda: asked(f"timestamp={now_ms() // 1000}"), -1021),
    "an empty word": (lambda: asked(f"symbols=&timestamp={now_ms()}"), -1105),
    "no digit before the point": (
        lambda: entered(signed(f"{ENTRY[:-5]}.001&timestamp={now_ms()}")), -1100,
    ),
    "no digit after the point": (
        lambda: entered(signed(f"{ENTRY[:-5]}1.&timestamp={now_ms()}")), -1100,
    ),
    "a plus that is a blank": (
        lambda: entered(signed(f"{ENTRY[:-5]}+0.001&timestamp={now_ms()}")), -1100,
    ),
    "JSON for a form": (lambda: entered("", '{"symbol":"BTCUSDT"}'), -1102),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, started: Started) -> None:
    ask, code = REFUSED[name]

    [answer] = exchange(started.rest, ask())

    assert (answer.status, answer.json["code"]) == (400, code)


def test_a_connection_goes_on_after_a_refusal(started: Started) -> None:
    ask = [
        text("GET", f"/api/v3/{path}", HOST) for path in ("ping", "ticker/price?symbol=NO", "time")
    ]

    answers = exchange(started.rest, b"".join(ask), many=3)

    assert [answer.status for answer in answers] == [200, 400, 200]
    assert answers[2].json["serverTime"] > 0


NO_HTTP = {
    "no host": text("GET", "/api/v3/ping"),
    "an address without end": text("GET", f"/api/v3/ping?a={'x' * 20_000}", HOST),
    "no method": b"GARBAGE\r\n\r\n",
    "a length that is none": text("POST", ORDER, HOST, "Content-Length: many"),
}


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_is_400_and_no_traceback(name: str, started: Started) -> None:
    """The venue's own errors are looked at when it ends."""
    [answer] = exchange(started.rest, NO_HTTP[name])
    [after] = exchange(started.rest, text("GET", "/api/v3/ping", HOST))

    assert (answer.status, after.status) == (400, 200)

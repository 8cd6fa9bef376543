"""The WebSocket API as a strange client asks it: every shape of request, weights, units of time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.venue.caller import Caller, Came, Operator
from tests.contract.venue.harness import Started, venue
from tests.contract.venue.raw import TEXT, RawSocket, exchange

DOOR = "/ws-api/v3"
DIGITS = {"ms": 13, "us": 16}


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand") as one:
        yield one


@pytest.fixture
def caller(started: Started) -> Caller:
    return Caller(started.rest)


def asked(started: Started, method: str, door: str = DOOR, **params: object) -> dict[str, Any]:
    with RawSocket(started.ws, door) as socket:
        told: dict[str, Any] = socket.ask(json.dumps({"id": 1, "method": method, "params": params}))
    return told


PUBLIC: dict[str, dict[str, object]] = {
    "ping": {},
    "v3/ping": {},
    "time": {},
    "exchangeInfo": {"symbols": ["BTCUSDT"]},
    "depth": {"symbol": "BTCUSDT", "limit": 5},
    "klines": {"symbol": "BTCUSDT", "interval": "1m", "limit": 2},
    "uiKlines": {"symbol": "BTCUSDT", "interval": "1m", "limit": 2},
    "avgPrice": {"symbol": "BTCUSDT"},
    "ticker": {"symbol": "BTCUSDT"},
    "ticker.24hr": {"symbol": "BTCUSDT"},
    "ticker.tradingDay": {"symbol": "BTCUSDT"},
    "ticker.price": {"symbols": ["BTCUSDT"]},
    "ticker.book": {"symbol": "BTCUSDT"},
    "trades.recent": {"symbol": "BTCUSDT", "limit": 1},
    "trades.aggregate": {"symbol": "BTCUSDT", "limit": 1},
    "session.status": {},
    "session.logout": {},
    "session.subscriptions": {},
}


@pytest.mark.parametrize("method", PUBLIC)
def test_answered(method: str, started: Started) -> None:
    told = asked(started, method, **PUBLIC[method])

    assert (told["id"], told["status"]) == (1, 200), told
    assert told["rateLimits"][0]["count"] > 0


REFUSED: dict[str, tuple[str, int]] = {
    "no JSON": ("ping", -1135),
    "a list": ("[]", -1135),
    "no method": ('{"id":1}', -1102),
    "a method that is none": ('{"id":1,"method":"dance"}', -1020),
    "an order": ('{"id":1,"method":"order.place","params":{}}', -1020),
    "a log-on": ('{"id":1,"method":"session.logon","params":{}}', -1020),
    "a listen key": ('{"id":1,"method":"userDataStream.start","params":{}}', -1020),
    "params as a list": ('{"id":1,"method":"ping","params":[]}', -1135),
    "a word nobody reads": ('{"id":1,"method":"ping","params":{"x":1}}', -1104),
    "a symbol that is none": ('{"id":1,"method":"avgPrice","params":{"symbol":"NO"}}', -1121),
    "a token that is none": (
        '{"id":1,"method":"userDataStream.subscribe.listenToken","params":{"listenToken":"x"}}',
        -1209,
    ),
    "no number": (
        '{"id":1,"method":"userDataStream.unsubscribe","params":{"subscriptionId":"x"}}', -1100,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, started: Started) -> None:
    say, code = REFUSED[name]
    with RawSocket(started.ws, DOOR) as socket:
        told = socket.ask(say)
        again = socket.ask('{"id":2,"method":"ping"}')

    assert (told["status"], told["error"]["code"]) == (400, code)
    assert again["status"] == 200


def test_it_shares_its_weight_with_the_questions_over_http(
    started: Started, caller: Caller
) -> None:
    before = used(caller.public("ping"))
    asked(started, "depth", symbol="BTCUSDT")
    after = used(caller.public("ping"))

    assert after - before == 1 + 2 + 5 or after < before  # a ping, a connection, a book


def used(came: Came) -> int:
    return int(came.headers["X-MBX-USED-WEIGHT-1M"])


def test_beyond_its_weight_it_says_when_to_ask_again() -> None:
    say = '{"id":1,"method":"ticker.24hr"}'
    with venue("--by-hand") as started:
        for _ in range(40):
            with RawSocket(started.ws, DOOR) as socket:
                told = [socket.ask(say) for _ in range(5)][-1]
            if told["status"] == 429:
                break
        rest = Caller(started.rest).public("ping")

    assert (told["status"], told["error"]["code"]) == (429, -1003)
    assert told["error"]["data"]["retryAfter"] > told["error"]["data"]["serverTime"]
    assert told["rateLimits"][0]["count"] == 6000
    assert rest.status == 429


@pytest.mark.parametrize(
    ("door", "params"),
    [(DOOR, {"returnRateLimits": False}), (f"{DOOR}?returnRateLimits=false", {})],
    ids=["in a request", "in the address"],
)
def test_limits_are_left_out_where_they_are_not_wanted(
    door: str, params: dict[str, object], started: Started
) -> None:
    assert "rateLimits" not in asked(started, "ping", door, **params)
    assert "rateLimits" in asked(started, "ping")


def test_a_session_says_that_it_listens(started: Started, caller: Caller) -> None:
    values = {"symbol": "BTCUSDT", "isIsolated": "true"}
    token = caller.signed("POST", "/sapi/v1/userListenToken", **values).json["token"]
    subscribe = {"method": "userDataStream.subscribe.listenToken", "params": {"listenToken": token}}
    with RawSocket(started.ws, DOOR) as socket:
        before = socket.ask('{"id":1,"method":"session.status"}')["result"]
        socket.ask(json.dumps({"id": 2, **subscribe}))
        after = socket.ask('{"id":3,"method":"session.status"}')["result"]

    assert (before["userDataStream"], after["userDataStream"]) == (False, True)
    assert before["apiKey"] is before["authorizedSince"] is None
    assert before["connectedSince"] == after["connectedSince"] <= after["serverTime"]


# --- units of time -------------------------------------------------------------------------------


def head(path: str, unit: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\nX-MBX-TIME-UNIT: {unit}\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("unit", "digits"), [("MICROSECOND", 16), ("microsecond", 16), ("MILLISECOND", 13)]
)
def test_answers_tell_the_unit_that_is_asked_for(unit: str, digits: int, started: Started) -> None:
    bars = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1"
    [at] = exchange(started.rest, head("/api/v3/time", unit))
    [rows] = exchange(started.rest, head(bars, unit))
    [bar] = rows.json

    assert len(str(at.json["serverTime"])) == digits
    assert [len(str(bar[place])) for place in (0, 6)] == [digits, digits]
    assert (bar[6] + 1 - bar[0]) == 60_000 * 10 ** (digits - 13)


def test_no_other_unit_is_known(started: Started) -> None:
    [over_http] = exchange(started.rest, head("/api/v3/time", "FORTNIGHT"))
    refused = []
    for door in (
        f"{DOOR}?timeUnit=x",
        "/ws/btcusdt@trade?timeUnit=x",
        "/stream?timeUnit=Microsecond",
    ):
        with RawSocket(started.ws, door) as socket:
            refused.append((socket.status, json.loads(socket.body)["code"]))

    assert (over_http.status, over_http.json["code"]) == (400, -1194)
    assert refused == [(400, -1194)] * 3


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_frames_tell_the_unit_that_is_asked_for(
    unit: str, started: Started, caller: Caller
) -> None:
    suffix = "timeUnit=MICROSECOND" if unit == "us" else "timeUnit=millisecond"
    names = "btcusdt@trade/btcusdt@kline_1m/btcusdt@ticker"
    operator, seen = Operator(started.told["operator"]), dict[str, dict[str, Any]]()
    with RawSocket(started.ws, f"/stream?streams={names}&{suffix}") as socket:
        operator.post("/price", symbol="BTCUSDT", price="60001")
        while len(seen) < 3:
            data = json.loads(socket.next(TEXT)[1])["data"]
            seen[data["e"]] = data
    values = {"symbol": "BTCUSDT", "isIsolated": "true"}
    token = caller.signed("POST", "/sapi/v1/userListenToken", **values).json["token"]
    with RawSocket(started.ws, f"{DOOR}?{suffix}") as socket:
        say = {"method": "userDataStream.subscribe.listenToken", "params": {"listenToken": token}}
        socket.ask(json.dumps({"id": 1, **say}))
        caller.order(quantity="0.001")
        report = json.loads(socket.next(TEXT)[1])["event"]

    bar, digits = seen["kline"]["k"], DIGITS[unit]
    times = [seen["trade"][key] for key in "ET"] + [bar["t"], bar["T"], report["E"], report["O"]]
    times += [seen["24hrTicker"][key] for key in "OC"]
    assert {len(str(one)) for one in times} == {digits}
    assert len(str(seen["trade"]["t"])) == 13, "a number of a trade, not a time"
    assert bar["T"] + 1 - bar["t"] == 60_000 * 10 ** (digits - 13)

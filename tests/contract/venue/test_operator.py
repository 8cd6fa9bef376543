"""The operator's port: what it cannot mean it refuses in one line, and faults beside each other."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.contract.venue.caller import BOUND_S, Caller, Operator, heard
from tests.contract.venue.harness import Started, venue

Note = Callable[[str, object], None]
ISOLATED = {"symbol": "BTCUSDT", "isIsolated": "TRUE"}


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand") as one:
        yield one


@pytest.fixture
def operator(started: Started) -> Iterator[Operator]:
    made = Operator(started.told["operator"])
    yield made
    made.post("/calm")


def said(operator: Operator, path: str, body: str) -> tuple[int, str]:
    """The answer to bytes, whatever they are."""
    door = http.client.HTTPConnection(urlsplit(operator.door).netloc, timeout=BOUND_S)
    door.request("POST", path, body)
    answer = door.getresponse()
    told = json.loads(answer.read())
    door.close()
    return answer.status, told.get("error", "")


MISTAKES = {
    ("/price", "{}"): "symbol is missing",
    ("/price", "[]"): "expected one object in JSON",
    ("/price", ""): "expected one object in JSON",
    ("/price", '{"symbol":"NO","price":"1"}'): "does not list NO",
    ("/price", '{"symbol":"BTCUSDT","price":"x"}'): "x",
    ("/price", '{"symbol":"BTCUSDT","price":"60000.001"}'): "tick grid",
    ("/price", '{"symbol":"BTCUSDT","price":"-1"}'): "positive",
    ("/clock", '{"ahead_ms":"x"}'): "expected a whole number",
    ("/clock", '{"ahead_ms":-5}'): "cannot go back",
    ("/outage", '{"mode":"mute"}'): "seconds is missing",
    ("/outage", '{"mode":"x","seconds":1}'): "refused, cut, mute, page",
    ("/outage", '{"mode":"mute","seconds":-1}'): "allowed is 0 to",
    ("/outage", '{"mode":"mute","seconds":"NaN"}'): "NaN",
    ("/revoke", "null"): "expected one object in JSON",
    ("/standing", "[]"): "expected one object in JSON",
    ("/standing", '{"rights":5}'): "rights is no object",
    ("/standing", '{"disabled":{}}'): "disabled is no list",
    ("/fault", "{"): "expected one object in JSON",
    ("/fault", '{"kind":"cut_before"}'): "say once how often",
    ("/fault", '{"kind":"cut_before","nth":0}'): "whole number from 1",
    ("/fault", '{"kind":"cut_before","nth":true}'): "whole number from 1",
    ("/fault", '{"kind":"cut_before","nth":1,"every":2}'): "say once how often",
    ("/fault", '{"kind":"cut_before","probability":NaN}'): "allowed is 0 to 1",
    ("/fault", '{"kind":"cut_before","nth":1,"request":["entry"]}'): "can meet entry",
    ("/fault", '{"kind":"frame_lost","nth":1,"request":"entry"}'): "can meet trade",
    ("/fault", '{"kind":"cut_before","nth":1,"seconds":1}'): "says nothing about cut_before",
    ("/fault", '{"kind":"throttled","nth":1,"seconds":1e9}'): "allowed is 0 to 7200",
    ("/fault", '{"kind":"crash","nth":1}'): "known are",
    ("/fault", '{"kind":"cut_before","nth":1,"extra":1}'): "unknown key extra",
}


@pytest.mark.parametrize(("path", "body"), MISTAKES)
def test_a_mistake_is_one_line(path: str, body: str, operator: Operator) -> None:
    status, error = said(operator, path, body)

    assert status == 400
    assert MISTAKES[path, body] in error
    assert "\n" not in error


def test_an_outage_that_was_refused_does_not_last(operator: Operator, started: Started) -> None:
    said(operator, "/outage", '{"mode":"mute","seconds":-1}')

    assert Caller(started.rest).public("ping").status == 200


# --- several faults at a time --------------------------------------------------------------------


def counted(operator: Operator, *lines: int) -> list[tuple[int, int]]:
    """How often each fault struck, of how many it met."""
    rows = {row["line"]: row for row in operator.get("/faults")["faults"]}
    return [(rows[line]["struck"], rows[line]["met"]) for line in lines]


def test_three_faults_meet_one_request(
    operator: Operator, started: Started, record_property: Note
) -> None:
    caller = Caller(started.rest)
    lines = [
        operator.fault(kind="clock_jumps", request="entry", nth=1, seconds=2),
        operator.fault(kind="backend_timeout", request="entry", nth=1),
        operator.fault(kind="cut_after", request="entry", nth=1),
    ]
    lost = caller.order(quantity="0.001", newClientOrderId="three")
    row = operator.get("/log?after=0")["rows"][-1]
    found = caller.signed("GET", "/sapi/v1/margin/order", origClientOrderId="three", **ISOLATED)

    assert (lost.status, row["status"]) == (0, 0)
    assert set(row["struck"]) == {"clock_jumps", "backend_timeout", "cut_after"}
    assert counted(operator, *lines) == [(1, 1)] * 3
    assert found.json["status"] == "FILLED"
    record_property("note", f"venue: {len(row['struck'])} faults struck one request")


def test_faults_of_requests_and_of_streams_strike_beside_each_other(
    operator: Operator, started: Started, record_property: Note
) -> None:
    caller = Caller(started.rest)
    lines = [
        operator.fault(kind="body_cut", request="question", every=2),
        operator.fault(kind="bus_error", request="question", every=3),
        operator.fault(kind="frame_twice", request="trade", every=2),
        operator.fault(kind="frame_lost", request="trade", every=3),
    ]
    asked = []

    def moves(number: int) -> None:
        operator.post("/price", symbol="BTCUSDT", price=str(60_000 + number))
        asked.append(caller.signed("GET", "/sapi/v1/margin/isolated/account").status)

    told = heard(f"{started.ws}/ws/btcusdt@trade", moves, 6)
    numbers = Counter(json.loads(text)["t"] for text in told[:-1])
    struck = [strike for strike, _ in counted(operator, *lines)]

    assert struck == [3, 2, 2, 2]
    assert asked.count(200) == 6 - len({2, 4, 6} | {3, 6})
    assert sorted(numbers.values()) == [1, 1, 2, 2]
    record_property("note", f"venue: {sum(struck)} strikes on requests and a stream at a time")


def test_of_two_by_chance_the_first_leaves_the_rest_to_the_second(
    operator: Operator, started: Started
) -> None:
    caller = Caller(started.rest)
    lines = [
        operator.fault(kind="cut_before", request="market", probability=0.5),
        operator.fault(kind="page", request="market", probability=0.5),
    ]
    came = Counter(caller.public("ping").status for _ in range(40))
    [(cut, met), (page, left)] = counted(operator, *lines)

    assert (came[0], came[503], came[200]) == (cut, page, left - page)
    assert met == 40
    assert left == met - cut
    assert min(came[0], came[503], came[200]) > 0

"""What a strange client may say on a WebSocket of market streams, frame by frame."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from robson.sim.venue.commands import MAX_STREAMS
from tests.contract.venue.harness import Started, venue
from tests.contract.venue.raw import CLOSE, PING, PONG, TEXT, RawSocket

DOOR = "/ws/btcusdt@bookTicker"
SUBSCRIBE = '{"method":"SUBSCRIBE","params":["btcusdt@aggTrade"],"id":1}'
ANSWERED = {"result": None, "id": 1}


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand") as one:
        yield one


def test_a_message_in_pieces_with_a_ping_between(started: Started) -> None:
    with RawSocket(started.ws, DOOR) as socket:
        socket.send(TEXT, SUBSCRIBE[:9].encode(), last=False)
        socket.send(PING, b"between")
        socket.send(0, SUBSCRIBE[9:].encode())
        ponged = socket.next(PONG)
        answer = socket.answer()

    assert ponged == (PONG, b"between")
    assert answer == ANSWERED


def test_the_longest_ping_comes_back_whole(started: Started) -> None:
    with RawSocket(started.ws, DOOR) as socket:
        socket.send(PING, b"x" * 125)

        assert socket.next(PONG) == (PONG, b"x" * 125)


@pytest.mark.parametrize("kind", [PING, PONG])
def test_who_pings_too_often_is_cut_off(kind: int, started: Started) -> None:
    with RawSocket(started.ws, DOOR) as socket:
        for _ in range(6):
            socket.send(kind, b"")

        assert socket.next(CLOSE)[0] == CLOSE


BROKEN = {
    "a ping too long": (PING, b"x" * 126, 1002),
    "no such frame": (3, b"", 1002),
    "no text": (TEXT, b"\xff\xfe", 1007),
    "a close of no code": (CLOSE, struct.pack("!H", 999), 1002),
    "a close": (CLOSE, struct.pack("!H", 1000) + b"bye", 1000),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_ends_a_connection(name: str, started: Started) -> None:
    kind, data, code = BROKEN[name]
    with RawSocket(started.ws, DOOR) as socket:
        socket.send(kind, data)
        _, told = socket.next(CLOSE)

    assert struct.unpack("!H", told[:2]) == (code,)


@pytest.mark.parametrize(
    "number", [0, -5, 2**63 - 1, "x" * 36, "6e5a7d3e-0d1c-4a5e-9c1b-1f2e3d4c5b6a", None], ids=str
)
def test_ids(number: object, started: Started) -> None:
    with RawSocket(started.ws, DOOR) as socket:
        told = socket.ask(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))

    assert told == {"result": ["btcusdt@bookTicker"], "id": number}


WRONG_ID = "Invalid request: request ID must be an unsigned integer"
NO_JSON = "Invalid JSON: expected value at line 1 column 1"
NO_LIST = "Invalid request: invalid type, expected a sequence of strings"
NO_NAME = "Invalid request: property name must be a string"
SAID: dict[str, tuple[str, dict[str, Any]]] = {
    "no id": ('{"method":"LIST_SUBSCRIPTIONS"}', {"code": 2, "msg": WRONG_ID, "id": None}),
    **{
        f"id {number}": (
            f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}',
            {"code": 2, "msg": WRONG_ID, "id": None},
        )
        for number in ("1.5", "true", "[1]", "{}", 2**63, f'"{"x" * 37}"')
    },
    "no JSON": ("ping", {"code": 3, "msg": NO_JSON, "id": None}),
    "no method": (
        '{"id":1}',
        {"code": 2, "msg": "Invalid request: missing field `method` at line 1 column 1", "id": 1},
    ),
    "a stream that is none": ('{"method":"SUBSCRIBE","params":["NO@such"],"id":1}', ANSWERED),
    "no stream": ('{"method":"SUBSCRIBE","params":[],"id":1}', ANSWERED),
    "never subscribed": ('{"method":"UNSUBSCRIBE","params":["a@trade"],"id":1}', ANSWERED),
    "streams as text": (
        '{"method":"SUBSCRIBE","params":"btcusdt@trade","id":1}',
        {"code": 2, "msg": NO_LIST, "id": 1},
    ),
    "too many words": (
        '{"method":"LIST_SUBSCRIPTIONS","params":["a"],"id":1}',
        {"code": 2, "msg": "Invalid request: too many parameters", "id": 1},
    ),
    "no such property": (
        '{"method":"SET_PROPERTY","params":["other",true],"id":1}',
        {"code": 0, "msg": "Unknown property", "id": 1},
    ),
    "a property without a name": (
        '{"method":"GET_PROPERTY","params":[],"id":1}', {"code": 2, "msg": NO_NAME, "id": 1},
    ),
    "a property that is no flag": (
        '{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}',
        {"code": 1, "msg": "Invalid value type: expected Boolean", "id": 1},
    ),
    "a property without a value": (
        '{"method":"SET_PROPERTY","params":["combined"],"id":1}',
        {"code": 1, "msg": "Invalid value type: expected Boolean", "id": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_is_answered(name: str, started: Started) -> None:
    say, answer = SAID[name]
    with RawSocket(started.ws, DOOR) as socket:
        assert socket.ask(say) == answer


def test_a_connection_hears_1024_streams_and_no_more(started: Started) -> None:
    names = [f"x{number}@trade" for number in range(MAX_STREAMS - 1)]
    with RawSocket(started.ws, DOOR) as socket:
        full = socket.ask(json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
        again = socket.ask(json.dumps({"method": "SUBSCRIBE", "params": names[:3], "id": 1}))
        over = socket.ask(json.dumps({"method": "SUBSCRIBE", "params": ["y@trade"], "id": 1}))
    with RawSocket(started.ws, f"/stream?streams={'/'.join(f'{n}@' for n in range(1025))}") as late:
        ended = late.next(CLOSE)

    assert (full, again) == (ANSWERED, ANSWERED)
    assert (over["code"], ended[0]) == (2, CLOSE)

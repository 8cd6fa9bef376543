"""Every fault that only a wire can have really strikes, whom it was meant for, and is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from robson.sim.venue.kinds import WIRE
from tests.contract.venue.caller import Caller, Came, Operator, heard
from tests.contract.venue.harness import Started, venue

Note = Callable[[str, object], None]
REST = [name for name, kind in WIRE.items() if kind.where == "wire"]
FRAMES = [name for name, kind in WIRE.items() if kind.where == "stream"]


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand", "--speed", "1") as one:
        yield one


@pytest.fixture
def operator(started: Started) -> Operator:
    return Operator(started.told["operator"])


def held(operator: Operator) -> Decimal:
    [account] = operator.get("/books")["accounts"]
    return Decimal(account["balances"][0]["free"])


# --- requests ------------------------------------------------------------------------------------

CARRIED_OUT = {"cut_after", "body_cut", "body_slow"}
SEEN: dict[str, Callable[[Came], bool]] = {
    "cut_before": lambda came: came.status == 0,
    "cut_after": lambda came: came.status == 0,
    "body_cut": lambda came: came.text == "IncompleteRead",
    "body_slow": lambda came: came.text == "TimeoutError",
    "blocked": lambda came: came.status == 403 and came.text.startswith("<html>"),
    "wrong_country": lambda came: came.status == 451 and came.code == 0,
    "throttled": lambda came: came.status == 429 and came.headers["Retry-After"] == "7",
    "page": lambda came: came.status == 503 and came.text.startswith("<html>"),
    "clock_jumps": lambda came: came.code == -1021,
}


@pytest.mark.parametrize("kind", REST)
def test_a_request_meets_it(
    kind: str, started: Started, operator: Operator, record_property: Note
) -> None:
    caller = Caller(started.rest, bound_s=0.5 if kind == "body_slow" else 20)
    seconds = {} if WIRE[kind].seconds is None else {"seconds": 7}
    before, line = held(operator), operator.fault(kind=kind, request="entry", nth=1, **seconds)

    assert caller.signed("GET", "/sapi/v1/margin/isolated/account").status == 200  # not an entry
    came = caller.order()

    assert SEEN[kind](came), came
    row = next(row for row in reversed(operator.get("/log")["rows"]) if row["role"] == "entry")
    assert kind in row["struck"]
    assert operator.struck(line) == 1
    assert (held(operator) > before) is (kind in CARRIED_OUT)
    assert caller.public("ping").status == 200
    record_property("happened", 1)


def test_every_kind_of_request_fault_is_seen() -> None:
    assert SEEN.keys() == set(REST)


# --- frames --------------------------------------------------------------------------------------

MOVES = 5


def trades(started: Started, operator: Operator, least: int, quiet_s: float = 0.25) -> list[object]:
    """What the trade stream says of five trades: their numbers from 0 on, and what is none.

    ``least``: how many messages must come.
    """

    def move(number: int) -> None:
        operator.post("/price", symbol="BTCUSDT", price=str(60_000 + number))

    first: list[int] = []
    told: list[object] = []
    door = f"{started.ws}/ws/btcusdt@trade"
    for frame in heard(door, move, MOVES, least=least, quiet_s=quiet_s):
        if frame.startswith('{"e":"trade"'):
            number = json.loads(frame)["t"]
            first = first or [number]
            told.append(number - first[0])
        else:
            told.append(frame[:20])
    return told


FRAMES_SEEN: dict[str, list[object]] = {
    "frame_lost": [0, 2, 3, 4, "quiet"],
    "frame_twice": [0, 1, 1, 2, 3, 4, "quiet"],
    "frames_swapped": [0, 2, 1, 3, 4, "quiet"],
    "frame_torn": [0, "CLOSED"],
    "frame_huge": [0, "ERROR"],
    "frame_garbled": [0, "<html>502 Bad Gatewa", 1, 2, 3, 4, "quiet"],
    "stream_silent": [0, "quiet"],
    "stream_half_open": [0, "quiet"],
    "stream_cut": [0, "CLOSED"],
    "stream_day": [0, 1, "CLOSE"],
    "stream_shutdown": [0, '{"e":"serverShutdown', 1, 2, 3, 4, "CLOSE"],
}


@pytest.mark.parametrize("kind", sorted(FRAMES_SEEN))
def test_a_frame_meets_it(
    kind: str, started: Started, operator: Operator, record_property: Note
) -> None:
    expected = FRAMES_SEEN[kind]
    after = 30 if expected == [0, "quiet"] else 1
    seconds = {} if WIRE[kind].seconds is None else {"seconds": after}
    line = operator.fault(kind=kind, request="trade", nth=2, **seconds)

    told = trades(started, operator, least=len(expected) - (expected[-1] == "quiet"))

    if kind == "frame_torn":  # the reader calls it either
        told[-1] = "CLOSED" if told[-1] == "ERROR" else told[-1]
    if kind == "stream_day":  # what was queued when it closed may still have come
        assert (told[0], told[-1]) == (0, "CLOSE")
    elif kind == "stream_shutdown":  # the last trades may be later than its end
        assert told == [*expected[: len(told) - 1], "CLOSE"]
        assert len(told) > 3, "it goes on for a while"
    else:
        assert told == expected
    assert operator.struck(line) == 1
    record_property("happened", 1)


def test_what_was_half_open_speaks_again(started: Started, operator: Operator) -> None:
    operator.fault(kind="stream_half_open", request="trade", nth=2, seconds=0.4)

    assert trades(started, operator, least=5) == [0, 1, 2, 3, 4, "quiet"]


def test_a_silence_loses_what_it_does_not_tell(started: Started, operator: Operator) -> None:
    operator.fault(kind="stream_silent", request="trade", nth=2, seconds=30)

    assert trades(started, operator, least=1, quiet_s=0.3) == [0, "quiet"]
    again = trades(started, operator, least=5)
    assert again == [0, 1, 2, 3, 4, "quiet"], "a new connection hears again"


def test_a_token_ends(started: Started, operator: Operator) -> None:
    caller = Caller(started.rest)
    line = operator.fault(kind="token_ended", request="user", nth=2)
    token = caller.ask("POST", "/sapi/v1/userListenToken", "symbol=BTCUSDT&isIsolated=true").json[
        "token"
    ]
    say = {"id": "u", "method": "userDataStream.subscribe.listenToken"}

    told = heard(
        f"{started.ws}/ws-api/v3",
        lambda _: caller.order(quantity="0.001"),
        2,
        say={**say, "params": {"listenToken": token}},
        least=3,
    )

    kinds = [json.loads(frame).get("event", {}).get("e") for frame in told[:-1]]
    assert kinds == [None, "executionReport", "eventStreamTerminated"]
    assert operator.struck(line) == 1


def test_every_kind_of_frame_fault_is_seen() -> None:
    assert {*FRAMES_SEEN, "token_ended"} == set(FRAMES)

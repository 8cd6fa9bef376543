"""What time does at the venue: bars close, interest falls due, tokens and connections end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.sim.venue.commands import METHODS
from tests.contract.venue.caller import Caller, Came, Operator, heard
from tests.contract.venue.harness import Started, venue

Note = Callable[[str, object], None]
ISOLATED = {"symbol": "BTCUSDT", "isIsolated": "TRUE"}
MARGIN = "/sapi/v1/margin"
NEVER = 1_000
"""So many messages do not come: until the other side ends it."""
SUBSCRIBE = "userDataStream.subscribe.listenToken"


@pytest.fixture(scope="module")
def by_hand() -> Iterator[Started]:
    with venue("--by-hand") as started:
        yield started


def in_time(ask: Callable[[], Came]) -> Any:
    """Ask until an answer was in time, which on a busy machine it need not be at once."""
    for _ in range(200):
        came = ask()
        if came.code != -1021:
            return came.json
    raise AssertionError(came)


def nothing(_: int) -> None:
    """Only listen."""


def test_bars_close_and_interest_falls_due(record_property: Note) -> None:
    with venue("--speed", "2400") as started:
        caller = Caller(started.rest, window_ms=60_000)  # which is over in 25 ms here
        entry = {"quantity": "0.3", "sideEffectType": "MARGIN_BUY"}
        assert in_time(lambda: caller.order(**entry))["status"] == "FILLED"
        url = f"{started.ws}/ws/btcusdt@kline_5m"  # three messages a bar: an hour and more
        frames = [
            json.loads(text)["k"]
            for text in heard(url, nothing, 0, least=60, quiet_s=0)
            if text.startswith("{")
        ]
        path = f"{MARGIN}/interestHistory"
        interest = in_time(lambda: caller.signed("GET", path, size=100))
        rows = caller.public("klines", symbol="BTCUSDT", interval="5m", limit=1000).json

    closed = [frame for frame in frames if frame["x"]]
    assert len(closed) > 5
    told = {row[0]: row[1:6] for row in rows}
    for bar in closed:
        assert told[bar["t"]][:4] == [bar[key] for key in ("o", "h", "l", "c")]
    assert all(bar["T"] == bar["t"] + 299_999 for bar in frames)
    kinds = [row["type"] for row in interest["rows"]]
    assert kinds[-1] == "ON_BORROW"
    assert set(kinds[:-1]) == {"PERIODIC"}
    hours = [row["interestAccuredTime"] for row in interest["rows"][:-1]]
    assert all(at % 3_600_000 == 0 for at in hours)
    record_property("note", f"venue: {len(closed)} bars closed, {len(hours)} hours of interest")


def test_a_faster_time_is_said_beside_each_answer(by_hand: Started) -> None:
    """And one that runs as ours is not: there no header is that an exchange would not send."""
    with venue("--speed", "2.5", "--by-hand") as fast:
        said = [Caller(one.rest).ask("GET", "/api/v3/time").headers for one in (fast, by_hand)]

    assert [headers.get("X-Venue-Speed") for headers in said] == ["2.5", None]


def test_a_token_lives_as_long_as_it_was_asked_to() -> None:
    with venue("--speed", "60", "--by-hand") as started:
        caller = Caller(started.rest)
        query = "symbol=BTCUSDT&isIsolated=true&validity=120000"  # two seconds of ours
        token = caller.ask("POST", "/sapi/v1/userListenToken", query).json["token"]
        url = f"{started.ws}/ws-api/v3"

        def say(text: str) -> dict[str, object]:
            return {"id": "u", "method": SUBSCRIBE, "params": {"listenToken": text}}

        told = heard(url, nothing, 0, say=say(token), least=2, quiet_s=0.1)
        late = heard(url, nothing, 0, say=say(token), quiet_s=0.1)
        never = heard(url, nothing, 0, say=say("nonsense"), quiet_s=0.1)

    opened, ended = json.loads(told[0]), json.loads(told[1])
    assert opened["status"] == 200
    assert len(str(opened["result"]["expirationTime"])) == 16
    assert ended["event"]["e"] == "eventStreamTerminated"
    for refusal in (late, never):
        answer = json.loads(refusal[0])
        assert (answer["status"], answer["error"]["code"]) == (400, -1209)


def test_a_connection_ends_after_a_day() -> None:
    with venue("--speed", "86400", "--by-hand") as started:
        day = heard(f"{started.ws}/ws/btcusdt@trade", nothing, 0, least=NEVER)

    assert day[-1] == "CLOSE"


def test_who_says_too_much_is_cut_off(by_hand: Started) -> None:
    say = {"method": "LIST_SUBSCRIPTIONS", "id": 1}

    chatter = heard(f"{by_hand.ws}/ws", nothing, 0, say=say, again=8, least=NEVER)

    assert chatter[-1] in {"CLOSE", "CLOSED", "ERROR"}
    assert 0 < len(chatter) - 1 <= 6


KNOWN = ", ".join(f"`{method}`" for method in METHODS)
DANCE = f"Invalid request: unknown variant `DANCE`, expected one of {KNOWN}"
COMMANDS = {
    "SUBSCRIBE": ("ws", ["btcusdt@trade"], {"result": None, "id": 7}, "trade"),
    "UNSUBSCRIBE": ("ws/btcusdt@trade", ["btcusdt@trade"], {"result": None, "id": 7}, None),
    "LIST_SUBSCRIPTIONS": (
        "stream?streams=btcusdt@trade", [], {"result": ["btcusdt@trade"], "id": 7}, "combined",
    ),
    "SET_PROPERTY": (
        "ws/btcusdt@trade", ["combined", True], {"result": None, "id": 7}, "combined",
    ),
    "GET_PROPERTY": ("ws/btcusdt@trade", ["combined"], {"result": False, "id": 7}, "trade"),
    "DANCE": (
        "ws/btcusdt@trade", [],
        {"code": 2, "msg": DANCE, "id": 7}, "trade",
    ),
}  # fmt: skip


@pytest.mark.parametrize("method", COMMANDS)
def test_a_connection_does_as_it_is_told(method: str, by_hand: Started) -> None:
    door, params, answer, heard_as = COMMANDS[method]
    operator, price = Operator(by_hand.told["operator"]), 60_000 + len(method)
    say = {"method": method, "params": params, "id": 7}

    def move(_: int) -> None:
        operator.post("/price", symbol="BTCUSDT", price=str(price))

    least = 2 if heard_as else 1
    told = heard(f"{by_hand.ws}/{door}", move, 1, say=say, least=least, quiet_s=0.15)

    first, *frames = [json.loads(text) for text in told[:-1]]
    assert first == answer
    kinds = ["combined" if "stream" in frame else frame["e"] for frame in frames]
    assert kinds == ([heard_as] if heard_as else [])


def test_books_survive_and_the_market_has_gone_on(tmp_path: Path) -> None:
    place = ("--state-dir", str(tmp_path / "state"))
    with venue(*place) as started:
        caller = Caller(started.rest)
        entry = caller.order(quantity="0.3", sideEffectType="MARGIN_BUY").json
        stop = caller.order(
            side="SELL", type="STOP_LOSS", quantity="0.2", stopPrice="50000", newClientOrderId="s"
        )
        prints = caller.public("trades", symbol="BTCUSDT", limit=1).json
        before = caller.now_ms()
    with venue(*place) as started:
        caller = Caller(started.rest)
        [open_order] = caller.signed("GET", f"{MARGIN}/openOrders", **ISOLATED).json
        again = caller.signed("GET", f"{MARGIN}/order", orderId=entry["orderId"], **ISOLATED)
        loans = caller.signed("GET", f"{MARGIN}/borrow-repay", type="BORROW").json
        later = caller.public("trades", symbol="BTCUSDT", limit=1).json
        after = caller.now_ms()

    assert open_order["orderId"] == stop.json["orderId"]
    assert again.json["status"] == "FILLED"
    assert Decimal(loans["rows"][0]["amount"]) == Decimal(entry["marginBuyBorrowAmount"])
    assert after > before
    assert not later or later[0]["id"] > prints[0]["id"]


def test_an_ended_id_is_taken_again_unless_told_otherwise(by_hand: Started) -> None:
    stop = {"side": "BUY", "type": "STOP_LOSS", "quantity": "0.001", "stopPrice": "90000"}
    told = []
    with venue("--by-hand", "--refuse-ended-ids", "--ws-port", "0") as strict:
        for started in (by_hand, strict):
            caller = Caller(started.rest)
            caller.order(newClientOrderId="ended", **stop)
            path = f"{MARGIN}/order"
            caller.signed("DELETE", path, origClientOrderId="ended", **ISOLATED)
            told.append(caller.order(newClientOrderId="ended", **stop))
        assert strict.ws.rpartition(":")[2] != strict.rest.rpartition(":")[2]
        books = heard(f"{strict.ws}/ws/btcusdt@bookTicker", nothing, 0, least=1, quiet_s=0)
        assert "BTCUSDT" in books[0]

    assert [came.status for came in told] == [200, 400]
    assert told[1].json == {"code": -2010, "msg": "Duplicate order sent."}

"""Two orders of which one cancels the other: taken whole, held back once, told on the stream.

Amounts are the default account's: 10,000 USDT, BTCUSDT at 60,000, no debt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.state import ExchangeState
from tests.contract.venue.caller import Caller, Came, heard
from tests.contract.venue.harness import Started, venue
from tests.contract.venue.test_orders import Desk

MARGIN = "/sapi/v1/margin"
ISOLATED = {"symbol": "BTCUSDT", "isIsolated": "TRUE"}
SOLD = {"side": "SELL", "quantity": "0.009", "price": "61000", "stopPrice": "59000"}
BOUGHT = {"side": "BUY", "quantity": "0.01", "price": "59000", "stopPrice": "61000"}
DAY = "userDataStream.subscribe.listenToken"


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("lists")
    return made


@pytest.fixture(scope="module")
def started(state_dir: Path) -> Iterator[Started]:
    with venue("--by-hand", "--state-dir", str(state_dir)) as one:
        yield one
    books = SqliteBooks(state_dir / "exchange" / "books.db", read_only=True)
    audited = Conservation(books, ExchangeState.of(books.entries())).check()
    books.close()
    assert audited.differences == ()
    assert audited.compared > 0


@pytest.fixture
def desk(started: Started) -> Iterator[Desk]:
    made = Desk(started)
    made.price(60_000)
    made.caller.order(quantity="0.01")
    yield made
    made.operator.post("/calm")
    made.caller.signed("DELETE", f"{MARGIN}/openOrders", **ISOLATED)
    made.price(60_000)
    free = Decimal(made.side("baseAsset")["free"]).quantize(Decimal("0.00001"), "ROUND_FLOOR")
    made.caller.order(side="SELL", quantity=str(free))
    assert (made.side("quoteAsset")["locked"], made.side("baseAsset")["locked"]) == ("0", "0")


def both(caller: Caller, **values: object) -> Came:
    return caller.signed("POST", f"{MARGIN}/order/oco", **(ISOLATED | SOLD | values))


def listed(caller: Caller, path: str, **values: object) -> Any:
    return caller.signed("GET", f"{MARGIN}/{path}", **(ISOLATED | values)).json


def statuses(desk: Desk, placed: Came) -> dict[str, str]:
    """How each of the two stands, by its type."""
    found = [
        desk.caller.signed("GET", f"{MARGIN}/order", orderId=one["orderId"], **ISOLATED).json
        for one in placed.json["orders"]
    ]
    return {order["type"]: order["status"] for order in found}


def test_what_is_taken_is_found_in_each_way(desk: Desk) -> None:
    placed = both(desk.caller, listClientOrderId="pair-1", stopClientOrderId="s-1").json
    number = placed["orderListId"]
    found = listed(desk.caller, "orderList", orderListId=number)
    by_name = listed(desk.caller, "orderList", origClientOrderId="pair-1")
    lists = listed(desk.caller, "openOrderList")
    every = listed(desk.caller, "allOrderList", fromId=number)
    resting = desk.caller.signed("GET", f"{MARGIN}/openOrders", **ISOLATED).json

    assert (placed["contingencyType"], placed["listOrderStatus"]) == ("OCO", "EXECUTING")
    assert {key: placed[key] for key in placed if key != "orderReports"} == found
    assert [found] == lists == every
    assert by_name == found
    reports = {report["type"]: report for report in placed["orderReports"]}
    assert reports.keys() == {"STOP_LOSS", "LIMIT_MAKER"}
    assert reports["STOP_LOSS"]["stopPrice"] == "59000"
    assert reports["STOP_LOSS"]["clientOrderId"] == "s-1"
    assert {order["orderId"] for order in resting} == {one["orderId"] for one in found["orders"]}


@pytest.mark.parametrize(
    ("values", "side", "held"),
    [
        ({}, "baseAsset", "0.009"),
        (BOUGHT, "quoteAsset", "610"),
        (
            BOUGHT | {"stopLimitPrice": "50000", "stopLimitTimeInForce": "GTC"},
            "quoteAsset",
            "590",
        ),
    ],
    ids=["a sale", "a purchase", "a purchase whose limit is dearer"],
)
def test_what_either_spends_is_held_back_once(
    values: dict[str, str], side: str, held: str, desk: Desk
) -> None:
    placed = both(desk.caller, **values)

    assert placed.status == 200, placed.text
    assert desk.side(side)["locked"] == held


@pytest.mark.parametrize(
    ("values", "price", "after"),
    [
        ({}, 61_000, {"LIMIT_MAKER": "FILLED", "STOP_LOSS": "EXPIRED"}),
        ({}, 58_900, {"LIMIT_MAKER": "EXPIRED", "STOP_LOSS": "FILLED"}),
        (BOUGHT, 59_000, {"LIMIT_MAKER": "FILLED", "STOP_LOSS": "EXPIRED"}),
        (BOUGHT, 61_100, {"LIMIT_MAKER": "EXPIRED", "STOP_LOSS": "FILLED"}),
        (
            BOUGHT | {"stopLimitPrice": "50000", "stopLimitTimeInForce": "GTC"},
            61_000,
            {"LIMIT_MAKER": "EXPIRED", "STOP_LOSS_LIMIT": "NEW"},
        ),
    ],
    ids=["sold above", "sold below", "bought below", "bought above", "rests alone"],
)
def test_one_that_is_met_ends_the_other(
    values: dict[str, str], price: int, after: dict[str, str], desk: Desk
) -> None:
    placed = both(desk.caller, **values)
    desk.price(price)

    assert statuses(desk, placed) == after
    done = "NEW" not in after.values()
    [told] = listed(desk.caller, "allOrderList", fromId=placed.json["orderListId"])
    assert told["listOrderStatus"] == ("ALL_DONE" if done else "EXECUTING")
    locked = {desk.side(side)["locked"] for side in ("baseAsset", "quoteAsset")}
    assert locked == ({"0"} if done else {"0", "500"})


def test_a_list_is_cancelled_whole_by_its_id_by_a_leg_and_with_everything(desk: Desk) -> None:
    by_id, by_leg, by_all = (f"{MARGIN}/orderList", f"{MARGIN}/order", f"{MARGIN}/openOrders")
    first = both(desk.caller, listClientOrderId="a")
    a = desk.caller.signed("DELETE", by_id, listClientOrderId="a", newClientOrderId="c", **ISOLATED)
    second = both(desk.caller)
    leg = second.json["orders"][1]["orderId"]
    b = desk.caller.signed("DELETE", by_leg, orderId=leg, **ISOLATED)
    third = both(desk.caller)
    c = desk.caller.signed("DELETE", by_all, **ISOLATED)
    late = desk.caller.signed("DELETE", by_id, listClientOrderId="a", **ISOLATED)

    assert [statuses(desk, one) for one in (first, second, third)] == [
        {"STOP_LOSS": "CANCELED", "LIMIT_MAKER": "CANCELED"}
    ] * 3
    assert (a.json["listOrderStatus"], len(a.json["orderReports"])) == ("ALL_DONE", 2)
    assert {report["clientOrderId"] for report in a.json["orderReports"]} == {"c"}
    assert b.json["status"] == "CANCELED"
    assert [row["contingencyType"] for row in c.json] == ["OCO"]
    assert (late.status, late.code) == (400, -2011)
    assert desk.side("baseAsset")["locked"] == "0"


def test_a_list_is_told_on_the_users_stream(desk: Desk, started: Started) -> None:
    values = {"symbol": "BTCUSDT", "isIsolated": "true"}
    token = desk.caller.signed("POST", "/sapi/v1/userListenToken", **values).json["token"]
    say = {"id": 1, "method": DAY, "params": {"listenToken": token}}

    def lives(_: int) -> None:
        both(desk.caller, listClientOrderId="told")
        desk.price(61_000)

    frames = heard(f"{started.ws}/ws-api/v3", lives, 1, say=say, least=7)
    events = [json.loads(frame).get("event", {}) for frame in frames[1:-1]]
    told = [
        (event["e"], event.get("x", event.get("l")), event.get("o"), event.get("eR"))
        for event in events
        if event["e"] in ("executionReport", "listStatus")
    ]

    assert told == [
        ("listStatus", "EXEC_STARTED", None, None),
        ("executionReport", "NEW", "STOP_LOSS", None),
        ("executionReport", "NEW", "LIMIT_MAKER", None),
        ("executionReport", "EXPIRED", "STOP_LOSS", "OCO_TRIGGER"),
        ("executionReport", "TRADE", "LIMIT_MAKER", None),
        ("listStatus", "ALL_DONE", None, None),
    ]
    lists = {event["g"] for event in events if event["e"] in ("executionReport", "listStatus")}
    assert len(lists) == 1
    assert -1 not in lists


REFUSED: dict[str, tuple[dict[str, str], int]] = {
    "prices the wrong way": ({"price": "59000", "stopPrice": "61000"}, -2010),
    "both above": ({"price": "62000", "stopPrice": "61000"}, -2010),
    "more than there is": ({"quantity": "0.02"}, -2010),
    "one id for both": ({"limitClientOrderId": "x", "stopClientOrderId": "x"}, -2010),
    "no stop": ({"stopPrice": ""}, -1102),
    "a limit without its time": ({"stopLimitPrice": "58000"}, -1102),
    "a time without a limit": ({"stopLimitTimeInForce": "GTC"}, -1106),
    "off the grid": ({"price": "61000.001"}, -1013),
    "it would borrow": ({"sideEffectType": "MARGIN_BUY"}, -1014),
    "a piece at a time": ({"stopIcebergQty": "0.001"}, -2010),
    "an id that is none": ({"listClientOrderId": "a b"}, -1100),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, desk: Desk) -> None:
    values, code = REFUSED[name]
    came = both(desk.caller, **values)

    assert (came.status, came.code) == (400, code), came.text
    assert listed(desk.caller, "openOrderList") == []


def test_an_open_lists_id_is_refused(desk: Desk) -> None:
    half = {"quantity": "0.004", "listClientOrderId": "once"}
    first, again = both(desk.caller, **half), both(desk.caller, **half)

    assert (first.status, again.code) == (200, -2010)


def test_a_lost_answer_leaves_the_pair_resting(desk: Desk) -> None:
    line = desk.operator.fault(kind="backend_timeout", request="insurance", nth=1)
    came = both(desk.caller, listClientOrderId="lost")

    assert (came.status, came.code) == (504, -1007)
    assert desk.operator.struck(line) == 1
    assert [row["listClientOrderId"] for row in listed(desk.caller, "openOrderList")] == ["lost"]


def test_lists_survive_the_venue(tmp_path: Path) -> None:
    with venue("--by-hand", "--state-dir", str(tmp_path)) as first:
        caller = Caller(first.rest)
        caller.order(quantity="0.01")
        placed = both(caller)
    with venue("--by-hand", "--state-dir", str(tmp_path)) as second:
        desk = Desk(second)
        kept = listed(desk.caller, "openOrderList")
        desk.price(61_000)
        after = statuses(desk, placed)

    assert [row["orderListId"] for row in kept] == [placed.json["orderListId"]]
    assert after == {"LIMIT_MAKER": "FILLED", "STOP_LOSS": "EXPIRED"}

"""Orders with a price of their own: what rests, what it holds back, how it is met and told.

Amounts are the default account's: 10,000 USDT, BTCUSDT at 60,000, no debt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.venue.caller import Caller, Came, Operator, heard
from tests.contract.venue.harness import Started, venue

ORDER, OPEN = "/sapi/v1/margin/order", "/sapi/v1/margin/openOrders"
ISOLATED = {"symbol": "BTCUSDT", "isIsolated": "TRUE"}
LIMIT = {"type": "LIMIT", "timeInForce": "GTC"}


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand") as one:
        yield one


class Desk:
    """One caller and the hand on the price, between whom nothing is left over."""

    def __init__(self, started: Started) -> None:
        self.started = started
        self.caller = Caller(started.rest)
        self.operator = Operator(started.told["operator"])

    def price(self, price: int) -> None:
        self.operator.post("/price", symbol="BTCUSDT", price=str(price))

    def query(self, placed: Came) -> dict[str, Any]:
        order_id = placed.json["orderId"]
        found: dict[str, Any] = self.caller.signed("GET", ORDER, orderId=order_id, **ISOLATED).json
        return found

    def cancel(self, placed: Came) -> Came:
        return self.caller.signed("DELETE", ORDER, orderId=placed.json["orderId"], **ISOLATED)

    def side(self, name: str) -> dict[str, str]:
        """One asset of the pair."""
        came = self.caller.signed("GET", "/sapi/v1/margin/isolated/account", symbols="BTCUSDT")
        found: dict[str, str] = came.json["assets"][0][name]
        return found

    def trades(self, placed: Came) -> list[dict[str, Any]]:
        path, order_id = "/sapi/v1/margin/myTrades", placed.json["orderId"]
        rows: list[dict[str, Any]] = self.caller.signed(
            "GET", path, orderId=order_id, **ISOLATED
        ).json
        return rows


@pytest.fixture
def desk(started: Started) -> Iterator[Desk]:
    made = Desk(started)
    made.price(60_000)
    yield made
    made.operator.post("/calm")
    made.caller.signed("DELETE", OPEN, **ISOLATED)
    made.price(60_000)
    free = Decimal(made.side("baseAsset")["free"]).quantize(Decimal("0.00001"), "ROUND_FLOOR")
    if free > Decimal("0.0005"):
        made.caller.order(side="SELL", quantity=str(free), sideEffectType="AUTO_REPAY")
    assert made.side("quoteAsset")["locked"] == "0"


def test_a_limit_rests_is_found_and_is_met_as_a_maker(desk: Desk) -> None:
    placed = desk.caller.order(price="59000", **LIMIT)
    resting = desk.query(placed)
    locked = desk.side("quoteAsset")["locked"]
    [found] = desk.caller.signed("GET", OPEN, **ISOLATED).json
    desk.price(58_900)
    met = desk.query(placed)
    [trade] = desk.trades(placed)

    assert (placed.json["status"], placed.json["fills"]) == ("NEW", [])
    assert (placed.json["price"], placed.json["timeInForce"]) == ("59000", "GTC")
    assert locked == "590"
    assert found == resting
    assert (resting["type"], resting["isWorking"], resting["price"]) == (
        *("LIMIT", True),
        "59000.00000000",
    )
    assert (met["status"], met["executedQty"]) == ("FILLED", "0.01000000")
    assert (trade["isMaker"], trade["price"]) == (True, "59000.00000000")
    assert desk.side("quoteAsset")["locked"] == "0"


def test_a_limit_that_crosses_takes_at_the_better_price(desk: Desk) -> None:
    book = desk.caller.public("ticker/bookTicker", symbol="BTCUSDT").json

    placed = desk.caller.order(price="61000", **LIMIT)
    [trade] = desk.trades(placed)

    [fill] = placed.json["fills"]
    assert placed.json["status"] == "FILLED"
    assert Decimal(fill["price"]) == Decimal(book["askPrice"])
    assert trade["isMaker"] is False


def test_a_maker_is_refused_at_the_ask_and_rests_below_it(desk: Desk) -> None:
    ask = desk.caller.public("ticker/bookTicker", symbol="BTCUSDT").json["askPrice"]
    below = Decimal(ask) - Decimal("0.01")

    refused = desk.caller.order(type="LIMIT_MAKER", price=ask)
    placed = desk.caller.order(type="LIMIT_MAKER", price=str(below))

    assert (refused.status, refused.code) == (400, -2010)
    assert refused.json["msg"] == "Order would immediately match and take."
    assert placed.json.keys() == {
        *("symbol", "orderId", "clientOrderId", "isIsolated", "transactTime"),
    }
    assert desk.query(placed)["status"] == "NEW"


@pytest.mark.parametrize("force", ["IOC", "FOK"])
def test_what_may_not_wait_expires(force: str, desk: Desk) -> None:
    placed = desk.caller.order(type="LIMIT", price="59000", timeInForce=force)

    assert (placed.json["status"], placed.json["timeInForce"]) == ("EXPIRED", force)
    assert desk.query(placed)["timeInForce"] == force
    assert desk.caller.signed("GET", OPEN, **ISOLATED).json == []


def test_a_profit_is_taken_above_and_not_below(desk: Desk) -> None:
    desk.caller.order(quantity="0.02")
    sells = {"side": "SELL", "quantity": "0.009"}
    early = desk.caller.order(type="TAKE_PROFIT", stopPrice="59000", **sells)
    taken = desk.caller.order(type="TAKE_PROFIT", stopPrice="61000", **sells)
    limited = desk.caller.order(
        type="TAKE_PROFIT_LIMIT", stopPrice="61500", price="61400", timeInForce="GTC", **sells
    )
    waiting = [desk.query(one) for one in (taken, limited)]
    desk.price(61_000)
    halfway = [desk.query(one)["status"] for one in (taken, limited)]
    desk.price(61_500)

    assert (early.code, early.json["msg"]) == (-2010, "Order would trigger immediately.")
    assert [one["isWorking"] for one in waiting] == [False, False]
    assert waiting[1]["stopPrice"] == "61500.00000000"
    assert halfway == ["FILLED", "NEW"]
    assert desk.query(limited)["status"] == "FILLED"


def test_a_limit_that_borrows_gives_its_loan_back_when_cancelled(desk: Desk) -> None:
    size = {"quantity": "0.5", "price": "50000", **LIMIT}
    kept = desk.caller.order(
        sideEffectType="MARGIN_BUY", autoRepayAtCancel="FALSE", newOrderRespType="RESULT", **size
    )
    desk.cancel(kept)
    owed = Decimal(desk.side("quoteAsset")["borrowed"])
    again = desk.caller.order(sideEffectType="MARGIN_BUY", **size)
    cancelled = desk.cancel(again)
    quote = desk.side("quoteAsset")

    assert Decimal(kept.json["marginBuyBorrowAmount"]) == owed > 14_000
    assert "fills" not in kept.json
    assert "marginBuyBorrowAmount" not in again.json
    assert cancelled.json["status"] == "CANCELED"
    assert Decimal(quote["borrowed"]) == owed, "what was kept is not this order's to repay"
    free, interest = Decimal(quote["free"]), Decimal(quote["interest"])
    assert free > owed + interest
    desk.operator.post("/clock", ahead_ms=500)  # a loan is busy for a moment after it moved
    repaid = desk.caller.signed(
        *("POST", "/sapi/v1/margin/borrow-repay"),
        asset="USDT",
        amount=owed + interest,
        type="REPAY",
        **ISOLATED,
    )
    assert repaid.status == 200
    lent = desk.caller.order(sideEffectType="MARGIN_BUY", **size)
    desk.cancel(lent)
    after = desk.side("quoteAsset")
    assert Decimal(lent.json["marginBuyBorrowAmount"]) > 14_000
    assert (after["borrowed"], after["interest"], after["locked"]) == ("0", "0", "0")


def test_a_short_that_borrows_and_repays_by_itself(desk: Desk) -> None:
    effect = {"sideEffectType": "AUTO_BORROW_REPAY", "quantity": "0.01"}
    sold = desk.caller.order(side="SELL", price="59000", **LIMIT, **effect)
    owed = desk.side("baseAsset")
    bought = desk.caller.order(**effect | {"quantity": "0.01002"})
    base = desk.side("baseAsset")

    assert sold.json["status"] == "FILLED"
    assert sold.json["marginBuyBorrowAsset"] == "BTC"
    assert Decimal(owed["borrowed"]) == Decimal("0.01")
    assert bought.json["status"] == "FILLED"
    assert (base["borrowed"], base["interest"]) == ("0", "0")


def test_a_limit_is_told_on_the_users_stream(desk: Desk) -> None:
    token = desk.caller.ask("POST", "/sapi/v1/userListenToken", "symbol=BTCUSDT&isIsolated=true")
    say = {"id": "u", "method": "userDataStream.subscribe.listenToken"}
    asked = {**say, "params": {"listenToken": token.json["token"]}}

    def live(_: int) -> None:
        desk.caller.order(price="59000", **LIMIT)
        desk.caller.order(type="LIMIT", price="58000", timeInForce="IOC")
        desk.price(58_500)

    frames = heard(f"{desk.started.ws}/ws-api/v3", live, 1, say=asked, quiet_s=1.0)
    events = [json.loads(frame)["event"] for frame in frames[1:-1]]
    reports = [event for event in events if event["e"] == "executionReport"]
    held = [event["B"][1] for event in events if event["e"] == "outboundAccountPosition"]

    told = [(event["o"], event["f"], event["x"], event["X"], event["m"]) for event in reports]
    assert told == [
        ("LIMIT", "GTC", "NEW", "NEW", False),
        ("LIMIT", "IOC", "NEW", "NEW", False),
        ("LIMIT", "IOC", "EXPIRED", "EXPIRED", False),
        ("LIMIT", "GTC", "TRADE", "FILLED", True),
    ]
    assert [event["p"] for event in reports[::3]] == ["59000.00000000"] * 2
    assert reports[2]["eR"] == "UNFILLED_IOC_QUANTITY_EXPIRED"
    assert held[-1]["l"] == "0.00000000"


SELL = {"side": "SELL", "quantity": "0.005"}
REFUSED = {
    "no price": ({**LIMIT}, -1102),
    "no time in force": ({"type": "LIMIT", "price": "59000"}, -1102),
    "a time in force that is none": (
        {"type": "LIMIT", "price": "59000", "timeInForce": "DAY"}, -1115,
    ),
    "a maker with a time in force": (
        {"type": "LIMIT_MAKER", "price": "59000", "timeInForce": "GTC"}, -1106,
    ),
    "a limit with a trigger": ({**LIMIT, "price": "59000", "stopPrice": "58000"}, -1106),
    "a limit in quote": ({**LIMIT, "price": "59000", "quoteOrderQty": "100"}, -1106),
    "off the tick": ({**LIMIT, "price": "59000.001"}, -1013),
    "worth too little": ({**LIMIT, "price": "59000", "quantity": "0.00002"}, -1013),
    "more than there is": ({**LIMIT, "price": "59000", "quantity": "0.5"}, -2010),
    "more than is lent": (
        {**LIMIT, "price": "59000", "quantity": "5", "sideEffectType": "MARGIN_BUY"}, -3006,
    ),
    "a profit without a trigger": ({"type": "TAKE_PROFIT", **SELL}, -1102),
    "a profit that borrows": (
        {"type": "TAKE_PROFIT", "stopPrice": "61000", "sideEffectType": "MARGIN_BUY", **SELL},
        -1014,
    ),
    "an iceberg": ({**LIMIT, "price": "59000", "icebergQty": "0.001"}, -2010),
    "a trailing stop": ({"type": "STOP_LOSS", "trailingDelta": "100", **SELL}, -2010),
    "a market order with a time in force": ({"timeInForce": "GTC"}, -1106),
    "an effect that is none": ({"sideEffectType": "BORROW"}, -1100),
    "a flag that is none": ({**LIMIT, "price": "59000", "autoRepayAtCancel": "maybe"}, -1100),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, desk: Desk) -> None:
    asked, code = REFUSED[name]

    came = desk.caller.order(**asked)

    assert (came.status, came.code) == (400, code), came.text
    assert desk.caller.signed("GET", OPEN, **ISOLATED).json == []

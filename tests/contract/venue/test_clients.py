"""Other people's clients believe the venue: a whole life on isolated margin, and four mistakes.

What is asserted is what the client made of the answers, not what the venue sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.venue.caller import Caller
from tests.contract.venue.harness import Started, client, venue

KEYS = """
[[key]]
api_key = "first"
secret = "of-the-first"

[[key]]
api_key = "second"
secret = "of-the-second"
account = "second"

[[key]]
api_key = "third"
secret = "of-the-third"
account = "third"

[[key]]
api_key = "fourth"
secret = "of-the-fourth"
account = "fourth"
"""
MISTAKES = {
    "wrong_secret": (400, -1022),
    "flipped_byte": (400, -1022),
    "old_timestamp": (400, -1021),
    "missing_parameter": (400, -1102),
}
SIDES = ("base_asset", "quote_asset")
FLOW = [
    *("TRANSFER", "BORROW", "TRADING_COMMISSION", "BUY_EXPENSE", "BUY_INCOME"),
    *("TRADING_COMMISSION", "SELL_EXPENSE", "SELL_INCOME", "REPAY"),
]
"""Of a long, as its money went."""
Note = Callable[[str, object], None]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    keys: Path = tmp_path_factory.mktemp("venue") / "keys.toml"
    keys.write_text(KEYS)
    with venue("--by-hand", "--credentials", str(keys)) as one:
        yield one


def debts(account: dict[str, Any]) -> list[Decimal]:
    [row] = account["assets"]
    return [
        Decimal(row[side][what])
        for side in ("baseAsset", "quoteAsset")
        for what in ("borrowed", "interest")
    ]


def hold_together(life: dict[str, Any], first: str) -> None:
    """What every life of ours shows, in Binance's own words."""
    entry, fills = life["entry"], life["entry"]["fills"]
    assert entry["status"] == "FILLED"
    assert entry["side"] == first
    assert entry["executedQty"] == entry["origQty"] == fills[0]["qty"]
    assert Decimal(entry["marginBuyBorrowAmount"]) == max(debts(life["held"]))
    [resting] = life["resting"]
    assert resting["clientOrderId"] == "stop-1"
    assert resting["orderId"] == life["stop"]["orderId"]
    assert resting["status"] == "NEW"
    assert life["cancelled"]["status"] == "CANCELED"
    assert life["cancelled"]["orderId"] == str(resting["orderId"])
    assert life["exit"]["status"] == life["queried"]["status"] == "FILLED"
    assert [order["status"] for order in life["orders"]] == ["FILLED", "CANCELED", "FILLED"]
    assert [trade["isBuyer"] for trade in life["trades"]] == [first == "BUY", first != "BUY"]
    assert debts(life["after"]) == [0, 0, 0, 0]


def understood(refusals: dict[str, list[Any]]) -> dict[str, tuple[int, int]]:
    return {name: (told[0], told[1]) for name, told in refusals.items()}


def test_binance_connector_lives_a_long(started: Started, record_property: Note) -> None:
    found = client("connector", started.rest, "first", "of-the-first")
    life = found["life"]

    hold_together(life, "BUY")
    assert life["entry"]["marginBuyBorrowAsset"] == "USDT"
    assert life["entry"]["fills"][0]["commissionAsset"] == "BTC"
    assert life["interest"]["total"] == 1
    assert life["interest"]["rows"][0]["type"] == "ON_BORROW"
    assert len(life["market"]["klines"]) == 3
    assert life["market"]["book"]["askPrice"] == life["trades"][0]["price"]
    assert life["market"]["info"]["symbols"][0]["isMarginTradingAllowed"] is True
    assert understood(found["refusals"]) == MISTAKES
    record_property("note", "venue: binance-connector lived a long, made 4 mistakes")


def test_python_binance_lives_a_short(started: Started, record_property: Note) -> None:
    found = client("python_binance", started.rest, "second", "of-the-second")
    life, heard = found["life"], found["streamed"]

    hold_together(life, "SELL")
    assert life["entry"]["marginBuyBorrowAsset"] == "BTC"
    assert life["resting"][0]["type"] == "STOP_LOSS_LIMIT"
    assert life["repaid"]["rows"][0]["type"] == "AUTO"
    kinds = [event["e"] for event in heard["user"]]
    assert kinds == ["executionReport", "executionReport", "outboundAccountPosition"]
    assert [event["x"] for event in heard["user"][:2]] == ["NEW", "TRADE"]
    assert heard["user"][1]["X"] == "FILLED"
    assert {frame["stream"] for frame in heard["market"]} == {
        "btcusdt@bookTicker",
        "btcusdt@kline_15m",
    }
    assert understood(found["refusals"]) == MISTAKES
    record_property("note", "venue: python-binance lived a short, heard 5 events, made 4 mistakes")


def test_ccxt_lives_a_long_in_its_own_words(started: Started, record_property: Note) -> None:
    found = client("ccxt_", started.rest, "third", "of-the-third")
    life = found["life"]

    assert life["market"]["precision"]["price"] == 0.01
    assert life["entry"]["status"] == "closed"
    assert life["entry"]["filled"] == life["entry"]["amount"] == 0.1
    assert life["entry"]["fee"] == {"currency": "BTC", "cost": 0.0001}
    assert life["held"]["USDT"]["debt"] > 900
    [resting] = life["resting"]
    assert resting["id"] == life["stop"]["id"]
    assert resting["status"] == "open"
    assert resting["triggerPrice"] > 0
    assert life["cancelled"]["status"] == "canceled"
    house, limits = life["house"], life["limits"]
    assert (house["status"], house["fee"]["taker"]) == ("ok", 0.001)
    assert house["ticker"]["bid"] < house["ticker"]["last"] < house["ticker"]["ask"]
    assert house["spot"] == {"BTC": 0.0, "USDT": 0.0}
    resting, maker, profit = limits["resting"], limits["maker"], limits["profit"]
    assert (resting["status"], resting["type"], resting["timeInForce"]) == ("open", "limit", "GTC")
    assert (maker["status"], maker["postOnly"]) == ("canceled", True)
    assert profit["triggerPrice"] > house["ticker"]["last"]
    assert limits["at_once"]["status"] == "expired"
    assert limits["refused"] == "OrderImmediatelyFillable"
    assert limits["found"] == [resting["id"], maker["id"], profit["id"]]
    assert life["exit"]["status"] == life["queried"]["status"] == "closed"
    assert [trade["side"] for trade in life["trades"]] == ["buy", "sell"]
    assert life["debt"] == {"BTC": 0.0, "USDT": 0.0}
    assert len(life["bars"]) == 3
    told = found["refusals"]
    assert {name: code in told[name] for name, (_, code) in _texts().items()} == dict.fromkeys(
        MISTAKES, True
    )
    record_property("note", "venue: ccxt lived a long in unified objects, made 4 mistakes")


def _texts() -> dict[str, tuple[int, str]]:
    return {name: (status, f'"code":{code}') for name, (status, code) in MISTAKES.items()}


def test_the_official_margin_sdk_lives_a_long_in_its_own_models(
    started: Started, record_property: Note
) -> None:
    """It moves no money, so its account is funded for it; it has no token and no user stream."""
    funded = Caller(started.rest, "fourth", "of-the-fourth").signed(
        *("POST", "/sapi/v1/asset/transfer"),
        type="MARGIN_ISOLATEDMARGIN",
        asset="USDT",
        amount=10_000,
        toSymbol="BTCUSDT",
    )
    assert funded.status == 200
    found = client("margin_sdk", started.rest, "fourth", "of-the-fourth")
    life = found["life"]

    [tier], [fees], [held] = life["tier"], life["fees"], life["held"]["assets"]
    assert tier["effective_multiple"] == fees["leverage"] == held["margin_ratio"]
    assert [each["coin"] for each in fees["data"]] == ["BTC", "USDT"]
    assert Decimal(life["lent"]["amount"]) > 0
    # Its model takes whole loans only: one with decimals it hands over as it came.
    assert (life["entry"]["of"], life["entry"]["status"]) == ("dict", "FILLED")
    debt = Decimal(held["quote_asset"]["borrowed"])
    assert Decimal(life["entry"]["marginBuyBorrowAmount"]) == debt > 0
    [resting] = life["resting"]
    assert (resting["order_id"], resting["status"]) == (life["stop"]["order_id"], "NEW")
    assert life["cancelled"]["order_id"] == str(resting["order_id"])
    assert life["cancelled"]["status"] == "CANCELED"
    assert life["exit"]["of"] == "MarginAccountNewOrderResponse"
    assert life["exit"]["status"] == life["queried"]["status"] == "FILLED"
    assert [each["status"] for each in life["orders"]] == ["FILLED", "CANCELED", "FILLED"]
    assert [each["is_buyer"] for each in life["trades"]] == [True, False]
    [borrowed], [repaid] = life["borrowed"]["rows"], life["repaid"]["rows"]
    assert Decimal(borrowed["principal"]) == Decimal(repaid["principal"]) == debt
    [charge], [moved] = life["interest"]["rows"], life["transfers"]["rows"]
    assert (charge["type"], charge["interest"]) == ("ON_BORROW", repaid["interest"])
    assert (moved["type"], moved["amount"]) == ("ROLL_IN", "10000")
    assert [each["type"] for each in reversed(life["flow"])] == FLOW
    assert life["forced"]["rows"] == []
    [after] = life["after"]["assets"]
    owed = [after[side][what] for side in SIDES for what in ("borrowed", "interest")]
    assert owed == ["0"] * 4
    assert understood(found["refusals"]) == MISTAKES
    record_property("note", "venue: the official margin SDK lived a long, made 4 mistakes")

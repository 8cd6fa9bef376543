"""What clients ask before they trade, and the frames that come by the clock: forms and sense.

A recorded message, where there is one, is walked key by key; the other forms are the reference's
and Binance's documents'.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.contract.venue.caller import BOUND_S, Caller, Operator
from tests.contract.venue.harness import Started, venue
from tests.contract.venue.test_wire_types import form, is_form, like, payload

Note = Callable[[str, object], None]
ISOLATED = {"symbol": "BTCUSDT", "isIsolated": "TRUE"}
DAY = {
    "symbol": "text", "priceChange": "padded", "priceChangePercent": "decimal",
    "weightedAvgPrice": "padded", "prevClosePrice": "padded", "lastPrice": "padded",
    "lastQty": "padded", "bidPrice": "padded", "bidQty": "padded", "askPrice": "padded",
    "askQty": "padded", "openPrice": "padded", "highPrice": "padded", "lowPrice": "padded",
    "volume": "padded", "quoteVolume": "padded", "openTime": "int", "closeTime": "int",
    "firstId": "int", "lastId": "int", "count": "int",
}  # fmt: skip
_BOOK = {"prevClosePrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty"}
_CHANGE = {"priceChange", "priceChangePercent", "weightedAvgPrice"}
ROLLING = {key: DAY[key] for key in DAY.keys() - _BOOK}
MINI = {key: DAY[key] for key in DAY.keys() - _BOOK - _CHANGE}
DEPTH = {"e": "text", "E": "int", "s": "text", "U": "int", "u": "int", "b": "list", "a": "list"}
TICKER = {
    **dict.fromkeys("es", "text"), **dict.fromkeys("pwxcQbBaAohlvq", "padded"),
    **dict.fromkeys("EOCFLn", "int"), "P": "decimal",
}  # fmt: skip
MINI_TICKER = {**dict.fromkeys("es", "text"), **dict.fromkeys("cohlvq", "padded"), "E": "int"}
AVERAGE = {"e": "text", "E": "int", "s": "text", "i": "text", "w": "padded", "T": "int"}


def fits(message: dict[str, Any], expected: dict[str, str]) -> None:
    assert message.keys() == expected.keys()
    wrong = {key: form(message[key]) for key in message if not is_form(message[key], expected[key])}
    assert wrong == {}


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand") as one:
        yield one


@pytest.fixture
def caller(started: Started) -> Caller:
    return Caller(started.rest)


# --- tickers -------------------------------------------------------------------------------------


def test_tickers_tell_one_day_in_their_forms(started: Started, caller: Caller) -> None:
    operator = Operator(started.told["operator"])
    for price in (61_000, 58_000, 59_000):
        operator.post("/price", symbol="BTCUSDT", price=str(price))

    day = caller.public("ticker/24hr", symbol="BTCUSDT").json
    [same] = caller.public("ticker/24hr").json
    mini = caller.public("ticker/24hr", symbol="BTCUSDT", type="MINI").json
    rolling = caller.public("ticker", symbol="BTCUSDT", windowSize="4h").json
    today = caller.public("ticker/tradingDay", symbol="BTCUSDT").json

    fits(day, DAY)
    fits(mini, MINI)
    fits(rolling, ROLLING)
    fits(today, ROLLING)
    assert same["symbol"] == day["symbol"] == "BTCUSDT"
    assert day["lastPrice"] == rolling["lastPrice"] == today["lastPrice"] == "59000.00000000"
    change = Decimal(day["lastPrice"]) - Decimal(day["openPrice"])
    assert Decimal(day["priceChange"]) == change
    assert Decimal(day["lowPrice"]) <= 58_000
    assert Decimal(day["highPrice"]) >= 61_000
    assert rolling["openTime"] > day["openTime"]
    assert today["openTime"] % 86_400_000 == 0


@pytest.mark.parametrize(
    ("path", "values", "code"),
    [
        ("ticker", {}, -1102),
        ("ticker", {"symbol": "BTCUSDT", "windowSize": "60m"}, -1100),
        ("ticker/24hr", {"symbol": "NOPE"}, -1121),
        ("ticker/24hr", {"symbol": "BTCUSDT", "type": "BIG"}, -1100),
    ],
)
def test_tickers_refuse(path: str, values: dict[str, str], code: int, caller: Caller) -> None:
    assert caller.public(path, **values).code == code


# --- quiet markets -------------------------------------------------------------------------------


def test_minutes_without_a_trade_are_flat_bars() -> None:
    with venue("--by-hand") as started:
        caller, operator = Caller(started.rest), Operator(started.told["operator"])
        operator.post("/price", symbol="BTCUSDT", price="61000")
        operator.post("/clock", ahead_ms=180_000)
        rows = caller.public("klines", symbol="BTCUSDT", interval="1m", limit=4).json
        since = caller.public(
            "klines", symbol="BTCUSDT", interval="1m", startTime=rows[1][0], limit=2
        ).json

        first, second = minutes(started, operator)

    assert [later[0] - row[0] for row, later in itertools.pairwise(rows)] == [60_000] * 3
    assert rows[-1][1:6] == [*["61000.00000000"] * 4, "0.00000000"]
    assert rows[-1][8] == 0
    assert since == rows[1:3]
    told = [(bar["x"], bar["c"], bar["v"], bar["n"], bar["f"]) for bar in (first, second)]
    flat = ("61000.00000000", "0.00000000", 0, -1)
    assert told == [(False, *flat), (True, *flat)]
    assert first["t"] == second["t"]


def minutes(started: Started, operator: Operator) -> list[dict[str, Any]]:
    """A bar as it forms, and as it is closed when its minute is over; nothing trades in it."""

    async def listen() -> list[dict[str, Any]]:
        bars = []
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{started.ws}/ws/btcusdt@kline_1m") as socket,
        ):
            bars.append((await socket.receive_json(timeout=BOUND_S))["k"])
            await asyncio.to_thread(operator.post, "/clock", ahead_ms=60_000)
            bars.append((await socket.receive_json(timeout=BOUND_S))["k"])
        return bars

    return asyncio.run(listen())


# --- frames --------------------------------------------------------------------------------------


async def until_all_spoke(started: Started, streams: list[str]) -> dict[str, Any]:
    """Frames by stream, until each has told one and the book, moved by hand, three changes; beside
    them the book as REST told it after the first change.
    """
    operator, caller = Operator(started.told["operator"]), Caller(started.rest)
    found: dict[str, Any] = {name: [] for name in streams}
    door = f"{started.ws}/stream?streams={'/'.join(streams)}"
    async with aiohttp.ClientSession() as session, session.ws_connect(door) as socket:
        price, changes = 59_500, found[streams[0]]
        while not all(found.values()) or len(changes) < 3 or not found[streams[1]]:
            frame = await socket.receive_json(timeout=BOUND_S)
            found[frame["stream"]].append(frame["data"])
            if frame["stream"] == streams[1] and len(changes) < 3:  # it is told each 100 ms
                price += 1
                await asyncio.to_thread(operator.post, "/price", symbol="BTCUSDT", price=str(price))
            if len(changes) == 1 and "snapshot" not in found:
                came = await asyncio.to_thread(caller.public, "depth", symbol="BTCUSDT")
                found["snapshot"] = came.json
    return found


def test_frames_that_come_by_the_clock(
    started: Started, tapes: Path | None, record_property: Note
) -> None:
    names = ["depth@100ms", "depth5@100ms", "ticker", "miniTicker", "avgPrice"]
    streams = [f"btcusdt@{name}" for name in names] + ["!ticker@arr", "!miniTicker@arr"]

    found = asyncio.run(until_all_spoke(started, streams))

    changes = found["btcusdt@depth@100ms"]
    for change in changes:
        fits(change, DEPTH)
    numbers = [change["u"] for change in changes]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] <= found["snapshot"]["lastUpdateId"] + 1 <= numbers[-1]
    bids = [frame["bids"][0][0] for frame in found["btcusdt@depth5@100ms"]]
    assert {change["b"][0][0] for change in changes[1:]} <= set(bids), "what a change takes away"
    fits(found["btcusdt@ticker"][-1], TICKER)
    fits(found["btcusdt@miniTicker"][-1], MINI_TICKER)
    fits(found["btcusdt@avgPrice"][-1], AVERAGE)
    assert found["!ticker@arr"][0][0].keys() == TICKER.keys()
    assert found["!miniTicker@arr"][0][0].keys() == MINI_TICKER.keys()
    walked = 0
    if tapes is not None:
        for sample in payload(tapes, "ws_market_samples_20240808")["depth@100ms"]:
            walked += like(changes[0], sample["message"]["data"])
        assert walked == 21
    record_property("note", f"venue: {len(changes)} changes of the book, {walked} keys walked")


# --- before it trades ----------------------------------------------------------------------------

SAPI, MARGIN, V3 = "/sapi/v1", "/sapi/v1/margin", "/api/v3"
ANSWERED: dict[str, tuple[str, str, dict[str, str], Callable[[Any], bool]]] = {
    "system": ("GET", f"{SAPI}/system/status", {}, lambda said: said["status"] == 0),
    "status": ("GET", f"{SAPI}/account/status", {}, lambda said: said == {"data": "Normal"}),
    "locks": (
        "GET", f"{SAPI}/account/apiTradingStatus", {}, lambda said: not said["data"]["isLocked"],
    ),
    "fees": (
        "GET", f"{SAPI}/asset/tradeFee", {"symbol": "BTCUSDT"},
        lambda said: said[0]["takerCommission"] == "0.001",
    ),
    "coins": (
        "GET", f"{SAPI}/capital/config/getall", {},
        lambda said: [row["coin"] for row in said] == ["BTC", "USDT"],
    ),
    "assets": (
        "GET", f"{MARGIN}/allAssets", {}, lambda said: all(row["isBorrowable"] for row in said),
    ),
    "rates": (
        "GET", f"{MARGIN}/interestRateHistory", {"asset": "USDT"},
        lambda said: Decimal(said[0]["dailyInterestRate"]) > 0,
    ),
    "inventory": (
        "GET", f"{MARGIN}/available-inventory", {"type": "ISOLATED"},
        lambda said: said["assets"].keys() == {"BTC", "USDT"},
    ),
    "delisting": ("GET", f"{MARGIN}/delist-schedule", {}, lambda said: said == []),
    "spot": (
        "GET", f"{V3}/account", {}, lambda said: {row["free"] for row in said["balances"]} == {
            "0.00000000"
        },
    ),
    "commission": (
        "GET", f"{V3}/account/commission", {"symbol": "BTCUSDT"},
        lambda said: said["standardCommission"]["taker"] == "0.00100000",
    ),
    "spot orders": ("GET", f"{V3}/openOrders", {}, lambda said: said == []),
    "lists": ("GET", f"{MARGIN}/openOrderList", ISOLATED, lambda said: said == []),
    "bars": (
        "GET", f"{V3}/uiKlines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "2"},
        lambda said: len(said) == 2,
    ),
    "burn": (
        "POST", f"{SAPI}/bnbBurn", {"spotBNBBurn": "true"},
        lambda said: said == {"spotBNBBurn": True, "interestBNBBurn": False},
    ),
}  # fmt: skip
LIST = {"side": "SELL", "quantity": "1", "price": "61000", "stopPrice": "59000"}
REFUSED = {
    "cross": ("GET", f"{MARGIN}/account", {}, -3003),
    "coefficient": ("GET", f"{MARGIN}/tradeCoeff", {}, -3003),
    "oto": ("POST", f"{MARGIN}/order/oto", {**ISOLATED, "side": "SELL"}, -2010),
    "otoco": ("POST", f"{MARGIN}/order/otoco", {**ISOLATED, "side": "SELL"}, -2010),
    "oco on cross": ("POST", f"{MARGIN}/order/oco", {**LIST, "symbol": "BTCUSDT"}, -3003),
    "a list": ("GET", f"{MARGIN}/orderList", {**ISOLATED, "orderListId": "1"}, -2013),
    "cancel of a list": ("DELETE", f"{MARGIN}/orderList", {**ISOLATED, "orderListId": "1"}, -2011),
    "spot order": ("POST", f"{V3}/order", {"symbol": "BTCUSDT", "side": "BUY"}, -2010),
    "spot query": ("GET", f"{V3}/order", {"symbol": "BTCUSDT", "orderId": "1"}, -2013),
    "no asset": ("GET", f"{MARGIN}/interestRateHistory", {"asset": "EUR"}, -3027),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERED)
def test_answered(name: str, caller: Caller) -> None:
    method, path, values, holds = ANSWERED[name]
    signs = path.startswith(SAPI) or "account" in path or "Orders" in path
    keyed = path.endswith(("allAssets", "delist-schedule", "system/status"))

    query = "&".join(f"{key}={value}" for key, value in values.items())
    came = (
        caller.signed(method, path, **values)
        if signs and not keyed
        else caller.ask(method, path, query)
    )

    assert came.status == 200, came.text
    assert holds(came.json), came.text


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, caller: Caller) -> None:
    method, path, values, code = REFUSED[name]

    came = caller.signed(method, path, **values)

    assert (came.status, came.code) == (400, code), came.text


def test_transfers_are_listed_by_their_kind(caller: Caller) -> None:
    for kind, name in (
        ("MARGIN_ISOLATEDMARGIN", "toSymbol"),
        ("ISOLATEDMARGIN_MARGIN", "fromSymbol"),
    ):
        values = {"type": kind, "asset": "USDT", "amount": "7", name: "BTCUSDT"}
        sent = caller.signed("POST", f"{SAPI}/asset/transfer", **values).json
        listed = caller.signed("GET", f"{SAPI}/asset/transfer", type=kind).json
        row = listed["rows"][0]
        assert (row["tranId"], row["amount"], row[name]) == (sent["tranId"], "7", "BTCUSDT")

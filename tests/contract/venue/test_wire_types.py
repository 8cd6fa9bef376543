"""What the venue sends has the keys and types of what Binance was recorded sending, key by key.

The forms below are the reference's. Where recordings are at hand, each of their keys is walked and
has to be there, in the same form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.venue.caller import Caller, Operator, heard
from tests.contract.venue.harness import Started, venue

Note = Callable[[str, object], None]
ISOLATED = {"symbol": "BTCUSDT", "isIsolated": "TRUE"}
_PADDED, _DECIMAL = re.compile(r"-?\d+\.\d{8}"), re.compile(r"-?\d+(\.\d+)?")


def form(value: object) -> str:
    """The type on the wire: whether a decimal is padded to eight places is part of it."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case None:
            return "null"
        case str() if _PADDED.fullmatch(value):
            return "padded"
        case str() if _DECIMAL.fullmatch(value):
            return "decimal"
        case str():
            return "text"
        case list():
            return "list"
    return "object"


def is_form(value: object, expected: str) -> bool:
    """Whether it has a form; a trimmed decimal may happen to have eight places."""
    if expected == "decimal" and isinstance(value, str) and _PADDED.fullmatch(value):
        return not value.endswith("0")
    return form(value) == expected


def forms(message: dict[str, Any], expected: dict[str, str]) -> dict[str, str]:
    """The forms of a message, as they are expected where they fit."""
    return {
        key: expected[key] if key in expected and is_form(value, expected[key]) else form(value)
        for key, value in message.items()
    }


# --- what the reference says ---------------------------------------------------------------------

TEXT = dict.fromkeys
ORDER_FULL = {
    "symbol": "text", "orderId": "int", "clientOrderId": "text", "isIsolated": "bool",
    "transactTime": "int", "price": "decimal", "origQty": "decimal", "executedQty": "decimal",
    "cummulativeQuoteQty": "decimal", "status": "text", "timeInForce": "text", "type": "text",
    "side": "text", "selfTradePreventionMode": "text", "marginBuyBorrowAmount": "decimal",
    "marginBuyBorrowAsset": "text", "fills": "list",
}  # fmt: skip
FILL = {
    "price": "decimal", "qty": "decimal", "commission": "decimal", "commissionAsset": "text",
    "tradeId": "int",
}  # fmt: skip
QUERY = {
    "clientOrderId": "text", "cummulativeQuoteQty": "padded", "executedQty": "padded",
    "icebergQty": "padded", "isWorking": "bool", "orderId": "int", "origQty": "padded",
    "price": "padded", "side": "text", "status": "text", "stopPrice": "padded", "symbol": "text",
    "isIsolated": "bool", "time": "int", "timeInForce": "text", "type": "text",
    "selfTradePreventionMode": "text", "updateTime": "int",
}  # fmt: skip
CANCEL = {
    "symbol": "text", "orderId": "decimal", "origClientOrderId": "text", "clientOrderId": "text",
    "price": "decimal", "origQty": "decimal", "executedQty": "decimal",
    "cummulativeQuoteQty": "decimal", "status": "text", "timeInForce": "text", "type": "text",
    "side": "text", "isIsolated": "bool", "selfTradePreventionMode": "text",
}  # fmt: skip
TRADE = {
    "commission": "padded", "commissionAsset": "text", "id": "int", "isBestMatch": "bool",
    "isBuyer": "bool", "isMaker": "bool", "orderId": "int", "price": "padded", "qty": "padded",
    "symbol": "text", "isIsolated": "bool", "time": "int",
}  # fmt: skip
PAIR = {
    "baseAsset": "object", "quoteAsset": "object", "symbol": "text", "isolatedCreated": "bool",
    "enabled": "bool", "marginLevel": "decimal", "marginLevelStatus": "text",
    "marginRatio": "decimal", "indexPrice": "decimal", "liquidatePrice": "decimal",
    "liquidateRate": "decimal", "tradeEnabled": "bool",
}  # fmt: skip
SIDE = {
    "asset": "text", "borrowEnabled": "bool", "borrowed": "decimal", "free": "decimal",
    "interest": "decimal", "locked": "decimal", "netAsset": "decimal", "netAssetOfBtc": "decimal",
    "repayEnabled": "bool", "totalAsset": "decimal",
}  # fmt: skip
REPORT = {
    **dict.fromkeys("sScofCxXrVe", "text"), **dict.fromkeys("qpPFlzLZYQ", "padded"),
    **dict.fromkeys("EgiTtIOW", "int"), **dict.fromkeys("wmM", "bool"), "S": "text", "N": "text",
    "n": "padded",
}  # fmt: skip
STREAM_TRADE = {
    "e": "text", "E": "int", "s": "text", "t": "int", "p": "padded", "q": "padded", "T": "int",
    "m": "bool", "M": "bool",
}  # fmt: skip
BOOK = {"u": "int", "s": "text", "b": "padded", "B": "padded", "a": "padded", "A": "padded"}
INTEREST = {
    "txId": "int", "interestAccuredTime": "int", "asset": "text", "principal": "decimal",
    "interest": "decimal", "interestRate": "decimal", "type": "text", "isolatedSymbol": "text",
}  # fmt: skip
LOAN = {
    "type": "text", "isolatedSymbol": "text", "amount": "decimal", "asset": "text",
    "interest": "decimal", "principal": "decimal", "status": "text", "timestamp": "int",
    "txId": "int",
}  # fmt: skip


@pytest.fixture(scope="module")
def sent() -> Iterator[dict[str, Any]]:
    """Every message of one short life, as the venue sent it."""
    with venue("--by-hand") as started:
        yield lived(started)


def lived(started: Started) -> dict[str, Any]:
    caller, operator = Caller(started.rest), Operator(started.told["operator"])
    token = caller.ask("POST", "/sapi/v1/userListenToken", "symbol=BTCUSDT&isIsolated=true").json
    say = {"id": "u", "method": "userDataStream.subscribe.listenToken"}
    found: dict[str, Any] = {}

    def live(_: int) -> None:
        found["entry"] = caller.order(quantity="0.2", sideEffectType="MARGIN_BUY").json
        stop = {"side": "SELL", "quantity": "0.1", "type": "STOP_LOSS", "stopPrice": "50000"}
        found["stop"] = caller.order(newClientOrderId="s", **stop).json
        found["cancel"] = caller.signed(
            "DELETE", "/sapi/v1/margin/order", origClientOrderId="s", **ISOLATED
        ).json

    asked = {**say, "params": {"listenToken": token["token"]}}
    found["user"] = [
        json.loads(frame)
        for frame in heard(f"{started.ws}/ws-api/v3", live, 1, say=asked, least=10)
        if frame.startswith("{")
    ]

    def move(number: int) -> None:
        operator.post("/price", symbol="BTCUSDT", price=str(60_001 + number))

    streams = "btcusdt@trade/btcusdt@bookTicker/btcusdt@aggTrade/btcusdt@kline_1m"
    found["market"] = [
        json.loads(frame)
        for frame in heard(f"{started.ws}/stream?streams={streams}", move, 2, least=7)
        if frame.startswith("{")
    ]
    margin = "/sapi/v1/margin"
    found["query"] = caller.signed(
        "GET", f"{margin}/order", orderId=found["entry"]["orderId"], **ISOLATED
    ).json
    found["trades"] = caller.signed("GET", f"{margin}/myTrades", **ISOLATED).json
    found["account"] = caller.signed("GET", f"{margin}/isolated/account", symbols="BTCUSDT").json
    found["interest"] = caller.signed("GET", f"{margin}/interestHistory").json
    found["loans"] = caller.signed("GET", f"{margin}/borrow-repay", type="BORROW").json
    found["info"] = caller.public("exchangeInfo").json
    found["klines"] = caller.public("klines", symbol="BTCUSDT", interval="1h", limit=2).json
    return found


def reports(sent: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    events = [frame.get("event", {}) for frame in sent["user"]]
    return [event for event in events if event.get("x") == kind]


def frames(sent: dict[str, Any], stream: str) -> list[dict[str, Any]]:
    return [frame["data"] for frame in sent["market"] if frame["stream"] == f"btcusdt@{stream}"]


def test_forms_of_the_reference(sent: dict[str, Any], record_property: Note) -> None:
    [row] = sent["account"]["assets"]
    new, [trade] = reports(sent, "NEW"), reports(sent, "TRADE")
    found = [
        (sent["entry"], ORDER_FULL),
        (sent["entry"]["fills"][0], FILL),
        (sent["stop"], dict(list(ORDER_FULL.items())[:5])),
        (sent["query"], QUERY),
        (sent["cancel"], CANCEL),
        (sent["trades"][0], TRADE),
        (row, PAIR),
        (row["baseAsset"], SIDE),
        (row["quoteAsset"], SIDE),
        (sent["interest"]["rows"][0], INTEREST),
        (sent["loans"]["rows"][0], LOAN),
        (new[0], REPORT | {"N": "null", "n": "decimal"}),
        (trade, REPORT),
        (frames(sent, "trade")[0], STREAM_TRADE),
        (frames(sent, "bookTicker")[0], BOOK),
    ]

    for message, expected in found:
        assert forms(message, expected) == expected
    assert {frame["stream"] for frame in sent["market"]} == {
        f"btcusdt@{name}" for name in ("trade", "bookTicker", "aggTrade", "kline_1m")
    }
    assert [form(cell) for cell in sent["klines"][0]] == [
        *("int", "padded", "padded", "padded", "padded", "padded", "int"),
        *("padded", "int", "padded", "padded", "decimal"),
    ]
    keys = sum(len(expected) for _, expected in found)
    record_property("note", f"venue: {keys} keys of {len(found)} messages in the reference's forms")


# --- what was recorded ---------------------------------------------------------------------------

SPOT_ONLY = {"orderListId"}
"""Keys of spot orders that margin's have not."""
RETIRED = {"outboundAccountInfo"}


def payload(folder: Path, name: str) -> Any:
    return json.loads((folder / "messages" / f"{name}.json").read_text())["payload"]


def events_of(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((folder / "messages").glob("*.json")):
        if path.name.startswith(("uds_", "seq_")):
            recorded = json.loads(path.read_text())["payload"]
            rows = recorded["stream"] if isinstance(recorded, dict) else recorded
            found += [row.get("body", row) for row in rows]
    return [event for event in found if "e" in event and event["e"] not in RETIRED]


def like(ours: dict[str, Any], theirs: dict[str, Any], *, padded: bool = True) -> int:
    """Every recorded key is ours too, in the same form; returns how many there were."""
    keys = theirs.keys() - SPOT_ONLY
    assert keys <= ours.keys()
    for key in keys:
        recorded = form(theirs[key])
        if not padded and recorded in ("padded", "decimal"):
            recorded = "decimal"  # spot pads here, margin trims
        either = recorded == "padded" and not theirs[key].endswith("0")  # may have been trimmed
        allowed = ("padded", "decimal") if either else (recorded,)
        fits = any(is_form(ours[key], one) for one in allowed)
        assert fits, (key, ours[key], theirs[key])
    return len(keys)


def test_recorded_user_events(
    sent: dict[str, Any], tapes: Path | None, record_property: Note
) -> None:
    events = {(event.get("e"), event.get("x")): event for event in map(_event, sent["user"])}
    recorded = [] if tapes is None else events_of(tapes)
    walked = sum(like(events[event["e"], event.get("x")], event) for event in recorded)

    assert (walked > 300) == (tapes is not None)
    record_property("note", f"venue: {walked} keys of {len(recorded)} recorded events walked")


def _event(frame: dict[str, Any]) -> dict[str, Any]:
    event: dict[str, Any] = frame.get("event", {})
    return event


def test_recorded_answers_and_frames(
    sent: dict[str, Any], tapes: Path | None, record_property: Note
) -> None:
    if tapes is None:
        assert forms(sent["account"]["assets"][0], PAIR) == PAIR
        return
    order = payload(tapes, "rest_order_full_market_BTCUSDT_2021-03-31")
    walked = like(sent["entry"], order, padded=False)
    walked += like(sent["entry"]["fills"][0], order["fills"][0], padded=False)
    [theirs] = payload(tapes, "rest_isolated_margin_account_1INCHUSDT")["assets"]
    [ours] = sent["account"]["assets"]
    assert ours.keys() == theirs.keys()
    walked += like(ours, theirs)
    for side in ("baseAsset", "quoteAsset"):
        assert ours[side].keys() == theirs[side].keys()
        walked += like(ours[side], theirs[side])
    samples = payload(tapes, "ws_market_samples_20240808")
    for stream in ("trade", "bookTicker"):
        for sample in samples[stream]:
            walked += like(frames(sent, stream)[0], sample["message"]["data"])
    walked += info(sent["info"], payload(tapes, "exchangeInfo_mainnet_2021-10-12"))

    assert walked > 100
    record_property("note", f"venue: {walked} keys of recorded answers and frames walked")


DROPPED = {"permissions", "filters", "orderTypes", "quoteOrderQtyMarketAllowed"}


def info(ours: dict[str, Any], theirs: dict[str, Any]) -> int:
    [mine], rows = ours["symbols"], theirs["symbols"]
    walked = like(ours, {key: theirs[key] for key in theirs if key != "symbols"})
    for row in rows:
        walked += like(mine, {key: row[key] for key in row if key not in DROPPED})
        by_type = {part["filterType"]: part for part in mine["filters"]}
        for part in row["filters"]:
            if part["filterType"] in by_type:
                known = by_type[part["filterType"]]
                walked += like(known, {key: part[key] for key in part if key in known})
    return walked


def test_recorded_errors_are_said_in_the_same_words(tapes: Path | None) -> None:
    said = {"-1021": "Timestamp for this request is outside of the recvWindow."}
    if tapes is not None:
        said = {
            str(row["body"]["code"]): row["body"]["msg"]
            for row in payload(tapes, "errors_reported")
        }
    with venue("--by-hand") as started:
        caller, operator = Caller(started.rest), Operator(started.told["operator"])
        operator.fault(kind="nothing_to_lend", request="entry", nth=1)
        told = [
            caller.signed("GET", "/sapi/v1/margin/isolated/account", timestamp=1),
            caller.order(quantity="1", sideEffectType="MARGIN_BUY"),
            caller.order(quantity="1"),
        ]

    known = {str(came.code): came.json["msg"] for came in told}
    assert known.keys() == {"-1021", "-3045", "-2010"}
    assert known == {code: said[code] for code in known if code in said} | {
        code: text for code, text in known.items() if code not in said
    }

"""What the venue refuses, word by word: keys, signatures, times, parameters, rules, weights."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.sim.venue.asked import received
from robson.sim.venue.endpoints import Endpoint
from robson.sim.venue.keys import Keys, read_keys
from robson.sim.venue.limits import Limits
from robson.sim.venue.refusals import Refused
from robson.sim.venue.server import ENDPOINTS
from tests.contract.venue.caller import Caller, Came, Operator
from tests.contract.venue.harness import Started, venue

ORDER, ACCOUNT = "/sapi/v1/margin/order", "/sapi/v1/margin/isolated/account"
ENTRY = {
    "symbol": "BTCUSDT",
    "isIsolated": "TRUE",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "0.001",
}
SIGNATURE = "Signature for this request is not valid."
WINDOW = "Timestamp for this request is outside of the recvWindow."
AHEAD = "Timestamp for this request was 1000ms ahead of the server's time."
MISSING = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
ILLEGAL = "Illegal characters found in parameter '{}'; legal range is '{}'."
KEY_FORMAT, KEY = "API-key format invalid.", "Invalid API-key, IP, or permissions for action."

# The vectors that Binance publishes; the one for Ed25519 is of a test key made of 32 rising bytes.
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
HMAC_VECTORS = {
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
    "&timestamp=1499827319559": "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT"
    "&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559": (
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"
    ),
}
PRIVATE = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
"""
ED25519_VECTOR = (
    (
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2"
        "&timestamp=1668481559918&recvWindow=5000"
    ),
    "m5loLRxgkb9HyW0wkZ4KNrpck881bx5D0OrKNnPklvk4tlGjEJkhiP9DoyC0sc1lXA/TWugjVPrMb/bfNdmdBw==",
)


PRIVATE_KEY = load_pem_private_key(PRIVATE, None)
assert isinstance(PRIVATE_KEY, Ed25519PrivateKey)
PUBLIC = PRIVATE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
KEYS = (
    '[[key]]\napi_key = "test-key"\nsecret = "test-secret"\n'
    f'[[key]]\napi_key = "hmac"\nsecret = "{SECRET}"\n'
    f'[[key]]\napi_key = "ed"\naccount = "other"\npublic_key = """\n{PUBLIC.decode()}"""\n'
)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("venue") / "keys.toml"
    path.write_text(KEYS)
    return path


@pytest.fixture(scope="module")
def started(key_file: Path) -> Iterator[Started]:
    with venue("--by-hand", "--credentials", str(key_file)) as one:
        yield one


@pytest.fixture
def caller(started: Started) -> Caller:
    return Caller(started.rest)


# --- signatures ----------------------------------------------------------------------------------


@pytest.fixture
def keys(key_file: Path) -> Keys:
    return read_keys(key_file)


@pytest.mark.parametrize("payload", HMAC_VECTORS)
def test_published_hmac_vectors(keys: Keys, payload: str) -> None:
    key, signature = keys.get("hmac"), HMAC_VECTORS[payload]
    assert key is not None

    assert key.signed(payload.encode(), signature)
    assert key.signed(payload.encode(), signature.upper())
    assert not key.signed(payload.encode() + b"0", signature)
    assert not key.signed(payload.encode(), "0" + signature[1:])


def test_ed25519_vector(keys: Keys) -> None:
    key, (payload, signature) = keys.get("ed"), ED25519_VECTOR
    assert key is not None

    assert key.signed(payload.encode(), signature)
    assert not key.signed(payload.encode() + b"0", signature)
    assert not key.signed(payload.encode(), signature.swapcase())
    assert not key.signed(payload.encode(), "no base64")


def test_ed25519_over_http(started: Started) -> None:
    caller = Caller(started.rest, key="ed")
    text = f"symbols=BTCUSDT&timestamp={caller.now_ms()}"
    good = base64.b64encode(PRIVATE_KEY.sign(text.encode())).decode()
    signed = [f"{text}&signature={quote(one, safe='')}" for one in (good, good.swapcase())]

    came = [caller.ask("GET", ACCOUNT, query) for query in signed]
    revoked = Operator(started.told["operator"]).post("/revoke", api_key="ed")
    gone = caller.ask("GET", ACCOUNT, signed[0])

    [row] = came[0].json["assets"]
    assert (row["symbol"], row["isolatedCreated"], row["marginLevel"]) == ("BTCUSDT", False, "999")
    assert (came[1].status, came[1].code) == (400, -1022)
    assert revoked == {"revoked": True}
    assert (gone.status, gone.code) == (401, -2015)


def test_the_bytes_received_are_signed_not_what_they_say() -> None:
    query, body = b"a=%31&b=2", b"c=%20x&signature=ff"

    got = received(query, body)

    assert got.payload == b"a=%31&b=2c=%20x"
    assert got.values == {"a": "1", "b": "2", "c": " x", "signature": "ff"}


def test_of_a_parameter_in_both_places_the_query_holds() -> None:
    assert received(b"a=1", b"a=2&b=3").values == {"a": "1", "b": "3"}


def test_both_placements_are_taken(caller: Caller) -> None:
    sent = [caller.signed("POST", ORDER, in_body=body, **ENTRY) for body in (False, True)]

    assert [came.status for came in sent] == [200, 200]


# --- who, when, how ------------------------------------------------------------------------------

Ask = Callable[[Caller], Came]
NO: dict[str, tuple[Ask, int, int, str]] = {
    "no key": (lambda c: Caller(c.rest, key="").signed("GET", ACCOUNT), 401, -2014, KEY_FORMAT),
    "a key with blanks": (
        lambda c: Caller(c.rest, key="no key").signed("GET", ACCOUNT), 401, -2014, KEY_FORMAT,
    ),
    "an unknown key": (
        lambda c: Caller(c.rest, key="nobody").signed("GET", ACCOUNT), 401, -2015, KEY,
    ),
    "a wrong secret": (
        lambda c: Caller(c.rest, secret="no").signed("GET", ACCOUNT), 400, -1022, SIGNATURE,
    ),
    "no signature": (
        lambda c: c.ask("GET", ACCOUNT, "timestamp=1"), 400, -1102, MISSING.format("signature"),
    ),
    "no time": (
        lambda c: c.ask("GET", ACCOUNT, "signature=1"), 400, -1102, MISSING.format("timestamp"),
    ),
    "an old time": (
        lambda c: c.signed("GET", ACCOUNT, timestamp=c.now_ms() - 5_100), 400, -1021, WINDOW,
    ),
    "too old for its own window": (
        lambda c: c.signed("GET", ACCOUNT, timestamp=c.now_ms() - 400, recvWindow=300),
        400, -1021, WINDOW,
    ),
    "a time ahead": (
        lambda c: c.signed("GET", ACCOUNT, timestamp=c.now_ms() + 1_500), 400, -1021, AHEAD,
    ),
    "a window too large": (
        lambda c: c.signed("GET", ACCOUNT, recvWindow=60_001),
        400, -1131, "recvWindow must be less than 60000.",
    ),
    "a parameter too many": (
        lambda c: c.signed("GET", ACCOUNT, colour="red"), 400, -1104,
        "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.",
    ),
    "no symbol": (
        lambda c: c.signed("POST", ORDER, side="BUY", type="MARKET", quantity="1"),
        400, -1102, MISSING.format("symbol"),
    ),
    "an empty symbol": (lambda c: c.order(symbol=""), 400, -1102, MISSING.format("symbol")),
    "an unknown symbol": (lambda c: c.order(symbol="NOPE"), 400, -1121, "Invalid symbol."),
    "no side": (lambda c: c.order(side=""), 400, -1102, MISSING.format("side")),
    "a side that is none": (lambda c: c.order(side="buy"), 400, -1117, "Invalid side."),
    "a type that is none": (lambda c: c.order(type="SWAP"), 400, -1116, "Invalid orderType."),
    "no quantity": (lambda c: c.order(quantity=""), 400, -1102, MISSING.format("quantity")),
    "an exponent": (
        lambda c: c.order(quantity="1e-05"), 400, -1100,
        ILLEGAL.format("quantity", "^([0-9]{1,20})(\\.[0-9]{1,20})?$"),
    ),
    "nine decimals": (
        lambda c: c.order(quantity="0.000000001"), 400, -1111,
        "Precision is over the maximum defined for this asset.",
    ),
    "off the step": (
        lambda c: c.order(quantity="0.0100001"), 400, -1013, "Filter failure: LOT_SIZE",
    ),
    "worth too little": (
        lambda c: c.order(quantity="0.00001"), 400, -1013, "Filter failure: NOTIONAL",
    ),
    "an id with a dot": (
        lambda c: c.order(newClientOrderId="a.b"), 400, -1100,
        ILLEGAL.format("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$"),
    ),
    "more than there is": (
        lambda c: c.order(quantity="1"), 400, -2010,
        "Account has insufficient balance for requested action.",
    ),
    "more than may be borrowed": (
        lambda c: c.order(quantity="5", sideEffectType="MARGIN_BUY"), 400, -3006,
        "Your borrow amount has exceed maximum borrow amount.",
    ),
    "the cross account": (
        lambda c: c.order(isIsolated="FALSE"), 400, -3003, "Margin account does not exist.",
    ),
    "a stop that would trigger": (
        lambda c: c.order(type="STOP_LOSS", stopPrice="59000"), 400, -2010,
        "Order would trigger immediately.",
    ),
    "a stop without its price": (
        lambda c: c.order(type="STOP_LOSS"), 400, -1102, MISSING.format("stopPrice"),
    ),
    "a limit stop without a limit": (
        lambda c: c.order(type="STOP_LOSS_LIMIT", stopPrice="61000", timeInForce="GTC"),
        400, -1102, MISSING.format("price"),
    ),
    "an order that is not there": (
        lambda c: c.signed("GET", ORDER, symbol="BTCUSDT", isIsolated="TRUE", orderId=99_999),
        400, -2013, "Order does not exist.",
    ),
    "no order named": (
        lambda c: c.signed("GET", ORDER, symbol="BTCUSDT", isIsolated="TRUE"), 400, -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    ),
    "a cancel of nothing": (
        lambda c: c.signed(
            "DELETE", ORDER, symbol="BTCUSDT", isIsolated="TRUE", origClientOrderId="nothing"
        ),
        400, -2011, "Unknown order sent.",
    ),
    "a repayment above the debt": (
        lambda c: c.signed(
            "POST", "/sapi/v1/margin/borrow-repay", asset="USDT", isIsolated="TRUE",
            symbol="BTCUSDT", amount="5", type="REPAY",
        ),
        400, -3015, "Repay amount exceeds borrow amount.",
    ),
    "more taken out than there is": (
        lambda c: c.signed(
            "POST", "/sapi/v1/asset/transfer", type="ISOLATEDMARGIN_MARGIN", asset="USDT",
            amount="99999", fromSymbol="BTCUSDT",
        ),
        400, -3020, "Transfer out amount exceeds max amount.",
    ),
    "bars of no interval": (
        lambda c: c.public("klines", symbol="BTCUSDT", interval="7m"),
        400, -1120, "Invalid interval.",
    ),
    "trades by number and by time": (
        lambda c: c.public("aggTrades", symbol="BTCUSDT", fromId=1, startTime=1),
        400, -1128, "Combination of optional parameters invalid.",
    ),
    "trades of two days": (
        lambda c: c.signed(
            "GET", "/sapi/v1/margin/myTrades", symbol="BTCUSDT", isIsolated="TRUE",
            startTime=1, endTime=172_800_000,
        ),
        400, -1127, "More than 24 hours between startTime and endTime.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NO)
def test_no(name: str, caller: Caller) -> None:
    ask, status, code, message = NO[name]

    came = ask(caller)

    assert (came.status, came.json) == (status, {"code": code, "msg": message})
    assert came.headers["Content-Type"].startswith("application/json")


def test_an_open_id_is_refused_and_a_filled_one_taken_again(caller: Caller) -> None:
    stop = {"type": "STOP_LOSS", "stopPrice": "70000", "newClientOrderId": "twice"}
    sent = [caller.order(**stop), caller.order(**stop)]

    assert [came.status for came in sent] == [200, 400]
    assert sent[1].json == {"code": -2010, "msg": "Duplicate order sent."}
    filled = [caller.order(quantity="0.001", newClientOrderId="again") for _ in range(2)]
    assert [came.status for came in filled] == [200, 200]
    assert filled[0].json["orderId"] != filled[1].json["orderId"]


# --- weights -------------------------------------------------------------------------------------


MINUTE = 60 * NS_PER_S
AT = ExchangeNs(1_000 * MINUTE)
BORROWING = ENDPOINTS["POST", "/sapi/v1/margin/borrow-repay"]
LISTING, PINGING = ENDPOINTS["GET", "/sapi/v1/margin/allOrders"], ENDPOINTS["GET", "/api/v3/ping"]


def taken(
    limits: Limits, endpoint: Endpoint, at_ns: int, *, path: str = "/a", uid: str = "a"
) -> ApiError | str:
    """The used weight that an answer tells, or the refusal."""
    try:
        told = limits.take(endpoint, path, uid, endpoint.weight_of({}), ExchangeNs(at_ns))
    except Refused as refusal:
        return refusal.answer
    [weight] = told.values()
    return weight


def test_weights_add_up_for_a_minute() -> None:
    limits = Limits()
    used = [taken(limits, LISTING, AT + 45 * NS_PER_S) for _ in range(61)]

    assert used[:60] == [str(200 * number) for number in range(1, 61)]
    refusal = used[60]
    assert isinstance(refusal, ApiError)
    assert (refusal.status, refusal.code) == (429, -1003)
    assert refusal.retry_after_ns == 15 * NS_PER_S
    soon = AT + 46 * NS_PER_S
    assert taken(limits, LISTING, soon, path="/b") == "200"  # every endpoint has its own budget
    assert taken(limits, PINGING, soon) == "1"
    assert taken(limits, PINGING, soon, path="/b") == "2"  # but for those of /api
    assert taken(limits, BORROWING, soon) == "1500"
    assert taken(limits, BORROWING, soon, uid="b") == "1500"  # and each key
    assert taken(limits, LISTING, AT + MINUTE) == "200"


def test_who_goes_on_after_429_is_banned() -> None:
    limits = Limits()
    asked = [taken(limits, LISTING, AT) for _ in range(72)]
    refusals = [one for one in asked if isinstance(one, ApiError)]

    assert [one.status for one in refusals] == [429] * 10 + [418, 418]
    assert refusals[-1].retry_after_ns == 2 * MINUTE
    later = [taken(limits, PINGING, AT + minutes * MINUTE) for minutes in (1, 2)]
    assert isinstance(later[0], ApiError)
    assert later[1] == "1"


def test_answers_tell_their_weight(caller: Caller) -> None:
    entry = caller.order(quantity="0.001", sideEffectType="MARGIN_BUY")

    assert int(caller.public("exchangeInfo").headers["X-MBX-USED-WEIGHT-1M"]) >= 20
    assert int(entry.headers["X-SAPI-USED-UID-WEIGHT-1M"]) >= 1500
    account = caller.signed("GET", ACCOUNT)
    assert int(account.headers["X-SAPI-USED-IP-WEIGHT-1M"]) >= 10

"""ccxt at the venue: a life on isolated margin in its own unified objects, and four mistakes."""

from __future__ import annotations

import json
import sys
from decimal import Decimal

import ccxt

URL, KEY, SECRET, SYMBOL = *sys.argv[1:4], "BTC/USDT"
ISOLATED = {"marginMode": "isolated"}
BORROWING = ISOLATED | {"sideEffectType": "MARGIN_BUY"}


def made(secret: str = SECRET) -> ccxt.binance:
    """The client, pointed at the venue as its users point it elsewhere."""
    client = ccxt.binance({"apiKey": KEY, "secret": secret, "options": {"defaultType": "margin"}})
    client.options["fetchMarkets"] = {"types": ["spot"]}
    client.options["fetchMargins"] = True
    client.urls["api"].update(
        public=f"{URL}/api/v3", private=f"{URL}/api/v3", sapi=f"{URL}/sapi/v1"
    )
    return client


def life(client: ccxt.binance) -> dict[str, object]:
    """Borrow entry, stop placed, found, cancelled, exit, debt zero."""
    market = client.load_markets()[SYMBOL]
    funded = client.sapi_post_asset_transfer(
        {"type": "MARGIN_ISOLATEDMARGIN", "asset": "USDT", "amount": "5000", "toSymbol": "BTCUSDT"}
    )
    house = {
        "status": client.fetch_status()["status"],
        "ticker": client.fetch_ticker(SYMBOL),
        "fee": client.fetch_trading_fee(SYMBOL),
        "spot": client.fetch_balance({"type": "spot"})["total"],
    }
    price = Decimal(client.public_get_ticker_price({"symbol": "BTCUSDT"})["price"])
    entry = client.create_order(
        SYMBOL, "market", "buy", 0.1, None, ISOLATED | {"sideEffectType": "MARGIN_BUY"}
    )
    held = client.fetch_balance(ISOLATED | {"symbols": [SYMBOL]})
    amount = float(client.amount_to_precision(SYMBOL, held["BTC"]["free"]))
    leaving = ISOLATED | {"sideEffectType": "AUTO_REPAY"}
    stop = client.create_order(
        SYMBOL,
        "STOP_LOSS",
        "sell",
        amount,
        None,
        leaving | {"stopLossPrice": float(price * Decimal("0.9"))},
    )
    resting = client.fetch_open_orders(SYMBOL, None, None, dict(ISOLATED))
    cancelled = client.cancel_order(stop["id"], SYMBOL, dict(ISOLATED))
    limits = limited(client, float(price), amount)
    exit_ = client.create_order(SYMBOL, "market", "sell", amount, None, leaving)
    return {
        "market": {key: market[key] for key in ("id", "precision", "limits", "taker")},
        "funded": funded,
        "entry": entry,
        "held": {"BTC": held["BTC"], "USDT": held["USDT"]},
        "house": house,
        "limits": limits,
        "stop": stop,
        "resting": resting,
        "cancelled": cancelled,
        "exit": exit_,
        "queried": client.fetch_order(exit_["id"], SYMBOL, dict(ISOLATED)),
        "trades": client.fetch_my_trades(SYMBOL, None, None, dict(ISOLATED)),
        "debt": client.fetch_balance(ISOLATED | {"symbols": [SYMBOL]})["debt"],
        "bars": client.fetch_ohlcv(SYMBOL, "15m", None, 3),
        "prints": client.fetch_trades(SYMBOL, None, 2),
    }


def limited(client: ccxt.binance, price: float, amount: float) -> dict[str, object]:
    """Limit orders as its users place them: one that rests, one post-only, one that does not wait,
    and a profit to be taken.
    """
    resting = client.create_order(SYMBOL, "limit", "buy", 0.01, price * 0.9, dict(BORROWING))
    maker = client.create_order(
        SYMBOL, "limit", "buy", 0.01, price * 0.9, BORROWING | {"postOnly": True}
    )
    at_once = client.create_order(
        SYMBOL, "limit", "buy", 0.01, price * 0.9, BORROWING | {"timeInForce": "IOC"}
    )
    profit = client.create_order(
        SYMBOL, "market", "sell", amount, None, ISOLATED | {"takeProfitPrice": price * 1.1}
    )
    crossing = BORROWING | {"postOnly": True}
    try:
        client.create_order(SYMBOL, "limit", "buy", 0.01, price * 1.1, crossing)
        refused = ""
    except ccxt.BaseError as error:
        refused = type(error).__name__
    found = client.fetch_open_orders(SYMBOL, None, None, dict(ISOLATED))
    client.cancel_all_orders(SYMBOL, dict(ISOLATED))
    return {
        "resting": resting,
        "maker": client.fetch_order(maker["id"], SYMBOL, dict(ISOLATED)),
        "at_once": at_once,
        "profit": client.fetch_order(profit["id"], SYMBOL, dict(ISOLATED)),
        "refused": refused,
        "found": [one["id"] for one in found],
    }


def order(client: ccxt.binance) -> None:
    client.sapi_post_margin_order(
        {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        | {"isIsolated": "TRUE"}
    )


def wrong_secret() -> None:
    order(made("no" + SECRET))


def flipped_byte() -> None:
    client = made()
    sent = client.fetch

    def fetch(url: str, method: str, headers: dict[str, str], body: str) -> object:
        assert "quantity=0.01" in body
        return sent(url, method, headers, body.replace("quantity=0.01", "quantity=0.02"))

    client.fetch = fetch
    order(client)


def old_timestamp() -> None:
    client = made()
    client.options["timeDifference"] = 60_000
    order(client)


def missing_parameter() -> None:
    made().sapi_post_margin_order({"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01"})


def refusals() -> dict[str, str]:
    """The kind and text of each mistake, as the client understood it."""
    told = {}
    for mistake in (wrong_secret, flipped_byte, old_timestamp, missing_parameter):
        try:
            mistake()
            told[mistake.__name__] = ""
        except ccxt.BaseError as error:
            told[mistake.__name__] = f"{type(error).__name__} {error}"
    return told


if __name__ == "__main__":
    print(json.dumps({"life": life(made()), "refusals": refusals()}))

"""ccxt at the venue: a life on isolated margin in its own unified objects, and four mistakes."""

from __future__ import annotations

import json
import sys
from decimal import Decimal

import ccxt

URL, KEY, SECRET, SYMBOL = *sys.argv[1:4], "BTC/USDT"
ISOLATED = {"marginMode": "isolated"}


def made(secret: str = SECRET) -> ccxt.binance:
    """The client, pointed at the venue as its users point it elsewhere."""
    client = ccxt.binance({"apiKey": KEY, "secret": secret, "options": {"defaultType": "margin"}})
    client.options["fetchMarkets"] = {"types": ["spot"]}
    client.options.update(fetchMargins=True, fetchCurrencies=False)
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
    exit_ = client.create_order(SYMBOL, "market", "sell", amount, None, leaving)
    return {
        "market": {key: market[key] for key in ("id", "precision", "limits", "taker")},
        "funded": funded,
        "entry": entry,
        "held": {"BTC": held["BTC"], "USDT": held["USDT"]},
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

"""binance-connector at the venue: a whole life on isolated margin, then four mistakes, as JSON."""

from __future__ import annotations

import json
import sys
from decimal import Decimal

import binance.api
from binance.error import ClientError
from binance.spot import Spot
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

URL, KEY, SECRET, SYMBOL = *sys.argv[1:4], "BTCUSDT"


class Flipping(HTTPAdapter):
    """Changes one byte of what was signed, after it was signed."""

    def send(self, request: PreparedRequest, *args: object, **more: object) -> Response:
        request.url = request.url.replace("quantity=0.01", "quantity=0.02")
        return super().send(request, *args, **more)


def life(client: Spot) -> dict[str, object]:
    """Borrow entry, stop placed, found, cancelled, exit, debt zero."""
    price = Decimal(client.ticker_price(SYMBOL)["price"])
    isolated = {"symbol": SYMBOL, "isIsolated": "TRUE"}
    entry = client.new_margin_order(
        side="BUY",
        type="MARKET",
        quantity=str((20_000 / price).quantize(Decimal("0.00001"))),
        sideEffectType="MARGIN_BUY",
        newClientOrderId="entry-1",
        **isolated,
    )
    held = client.isolated_margin_account(symbols=SYMBOL)
    free = Decimal(held["assets"][0]["baseAsset"]["free"]).quantize(
        Decimal("0.00001"), rounding="ROUND_FLOOR"
    )
    leaving = {"side": "SELL", "quantity": str(free), "sideEffectType": "AUTO_REPAY"}
    stop = client.new_margin_order(
        type="STOP_LOSS",
        stopPrice=str((price * Decimal("0.9")).quantize(Decimal("0.01"))),
        newClientOrderId="stop-1",
        **leaving,
        **isolated,
    )
    resting = client.margin_open_orders(**isolated)
    cancelled = client.cancel_margin_order(origClientOrderId="stop-1", **isolated)
    exit_ = client.new_margin_order(type="MARKET", newClientOrderId="exit-1", **leaving, **isolated)
    return {
        "entry": entry,
        "held": held,
        "stop": stop,
        "resting": resting,
        "cancelled": cancelled,
        "exit": exit_,
        "queried": client.margin_order(origClientOrderId="exit-1", **isolated),
        "trades": client.margin_my_trades(**isolated),
        "orders": client.margin_all_orders(**isolated),
        "interest": client.margin_interest_history(isolatedSymbol=SYMBOL),
        "after": client.isolated_margin_account(symbols=SYMBOL),
        "market": {
            "klines": client.klines(SYMBOL, "15m", limit=3),
            "book": client.book_ticker(SYMBOL),
            "info": client.exchange_info(SYMBOL),
        },
    }


def order(client: Spot) -> None:
    client.new_margin_order(SYMBOL, "BUY", "MARKET", quantity="0.01", isIsolated="TRUE")


def wrong_secret() -> None:
    order(Spot(KEY, "no" + SECRET, base_url=URL))


def flipped_byte() -> None:
    client = Spot(KEY, SECRET, base_url=URL)
    client.session.mount("http://", Flipping())
    order(client)


def old_timestamp() -> None:
    now = binance.api.get_timestamp
    binance.api.get_timestamp = lambda: now() - 10_000
    try:
        order(Spot(KEY, SECRET, base_url=URL))
    finally:
        binance.api.get_timestamp = now


def missing_parameter() -> None:
    client = Spot(KEY, SECRET, base_url=URL)
    asked = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.01", "isIsolated": "TRUE"}
    client.sign_request("POST", "/sapi/v1/margin/order", asked)


def refusals() -> dict[str, list[object]]:
    """Status and code of each mistake, as the client understood it."""
    told = {}
    for mistake in (wrong_secret, flipped_byte, old_timestamp, missing_parameter):
        try:
            mistake()
            told[mistake.__name__] = []
        except ClientError as error:
            told[mistake.__name__] = [error.status_code, error.error_code, error.error_message]
    return told


if __name__ == "__main__":
    print(json.dumps({"life": life(Spot(KEY, SECRET, base_url=URL)), "refusals": refusals()}))

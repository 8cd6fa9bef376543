"""Binance's own margin SDK at the venue: a life on isolated margin, then four mistakes, as JSON."""

from __future__ import annotations

import json
import logging
import sys
from decimal import Decimal
from typing import Any

import binance_common.utils
from binance_common.configuration import ConfigurationRestAPI
from binance_common.errors import BadRequestError
from binance_sdk_margin_trading.margin_trading import MarginTrading
from binance_sdk_margin_trading.rest_api.rest_api import MarginTradingRestAPI
from requests import PreparedRequest
from requests.adapters import HTTPAdapter

URL, KEY, SECRET, SYMBOL = *sys.argv[1:4], "BTCUSDT"
ISOLATED = {"symbol": SYMBOL, "is_isolated": "TRUE"}
PAIR = {"isolated_symbol": SYMBOL}


def made(secret: str = SECRET) -> MarginTradingRestAPI:
    """The client, pointed at the venue as its users point it elsewhere."""
    return MarginTrading(
        config_rest_api=ConfigurationRestAPI(
            api_key=KEY, api_secret=secret, base_path=URL, timeout=20_000, retries=0
        )
    ).rest_api


def parsed(answer: Any) -> Any:
    """What the client made of an answer: the names of its models, or the bare document."""
    found = answer.data()
    if isinstance(found, list):
        return [each.model_dump() for each in found]
    return {"of": type(found).__name__, **(found if isinstance(found, dict) else vars_of(found))}


def vars_of(model: Any) -> dict[str, Any]:
    """A model's own fields."""
    return dict(model.model_dump())


def life(client: MarginTradingRestAPI) -> dict[str, object]:
    """Borrow entry, stop placed, found, cancelled, exit, debt zero; and what else it can ask."""
    index = parsed(client.query_margin_priceindex(SYMBOL))
    price = Decimal(index["price"])
    before = {
        "index": index,
        "pairs": parsed(client.get_all_isolated_margin_symbol()),
        "tier": parsed(client.query_isolated_margin_tier_data(SYMBOL)),
        "fees": parsed(client.query_isolated_margin_fee_data(symbol=SYMBOL)),
        "lent": parsed(client.query_max_borrow("USDT", **PAIR)),
    }
    entry = client.margin_account_new_order(
        side="BUY",
        type="MARKET",
        quantity=(20_000 / price).quantize(Decimal("0.00001")),
        side_effect_type="MARGIN_BUY",
        new_client_order_id="entry-1",
        **ISOLATED,
    )
    held = parsed(client.query_isolated_margin_account_info(symbols=SYMBOL))
    free = Decimal(held["assets"][0]["base_asset"]["free"])
    leaving = {
        "side": "SELL",
        "quantity": free.quantize(Decimal("0.00001"), rounding="ROUND_FLOOR"),
        "side_effect_type": "AUTO_REPAY",
    }
    stop = client.margin_account_new_order(
        type="STOP_LOSS",
        stop_price=(price * Decimal("0.9")).quantize(Decimal("0.01")),
        new_client_order_id="stop-1",
        **leaving,
        **ISOLATED,
    )
    resting = parsed(client.query_margin_accounts_open_orders(**ISOLATED))
    cancelled = client.margin_account_cancel_order(orig_client_order_id="stop-1", **ISOLATED)
    exit_ = client.margin_account_new_order(
        type="MARKET", new_client_order_id="exit-1", **leaving, **ISOLATED
    )
    asked = client.query_borrow_repay_records_in_margin_account
    return {
        **before,
        "entry": parsed(entry),
        "held": held,
        "stop": parsed(stop),
        "resting": resting,
        "cancelled": parsed(cancelled),
        "exit": parsed(exit_),
        "queried": parsed(
            client.query_margin_accounts_order(orig_client_order_id="exit-1", **ISOLATED)
        ),
        "orders": parsed(client.query_margin_accounts_all_orders(**ISOLATED)),
        "trades": parsed(client.query_margin_accounts_trade_list(**ISOLATED)),
        "interest": parsed(client.get_interest_history(**PAIR)),
        "borrowed": parsed(asked(type="BORROW", **PAIR)),
        "repaid": parsed(asked(type="REPAY", **PAIR)),
        "flow": parsed(client.query_cross_isolated_margin_capital_flow(symbol=SYMBOL)),
        "forced": parsed(client.get_force_liquidation_record(**PAIR)),
        "transfers": parsed(client.get_cross_margin_transfer_history(**PAIR)),
        "after": parsed(client.query_isolated_margin_account_info(symbols=SYMBOL)),
    }


def order(client: MarginTradingRestAPI) -> None:
    client.margin_account_new_order(side="BUY", type="MARKET", quantity=Decimal("0.01"), **ISOLATED)


def wrong_secret() -> None:
    order(made("no" + SECRET))


def flipped_byte() -> None:
    send = HTTPAdapter.send

    def flipping(adapter: HTTPAdapter, request: PreparedRequest, **more: Any) -> Any:
        assert "quantity=0.01" in request.url
        request.url = request.url.replace("quantity=0.01", "quantity=0.02")
        return send(adapter, request, **more)

    HTTPAdapter.send = flipping
    try:
        order(made())
    finally:
        HTTPAdapter.send = send


def old_timestamp() -> None:
    now = binance_common.utils.get_timestamp
    binance_common.utils.get_timestamp = lambda *_: now() - 10_000
    try:
        order(made())
    finally:
        binance_common.utils.get_timestamp = now


def missing_parameter() -> None:
    made().margin_account_new_order(side="BUY", type="MARKET", **ISOLATED)


def refusals() -> dict[str, list[object]]:
    """Code and text of each mistake, as the client understood it: it puts the code where others
    have the status.
    """
    told = {}
    for mistake in (wrong_secret, flipped_byte, old_timestamp, missing_parameter):
        try:
            mistake()
            told[mistake.__name__] = []
        except BadRequestError as error:
            told[mistake.__name__] = [400, error.status_code, error.error_message]
    return told


if __name__ == "__main__":
    logging.disable()  # it says that a loan with decimals does not fit its model
    print(json.dumps({"life": life(made()), "refusals": refusals()}))

"""python-binance at the venue: a short life on isolated margin, and four mistakes, as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from decimal import Decimal

from binance import AsyncClient, BinanceSocketManager
from binance.client import Client
from binance.exceptions import BinanceAPIException
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

URL, KEY, SECRET, SYMBOL = *sys.argv[1:4], "BTCUSDT"
SOCKETS = URL.replace("http:", "ws:")
BOUND_S = 20


class Local(Client):
    """The client, pointed at the venue as its users point it elsewhere."""

    API_URL = f"{URL}/api"
    MARGIN_API_URL = f"{URL}/sapi"


class LocalAsync(AsyncClient):
    """The client with an event loop, pointed at the venue."""

    API_URL = f"{URL}/api"
    MARGIN_API_URL = f"{URL}/sapi"
    WS_API_URL = f"{SOCKETS}/ws-api/v3"


class LocalSockets(BinanceSocketManager):
    """Its streams, pointed at the venue."""

    STREAM_URL = f"{SOCKETS}/"


class Flipping(HTTPAdapter):
    """Changes one byte of what was signed, after it was signed."""

    def send(self, request: PreparedRequest, *args: object, **more: object) -> Response:
        body = request.body
        request.body = body.replace("quantity=0.01", "quantity=0.02")
        assert request.body != body
        return super().send(request, *args, **more)


def made(secret: str = SECRET) -> Local:
    return Local(KEY, secret, ping=False)


def life(client: Local) -> dict[str, object]:
    """A short: borrow entry, stop placed, found, cancelled, exit, debt zero."""
    price = Decimal(client.get_symbol_ticker(symbol=SYMBOL)["price"])
    isolated = {"symbol": SYMBOL, "isIsolated": "TRUE"}
    funded = client.make_universal_transfer(
        type="MARGIN_ISOLATEDMARGIN", asset="USDT", amount="5000", toSymbol=SYMBOL
    )
    entry = client.create_margin_order(
        side="SELL",
        type="MARKET",
        quantity="0.05",
        sideEffectType="MARGIN_BUY",
        newClientOrderId="entry-1",
        **isolated,
    )
    held = client.get_isolated_margin_account(symbols=SYMBOL)
    base = held["assets"][0]["baseAsset"]
    owed = Decimal(base["borrowed"]) + Decimal(base["interest"])
    back = (owed / Decimal("0.999")).quantize(Decimal("0.00001"), rounding="ROUND_CEILING")
    leaving = {"side": "BUY", "quantity": str(back), "sideEffectType": "AUTO_REPAY"}
    stop = client.create_margin_order(
        type="STOP_LOSS_LIMIT",
        timeInForce="GTC",
        stopPrice=str((price * Decimal("1.04")).quantize(Decimal("0.01"))),
        price=str((price * Decimal("1.05")).quantize(Decimal("0.01"))),
        newClientOrderId="stop-1",
        **leaving,
        **isolated,
    )
    resting = client.get_open_margin_orders(**isolated)
    cancelled = client.cancel_margin_order(orderId=stop["orderId"], **isolated)
    exit_ = client.create_margin_order(
        type="MARKET", newClientOrderId="exit-1", **leaving, **isolated
    )
    return {
        "funded": funded,
        "entry": entry,
        "held": held,
        "stop": stop,
        "resting": resting,
        "cancelled": cancelled,
        "exit": exit_,
        "queried": client.get_margin_order(orderId=exit_["orderId"], **isolated),
        "trades": client.get_margin_trades(**isolated),
        "orders": client.get_all_margin_orders(**isolated),
        "repaid": client.margin_get_borrow_repay_records(type="REPAY", isolatedSymbol=SYMBOL),
        "after": client.get_isolated_margin_account(symbols=SYMBOL),
        "token": client.margin_create_listen_token(symbol=SYMBOL, is_isolated=True),
    }


async def streamed() -> dict[str, list[dict[str, object]]]:
    """What the streams say of one order: the user's by a listen token, the market's by symbol."""
    client = LocalAsync(KEY, SECRET)
    client.ws_api.TIMEOUT = 0.1  # so long its reader looks away when it is closed; 10 s by default
    sockets = LocalSockets(client)
    heard: dict[str, list[dict[str, object]]] = {"user": [], "market": []}
    async with asyncio.timeout(BOUND_S), contextlib.AsyncExitStack() as stack:
        user = await stack.enter_async_context(sockets.isolated_margin_socket(SYMBOL))
        market = await stack.enter_async_context(
            sockets.multiplex_socket(["btcusdt@bookTicker", "btcusdt@kline_15m"])
        )
        await client.create_margin_order(
            symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.01", isIsolated="TRUE"
        )
        while not heard["user"] or heard["user"][-1]["e"] != "outboundAccountPosition":
            heard["user"].append(await user.recv())
        while len({frame["stream"] for frame in heard["market"]}) < 2:
            heard["market"].append(await market.recv())
    await client.close_connection()
    return heard


def order(client: Local) -> None:
    client.create_margin_order(
        symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.01", isIsolated="TRUE"
    )


def wrong_secret() -> None:
    order(made("no" + SECRET))


def flipped_byte() -> None:
    client = made()
    client.session.mount("http://", Flipping())
    order(client)


def old_timestamp() -> None:
    client = made()
    client.timestamp_offset = -60_000
    order(client)


def missing_parameter() -> None:
    made().create_margin_order(symbol=SYMBOL, side="BUY", quantity="0.01", isIsolated="TRUE")


def refusals() -> dict[str, list[object]]:
    """Status and code of each mistake, as the client understood it."""
    told = {}
    for mistake in (wrong_secret, flipped_byte, old_timestamp, missing_parameter):
        try:
            mistake()
            told[mistake.__name__] = []
        except BinanceAPIException as error:
            told[mistake.__name__] = [error.status_code, error.code, error.message]
    return told


if __name__ == "__main__":
    told = {"life": life(made()), "streamed": asyncio.run(streamed()), "refusals": refusals()}
    print(json.dumps(told))

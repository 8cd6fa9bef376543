"""Trades that a person brings in a file, as the exchange's own answers have them.

Two kinds: ``order_fill_record``, one order with its ``fills``, and ``user_trade_record``, a list of
``trades``. Nothing in it is believed for being there: that is the engine's business.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from robson.domain.commands import Evidence
from robson.domain.errors import InvalidValue, Refused
from robson.domain.identity import read_client_order_id
from robson.domain.reports import Fill
from robson.domain.values import NS_PER_MS, Action, ExchangeNs, Price, Quantity, decimal_of
from robson.domain.view import PositionView

ORDER, TRADES = "order_fill_record", "user_trade_record"
_MOST = 500
_ASSET = re.compile(r"[A-Z0-9]{1,20}")

Row = tuple[str, dict[str, Any]]
"""Where a trade stands in the file, and its keys."""


def evidence(text: str, view: PositionView) -> Evidence:
    """Evidence about one position.

    Raises:
        Refused: ``INVALID_ARGUMENT`` with the place and what is expected there.
    """
    record = _record(text)
    kind = record.get("kind")
    if kind not in (ORDER, TRADES):
        raise _wrong(f"kind is {kind}; expected {ORDER} or {TRADES}")
    rows = [*(_of_order(record) if kind == ORDER else _of_trades(record))]
    if not 0 < len(rows) <= _MOST:
        raise _wrong(f"it has {len(rows)} trades; expected 1 to {_MOST}")
    symbol = str(view.scope.symbol)
    fills = tuple(_fill(place, row, symbol) for place, row in rows)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Evidence(kind=kind, sha256=digest, fills=fills)


def _record(text: str) -> dict[str, Any]:
    try:
        record = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"it is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise _wrong("it is not an object with a kind")
    return record


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _of_order(record: dict[str, Any]) -> Iterator[Row]:
    """Every fill with what stands once for the order."""
    order = record.get("order")
    if not isinstance(order, dict) or not isinstance(order.get("fills"), list):
        raise _wrong("order is missing, or has no list of fills")
    shared = {
        "symbol": order.get("symbol"),
        "orderId": order.get("orderId"),
        "clientOrderId": order.get("clientOrderId", ""),
        "time": order.get("transactTime"),
        "isBuyer": {"BUY": True, "SELL": False}.get(str(order.get("side"))),
    }
    for number, fill in enumerate(order["fills"]):
        place = f"order.fills[{number}]"
        yield place, {**_object(place, fill), **shared}


def _of_trades(record: dict[str, Any]) -> Iterator[Row]:
    trades = record.get("trades")
    if not isinstance(trades, list):
        raise _wrong("trades is missing; expected a list")
    for number, trade in enumerate(trades):
        yield f"trades[{number}]", _object(f"trades[{number}]", trade)


def _object(place: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(f"{place} is not an object")
    return value


def _fill(place: str, row: dict[str, Any], symbol: str) -> Fill:
    if row.get("symbol") != symbol:
        raise _wrong(f"{place}: symbol is {row.get('symbol')}; expected {symbol}")
    buyer = row.get("isBuyer")
    if not isinstance(buyer, bool):
        raise _wrong(f"{place} does not say which side: isBuyer of a trade, side of an order")
    client_id = str(row.get("clientOrderId") or "")
    if read_client_order_id(client_id) is not None:
        raise _wrong(f"{place}: {client_id} is Robson's own order; it finds that by itself")
    try:
        return Fill(
            trade_id=_whole(place, row, "id" if "id" in row else "tradeId"),
            order_id=_whole(place, row, "orderId"),
            client_id=client_id,
            action=Action.BUY if buyer else Action.SELL,
            price=Price(_amount(place, row, "price")),
            quantity=Quantity(_amount(place, row, "qty")),
            commission=_amount(place, row, "commission"),
            commission_asset=_asset(place, row, "commissionAsset"),
            at_ns=ExchangeNs(_whole(place, row, "time") * NS_PER_MS),
        )
    except InvalidValue as error:
        raise _wrong(f"{place}: {error}") from None


def _asset(place: str, row: dict[str, Any], key: str) -> str:
    """A fee may be taken in any asset, as in BNB; one that is misspelt would be in no result."""
    value = row.get(key)
    if not isinstance(value, str) or not _ASSET.fullmatch(value):
        raise _wrong(f"{place}: {key} is {value}; expected an asset, as USDT or BNB")
    return value


def _whole(place: str, row: dict[str, Any], key: str) -> int:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**18:
        raise _wrong(f"{place}: {key} is {value}; expected a whole number")
    return value


def _amount(place: str, row: dict[str, Any], key: str) -> Decimal:
    value = row.get(key)
    try:
        found = decimal_of(str(value))
    except InvalidValue:
        raise _wrong(f"{place}: {key} is {value}; expected decimal text") from None
    if found < 0:
        raise _wrong(f"{place}: {key} is {value}; expected 0 or more")
    return found


def _wrong(what: str) -> Refused:
    return Refused("INVALID_ARGUMENT", f"the evidence cannot be used: {what}.")

"""Turns intents into Binance's parameters: what is wanted, in the exchange's words.

Pure. Numbers leave as plain decimals; an isolated order says so, or it would go to the cross
account.
"""

from __future__ import annotations

from collections.abc import Mapping

from robson.domain.intents import CancelOrder, OrderType, PlaceOrder, QueryOrder, Repay, SideEffect
from robson.domain.values import plain

Params = dict[str, str | int]
ISOLATED = "TRUE"
READING_WINDOW_MS = 5_000


def place(order: PlaceOrder) -> Params:
    """``POST margin/order``."""
    params: Params = {
        "symbol": str(order.scope.symbol),
        "isIsolated": ISOLATED,
        "side": order.action.name,
        "type": order.type.value,
        "quantity": plain(order.quantity),
    }
    if order.type is OrderType.STOP_LOSS_LIMIT:
        assert order.price is not None, "a limit has a price"
        params |= {"timeInForce": "GTC", "price": plain(order.price)}
    if order.stop_price is not None:
        params["stopPrice"] = plain(order.stop_price)
    return params | {
        "newClientOrderId": order.client_id,
        "newOrderRespType": "FULL",
        "sideEffectType": order.side_effect.value,
        **stamped(order.timestamp_ms, order.recv_window_ms),
    }


def borrows(order: PlaceOrder) -> bool:
    """Whether it may borrow, which weighs 250 times as much."""
    return order.side_effect is SideEffect.BORROW


def cancel(order: CancelOrder) -> Params:
    """``DELETE margin/order``."""
    return {
        "symbol": str(order.scope.symbol),
        "isIsolated": ISOLATED,
        "origClientOrderId": order.target,
        "newClientOrderId": order.cancel_id,
        **stamped(order.timestamp_ms, order.recv_window_ms),
    }


def query(order: QueryOrder) -> Params:
    """``GET margin/order``."""
    return {
        "symbol": str(order.scope.symbol),
        "isIsolated": ISOLATED,
        "origClientOrderId": order.target,
    }


def repay(wanted: Repay) -> Params:
    """``POST margin/borrow-repay``."""
    return {
        "asset": wanted.asset,
        "isIsolated": ISOLATED,
        "symbol": str(wanted.scope.symbol),
        "amount": plain(wanted.amount),
        "type": "REPAY",
        **stamped(wanted.timestamp_ms, wanted.recv_window_ms),
    }


def stamped(timestamp_ms: int | None, recv_window_ms: int = READING_WINDOW_MS) -> Mapping[str, int]:
    """When it was signed, and how long after that it may still be accepted."""
    assert timestamp_ms is not None, "the executor sends nothing that is not stamped"
    return {"recvWindow": recv_window_ms, "timestamp": timestamp_ms}

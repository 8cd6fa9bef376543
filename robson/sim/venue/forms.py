"""How an order and its trades look: in the answer to it, in that to a question, in a cancel's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robson.connectors.simulated.orders import Order
from robson.domain.reports import Fill, OrderState
from robson.domain.values import Action
from robson.sim.venue.asked import Asked
from robson.sim.venue.wire import ms, padded, trimmed


def amounts(order: Order, state: OrderState) -> dict[str, Any]:
    """What an answer to an order or a cancel says of it, decimals trimmed."""
    return {
        "price": trimmed(order.price or Decimal(0)),
        "origQty": trimmed(state.quantity),
        "executedQty": trimmed(state.executed),
        "cummulativeQuoteQty": trimmed(state.quote_executed),
        "status": state.status.value,
        "timeInForce": order.time_in_force.value,
        "type": state.type.value,
        "side": state.action.name,
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def borrowed(asked: Asked, order_id: int) -> dict[str, Any]:
    """What the order borrowed, where it did."""
    loan = asked.market.loans.get(order_id)
    if loan is None:
        return {}
    asset, amount = loan
    return {"marginBuyBorrowAmount": trimmed(amount), "marginBuyBorrowAsset": asset}


def short_fill(fill: Fill) -> dict[str, Any]:
    """A trade as the answer to an order lists it."""
    return {
        "price": trimmed(fill.price),
        "qty": trimmed(fill.quantity),
        "commission": trimmed(fill.commission),
        "commissionAsset": fill.commission_asset,
        "tradeId": fill.trade_id,
    }


def long_fill(fill: Fill, order: Order) -> dict[str, Any]:
    """A trade as the account's own trades list it."""
    return {
        "commission": padded(fill.commission),
        "commissionAsset": fill.commission_asset,
        "id": fill.trade_id,
        "isBestMatch": True,
        "isBuyer": fill.action is Action.BUY,
        "isMaker": waited(order, fill.at_ns),
        "orderId": fill.order_id,
        "price": padded(fill.price),
        "qty": padded(fill.quantity),
        "symbol": str(order.scope.symbol),
        "isIsolated": True,
        "time": ms(fill.at_ns),
    }


def queried(asked: Asked, state: OrderState) -> dict[str, Any]:
    """An order as a question is answered, decimals padded."""
    order = asked.market.exchange.state.orders[state.order_id]
    return {
        "clientOrderId": state.client_id,
        "cummulativeQuoteQty": padded(state.quote_executed),
        "executedQty": padded(state.executed),
        "icebergQty": padded(None),
        "isWorking": not order.waits,
        "orderId": state.order_id,
        "origQty": padded(state.quantity),
        "price": padded(order.price),
        "side": state.action.name,
        "status": state.status.value,
        "stopPrice": padded(state.stop_price),
        "symbol": str(order.scope.symbol),
        "isIsolated": True,
        "time": ms(order.accepted_ns),
        "timeInForce": order.time_in_force.value,
        "type": state.type.value,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "updateTime": ms(state.at_ns),
    }


def canceled(order: Order, state: OrderState, cancel_id: str) -> dict[str, Any]:
    """The answer to a cancel, whose number is text."""
    return {
        "symbol": str(order.scope.symbol),
        "orderId": str(state.order_id),
        "origClientOrderId": state.client_id,
        "clientOrderId": cancel_id,
        "isIsolated": True,
        **amounts(order, state),
    }


def waited(order: Order, at_ns: int) -> bool:
    """Whether a trade at an instant found the order resting at its limit."""
    return order.price is not None and not order.type.has_trigger and at_ns > order.accepted_ns

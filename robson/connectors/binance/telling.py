"""Turns Binance's answers into the domain's: what happened, in our words.

Pure. Answers of one order differ from endpoint to endpoint; what one leaves out is taken from what
was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from robson.connectors.binance import messages as m
from robson.connectors.binance.messages import BadMessage
from robson.domain.errors import InvalidValue
from robson.domain.identity import Scope
from robson.domain.intents import OrderType, PlaceOrder
from robson.domain.reports import AccountSnapshot, Balance, Fill, OrderState, OrderStatus
from robson.domain.values import NS_PER_MS, Action, ExchangeNs, Price, Quantity, round_up

_STATUS = {
    "PENDING_NEW": OrderStatus.NEW,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
    **{status.value: status for status in OrderStatus},
}
_TYPES = {kind.value: kind for kind in OrderType}


def ns(milliseconds: int) -> ExchangeNs:
    """Exchange time; Binance says it in milliseconds, or by mistake in microseconds."""
    if milliseconds > 10**15:
        milliseconds //= 1_000
    return ExchangeNs(milliseconds * NS_PER_MS)


def hourly(daily: Decimal) -> Decimal:
    """A day's interest for an hour, with eight decimals, rounded up."""
    return round_up(daily / 24, 8)


def placed(found: m.Order, order: PlaceOrder, now_ns: ExchangeNs) -> OrderState:
    """The answer to a new order.

    Raises:
        BadMessage: it does not say what became of the order.
    """
    status = found.status
    if not status:
        # An acknowledgement: enough for a stop, which rests; of a market order it says nothing.
        if order.type is OrderType.MARKET:
            raise BadMessage("the answer does not say whether the order was filled")
        status = OrderStatus.NEW.value
    return OrderState(
        client_id=found.clientOrderId or order.client_id,
        order_id=found.orderId,
        status=_status(status),
        action=order.action,
        type=order.type,
        quantity=_quantity(found.origQty) if found.origQty is not None else order.quantity,
        executed=_amount(found.executedQty) if found.status else Decimal(0),
        quote_executed=_amount(found.cummulativeQuoteQty),
        stop_price=order.stop_price,
        at_ns=ns(found.transactTime) if found.transactTime else now_ns,
        fills=_fills_of(found, order, now_ns) if order.type is OrderType.MARKET else None,
    )


def _fills_of(found: m.Order, order: PlaceOrder, now_ns: ExchangeNs) -> tuple[Fill, ...] | None:
    """The fills of an answer; None where it does not carry all that was executed."""
    fills = tuple(
        Fill(
            trade_id=fill.tradeId,
            order_id=found.orderId,
            client_id=found.clientOrderId or order.client_id,
            action=order.action,
            price=_price(fill.price),
            quantity=_quantity(fill.qty),
            commission=_amount(fill.commission),
            commission_asset=fill.commissionAsset,
            at_ns=ns(found.transactTime) if found.transactTime else now_ns,
        )
        for fill in found.fills or ()
    )
    whole = sum((fill.quantity for fill in fills), Decimal(0)) == _amount(found.executedQty)
    return fills if whole else None


def order_state(found: m.Order, now_ns: ExchangeNs) -> OrderState:
    """An order as questions, lists and cancels tell it.

    Raises:
        BadMessage: something of it cannot be read.
    """
    if found.side not in ("BUY", "SELL") or found.origQty is None:
        raise BadMessage(f"order {found.orderId} has no side or no quantity")
    at_ms = found.updateTime or found.transactTime or found.time
    return OrderState(
        client_id=found.origClientOrderId or found.clientOrderId,
        order_id=found.orderId,
        status=_status(found.status),
        action=Action[found.side],
        # What a person has placed may be of any other type; for us it is an order like a market
        # one, until it is found not to be ours.
        type=_TYPES.get(found.type, OrderType.MARKET),
        quantity=_quantity(found.origQty),
        executed=_amount(found.executedQty),
        quote_executed=max(Decimal(0), _amount(found.cummulativeQuoteQty, below_zero=True)),
        stop_price=_price(found.stopPrice) if found.stopPrice else None,
        at_ns=ns(at_ms) if at_ms else now_ns,
    )


def fill(row: m.Trade, client_id: str) -> Fill:
    """A row of the account's own trades; it does not carry the order's client id."""
    return Fill(
        trade_id=row.id,
        order_id=row.orderId,
        client_id=client_id,
        action=Action.BUY if row.isBuyer else Action.SELL,
        price=_price(row.price),
        quantity=_quantity(row.qty),
        commission=_amount(row.commission),
        commission_asset=row.commissionAsset,
        at_ns=ns(row.time),
    )


def account(
    found: m.Account,
    scope: Scope,
    *,
    orders: tuple[OrderState, ...],
    hourly: Mapping[str, Decimal],
    at_ns: ExchangeNs,
) -> AccountSnapshot | None:
    """The pair's account; None where it was never made, or may not be traded on.

    Raises:
        BadMessage: something of it cannot be read.
    """
    name = str(scope.symbol)
    pair = next((pair for pair in found.assets if pair.symbol == name), None)
    if pair is None or not (pair.isolatedCreated and pair.enabled and pair.tradeEnabled):
        return None
    return AccountSnapshot(
        scope=scope,
        base=_balance(pair.baseAsset),
        quote=_balance(pair.quoteAsset),
        index_price=_price(pair.indexPrice),
        at_ns=at_ns,
        open_orders=orders,
        hourly_rate_base=hourly.get(pair.baseAsset.asset, Decimal(0)),
        hourly_rate_quote=hourly.get(pair.quoteAsset.asset, Decimal(0)),
    )


def _balance(asset: m.Asset) -> Balance:
    return Balance(
        asset=asset.asset,
        free=_amount(asset.free),
        locked=_amount(asset.locked),
        borrowed=_amount(asset.borrowed),
        interest=_amount(asset.interest),
    )


def _status(text: str) -> OrderStatus:
    if text not in _STATUS:
        raise BadMessage(f"{text!r} is no status of an order")
    return _STATUS[text]


def _amount(value: Decimal | None, *, below_zero: bool = False) -> Decimal:
    if value is None or not value.is_finite() or (value < 0 and not below_zero):
        raise BadMessage(f"{value} is no amount")
    return value


def _price(value: Decimal) -> Price:
    try:
        return Price(value)
    except InvalidValue as error:
        raise BadMessage(str(error)) from None


def _quantity(value: Decimal) -> Quantity:
    try:
        return Quantity(value)
    except InvalidValue as error:
        raise BadMessage(str(error)) from None

"""``/sapi/v1/margin``: orders on isolated pairs; placed, asked for, listed, cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from robson.connectors.simulated.checks import malformed
from robson.connectors.simulated.orders import Order
from robson.domain.identity import (
    ClientOrderId,
    PositionId,
    Purpose,
    Scope,
    read_client_order_id,
)
from robson.domain.intents import (
    CancelOrder,
    OrderType,
    PlaceOrder,
    QueryOrder,
    ReadOrders,
    ReadTrades,
    SideEffect,
)
from robson.domain.reports import (
    Answer,
    ApiError,
    Fill,
    NeverSent,
    NoAnswer,
    OrderList,
    OrderState,
    OrderStatus,
    TradeList,
)
from robson.domain.values import Action, ExchangeNs, Price, Quantity
from robson.sim.venue.asked import Asked
from robson.sim.venue.endpoints import Budget, Endpoint, Handler, Table, params
from robson.sim.venue.refusals import Refused, refused
from robson.sim.venue.wire import ms, ns, padded, trimmed

DAY_MS = 86_400_000
NOBODY = PositionId.of(0)
"""The position of requests that do not say whose they are."""
_ID_RANGE = "^[a-zA-Z0-9-_]{1,36}$"
_TYPES = {"LIMIT", "LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}
"""Types that Binance knows and no symbol of the venue takes."""
_RESPONSES = ("ACK", "RESULT", "FULL")


class Vanished(Exception):
    """No answer comes; what happened is in the books. ``reason`` says what the wire did."""


def usable(answer: Answer) -> Answer:
    """An answer that says what was asked.

    Raises:
        Refused: it is an error.
        Vanished: it never comes.
    """
    if isinstance(answer, ApiError):
        raise Refused(answer)
    if isinstance(answer, NoAnswer | NeverSent):
        raise Vanished(answer.reason)
    return answer


# --- placing -------------------------------------------------------------------------------------


async def _place(asked: Asked) -> Any:
    request, scope = _request(asked), asked.isolated()
    if asked.market.refuse_ended_ids and _ended_unfilled(asked, scope, request.client_id):
        raise refused("duplicate")
    answer = usable(await asked.market.ask(request))
    assert isinstance(answer, OrderState), answer
    default = "FULL" if request.type is OrderType.MARKET else "ACK"
    form = asked.get("newOrderRespType") or default
    order = asked.market.exchange.state.orders[answer.order_id]
    acknowledged = {
        "symbol": str(scope.symbol),
        "orderId": answer.order_id,
        "clientOrderId": answer.client_id,
        "isIsolated": True,
        "transactTime": ms(answer.at_ns),
    }
    if form == "ACK":
        return acknowledged
    result = acknowledged | _amounts(order, answer) | _borrowed(asked, answer.order_id)
    if form == "FULL":
        result["fills"] = [_short_fill(fill) for fill in answer.fills or ()]
    return result


def _ended_unfilled(asked: Asked, scope: Scope, client_id: str) -> bool:
    """Whether an id is of an order that ended otherwise than by filling."""
    order = asked.market.exchange.account(scope).orders.latest(client_id)
    return order is not None and not order.is_open and order.status is not OrderStatus.FILLED


def _request(asked: Asked) -> PlaceOrder:
    """The order that is asked for.

    Raises:
        Refused: a parameter is missing, or means nothing.
    """
    rules, action = asked.listed(), _action(asked)
    kind, effect = _kind(asked), _effect(asked)
    quantity = _quantity(asked, kind)
    if asked.get("newOrderRespType") not in (None, *_RESPONSES):
        raise refused("illegal", "newOrderRespType", "ACK|RESULT|FULL")
    stop, price = asked.amount("stopPrice"), asked.amount("price")
    if kind is OrderType.STOP_LOSS_LIMIT and asked.need("timeInForce") != "GTC":
        raise refused("time_in_force")
    if kind is not OrderType.STOP_LOSS_LIMIT and asked.get("timeInForce") is not None:
        raise refused("unwanted", "timeInForce")
    if quantity <= 0:
        raise refused("missing", "quantity")
    for name, given in (("stopPrice", stop), ("price", price)):
        if given is not None and given <= 0:
            raise refused("missing", name)
    client_id = asked.get("newClientOrderId") or f"venue-{asked.at_ns:x}"
    if malformed(client_id):
        raise refused("illegal", "newClientOrderId", _ID_RANGE)
    return PlaceOrder(
        scope=Scope(asked.account, rules.symbol),
        position=NOBODY,
        purpose=_purpose(client_id, kind, effect),
        client_id=ClientOrderId(client_id),
        action=action,
        type=kind,
        quantity=Quantity(quantity),
        side_effect=effect,
        stop_price=None if stop is None else Price(stop),
        price=None if price is None else Price(price),
        timestamp_ms=asked.timestamp_ms,
        recv_window_ms=asked.recv_window_ms,
    )


def _action(asked: Asked) -> Action:
    try:
        return Action[asked.need("side")]
    except KeyError as error:
        raise refused("side") from error


def _kind(asked: Asked) -> OrderType:
    name = asked.need("type")
    if name in _TYPES:
        raise refused("unsupported")
    try:
        return OrderType(name)
    except ValueError as error:
        raise refused("order_type") from error


def _effect(asked: Asked) -> SideEffect:
    name = asked.get("sideEffectType") or SideEffect.NONE.value
    if name == "AUTO_BORROW_REPAY":
        raise refused("unsupported")
    try:
        return SideEffect(name)
    except ValueError as error:
        legal = "|".join(effect.value for effect in SideEffect)
        raise refused("illegal", "sideEffectType", legal) from error


def _quantity(asked: Asked, kind: OrderType) -> Decimal:
    """In base; of a market order that names quote, as much as that buys."""
    quote = asked.amount("quoteOrderQty")
    if quote is None or kind is not OrderType.MARKET:
        asked.need("quantity")
        return asked.amount("quantity") or Decimal(0)
    if asked.get("quantity") is not None:
        raise refused("combination")
    market = asked.market.exchange.market(asked.listed().symbol)
    slippage = asked.market.exchange.slippage_bps
    return asked.listed().floor_quantity(quote / market.taker_price(_action(asked), slippage))


def _purpose(client_id: str, kind: OrderType, effect: SideEffect) -> Purpose:
    """What an order is for: its id says so, or else its shape."""
    ours = read_client_order_id(client_id)
    if ours is not None:
        return ours.purpose
    if kind is not OrderType.MARKET:
        return Purpose.INSURANCE
    return Purpose.EXIT if effect is SideEffect.REPAY else Purpose.ENTRY


# --- forms of an order ---------------------------------------------------------------------------


def _amounts(order: Order, state: OrderState) -> dict[str, Any]:
    """What an answer to an order or a cancel says of it, decimals trimmed."""
    return {
        "price": trimmed(order.price or Decimal(0)),
        "origQty": trimmed(state.quantity),
        "executedQty": trimmed(state.executed),
        "cummulativeQuoteQty": trimmed(state.quote_executed),
        "status": state.status.value,
        "timeInForce": "GTC",
        "type": state.type.value,
        "side": state.action.name,
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def _borrowed(asked: Asked, order_id: int) -> dict[str, Any]:
    """What the order borrowed, where it did."""
    loan = asked.market.loans.get(order_id)
    if loan is None:
        return {}
    asset, amount = loan
    return {"marginBuyBorrowAmount": trimmed(amount), "marginBuyBorrowAsset": asset}


def _short_fill(fill: Fill) -> dict[str, Any]:
    return {
        "price": trimmed(fill.price),
        "qty": trimmed(fill.quantity),
        "commission": trimmed(fill.commission),
        "commissionAsset": fill.commission_asset,
        "tradeId": fill.trade_id,
    }


def _long_fill(fill: Fill, symbol: str) -> dict[str, Any]:
    return {
        "commission": padded(fill.commission),
        "commissionAsset": fill.commission_asset,
        "id": fill.trade_id,
        "isBestMatch": True,
        "isBuyer": fill.action is Action.BUY,
        "isMaker": False,
        "orderId": fill.order_id,
        "price": padded(fill.price),
        "qty": padded(fill.quantity),
        "symbol": symbol,
        "isIsolated": True,
        "time": ms(fill.at_ns),
    }


def _queried(asked: Asked, state: OrderState) -> dict[str, Any]:
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
        "timeInForce": "GTC",
        "type": state.type.value,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "updateTime": ms(state.at_ns),
    }


def _canceled(order: Order, state: OrderState, cancel_id: str) -> dict[str, Any]:
    """The answer to a cancel, whose number is text."""
    return {
        "symbol": str(order.scope.symbol),
        "orderId": str(state.order_id),
        "origClientOrderId": state.client_id,
        "clientOrderId": cancel_id,
        "isIsolated": True,
        **_amounts(order, state),
    }


# --- asking and cancelling -----------------------------------------------------------------------


def _named(asked: Asked, scope: Scope) -> Order | None:
    """The order that a request names by number or by its own id; None for none.

    Raises:
        Refused: it names none, or the account is not there.
    """
    number, name = asked.number("orderId"), asked.get("origClientOrderId")
    if number is None and name is None:
        raise refused("one_of", "origClientOrderId", "orderId")
    account = asked.market.exchange.account(scope)
    if number is None:
        assert name is not None, "one of the two is there"
        return account.orders.latest(name)
    order = asked.market.exchange.state.orders.get(number)
    mine = order is not None and order.scope == scope
    return order if mine and name in (None, getattr(order, "client_id", None)) else None


async def _query(asked: Asked) -> Any:
    scope = asked.isolated()
    order = _named(asked, scope)
    name = asked.get("origClientOrderId") or (order.client_id if order else None)
    if name is None or malformed(name):
        raise refused("order_unknown")
    newest = asked.market.exchange.account(scope).orders.latest(name)
    if order is not newest and order is not None:
        return _queried(asked, order.state())  # its id was used again: only the number finds it
    question = QueryOrder(scope=scope, position=NOBODY, target=ClientOrderId(name))
    answer = usable(await asked.market.ask(question))
    assert isinstance(answer, OrderState), answer
    return _queried(asked, answer)


async def _cancel(asked: Asked) -> Any:
    scope = asked.isolated()
    order = _named(asked, scope)
    name = asked.get("origClientOrderId") or (order.client_id if order else None)
    cancel_id = asked.get("newClientOrderId") or f"venue-{asked.at_ns:x}"
    if malformed(cancel_id):
        raise refused("illegal", "newClientOrderId", _ID_RANGE)
    if name is None or malformed(name):
        raise refused("cancel_unknown")
    request = CancelOrder(
        scope=scope,
        position=NOBODY,
        target=ClientOrderId(name),
        cancel_id=ClientOrderId(cancel_id),
        timestamp_ms=asked.timestamp_ms,
        recv_window_ms=asked.recv_window_ms,
    )
    asked.market.cancel_ids[name] = cancel_id
    answer = usable(await asked.market.ask(request))
    assert isinstance(answer, OrderState), answer
    cancelled = asked.market.exchange.state.orders[answer.order_id]
    return _canceled(cancelled, answer, cancel_id)


async def _cancel_all(asked: Asked) -> Any:
    scope = asked.isolated()
    exchange = asked.market.exchange
    found = exchange.account(scope).orders.open()
    if not found:
        raise refused("cancel_unknown")
    return [
        _canceled(order, exchange.cancel_open(order, asked.at_ns), order.client_id)
        for order in found
    ]


async def _open_orders(asked: Asked) -> Any:
    scope = asked.isolated()
    question = ReadOrders(scope=scope, since_ns=asked.at_ns)
    orders = usable(await asked.market.ask(question))
    assert isinstance(orders, OrderList), orders
    return [_queried(asked, state) for state in orders.orders if not state.status.is_final]


async def _all_orders(asked: Asked) -> Any:
    scope = asked.isolated()
    start, end = _span(asked)
    number, limit = asked.number("orderId"), asked.limit(500, 500)
    since = 0 if number is not None else ns(start)
    answer = usable(await asked.market.ask(ReadOrders(scope=scope, since_ns=ExchangeNs(since))))
    assert isinstance(answer, OrderList), answer
    orders = asked.market.exchange.state.orders
    found = [
        state
        for state in answer.orders
        if (state.order_id >= number if number is not None else True)
        and since <= orders[state.order_id].accepted_ns < ns(end + 1)
    ]
    return [_queried(asked, state) for state in found[:limit]]


def _span(asked: Asked) -> tuple[int, int]:
    """From and to in milliseconds: the last day, unless a request names another one."""
    now = ms(asked.at_ns)
    start, end = asked.number("startTime"), asked.number("endTime")
    if start is None and end is None:
        return now - DAY_MS, now
    if start is None:
        start = (end or now) - DAY_MS
    if end is None:
        end = min(start + DAY_MS, now)
    if not start <= end <= start + DAY_MS:
        raise refused("span")
    return start, end


async def _trades(asked: Asked) -> Any:
    scope = asked.isolated()
    number, order, limit = asked.number("fromId"), asked.number("orderId"), asked.limit(500, 1000)
    everything = number is not None or order is not None
    start, end = (0, ms(asked.at_ns)) if everything else _span(asked)
    question = ReadTrades(scope=scope, since_ns=ExchangeNs(ns(start)), order_id=order)
    answer = usable(await asked.market.ask(question))
    assert isinstance(answer, TradeList), answer
    found = [
        fill for fill in answer.fills if fill.trade_id >= (number or 0) and fill.at_ns < ns(end + 1)
    ]
    wanted = found[:limit] if everything or asked.get("startTime") else found[-limit:]
    return [_long_fill(fill, str(scope.symbol)) for fill in wanted]


async def _order_counts(_asked: Asked) -> Any:
    return [
        {"rateLimitType": "ORDERS", "interval": unit, "intervalNum": 1, "limit": most, "count": 0}
        for unit, most in (("SECOND", 10_000), ("DAY", 920_000))
    ]


def _order_weight(values: Mapping[str, str]) -> int:
    return 1500 if values.get("sideEffectType") == "MARGIN_BUY" else 6


_M = "/sapi/v1/margin"
_ORDER = params(
    "symbol isIsolated side type quantity quoteOrderQty price stopPrice newClientOrderId"
    " icebergQty newOrderRespType sideEffectType timeInForce selfTradePreventionMode"
    " autoRepayAtCancel trailingDelta"
)
_ONE = "symbol isIsolated orderId origClientOrderId"


def _ip(handler: Handler, weight: int, names: str) -> Endpoint:
    return Endpoint(handler=handler, params=params(names), weight=weight)


ENDPOINTS: Table = {
    ("POST", f"{_M}/order"): Endpoint(
        handler=_place, params=_ORDER, budget=Budget.UID, weighs=_order_weight
    ),
    ("GET", f"{_M}/order"): _ip(_query, 10, _ONE),
    ("DELETE", f"{_M}/order"): _ip(_cancel, 10, f"{_ONE} newClientOrderId"),
    ("GET", f"{_M}/openOrders"): _ip(_open_orders, 10, "symbol isIsolated"),
    ("DELETE", f"{_M}/openOrders"): _ip(_cancel_all, 1, "symbol isIsolated"),
    ("GET", f"{_M}/allOrders"): _ip(
        _all_orders, 200, "symbol isIsolated orderId startTime endTime limit"
    ),
    ("GET", f"{_M}/myTrades"): _ip(
        _trades, 10, "symbol isIsolated orderId startTime endTime fromId limit"
    ),
    ("GET", f"{_M}/rateLimit/order"): _ip(_order_counts, 20, "symbol isIsolated"),
}

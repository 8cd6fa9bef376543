"""``POST /sapi/v1/margin/order``: what an order asks for, whether that makes sense, and its answer.

Whatever a symbol here does not take is refused as Binance refuses it where a symbol does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from robson.connectors.simulated.checks import malformed
from robson.connectors.simulated.entries import TimeInForce
from robson.connectors.simulated.orders import LimitOrder
from robson.domain.identity import ClientOrderId, Purpose, Scope, read_client_order_id
from robson.domain.intents import OrderType, PlaceOrder, SideEffect
from robson.domain.reports import OrderState, OrderStatus
from robson.domain.values import Action, Price, Quantity
from robson.sim.venue.asked import Asked
from robson.sim.venue.endpoints import Budget, Endpoint, Table, params
from robson.sim.venue.forms import amounts, borrowed, short_fill
from robson.sim.venue.margin import ID_RANGE, NOBODY, usable
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms

_RESPONSES = ("ACK", "RESULT", "FULL")
_SELF_TRADES = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
_FULL = (OrderType.MARKET, OrderType.LIMIT)
"""Types that are answered in full unless something else is asked for; the others by ``ACK``."""
_AT_ONCE = (OrderType.MARKET, OrderType.LIMIT, OrderType.LIMIT_MAKER)
_Word = TypeVar("_Word", SideEffect, TimeInForce)


async def _place(asked: Asked) -> Any:
    request, scope = _request(asked), asked.isolated()
    if asked.market.refuse_ended_ids and _ended_unfilled(asked, scope, request.client_id):
        raise refused("duplicate")
    answer = usable(await asked.market.ask(request))
    assert isinstance(answer, OrderState), answer
    form = asked.get("newOrderRespType") or ("FULL" if request.type in _FULL else "ACK")
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
    result = acknowledged | amounts(order, answer) | borrowed(asked, answer.order_id)
    if form == "FULL":
        result["fills"] = [short_fill(fill) for fill in answer.fills or ()]
    return result


def _ended_unfilled(asked: Asked, scope: Scope, client_id: str) -> bool:
    """Whether an id is of an order that ended otherwise than by filling."""
    order = asked.market.exchange.account(scope).orders.latest(client_id)
    return order is not None and not order.is_open and order.status is not OrderStatus.FILLED


# --- what is asked for ---------------------------------------------------------------------------


def _request(asked: Asked) -> PlaceOrder:
    """The order that is asked for.

    Raises:
        Refused: a parameter is missing, means nothing, or asks for what no symbol here takes.
    """
    rules, action = asked.listed(), action_of(asked)
    kind, effect = _kind(asked), one_of(asked, "sideEffectType", SideEffect) or SideEffect.NONE
    quantity = _quantity(asked, kind)
    check_options(asked)
    stop, price = asked.amount("stopPrice"), asked.amount("price")
    force = _force(asked, kind)
    if quantity <= 0:
        raise refused("missing", "quantity")
    for name, given in (("stopPrice", stop), ("price", price)):
        if given is not None and given <= 0:
            raise refused("missing", name)
    client_id = asked.get("newClientOrderId") or f"venue-{asked.at_ns:x}"
    if malformed(client_id):
        raise refused("illegal", "newClientOrderId", ID_RANGE)
    return LimitOrder(
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
        time_in_force=force,
        keeps_loan=not asked.flag("autoRepayAtCancel", default=True),
    )


def action_of(asked: Asked) -> Action:
    try:
        return Action[asked.need("side")]
    except KeyError as error:
        raise refused("side") from error


def _kind(asked: Asked) -> OrderType:
    try:
        return OrderType(asked.need("type"))
    except ValueError as error:
        raise refused("order_type") from error


def one_of(asked: Asked, name: str, words: type[_Word]) -> _Word | None:
    """A word of a list; None where it was not said."""
    text = asked.get(name)
    try:
        return None if text is None else words(text)
    except ValueError as error:
        legal = "|".join(word.value for word in words)
        raise refused("illegal", name, legal) from error


def _force(asked: Asked, kind: OrderType) -> TimeInForce:
    """How long its limit holds; an order that has none, or may only wait, does not say."""
    if not kind.has_limit or kind is OrderType.LIMIT_MAKER:
        if asked.get("timeInForce") is not None:
            raise refused("unwanted", "timeInForce")
        return TimeInForce.GTC
    try:
        return TimeInForce(asked.need("timeInForce"))
    except ValueError as error:
        raise refused("time_in_force") from error


def check_options(asked: Asked) -> None:
    """Refuse what exchangeInfo says that no symbol here takes."""
    if asked.get("newOrderRespType") not in (None, *_RESPONSES):
        raise refused("illegal", "newOrderRespType", "|".join(_RESPONSES))
    if asked.amount("icebergQty"):
        raise refused("no_iceberg")
    if asked.get("trailingDelta") is not None:
        raise refused("no_trailing")
    if asked.get("selfTradePreventionMode") not in (None, *_SELF_TRADES):
        raise refused("no_such_prevention")


def _quantity(asked: Asked, kind: OrderType) -> Decimal:
    """In base; of a market order that names quote, as much as that buys."""
    quote = asked.amount("quoteOrderQty")
    if quote is not None and kind is not OrderType.MARKET:
        raise refused("unwanted", "quoteOrderQty")
    if quote is None:
        asked.need("quantity")
        return asked.amount("quantity") or Decimal(0)
    if asked.get("quantity") is not None:
        raise refused("combination")
    market = asked.market.exchange.market(asked.listed().symbol)
    slippage = asked.market.exchange.slippage_bps
    return asked.listed().floor_quantity(quote / market.taker_price(action_of(asked), slippage))


def _purpose(client_id: str, kind: OrderType, effect: SideEffect) -> Purpose:
    """What an order is for: its id says so, or else its shape."""
    ours = read_client_order_id(client_id)
    if ours is not None:
        return ours.purpose
    if kind not in _AT_ONCE:
        return Purpose.INSURANCE
    return Purpose.EXIT if effect is SideEffect.REPAY else Purpose.ENTRY


def order_weight(values: Mapping[str, str]) -> int:
    borrows = values.get("sideEffectType") in ("MARGIN_BUY", "AUTO_BORROW_REPAY")
    return 1500 if borrows else 6


_ORDER = params(
    "symbol isIsolated side type quantity quoteOrderQty price stopPrice newClientOrderId"
    " icebergQty newOrderRespType sideEffectType timeInForce selfTradePreventionMode"
    " autoRepayAtCancel trailingDelta"
)
ENDPOINTS: Table = {
    ("POST", "/sapi/v1/margin/order"): Endpoint(
        handler=_place, params=_ORDER, budget=Budget.UID, weighs=order_weight
    ),
}

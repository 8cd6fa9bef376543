"""``/sapi/v1/margin/order/oco`` and lists of orders; and how everything open is cancelled."""

from __future__ import annotations

from typing import Any

from robson.connectors.simulated.checks import malformed
from robson.connectors.simulated.entries import ListAccepted, TimeInForce
from robson.connectors.simulated.orders import Order
from robson.domain.identity import ClientOrderId, Purpose, Scope
from robson.domain.intents import OrderType, SideEffect
from robson.domain.reports import OrderState, OrderStatus
from robson.domain.values import Price, Quantity
from robson.sim.venue.asked import Asked
from robson.sim.venue.endpoints import Budget, Endpoint, Handler, Table, params
from robson.sim.venue.forms import amounts, canceled
from robson.sim.venue.margin import ID_RANGE, NOBODY, span, usable
from robson.sim.venue.oco import OcoOrder
from robson.sim.venue.placing import action_of, check_options, one_of, order_weight
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms, trimmed

# --- taking them ---------------------------------------------------------------------------------


async def _place(asked: Asked) -> Any:
    request = _request(asked)
    asked.isolated()
    answer = usable(await asked.market.ask(request))
    assert isinstance(answer, OrderState), answer
    found = asked.market.exchange.state.list_of(answer.order_id)
    assert found is not None, "it was just written down"
    reports = [
        _report(found, order) | {"transactTime": ms(found.at_ns)} for order in _legs(asked, found)
    ]
    return told(asked, found) | {"orderReports": reports}


def _request(asked: Asked) -> OcoOrder:
    """The pair that is asked for.

    Raises:
        Refused: a parameter is missing, means nothing, or asks for what no symbol here takes.
    """
    rules, action = asked.listed(), action_of(asked)
    for name in ("quantity", "price", "stopPrice"):
        asked.need(name)
        if not asked.amount(name):
            raise refused("missing", name)
    check_options(asked)
    if asked.amount("limitIcebergQty") or asked.amount("stopIcebergQty"):
        raise refused("no_iceberg")
    limit, made = asked.amount("stopLimitPrice"), f"venue-{asked.at_ns:x}"
    ids = {name: asked.get(name) or f"{made}-{name[0]}" for name in _IDS}
    for name, text in ids.items():
        if malformed(text):
            raise refused("illegal", name, ID_RANGE)
    return OcoOrder(
        scope=Scope(asked.account, rules.symbol),
        position=NOBODY,
        purpose=Purpose.INSURANCE,
        client_id=ClientOrderId(ids["stopClientOrderId"]),
        action=action,
        type=OrderType.STOP_LOSS if limit is None else OrderType.STOP_LOSS_LIMIT,
        quantity=Quantity(asked.amount("quantity") or 0),
        side_effect=one_of(asked, "sideEffectType", SideEffect) or SideEffect.NONE,
        stop_price=Price(asked.amount("stopPrice") or 0),
        price=None if limit is None else Price(limit),
        timestamp_ms=asked.timestamp_ms,
        recv_window_ms=asked.recv_window_ms,
        time_in_force=_force(asked, limited=limit is not None),
        keeps_loan=not asked.flag("autoRepayAtCancel", default=True),
        maker_id=ClientOrderId(ids["limitClientOrderId"]),
        maker_price=Price(asked.amount("price") or 0),
        list_id=ids["listClientOrderId"],
    )


_IDS = ("stopClientOrderId", "limitClientOrderId", "listClientOrderId")


def _force(asked: Asked, *, limited: bool) -> TimeInForce:
    """How long the limit of a stop holds."""
    name = "stopLimitTimeInForce"
    if not limited:
        if asked.get(name) is not None:
            raise refused("unwanted", name)
        return TimeInForce.GTC
    asked.need(name)
    return one_of(asked, name, TimeInForce) or TimeInForce.GTC


# --- asking and cancelling -----------------------------------------------------------------------


def _named(asked: Asked, name: str, *, otherwise: str) -> ListAccepted:
    """The list that a request names, by number or by its own id.

    Raises:
        Refused: by neither, or there is none.
    """
    number, text = asked.number("orderListId"), asked.get(name)
    if number is None and text is None:
        raise refused("one_of", name, "orderListId")
    for found in reversed(_mine(asked)):
        if number in (None, found.list_id) and text in (None, found.client_id):
            return found
    raise refused(otherwise)


def _mine(asked: Asked) -> list[ListAccepted]:
    scope = asked.isolated()
    asked.market.exchange.account(scope)
    return [one for one in asked.market.exchange.state.lists.values() if one.scope == scope]


async def _query(asked: Asked) -> Any:
    return told(asked, _named(asked, "origClientOrderId", otherwise="order_unknown"))


async def _cancel(asked: Asked) -> Any:
    found = _named(asked, "listClientOrderId", otherwise="cancel_unknown")
    cancel_id = asked.get("newClientOrderId") or f"venue-{asked.at_ns:x}"
    if malformed(cancel_id):
        raise refused("illegal", "newClientOrderId", ID_RANGE)
    legs = [order for order in _legs(asked, found) if order.is_open]
    if not legs:
        raise refused("cancel_unknown")
    for order in legs:
        asked.market.cancel_ids[order.client_id] = cancel_id
    asked.market.exchange.cancel_open(legs[0], asked.at_ns)
    return cancelled(asked, found, cancel_id)


async def _cancel_all(asked: Asked) -> Any:
    """Everything open, oldest first; of a list, the list."""
    exchange, scope = asked.market.exchange, asked.isolated()
    open_orders = exchange.account(scope).orders.open()
    if not open_orders:
        raise refused("cancel_unknown")
    rows = []
    for order in open_orders:
        if not order.is_open:
            continue  # it went with the other order of its list
        state, found = (
            exchange.cancel_open(order, asked.at_ns),
            exchange.state.list_of(order.order_id),
        )
        rows.append(
            canceled(order, state, order.client_id)
            if found is None
            else cancelled(asked, found, found.client_id)
        )
    return rows


async def _open_lists(asked: Asked) -> Any:
    exchange = asked.market.exchange
    account = exchange.account(asked.isolated())
    return [told(asked, found) for found in exchange.open_lists(account)]


async def _all_lists(asked: Asked) -> Any:
    from_id, limit = asked.number("fromId"), asked.limit(500, 500)
    if from_id is not None and (asked.get("startTime") or asked.get("endTime")):
        raise refused("combination")
    start, end = (0, ms(asked.at_ns)) if from_id is not None else span(asked)
    rows = [
        one
        for one in _mine(asked)
        if one.list_id >= (from_id or 0) and start <= ms(one.at_ns) <= end
    ]
    return [told(asked, found) for found in rows[:limit]]


# --- how they look -------------------------------------------------------------------------------


def _legs(asked: Asked, found: ListAccepted) -> tuple[Order, Order]:
    orders = asked.market.exchange.state.orders
    return orders[found.stop], orders[found.maker]


def told(asked: Asked, found: ListAccepted) -> dict[str, Any]:
    """A list as a question is answered."""
    legs = _legs(asked, found)
    lives = any(order.is_open for order in legs)
    return {
        "orderListId": found.list_id,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED" if lives else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if lives else "ALL_DONE",
        "listClientOrderId": found.client_id,
        "transactionTime": ms(max(order.updated_ns for order in legs)),
        "symbol": str(found.scope.symbol),
        "isIsolated": True,
        "orders": [
            {
                "symbol": str(found.scope.symbol),
                "orderId": order.order_id,
                "clientOrderId": order.client_id,
            }
            for order in legs
        ],
    }


def _report(found: ListAccepted, order: Order) -> dict[str, Any]:
    report = {
        "symbol": str(found.scope.symbol),
        "orderId": order.order_id,
        "orderListId": found.list_id,
        "clientOrderId": order.client_id,
        **amounts(order, order.state()),
    }
    return report if order.stop_price is None else report | {"stopPrice": trimmed(order.stop_price)}


def cancelled(asked: Asked, found: ListAccepted, cancel_id: str) -> dict[str, Any]:
    """A list as the answer to its cancel has it."""
    reports = [
        _report(found, order) | {"origClientOrderId": order.client_id, "clientOrderId": cancel_id}
        for order in _legs(asked, found)
        if order.status is OrderStatus.CANCELED
    ]
    return told(asked, found) | {"orderReports": reports}


# --- what there is not ---------------------------------------------------------------------------


async def _no_list(asked: Asked) -> Any:
    asked.isolated()
    raise refused("no_lists")


_M = "/sapi/v1/margin"
_PLACED = (
    "symbol isIsolated side quantity price stopPrice stopLimitPrice stopLimitTimeInForce"
    " listClientOrderId limitClientOrderId stopClientOrderId limitIcebergQty stopIcebergQty"
    " newOrderRespType sideEffectType selfTradePreventionMode autoRepayAtCancel"
)


def _uid(handler: Handler, names: str | None) -> Endpoint:
    known = None if names is None else params(names)
    return Endpoint(handler=handler, params=known, budget=Budget.UID, weighs=order_weight)


def _ip(handler: Handler, weight: int, names: str) -> Endpoint:
    return Endpoint(handler=handler, params=params(names), weight=weight)


ENDPOINTS: Table = {
    ("POST", f"{_M}/order/oco"): _uid(_place, _PLACED),
    ("POST", f"{_M}/order/oto"): _uid(_no_list, None),
    ("POST", f"{_M}/order/otoco"): _uid(_no_list, None),
    ("GET", f"{_M}/orderList"): _ip(_query, 10, "symbol isIsolated orderListId origClientOrderId"),
    ("DELETE", f"{_M}/orderList"): Endpoint(
        handler=_cancel,
        params=params("symbol isIsolated orderListId listClientOrderId newClientOrderId"),
        budget=Budget.UID,
    ),
    ("DELETE", f"{_M}/openOrders"): _ip(_cancel_all, 1, "symbol isIsolated"),
    ("GET", f"{_M}/openOrderList"): _ip(_open_lists, 10, "symbol isIsolated"),
    ("GET", f"{_M}/allOrderList"): _ip(
        _all_lists, 200, "symbol isIsolated fromId startTime endTime limit"
    ),
}

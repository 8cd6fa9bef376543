"""``/sapi/v1/margin``: orders on isolated pairs; asked for, listed, cancelled."""

from __future__ import annotations

from typing import Any

from robson.connectors.simulated.checks import malformed
from robson.connectors.simulated.orders import Order
from robson.domain.identity import (
    ClientOrderId,
    PositionId,
    Scope,
)
from robson.domain.intents import (
    CancelOrder,
    QueryOrder,
    ReadOrders,
    ReadTrades,
)
from robson.domain.reports import (
    Answer,
    ApiError,
    NeverSent,
    NoAnswer,
    OrderList,
    OrderState,
    TradeList,
)
from robson.domain.values import ExchangeNs
from robson.sim.venue.asked import Asked
from robson.sim.venue.endpoints import Endpoint, Handler, Table, params
from robson.sim.venue.forms import canceled, long_fill, queried
from robson.sim.venue.refusals import Refused, refused
from robson.sim.venue.wire import ms, ns

DAY_MS = 86_400_000
NOBODY = PositionId.of(0)
"""The position of requests that do not say whose they are."""
ID_RANGE = "^[a-zA-Z0-9-_]{1,36}$"


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
        return queried(asked, order.state())  # its id was used again: only the number finds it
    question = QueryOrder(scope=scope, position=NOBODY, target=ClientOrderId(name))
    answer = usable(await asked.market.ask(question))
    assert isinstance(answer, OrderState), answer
    return queried(asked, answer)


async def _cancel(asked: Asked) -> Any:
    scope = asked.isolated()
    order = _named(asked, scope)
    name = asked.get("origClientOrderId") or (order.client_id if order else None)
    cancel_id = asked.get("newClientOrderId") or f"venue-{asked.at_ns:x}"
    if malformed(cancel_id):
        raise refused("illegal", "newClientOrderId", ID_RANGE)
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
    return canceled(cancelled, answer, cancel_id)


async def _open_orders(asked: Asked) -> Any:
    scope = asked.isolated()
    question = ReadOrders(scope=scope, since_ns=asked.at_ns)
    orders = usable(await asked.market.ask(question))
    assert isinstance(orders, OrderList), orders
    return [queried(asked, state) for state in orders.orders if not state.status.is_final]


async def _all_orders(asked: Asked) -> Any:
    scope = asked.isolated()
    start, end = span(asked)
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
    return [queried(asked, state) for state in found[:limit]]


def span(asked: Asked) -> tuple[int, int]:
    """From and to in milliseconds: the last day, unless a request names another one."""
    now = ms(asked.at_ns)
    start, end = asked.moment("startTime"), asked.moment("endTime")
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
    start, end = (0, ms(asked.at_ns)) if everything else span(asked)
    question = ReadTrades(scope=scope, since_ns=ExchangeNs(ns(start)), order_id=order)
    answer = usable(await asked.market.ask(question))
    assert isinstance(answer, TradeList), answer
    found = [
        fill for fill in answer.fills if fill.trade_id >= (number or 0) and fill.at_ns < ns(end + 1)
    ]
    orders = asked.market.exchange.state.orders
    wanted = found[:limit] if everything or asked.get("startTime") else found[-limit:]
    return [long_fill(fill, orders[fill.order_id]) for fill in wanted]


async def _order_counts(_asked: Asked) -> Any:
    return [
        {"rateLimitType": "ORDERS", "interval": unit, "intervalNum": 1, "limit": most, "count": 0}
        for unit, most in (("SECOND", 10_000), ("DAY", 920_000))
    ]


_M = "/sapi/v1/margin"
_ONE = "symbol isIsolated orderId origClientOrderId"


def _ip(handler: Handler, weight: int, names: str) -> Endpoint:
    return Endpoint(handler=handler, params=params(names), weight=weight)


ENDPOINTS: Table = {
    ("GET", f"{_M}/order"): _ip(_query, 10, _ONE),
    ("DELETE", f"{_M}/order"): _ip(_cancel, 10, f"{_ONE} newClientOrderId"),
    ("GET", f"{_M}/openOrders"): _ip(_open_orders, 10, "symbol isIsolated"),
    ("GET", f"{_M}/allOrders"): _ip(
        _all_orders, 200, "symbol isIsolated orderId startTime endTime limit"
    ),
    ("GET", f"{_M}/myTrades"): _ip(
        _trades, 10, "symbol isIsolated orderId startTime endTime fromId limit"
    ),
    ("GET", f"{_M}/rateLimit/order"): _ip(_order_counts, 20, "symbol isIsolated"),
}

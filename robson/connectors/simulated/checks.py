"""Checks that need no balance: the request's time, an order's shape, the symbol's filters.

Each names the rule that refuses, or None. They run in the order of the real exchange: time, then
parameters, then filters; all of them before anything is done.
"""

from __future__ import annotations

import re
from decimal import Decimal

from robson.connectors.simulated.account import whole_atoms
from robson.connectors.simulated.exchange_rules import Rule
from robson.domain.instrument import Instrument
from robson.domain.intents import OrderType, PlaceOrder, Trading
from robson.domain.values import NS_PER_MS, ExchangeNs

MAX_AHEAD_MS = 1000
MAX_RECV_WINDOW_MS = 60_000
MAX_AMOUNT = Decimal(92_233_720_368)
"""The exchange counts atoms of an asset in 64 bits; nothing larger can be an amount."""

_CLIENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,36}")


def timing_refuses(request: Trading, arrived_ns: ExchangeNs) -> Rule | None:
    """The gateway's check: signed less than a second ahead, and within its receive window."""
    if request.timestamp_ms is None:
        return Rule.TIMESTAMP_MISSING
    if request.recv_window_ms > MAX_RECV_WINDOW_MS:
        return Rule.RECV_WINDOW_TOO_LARGE
    if request.timestamp_ms >= arrived_ns // NS_PER_MS + MAX_AHEAD_MS:
        return Rule.TIMESTAMP_AHEAD
    return Rule.TIMESTAMP_OLD if too_old(request, arrived_ns) else None


def too_old(request: Trading, now_ns: ExchangeNs) -> bool:
    """Whether the receive window is over; asked again just before the matching engine."""
    if request.timestamp_ms is None:
        return True
    return now_ns // NS_PER_MS - request.timestamp_ms > request.recv_window_ms


def malformed(client_id: str) -> bool:
    """Whether a client order id breaks the exchange's pattern."""
    return _CLIENT_ID.fullmatch(client_id) is None


def shape_refuses(order: PlaceOrder, instrument: Instrument) -> Rule | None:
    """Whether the parameters fit each other, and the symbol takes orders of this type."""
    stop, limit = order.stop_price, order.price
    if malformed(order.client_id):
        return Rule.CLIENT_ID_MALFORMED
    if order.quantity > MAX_AMOUNT:
        return Rule.FILTER_LOT_SIZE
    prices = [price for price in (stop, limit) if price is not None]
    if any(price > MAX_AMOUNT for price in prices):
        return Rule.FILTER_PRICE
    if not all(whole_atoms(number) for number in (order.quantity, *prices)):
        return Rule.TOO_PRECISE
    return _prices_refuse(order) or _type_refuses(order, instrument)


def _prices_refuse(order: PlaceOrder) -> Rule | None:
    """Whether the type wants a trigger and a limit, and has them."""
    limited, triggered = order.type.has_limit, order.type.has_trigger
    if order.price is not None and not limited:
        return Rule.LIMIT_PRICE_UNWANTED
    if order.stop_price is not None and not triggered:
        return Rule.STOP_PRICE_UNWANTED
    if order.stop_price is None and triggered:
        return Rule.STOP_PRICE_MISSING
    return Rule.LIMIT_PRICE_MISSING if limited and order.price is None else None


def _type_refuses(order: PlaceOrder, instrument: Instrument) -> Rule | None:
    """Whether the symbol takes the type; what waits for a trigger never borrows."""
    kind = order.type
    if kind.has_trigger and order.side_effect.borrows:
        return Rule.STOP_WOULD_BORROW
    if _listed(order, instrument):
        return None
    if kind.takes_profit:
        return Rule.TAKE_PROFIT_NOT_LISTED
    return Rule.MARKET_NOT_LISTED if kind is OrderType.MARKET else Rule.STOP_NOT_LISTED


def _listed(order: PlaceOrder, instrument: Instrument) -> bool:
    return order.type.value in instrument.order_types


def filters_refuse(order: PlaceOrder, instrument: Instrument, last: Decimal) -> Rule | None:
    """The symbol's filters; a stop is valued at its own price, a market order at the last one."""
    quantity, prices = order.quantity, (order.stop_price, order.price)
    if any(price is not None and not _on_price_grid(price, instrument) for price in prices):
        return Rule.FILTER_PRICE
    if not _in_lot(quantity, instrument.min_qty, instrument.max_qty, instrument.step):
        return Rule.FILTER_LOT_SIZE
    largest, step = instrument.market_max_qty, instrument.market_step
    if order.type is OrderType.MARKET and not _in_lot(quantity, Decimal(0), largest, step):
        return Rule.FILTER_MARKET_LOT_SIZE
    worth = quantity * (order.price or order.stop_price or last)
    return Rule.FILTER_NOTIONAL if worth < instrument.min_notional else None


def _on_price_grid(price: Decimal, instrument: Instrument) -> bool:
    least, tick = instrument.min_price, instrument.tick
    return price >= least and (price - least) % tick == 0


def _in_lot(quantity: Decimal, least: Decimal, largest: Decimal, step: Decimal) -> bool:
    """One lot filter; a part that is zero is switched off."""
    if quantity < least or (largest > 0 and quantity > largest):
        return False
    return step == 0 or quantity % step == 0

"""What a user's stream says of each entry in the books: order reports, balances, debts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from robson.connectors.simulated.entries import (
    DebtRepaid,
    Deposited,
    Entry,
    Filled,
    InterestCharged,
    ListAccepted,
    LoanTaken,
    Locked,
    OrderAccepted,
    OrderClosed,
    TimeInForce,
    Unlocked,
    Withdrawn,
)
from robson.connectors.simulated.orders import Order
from robson.domain.identity import Scope
from robson.domain.reports import OrderStatus
from robson.sim.venue.forms import waited
from robson.sim.venue.market import Market
from robson.sim.venue.wire import ms, padded, trimmed

Event = dict[str, Any]
_REASONS = {
    TimeInForce.IOC: "UNFILLED_IOC_QUANTITY_EXPIRED",
    TimeInForce.FOK: "UNFILLED_FOK_ORDER_EXPIRED",
}
"""Why an order that may not wait has expired."""
_MOVES = (
    Deposited,
    Withdrawn,
    Locked,
    Unlocked,
    LoanTaken,
    Filled,
    DebtRepaid,
)
"""Entries after which balances are told."""


class Reporter:
    """Makes events of entries. Executions are numbered as the exchange numbers them."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._executions = len(market.books.entries())
        state = market.exchange.state
        self._left = {
            one.list_id: {n for n in (one.stop, one.maker) if state.orders[n].is_open}
            for one in state.lists.values()
        }

    def events(self, entry: Entry) -> Iterator[Event]:
        """Events of one entry but for balances, which come once for all that moved."""
        at = ms(entry.at_ns)
        match entry:
            case OrderAccepted():
                yield self._report(entry.order_id, at, "NEW", OrderStatus.NEW)
            case ListAccepted():
                self._left[entry.list_id] = {entry.stop, entry.maker}
                yield self._listed(entry, at, "EXEC_STARTED", "EXECUTING")
            case Filled():
                trade = self._trade(entry, at)
                yield trade
                if trade["X"] == OrderStatus.FILLED.value:
                    yield from self._done_with(entry.order_id, at)
            case OrderClosed():
                yield self._ended(entry, at)
                yield from self._done_with(entry.order_id, at)
            case Deposited() | Withdrawn():
                sign = 1 if isinstance(entry, Deposited) else -1
                yield self._moved(at, entry.asset, sign * entry.amount)
            case LoanTaken():
                yield self._moved(at, entry.asset, entry.amount)
                yield self._liability(at, entry.asset, "BORROW", entry.amount, Decimal(0))
            case DebtRepaid():
                yield self._moved(at, entry.asset, -entry.principal - entry.interest)
                paid = (entry.principal, entry.interest)
                yield self._liability(at, entry.asset, "REPAY", *paid)
            case InterestCharged():
                zero = Decimal(0)
                yield self._liability(at, entry.asset, "INTEREST", zero, entry.amount)

    def balances(self, scope: Scope, at: int) -> Event:
        """Both assets of a pair as they are now."""
        account = self._market.exchange.state.accounts[scope]
        rows = [
            {"a": wallet.asset, "f": padded(wallet.free), "l": padded(wallet.locked)}
            for wallet in (account.base, account.quote)
        ]
        return {"e": "outboundAccountPosition", "E": at, "u": at, "B": rows}

    @staticmethod
    def moves_balances(entry: Entry) -> bool:
        """Whether balances are told after it."""
        return isinstance(entry, _MOVES)

    # --- orders ----------------------------------------------------------------------------------

    def _trade(self, entry: Filled, at: int) -> Event:
        order = self._market.exchange.state.orders[entry.order_id]
        before = [fill for fill in order.fills if fill.trade_id <= entry.trade_id]
        done = sum((fill.quantity for fill in before), Decimal(0))
        full = done >= order.quantity
        status = OrderStatus.FILLED if full else OrderStatus.PARTIALLY_FILLED
        event = self._report(entry.order_id, at, "TRADE", status, executed=done)
        event.update(
            l=padded(entry.quantity),
            L=padded(entry.price),
            n=padded(entry.commission),
            N=entry.commission_asset,
            t=entry.trade_id,
            w=not full and order.rests,
            m=waited(order, entry.at_ns),
            M=True,
            Y=padded(entry.quote_amount),
        )
        return event

    def _ended(self, entry: OrderClosed, at: int) -> Event:
        event = self._report(entry.order_id, at, entry.status.value, entry.status)
        force = self._market.exchange.state.orders[entry.order_id].time_in_force
        if entry.status is OrderStatus.EXPIRED and force in _REASONS:
            event["eR"] = _REASONS[force]
        if entry.status is OrderStatus.EXPIRED and len(self._legs_left(entry.order_id)) > 1:
            event["eR"] = "OCO_TRIGGER"
        return event

    # --- lists -----------------------------------------------------------------------------------

    def _legs_left(self, order_id: int) -> set[int]:
        found = self._market.exchange.state.list_of(order_id)
        return set() if found is None else self._left[found.list_id]

    def _done_with(self, order_id: int, at: int) -> Iterator[Event]:
        """Say that a list is done, once the last of its orders is."""
        found = self._market.exchange.state.list_of(order_id)
        if found is None or order_id not in self._left[found.list_id]:
            return
        self._left[found.list_id].discard(order_id)
        if not self._left[found.list_id]:
            yield self._listed(found, at, "ALL_DONE", "ALL_DONE")

    def _listed(self, entry: ListAccepted, at: int, kind: str, status: str) -> Event:
        orders, symbol = self._market.exchange.state.orders, str(entry.scope.symbol)
        return {
            "e": "listStatus",
            "E": at,
            "s": symbol,
            "g": entry.list_id,
            "c": "OCO",
            "l": kind,
            "L": status,
            "r": "NONE",
            "C": entry.client_id,
            "T": at,
            "O": [
                {"s": symbol, "i": number, "c": orders[number].client_id}
                for number in (entry.stop, entry.maker)
            ],
        }

    def _report(
        self,
        order_id: int,
        at: int,
        kind: str,
        status: OrderStatus,
        *,
        executed: Decimal | None = None,
    ) -> Event:
        order = self._market.exchange.state.orders[order_id]
        self._executions += 1
        done = self._done(order, kind) if executed is None else executed
        quote = order.quote_executed if done else Decimal(0)
        listed = self._market.exchange.state.list_of(order_id)
        cancel_id = self._market.cancel_ids.get(order.client_id, "") if kind == "CANCELED" else ""
        return {
            "e": "executionReport",
            "E": at,
            "s": str(order.scope.symbol),
            "c": cancel_id or order.client_id,
            "S": order.action.name,
            "o": order.type.value,
            "f": order.time_in_force.value,
            "q": padded(order.quantity),
            "p": padded(order.price),
            "P": padded(order.stop_price),
            "F": padded(None),
            "g": -1 if listed is None else listed.list_id,
            "C": order.client_id if cancel_id else "",
            "x": kind,
            "X": status.value,
            "r": "NONE",
            "i": order_id,
            "l": padded(None),
            "z": padded(done),
            "L": padded(None),
            "n": "0",
            "N": None,
            "T": at,
            "t": -1,
            "I": self._executions,
            "w": kind == "NEW" and order.stop_price is None,
            "m": False,
            "M": False,
            "O": ms(order.accepted_ns),
            "Z": padded(quote),
            "Y": padded(None),
            "Q": padded(None),
            "W": ms(order.accepted_ns),
            "V": "EXPIRE_MAKER",
        }

    @staticmethod
    def _done(order: Order, kind: str) -> Decimal:
        return Decimal(0) if kind == "NEW" else order.executed

    # --- money -----------------------------------------------------------------------------------

    @staticmethod
    def _moved(at: int, asset: str, amount: Decimal) -> Event:
        return {"e": "balanceUpdate", "E": at, "a": asset, "d": padded(amount), "T": at}

    @staticmethod
    def _liability(at: int, asset: str, kind: str, principal: Decimal, interest: Decimal) -> Event:
        return {
            "e": "USER_LIABILITY_CHANGE",
            "E": at,
            "a": asset,
            "t": kind,
            "p": trimmed(principal),
            "i": trimmed(interest),
        }

"""Money in and out of isolated accounts: transfers, loans, repayments, interest; and lists."""

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
    LoanTaken,
    Withdrawn,
)
from robson.domain.errors import InvalidValue
from robson.domain.identity import Scope
from robson.domain.intents import Repay
from robson.domain.reports import FORCED_PREFIX
from robson.domain.values import Action
from robson.sim.venue.asked import Asked
from robson.sim.venue.endpoints import Budget, Endpoint, Handler, Table, params
from robson.sim.venue.margin import NOBODY, usable
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms, padded, trimmed

_IN = ("MARGIN_ISOLATEDMARGIN", "MAIN_ISOLATED_MARGIN")
_OUT = ("ISOLATEDMARGIN_MARGIN", "ISOLATED_MARGIN_MAIN")
_WALLETS = ("MAIN_MARGIN", "MARGIN_MAIN")
"""Between wallets that the venue does not keep: there is always enough in them."""
_Numbered = tuple[int, Entry]


def _own(asked: Asked, scope: Scope | None) -> Iterator[_Numbered]:
    """What the books say of one's own accounts, or of one of them, newest first."""
    entries = asked.market.books.entries()
    for number in range(len(entries), 0, -1):
        entry = entries[number - 1]
        theirs = getattr(entry, "scope", None)
        if theirs is None or theirs.account != asked.account:
            continue
        if scope is None or theirs == scope:
            yield number, entry


def _paged(asked: Asked, rows: list[dict[str, Any]]) -> dict[str, Any]:
    size = min(asked.number("size") or 10, 100)
    current = asked.number("current") or 1
    return {"rows": rows[(current - 1) * size : current * size], "total": len(rows)}


def _within(asked: Asked, at_ms: int) -> bool:
    start, end = asked.moment("startTime"), asked.moment("endTime")
    return (start is None or at_ms >= start) and (end is None or at_ms <= end)


def _isolated(asked: Asked) -> Scope | None:
    name = asked.get("isolatedSymbol")
    return None if name is None else asked.scope("isolatedSymbol")


# --- transfers -----------------------------------------------------------------------------------


async def _transfer(asked: Asked) -> Any:
    kind, asset = asked.need("type"), asked.need("asset")
    asked.need("amount")
    amount = asked.amount("amount") or Decimal(0)
    exchange = asked.market.exchange
    if kind in _IN:
        scope = asked.scope("toSymbol")
        try:
            exchange.deposit(scope, asset, amount, at_ns=asked.at_ns)
        except InvalidValue as error:
            raise refused("transfer_failed") from error
    elif kind in _OUT:
        scope = asked.scope("fromSymbol")
        if asset not in (scope.symbol.base, scope.symbol.quote):
            raise refused("no_asset")
        exchange.withdraw_own(scope, asset, amount, asked.at_ns)
    elif kind not in _WALLETS:
        raise refused("unsupported")
    return {"tranId": len(asked.market.books.entries())}


async def _transfers(asked: Asked) -> Any:
    scope, wanted = _isolated(asked), asked.get("type")
    rows = [
        {
            "amount": trimmed(entry.amount),
            "asset": entry.asset,
            "status": "CONFIRMED",
            "timestamp": ms(entry.at_ns),
            "txId": number,
            "type": "ROLL_IN" if isinstance(entry, Deposited) else "ROLL_OUT",
        }
        for number, entry in _own(asked, scope)
        if isinstance(entry, Deposited | Withdrawn) and _within(asked, ms(entry.at_ns))
    ]
    return _paged(asked, [row for row in rows if wanted in (None, row["type"])])


# --- loans ---------------------------------------------------------------------------------------


async def _borrow_repay(asked: Asked) -> Any:
    scope, asset, kind = asked.isolated(), asked.need("asset"), asked.need("type")
    asked.need("amount")
    amount = asked.amount("amount") or Decimal(0)
    if asset not in (scope.symbol.base, scope.symbol.quote):
        raise refused("no_asset")
    if kind == "BORROW":
        asked.market.exchange.borrow(scope, asset, amount, asked.at_ns)
    elif kind == "REPAY":
        request = Repay(
            scope=scope,
            position=NOBODY,
            asset=asset,
            amount=amount,
            attempt=0,
            timestamp_ms=asked.timestamp_ms,
            recv_window_ms=asked.recv_window_ms,
        )
        usable(await asked.market.ask(request))
    else:
        raise refused("illegal", "type", "BORROW|REPAY")
    return {"tranId": len(asked.market.books.entries())}


async def _loans(asked: Asked) -> Any:
    kind = asked.need("type")
    if kind not in ("BORROW", "REPAY"):
        raise refused("illegal", "type", "BORROW|REPAY")
    wanted, number = asked.get("asset"), asked.number("txId")
    rows = [
        _loan(row, entry)
        for row, entry in _own(asked, _isolated(asked))
        if isinstance(entry, LoanTaken if kind == "BORROW" else DebtRepaid)
        and _within(asked, ms(entry.at_ns))
        and wanted in (None, entry.asset)
        and number in (None, row)
    ]
    return _paged(asked, rows)


def _loan(number: int, entry: LoanTaken | DebtRepaid) -> dict[str, Any]:
    interest = entry.interest if isinstance(entry, DebtRepaid) else Decimal(0)
    principal = entry.principal if isinstance(entry, DebtRepaid) else entry.amount
    return {
        "type": "MANUAL" if entry.order_id is None else "AUTO",
        "isolatedSymbol": str(entry.scope.symbol),
        "amount": trimmed(interest + principal),
        "asset": entry.asset,
        "interest": trimmed(interest),
        "principal": trimmed(principal),
        "status": "CONFIRMED",
        "timestamp": ms(entry.at_ns),
        "txId": number,
    }


async def _interest(asked: Asked) -> Any:
    wanted, terms = asked.get("asset"), asked.market.exchange.terms
    rows = []
    for number, entry in _own(asked, _isolated(asked)):
        if not isinstance(entry, InterestCharged) or not _within(asked, ms(entry.at_ns)):
            continue
        base = entry.asset == entry.scope.symbol.base
        daily = terms.daily_rate_base if base else terms.daily_rate_quote
        rows.append(
            {
                "txId": number,
                "interestAccuredTime": ms(entry.at_ns),
                "asset": entry.asset,
                "principal": trimmed((entry.amount * 24 / daily).quantize(Decimal("0.00000001"))),
                "interest": trimmed(entry.amount),
                "interestRate": trimmed(daily),
                "type": "PERIODIC" if entry.hourly else "ON_BORROW",
                "isolatedSymbol": str(entry.scope.symbol),
            }
        )
    return _paged(asked, [row for row in rows if wanted in (None, row["asset"])])


# --- everything that moved -----------------------------------------------------------------------


async def _capital_flow(asked: Asked) -> Any:
    scope, wanted = asked.scope(), (asked.get("asset"), asked.get("type"))
    rows = [
        {
            "id": number,
            "tranId": number,
            "timestamp": ms(entry.at_ns),
            "asset": asset,
            "symbol": str(scope.symbol),
            "type": kind,
            "amount": trimmed(amount),
        }
        for number, entry in _own(asked, scope)
        if _within(asked, ms(entry.at_ns))
        for kind, asset, amount in _flows(asked, entry)
        if wanted[0] in (None, asset) and wanted[1] in (None, kind)
    ]
    return rows[: asked.limit(500, 1000)]


def _flows(asked: Asked, entry: Entry) -> list[tuple[str, str, Decimal]]:
    """Each movement that an entry of the books is: kind, asset, signed amount."""
    match entry:
        case Deposited():
            return [("TRANSFER", entry.asset, entry.amount)]
        case Withdrawn():
            return [("TRANSFER", entry.asset, -entry.amount)]
        case LoanTaken():
            return [("BORROW", entry.asset, entry.amount)]
        case DebtRepaid():
            kind = "REPAY_LIQUIDATION" if _is_forced(asked, entry.order_id) else "REPAY"
            return [(kind, entry.asset, -entry.interest - entry.principal)]
        case Filled() if _is_forced(asked, entry.order_id):
            return _forced_flows(asked, entry)
        case Filled():
            buys = asked.market.exchange.state.orders[entry.order_id].action is Action.BUY
            base, quote, symbol = entry.quantity, entry.quote_amount, entry.scope.symbol
            trade = (
                [("BUY_INCOME", symbol.base, base), ("BUY_EXPENSE", symbol.quote, -quote)]
                if buys
                else [("SELL_INCOME", symbol.quote, quote), ("SELL_EXPENSE", symbol.base, -base)]
            )
            return [*trade, ("TRADING_COMMISSION", entry.commission_asset, -entry.commission)]
    return []


def _is_forced(asked: Asked, order_id: int | None) -> bool:
    order = asked.market.exchange.state.orders.get(order_id or 0)
    return order is not None and order.client_id.startswith(FORCED_PREFIX)


def _forced_flows(asked: Asked, entry: Filled) -> list[tuple[str, str, Decimal]]:
    """The same by the names for a forced close; which of them covers what, no document says."""
    buys = asked.market.exchange.state.orders[entry.order_id].action is Action.BUY
    kind, sign = ("BUY_LIQUIDATION", 1) if buys else ("SELL_LIQUIDATION", -1)
    return [
        (kind, entry.scope.symbol.base, sign * entry.quantity),
        (kind, entry.scope.symbol.quote, -sign * entry.quote_amount),
        ("LIQUIDATION_FEE", entry.commission_asset, -entry.commission),
    ]


async def _forced(asked: Asked) -> Any:
    scope = _isolated(asked)
    orders = asked.market.exchange.state.orders.values()
    rows = [
        {
            "avgPrice": padded(order.quote_executed / order.executed if order.executed else None),
            "executedQty": padded(order.executed),
            "orderId": order.order_id,
            "price": padded(order.price),
            "qty": padded(order.quantity),
            "side": order.action.name,
            "symbol": str(order.scope.symbol),
            "timeInForce": "GTC",
            "isIsolated": True,
            "updatedTime": ms(order.updated_ns),
        }
        for order in reversed(list(orders))
        if order.client_id.startswith(FORCED_PREFIX)
        and order.scope.account == asked.account
        and scope in (None, order.scope)
        and _within(asked, ms(order.updated_ns))
    ]
    return _paged(asked, rows)


_M = "/sapi/v1/margin"
_PAGE = "startTime endTime current size"


def _ip(handler: Handler, weight: int, names: str) -> Endpoint:
    return Endpoint(handler=handler, params=params(names), weight=weight)


def _uid(handler: Handler, weight: int, names: str) -> Endpoint:
    return Endpoint(handler=handler, params=params(names), weight=weight, budget=Budget.UID)


ENDPOINTS: Table = {
    ("POST", "/sapi/v1/asset/transfer"): _uid(
        _transfer, 300, "type asset amount fromSymbol toSymbol"
    ),
    ("GET", f"{_M}/transfer"): _ip(_transfers, 1, f"asset isolatedSymbol type archived {_PAGE}"),
    ("POST", f"{_M}/borrow-repay"): _uid(
        _borrow_repay, 1500, "asset isIsolated symbol amount type"
    ),
    ("GET", f"{_M}/borrow-repay"): _ip(
        _loans, 10, f"type asset isolatedSymbol txId archived {_PAGE}"
    ),
    ("GET", f"{_M}/interestHistory"): _ip(_interest, 1, f"asset isolatedSymbol archived {_PAGE}"),
    ("GET", f"{_M}/capital-flow"): _ip(
        _capital_flow, 100, "asset symbol type startTime endTime fromId limit"
    ),
    ("GET", f"{_M}/forceLiquidationRec"): _ip(_forced, 1, f"isolatedSymbol {_PAGE}"),
}

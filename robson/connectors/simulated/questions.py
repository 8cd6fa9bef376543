"""What the exchange says when asked, and the line its request log keeps of every request."""

from __future__ import annotations

from collections.abc import Iterable

from robson.connectors.simulated.account import Account, paid
from robson.connectors.simulated.entries import (
    Deposited,
    Entry,
    InterestCharged,
    RequestLogged,
    Withdrawn,
)
from robson.connectors.simulated.ledger import Terms
from robson.domain.identity import Scope
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder, Repay
from robson.domain.reports import (
    AccountSnapshot,
    Answer,
    ApiError,
    InterestCharge,
    InterestList,
    OrderState,
    Transfer,
    TransferList,
)
from robson.domain.values import ExchangeNs, Price


def account_snapshot(
    account: Account, index: Price, terms: Terms, at_ns: ExchangeNs
) -> AccountSnapshot:
    """The pair's account with what rests on it; hourly rates have eight decimals, rounded up."""
    return AccountSnapshot(
        scope=account.scope,
        base=account.base.balance(),
        quote=account.quote.balance(),
        index_price=index,
        at_ns=at_ns,
        open_orders=tuple(order.state() for order in account.orders.open()),
        hourly_rate_base=paid(terms.daily_rate_base / 24),
        hourly_rate_quote=paid(terms.daily_rate_quote / 24),
    )


def interest_since(entries: Iterable[Entry], scope: Scope, since_ns: ExchangeNs) -> InterestList:
    """Every charge on one account since an instant, oldest first."""
    return InterestList(
        charges=tuple(
            InterestCharge(asset=entry.asset, amount=entry.amount, at_ns=entry.at_ns)
            for entry in entries
            if isinstance(entry, InterestCharged)
            and entry.scope == scope
            and entry.at_ns >= since_ns
        )
    )


def transfers_since(entries: Iterable[Entry], scope: Scope, since_ns: ExchangeNs) -> TransferList:
    """Every deposit and withdrawal of one account since an instant, oldest first."""
    return TransferList(
        transfers=tuple(
            Transfer(
                transfer_id=number,
                asset=entry.asset,
                amount=entry.amount if isinstance(entry, Deposited) else -entry.amount,
                at_ns=entry.at_ns,
            )
            for number, entry in enumerate(entries, 1)
            if isinstance(entry, Deposited | Withdrawn)
            and entry.scope == scope
            and entry.at_ns >= since_ns
        )
    )


def logged(request: Intent, answer: Answer, at_ns: ExchangeNs) -> RequestLogged:
    """The request log's line for one request and its answer.

    An order is a ``PlaceOrder`` there, whatever more it names: who counts orders counts them all.
    """
    timestamp_ms = None
    kind = PlaceOrder if isinstance(request, PlaceOrder) else type(request)
    if isinstance(request, PlaceOrder | CancelOrder | Repay):
        timestamp_ms = request.timestamp_ms
    result, code, order_id = _gist(answer)
    return RequestLogged(
        at_ns=at_ns,
        scope=request.scope,
        request=kind.__name__,
        position=request.position,
        target=_target(request),
        timestamp_ms=timestamp_ms,
        answer=type(answer).__name__,
        result=result,
        code=code,
        order_id=order_id,
    )


def _target(request: Intent) -> str | None:
    if isinstance(request, PlaceOrder):
        return request.client_id
    if isinstance(request, CancelOrder | QueryOrder):
        return request.target
    return request.asset if isinstance(request, Repay) else None


def _gist(answer: Answer) -> tuple[str | None, int | None, int | None]:
    """Result, error code and order number of an answer, as far as it has them."""
    if isinstance(answer, OrderState):
        return answer.status.value, None, answer.order_id
    if isinstance(answer, ApiError):
        return answer.message, answer.code, None
    return None, None, None

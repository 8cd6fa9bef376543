"""Sends each intent once and says what the answer means; it never guesses and never sends again.

The executor is two pure halves around one call: ``refuses`` before the bytes leave, ``classify``
after. Whoever holds the wire (a lane's thread, or the simulated scheduler) calls between them.
"""

from __future__ import annotations

import attrs

from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.intents import (
    CancelOrder,
    Intent,
    PlaceOrder,
    QueryOrder,
    Repay,
)
from robson.domain.reports import (
    AccountCredit,
    AccountReported,
    AccountSnapshot,
    Answer,
    ApiError,
    CancelGone,
    InterestList,
    InterestReported,
    NeverSent,
    NoAnswer,
    NotSent,
    OrderList,
    OrderNotFound,
    OrderRejected,
    OrderReported,
    OrdersReported,
    OrderState,
    OutcomeUnknown,
    Repaid,
    RepayReported,
    Report,
    TradeList,
    TradesReported,
    TransferList,
    TransfersReported,
)
from robson.domain.values import NS_PER_MS, ExchangeNs

UNKNOWN_CODES = frozenset({-1000, -1001, -1006, -1007, -1008, -3000, -3044})
"""Codes that say the exchange does not know whether it happened."""
ORDER_REJECTED, DUPLICATE = -2010, "duplicate order"
"""A refusal whose text says that an earlier request with this id is open: look it up."""
NO_SUCH_ORDER = -2013
CANCEL_REJECTED = -2011
SERVER_ERROR = 500


@attrs.frozen(kw_only=True)
class Fence:
    """What makes us the one that may send: an epoch, and until when (None: for ever, by flock).

    ``observes``: nobody here may, whatever it is.
    """

    epoch: int
    deadline_ns: ExchangeNs | None = None
    observes: bool = False

    def holds(self, now_ns: ExchangeNs) -> bool:
        return self.deadline_ns is None or now_ns < self.deadline_ns


def refuses(intent: Intent, fence: Fence, now_ns: ExchangeNs) -> str | None:
    """Why an intent must not leave now, or None: ``observing``, ``stale``, ``fenced``, or
    ``unstamped``.

    A request is fresh for half its receive window (the exchange itself refuses it after the whole).
    Only entries are fenced here: leaving risk is never stopped by a lease.
    """
    if fence.observes and isinstance(intent, (PlaceOrder, CancelOrder, Repay)):
        return "observing"
    if isinstance(intent, PlaceOrder) and intent.purpose is Purpose.ENTRY:
        ours = read_client_order_id(intent.client_id)
        if ours is None or ours.epoch != fence.epoch or not fence.holds(now_ns):
            return "fenced"
    if isinstance(intent, (PlaceOrder, CancelOrder, Repay)):
        if intent.timestamp_ms is None:
            return "unstamped"
        age_ms = now_ns // NS_PER_MS - intent.timestamp_ms
        if age_ms * 2 > intent.recv_window_ms:
            return "stale"
    return None


def not_sent(intent: Intent, reason: str, now_ns: ExchangeNs) -> Report:
    """The report of an intent that did not leave."""
    return NotSent(intent=intent, sent_ns=now_ns, received_ns=now_ns, reason=reason)


def classify(
    intent: Intent, answer: Answer, *, sent_ns: ExchangeNs, received_ns: ExchangeNs
) -> Report:
    """What an answer means for the intent that asked."""
    times = {"intent": intent, "sent_ns": sent_ns, "received_ns": received_ns}
    match answer:
        case OrderState():
            return OrderReported(order=answer, **times)  # type: ignore[arg-type]
        case AccountSnapshot():
            return AccountReported(account=answer, **times)  # type: ignore[arg-type]
        case AccountCredit():
            return AccountReported(account=answer.account, credit=answer.credit, **times)  # type: ignore[arg-type]
        case TradeList():
            once = {fill.trade_id: fill for fill in answer.fills}
            return TradesReported(fills=tuple(once.values()), **times)  # type: ignore[arg-type]
        case OrderList():
            return OrdersReported(orders=answer.orders, **times)  # type: ignore[arg-type]
        case InterestList():
            return InterestReported(charges=answer.charges, **times)  # type: ignore[arg-type]
        case TransferList():
            return TransfersReported(transfers=answer.transfers, **times)  # type: ignore[arg-type]
        case Repaid():
            return RepayReported(repaid=answer, **times)  # type: ignore[arg-type]
        case NeverSent():
            return NotSent(reason=answer.reason, **times)  # type: ignore[arg-type]
        case NoAnswer():
            return OutcomeUnknown(reason=answer.reason, **times)  # type: ignore[arg-type]
        case ApiError():
            return _refused(intent, answer, sent_ns, received_ns)


def _is_unknown(error: ApiError) -> bool:
    if error.status >= SERVER_ERROR or error.code in UNKNOWN_CODES:
        return True
    return error.code == ORDER_REJECTED and DUPLICATE in error.message.lower()


def _refused(
    intent: Intent, error: ApiError, sent_ns: ExchangeNs, received_ns: ExchangeNs
) -> Report:
    if _is_unknown(error):
        return OutcomeUnknown(
            intent=intent,
            sent_ns=sent_ns,
            received_ns=received_ns,
            reason=f"{error.status} {error.code} {error.message}",
        )
    if error.code == NO_SUCH_ORDER and isinstance(intent, QueryOrder):
        return OrderNotFound(intent=intent, sent_ns=sent_ns, received_ns=received_ns)
    if error.code in (CANCEL_REJECTED, NO_SUCH_ORDER) and isinstance(intent, CancelOrder):
        return CancelGone(intent=intent, sent_ns=sent_ns, received_ns=received_ns)
    return OrderRejected(
        intent=intent,
        sent_ns=sent_ns,
        received_ns=received_ns,
        code=error.code,
        message=error.message,
    )

"""What one position has under way: requests, questions, unknowns. In memory only.

A restart begins with an empty one; everything in it can be found again from the journal and the
exchange.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

import attrs

from robson.domain.events import PositionEvent
from robson.domain.identity import ClientOrderId
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, Repay
from robson.domain.reports import (
    AccountSnapshot,
    NotSent,
    OrderRejected,
    OrderState,
    OutcomeUnknown,
    Report,
)
from robson.domain.values import NS_PER_MS, Candle, ExchangeNs, Price
from robson.domain.view import PositionView
from robson.engine.detectors.protocol import Detector, DetectorSignal
from robson.engine.step import Known
from robson.exec.resolve import POLL_NS, Resolution

TRIGGER_COMMIT_NS = 50 * NS_PER_MS
"""How long a trigger may wait for the cancel's answer before it is written without it."""


@attrs.frozen
class PendingTrigger:
    """A trigger whose pre-armed cancel has left and whose events are not written yet."""

    events: tuple[PositionEvent, ...]
    due_ns: ExchangeNs


@attrs.frozen
class PendingSignal:
    """A signal that waits for the account to be read.

    Attributes:
        generation: of the detector that gave it; one of an earlier detector is dropped.
        forming: the candle that had not closed when it was seen.
        supplied: the stop that came with an injected signal.
    """

    signal: DetectorSignal
    signal_id: str
    observed_ns: ExchangeNs
    generation: int
    forming: Candle | None = None
    supplied: Price | None = None


@attrs.define
class Pursuit:
    """One position's business in flight.

    ``generation`` numbers its detectors: it rises with each that is put on, and when the last is
    taken off. A disarm always wins over what a detector has said before.
    """

    detector: Detector | None = None
    generation: int = 0
    signal: PendingSignal | None = None
    sending: list[Intent] = attrs.Factory(list)
    reading: list[Intent] = attrs.Factory(list)
    verified: bool = True
    stop_ns: ExchangeNs = ExchangeNs(0)
    asked_ns: ExchangeNs = ExchangeNs(0)
    failed_ns: ExchangeNs = ExchangeNs(0)
    looked_missing: bool = False
    unheard: int = 0
    trades_ns: int = -1
    restamps: Counter[ClientOrderId] = attrs.Factory(Counter)
    trigger: PendingTrigger | None = None
    account: AccountSnapshot | None = None
    resolutions: dict[ClientOrderId, Resolution] = attrs.Factory(dict)
    awaiting: dict[int, OrderState] = attrs.Factory(dict)
    due_ns: ExchangeNs | None = None
    tokens: Iterator[int] = attrs.Factory(lambda: itertools.count(1))

    def known(self) -> Known:
        """What ``pursue`` may know."""
        return Known(
            sending=bool(self.sending),
            reading=bool(self.reading),
            verified=self.verified,
            stop_ns=self.stop_ns,
            asked_ns=self.asked_ns,
            failed_ns=self.failed_ns,
            looked_missing=self.looked_missing,
            unheard=self.unheard,
            trades_ns=self.trades_ns,
        )

    def left(self, intent: Intent, now_ns: ExchangeNs) -> None:
        """An intent has been handed over."""
        if isinstance(intent, (PlaceOrder, CancelOrder, Repay)):
            self.sending.append(intent)
        elif not getattr(intent, "token", 0):
            self.reading.append(intent)
            self.asked_ns = now_ns

    def cancels(self, target: ClientOrderId) -> bool:
        """Whether a cancel of an order is on its way."""
        return any(isinstance(i, CancelOrder) and i.target == target for i in self.sending)

    def returned(self, report: Report) -> bool:
        """A report has come; False when nobody waits for it, or not any more."""
        intent = report.intent
        if intent in self.sending:
            self.sending.remove(intent)
        elif intent in self.reading:
            self.reading.remove(intent)
            unheard = isinstance(report, NotSent | OutcomeUnknown | OrderRejected)
            self.unheard = self.unheard + 1 if unheard else 0
        else:
            return any(intent in asked.waiting for asked in self.resolutions.values())
        return True

    def chase(self, view: PositionView, now_ns: ExchangeNs) -> None:
        """One resolution for each unknown order, none for any other."""
        unknown = {record.client_id: record for record in view.orders if record.status == "unknown"}
        for client_id in [known for known in self.resolutions if known not in unknown]:
            del self.resolutions[client_id]
        for client_id, record in unknown.items():
            if client_id not in self.resolutions and view.account is not None:
                self.resolutions[client_id] = Resolution(
                    order=record.order,
                    before=view.account,
                    signed_ns=ExchangeNs(
                        max(record.sent_ns or 0, (record.timestamp_ms or 0) * NS_PER_MS)
                    ),
                    next_ask_ns=ExchangeNs(now_ns + POLL_NS[0]),
                    tokens=self.tokens,
                )

    def next_due_ns(self) -> ExchangeNs | None:
        """When this position wants to be looked at again."""
        dues: Sequence[ExchangeNs | None] = (
            self.due_ns,
            self.trigger.due_ns if self.trigger else None,
            *(None if r.waiting else r.next_ask_ns for r in self.resolutions.values()),
        )
        return min((due for due in dues if due is not None), default=None)

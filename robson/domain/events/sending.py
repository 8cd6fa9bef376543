"""What happens to any trading request on its way: it leaves, is unknown, is resolved."""

from __future__ import annotations

from typing import ClassVar

import attrs

from robson.domain.identity import ClientOrderId, PositionId
from robson.domain.values import ExchangeNs, Numbers


@attrs.frozen(kw_only=True)
class OrderSending:
    """A trading request is about to leave, signed with this exchange time."""

    KIND: ClassVar[str] = "order_sending.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    timestamp_ms: int
    recv_window_ms: int


@attrs.frozen(kw_only=True)
class OrderUnknown:
    """A trading request has no known outcome; it is asked for, never sent again."""

    KIND: ClassVar[str] = "order_unknown.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    reason: str


@attrs.frozen(kw_only=True)
class OrderResolved:
    """An unknown outcome is known: ``found`` on the exchange, or ``absent`` with its proof."""

    KIND: ClassVar[str] = "order_resolved.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    outcome: str
    evidence: Numbers

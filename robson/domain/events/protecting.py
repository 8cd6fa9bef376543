"""What happens to the protection of a position: its stop, its exchange stop, its way out."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from robson.domain.identity import ClientOrderId, PositionId
from robson.domain.intents import CancelOrder, PlaceOrder
from robson.domain.reports import Fill
from robson.domain.values import ExchangeNs, Price, Quantity


@attrs.frozen(kw_only=True)
class ExitPrearmed:
    """The way out is written down before it is needed: cancel of the exchange stop, market exit.

    ``exit`` carries the upper quantity; quantity and timestamp are bound when it is sent.
    """

    KIND: ClassVar[str] = "exit_prearmed.v1"
    position: PositionId
    at_ns: ExchangeNs
    cancel: CancelOrder | None
    exit: PlaceOrder
    attempt: int


@attrs.frozen(kw_only=True)
class StopRaised:
    """A rung moved the protective stop. It never loosens."""

    KIND: ClassVar[str] = "stop_raised.v1"
    position: PositionId
    at_ns: ExchangeNs
    rung: int
    stop: Price
    was: Price
    price: Price


@attrs.frozen(kw_only=True)
class GuardReleased:
    """The stop advanced for the first time and left the invalidation guard behind for good.

    ``guard`` is the extreme it lay behind, ``unguarded`` the least the stop is from here on.
    """

    KIND: ClassVar[str] = "guard_released.v1"
    position: PositionId
    at_ns: ExchangeNs
    guard: Price
    unguarded: Price


@attrs.frozen(kw_only=True)
class InsuranceRequested:
    """An exchange stop is to be placed (or placed again, ``attempt`` above 0)."""

    KIND: ClassVar[str] = "insurance_requested.v1"
    position: PositionId
    at_ns: ExchangeNs
    order: PlaceOrder
    attempt: int


@attrs.frozen(kw_only=True)
class InsurancePlaced:
    """The exchange stop rests; ``accepted_ns`` is the exchange's own time."""

    KIND: ClassVar[str] = "insurance_placed.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    order_id: int
    stop_price: Price
    quantity: Quantity
    accepted_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class InsuranceCancelling:
    """The exchange stop is being taken back to place a better one."""

    KIND: ClassVar[str] = "insurance_cancelling.v1"
    position: PositionId
    at_ns: ExchangeNs
    cancel: CancelOrder


@attrs.frozen(kw_only=True)
class InsuranceCancelled:
    """The exchange confirmed the cancel. ``executed`` is what had filled before, in base.

    ``cancelled_ns`` is the exchange's own time: from there on nothing rests.
    """

    KIND: ClassVar[str] = "insurance_cancelled.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    executed: Decimal
    cancelled_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class InsuranceGone:
    """The exchange stop is not open any more, and nobody has said why."""

    KIND: ClassVar[str] = "insurance_gone.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId


@attrs.frozen(kw_only=True)
class InsuranceFailed:
    """The exchange stop was refused; it is tried again, and the monitor still watches."""

    KIND: ClassVar[str] = "insurance_failed.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    code: int | None
    message: str


@attrs.frozen(kw_only=True)
class ProtectionAlerted:
    """No exchange stop has rested for what is held for ten seconds, and somebody should know.

    ``since_ns`` is the exchange's own time; ``reason`` what the exchange said last.
    """

    KIND: ClassVar[str] = "protection_alerted.v1"
    position: PositionId
    at_ns: ExchangeNs
    since_ns: ExchangeNs
    reason: str


@attrs.frozen(kw_only=True)
class ProtectionRestored:
    """All clear: an exchange stop rests again. ``alerted_ns``: when it was said that none did."""

    KIND: ClassVar[str] = "protection_restored.v1"
    position: PositionId
    at_ns: ExchangeNs
    alerted_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class InsuranceFilled:
    """The exchange stop triggered and executed; ``final`` when nothing of the position is left."""

    KIND: ClassVar[str] = "insurance_filled.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    fills: tuple[Fill, ...]
    final: bool

"""What happens up to the fill: armed, signal, size, entry."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from robson.domain.identity import ClientOrderId, PositionId, Scope
from robson.domain.intents import CancelOrder, PlaceOrder
from robson.domain.plan import EntryPlan, StopAudit
from robson.domain.reports import AccountSnapshot, Credit, Fill
from robson.domain.strategy import StrategyConfig
from robson.domain.values import ExchangeNs, Leverage, Numbers, Price, Quantity, Side


@attrs.frozen(kw_only=True)
class PositionArmed:
    """A person armed a symbol; the whole strategy is stamped into the position."""

    KIND: ClassVar[str] = "position_armed.v2"
    OLDER: ClassVar[tuple[str, ...]] = ("position_armed.v1",)
    position: PositionId
    at_ns: ExchangeNs
    scope: Scope
    side: Side | None
    strategy: StrategyConfig
    capital: Decimal | None
    leverage: Leverage
    idempotency_key: str
    actor: str


@attrs.frozen(kw_only=True)
class SignalReceived:
    """The detector gave its one signal and the analyser its stop."""

    KIND: ClassVar[str] = "signal_received.v2"
    OLDER: ClassVar[tuple[str, ...]] = ("signal_received.v1",)
    position: PositionId
    at_ns: ExchangeNs
    signal_id: str
    side: Side
    entry_ref: Price
    valid_until_ns: ExchangeNs
    audit: StopAudit


@attrs.frozen(kw_only=True)
class SignalRejected:
    """A signal was not taken; the code and numbers say why."""

    KIND: ClassVar[str] = "signal_rejected.v2"
    OLDER: ClassVar[tuple[str, ...]] = ("signal_rejected.v1",)
    position: PositionId
    at_ns: ExchangeNs
    signal_id: str
    side: Side
    entry_ref: Price
    code: str
    message: str
    numbers: Numbers
    audit: StopAudit | None


@attrs.frozen(kw_only=True)
class SizingDecided:
    """Stop, size, target and exchange stop are settled; the planned risk is reserved.

    ``credit``: what the exchange would have lent then.
    """

    KIND: ClassVar[str] = "sizing_decided.v3"
    OLDER: ClassVar[tuple[str, ...]] = ("sizing_decided.v1", "sizing_decided.v2")
    position: PositionId
    at_ns: ExchangeNs
    plan: EntryPlan
    account: AccountSnapshot
    credit: Credit | None = None


@attrs.frozen(kw_only=True)
class EntryRequested:
    """The entry intent is durable; it has not left the process."""

    KIND: ClassVar[str] = "entry_requested.v1"
    position: PositionId
    at_ns: ExchangeNs
    order: PlaceOrder
    attempt: int


@attrs.frozen(kw_only=True)
class EntryAccepted:
    """The exchange took the entry order; it is not final yet."""

    KIND: ClassVar[str] = "entry_accepted.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    order_id: int


@attrs.frozen(kw_only=True)
class EntryFilled:
    """The entry is final with something bought or sold: real quantities replace the plan.

    ``held`` is what can be sold back (a long, net of base fees) or has to be bought back (a
    short). ``reconciled``: found by asking, not by the order's own answer.
    """

    KIND: ClassVar[str] = "entry_filled.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    order_id: int
    fills: tuple[Fill, ...]
    price: Price
    quantity: Quantity
    held: Decimal
    reconciled: bool = False


@attrs.frozen(kw_only=True)
class EntryPartlyFilled:
    """The entry has been filled in part for a second and is still open: it is a position already.

    ``fills`` are all so far, ``held`` what they gave, as in :class:`EntryFilled`, which follows.
    """

    KIND: ClassVar[str] = "entry_partly_filled.v1"
    open_now: ClassVar[bool] = True
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    order_id: int
    fills: tuple[Fill, ...]
    price: Price
    quantity: Quantity
    held: Decimal


@attrs.frozen(kw_only=True)
class EntryCancelling:
    """What is left of an open entry is being taken back: the position is to be left."""

    KIND: ClassVar[str] = "entry_cancelling.v1"
    position: PositionId
    at_ns: ExchangeNs
    cancel: CancelOrder


@attrs.frozen(kw_only=True)
class EntryFailed:
    """No entry happened: rejected by code, never sent, or proved absent (``proof``).

    ``rearm`` sends the position back to waiting: a transient rejection by code, never an absence.
    """

    KIND: ClassVar[str] = "entry_failed.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    reason: str
    code: int | None
    message: str
    proof: Numbers = ()
    rearm: bool = False

"""What has happened to a position, in the past tense: journaled first, then folded.

Ticks are not events; what a tick causes is. Times are exchange time in nanoseconds.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from robson.domain.accounts import MonthOpened, Started, Stopped
from robson.domain.identity import ClientOrderId, PositionId, Scope
from robson.domain.intents import CancelOrder, PlaceOrder
from robson.domain.plan import EntryPlan, StopAudit
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.strategy import StrategyConfig
from robson.domain.values import ExchangeNs, Leverage, Price, Quantity, Side

Numbers = tuple[tuple[str, str], ...]
"""Names and decimal text: the figures behind a decision, for people and for `explain`."""


@attrs.frozen(kw_only=True)
class PositionArmed:
    """A person armed a symbol; the whole strategy is stamped into the position."""

    KIND: ClassVar[str] = "position_armed.v1"
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

    KIND: ClassVar[str] = "signal_received.v1"
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

    KIND: ClassVar[str] = "signal_rejected.v1"
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
    """Stop, size, target and exchange stop are settled; the planned risk is reserved."""

    KIND: ClassVar[str] = "sizing_decided.v1"
    position: PositionId
    at_ns: ExchangeNs
    plan: EntryPlan
    account: AccountSnapshot


@attrs.frozen(kw_only=True)
class EntryRequested:
    """The entry intent is durable; it has not left the process."""

    KIND: ClassVar[str] = "entry_requested.v1"
    position: PositionId
    at_ns: ExchangeNs
    order: PlaceOrder
    attempt: int


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
class InsuranceFilled:
    """The exchange stop triggered and executed; ``final`` when nothing of the position is left."""

    KIND: ClassVar[str] = "insurance_filled.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    fills: tuple[Fill, ...]
    final: bool


@attrs.frozen(kw_only=True)
class ExitTriggered:
    """A rule was hit or a person said so: the position is on its way out.

    ``price`` is the judged price, ``tick_ns`` its time; ``jumped_from`` the price before it when
    the level was jumped over, None when it was met.
    """

    KIND: ClassVar[str] = "exit_triggered.v1"
    position: PositionId
    at_ns: ExchangeNs
    reason: str
    price: Price | None
    tick_ns: ExchangeNs | None
    stop: Price
    jumped_from: Price | None = None
    actor: str | None = None


@attrs.frozen(kw_only=True)
class ExitRequested:
    """A market exit with its bound quantity."""

    KIND: ClassVar[str] = "exit_requested.v1"
    position: PositionId
    at_ns: ExchangeNs
    order: PlaceOrder
    attempt: int


@attrs.frozen(kw_only=True)
class ExitFilled:
    """A market exit executed. The position closes only when the account shows that it is flat."""

    KIND: ClassVar[str] = "exit_filled.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    order_id: int
    fills: tuple[Fill, ...]
    quantity: Quantity
    price: Price


@attrs.frozen(kw_only=True)
class ExitRetry:
    """An exit was refused or proved absent; it is tried again, and never given up."""

    KIND: ClassVar[str] = "exit_retry.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    code: int | None
    message: str
    proof: Numbers = ()


@attrs.frozen(kw_only=True)
class PanicRequested:
    """A person wants out before the entry is known: the fill is followed by an exit."""

    KIND: ClassVar[str] = "panic_requested.v1"
    position: PositionId
    at_ns: ExchangeNs
    actor: str
    reason: str


@attrs.frozen(kw_only=True)
class CancelRequested:
    """``disarm --force`` while entering: the entry is taken back if it still can be."""

    KIND: ClassVar[str] = "cancel_requested.v1"
    position: PositionId
    at_ns: ExchangeNs
    actor: str


@attrs.frozen(kw_only=True)
class PositionCancelled:
    """Ended before any fill."""

    KIND: ClassVar[str] = "position_cancelled.v1"
    position: PositionId
    at_ns: ExchangeNs
    reason: str
    actor: str | None = None


@attrs.frozen(kw_only=True)
class PositionClosed:
    """Flat by fill evidence. Debt and fees may still be open: see :class:`PnlSettled`.

    ``by`` is whose fill closed it: ``exit``, ``insurance`` or ``reconciled``; ``price`` the
    average over every exit fill, ``quantity`` their sum, ``dust`` what is too little to sell.
    """

    KIND: ClassVar[str] = "position_closed.v1"
    position: PositionId
    at_ns: ExchangeNs
    reason: str
    by: str
    price: Price
    quantity: Quantity
    gross: Decimal
    dust: Decimal
    account: AccountSnapshot


@attrs.frozen(kw_only=True)
class RepayRequested:
    """AUTO_REPAY left a debt; an explicit repayment is about to leave."""

    KIND: ClassVar[str] = "repay_requested.v1"
    position: PositionId
    at_ns: ExchangeNs
    asset: str
    amount: Decimal
    attempt: int
    timestamp_ms: int


@attrs.frozen(kw_only=True)
class AccountRead:
    """The account as the exchange shows it: after the fill, and after the exit to see any debt."""

    KIND: ClassVar[str] = "account_read.v1"
    position: PositionId
    at_ns: ExchangeNs
    account: AccountSnapshot


@attrs.frozen(kw_only=True)
class PnlSettled:
    """Debt is zero and every fee is known: the result is final. All in quote."""

    KIND: ClassVar[str] = "pnl_settled.v1"
    position: PositionId
    at_ns: ExchangeNs
    gross: Decimal
    fees: Decimal
    interest: Decimal
    net: Decimal
    r_multiple: Decimal
    planned_risk: Decimal


@attrs.frozen(kw_only=True)
class PositionFailed:
    """Robson cannot decide safely: a person has to. The stop stays judged and insured."""

    KIND: ClassVar[str] = "position_error.v1"
    position: PositionId
    at_ns: ExchangeNs
    code: str
    message: str


@attrs.frozen(kw_only=True)
class PositionResolved:
    """A person or the reconciliation said, with evidence, what an error really is."""

    KIND: ClassVar[str] = "position_resolved.v1"
    position: PositionId
    at_ns: ExchangeNs
    target: str
    actor: str
    evidence: Numbers


PositionEvent = (
    PositionArmed
    | SignalReceived
    | SignalRejected
    | SizingDecided
    | EntryRequested
    | OrderSending
    | EntryAccepted
    | EntryFilled
    | EntryFailed
    | OrderUnknown
    | OrderResolved
    | ExitPrearmed
    | StopRaised
    | InsuranceRequested
    | InsurancePlaced
    | InsuranceCancelling
    | InsuranceCancelled
    | InsuranceGone
    | InsuranceFailed
    | InsuranceFilled
    | ExitTriggered
    | ExitRequested
    | ExitFilled
    | ExitRetry
    | PanicRequested
    | CancelRequested
    | PositionCancelled
    | PositionClosed
    | RepayRequested
    | AccountRead
    | PnlSettled
    | PositionFailed
    | PositionResolved
)
AccountEvent = MonthOpened | Started | Stopped
Event = PositionEvent | AccountEvent

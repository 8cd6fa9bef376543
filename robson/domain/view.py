"""What is known of a position: one frozen view, read by everybody, made by the fold alone."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.domain import events as e
from robson.domain.identity import ClientOrderId, PositionId, Purpose, Scope
from robson.domain.intents import PlaceOrder
from robson.domain.lifecycle import PositionState
from robson.domain.plan import EntryPlan
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.strategy import StrategyConfig
from robson.domain.values import ExchangeNs, Leverage, Price, Quantity, Side


@attrs.frozen(kw_only=True)
class OrderRecord:
    """An order of the position as the journal knows it.

    ``status``: ``prepared`` (durable, not sent), ``sending`` (may have left), ``unknown``,
    ``resting``, ``done`` (filled or cancelled), ``failed`` (rejected or proved absent).
    """

    order: PlaceOrder
    attempt: int
    status: str
    timestamp_ms: int | None = None
    order_id: int | None = None

    @property
    def client_id(self) -> ClientOrderId:
        return self.order.client_id

    @property
    def is_open(self) -> bool:
        return self.status in ("sending", "unknown")


@attrs.frozen(kw_only=True)
class InsuranceView:
    """The exchange stop: ``none``, ``placing``, ``resting``, ``cancelling``, ``gone``, ``failed``,
    ``filled``. ``requested_stop`` is where it is wanted; ``stop_price`` where it rests.
    """

    state: str = "none"
    client_id: ClientOrderId | None = None
    order_id: int | None = None
    stop_price: Price | None = None
    quantity: Quantity | None = None
    accepted_ns: ExchangeNs | None = None
    attempts: int = 0


@attrs.frozen(kw_only=True)
class PositionView:
    """Everything known of a position. Prices are None while there are none.

    Attributes:
        held: base that has to be sold back (long) or bought back (short) by fills so far.
        base_before: base in the wallet before the entry: dust of earlier positions.
        bare_since_ns: exchange time since which a filled quantity has no resting stop.
        bare_after_fill_ns, bare_replacing_ns, bare_before_exit_ns: such time, summed, by cause.
    """

    id: PositionId
    scope: Scope
    state: PositionState
    side: Side | None
    strategy: StrategyConfig
    leverage: Leverage
    capital: Decimal | None
    idempotency_key: str
    actor: str
    created_ns: ExchangeNs
    updated_ns: ExchangeNs
    version: int = 1
    signal: e.SignalReceived | None = None
    rejection: e.SignalRejected | None = None
    rejections: int = 0
    plan: EntryPlan | None = None
    stop: Price | None = None
    rung: int = 0
    entry: e.EntryFilled | None = None
    orders: tuple[OrderRecord, ...] = ()
    prearmed: e.ExitPrearmed | None = None
    insurance: InsuranceView = InsuranceView()
    insurance_fills: tuple[Fill, ...] = ()
    exit_fills: tuple[Fill, ...] = ()
    exit_attempts: int = 0
    trigger: e.ExitTriggered | None = None
    leave_on_fill: e.PanicRequested | None = None
    closed: e.PositionClosed | None = None
    settled: e.PnlSettled | None = None
    cancel_reason: str | None = None
    error: e.PositionFailed | None = None
    account: AccountSnapshot | None = None
    base_before: Decimal = Decimal(0)
    repay_attempts: int = 0
    repaid_ns: ExchangeNs | None = None
    bare_since_ns: ExchangeNs | None = None
    bare_after_fill_ns: int = 0
    bare_replacing_ns: int = 0
    bare_before_exit_ns: int = 0

    @property
    def is_settled(self) -> bool:
        """Closed with debt zero and fees known, or never traded."""
        return self.settled is not None or self.state is PositionState.CANCELLED

    @property
    def is_live(self) -> bool:
        """Still needs the monitor: not terminal, or closed and not yet settled."""
        return not (self.state.is_terminal and self.is_settled)

    @property
    def exited(self) -> Decimal:
        """Base that exit and insurance fills have moved so far, gross."""
        return sum(
            (fill.quantity for fill in (*self.insurance_fills, *self.exit_fills)), Decimal(0)
        )

    def order(self, client_id: str) -> OrderRecord | None:
        """The record of one of this position's orders."""
        return next((known for known in self.orders if known.client_id == client_id), None)

    def latest(self, purpose: Purpose) -> OrderRecord | None:
        """The last order of a purpose."""
        return next((o for o in reversed(self.orders) if o.order.purpose is purpose), None)

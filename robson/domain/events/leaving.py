"""What happens from the trigger to the settled result, and what a person asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from robson.domain.identity import ClientOrderId, PositionId
from robson.domain.intents import PlaceOrder
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.values import ExchangeNs, Numbers, Price, Quantity

BY_TRADE = frozenset({"stop_loss", "trailing_stop", "stop_gain", "insurance_stop", "liquidation"})
"""Reasons to leave that a trade on the market is, and not somebody's word at whatever price."""


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

    @property
    def due_ns(self) -> ExchangeNs:
        """When it was to leave: at the trade that did it; by a word or another rule, when said."""
        if self.tick_ns is None or self.reason not in BY_TRADE:
            return self.at_ns
        return self.tick_ns


@attrs.frozen(kw_only=True)
class ExitRequested:
    """A market exit with its bound quantity."""

    KIND: ClassVar[str] = "exit_requested.v1"
    position: PositionId
    at_ns: ExchangeNs
    order: PlaceOrder
    attempt: int


@attrs.frozen(kw_only=True)
class ExitAccepted:
    """The exchange took a market exit; it is not final yet."""

    KIND: ClassVar[str] = "exit_accepted.v1"
    position: PositionId
    at_ns: ExchangeNs
    client_id: ClientOrderId
    order_id: int


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
    average over every exit fill, ``quantity`` their sum, ``dust`` the base left in
    the pair, too little to sell. With no exit fill at all (``entry_dust``: what the entry got was
    too little to sell) the quantity is zero and the price the entry's.
    """

    KIND: ClassVar[str] = "position_closed.v1"
    position: PositionId
    at_ns: ExchangeNs
    reason: str
    by: str
    price: Price
    quantity: Decimal
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
class LoanCharged:
    """What the loan of an entry cost that ended with nothing executed, in quote.

    It is no position's result; the month and the day have lost it all the same.
    """

    KIND: ClassVar[str] = "loan_charged.v1"
    position: PositionId
    at_ns: ExchangeNs
    interest: Decimal


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

"""What is known of a position: one frozen view, read by everybody, made by the fold alone."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.domain import events as e
from robson.domain.identity import ClientOrderId, PositionId, Purpose, Scope
from robson.domain.intents import CancelOrder, PlaceOrder, SideEffect
from robson.domain.lifecycle import PositionState
from robson.domain.plan import EntryPlan
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.strategy import StrategyConfig
from robson.domain.values import NS_PER_MS, ExchangeNs, Leverage, Price, Quantity, Side


@attrs.frozen(kw_only=True)
class OrderRecord:
    """An order of the position as the journal knows it.

    ``status``: ``prepared`` (durable, not sent), ``sending`` (may have left), ``unknown``,
    ``resting``, ``done`` (filled or cancelled), ``failed`` (rejected or proved absent).
    ``repeats``: how often it was sent again while nobody knew what had become of it; ``sent_ns``:
    when it was marked as leaving, by our own reckoning, which never runs back.
    """

    order: PlaceOrder
    attempt: int
    status: str
    timestamp_ms: int | None = None
    order_id: int | None = None
    repeats: int = 0
    sent_ns: ExchangeNs | None = None

    @property
    def client_id(self) -> ClientOrderId:
        return self.order.client_id

    @property
    def is_open(self) -> bool:
        """Whether it may still trade: on its way, without a known outcome, or at the exchange."""
        return self.status in ("sending", "unknown", "resting")

    @property
    def settled_ns(self) -> ExchangeNs:
        """From when on it cannot trade any more, if the exchange did not have it by then."""
        signed_ns = max(self.sent_ns or 0, (self.timestamp_ms or 0) * NS_PER_MS)
        return ExchangeNs(signed_ns + self.order.settle_ns)


@attrs.frozen(kw_only=True)
class InsuranceView:
    """The exchange stop: ``none``, ``placing``, ``resting``, ``cancelling``, ``gone``, ``failed``,
    ``filled``. ``stop_price`` is where it rests; ``error`` and ``code`` are what the exchange said
    when it refused it last, until one rests again.
    """

    state: str = "none"
    client_id: ClientOrderId | None = None
    order_id: int | None = None
    stop_price: Price | None = None
    quantity: Quantity | None = None
    accepted_ns: ExchangeNs | None = None
    attempts: int = 0
    error: str | None = None
    code: int | None = None


@attrs.frozen(kw_only=True)
class PositionView:
    """Everything known of a position. Prices are None while there are none.

    Attributes:
        signals: every signal that was judged: its id, and the code of its refusal, empty if taken.
        refusals, refused_ns: signals in a row that came to nothing, and when the last one did.
        held: base that has to be sold back (long) or bought back (short) by fills so far.
        entry_cancel: the cancel of what is left of an open entry, once one was sent.
        given_back: sales of what the way out bought beyond the debt.
        margin_band: of the last reading that changed it; ``safe`` without a debt.
        base_before: base in the wallet before the entry: dust of earlier positions.
        bare_since_ns: exchange time since which a filled quantity has no resting stop.
        alerted_ns: when it was said that nothing rests for it; None while that is not so.
        charged: it is known what the loan of an entry cost that ended with nothing executed.
        orphan: the cancel of an order that it does not need any more, once one was sent.
        missed_ns: since when the account shows less than the position holds.
        healed_ns: when reconciliation last found the exchange stop missing.
        bare_vanished: that stop ended without our cancel.
        bare_after_fill_ns, bare_replacing_ns, bare_vanished_ns, bare_before_exit_ns: such time,
            summed, by cause.
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
    signals: tuple[tuple[str, str], ...] = ()
    refusals: int = 0
    refused_ns: ExchangeNs | None = None
    plan: EntryPlan | None = None
    stop: Price | None = None
    rung: int = 0
    entry: e.EntryFilled | e.EntryPartlyFilled | None = None
    entry_cancel: CancelOrder | None = None
    orders: tuple[OrderRecord, ...] = ()
    prearmed: e.ExitPrearmed | None = None
    insurance: InsuranceView = InsuranceView()
    insurance_fills: tuple[Fill, ...] = ()
    exit_fills: tuple[Fill, ...] = ()
    given_back: tuple[Fill, ...] = ()
    exit_attempts: int = 0
    trigger: e.ExitTriggered | None = None
    leave_on_fill: e.PanicRequested | None = None
    closed: e.PositionClosed | None = None
    settled: e.PnlSettled | None = None
    cancel_reason: str | None = None
    error: e.PositionFailed | None = None
    account: AccountSnapshot | None = None
    margin_band: str = "safe"
    base_before: Decimal = Decimal(0)
    repay_attempts: int = 0
    repaid_ns: ExchangeNs | None = None
    charged: bool = False
    orphan: CancelOrder | None = None
    missed_ns: ExchangeNs | None = None
    healed_ns: ExchangeNs | None = None
    bare_since_ns: ExchangeNs | None = None
    bare_vanished: bool = False
    alerted_ns: ExchangeNs | None = None
    bare_after_fill_ns: int = 0
    bare_replacing_ns: int = 0
    bare_vanished_ns: int = 0
    bare_before_exit_ns: int = 0

    @property
    def entry_open(self) -> bool:
        """Whether the entry has filled in part and may still fill more."""
        return isinstance(self.entry, e.EntryPartlyFilled)

    @property
    def is_settled(self) -> bool:
        """Closed with debt zero and fees known, or never traded and nothing owed."""
        if self.state is PositionState.CANCELLED:
            return not self.may_owe and (self.charged or not self._took_loan())
        return self.settled is not None

    @property
    def may_owe(self) -> bool:
        """Whether an entry that ended with nothing executed may have left its loan behind.

        The exchange lends when it takes an order, and it is asked what became of the loan. What
        cannot be repaid because nothing of it is free (an hour's interest on borrowed base) stays
        owed until the next short buys it back; until then the pair takes no long.
        """
        took = self._took_loan()
        if not took:
            return False
        sent_ns = (took[-1].timestamp_ms or 0) * NS_PER_MS
        account = self.account
        if account is None or account.at_ns <= sent_ns:
            return True
        return any(held.debt > 0 and held.free > 0 for held in (account.base, account.quote))

    def _took_loan(self) -> tuple[OrderRecord, ...]:
        """Entries that the exchange took and lent for, and of which nothing was executed."""
        if self.entry is not None:
            return ()
        return tuple(
            known
            for known in self.orders
            if known.order.side_effect is SideEffect.BORROW
            and known.status == "failed"
            and known.order_id is not None
        )

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

    def answer_of(self, signal_id: str) -> str | None:
        """What a signal came to: the code of its refusal, empty if taken, None if never judged."""
        return dict(self.signals).get(signal_id)

    def order(self, client_id: str) -> OrderRecord | None:
        """The record of one of this position's orders."""
        return next((known for known in self.orders if known.client_id == client_id), None)

    def latest(self, purpose: Purpose) -> OrderRecord | None:
        """The last order of a purpose."""
        return next((o for o in reversed(self.orders) if o.order.purpose is purpose), None)

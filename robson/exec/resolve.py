"""What became of an order whose answer was lost: asked for until evidence says, never guessed.

Found is adopted. Absence needs a proof with every piece: enough exchange time since the request
could last have been accepted, two not-founds apart, and orders, trades and balances that all agree.
Money that a person moved meanwhile is part of what the balances have to be explained by. A count or
a timer alone never ends an unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import attrs

from robson.domain.errors import InvalidValue
from robson.domain.identity import ClientOrderId, Purpose
from robson.domain.intents import (
    Intent,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    Reading,
    ReadOrders,
    ReadTrades,
    ReadTransfers,
)
from robson.domain.reports import (
    AccountReported,
    AccountSnapshot,
    Balance,
    Fill,
    OrderNotFound,
    OrderReported,
    OrdersReported,
    OrderState,
    Report,
    TradesReported,
    Transfer,
    TransfersReported,
)
from robson.domain.values import NS_PER_S, Action, ExchangeNs

POLL_NS = (NS_PER_S // 5, NS_PER_S // 2, NS_PER_S, 2 * NS_PER_S, 4 * NS_PER_S)
"""Waits between the first questions; then one each five seconds, for ever, and one at the instant
from which a not-found counts, so that the proof is there two seconds later."""
LATER_NS = 5 * NS_PER_S
APART_NS = 2 * NS_PER_S
DOUBTS_MAX = 3
ATOM = Decimal("1E-8")
"""The exchange rounds the quote of a trade to this; its lists do not say which way."""
FRESH_NS = NS_PER_S
"""An answer that took longer than this may describe a time before the order."""


@attrs.frozen(kw_only=True)
class AbsenceProof:
    """Evidence that an order never happened; it cannot be built with a piece missing.

    Attributes:
        transfers: the money that was moved in and out; None where the balances add up without.

    Raises:
        InvalidValue: a piece is missing or does not say absence.
    """

    client_id: ClientOrderId
    settled_ns: ExchangeNs
    first_not_found_ns: ExchangeNs
    second_not_found_ns: ExchangeNs
    orders: OrdersReported
    trades: TradesReported
    transfers: TransfersReported | None
    before: AccountSnapshot
    after: AccountReported

    def __attrs_post_init__(self) -> None:
        if self.first_not_found_ns < self.settled_ns:
            raise InvalidValue("a not-found before the settle time proves nothing")
        if self.second_not_found_ns - self.first_not_found_ns < APART_NS:
            raise InvalidValue("two not-founds must be at least two seconds apart")
        for report in (self.orders, self.trades, self.transfers, self.after):
            if report is not None and report.sent_ns < self.settled_ns:
                raise InvalidValue("orders, trades and balances must be read after the settle time")
        _nothing_of(self)

    def numbers(self) -> tuple[tuple[str, str], ...]:
        """The proof for the journal."""
        moved = () if self.transfers is None else (("transfers_read", _read(self.transfers)),)
        return (
            ("settled_ns", str(self.settled_ns)),
            ("not_found_ns", f"{self.first_not_found_ns},{self.second_not_found_ns}"),
            ("orders_read", str(len(self.orders.orders))),
            ("trades_read", str(len(self.trades.fills))),
            *moved,
            ("base_total", format(self.after.account.base.total, "f")),
            ("quote_total", format(self.after.account.quote.total, "f")),
        )


def _read(moved: TransfersReported) -> str:
    return str(len(moved.transfers))


def _nothing_of(said: AbsenceProof | NotSeen) -> None:
    if any(order.client_id == said.client_id for order in said.orders.orders):
        raise InvalidValue("the list of orders holds the order")
    if any(fill.client_id == said.client_id for fill in said.trades.fills):
        raise InvalidValue("the list of trades holds a trade of the order")
    moved = said.transfers.transfers if said.transfers is not None else ()
    if not explained(said.before, said.after.account, said.trades.fills, moved):
        raise InvalidValue("the balances have changed by more than the account's own trades")


def explained(
    before: AccountSnapshot,
    after: AccountSnapshot,
    fills: tuple[Fill, ...],
    transfers: tuple[Transfer, ...] = (),
) -> bool:
    """Whether the account's own trades since ``before`` account for every change of what it owns.

    So does what was moved in and out, all of it: a transfer is never chosen because it would fit.
    Loans and repayments change totals and debts alike, so only what is owned net is compared;
    interest may have been charged in between, never more than a percent of what was owed or traded.
    """
    since = [fill for fill in fills if before.at_ns < fill.at_ns <= after.at_ns]
    base_moved, quote_moved = Decimal(0), Decimal(0)
    for fill in since:
        sign = 1 if fill.action is Action.BUY else -1
        base_moved += sign * fill.quantity
        quote_moved -= sign * fill.quantity * fill.price
        if fill.commission_asset == after.base.asset:
            base_moved -= fill.commission
        elif fill.commission_asset == after.quote.asset:
            quote_moved -= fill.commission
    for each in transfers:
        if before.at_ns < each.at_ns <= after.at_ns:
            base_moved += each.amount if each.asset == after.base.asset else 0
            quote_moved += each.amount if each.asset == after.quote.asset else 0
    base_turned = sum((fill.quantity for fill in since), Decimal(0))
    quote_turned = sum((fill.quantity * fill.price for fill in since), Decimal(0))
    rounding = ATOM * len(since)
    return _only_interest(
        before.base, after.base, moved=base_moved, turned=base_turned, rounding=rounding
    ) and _only_interest(
        before.quote, after.quote, moved=quote_moved, turned=quote_turned, rounding=rounding
    )


def _only_interest(
    before: Balance, after: Balance, *, moved: Decimal, turned: Decimal, rounding: Decimal
) -> bool:
    """A rest that is no gain beyond rounding, and no larger than interest can be."""
    rest = after.net - before.net - moved
    most = max(before.debt, after.debt, turned) / 100
    return -most - rounding <= rest <= rounding


@attrs.frozen(kw_only=True)
class NotSeen:
    """One whole round of questions that found nothing of an order; no proof that it is not there.

    The exchange does not know it, no list has it or a trade of it, and the account has not moved.

    Raises:
        InvalidValue: a piece says otherwise.
    """

    client_id: ClientOrderId
    orders: OrdersReported
    trades: TradesReported
    transfers: TransfersReported | None
    before: AccountSnapshot
    after: AccountReported

    def __attrs_post_init__(self) -> None:
        _nothing_of(self)


@attrs.frozen(kw_only=True)
class Found:
    """The exchange knows the order."""

    order: OrderState


@attrs.frozen(kw_only=True)
class Contradiction:
    """The evidence does not agree with itself: a person has to decide."""

    message: str


Verdict = Found | NotSeen | AbsenceProof | Contradiction | None


@attrs.define
class Resolution:
    """The pursuit of one unknown order.

    ``before`` is the account as it was before the order was sent; ``tokens`` numbers the rounds of
    questions, shared by all resolutions of a position. ``moved`` since a round did not add up: from
    then on the money that was moved in and out is asked for as well.
    """

    order: PlaceOrder
    before: AccountSnapshot
    signed_ns: ExchangeNs
    next_ask_ns: ExchangeNs
    tokens: Iterator[int]
    asked: int = 0
    token: int = 0
    waiting: list[Reading] = attrs.Factory(list)
    doubts: int = 0
    denied: bool = False
    moved: bool = False
    not_found_ns: list[ExchangeNs] = attrs.Factory(list)
    orders: OrdersReported | None = None
    trades: TradesReported | None = None
    transfers: TransfersReported | None = None
    after: AccountReported | None = None

    @property
    def settled_ns(self) -> ExchangeNs:
        return ExchangeNs(self.signed_ns + self.order.settle_ns)

    def ask(self, now_ns: ExchangeNs) -> tuple[Reading, ...]:
        """The questions that are due; one round at a time."""
        if self.waiting or now_ns < self.next_ask_ns:
            return ()
        self.token = next(self.tokens)
        self.next_ask_ns = self._again_ns(now_ns)
        self.asked += 1
        self.denied = False
        scope, position = self.order.scope, self.order.position
        questions: tuple[Reading, ...] = (
            QueryOrder(
                scope=scope, position=position, target=self.order.client_id, token=self.token
            ),
        )
        since = ExchangeNs(min(self.before.at_ns, self.signed_ns - NS_PER_S))
        if self._wants_lists():
            questions += (
                ReadOrders(scope=scope, position=position, since_ns=since, token=self.token),
                ReadTrades(scope=scope, position=position, since_ns=since, token=self.token),
                ReadAccount(scope=scope, position=position, token=self.token),
            )
        if self._wants_lists() and self.moved:
            questions += (
                ReadTransfers(scope=scope, position=position, since_ns=since, token=self.token),
            )
        self.waiting = list(questions)
        return questions

    def _again_ns(self, now_ns: ExchangeNs) -> ExchangeNs:
        """When the next round is due: at the settle time, and two seconds after the first then."""
        wait = POLL_NS[self.asked] if self.asked < len(POLL_NS) else LATER_NS
        if now_ns < self.settled_ns:
            return ExchangeNs(min(now_ns + wait, self.settled_ns))
        return ExchangeNs(now_ns + (wait if self.not_found_ns else APART_NS))

    def _wants_lists(self) -> bool:
        """A stop may be sent again after a whole round, anything else only after the proof."""
        return bool(self.not_found_ns) or self.order.purpose is Purpose.INSURANCE

    def asked_this(self, intent: Intent) -> bool:
        """Whether a question is one of this resolution's current round."""
        if isinstance(intent, QueryOrder) and intent.target != self.order.client_id:
            return False
        return getattr(intent, "token", 0) == self.token

    def hear(self, report: Report) -> Verdict:
        """Take an answer in, once. One of an older round, or too slow to be fresh, says nothing."""
        if report.intent not in self.waiting:
            return None
        self.waiting.remove(report.intent)
        if isinstance(report, OrderReported):
            return Found(order=report.order)
        if report.received_ns - report.sent_ns <= FRESH_NS:
            self._note(report)
        return None if self.waiting else self._verdict()

    def _note(self, report: Report) -> None:
        settled = report.sent_ns >= self.settled_ns
        match report:
            case OrderNotFound():
                self.denied = True
                if settled and self._apart(report.sent_ns):
                    self.not_found_ns.append(report.sent_ns)
            case OrdersReported():
                self.orders = report
            case TradesReported():
                self.trades = report
            case TransfersReported():
                self.transfers = report
            case AccountReported():
                self.after = report
            case _:
                pass

    def _apart(self, sent_ns: ExchangeNs) -> bool:
        return not self.not_found_ns or sent_ns - self.not_found_ns[-1] >= APART_NS

    def _verdict(self) -> Verdict:
        if self.orders is not None:
            for order in self.orders.orders:
                if order.client_id == self.order.client_id:
                    return Found(order=order)
        if not (self.orders and self.trades and self.after):
            return None
        if self.moved and self.transfers is None:
            return None
        if len(self.not_found_ns) < 2:  # noqa: PLR2004
            return self._not_seen(self.orders, self.trades, self.transfers, self.after)
        try:
            return AbsenceProof(
                client_id=self.order.client_id,
                settled_ns=self.settled_ns,
                first_not_found_ns=self.not_found_ns[0],
                second_not_found_ns=self.not_found_ns[-1],
                orders=self.orders,
                trades=self.trades,
                transfers=self.transfers,
                before=self.before,
                after=self.after,
            )
        except InvalidValue as doubt:
            return self._doubted(str(doubt))

    def _not_seen(
        self,
        orders: OrdersReported,
        trades: TradesReported,
        transfers: TransfersReported | None,
        after: AccountReported,
    ) -> Verdict:
        """What this round alone says, if it was whole."""
        said = (orders, trades, *((transfers,) if transfers else ()), after)
        if not (self.denied and all(self.asked_this(each.intent) for each in said)):
            return None
        try:
            return NotSeen(
                client_id=self.order.client_id,
                orders=orders,
                trades=trades,
                transfers=transfers,
                before=self.before,
                after=after,
            )
        except InvalidValue:
            self.moved = True
            return None

    def _doubted(self, message: str) -> Verdict:
        """Lists and balances are read one after another: only what keeps disagreeing does.

        It says nothing yet where nobody has asked for the money that was moved.
        """
        self.doubts += 1 if self.moved else 0
        self.moved = True
        self.orders = self.trades = self.transfers = self.after = None
        return Contradiction(message=message) if self.doubts >= DOUBTS_MAX else None

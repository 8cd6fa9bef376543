"""What the monitor's thread has in its hands, and the one way in which a decision is carried out.

Monitor, desk and calendar are three callers of this on one thread: pre-armed intents leave, events
become durable, they are folded, the other intents leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Protocol, TypeVar

import attrs

from robson.daemon.pursuit import TRIGGER_COMMIT_NS, PendingTrigger, Pursuit
from robson.daemon.roster import Roster
from robson.daemon.strategies import SHIPPED, Shelf
from robson.daemon.ticks import TickBoard
from robson.domain import events as e
from robson.domain.identity import AccountId, PositionId
from robson.domain.instrument import Instrument
from robson.domain.intents import CancelOrder, Intent, PlaceOrder
from robson.domain.ports import Clock, Ids
from robson.domain.reports import AccountReported, Credit
from robson.domain.values import NS_PER_MS, Candle, ExchangeNs
from robson.domain.view import PositionView
from robson.engine.budget import Budget
from robson.engine.context import Context, Decision
from robson.engine.exposure import budget_of
from robson.engine.settings import Settings
from robson.engine.snapshot import DiskState, RiskSnapshot, account_risk
from robson.exec.patience import Patience

Wanted = TypeVar("Wanted", bound=Intent)
NO_CREDIT = Credit(base=Decimal(0), quote=Decimal(0))


class Outbox(Protocol):
    """Where intents go: the lanes of the executor, or the scheduler of the simulation."""

    def send(self, intent: Intent) -> None:
        """Hand over an intent; it leaves at once and is reported on exactly once."""

    def has_left(self, intent: Intent) -> None:
        """Take note of one that a price has let leave already."""


@attrs.frozen(kw_only=True)
class Market:
    """One symbol as the monitor sees it; ``forming`` is the candle that has not closed."""

    instrument: Instrument
    board: TickBoard
    candles: list[Candle] = attrs.Factory(list)
    forming: Callable[[int], Candle | None] = lambda _now_ns: None


class Custody:
    """Positions of one account, what they have under way, and the markets they are on.

    Args:
        epoch: of this process; part of every client order id.
        leads: whether this process may still act for the account.
        disk: how the journal's disk stands; None where no journal is kept on one.
        patience: what the exchange has asked the lanes for.
        ahead: hands a pre-armed cancel over from any thread, before a price is judged; None where
            nothing leaves but by a decision on the monitor's own.

    Attributes:
        unreconciled: symbols that were not looked at as a whole since the start.
        credit: by symbol, the last reading that said what is lent to it.
        doubted: symbols of which something was unknown, refused or not found since the last look.
    """

    def __init__(
        self,
        *,
        account: AccountId,
        roster: Roster,
        clock: Clock,
        ids: Ids,
        outbox: Outbox,
        markets: dict[str, Market],
        settings: Settings,
        epoch: int,
        strategies: Shelf = SHIPPED,
        leads: Callable[[], bool] = lambda: True,
        disk: Callable[[], DiskState | None] = lambda: None,
        patience: Patience | None = None,
        ahead: Callable[[CancelOrder], None] | None = None,
    ) -> None:
        self.ahead = ahead
        self.patience = patience or Patience()
        self.leads = leads
        self.disk = disk
        self.account = account
        self.roster = roster
        self.ids = ids
        self.markets = markets
        self.settings = settings
        self.epoch = epoch
        self.strategies = strategies
        self.pursuits: dict[PositionId, Pursuit] = {}
        self.unreconciled: set[str] = set()
        self.doubted: set[str] = set()
        self.credit: dict[str, AccountReported] = {}
        self._taken: set[PositionId] = set()
        self._clock = clock
        self._outbox = outbox

    def now(self) -> ExchangeNs:
        """The instant of this step."""
        return self._clock.exchange_ns()

    def pursuit(self, position: PositionId) -> Pursuit:
        """Take a position in hand, with what it has under way: it is pursued in this turn."""
        self._taken.add(position)
        known = self.pursuits.get(position)
        if known is None:
            known = self.pursuits[position] = Pursuit()
        return known

    def take_all(self) -> None:
        """Take every position in hand: a person has spoken."""
        self._taken.update(self.pursuits)

    def take_due(self) -> tuple[str, ...]:
        """Take in hand whose time has come; their symbols."""
        now = self.now()
        dues = {position: known.next_due_ns() for position, known in self.pursuits.items()}
        due = [position for position, at_ns in dues.items() if at_ns is not None and at_ns <= now]
        self._taken.update(due)
        symbols = (str(self.roster.view(position).scope.symbol) for position in due)
        return tuple(dict.fromkeys(symbols))

    def taken(self, symbol: str) -> list[PositionView]:
        """The positions on a symbol that were taken in hand, oldest first: ids grow with time."""
        if not self._taken:
            return []
        views = [self.roster.view(position) for position in sorted(self._taken)]
        here = [view for view in views if str(view.scope.symbol) == symbol]
        # Another set, because one that was large once is slow to walk for ever.
        self._taken = self._taken.difference(view.id for view in here)
        return here

    def laid_down(self, position: PositionId) -> None:
        """It has been pursued as far as it goes."""
        self._taken.discard(position)

    def context(self, symbol: str, pursuit: Pursuit | None = None) -> Context:
        """The world as a decision may know it."""
        market = self.markets[symbol]
        last = market.board.last
        return Context(
            now_ns=self.now(),
            epoch=self.epoch,
            instrument=market.instrument,
            settings=self.settings,
            price=market.instrument.price_of(last.price) if last else None,
            price_ns=last.at_ns if last else None,
            account=pursuit.account if pursuit else None,
        )

    def lent(self, read: AccountReported) -> Credit:
        """What the exchange lends a pair, kept for people; what it does not say is nothing."""
        self.credit[str(read.account.scope.symbol)] = read
        return read.credit or NO_CREDIT

    def budget(self, live: Iterable[PositionView] | None = None) -> Budget:
        """The month's budget from what is open; any thread may ask."""
        market = next(iter(self.markets.values()))
        return budget_of(
            self.roster.live() if live is None else live,
            self.roster.standing,
            fee=market.instrument.taker_fee,
            gap_bps=self.settings.gap_bps,
        )

    def risk(self, others: list[PositionView]) -> RiskSnapshot:
        """What the gates look at that is no pair's own; ``others``: what is open besides."""
        return account_risk(
            others,
            self.roster.standing,
            budget=self.budget(others),
            settings=self.settings,
            now_ns=self.now(),
            leads=self.leads(),
            disk=self.disk(),
        )

    # --- deciding, journaling, handing on --------------------------------------------------------

    def carry_out(
        self, view: PositionView, decision: Decision, left: CancelOrder | None = None
    ) -> None:
        """Pre-armed intents leave, events become durable, then the other intents leave.

        ``left``: the pre-armed one that the price has let leave already.
        """
        pursuit = self.pursuit(view.id)
        first = [left] if left is not None else [self.stamped(each) for each in decision.first]
        for intent in first:
            if intent is left:
                pursuit.left(intent, self.now())
                self._outbox.has_left(intent)
            else:
                self.send(pursuit, intent)
        later = [self.stamped(intent) for intent in decision.intents]
        events = (*decision.events, *self._marks((*first, *later)))
        if decision.first and isinstance(decision.events[0], e.ExitTriggered):
            pursuit.trigger = PendingTrigger(events, ExchangeNs(self.now() + TRIGGER_COMMIT_NS))
            return
        pending = pursuit.trigger.events if pursuit.trigger else ()
        pursuit.trigger = None
        self.roster.commit((*pending, *events))
        self._note(pursuit, events)
        for intent in later:
            self.send(pursuit, intent)

    def stamped(self, intent: Wanted) -> Wanted:
        """Bind the timestamp: exchange time before the request can leave. Any thread."""
        if isinstance(intent, (PlaceOrder, CancelOrder)):
            return attrs.evolve(intent, timestamp_ms=self._clock.signing_ns() // NS_PER_MS)
        return intent

    def _marks(self, intents: Iterable[Intent]) -> tuple[e.OrderSending, ...]:
        """Every order that is about to leave, or has just left pre-armed, is marked as sending."""
        return tuple(
            e.OrderSending(
                position=intent.position,
                at_ns=self.now(),
                client_id=intent.client_id,
                timestamp_ms=intent.timestamp_ms or 0,
                recv_window_ms=intent.recv_window_ms,
            )
            for intent in intents
            if isinstance(intent, PlaceOrder)
        )

    def send(self, pursuit: Pursuit, intent: Intent) -> None:
        pursuit.left(intent, self.now())
        self._outbox.send(intent)

    def ask(self, intent: Intent) -> None:
        """Put a question that belongs to no position yet."""
        self._outbox.send(intent)

    def _note(self, pursuit: Pursuit, events: Iterable[e.PositionEvent]) -> None:
        """Keep in hand what failed, and that the exchange has just said that a stop rests."""
        for event in events:
            if isinstance(event, e.InsurancePlaced):
                pursuit.verified = True
            if isinstance(event, (e.ExitRetry, e.InsuranceFailed)):
                pursuit.failed_ns = event.at_ns
            if isinstance(event, (e.ExitRetry, e.InsuranceFailed, e.OrderResolved)):
                self.doubted.add(str(self.roster.view(event.position).scope.symbol))
            if isinstance(event, e.ExitRequested):
                pursuit.looked_missing = False

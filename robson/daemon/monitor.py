"""The one owner of positions: takes what outside said, decides, journals, and hands intents on.

``step`` is the whole of it: the daemon's thread and the simulated scheduler call the same method.
It never waits, never touches the exchange, and answers commands through :mod:`desk`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import attrs

from robson.daemon.calendar import Calendar
from robson.daemon.desk import Desk
from robson.daemon.messages import Asked, TimerDue, Wake
from robson.daemon.pursuit import TRIGGER_COMMIT_NS, PendingSignal, PendingTrigger, Pursuit
from robson.daemon.roster import Roster
from robson.daemon.ticks import BoardTick, TickBoard
from robson.domain import events as e
from robson.domain.identity import AccountId, PositionId, Purpose
from robson.domain.instrument import Instrument
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, QueryOrder, ReadAccount, ReadTrades
from robson.domain.lifecycle import PositionState
from robson.domain.ports import Clock, Ids
from robson.domain.position import PositionView
from robson.domain.reports import (
    AccountReported,
    CandleClosed,
    InterestReported,
    NotSent,
    OrderNotFound,
    OrderReported,
    RepayReported,
    Report,
    TradesReported,
)
from robson.domain.values import NS_PER_MS, Candle, ExchangeNs
from robson.engine.band import EVERYTHING, Band, intersect, quiet_band
from robson.engine.context import Context, Decision, Settings
from robson.engine.decide import Tick, adopt, decide_price, decide_report, watch_of
from robson.engine.pursue import pursue
from robson.engine.settle import decide_account, decide_interest
from robson.exec.resolve import AbsenceProof, Contradiction, Found

CANDLES_KEPT = 600
RESTAMPS_MAX = 2
Message = Report | CandleClosed | Wake | TimerDue | Asked


class Outbox(Protocol):
    """Where intents go: the lanes of the executor, or the scheduler of the simulation."""

    def send(self, intent: Intent) -> None:
        """Hand over an intent; it leaves at once and is reported on exactly once."""


@attrs.frozen(kw_only=True)
class Market:
    """One symbol as the monitor sees it."""

    instrument: Instrument
    board: TickBoard
    candles: list[Candle] = attrs.Factory(list)


class Monitor:
    """Positions of one account. ``desk`` answers what people ask for and admits signals."""

    def __init__(
        self,
        *,
        account: AccountId,
        roster: Roster,
        clock: Clock,
        ids: Ids,
        outbox: Outbox,
        markets: Mapping[str, Market],
        settings: Settings,
        epoch: int,
    ) -> None:
        self.account = account
        self.roster = roster
        self.clock = clock
        self.ids = ids
        self.markets = markets
        self.settings = settings
        self.epoch = epoch
        self._outbox = outbox
        self.pursuits: dict[PositionId, Pursuit] = {}
        self.desk = Desk(self)
        self.calendar = Calendar(self)

    # --- the one entrance ------------------------------------------------------------------------

    def recover(self) -> None:
        """Take the loaded positions up where they are; the exchange is asked, not assumed."""
        for view in self.roster.live():
            pursuit = self.pursuit(view.id)
            pursuit.verified = False
            self.desk.watch(view, pursuit)
            for record in view.orders:
                if record.status == "sending":
                    self._lost_with_the_process(view, record.client_id)
        for symbol in self.markets:
            self._turn(symbol)
        self.calendar.look()

    def step(self, message: Message) -> None:
        """Take one message in and do everything that follows from it."""
        symbols = self._concerned(message)
        for symbol in symbols:
            self.markets[symbol].board.hold()
        match message:
            case CandleClosed():
                self._candle(message)
            case Asked():
                self.desk.answer(message)
            case Wake() | TimerDue():
                pass
            case _:
                self._heard(message)
        for symbol in symbols:
            self._turn(symbol)
        self.calendar.look()

    def next_due_ns(self) -> ExchangeNs | None:
        """When the monitor wants a :class:`TimerDue`; None for never."""
        dues = [pursuit.next_due_ns() for pursuit in self.pursuits.values()]
        dues.append(self.calendar.next_due_ns())
        return min((due for due in dues if due is not None), default=None)

    def _concerned(self, message: Message) -> Iterable[str]:
        match message:
            case Wake() | CandleClosed():
                return (message.symbol,)
            case Asked() | TimerDue():
                return tuple(self.markets)
            case _:
                return (str(message.intent.scope.symbol),)

    # --- context ---------------------------------------------------------------------------------

    def now(self) -> ExchangeNs:
        """The instant of this step."""
        return self.clock.exchange_ns()

    def pursuit(self, position: PositionId) -> Pursuit:
        """What a position has under way."""
        return self.pursuits.setdefault(position, Pursuit())

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

    # --- prices ----------------------------------------------------------------------------------

    def _turn(self, symbol: str) -> None:
        """Until nothing is left to do: what positions owe, then captured ticks, then the last."""
        board = self.markets[symbol].board
        judged_last: BoardTick | None = None
        while True:
            self._pursue_all(symbol)
            ticks = board.take_or_publish(self._band(symbol))
            if not ticks:
                last = board.last
                if last is None or last is judged_last:
                    break
                judged_last = last
                if not self._would_act(symbol, last):
                    break
                board.hold()
                ticks = [last]
            for tick in ticks:
                self._judge(symbol, tick)
        self._forget(symbol)

    def _watched(self, symbol: str) -> Iterable[PositionView]:
        for view in self.roster.live(symbol):
            if self.pursuit(view.id).trigger is None:
                yield view

    def _band(self, symbol: str) -> tuple[int, int]:
        instrument = self.markets[symbol].instrument
        watches = (watch_of(view, instrument) for view in self._watched(symbol))
        bands = [quiet_band(watch) for watch in watches if watch is not None]
        band: Band = intersect(bands) if bands else EVERYTHING
        return (band.low, band.high)

    def _tick(self, symbol: str, tick: BoardTick) -> Tick:
        instrument = self.markets[symbol].instrument
        return Tick(
            price=instrument.price_of(tick.price),
            at_ns=tick.at_ns,
            jumped_from=(
                instrument.price_of(tick.jumped_from) if tick.jumped_from is not None else None
            ),
        )

    def _would_act(self, symbol: str, last: BoardTick) -> bool:
        low, high = self._band(symbol)
        return not low < last.price < high

    def _judge(self, symbol: str, tick: BoardTick) -> None:
        judged = self._tick(symbol, tick)
        ctx = self.context(symbol)
        for view in list(self._watched(symbol)):
            self.carry_out(view, decide_price(view, judged, ctx))

    # --- deciding, journaling, handing on --------------------------------------------------------

    def carry_out(self, view: PositionView, decision: Decision) -> None:
        """Pre-armed intents leave, events become durable, then the other intents leave."""
        pursuit = self.pursuit(view.id)
        first = [self._stamped(intent) for intent in decision.first]
        for intent in first:
            self._send(pursuit, intent)
        later = [self._stamped(intent) for intent in decision.intents]
        events = (*decision.events, *self._marks((*first, *later)))
        if decision.first and isinstance(decision.events[0], e.ExitTriggered):
            pursuit.trigger = PendingTrigger(
                events, ExchangeNs(self.now() + TRIGGER_COMMIT_NS)
            )
            return
        pending = pursuit.trigger.events if pursuit.trigger else ()
        pursuit.trigger = None
        self.roster.commit((*pending, *events))
        self._note_failures(pursuit, events)
        for intent in later:
            self._send(pursuit, intent)

    def _stamped(self, intent: Intent) -> Intent:
        """Bind the timestamp: exchange time before the request can leave."""
        if isinstance(intent, (PlaceOrder, CancelOrder)):
            return attrs.evolve(intent, timestamp_ms=self.now() // NS_PER_MS)
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

    def _send(self, pursuit: Pursuit, intent: Intent) -> None:
        pursuit.left(intent, self.now())
        self._outbox.send(intent)

    def ask(self, intent: Intent) -> None:
        """Put a question that belongs to no position yet."""
        self._outbox.send(intent)

    def _note_failures(self, pursuit: Pursuit, events: Iterable[e.PositionEvent]) -> None:
        for event in events:
            if isinstance(event, (e.ExitRetry, e.InsuranceFailed)):
                pursuit.failed_ns = event.at_ns
            if isinstance(event, e.ExitRequested):
                pursuit.looked_missing = False

    # --- what positions owe ----------------------------------------------------------------------

    def _pursue_all(self, symbol: str) -> None:
        for view in self.roster.live(symbol):
            self._pursue(view.id)

    def _pursue(self, position: PositionId) -> None:
        pursuit = self.pursuit(position)
        pursuit.due_ns = None
        if pursuit.trigger is not None:
            if self.now() < pursuit.trigger.due_ns:
                return
            self.carry_out(self.roster.view(position), Decision())
        while True:
            view = self.roster.view(position)
            pursuit.chase(view, self.now())
            for resolution in pursuit.resolutions.values():
                for question in resolution.ask(self.now()):
                    self._send(pursuit, question)
            step = pursue(view, self.context(str(view.scope.symbol), pursuit), pursuit.known())
            pursuit.due_ns = step.due_ns
            if not (step.decision.events or step.decision.intents):
                return
            self.carry_out(view, step.decision)

    def _forget(self, symbol: str) -> None:
        """A position that is over needs no memory."""
        for position in list(self.pursuits):
            view = self.roster.views.get(position)
            if view is not None and not view.is_live and str(view.scope.symbol) == symbol:
                del self.pursuits[position]

    # --- reports ---------------------------------------------------------------------------------

    def _heard(self, report: Report) -> None:
        position = report.intent.position
        if position is None:
            if not self.calendar.heard(report):
                self.desk.heard(report)
            return
        if position not in self.pursuits:
            return
        pursuit = self.pursuit(position)
        pursuit.returned(report.intent)
        view = self.roster.view(position)
        if pursuit.trigger is not None:
            view = self.roster.ahead(position, pursuit.trigger.events)
        if self._chased(view, pursuit, report):
            return
        ctx = self.context(str(view.scope.symbol), pursuit)
        match report:
            case TradesReported():
                self._trades(view, pursuit, report, ctx)
            case AccountReported():
                self._account(view, pursuit, report)
            case InterestReported():
                self.carry_out(view, decide_interest(view, report.charges, ctx))
            case RepayReported() | OrderNotFound():
                pass
            case NotSent() if self._restamps(view, pursuit, report):
                pass
            case _:
                self._order(view, pursuit, report, ctx)

    def _order(
        self, view: PositionView, pursuit: Pursuit, report: Report, ctx: Context
    ) -> None:
        if isinstance(report, OrderReported) and isinstance(report.intent, QueryOrder):
            pursuit.verified = True
        decision = decide_report(view, report, ctx)
        self._await_fills(pursuit, report, decision)
        self.carry_out(view, decision)

    def _await_fills(self, pursuit: Pursuit, report: Report, decision: Decision) -> None:
        if isinstance(report, OrderReported):
            if any(isinstance(intent, ReadTrades) for intent in decision.intents):
                pursuit.awaiting[report.order.order_id] = report.order

    def _chased(self, view: PositionView, pursuit: Pursuit, report: Report) -> bool:
        """Whether a report answered a question about an unknown order."""
        if not getattr(report.intent, "token", 0):
            return False
        for resolution in list(pursuit.resolutions.values()):
            if report.intent.position == view.id and resolution.asked_this(report.intent):
                if isinstance(report, OrderNotFound):
                    pursuit.looked_missing = True
                self._verdict(view, pursuit, resolution.order, resolution.hear(report))
        return True

    def _verdict(
        self,
        view: PositionView,
        pursuit: Pursuit,
        order: PlaceOrder,
        verdict: Found | AbsenceProof | Contradiction | None,
    ) -> None:
        ctx = self.context(str(view.scope.symbol), pursuit)
        record = view.order(order.client_id)
        if record is None or verdict is None:
            return
        if isinstance(verdict, Found):
            decision = adopt(view, record, verdict.order, ctx, asked=True)
            if any(isinstance(intent, ReadTrades) for intent in decision.intents):
                pursuit.awaiting[verdict.order.order_id] = verdict.order
            self.carry_out(view, decision)
        elif isinstance(verdict, AbsenceProof):
            self.carry_out(view, self._absent(view, order, verdict))
        else:
            failed = e.PositionFailed(
                position=view.id,
                at_ns=self.now(),
                code="unknown_order",
                message=f"{order.client_id}: {verdict.message}",
            )
            self.carry_out(view, Decision(events=(failed,)))

    def _absent(self, view: PositionView, order: PlaceOrder, proof: AbsenceProof) -> Decision:
        resolved = e.OrderResolved(
            position=view.id,
            at_ns=self.now(),
            client_id=order.client_id,
            outcome="absent",
            evidence=proof.numbers(),
        )
        after: dict[Purpose, Callable[[], e.PositionEvent]] = {
            Purpose.ENTRY: lambda: e.EntryFailed(
                position=view.id,
                at_ns=self.now(),
                client_id=order.client_id,
                reason="absent",
                code=None,
                message="the exchange never had the entry",
                proof=proof.numbers(),
            ),
            Purpose.EXIT: lambda: e.ExitRetry(
                position=view.id,
                at_ns=self.now(),
                client_id=order.client_id,
                code=None,
                message="the exchange never had the exit",
                proof=proof.numbers(),
            ),
            Purpose.INSURANCE: lambda: e.InsuranceFailed(
                position=view.id,
                at_ns=self.now(),
                client_id=order.client_id,
                code=None,
                message="the exchange never had the stop",
            ),
        }
        return Decision(events=(resolved, after[order.purpose]()))

    def _trades(
        self, view: PositionView, pursuit: Pursuit, report: TradesReported, ctx: Context
    ) -> None:
        """Fills that were missing complete the order that waited for them, or prove an exit."""
        asked = report.intent
        assert isinstance(asked, ReadTrades)
        for order_id, order in list(pursuit.awaiting.items()):
            fills = tuple(fill for fill in report.fills if fill.order_id == order_id)
            record = view.order(order.client_id)
            if not fills or record is None:
                continue
            del pursuit.awaiting[order_id]
            whole = attrs.evolve(order, fills=fills)
            self.carry_out(view, adopt(view, record, whole, ctx, asked=True))
            view = self.roster.view(view.id)

    def _account(self, view: PositionView, pursuit: Pursuit, report: AccountReported) -> None:
        pursuit.account = report.account
        if pursuit.signal is not None and view.state is PositionState.ARMED:
            self.desk.admit(view, pursuit, report.account)
            return
        ctx = self.context(str(view.scope.symbol), pursuit)
        self.carry_out(view, decide_account(view, report.account, ctx))

    def _restamps(self, view: PositionView, pursuit: Pursuit, report: NotSent) -> bool:
        """A request that grew stale on the way is stamped again, at most twice."""
        order = report.intent
        if report.reason != "stale" or not isinstance(order, PlaceOrder):
            return False
        if pursuit.restamps >= RESTAMPS_MAX:
            return False
        pursuit.restamps += 1
        self.carry_out(view, Decision(intents=(order,)))
        return True

    def _lost_with_the_process(self, view: PositionView, client_id: str) -> None:
        record = view.order(client_id)
        assert record is not None
        unknown = e.OrderUnknown(
            position=view.id,
            at_ns=self.now(),
            client_id=record.client_id,
            reason="the process ended before the answer came",
        )
        self.roster.commit((unknown,))

    # --- candles ---------------------------------------------------------------------------------

    def _candle(self, closed: CandleClosed) -> None:
        candles = self.markets[closed.symbol].candles
        candles.append(closed.candle)
        del candles[:-CANDLES_KEPT]
        for view in self.roster.live(closed.symbol):
            pursuit = self.pursuit(view.id)
            if view.state is not PositionState.ARMED or pursuit.detector is None:
                continue
            found = pursuit.detector.on_candle(candles)
            if found is not None and pursuit.signal is None:
                self.signal(view, PendingSignal(found, self.desk.new_id(), self.now()))

    def signal(self, view: PositionView, signal: PendingSignal) -> None:
        """A detector has fired: the account is read, then the gates decide."""
        pursuit = self.pursuit(view.id)
        pursuit.signal = signal
        self._send(pursuit, ReadAccount(scope=view.scope, position=view.id))


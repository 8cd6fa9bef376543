"""The one owner of positions: takes what outside said, decides, journals, and hands intents on.

``step`` is the whole of it: the daemon's thread and the simulated scheduler call the same method.
It never waits, never touches the exchange, and answers commands through :mod:`desk`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from robson.daemon.alarm import Alarm
from robson.daemon.arbiter import Arbiter
from robson.daemon.calendar import Calendar
from robson.daemon.capital import Capital
from robson.daemon.custody import Custody
from robson.daemon.desk import Desk
from robson.daemon.governor import Governor
from robson.daemon.lookout import Lookout
from robson.daemon.margins import Margins
from robson.daemon.messages import Asked, Hint, Missed, RulesChanged, TimerDue, Unseen, Wake
from robson.daemon.other_rules import OtherRules
from robson.daemon.prices import Prices
from robson.daemon.pursuit import PendingSignal, Pursuit
from robson.daemon.reconciler import Reconciler
from robson.daemon.signals import Signals
from robson.domain import events as e
from robson.domain.identity import PositionId, Purpose
from robson.domain.intents import (
    CancelOrder,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    ReadTrades,
)
from robson.domain.lifecycle import PositionState
from robson.domain.reports import (
    AccountReported,
    CandleClosed,
    InterestReported,
    NotSent,
    OrderNotFound,
    OrderRejected,
    OrderReported,
    RepayReported,
    Report,
    TradesReported,
)
from robson.domain.values import ExchangeNs, Side
from robson.domain.view import PositionView
from robson.engine.absence import decide_absent
from robson.engine.admission import cut_off
from robson.engine.adopt import a_person_decides, adopt
from robson.engine.bands import decide_liquidation
from robson.engine.context import Context, Decision
from robson.engine.decide import decide_gap, decide_report, forgive
from robson.engine.overtaken import decide_overtaken
from robson.engine.pursue import pursue
from robson.engine.rearm import listens_ns
from robson.engine.repeat import decide_repeat
from robson.engine.settle import decide_account, decide_interest, stranded
from robson.exec.resolve import AbsenceProof, Found, NotSeen, Verdict

CANDLES_KEPT = 600
RESTAMPS_MAX = 2
OUTSIDE_WINDOW = -1021
"""The exchange did not take the time of a request, and has done nothing."""


Message = Report | CandleClosed | Wake | Hint | Missed | RulesChanged | TimerDue | Asked


class Monitor:
    """Positions of one account. ``desk`` answers what people ask for and admits signals."""

    def __init__(self, custody: Custody) -> None:
        self.custody = custody
        self.roster = custody.roster
        self.markets = custody.markets
        self.desk = Desk(custody)
        self.calendar = Calendar(custody)
        self.capital = Capital(custody)
        self.lookout = Lookout(custody)
        self.prices = Prices(custody, self.lookout)
        self.governor = Governor(custody, self._act)
        self.other_rules = OtherRules(custody, self.governor)
        self.alarm = Alarm(custody, self.governor.freeze)
        self.signals = Signals(custody, self.desk)
        self.margins = Margins(custody, self._act, self.governor.freeze)
        self.reconciler = Reconciler(custody, self._act, self.governor.freeze, self.governor.answer)
        self.arbiter = Arbiter(custody, self._act, self.reconciler)

    # --- the one entrance ------------------------------------------------------------------------

    def recover(self, unseen: Mapping[str, Unseen] | None = None) -> None:
        """Take the loaded positions up where they are; the exchange is asked, not assumed.

        ``unseen``: by symbol, how far the price went while nobody watched.
        """
        for view in self.roster.live():
            pursuit = self.custody.pursuit(view.id)
            pursuit.verified = False
            self.desk.watch(view, pursuit)
            self.custody.carry_out(
                view, cut_off(view, self.custody.context(str(view.scope.symbol)))
            )
            for record in view.orders:
                if record.status == "sending":
                    self._lost_with_the_process(view, record.client_id)
        for symbol, extremes in (unseen or {}).items():
            self._fill_gap(symbol, extremes)
        for symbol in self.markets:
            self._turn(symbol)
        self.reconciler.recover()
        self._look()

    def _fill_gap(self, symbol: str, unseen: Unseen) -> None:
        """The best price for each position feeds its ladder; the live price judges its stop."""
        ctx = self.custody.context(symbol)
        for view in self.roster.live(symbol):
            pursuit = self.custody.pursuits.get(view.id)
            if pursuit is not None and pursuit.trigger is not None:
                continue  # its way out has left, and is not written down yet: no rung counts
            if unseen.since_ns is not None and not _held_at(view, unseen.since_ns):
                continue  # which of these prices came after its fill nobody can say
            best = unseen.low if view.side is Side.SHORT else unseen.high
            price = ctx.instrument.price_of(best)
            self.custody.carry_out(view, decide_gap(view, price, ctx))
            worst = unseen.high if view.side is Side.SHORT else unseen.low
            forgiven = forgive(view, ctx.instrument.price_of(worst), ctx)
            self.custody.carry_out(self.roster.view(view.id), forgiven)

    def step(self, message: Message) -> None:
        """Take one message in and do everything that follows from it."""
        symbols = self._concerned(message)
        self.prices.wires_down(symbols if _changes_no_other(message) else None)
        for symbol in symbols:
            self.prices.hold(symbol)
        match message:
            case CandleClosed():
                self._candle(message)
            case Asked():
                self.custody.take_all()
                if not any(
                    part.answer(message.command, message.answer)
                    for part in (self.reconciler, self.governor, self.signals, self.arbiter)
                ):
                    self.desk.answer(message)
            case Wake() | TimerDue():
                pass
            case Hint():
                self.reconciler.soon(message.symbol)
            case RulesChanged():
                self.other_rules.heard(message)
            case Missed():
                for symbol, extremes in message.unseen.items():
                    self._fill_gap(symbol, extremes)
            case _:
                self._heard(message)
        for symbol in symbols:
            self._turn(symbol)
        self.prices.wires_down()
        self._look()
        self.prices.wires_up()

    def _look(self) -> None:
        """What follows for the account as a whole."""
        for part in (self.calendar, self.capital, self.governor, self.other_rules, self.signals):
            part.look()
        self.margins.look()
        self.reconciler.look()

    def _act(self, view: PositionView, decision: Decision) -> None:
        """Carry out what no message of the symbol's own has caused."""
        symbol = str(view.scope.symbol)
        self.prices.hold(symbol)
        self.custody.carry_out(view, decision)
        self._turn(symbol)

    def next_due_ns(self, market_ns: int | None = None) -> ExchangeNs | None:
        """When the monitor wants a :class:`TimerDue`; None for never. Only while it is still.

        ``market_ns``: when the market moves next. Where it stands still (None), time does not pass
        only to turn the calendar, or to look at a pair again.
        """
        dues = [pursuit.next_due_ns() for pursuit in self.custody.pursuits.values()]
        dues += (
            self.calendar.next_due_ns(),
            self.margins.next_due_ns(),
        )
        if market_ns is not None:
            dues += (self.calendar.boundary_ns(), self.reconciler.next_due_ns())
        return min((due for due in dues if due is not None), default=None)

    def _concerned(self, message: Message) -> Iterable[str]:
        """The symbols of a message; of a timer those whose positions' time has come."""
        match message:
            case Wake() | CandleClosed() | Hint() | RulesChanged():
                return (message.symbol,)
            case TimerDue():
                return self.custody.take_due()
            case Asked() | Missed():
                return tuple(self.markets)
            case _:
                return (str(message.intent.scope.symbol),)

    # --- prices ----------------------------------------------------------------------------------

    def _turn(self, symbol: str) -> None:
        """Until nothing is left to do: what positions owe, then captured ticks, then the last."""
        self._pursue_all(symbol)
        while self.prices.judge(symbol):
            self._pursue_all(symbol)

    # --- what positions owe ----------------------------------------------------------------------

    def _pursue_all(self, symbol: str) -> None:
        """All that were taken in hand: of any other nothing has changed since it was pursued."""
        for view in self.custody.taken(symbol):
            if view.is_live:
                self.alarm.look(view.id)
                self._pursue(view.id)
                self.alarm.wait(view.id)
            self._forget(view.id)
            self.lookout.look(view.id)
            self.margins.see(self.roster.view(view.id))

    def _pursue(self, position: PositionId) -> None:
        pursuit = self.custody.pursuit(position)
        pursuit.due_ns = None
        if pursuit.trigger is not None:
            if self.custody.now() < pursuit.trigger.due_ns:
                return
            self.custody.carry_out(self.roster.view(position), Decision())
        while True:
            view = self.roster.view(position)
            pursuit.chase(view, self.custody.now())
            for resolution in pursuit.resolutions.values():
                for question in resolution.ask(self.custody.now()):
                    self.custody.send(pursuit, question)
            step = pursue(
                view, self.custody.context(str(view.scope.symbol), pursuit), pursuit.known()
            )
            pursuit.due_ns = step.due_ns
            if not (step.decision.events or step.decision.intents):
                return
            self.custody.carry_out(view, step.decision)

    def _forget(self, position: PositionId) -> None:
        """A position that is over needs no memory."""
        self.custody.laid_down(position)
        if not self.roster.view(position).is_live:
            self.custody.pursuits.pop(position, None)

    # --- reports ---------------------------------------------------------------------------------

    def _heard(self, report: Report) -> None:
        position = report.intent.position
        self.capital.saw(report)
        if position is None:
            others = (self.capital, self.reconciler, self.margins, self.calendar)
            if not any(part.heard(report) for part in others):
                self.desk.heard(report)
            return
        if position not in self.custody.pursuits:
            return
        pursuit = self.custody.pursuit(position)
        if not pursuit.returned(report):
            return  # an answer that comes twice is taken in once
        view = self.roster.view(position)
        if pursuit.trigger is not None:
            view = self.roster.ahead(position, pursuit.trigger.events)
        if self._chased(view, pursuit, report):
            return
        ctx = self.custody.context(str(view.scope.symbol), pursuit)
        match report:
            case TradesReported():
                self._trades(view, pursuit, report, ctx)
            case AccountReported():
                self._account(view, pursuit, report)
            case InterestReported():
                self.custody.carry_out(view, decide_interest(view, report.charges, ctx))
            case OrderNotFound():
                _hear_of_the_stop(view, pursuit, report)
                self.custody.doubted.add(str(view.scope.symbol))
            case RepayReported():
                pass
            case _ if self.signals.unread(view, report):
                pass
            case NotSent() | OrderRejected() if self._restamps(view, pursuit, report):
                pass
            case _:
                self._order(view, pursuit, report, ctx)

    def _order(self, view: PositionView, pursuit: Pursuit, report: Report, ctx: Context) -> None:
        if _outrun_by_our_cancel(pursuit, report):
            return  # only the cancel's own answer says what became of the stop
        decision = decide_report(view, report, ctx)
        asked = isinstance(report.intent, QueryOrder)
        waits = self._await_fills(pursuit, report, decision)
        if asked and not waits:
            _hear_of_the_stop(view, pursuit, report)
        self.custody.carry_out(view, decision)

    def _await_fills(self, pursuit: Pursuit, report: Report, decision: Decision) -> bool:
        """Keep an order whose fills are asked for; whether anything is still to be learnt."""
        asks = any(isinstance(intent, ReadTrades) for intent in decision.intents)
        if asks and isinstance(report, OrderReported):
            pursuit.awaiting[report.order.order_id] = report.order
        return asks or not isinstance(report, OrderReported)

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
        verdict: Verdict,
    ) -> None:
        ctx = self.custody.context(str(view.scope.symbol), pursuit)
        record = view.order(order.client_id)
        if record is None or verdict is None:
            return
        if a_person_decides(view, record):
            return
        if isinstance(verdict, Found):
            decision = adopt(view, record, verdict.order, ctx, asked=True)
            if any(isinstance(intent, ReadTrades) for intent in decision.intents):
                pursuit.awaiting[verdict.order.order_id] = verdict.order
            self.custody.carry_out(view, decision)
        elif isinstance(verdict, NotSeen):
            again = decide_repeat(view, record, verdict.after.account, ctx)
            self.custody.carry_out(view, again)
        elif isinstance(verdict, AbsenceProof):
            self.custody.carry_out(view, decide_absent(view, order, verdict.numbers(), ctx))
        elif view.state is not PositionState.ERROR and not view.state.is_terminal:
            failed = e.PositionFailed(
                position=view.id,
                at_ns=self.custody.now(),
                code="unknown_order",
                message=f"{order.client_id}: {verdict.message}",
            )
            self.custody.carry_out(view, Decision(events=(failed,)))

    def _trades(
        self, view: PositionView, pursuit: Pursuit, report: TradesReported, ctx: Context
    ) -> None:
        """Fills that were missing complete the order that waited for them, or prove an exit."""
        asked = report.intent
        assert isinstance(asked, ReadTrades)
        if asked.order_id is None:
            pursuit.trades_ns = report.sent_ns
        for order_id, order in list(pursuit.awaiting.items()):
            fills = tuple(fill for fill in report.fills if fill.order_id == order_id)
            record = view.order(order.client_id)
            if record is None or sum(fill.quantity for fill in fills) < order.executed:
                continue  # the list of trades is behind: it is asked for again
            del pursuit.awaiting[order_id]
            whole = attrs.evolve(order, fills=fills)
            self.custody.carry_out(view, adopt(view, record, whole, ctx, asked=True))
            view = self.roster.view(view.id)
        forced = decide_liquidation(view, report.fills, ctx)
        found = forced if forced.events else decide_overtaken(view, report.fills, ctx)
        if found.events:
            self.custody.carry_out(view, found)

    def _account(self, view: PositionView, pursuit: Pursuit, report: AccountReported) -> None:
        pursuit.account = report.account
        if pursuit.signal is not None and view.state is PositionState.ARMED:
            self.desk.admit(view, pursuit, report)
            return
        ctx = self.custody.context(str(view.scope.symbol), pursuit)
        self.custody.carry_out(view, decide_account(view, report.account, ctx))
        owing = stranded(self.roster.view(view.id))
        if owing is not None:
            self.governor.freeze(str(view.scope.symbol), owing, "debt_left")

    def _restamps(
        self, view: PositionView, pursuit: Pursuit, report: NotSent | OrderRejected
    ) -> bool:
        """A request whose time was not taken is stamped and sent again, at most twice.

        It grew stale on the way, or the exchange has another time: the clock knows by its answer.
        An entry that has left never leaves again.
        """
        order = report.intent
        if not isinstance(order, PlaceOrder | CancelOrder):
            return False
        if isinstance(report, NotSent):
            again = report.reason == "stale"
        else:
            again = report.code == OUTSIDE_WINDOW and _first_of_its_kind(view, order)
        name = order.client_id if isinstance(order, PlaceOrder) else order.cancel_id
        if not again or pursuit.restamps[name] >= RESTAMPS_MAX:
            return False
        pursuit.restamps[name] += 1
        self.custody.carry_out(view, Decision(intents=(order,)))
        return True

    def _lost_with_the_process(self, view: PositionView, client_id: str) -> None:
        record = view.order(client_id)
        assert record is not None
        unknown = e.OrderUnknown(
            position=view.id,
            at_ns=self.custody.now(),
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
            pursuit = self.custody.pursuit(view.id)
            if view.state is not PositionState.ARMED or pursuit.detector is None:
                continue
            if self.custody.now() < listens_ns(view, self.custody.settings):
                continue
            found = pursuit.detector.on_candle(candles)
            if found is not None and pursuit.signal is None:
                self._signal(view, self.desk.seen(view, found))

    def _signal(self, view: PositionView, signal: PendingSignal) -> None:
        """A detector has fired: the account is read, then the gates decide."""
        pursuit = self.custody.pursuit(view.id)
        pursuit.signal = signal
        self.custody.send(pursuit, ReadAccount(scope=view.scope, position=view.id, credit=True))


def _changes_no_other(message: Message) -> bool:
    """Whether only positions on the symbols that it concerns can change by it."""
    if isinstance(message, Wake | CandleClosed | Hint | TimerDue):
        return True
    intent = getattr(message, "intent", None)
    return intent is not None and intent.position is not None


def _first_of_its_kind(view: PositionView, order: PlaceOrder | CancelOrder) -> bool:
    """No entry, and nothing that has failed before: later attempts go at their own pace."""
    if isinstance(order, CancelOrder):
        return True
    alike = [o for o in view.orders if o.order.purpose is order.purpose]
    earlier = [o.status for o in alike if o.client_id != order.client_id]
    return order.purpose is not Purpose.ENTRY and earlier[-1:] != ["failed"]


def _held_at(view: PositionView, instant_ns: ExchangeNs) -> bool:
    """Whether a position was entered at an instant."""
    return view.entry is not None and view.entry.fills[0].at_ns <= instant_ns


def _hear_of_the_stop(view: PositionView, pursuit: Pursuit, report: Report) -> None:
    """Note that a question was answered that was about the exchange stop, and no other order."""
    asked = report.intent
    if isinstance(asked, QueryOrder) and asked.target == view.insurance.client_id:
        pursuit.verified, pursuit.stop_ns = True, report.sent_ns


def _outrun_by_our_cancel(pursuit: Pursuit, report: Report) -> bool:
    """A question's answer about a stop while our own cancel of it is still under way.

    ``NEW`` was true before the cancel, and a second cancel would stand in the exit's way; anything
    final may be the cancel's own doing.
    """
    return (
        isinstance(report, OrderReported)
        and isinstance(report.intent, QueryOrder)
        and pursuit.cancels(report.intent.target)
    )

"""What people ask for, and what a signal becomes: arming, disarming, panic, admission.

One half of the monitor, on its thread: a command is answered when its events are durable.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal
from typing import Any

import attrs

from robson.api.published import Armed, Disarmed, Panicked
from robson.daemon.custody import Custody
from robson.daemon.dry_run import DryRun, preview
from robson.daemon.messages import Asked
from robson.daemon.pursuit import PendingSignal, Pursuit
from robson.domain import events as e
from robson.domain.commands import Arm, Command, Disarm, Panic
from robson.domain.errors import InvalidValue, Refused
from robson.domain.identity import PositionId, Scope
from robson.domain.intents import ReadAccount
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountReported, AccountSnapshot, Credit, Report
from robson.domain.strategy import StrategyConfig
from robson.domain.values import NS_PER_S, ExchangeNs, Leverage, Side
from robson.domain.view import PositionView
from robson.engine.admission import admit, carried, price_age_s, propose, wallet_of
from robson.engine.context import Context, Decision
from robson.engine.decide import release
from robson.engine.detectors.choose import detector_for
from robson.engine.detectors.protocol import DetectorSignal
from robson.engine.risk import Denial, arm_gates, entry_gates
from robson.engine.snapshot import RiskSnapshot
from robson.engine.step import leave
from robson.engine.stop import Chart


class Desk:
    """Answers commands; every refusal is a value with its numbers and changes nothing."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._tokens = itertools.count(1)
        self._arming: dict[int, tuple[Arm, Future[Any]]] = {}

    def new_id(self) -> str:
        """A fresh id for a signal."""
        return f"sig_{self._custody.ids.bits():032x}"

    def answer(self, asked: Asked) -> None:
        """Answer a command, now or when what it needs has been read."""
        try:
            handler: Callable[[Any, Future[Any]], None] = self._handlers()[type(asked.command)]
            handler(asked.command, asked.answer)
        except (Refused, InvalidValue) as refused:
            _fail(asked.answer, refused)

    def _handlers(self) -> dict[type[Command], Any]:
        return {Arm: self._arm, Disarm: self._disarm, Panic: self._panic}

    # --- arm -------------------------------------------------------------------------------------

    def _arm(self, command: Arm, answer: Future[Any]) -> None:
        market = self._custody.markets.get(command.symbol)
        if market is None:
            known = ", ".join(sorted(self._custody.markets))
            raise Refused("UNKNOWN_SYMBOL", f"{command.symbol} is not traded here; known: {known}")
        self._strategy(command)
        if self._repeats(command, answer):
            return
        token = next(self._tokens)
        self._arming[token] = (command, answer)
        scope = Scope(self._custody.account, market.instrument.symbol)
        self._custody.ask(ReadAccount(scope=scope, token=token, credit=True))

    def _strategy(self, command: Arm) -> StrategyConfig:
        """The snapshot that a position would live by."""
        found = self._custody.strategies.find(command.strategy)
        named = None if command.auto else command.side or found.bias
        if not found.takes(named):
            bias = found.bias.value if found.bias else "auto"
            asked = named.value if named else "auto"
            raise InvalidValue(f"side is {asked}; {found.name} takes {bias} only")
        return attrs.evolve(found, bias=None) if command.auto else found

    def _leverage(self, command: Arm, strategy: StrategyConfig) -> Leverage:
        settings = self._custody.settings
        return command.leverage or Leverage(strategy.leverage or settings.leverage)

    def _repeats(self, command: Arm, answer: Future[Any]) -> bool:
        """Whether this was asked before under the same key; then the first answer is given again.

        Asked again once the account is read: the first of several may have been armed meanwhile.
        """
        views = self._custody.roster.views.values()
        earlier = next((v for v in views if v.idempotency_key == command.idempotency_key), None)
        if earlier is None or command.dry_run:
            return False
        answer.set_result(Armed(position=self._same(earlier, command), repeated=True))
        return True

    def _same(self, view: PositionView, command: Arm) -> PositionView:
        strategy = self._strategy(command)
        side = command.side or strategy.bias
        same = (
            str(view.scope.symbol),
            view.strategy.name,
            view.capital,
            view.leverage,
            view.side if side is not None else view.strategy.bias,
        ) == (
            command.symbol,
            strategy.name,
            command.capital,
            self._leverage(command, strategy),
            side,
        )
        if not same:
            raise Refused(
                "IDEMPOTENCY_CONFLICT",
                f"the idempotency key was used for {view.id} with other arguments",
            )
        return view

    def heard(self, report: Report) -> None:
        """The account of a pair that is to be armed has been read, or could not be."""
        waiting = self._arming.pop(getattr(report.intent, "token", 0), None)
        if waiting is None:
            return
        command, answer = waiting
        if not isinstance(report, AccountReported):
            _fail(answer, Refused("EXCHANGE_UNAVAILABLE", self._unread(report)))
            return
        try:
            self._armed(command, report, answer)
        except (Refused, InvalidValue) as refused:
            _fail(answer, refused)

    def _unread(self, report: Report | None = None) -> str:
        left_s = -(-self._custody.patience.left_ns(self._custody.now()) // NS_PER_S)
        said = getattr(report, "message", "") or getattr(report, "reason", "")
        if left_s:
            said = f"the exchange asked for no more requests for {left_s} s"
        return f"the account could not be read{said and ': '}{said}"

    def _armed(self, command: Arm, read: AccountReported, answer: Future[Any]) -> None:
        if self._repeats(command, answer):
            return
        account, credit = read.account, self._custody.lent(read)
        strategy = self._strategy(command)
        leverage = self._leverage(command, strategy)
        side = command.side or strategy.bias
        risk = self.risk(account, leverage=leverage, credit=credit, side=side)
        if command.dry_run:
            found = self._dry_run(command, strategy, leverage, read, risk)
            answer.set_result(preview(found))
            return
        denials = arm_gates(risk)
        if denials:
            raise _denied(denials)
        position = PositionId.of(self._custody.ids.bits())
        event = e.PositionArmed(
            position=position,
            at_ns=self._custody.now(),
            scope=account.scope,
            side=side,
            strategy=strategy,
            capital=command.capital,
            leverage=leverage,
            idempotency_key=command.idempotency_key,
            actor=command.actor,
        )
        self._custody.roster.commit((event,))
        view = self._custody.roster.view(position)
        pursuit = self._custody.pursuit(position)
        self.watch(view, pursuit)
        answer.set_result(Armed(position=view))
        self._first_signal(view, pursuit, read)

    def watch(self, view: PositionView, pursuit: Pursuit) -> None:
        """Put the detector of an armed position on the candles."""
        if view.state is PositionState.ARMED:
            pursuit.detector = detector_for(view.strategy, view.side)
            pursuit.generation += 1

    def _first_signal(self, view: PositionView, pursuit: Pursuit, read: AccountReported) -> None:
        """A strategy that enters at arm does not wait for a tick."""
        market = self._custody.markets[str(view.scope.symbol)]
        ctx = self._custody.context(str(view.scope.symbol))
        if pursuit.detector is None or ctx.price is None:
            return
        found = pursuit.detector.on_arm(market.candles, ctx.price)
        if found is not None:
            pursuit.signal = self.seen(view, found)
            pursuit.account = read.account
            self.admit(view, pursuit, read)

    def _dry_run(
        self,
        command: Arm,
        strategy: StrategyConfig,
        leverage: Leverage,
        read: AccountReported,
        risk: RiskSnapshot,
    ) -> DryRun:
        account, credit = read.account, self._custody.lent(read)
        market = self._custody.markets[command.symbol]
        ctx = self._custody.context(command.symbol)
        side = command.side or strategy.bias or Side.LONG
        detector = detector_for(strategy, side)
        signal = DetectorSignal(side=side, entry_ref=ctx.price) if ctx.price else None
        proposal, denials = None, arm_gates(risk)
        if signal is not None:
            proposal = propose(
                signal=signal,
                chart=Chart(candles=market.candles, forming=market.forming(ctx.now_ns)),
                strategy=strategy,
                leverage=leverage,
                capital=self.capital(command.capital),
                account=account,
                ctx=ctx,
                credit=credit,
            )
            denials = entry_gates(self.with_signal(risk, signal, ctx), proposal.plan)
        return DryRun(
            side=side,
            strategy=strategy,
            leverage=leverage,
            symbol=command.symbol,
            proposal=proposal,
            denials=denials,
            risk=risk,
            account=account,
            price=ctx.price,
            price_age_ns=None if ctx.price_ns is None else ctx.now_ns - ctx.price_ns,
            waiting_for=detector.waiting_for(market.candles),
        )

    # --- disarm and panic ------------------------------------------------------------------------

    def _disarm(self, command: Disarm, answer: Future[Any]) -> None:
        view = self._find(command.position)
        outcome = "cancelled"
        match view.state:
            case PositionState.ARMED:
                self._end(view, "disarmed_by_user", command.actor)
            case PositionState.CANCELLED:
                outcome = "noop"
            case PositionState.ENTERING if command.force:
                event = e.CancelRequested(
                    position=view.id, at_ns=self._custody.now(), actor=command.actor
                )
                self._custody.carry_out(view, Decision(events=(event,)))
                outcome = "cancel_requested"
            case _:
                symbol = view.scope.symbol
                raise Refused(
                    "INVALID_STATE_TRANSITION",
                    f"cannot disarm {view.id}: position is {view.state.value}; to leave it:"
                    f" robson panic --symbol {symbol}",
                    (("state", view.state.value),),
                )
        after = self._custody.roster.view(view.id)
        answer.set_result(Disarmed(position=after, outcome=outcome))

    def _panic(self, command: Panic, answer: Future[Any]) -> None:
        views = (
            self._custody.roster.live()
            if command.position is None
            else [self._find(command.position)]
        )
        for view in views:
            if _has_no_way_out(view) and command.position is not None:
                raise Refused(
                    "INVALID_STATE_TRANSITION",
                    f"cannot panic {view.id}: nothing is known to have filled, so there is nothing"
                    f" to sell; robson admin resolve --position-id {view.id} --as cancelled",
                    (("state", view.state.value),),
                )
        out = [view for view in views if not _has_no_way_out(view)]
        actions = tuple((view.id, self._out(view, command)) for view in out)
        answer.set_result(Panicked(actions=actions, started_ns=self._custody.now()))

    def _out(self, view: PositionView, command: Panic) -> str:
        pursuit = self._custody.pursuit(view.id)
        ctx = self._custody.context(str(view.scope.symbol), pursuit)
        match view.state:
            case PositionState.ARMED:
                self._end(view, "panic_before_entry", command.actor)
                return "cancel"
            case PositionState.ENTERING:
                event = e.PanicRequested(
                    position=view.id, at_ns=ctx.now_ns, actor=command.actor, reason=command.reason
                )
                self._custody.carry_out(view, Decision(events=(event,)))
                return "exit_on_fill"
            case PositionState.ACTIVE | PositionState.ERROR if pursuit.trigger is None:
                # Unlike a price's trigger this is written down before anything leaves: a person is
                # answered, and no price would bring it back after a crash.
                out = leave(view, ctx, command.reason, command.actor)
                self._custody.carry_out(view, Decision(events=(out,), intents=release(view)))
                return "exit"
            case _:
                return "already_exiting"

    def _end(self, view: PositionView, reason: str, actor: str) -> None:
        pursuit = self._custody.pursuit(view.id)
        pursuit.detector = pursuit.signal = None
        pursuit.generation += 1
        event = e.PositionCancelled(
            position=view.id, at_ns=self._custody.now(), reason=reason, actor=actor
        )
        self._custody.carry_out(view, Decision(events=(event,)))

    def _find(self, position: PositionId) -> PositionView:
        found = self._custody.roster.views.get(position)
        if found is None:
            raise Refused("POSITION_NOT_FOUND", f"there is no position {position}")
        return found

    # --- signals ---------------------------------------------------------------------------------

    def seen(self, view: PositionView, signal: DetectorSignal) -> PendingSignal:
        """A signal with its id, and with what is seen at this instant and not later."""
        now = self._custody.now()
        market = self._custody.markets[str(view.scope.symbol)]
        generation = self._custody.pursuit(view.id).generation
        return PendingSignal(signal, self.new_id(), now, generation, forming=market.forming(now))

    def admit(self, view: PositionView, pursuit: Pursuit, read: AccountReported) -> None:
        """Run every gate on one snapshot and enter, or say why not."""
        pending = pursuit.signal
        assert pending is not None
        pursuit.signal = None
        if pending.generation != pursuit.generation:
            return  # a detector has said it that is not there any more
        symbol = str(view.scope.symbol)
        ctx = self._custody.context(symbol, pursuit)
        account, credit = read.account, self._custody.lent(read)
        risk = self.risk(
            account,
            leverage=view.leverage,
            credit=credit,
            side=pending.signal.side,
            besides=view.id,
        )
        ttl_ns = ctx.settings.signal_ttl_s * NS_PER_S
        risk = attrs.evolve(risk, valid_until_ns=ExchangeNs(pending.observed_ns + ttl_ns))
        self._custody.carry_out(
            view,
            admit(
                view,
                signal=pending.signal,
                signal_id=pending.signal_id,
                observed_ns=pending.observed_ns,
                chart=Chart(
                    candles=self._custody.markets[symbol].candles,
                    forming=pending.forming,
                    supplied=pending.supplied,
                ),
                capital=self.capital(view.capital),
                account=account,
                risk=self.with_signal(risk, pending.signal, ctx),
                ctx=ctx,
                credit=credit,
            ),
        )

    def with_signal(self, risk: RiskSnapshot, signal: DetectorSignal, ctx: Context) -> RiskSnapshot:
        """The snapshot with the price and the signal it is judged for."""
        return attrs.evolve(
            risk,
            live_price=ctx.price,
            price_age_s=price_age_s(ctx),
            entry_ref=signal.entry_ref,
            now_ns=ctx.now_ns,
            max_drift_pct=ctx.settings.max_drift_pct,
        )

    def capital(self, asked: Decimal | None) -> Decimal:
        """Capital a trade is sized from: the account's, or less where a person asked for less."""
        base = self._custody.roster.standing.capital_base
        return base if asked is None else min(asked, base)

    def risk(
        self,
        account: AccountSnapshot,
        *,
        leverage: Leverage,
        credit: Credit,
        side: Side | None,
        besides: PositionId | None = None,
    ) -> RiskSnapshot:
        """One snapshot for every gate, of one pair."""
        custody, symbol = self._custody, str(account.scope.symbol)
        instrument = custody.markets[symbol].instrument
        others = [view for view in custody.roster.live() if view.id != besides]
        most, smallest = carried(account, credit, side, instrument)
        return attrs.evolve(
            custody.risk(others),
            frozen=_frozen(custody, others, symbol),
            duplicate=any(view.scope == account.scope for view in others),
            wallet=wallet_of(account, instrument, side),
            leverage=leverage,
            pair_leverage=instrument.max_leverage,
            carried=most,
            smallest=smallest,
            stop_order=not custody.settings.insurance.enabled
            or instrument.stop_order_type() is not None,
        )


def _frozen(custody: Custody, others: list[PositionView], symbol: str) -> str | None:
    """Why a symbol takes no entry: its scope, the account's, a position that needs a person, or
    that nobody has looked yet at what the exchange has of it.
    """
    if symbol in custody.unreconciled:
        return f"{symbol}: not compared with the exchange yet; it is asked again by itself"
    left_s = -(-custody.patience.left_ns(custody.now()) // NS_PER_S)
    if left_s:
        return f"the exchange asked for no more requests for {left_s} s"
    scope = custody.roster.standing.frozen_for(symbol)
    if scope is not None:
        return f"{scope.scope}: {scope.reason}"
    errors = (view.error for view in others if str(view.scope.symbol) == symbol)
    return next((f"{symbol}: {error.message}" for error in errors if error is not None), None)


def _denied(denials: tuple[Denial, ...]) -> Refused:
    if any(denial.code == "duplicate_position" for denial in denials):
        # What the pair holds then is that position's, and no news of its own.
        denials = tuple(denial for denial in denials if denial.code != "wallet_not_clean")
    numbers = tuple(
        pair
        for denial in denials
        for pair in ((denial.code, denial.value), (f"{denial.code}_limit", denial.limit))
    )
    first = denials[0]
    code = "DUPLICATE_POSITION" if first.code == "duplicate_position" else first.code
    return Refused(code, "; ".join(denial.message for denial in denials), numbers)


def _fail(answer: Future[Any], error: Exception) -> None:
    if isinstance(error, InvalidValue):
        error = Refused("INVALID_ARGUMENT", str(error))
    answer.set_exception(error)


def _has_no_way_out(view: PositionView) -> bool:
    """Whether a person has to say first what became of an entry of which no fill is known."""
    return view.state is PositionState.ERROR and view.entry is None
